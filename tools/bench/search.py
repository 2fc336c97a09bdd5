#!/usr/bin/env python3
"""Measures Earshot's search beside SQLite FTS5 and tantivy, over the same made-up archive.

Run it with "make bench-search". It needs Go and Python 3.11; what else it needs it installs into build/bench.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from common.environment import BUILD, TOOL, BenchError, Environment  # noqa: E402  this folder must be on the path first


def main() -> int:
    """Goes into the benchmark's own Python environment, made if it is absent, and measures."""
    try:
        Environment(BUILD / "venv-search", TOOL / "requirements-search.txt", "SQLite and tantivy").enter()
        from fts import cli  # its imports exist only inside the environment

        return cli.main(sys.argv[1:])
    except BenchError as err:
        print(f"bench: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
