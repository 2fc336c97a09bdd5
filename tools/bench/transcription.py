#!/usr/bin/env python3
"""Measures Earshot's transcription beside faster-whisper's, with the same weights on the same files.

Run it with "make bench-transcription". It needs Python 3.11 and ffmpeg; what else it needs it installs into build/bench.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from asr import environment  # noqa: E402  the folder beside this file must be on the path first


def main() -> int:
    """Goes into the benchmark's own Python environment, made if it is absent, and measures."""
    try:
        environment.VENV.enter()
        from asr import cli  # its imports exist only inside the environment

        return cli.main(sys.argv[1:])
    except environment.BenchError as err:
        print(f"bench: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
