"""Word starts: how far from where the word really begins.

Two references: the words of audio/speech/leopard-words.json (short recordings of people), and the first words of the speaker
turns of the made podcast, whose starts are exact because the episodes were put together out of them. The words of an engine
are matched with those that were said by the alignment of fewest errors; only words heard right count.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

import jiwer

from . import fixtures, wer
from .engines import Engine, Request, Word
from .tables import median, percentile, score_head, score_row, table

TITLE = "Word starts"
NOTE = (
    "Milliseconds between the start that an engine gives a word and where it begins; bias is the median with its sign, late is positive. "
    "The peers run with word_timestamps=True. The podcast's voices are synthetic: its error rate says how many words were lost, not how "
    "well people are understood."
)

Start = tuple[str, float | None]  # a word or character, and where it starts in seconds; None inside a word


def run(engines: list[Engine], verbose: bool, quick: bool) -> list[str]:  # noqa: ARG001  nothing to add by file
    """Measures both references and returns the tables' lines."""
    reference = _leopard()
    episodes = fixtures.episodes(quick)
    errors: dict[str, dict[str, list[float]]] = {"people": {}, "turns": {}}
    said: dict[str, int] = {"people": sum(len(w) for _, w in reference), "turns": sum(len(e.turns) for e in episodes)}
    heard = {}
    for engine in engines:
        short = engine.transcribe([Request(r.path, r.language, words=True) for r, _ in reference])
        errors["people"][engine.name] = [
            e for (r, words), t in zip(reference, short, strict=True) for e in _errors(words, t.words, r.language)
        ]
        heard[engine.name] = engine.transcribe([Request(e.path, e.language, words=True) for e in episodes])
        errors["turns"][engine.name] = [
            e for episode, t in zip(episodes, heard[engine.name], strict=True) for e in _errors(_turns(episode), t.words, "en")
        ]
    scores = wer.score(list(episodes), heard)
    wer.dump("podcast", list(episodes), heard, scores)
    titles = {"people": "words of people", "turns": "first words of turns"}
    rows = [_row(titles[kind], said[kind], name, e) for kind, by in errors.items() for name, e in by.items()]
    lines = table(["reference", "engine", "matched", "median", "p95", "largest", "bias"], rows)
    podcast = [score_row("WER of the podcast", [wer.total(s) for s in scores.values()])]
    return [*lines, "", *table(score_head("", scores), podcast)]


def _row(title: str, said: int, name: str, errors: list[float]) -> list[str]:
    size = [abs(e) for e in errors]
    figures = [median(size), percentile(size, 0.95), max(size, default=float("nan")), median(errors)]
    return [title, name, f"{len(errors)} of {said}", *(f"{f:.0f}" for f in figures)]


def _leopard() -> list[tuple[fixtures.Recording, list[Word]]]:
    """The recordings whose words have known starts; those of the file that are not here are left out."""
    speech = fixtures.folder() / "audio" / "speech"
    data = json.loads((speech / "leopard-words.json").read_text(encoding="utf-8"))
    found = []
    for test in data["tests"]["language_tests"]:
        path = speech / test["audio_file"]
        if path.exists():
            words = [Word(w["word"], w["start_sec"], w["end_sec"]) for w in test["words"]]
            found.append((fixtures.Recording(path, test["language"], test["transcript"]), words))
    return found


def _turns(episode: fixtures.Episode) -> list[Word]:
    """The script's words; only the first of a turn has a start, the others NaN."""
    words = []
    for turn in episode.turns:
        for i, word in enumerate(turn.text.split()):
            words.append(Word(word, turn.start if i == 0 else float("nan"), float("nan")))
    return words


def _errors(said: list[Word], heard: list[Word], language: str) -> list[float]:
    """Milliseconds from the true start to the heard one, of every word heard right whose start is known."""
    ref, hyp = _starts(said, language), _starts(heard, language)
    if not ref or not hyp:
        return []
    errors = []
    for a, b in _matches([t for t, _ in ref], [t for t, _ in hyp]):
        true, given = ref[a][1], hyp[b][1]
        if true is not None and given is not None and not math.isnan(true):
            errors.append((given - true) * 1000)
    return errors


def _starts(words: list[Word], language: str) -> list[Start]:
    """What is aligned: words, or characters in languages without spaces, of which a word's first has its start."""
    starts: list[Start] = []
    for word in words:
        text = re.sub(r"[^\w]", "", word.text.lower())
        if not text:
            continue
        if language in ("ja", "zh"):
            starts += [(c, word.start if i == 0 else None) for i, c in enumerate(text)]
        else:
            starts.append((text, word.start))
    return starts


def _matches(ref: Sequence[str], hyp: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of places with equal tokens, in the alignment of fewest errors."""
    out = jiwer.process_words(" ".join(ref), " ".join(hyp))
    equal = [c for c in out.alignments[0] if c.type == "equal"]
    return [(c.ref_start_idx + i, c.hyp_start_idx + i) for c in equal for i in range(c.ref_end_idx - c.ref_start_idx)]
