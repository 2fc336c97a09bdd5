"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import os
import unittest
from pathlib import Path
from types import ModuleType

from . import environment, names, podcast, report, silence, timing, wer, words
from .engines import Earshot, Engine, Peer
from .environment import BenchError

# In this order: what takes the processor's time comes last.
SECTIONS: dict[str, ModuleType] = {"wer": wer, "podcast": podcast, "words": words, "silence": silence, "names": names, "time": timing}
ENGINES = ("earshot", "fw-seq", "fw-batch")


def main(arguments: list[str]) -> int:
    """Measures what was asked for, prints it and, if asked to, writes it into the document."""
    options = _parser().parse_args(arguments)
    if options.self_test:
        suite = unittest.defaultTestLoader.discover(str(environment.TOOL / "tests"), "test_asr.py")
        return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
    chosen = _known("section", options.only, tuple(SECTIONS))
    environment.BUILD.mkdir(parents=True, exist_ok=True)
    engines = _engines(options)
    for name in chosen:
        section = SECTIONS[name]
        lines = report.part(section, section.run(engines, options.verbose, options.quick))
        print("\n" + "\n".join(lines), flush=True)
        if options.write:
            report.write(name, lines, engines)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="transcription.py", description="Measures Earshot's transcription beside faster-whisper's.")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"sections, with commas (default: {','.join(SECTIONS)})")
    parser.add_argument("--engines", default=",".join(ENGINES), help=f"engines, with commas (default: {','.join(ENGINES)})")
    parser.add_argument(
        "--earshot",
        action="append",
        metavar="[NAME=]COMMAND",
        help='the program, for example build/earshot or "one=build/earshot --decoders 1"; several are measured beside each other',
    )
    parser.add_argument("--models", type=Path, default=environment.ROOT / "build" / "models", help="folder of Earshot's weights")
    parser.add_argument("--model", default="base-q8_0", help="Earshot's weights (default: base-q8_0)")
    parser.add_argument("--threads", type=int, default=cores(), help="of the peers (default: the cores)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter recordings, times measured once")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    parser.add_argument("--self-test", action="store_true", help="run the benchmark's own tests and end")
    parser.add_argument("--verbose", action="store_true", help="a row for each file, and what was heard")
    return parser


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _known(what: str, given: str, known: tuple[str, ...]) -> list[str]:
    """The names in a list with commas. Raises BenchError for one that is not known."""
    names = given.split(",")
    for name in names:
        if name not in known:
            raise BenchError(f"there is no {what} {name!r}: choose from {', '.join(known)}")
    return names


def _engines(options: argparse.Namespace) -> list[Engine]:
    engines: list[Engine] = []
    for name in _known("engine", options.engines, ENGINES):
        if name == "earshot":
            commands = options.earshot or [str(environment.ROOT / "build" / "earshot")]
            engines += [_earshot(i, command, options) for i, command in enumerate(commands)]
        else:
            engines.append(Peer(name, name.removeprefix("fw-"), options.threads))
    return engines


def _earshot(place: int, given: str, options: argparse.Namespace) -> Earshot:
    """An Earshot named as the option says, or by its place."""
    name, equals, command = given.partition("=")
    if not equals or "/" in name or " " in name:
        name, command = "earshot" if place == 0 else f"earshot-{place + 1}", given
    return Earshot(name, command, options.models, options.model)
