"""The figures' place in docs/benchmarks.md: a part for each section, replaced when the section is measured again."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from types import ModuleType

from . import environment
from .engines import Engine

DOCUMENT = environment.ROOT / "docs" / "benchmarks.md"


def part(section: ModuleType, lines: list[str]) -> list[str]:
    """What is printed, and written, of a section."""
    return [f"### {section.TITLE}", "", section.NOTE, "", *lines]


def write(name: str, lines: list[str], engines: list[Engine], document: Path = DOCUMENT) -> None:
    """Puts a section into the document in place of its last measurement, or at the end when there was none."""
    begin, end = f"<!-- make bench-transcription: {name} -->", f"<!-- end: {name} -->"
    text = "\n".join([begin, *lines, "", _measured(engines), end])
    old = document.read_text(encoding="utf-8") if document.exists() else "# Benchmarks\n"
    between = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    new = between.sub(lambda _: text, old) if between.search(old) else f"{old.rstrip()}\n\n{text}\n"
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(new, encoding="utf-8")


def _measured(engines: list[Engine]) -> str:
    """When, on what and with which versions."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    versions = ", ".join(f"{e.name} is {e.version()}" for e in engines)
    libraries = f"CTranslate2 {importlib.metadata.version('ctranslate2')}"
    return f"_{today}, {processor()}, {os.cpu_count()} cores, {platform.system()}. {versions}; {libraries}._"


def processor() -> str:
    """The processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    if platform.system() == "Darwin":
        done = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False)
        if done.stdout.strip():
            return done.stdout.strip()
    return platform.processor() or platform.machine()
