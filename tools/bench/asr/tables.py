"""Tables of scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .scoring import Score


def score_head(first: str, names: Iterable[str]) -> list[str]:
    """The head of a table of scores: two columns for each engine."""
    return [first, "words", *(cell for name in names for cell in (name, "s / d / i"))]


def score_row(first: str, scores: Sequence[Score]) -> list[str]:
    """A row of a table of scores."""
    cells = [cell for s in scores for cell in (f"{s.rate:.3f}", f"{s.substitutions} / {s.deletions} / {s.insertions}")]
    return [first, str(scores[0].units), *cells]
