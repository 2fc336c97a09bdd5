"""The child that answers for a peer: orders on standard input, answers on standard output, JSON lines as in archive/serve.go.

Usage: peer.py fts5|tantivy FILE FOLDER. FILE holds the passages, FOLDER gets the index.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fts import fts5, tantivy_index

ENGINES = {"fts5": fts5.Fts5, "tantivy": tantivy_index.Tantivy}


def answer(engine: Any, path: Path, order: dict[str, Any]) -> dict[str, Any]:
    """Does what one order says. Only the engine's own work is timed."""
    began = time.perf_counter()
    if order["op"] == "build":
        engine.build(path)
        return {"seconds": time.perf_counter() - began, "bytes": engine.bytes()}
    episodes, times = engine.search(order["kind"], order["text"])
    return {"ms": (time.perf_counter() - began) * 1000, "episodes": episodes, "times": times}


def main(name: str, path: str, folder: str) -> None:
    """Answers until there are no more orders."""
    engine = ENGINES[name](Path(folder))
    for line in sys.stdin:
        print(json.dumps(answer(engine, Path(path), json.loads(line))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
