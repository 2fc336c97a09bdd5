"""The benchmarks' places in docs/benchmarks.md: a part for each section, replaced when the section is measured again."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from .environment import ROOT

DOCUMENT = ROOT / "docs" / "benchmarks.md"


def write(target: str, name: str, lines: list[str], document: Path = DOCUMENT) -> None:
    """Puts a section of a make target into the document in place of its last measurement, or at the end when there was none."""
    begin, end = f"<!-- make {target}: {name} -->", f"<!-- end: {name} -->"
    text = "\n".join([begin, *lines, end])
    old = document.read_text(encoding="utf-8") if document.exists() else "# Benchmarks\n"
    between = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    new = between.sub(lambda _: text, old) if between.search(old) else f"{old.rstrip()}\n\n{text}\n"
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(new, encoding="utf-8")


def measured(versions: str) -> str:
    """A line that says when, on what and with which versions."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return f"_{today}, {processor()}, {os.cpu_count()} cores, {platform.system()}. {versions}._"


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
