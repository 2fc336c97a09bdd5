"""Wall time, processor time and peak memory, model loading included for every engine.

Each measurement starts the whole program, reads one long recording and ends. Engines take turns (A B C A B C), so that a
slower minute of the machine meets all of them; medians are compared. Memory is the proportional set size of the program and
all its children, summed and sampled five times a second: pages that are shared count once.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from common.tables import ratio, table

from . import environment, fixtures, sounds
from .engines import Engine, Request

TITLE = "Time and memory"
NOTE = (
    "Medians, from the start of the program to its end: starting and loading the model are included for all, and the peers also have a "
    "column without them. All cores for everyone. Earshot yields word times in these runs; the peers, at their defaults, do not. "
    "Memory is the proportional set size of the whole process tree."
)
SAMPLE_SECONDS = 0.2
BUSY = 0.05  # share of the processors that others may take without a warning
LONG_SECONDS = 600


@dataclass(frozen=True)
class Usage:
    """What one run took: seconds of wall and processor time, seconds until the model was loaded (0: unknown), MiB at the peak."""

    wall: float
    cpu: float
    loading: float
    peak: float


def run(engines: list[Engine], verbose: bool, quick: bool) -> list[str]:
    """Measures every engine on every recording and returns the tables' lines."""
    repeats = 1 if quick else 3
    files = _files(quick)
    for engine in engines:  # weights into the page cache, and what a program works out at its first start
        measure(engine, fixtures.speech()[0].path)
    runs: dict[tuple[str, str], list[Usage]] = {(f, e.name): [] for f in files for e in engines}
    began, before, itself = time.monotonic(), psutil.cpu_times(), time.process_time()
    for _ in range(repeats):
        for name, path in files.items():
            for engine in engines:
                runs[name, engine.name].append(measure(engine, path))
                if verbose:
                    print(f"bench: {name}, {engine.name}: {runs[name, engine.name][-1]}", file=sys.stderr)
    own = sum(u.cpu for each in runs.values() for u in each) + time.process_time() - itself
    others = max(0.0, _taken(before, psutil.cpu_times()) - own) / (time.monotonic() - began) / (os.cpu_count() or 1)
    _dump(runs)
    lines = _table(list(files), [e.name for e in engines], runs)
    told = f"Others took {others:.0%} of the processors meanwhile."
    return [*lines, "", told if others < BUSY else f"**{told} These times mean little.**"]


def _taken(before: tuple, after: tuple) -> float:
    """Seconds of all processors together in which they were not idle, those that a host gave to other machines included."""
    return sum(getattr(after, name) - getattr(before, name) for name in ("user", "nice", "system", "irq", "softirq", "steal") if hasattr(after, name))


def _files(quick: bool) -> dict[str, Path]:
    english = [r.path for r in fixtures.speech() if r.language == "en"]
    podcast = next((e for e in fixtures.episodes(quick=False) if e.path.stem == "p02_e01"), None)
    files = {"speech": sounds.concatenated(english, LONG_SECONDS)}
    if podcast and not quick:
        files["podcast"] = podcast.path
    return files


def measure(engine: Engine, path: Path) -> Usage:
    """One run of an engine on a recording. Raises BenchError when it fails."""
    with tempfile.TemporaryDirectory(dir=environment.BUILD) as name:
        folder = Path(name)
        argv, stdin = engine.once(Request(path, "en"), folder / "out")
        (folder / "stdin").write_text(stdin, encoding="utf-8")
        with (folder / "stdin").open() as given, (folder / "stdout").open("w") as said, (folder / "stderr").open("w") as told:
            start = time.monotonic()
            child = subprocess.Popen(argv, stdin=given, stdout=said, stderr=told, env=engine.environment())
            watch = _Watch(child.pid, folder / "stdout", start)
            watch.start()
            _, status, rusage = os.wait4(child.pid, 0)
            wall = time.monotonic() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            watch.stop()
        engine.check(child.returncode, folder)
    return Usage(wall, rusage.ru_utime + rusage.ru_stime, watch.loading, watch.peak)


class _Watch(threading.Thread):
    """Samples the memory of a process and its descendants, and when it wrote its first line, until it is stopped."""

    def __init__(self, pid: int, output: Path, start: float) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self.loading = 0.0
        self._pid = pid
        self._output = output
        self._start = start
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ends the sampling."""
        self._stopped.set()
        self.join()

    def run(self) -> None:
        """Samples until stop."""
        while not self._stopped.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, _memory(self._pid))
            if not self.loading and self._output.stat().st_size:
                self.loading = time.monotonic() - self._start


def _memory(pid: int) -> float:
    """MiB of a process and its descendants; those that end meanwhile count 0."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for process in family:
        try:
            info = process.memory_full_info()
        except (psutil.Error, OSError):
            continue
        total += getattr(info, "pss", 0) or info.uss  # macOS has no proportional size
    return total / 2**20


def _table(files: list[str], names: list[str], runs: dict[tuple[str, str], list[Usage]]) -> list[str]:
    head = ["recording", "engine", "wall, s", "from – to", "without loading, s", "processor, s", "peak, MiB"]
    rows = []
    ratios = []
    for file in files:
        middle = {name: _median(runs[file, name]) for name in names}
        for name in names:
            m, walls = middle[name], [u.wall for u in runs[file, name]]
            without = f"{m.wall - m.loading:.1f}" if m.loading else "–"
            rows.append([file, name, f"{m.wall:.1f}", f"{min(walls):.1f} – {max(walls):.1f}", without, f"{m.cpu:.1f}", f"{m.peak:.0f}"])
        ratios += _ratios(file, middle)
    lines = table(head, rows)
    if ratios:
        lines += ["", *table(["ratio", "recording", "wall", "wall, peer without loading", "processor", "memory"], ratios)]
    return lines


def _ratios(file: str, middle: dict[str, Usage]) -> list[list[str]]:
    """Each Earshot divided by each peer."""
    rows = []
    for name, m in middle.items():
        for peer, p in middle.items():
            if p.loading and not m.loading:
                figures = [(m.wall, p.wall), (m.wall, p.wall - p.loading), (m.cpu, p.cpu), (m.peak, p.peak)]
                rows.append([f"{name} ÷ {peer}", file, *(ratio(a, b) for a, b in figures)])
    return rows


def _median(runs: list[Usage]) -> Usage:
    """The median of each figure."""
    values = [asdict(u) for u in runs]
    return Usage(**{key: statistics.median(v[key] for v in values) for key in values[0]})


def _dump(runs: dict[tuple[str, str], list[Usage]]) -> None:
    out = environment.BUILD / "out"
    out.mkdir(parents=True, exist_ok=True)
    data = [{"recording": f, "engine": e, **asdict(u)} for (f, e), usages in runs.items() for u in usages]
    (out / "time.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
