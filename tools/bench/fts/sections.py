"""The tables of the report."""

from __future__ import annotations

import math
from collections.abc import Callable

from common.tables import median, percentile, ratio, table

from .measure import SEGMENTS, Asked, Measured

PEERS = ("fts5", "tantivy")
PHRASES = ("phrase", "phrase over segments")
KINDS = ("common", "medium", "rare", "and", "prefix", *PHRASES, "most common")


def latency(all_: list[Measured]) -> list[str]:
    """Median and 99th percentile by kind of query."""
    lines: list[str] = []
    for m in all_:
        rows = []
        for kind in KINDS:
            times = {e: [t for q in m.queries if q.kind == kind for t in q.ms.get(e, [])] for e in ("earshot", *PEERS)}
            mid, far = ({e: f(list_) for e, list_ in times.items()} for f in (median, _p99))
            rows.append(
                [
                    kind,
                    *(f"{mid[e]:.2f} / {far[e]:.2f}" if times[e] else "–" for e in times),
                    *(f"{_ratio(mid['earshot'], mid[p])} / {_ratio(far['earshot'], far[p])}" for p in PEERS),
                ]
            )
        lines += _titled(m, table(["p50 / p99, ms", "earshot", *PEERS, "÷ fts5", "÷ tantivy"], rows))
    return lines


def phrases(all_: list[Measured]) -> list[str]:
    """How many of the episodes that say a phrase are found."""
    lines: list[str] = []
    for m in all_:
        rows = []
        for kind in PHRASES:
            queries = [q for q in m.queries if q.kind == kind]
            cells = [_found(queries, e) for e in ("earshot", *PEERS, SEGMENTS)]
            rows.append([kind, str(len(queries)), str(sum(q.episodes for q in queries)), *cells])
        lines += _titled(m, table(["", "queries", "episodes that say it", "earshot", *PEERS, SEGMENTS], rows))
    return lines


def size(all_: list[Measured]) -> list[str]:
    """Disk, time to build, memory."""
    lines: list[str] = []
    for m in all_:
        names = [e for e in ("earshot", *PEERS) if e in m.build]
        total = {e: sum(m.build[e]["bytes"].values()) for e in names}
        bare = {e: total[e] - m.build[e]["bytes"].get("text", 0) for e in names}
        own = m.build.get("earshot", {"bytes": {}})["bytes"]
        rows: list[list[str]] = [
            _row("on disk, bytes a word", names, lambda e: total[e] / m.words),  # noqa: B023  used within this turn of the loop
            _row("without copies of the text", names, lambda e: bare[e] / m.words),  # noqa: B023
            _row("built in, s", names, lambda e: m.build[e]["seconds"]),  # noqa: B023
            _row("processor time for it, s", names, lambda e: m.build[e]["processor"]),  # noqa: B023
            _row("peak memory after building, MiB", names, lambda e: m.peak[e]),  # noqa: B023
        ]
        lines += _titled(m, table(["", *names, *(f"÷ {p}" for p in names if p != "earshot")], rows))
        parts = ", ".join(f"{name} {size / m.words:.1f}" for name, size in sorted(own.items()))
        lines += [f"Bytes a word by folder of Earshot's index: {parts}.", ""]
    return lines


def load(all_: list[Measured]) -> list[str]:
    """Searches from many clients while an episode is being indexed."""
    rows = []
    for m in all_:
        times = m.load.get("ms", [])
        if times:
            rate = [len(times) / m.load["seconds"], m.load["indexed"] / m.load["seconds"]]
            rows.append([str(m.hours), f"{rate[0]:.0f}", f"{median(times):.1f}", f"{_p99(times):.1f}", f"{rate[1]:.1f}"])
    return table(["hours", "searches a second", "p50, ms", "p99, ms", "episodes indexed a second"], rows)


def growth(all_: list[Measured]) -> list[str]:
    """What ten times the speech costs; nothing where one archive was measured only."""
    if len(all_) < 2:
        return []
    a, b = all_[0], all_[-1]
    rows = [["hours", str(a.hours), str(b.hours), ratio(b.hours, a.hours)]]
    disk = [sum(m.build["earshot"]["bytes"].values()) for m in (a, b)]
    rows.append(["bytes on disk", *(f"{d / 1e6:.0f} MB" for d in disk), ratio(disk[1], disk[0])])
    for kind in KINDS:
        mid = [median([t for q in m.queries if q.kind == kind for t in q.ms["earshot"]]) for m in (a, b)]
        rows.append([f"{kind}, p50", *(f"{t:.2f} ms" for t in mid), ratio(mid[1], mid[0])])
    return table(["", "", "", "ratio"], rows)


def _titled(m: Measured, lines: list[str]) -> list[str]:
    return [f"{m.hours:,} hours, {m.words:,} words in {m.episodes:,} episodes:", "", *lines, ""]


def _row(what: str, names: list[str], value: Callable[[str], float]) -> list[str]:
    values = {e: value(e) for e in names}
    cells = [f"{v:.1f}" if not math.isnan(v) else "–" for v in values.values()]
    return [what, *cells, *(_ratio(values.get("earshot", math.nan), values[p]) for p in names if p != "earshot")]


def _found(queries: list[Asked], engine: str) -> str:
    """Episodes found of those that there are, and how many queries found nothing."""
    if not all(engine in q.found for q in queries):
        return "–"
    nothing = sum(1 for q in queries if not q.found[engine]["episodes"])
    return f"{sum(q.found[engine]['episodes'] for q in queries)}" + (f" ({nothing} find nothing)" if nothing else "")


def _p99(values: list[float]) -> float:
    return percentile(values, 0.99)


def _ratio(a: float, b: float) -> str:
    return "–" if math.isnan(a) or math.isnan(b) else ratio(a, b)


TITLES: dict[str, tuple[str, str, Callable[[list[Measured]], list[str]]]] = {
    "latency": (
        "Time of a search",
        "One page of results: the 20 best episodes with their five best places each, how many there are in all, and facets by show, "
        "year, speaker and language. Earshot gives the exact times of the words, snippets, and counts of episodes, and finds "
        "inflections and words that are apart in an episode; FTS5 gives the starts of passages and counts of episodes; tantivy "
        "gives the 100 best passages and counts of passages.",
        latency,
    ),
    "phrases": (
        "Phrases of three words",
        "Episodes found of those that say the phrase, over all queries; the truth is known from reading everything. The last column "
        "indexes each segment of a transcript as a document, as it is often done.",
        phrases,
    ),
    "size": (
        "Disk, time to build, memory",
        "FTS5 keeps a copy of the text, of which its snippets are made; Earshot's side tables hold text, times and speakers of all "
        "words. Mapped files count as memory. Earshot's times include making the archive up, which goes on while it indexes.",
        size,
    ),
    "load": (
        "Searches from eight clients while an episode is being indexed",
        "Queries of all kinds but the most common words, each client one after the other without a pause; a new episode grows by "
        "ten segments five times a second, and the index follows it at its own pace, as it does in the program.",
        load,
    ),
    "growth": ("Ten times the speech", "", growth),
}
