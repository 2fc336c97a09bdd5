"""Word error rate by language: all speech that has a transcript, the language given to every engine."""

from __future__ import annotations

import json

from common.tables import table

from . import environment, fixtures, scoring
from .engines import Engine, Request, Transcript
from .tables import score_head, score_row

TITLE = "Word error rate, same weights"
NOTE = (
    "Errors ÷ words that were said (lower is better), then substitutions / deletions / insertions. zh, ja and ko count characters. "
    "A language with one short recording says little: one word more or less moves it by ten points."
)

Scores = dict[str, list[scoring.Score]]


def run(engines: list[Engine], verbose: bool, quick: bool) -> list[str]:  # noqa: ARG001  short already
    """Transcribes the recordings and returns the tables' lines."""
    recordings = fixtures.speech()
    heard = {e.name: e.transcribe([Request(r.path, r.language) for r in recordings]) for e in engines}
    scores = score(recordings, heard)
    dump("wer", recordings, heard, scores)
    lines = _by_language(recordings, scores)
    lines += ["", *repeats(recordings, heard)]
    if verbose:
        rows = [score_row(r.name, [scores[n][i] for n in scores]) for i, r in enumerate(recordings)]
        lines += ["", *table(score_head("file", scores), rows)]
    return lines


def score(recordings: list[fixtures.Recording], heard: dict[str, list[Transcript]]) -> Scores:
    """The errors of every engine in every recording."""
    return {
        name: [scoring.compare(r.text, t.text, r.language) for r, t in zip(recordings, transcripts, strict=True)]
        for name, transcripts in heard.items()
    }


def _by_language(recordings: list[fixtures.Recording], scores: Scores) -> list[str]:
    rows = []
    for language in sorted({r.language for r in recordings}):
        chosen = [i for i, r in enumerate(recordings) if r.language == language]
        measure = "CER" if language in scoring.CHARACTERS else "WER"
        rows.append(score_row(f"{language}, {measure}", [scoring.total([scores[n][i] for i in chosen]) for n in scores]))
    rows.append(score_row("all", [scoring.total(s) for s in scores.values()]))
    return table(score_head("language", scores), rows)


def repeats(recordings: list[fixtures.Recording], heard: dict[str, list[Transcript]]) -> list[str]:
    """How many words were said again at once that the speaker did not repeat."""
    row = ["words repeated that were not said twice"]
    for transcripts in heard.values():
        row.append(str(sum(scoring.extra_repeats(r.text, t.text, r.language) for r, t in zip(recordings, transcripts, strict=True))))
    return table(["", *heard], [row])


def dump(section: str, recordings: list[fixtures.Recording], heard: dict[str, list[Transcript]], scores: Scores) -> None:
    """Leaves texts as said, as heard and as compared in build/bench/out/SECTION-ENGINE.json, for a reader to diff."""
    out = environment.BUILD / "out"
    out.mkdir(parents=True, exist_ok=True)
    for name, transcripts in heard.items():
        data = [
            {
                "file": r.name,
                "language": r.language,
                "rate": round(s.rate, 4),
                "error": t.error,
                "said": r.text,
                "heard": t.text,
                "said_normal": " ".join(scoring.units(r.text, r.language)),
                "heard_normal": " ".join(scoring.units(t.text, r.language)),
            }
            for r, t, s in zip(recordings, transcripts, scores[name], strict=True)
        ]
        (out / f"{section}-{name}.json").write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
