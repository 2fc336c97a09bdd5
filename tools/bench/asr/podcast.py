"""Error rate and repetitions on whole episodes of the made podcast."""

from __future__ import annotations

from common.tables import table

from . import fixtures, scoring, wer
from .engines import Engine, Request
from .tables import score_head, score_row

TITLE = "Whole episodes"
NOTE = (
    "The episodes' voices are synthetic, one of them hard to understand for every engine: the table says whether words are lost, repeated "
    "or invented over minutes of two voices taking turns, not how well people are understood."
)


def run(engines: list[Engine], verbose: bool, quick: bool) -> list[str]:  # noqa: ARG001  a row for each episode anyway
    """Transcribes the episodes and returns the tables' lines."""
    episodes = list(fixtures.episodes(quick))
    recordings: list[fixtures.Recording] = list(episodes)
    heard = {e.name: e.transcribe([Request(r.path, r.language) for r in recordings]) for e in engines}
    scores = wer.score(recordings, heard)
    wer.dump("podcast", recordings, heard, scores)
    rows = [score_row(r.path.stem, [scores[n][i] for n in scores]) for i, r in enumerate(recordings)]
    rows.append(score_row("all", [scoring.total(s) for s in scores.values()]))
    return [*table(score_head("episode", scores), rows), "", *wer.repeats(recordings, heard)]
