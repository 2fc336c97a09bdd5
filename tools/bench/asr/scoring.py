"""Compares a hypothesis with what was said, after one normaliser for every engine.

English goes through Whisper's English normaliser, other languages through its basic one (diacritics kept). Numbers are made
equal however they are written: words become figures, and figures count digit by digit, because a transcript writes the
spoken "one two three four" as 1234 and an engine as 1-2-3-4. Web addresses are taken as they are read out. Chinese, Japanese
and Korean count characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import jiwer
import text_to_num
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

CHARACTERS = frozenset({"zh", "ja", "ko"})
NUMBERS = frozenset({"fr", "es", "pt", "de", "it", "ca", "nl"})  # languages whose number words text2num knows

_english = EnglishTextNormalizer()
_basic = BasicTextNormalizer()


@dataclass
class Score:
    """Errors against a number of reference units (words, or characters); sums with +."""

    units: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        """All three kinds."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors for each reference unit; the usual WER or CER."""
        return self.errors / self.units if self.units else float(self.errors > 0)

    def __add__(self, other: Score) -> Score:
        return Score(
            self.units + other.units,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def total(scores: Iterable[Score]) -> Score:
    """All errors together."""
    return sum(scores, Score())


def units(text: str, language: str) -> list[str]:
    """The words (characters, for CJK) of a text that are compared."""
    text = _addresses(text)
    if language == "en":
        text = re.sub(r"\bone(s?)\b", r"1\1", _english(text))  # Whisper's normaliser writes 1 as a word, but 1234 in figures
    else:
        if language in NUMBERS:
            text = text_to_num.alpha2digit(text, language)
        text = _basic(text)
    if language in CHARACTERS:
        return [c for c in text if not c.isspace()]
    text = re.sub(r"(?<=\d)[.,](?=\d)", "", text)
    return re.sub(r"(\d)", r" \1 ", text).split()


def _addresses(text: str) -> str:
    """A web address as it is read out: example.com/podcast and "example dot com slash podcast" are equal."""
    text = re.sub(r"(?<=\w)\.(?=(?:com|org|net|io)\b)", " dot ", text, flags=re.IGNORECASE)
    return re.sub(r"(?<=\w)/(?=\w)", " slash ", text)


def compare(reference: str, hypothesis: str, language: str) -> Score:
    """Counts the errors of hypothesis."""
    ref, hyp = units(reference, language), units(hypothesis, language)
    if not ref:
        return Score(0, 0, 0, len(hyp))
    if not hyp:
        return Score(len(ref), 0, len(ref), 0)
    out = jiwer.process_words(" ".join(ref), " ".join(hyp))
    return Score(len(ref), out.substitutions, out.deletions, out.insertions)


def extra_repeats(reference: str, hypothesis: str, language: str) -> int:
    """Units of hypothesis that repeat what stands right before them, beyond what the speaker repeated."""
    return max(0, repeats(units(hypothesis, language)) - repeats(units(reference, language)))


def repeats(tokens: list[str], longest: int = 40) -> int:
    """Tokens that go away when a phrase of at most longest tokens, said several times in a row, is kept once."""
    kept: list[str] = []
    for token in tokens:
        kept.append(token)
        for n in range(1, min(longest, len(kept) // 2) + 1):
            if kept[-n:] == kept[-2 * n : -n]:
                del kept[-n:]
                break
    return len(tokens) - len(kept)
