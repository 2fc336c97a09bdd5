"""Vocabulary: how many unusual names come out right, without and with a prompt that holds them.

Each engine gets the same prompt: Earshot as --prompt, faster-whisper as initial_prompt. A name counts as right when it is
spelled as the script spells it, capitals and punctuation apart; one that is heard more often than it was said is counted too.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from common.tables import table

from . import fixtures, scoring, sounds
from .engines import Engine, Request

TITLE = "Names, without and with a vocabulary"
NOTE = (
    "Names spelled right ÷ names said, then names heard that were not said, then the word error rate. The spoken texts are made with "
    "espeak-ng, whose speech is harder to understand than a person's. The prompt also holds names that are never said."
)

VOICES = ("en-us", "en-gb+f3")

# What is said, a paragraph to a breath, with the names in braces.
SCRIPT = (
    "Welcome back. Today I am talking with {Richard D. Bartlett} about {Microsolidarity} and what he learned at {Enspiral}.",
    "The first gathering was called {Kaicamp}, and {Natalia Lombardo} organised most of it.",
    "{Enspiral} started in New Zealand, where {Joshua Vial} was teaching people to write software.",
    "Then {Alanna Irving} built {Cobudget}, and a different group made {Loomio}.",
    "I met {Karl Steyaert} in {Maastricht}, and {Leonie Smith} came along with {Ronan Harrington}.",
    "At {Blivande} in Stockholm there was a team retreat, and {Silvia Bastos} wrote about {Catalyzbon}.",
    "{Markel Cormenzana} told me that {Kaicamp} changed how his community makes decisions.",
    "So {Microsolidarity} is a practice, and {Richard D. Bartlett} says that you begin with two people.",
    "Before that, {Natalia Lombardo} and {Alanna Irving} had worked together for years.",
    "Thank you for listening, and thanks to {Ronan Harrington} and {Joshua Vial} for the questions.",
)
DECOYS = ("Ouishare", "Tamsin Hallorand", "Hylo", "Pico Island")
PRODUCTS = ("Datadog", "PagerDuty", "Sentry", "Notion", "Suunto", "PADI")
EPISODES = ("p02_e02", "p02_e04", "p02_e05", "p03_e04")


@dataclass(frozen=True)
class Case:
    """A recording, the names to look for, and the prompt that holds them."""

    path: Path
    text: str
    names: tuple[str, ...]
    prompt: str


@dataclass
class Tally:
    """What became of the names, over several recordings."""

    said: int = 0
    right: int = 0
    invented: int = 0
    score: scoring.Score = field(default_factory=scoring.Score)

    def add(self, case: Case, heard: str) -> None:
        """Counts the names of one recording."""
        said, got = _count(case.text, case.names), _count(heard, case.names)
        self.said += said.total()
        self.right += (said & got).total()
        self.invented += (got - said).total()
        self.score += scoring.compare(case.text, heard, "en")

    def __str__(self) -> str:
        return f"{self.right} of {self.said}, {self.invented}, {self.score.rate:.3f}"


def run(engines: list[Engine], verbose: bool, quick: bool) -> list[str]:
    """Measures both kinds of speech without and with a prompt, and returns the tables' lines."""
    cases = {"espeak-ng": _spoken(quick), "podcast": _podcast(quick)}
    rows = []
    notes = []
    for kind, chosen in cases.items():
        for engine in engines:
            tallies = []
            for with_prompt in (False, True):
                heard = engine.transcribe([Request(c.path, "en", c.prompt if with_prompt else "") for c in chosen])
                tally = Tally()
                for case, transcript in zip(chosen, heard, strict=True):
                    tally.add(case, transcript.text)
                    notes.append(f"- {case.path.name}, {engine.name}, {'with' if with_prompt else 'without'}: {transcript.text}")
                tallies.append(str(tally))
            rows.append([kind, engine.name, *tallies])
    lines = table(["speech", "engine", "without", "with"], rows)
    return [*lines, "", *notes] if verbose else lines


def _spoken(quick: bool) -> list[Case]:
    script = " ".join(SCRIPT)
    names = tuple(dict.fromkeys(re.findall(r"{(.+?)}", script)))
    text = "\n\n".join(SCRIPT).replace("{", "").replace("}", "")
    prompt = ", ".join([*DECOYS, *names]) + "."
    return [Case(sounds.spoken(text, voice), text, names, prompt) for voice in VOICES[: 1 if quick else None]]


def _podcast(quick: bool) -> list[Case]:
    cases = []
    for episode in fixtures.episodes(quick):
        if episode.path.stem in EPISODES:
            names = (*PRODUCTS, episode.host, episode.guest)
            cases.append(Case(episode.path, episode.text, names, f"{episode.show}. {', '.join(names)}."))
    return cases


def _count(text: str, names: tuple[str, ...]) -> Counter[str]:
    """How often each name stands in the text. "Priya Nair" is not counted in "Priya Nairobi"."""
    plain = _plain(text)
    return Counter({name: len(re.findall(rf"\b{re.escape(_plain(name))}\b", plain)) for name in names})


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower().replace(".com", " ")).split())
