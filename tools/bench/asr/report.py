"""The figures' place in docs/benchmarks.md: a part for each section, replaced when the section is measured again."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from types import ModuleType

from common import document as documents

from .engines import Engine


def part(section: ModuleType, lines: list[str]) -> list[str]:
    """What is printed, and written, of a section."""
    return [f"### {section.TITLE}", "", section.NOTE, "", *lines]


def write(name: str, lines: list[str], engines: list[Engine], document: Path = documents.DOCUMENT) -> None:
    """Puts a section into the document in place of its last measurement, or at the end when there was none."""
    versions = ", ".join(f"{e.name} is {e.version()}" for e in engines)
    measured = documents.measured(f"{versions}; CTranslate2 {importlib.metadata.version('ctranslate2')}")
    documents.write("bench-transcription", name, [*lines, "", measured], document)
