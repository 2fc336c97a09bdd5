"""The recordings that are measured, with their transcripts and languages."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from . import environment
from .environment import BenchError

# Recordings whose name does not end in _LANGUAGE and that are not English.
LANGUAGES = {"ej-fra": "fr"}


@dataclass(frozen=True)
class Recording:
    """A recording of known words."""

    path: Path
    language: str  # ISO 639-1
    text: str

    @property
    def name(self) -> str:
        """How the tables call it."""
        return self.path.name


def folder() -> Path:
    """Where the recordings lie: EARSHOT_FIXTURES, or shared beside the repository. Raises BenchError when they are absent."""
    path = Path(os.environ.get("EARSHOT_FIXTURES") or environment.ROOT.parent / "shared")
    if not (path / "audio" / "speech").is_dir():
        raise BenchError("the recordings are absent: EARSHOT_FIXTURES must name a folder with audio/speech and audio/podcast in it")
    return path


def speech() -> list[Recording]:
    """Every recording in audio/speech that has a transcript beside it; two codecs of one recording are two recordings."""
    recordings = []
    for path in sorted((folder() / "audio" / "speech").iterdir()):
        script = path.with_suffix(".txt")
        if path.suffix in (".txt", ".json") or not script.exists():
            continue
        recordings.append(Recording(path, _language(path.stem), script.read_text(encoding="utf-8")))
    return recordings


def _language(stem: str) -> str:
    if stem in LANGUAGES:
        return LANGUAGES[stem]
    tail = stem.rsplit("_", 1)[-1]
    return tail if stem.startswith("test_") and len(tail) == 2 else "en"


@dataclass(frozen=True)
class Turn:
    """What one speaker says until another one does; start in seconds."""

    start: float
    text: str


@dataclass(frozen=True)
class Episode(Recording):
    """An episode of the made podcast: its script and who speaks when."""

    turns: tuple[Turn, ...]
    guest: str
    host: str
    show: str


def episodes(quick: bool) -> list[Episode]:
    """The episodes; with quick the short ones. Raises BenchError when a script and its .rttm disagree."""
    paths = sorted((folder() / "audio" / "podcast").glob("*.mp3"))
    return [_episode(path) for path in paths if not quick or path.stat().st_size < 1_500_000]


def _episode(path: Path) -> Episode:
    script = path.with_suffix(".txt").read_text(encoding="utf-8")
    lines = re.findall(r"^([A-Z][\w .]*): (.+)$", script, re.MULTILINE)
    people = {who: text for who, text in lines if who in ("Host", "Guest")}
    turns: list[tuple[str, str]] = []
    for who, text in lines:
        if who in people:
            continue
        if turns and turns[-1][0] == who:
            turns[-1] = (who, f"{turns[-1][1]} {text}")
        else:
            turns.append((who, text))
    starts = [float(line.split()[3]) for line in path.with_suffix(".rttm").read_text(encoding="utf-8").splitlines() if line]
    if len(starts) != len(turns):
        raise BenchError(f"{path.stem}: the script has {len(turns)} turns and the .rttm {len(starts)}")
    show = re.search(r"^# (.+?) —", script, re.MULTILINE)
    return Episode(
        path,
        "en",
        " ".join(text for _, text in turns),
        tuple(Turn(start, text) for start, (_, text) in zip(starts, turns, strict=True)),
        people.get("Guest", ""),
        people.get("Host", ""),
        show.group(1) if show else "",
    )
