"""Audio that the benchmark makes: silence, noise, tones, music, speech with long gaps, spoken names.

Everything is the same on every run, so that what the peers said about it stays in the cache. Sounds are 16 kHz mono.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import environment
from .environment import BenchError

RATE = 16_000
Sound = NDArray[np.float64]


def made() -> dict[str, Path]:
    """The sounds without a word in them, by name; each is made when it is absent."""
    recipes: dict[str, Callable[[], Sound]] = {
        "silence, 60 s": lambda: np.zeros(60 * RATE),
        "room at -60 dB, 60 s": lambda: pink(60, -60),
        "white noise, 60 s": lambda: white(60, -30),
        "pink noise, 60 s": lambda: pink(60, -26),
        "mains hum, 60 s": _hum,
        "tone and sweep, 60 s": _tones,
        "busy signal and dialling, 30 s": _telephone,
        "music, 90 s": music,
        "applause, 30 s": _applause,
    }
    return {name: _wav(name, recipe) for name, recipe in recipes.items()}


def gaps(speech: Path) -> dict[str, Path]:
    """Speech, ten minutes of something else, the same speech again; by what is in between."""
    fillers: dict[str, Callable[[], Sound]] = {
        "10 min of silence between speech": lambda: np.zeros(600 * RATE),
        "10 min of a quiet room between speech": lambda: pink(600, -60),
        "90 s of music between speech": music,
    }

    def around(filler: Callable[[], Sound]) -> Callable[[], Sound]:
        return lambda: np.concatenate([decode(speech), filler(), decode(speech)])

    return {name: _wav(name, around(filler)) for name, filler in fillers.items()}


def decode(path: Path) -> Sound:
    """A recording's samples, by ffmpeg. Raises BenchError when it cannot be read."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise BenchError(f"ffmpeg cannot read {path.name}: {done.stderr.decode(errors='replace').strip()}")
    return np.frombuffer(done.stdout, np.int16).astype(np.float64) / 32768


def concatenated(paths: list[Path], seconds: int) -> Path:
    """The recordings one after the other, again and again until the seconds are reached, as one file."""
    about = hashlib.sha256("\0".join(p.name for p in paths).encode()).hexdigest()[:8]

    def recipe() -> Sound:
        pause = np.zeros(RATE // 2)
        once = np.concatenate([part for p in paths for part in (decode(p), pause)])
        return np.tile(once, int(np.ceil(seconds * RATE / len(once))))

    return _wav(f"{seconds} s of speech {about}", recipe)


def spoken(text: str, voice: str) -> Path:
    """The text in a voice of espeak-ng. Raises BenchError when there is no espeak-ng."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise BenchError("espeak-ng is absent (Debian and Ubuntu: sudo apt-get install espeak-ng; macOS: brew install espeak-ng)")
    digest = hashlib.sha256(f"{voice}\0{text}".encode()).hexdigest()[:12]
    path = _folder() / f"spoken-{voice.replace('+', '-')}-{digest}.wav"
    if not path.exists():
        part = path.with_suffix(".part")
        subprocess.run([program, "-v", voice, "-s", "150", "-w", str(part), text], check=True)
        part.replace(path)
    return path


def white(seconds: int, level: float) -> Sound:
    """White noise at a level in dB of full scale."""
    return _level(np.random.default_rng(1).standard_normal(seconds * RATE), level)


def pink(seconds: int, level: float) -> Sound:
    """Noise whose power falls with frequency, as that of rooms and streets does."""
    spectrum = np.fft.rfft(np.random.default_rng(2).standard_normal(seconds * RATE))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    return _level(np.fft.irfft(spectrum, seconds * RATE), level)


def music() -> Sound:
    """90 s of chords with overtones, a bass, a melody and a beat of noise."""
    rng = np.random.default_rng(3)
    beat = RATE // 2
    t = np.arange(beat) / RATE
    out = []
    for i in range(180):
        root = (0, 0, 0, 0, 5, 5, 7, 7)[i // 4 % 8]
        chord = sum(_note(220 * 2 ** ((root + step) / 12), t, 2.0) for step in (0, 4, 7))
        bass = _note(55 * 2 ** (root / 12), t, 4.0)
        tune = _note(440 * 2 ** ((root + int(rng.choice([0, 2, 4, 7, 9, 12]))) / 12), t, 3.0)
        drum = rng.standard_normal(beat) * np.exp(-t * (60 if i % 2 else 25))
        out.append(0.5 * chord + 0.8 * bass + 0.7 * tune + 0.5 * drum)
    return _level(np.concatenate(out), -18)


def _note(frequency: float, t: Sound, decay: float) -> Sound:
    tone = sum(np.sin(2 * np.pi * frequency * k * t) / k for k in range(1, 6))
    return np.asarray(tone * np.exp(-decay * t) * np.minimum(1, t * 100))


def _hum() -> Sound:
    t = np.arange(60 * RATE) / RATE
    return _level(np.asarray(sum(np.sin(2 * np.pi * 50 * k * t) / k for k in (1, 2, 3, 5))), -30) + white(60, -60)


def _tones() -> Sound:
    t = np.arange(30 * RATE) / RATE
    sweep = np.sin(2 * np.pi * 100 * 30 / np.log(40) * (40 ** (t / 30) - 1))
    return _level(np.concatenate([np.sin(2 * np.pi * 440 * t), sweep]), -20)


def _telephone() -> Sound:
    t = np.arange(RATE // 2) / RATE
    busy = np.concatenate([np.sin(2 * np.pi * 425 * t), np.zeros(RATE // 2)])
    keys = [(697, 1209), (770, 1336), (852, 1477), (941, 1336), (697, 1477)]
    dial = [np.concatenate([np.sin(2 * np.pi * a * t) + np.sin(2 * np.pi * b * t), np.zeros(RATE // 10)]) for a, b in keys]
    return _level(np.concatenate([np.tile(busy, 15), *dial * 5]), -20)


def _applause() -> Sound:
    rng = np.random.default_rng(4)
    out = np.zeros(30 * RATE)
    clap = np.exp(-np.arange(400) / 60)
    for start in rng.integers(0, len(out) - 400, 9000):
        out[start : start + 400] += rng.standard_normal(400) * clap * rng.uniform(0.2, 1)
    return _level(out, -22)


def _level(sound: Sound, level: float) -> Sound:
    return np.asarray(sound / np.sqrt(np.mean(sound**2)) * 10 ** (level / 20))


def _folder() -> Path:
    folder = environment.BUILD / "audio"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _wav(name: str, recipe: Callable[[], Sound]) -> Path:
    """The file of a sound; made when it is absent."""
    path = _folder() / ("".join(c if c.isalnum() else "-" for c in name) + ".wav")
    if not path.exists():
        part = path.with_suffix(".part")
        with wave.open(str(part), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes((np.clip(recipe(), -1, 1) * 32767).astype(np.int16).tobytes())
        part.replace(path)
    return path
