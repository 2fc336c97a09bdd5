"""The archive as the peers read it: a line for each passage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# A document's number is its episode's number and its own within the episode, so that a peer gets from one to the other without
# looking anything up.
NUMBER_BITS = 12


@dataclass(frozen=True)
class Passage:
    """A stretch of speech with what is known of its episode."""

    episode: int
    number: int
    start_ms: int
    show: str
    year: int
    language: str
    speakers: list[str]
    text: str

    @property
    def document(self) -> int:
        """The number of the passage in the whole archive."""
        return self.episode << NUMBER_BITS | self.number


def read(path: Path) -> Iterator[Passage]:
    """The passages of a file in order of their episodes."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            episode, number, start, show, year, language, speakers, text = line.rstrip("\n").split("\t")
            yield Passage(int(episode), int(number), int(start), show, int(year), language, speakers.split("|"), text)
