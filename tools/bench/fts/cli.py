"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import os
import unittest

from common import document
from common.environment import BUILD, TOOL, BenchError

from . import fts5, measure, tantivy_index
from .sections import TITLES

ENGINES = ("earshot", "fts5", "tantivy", measure.SEGMENTS)
QUICK_HOURS = 50


def main(arguments: list[str]) -> int:
    """Measures what was asked for, prints it and, if asked to, writes it into the document."""
    options = _parser().parse_args(arguments)
    if options.self_test:
        suite = unittest.defaultTestLoader.discover(str(TOOL / "tests"), "test_fts.py")
        return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1
    sections = _known("section", options.only, tuple(TITLES))
    engines = _known("engine", options.engines, ENGINES)
    BUILD.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    hours = [QUICK_HOURS] if options.quick else [int(h) for h in options.hours.split(",")]
    measured = [measure.archive(h, engines, options.quick) for h in hours]
    busy = f"; the machine did other work as well (load {load:.0f} at the beginning): only ratios mean something" if load > 1 else ""
    versions = document.measured(f"fts5 is {fts5.version()}, {tantivy_index.version()}{busy}")
    for name in sections:
        title, note, lines_of = TITLES[name]
        lines = lines_of(measured)
        if lines:
            lines = ["\n".join([f"### {title}", "", *([note, ""] if note else []), *lines]).rstrip(), "", versions]
            print("\n" + "\n".join(lines), flush=True)
            if options.write:
                document.write("bench-search", name, lines)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="search.py", description="Measures Earshot's search beside SQLite FTS5 and tantivy.")
    parser.add_argument("--only", default=",".join(TITLES), help=f"sections, with commas (default: {','.join(TITLES)})")
    parser.add_argument("--engines", default=",".join(ENGINES), help=f"engines, with commas (default: {','.join(ENGINES)})")
    parser.add_argument("--hours", default="1000", help="hours of speech; several with commas, for example 1000,10000 (default: 1000)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_HOURS} hours and a quarter of the queries")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    parser.add_argument("--self-test", action="store_true", help="run the benchmark's own tests and end")
    return parser


def _known(what: str, given: str, known: tuple[str, ...]) -> list[str]:
    """The names in a list with commas. Raises BenchError for one that is not known."""
    names = given.split(",")
    for name in names:
        if name not in known:
            raise BenchError(f"there is no {what} {name!r}: choose from {', '.join(known)}")
    return names
