"""The engines, each a child of its own: orders in, answers out, JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from common.environment import TOOL, BenchError


class Engine:
    """A child that indexes and searches. Use it in a with statement: its end is the child's end."""

    def __init__(self, name: str, command: list[str]) -> None:
        """Starts the child."""
        self.name = name
        self._child = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Engine:
        """The engine itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Ends the child."""
        if self._child.stdin:
            self._child.stdin.close()
        if error:
            self._child.kill()
        self._child.wait()

    def ask(self, **order: Any) -> dict[str, Any]:
        """Gives an order and waits for the answer. Raises BenchError when the child has ended instead."""
        assert self._child.stdin
        assert self._child.stdout
        try:
            self._child.stdin.write(json.dumps(order) + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            pass
        line = self._child.stdout.readline()
        if not line:
            raise BenchError(f"{self.name} ended with status {self._child.wait()}: what it wrote is above")
        return dict(json.loads(line))

    def processor_s(self) -> float:
        """The time that the processor has spent on the child so far; NaN where the system does not tell."""
        try:
            fields = Path(f"/proc/{self._child.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return float("nan")

    def peak_mib(self) -> float:
        """The greatest resident memory so far, files that are mapped included; NaN where the system does not tell."""
        try:
            for line in Path(f"/proc/{self._child.pid}/status").read_text(encoding="utf-8").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        except OSError:
            pass
        return float("nan")


def earshot(program: Path, hours: int, folder: Path) -> Engine:
    """Earshot's search over an archive of so many hours."""
    return Engine("earshot", [str(program), "serve", "--hours", str(hours), "--index", str(folder / "earshot")])


def peer(name: str, passages: Path, folder: Path) -> Engine:
    """A peer over a file of passages: "fts5" or "tantivy"."""
    return Engine(name, [sys.executable, str(TOOL / "fts" / "peer.py"), name, str(passages), str(folder)])
