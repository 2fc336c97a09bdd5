"""What is asked of the engines, and what they answer."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.environment import BUILD, ROOT, BenchError

from . import engines
from .engines import Engine

ROUNDS = 3  # the first one warms up and is not counted
SEGMENTS = "fts5 by segment"


@dataclass
class Asked:
    """One query and what came of it, by engine."""

    kind: str
    text: str
    episodes: int
    times: int
    ms: dict[str, list[float]] = field(default_factory=dict)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Measured:
    """Everything that was measured over one archive."""

    hours: int
    words: int
    episodes: int
    queries: list[Asked]
    build: dict[str, dict[str, Any]] = field(default_factory=dict)  # by engine: seconds, bytes
    peak: dict[str, float] = field(default_factory=dict)  # by engine: MiB
    load: dict[str, Any] = field(default_factory=dict)


def program() -> Path:
    """Builds the Go program. Raises BenchError with the compiler's words."""
    out = BUILD / "archive"
    done = subprocess.run(["go", "build", "-o", str(out), "./tools/bench/archive"], cwd=ROOT, check=False)
    if done.returncode:
        raise BenchError("cannot build tools/bench/archive: what the compiler says is above")
    return out


def archive(hours: int, names: list[str], quick: bool) -> Measured:
    """Makes an archive up, lets the engines index it one after the other, and asks them in turns."""
    binary = program()
    folder = Path(tempfile.mkdtemp(dir=BUILD, prefix="search-"))
    try:
        return _measure(binary, folder, hours, names, quick)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(binary: Path, folder: Path, hours: int, names: list[str], quick: bool) -> Measured:
    files = {name: folder / name for name in ("passages", "segments", "queries")}
    options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    done = subprocess.run([str(binary), "corpus", "--hours", str(hours), *options], check=False)
    if done.returncode:
        raise BenchError("cannot make the archive up: why is above")
    drawn = json.loads(files["queries"].read_text(encoding="utf-8"))
    queries = [
        Asked(kind, q["text"], q["episodes"], q["times"])
        for kind, list_ in drawn["queries"].items()
        for q in list_[: 10 if quick else None]
    ]
    result = Measured(hours, drawn["words"], drawn["episodes"], queries)
    with ExitStack() as stack:
        running = [stack.enter_context(e) for e in _start(binary, folder, files, hours, names)]
        for e in running:
            before = e.processor_s()
            result.build[e.name] = e.ask(op="build")
            result.build[e.name]["processor"] = e.processor_s() - before
            result.peak[e.name] = e.peak_mib()
        _ask(running, queries)
        for e in running:
            if e.name == "earshot":
                result.build[e.name].update(e.ask(op="size"))
                texts = [expression(q) for q in queries if q.kind != "most common"]
                result.load = e.ask(op="load", clients=8, seconds=3 if quick else 20, texts=texts)
    return result


def _start(binary: Path, folder: Path, files: dict[str, Path], hours: int, names: list[str]) -> list[Engine]:
    out = []
    for name in names:
        own = folder / name.replace(" ", "-")
        own.mkdir()
        if name == "earshot":
            out.append(engines.earshot(binary, hours, own))
        elif name == SEGMENTS:
            e = engines.peer("fts5", files["segments"], own)
            e.name = SEGMENTS
            out.append(e)
        else:
            out.append(engines.peer(name, files["passages"], own))
    return out


def _ask(running: list[Engine], queries: list[Asked]) -> None:
    """Asks every engine every query, turn by turn, so that a slower minute of the machine meets all of them."""
    for n in range(ROUNDS):
        for i, q in enumerate(queries):
            for e in running[i % len(running) :] + running[: i % len(running)]:
                if e.name == SEGMENTS and not q.kind.startswith("phrase"):
                    continue
                found = e.ask(op="search", kind=q.kind, text=expression(q) if e.name == "earshot" else q.text)
                q.found[e.name] = found
                if n:
                    q.ms.setdefault(e.name, []).append(found["ms"])


def expression(q: Asked) -> str:
    """The query in Earshot's language."""
    if q.kind.startswith("phrase"):
        return f'"{q.text}"'
    return q.text + "*" if q.kind == "prefix" else q.text
