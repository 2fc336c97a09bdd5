#!/usr/bin/env python3
"""Measures whether names that were heard wrong are found: an archive of 25 short episodes in which 30 unusual names are said.

    recall.py [--write] [--program FILE] [--models FOLDER] [--model MODEL] [--verbose]

The names are those of a real show's feed. espeak-ng says them in sentences, three names an episode and each name in at least two episodes, in four
voices, which is harder to understand than a person's. The archive is made twice from a feed with titles and notes, as an owner
would: once without anything that the decoder is told to expect, once with what Earshot makes of titles and notes by itself.

For each episode and name that is said in it, three things are asked: is it spelled right, would a person who reads recognise it
(some run of words there has at least 70 % of its letters in order, by difflib), and does a search for it find the episode.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from asr import environment  # noqa: E402  this folder must be on the path first
from common import document  # noqa: E402
from common.environment import BenchError  # noqa: E402
from common.tables import table  # noqa: E402

NAMES = tuple(
    (
        "Microsolidarity, Richard D. Bartlett, Enspiral, Cultural Catalyst Network, Maastricht, Silvia Bastos, Karl Steyaert, Reach Truth Podcast, "
        "Intentional Society, Blivande, Pico Island, Joshua Vial, Markel Cormenzana, Kaicamp, Catalyzbon, Jonas Gröner, Doomer Optimism, Vibecamp, "
        "Qiaochu Yuan, Tasshin Fogleman, James Baker, Diana Monsberger, Troika Consulting, Michal Korzonek, Alanna Irving, Jim Rutt, Leonie Smith, "
        "Ronan Harrington, Authentic Relating, Nati"
    ).split(", ")
)
SENTENCES = (
    "Today we talk about {0}, and about what happened before.",
    "I remember that {0} was the first thing everybody mentioned.",
    "When I heard of {0}, I did not know what to expect.",
    "A friend told me about {0} on a long walk by the sea.",
    "We came back to {0} again at the end of the day.",
    "Most people in the room knew {0} already.",
    "And that is how {0} became important to all of us.",
)
VOICES = ("en-us", "en-gb+f3", "en-us+m3", "en-gb-scotland")
EPISODES = 25
EACH = 4  # names in an episode
LIKE = 0.7


@dataclass(frozen=True)
class Episode:
    """An episode of the archive: what it is called, and the names that are said in it."""

    title: str
    names: tuple[str, ...]
    audio: Path


@dataclass
class Tally:
    """What became of the names, by episode and name."""

    said: int = 0
    right: int = 0
    recognisable: int = 0
    found: int = 0
    both: int = 0
    elsewhere: int = 0  # episodes found that nobody says it in


def main() -> int:
    """Measures, prints, and writes into the document if asked to."""
    parser = argparse.ArgumentParser(description="Measures whether names that were heard wrong are found.")
    parser.add_argument("--program", type=Path, default=environment.ROOT / "build" / "earshot")
    parser.add_argument("--models", type=Path, default=environment.ROOT / "build" / "models")
    parser.add_argument("--model", default="base-q8_0")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    parser.add_argument("--verbose", action="store_true", help="what was heard, and what was not found")
    options = parser.parse_args()
    try:
        environment.VENV.enter()
        lines = measure(options)
    except BenchError as error:
        print(f"recall: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    if options.write:
        version = subprocess.run([options.program, "version"], capture_output=True, text=True, check=False).stdout.split()
        document.write("bench-recall", "recall", [*lines, "", document.measured(f"{' '.join(version)} with {options.model}")], document.DOCUMENT)
    return 0


def measure(options: argparse.Namespace) -> list[str]:
    """Makes both archives and returns the table."""
    environment.BUILD.mkdir(parents=True, exist_ok=True)
    episodes = _episodes()
    rows = []
    for what, hints in (("nothing", "off"), ("names of titles and notes", "auto")):
        with tempfile.TemporaryDirectory(dir=environment.BUILD) as folder:
            tally = _archive(Path(folder), episodes, hints, options)
        share = f"{tally.both} of {tally.recognisable}, {100 * tally.both / tally.recognisable:.0f} %"
        rows.append([what, tally.said, tally.right, tally.recognisable, share, tally.found, tally.elsewhere])
    head = ["the decoder was told", "said", "spelled right", "recognisable", "of these found", "found in all", "found where not said"]
    return [
        "### Names that were heard wrong",
        "",
        f"{EPISODES} episodes in which espeak-ng says {len(NAMES)} names of a real show's feed. Counted are pairs of an episode and a name. Recognisable: a run of "
        f"words has {LIKE:.0%} of the name's letters in order. Found: a search for the name, typed as it is written, lists the episode.",
        "",
        *table(head, rows),
    ]


def _episodes() -> list[Episode]:
    from asr import sounds  # its imports exist only inside the environment

    out = []
    for i in range(EPISODES):
        names = tuple(NAMES[(i * EACH + k * (1 + i // 15)) % len(NAMES)] for k in range(EACH))
        names = tuple(dict.fromkeys(names))
        said = [SENTENCES[(i + k) % len(SENTENCES)].format(name) for k, name in enumerate(names)]
        out.append(Episode(f"Conversation {i + 1}", names, sounds.spoken("\n\n".join(["Welcome back.", *said, "Thank you."]), VOICES[i % len(VOICES)])))
    return out


def _archive(folder: Path, episodes: list[Episode], hints: str, options: argparse.Namespace) -> Tally:
    items = []
    for i, episode in enumerate(episodes):
        name = f"{i:02d}.wav"
        shutil.copy(episode.audio, folder / name)
        notes = escape("With " + ", ".join(episode.names) + ".")
        items.append(
            f"<item><title>{episode.title}</title><guid>{i}</guid><description>{notes}</description>"
            f'<enclosure url="{name}" type="audio/wav" length="{episode.audio.stat().st_size}"/></item>'
        )
    feed = folder / "feed.xml"
    feed.write_text(f'<rss version="2.0"><channel><title>An audio diary</title>{"".join(items)}</channel></rss>')
    common = ["--data", str(folder / "data"), "--models", str(options.models), "--model", options.model]
    _run(options, "add", str(feed), "--language", "en", "--hints", hints, "--wait", *common)
    tally = Tally()
    titles = {e.title: e for e in episodes}
    texts = _texts(folder, options, common)
    for name in NAMES:
        results = json.loads(_run(options, "search", name, "--json", "--limit", "100", *common))
        found = {hit["episode"]["title"] for hit in results["hits"] if hit["moments"]}
        for title, episode in titles.items():
            if name not in episode.names:
                tally.elsewhere += title in found
                continue
            right, like = _right(name, texts[title]), _like(name, texts[title])
            tally.said += 1
            tally.right += right
            tally.recognisable += like
            tally.found += title in found
            tally.both += like and title in found
            if options.verbose and not (right and title in found):
                print(f"{name}: {title}, {'right' if right else 'like it' if like else 'lost'}, {'found' if title in found else 'NOT FOUND'}: {texts[title]}")
    return tally


def _texts(folder: Path, options: argparse.Namespace, common: list[str]) -> dict[str, str]:
    out = folder / "texts"
    _run(options, "export", "--to", str(out), "--formats", "txt", *common)
    texts = {}
    for path in out.rglob("*.txt"):
        number = re.search(r"Conversation (\d+)", path.name)
        if number:
            texts[f"Conversation {number[1]}"] = " ".join(path.read_text().split())
    return texts


def _run(options: argparse.Namespace, *arguments: str) -> str:
    done = subprocess.run([options.program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"earshot {arguments[0]} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _right(name: str, text: str) -> bool:
    plain = " " + re.sub(r"[^\w]+", " ", text.lower()) + " "
    return " " + re.sub(r"[^\w]+", " ", name.lower()).strip() + " " in plain


def _like(name: str, text: str) -> bool:
    """Whether a run of words is like the name."""
    want, words = _letters(name), text.split()
    most = len(name.split()) + 2
    for i in range(len(words)):
        for n in range(1, most + 1):
            said = _letters("".join(words[i : i + n]))
            if said and difflib.SequenceMatcher(None, want, said).ratio() >= LIKE:
                return True
    return False


if __name__ == "__main__":
    sys.exit(main())
