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
from dataclasses import dataclass
from pathlib import Path

import jiwer

from common.tables import median, percentile, table

from . import fixtures
from .engines import Engine, Request, Word

TITLE = "Word starts"
NOTE = (
    "Milliseconds between the start that an engine gives a word and where it begins, over the words that the engine heard right; bias is "
    "the median with its sign, late is positive. The last two columns take only the words that every engine heard right. The peers run "
    "with word_timestamps=True."
)

Start = tuple[str, float | None]  # a word or character, and where it starts in seconds; None inside a word
Place = tuple[int, int]  # the recording and the word in it
Errors = dict[Place, float]  # milliseconds from the true start to the heard one


@dataclass(frozen=True)
class Reference:
    """A recording and its words; a start that is not known is NaN."""

    path: Path
    language: str
    words: list[Word]

    @property
    def known(self) -> int:
        """Words whose start is known."""
        return sum(not math.isnan(w.start) for w in self.words)


def run(engines: list[Engine], verbose: bool, quick: bool) -> list[str]:  # noqa: ARG001  nothing to add by file
    """Measures both references and returns the table's lines."""
    rows = []
    for title, references in (("words of people", _leopard()), ("first words of turns", _turns(quick))):
        errors = {e.name: _measure(e, references) for e in engines}
        common = set.intersection(*(set(by) for by in errors.values()))
        said = sum(r.known for r in references)
        rows += [_row(title, said, name, by, common) for name, by in errors.items()]
    return table(["reference", "engine", "heard right", "median", "p95", "largest", "bias", "median of common", "p95 of common"], rows)


def _row(title: str, said: int, name: str, errors: Errors, common: set[Place]) -> list[str]:
    size = [abs(e) for e in errors.values()]
    shared = [abs(errors[place]) for place in common]
    figures = [median(size), percentile(size, 0.95), max(size, default=math.nan), median(list(errors.values()))]
    figures += [median(shared), percentile(shared, 0.95)]
    return [title, name, f"{len(errors)} of {said}", *(f"{f:.0f}" for f in figures)]


def _measure(engine: Engine, references: list[Reference]) -> Errors:
    """The error of every word heard right whose start is known."""
    heard = engine.transcribe([Request(r.path, r.language, words=True) for r in references])
    errors: Errors = {}
    for i, (reference, transcript) in enumerate(zip(references, heard, strict=True)):
        errors |= {(i, word): e for word, e in _errors(reference.words, transcript.words, reference.language).items()}
    return errors


def _leopard() -> list[Reference]:
    """The recordings whose words have known starts; those of the file that are not here are left out."""
    speech = fixtures.folder() / "audio" / "speech"
    data = json.loads((speech / "leopard-words.json").read_text(encoding="utf-8"))
    found = []
    for test in data["tests"]["language_tests"]:
        path = speech / test["audio_file"]
        if path.exists():
            words = [Word(w["word"], w["start_sec"], w["end_sec"]) for w in test["words"]]
            found.append(Reference(path, test["language"], words))
    return found


def _turns(quick: bool) -> list[Reference]:
    """The podcast's scripts; only the first word of a turn has a start."""
    found = []
    for episode in fixtures.episodes(quick):
        words = []
        for turn in episode.turns:
            for i, word in enumerate(turn.text.split()):
                words.append(Word(word, turn.start if i == 0 else math.nan, math.nan))
        found.append(Reference(episode.path, episode.language, words))
    return found


def _errors(said: list[Word], heard: list[Word], language: str) -> dict[int, float]:
    """Milliseconds from the true start to the heard one, by the place of the token that was said."""
    ref, hyp = _starts(said, language), _starts(heard, language)
    if not ref or not hyp:
        return {}
    errors = {}
    for a, b in _matches([t for t, _ in ref], [t for t, _ in hyp]):
        true, given = ref[a][1], hyp[b][1]
        if true is not None and given is not None and not math.isnan(true):
            errors[a] = (given - true) * 1000
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
