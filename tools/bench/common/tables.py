"""Markdown tables and what is in them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a table; its first column is on the left, the others on the right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return lines + ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which share of the values lie; NaN without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def median(values: Sequence[float]) -> float:
    """The median; NaN without values."""
    return statistics.median(values) if values else float("nan")


def ratio(a: float, b: float) -> str:
    """The quotient a ÷ b with two digits; a dash where b is 0."""
    return f"{a / b:.2f}" if b else "–"
