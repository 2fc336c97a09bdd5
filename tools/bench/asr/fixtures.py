"""The recordings that are measured, with their transcripts and languages."""

from __future__ import annotations

import os
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
