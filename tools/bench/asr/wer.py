"""Section 1: word error rate by language."""

from __future__ import annotations

import json

from . import environment, fixtures, scoring
from .engines import Earshot, Peer, Request, Transcript


def run(engines: list[Earshot | Peer], verbose: bool) -> list[str]:
    """Transcribes all speech that has a transcript and returns the table's lines (Markdown)."""
    recordings = fixtures.speech()
    requests = [Request(r.path, r.language) for r in recordings]
    heard = {e.name: e.transcribe(requests) for e in engines}
    scores = {
        name: [scoring.compare(r.text, t.text, r.language) for r, t in zip(recordings, transcripts, strict=True)]
        for name, transcripts in heard.items()
    }
    for name, transcripts in heard.items():
        _dump(name, recordings, transcripts, scores[name])
    lines = _by_language(recordings, scores)
    if verbose:
        lines += ["", *_by_file(recordings, scores)]
    return lines


def _by_language(recordings: list[fixtures.Recording], scores: dict[str, list[scoring.Score]]) -> list[str]:
    names = list(scores)
    lines = _head("language", names)
    for language in sorted({r.language for r in recordings}):
        chosen = [i for i, r in enumerate(recordings) if r.language == language]
        sums = [sum((scores[n][i] for i in chosen), scoring.Score()) for n in names]
        measure = "CER" if language in scoring.CHARACTERS else "WER"
        lines.append(_row(f"{language} {measure}", sums))
    lines.append(_row("all", [sum(scores[n], scoring.Score()) for n in names]))
    return lines


def _by_file(recordings: list[fixtures.Recording], scores: dict[str, list[scoring.Score]]) -> list[str]:
    lines = _head("file", list(scores))
    for i, r in enumerate(recordings):
        lines.append(_row(r.name, [scores[n][i] for n in scores]))
    return lines


def _head(first: str, names: list[str]) -> list[str]:
    return [f"| {first} | units | " + " | ".join(f"{n} | s / d / i" for n in names) + " |", "|---|---" * (1 + len(names)) + "|"]


def _row(first: str, row: list[scoring.Score]) -> str:
    cells = " | ".join(f"{s.rate:.3f} | {s.substitutions} / {s.deletions} / {s.insertions}" for s in row)
    return f"| {first} | {row[0].units} | {cells} |"


def _dump(name: str, recordings: list[fixtures.Recording], heard: list[Transcript], scores: list[scoring.Score]) -> None:
    """Leaves texts as said, as heard and as compared in build/bench/out, for a reader to diff."""
    out = environment.BUILD / "out"
    out.mkdir(parents=True, exist_ok=True)
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
        for r, t, s in zip(recordings, heard, scores, strict=True)
    ]
    (out / f"wer-{name}.json").write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
