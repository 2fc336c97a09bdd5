"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from . import environment, wer
from .engines import Earshot, Peer
from .environment import BenchError

SECTIONS = {"wer": wer.run}
ENGINES = ("earshot", "fw-seq", "fw-batch")


def main(arguments: list[str]) -> int:
    """Measures what was asked for and prints it."""
    options = _parser().parse_args(arguments)
    environment.BUILD.mkdir(parents=True, exist_ok=True)
    engines = _engines(options)
    for name in options.only.split(","):
        if name not in SECTIONS:
            raise BenchError(f"there is no section {name}: choose from {', '.join(SECTIONS)}")
        print(f"\n### {name}\n\n" + "\n".join(SECTIONS[name](engines, options.verbose)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="transcription.py", description="Measures Earshot's transcription beside faster-whisper's.")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"sections, with commas (default: {','.join(SECTIONS)})")
    parser.add_argument("--engines", default=",".join(ENGINES), help=f"engines, with commas (default: {','.join(ENGINES)})")
    parser.add_argument(
        "--earshot",
        action="append",
        metavar="[NAME=]COMMAND",
        help='the program, for example build/earshot or "new=build/earshot --decoders 1"; may be given more than once',
    )
    parser.add_argument("--models", type=Path, default=environment.ROOT / "build" / "models", help="folder of Earshot's weights")
    parser.add_argument("--model", default="base-q8_0", help="Earshot's weights (default: base-q8_0)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of the peers (default: the cores)")
    parser.add_argument("--verbose", action="store_true", help="a row for each file too")
    return parser


def _engines(options: argparse.Namespace) -> list[Earshot | Peer]:
    engines: list[Earshot | Peer] = []
    for name in options.engines.split(","):
        match name:
            case "earshot":
                for i, command in enumerate(options.earshot or [str(environment.ROOT / "build" / "earshot")]):
                    label, equals, rest = command.partition("=")
                    named = bool(equals) and "/" not in label and " " not in label
                    default = "earshot" if i == 0 else f"earshot-{i + 1}"
                    engines.append(Earshot(label if named else default, rest if named else command, options.models, options.model))
            case "fw-seq" | "fw-batch":
                engines.append(Peer(name, name.removeprefix("fw-"), options.threads))
            case _:
                raise BenchError(f"there is no engine {name}: choose from {', '.join(ENGINES)}")
    return engines
