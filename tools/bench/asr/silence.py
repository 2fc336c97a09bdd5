"""Text that nobody said: what engines hear in silence, noise, tones and music, alone and between speech."""

from __future__ import annotations

from pathlib import Path

from common.tables import table

from . import fixtures, scoring, sounds
from .engines import Engine, Request, Transcript

TITLE = "Words that nobody said"
NOTE = (
    "Words heard in sounds without speech (0 is right), and words inserted, repeated and lost where the same sentence is said before and "
    "after a gap. A dash: the engine could not read the file. Damaged files in which a voice detector finds seconds of speech are left out."
)

# Damaged files with somebody speaking in them: what is heard there need not be invented.
SPOKEN = frozenset({"incomplete.mp3", "no-last-page.oga", "female_scrub.spx"})


def run(engines: list[Engine], verbose: bool, quick: bool) -> list[str]:
    """Transcribes the sounds and returns the tables' lines."""
    made = sounds.made()
    damaged = {p.name: p for p in _damaged()}
    empty = {**made, **damaged}
    heard = {e.name: e.transcribe([Request(p, "en") for p in empty.values()]) for e in engines}
    lines = table(["sound", *heard], _invented(list(empty), set(made), heard))
    if verbose:
        lines += ["", *(f"- {name}, {e}: {t[i].text}" for i, name in enumerate(empty) for e, t in heard.items() if t[i].text)]
    return [*lines, "", *_gaps(engines, quick)]


def _damaged() -> list[Path]:
    return sorted(p for p in (fixtures.folder() / "audio" / "damaged").iterdir() if p.name not in SPOKEN)


def _words(transcript: Transcript) -> int:
    return len(scoring.units(transcript.text, "en"))


def _invented(names: list[str], made: set[str], heard: dict[str, list[Transcript]]) -> list[list[str]]:
    """A row for each made sound and each damaged file in which someone heard something, then the sum."""
    rows = []
    quiet = 0
    for i, name in enumerate(names):
        counts = [_words(t[i]) for t in heard.values()]
        if name not in made and not any(counts):
            quiet += 1
            continue
        title = name if name in made else f"damaged: {name}"
        rows.append([title, *("–" if t[i].error else str(n) for t, n in zip(heard.values(), counts, strict=True))])
    rows.append([f"{quiet} more damaged files", *("0" for _ in heard)])
    rows.append(["**all**", *(f"**{sum(map(_words, t))}**" for t in heard.values())])
    return rows


def _gaps(engines: list[Engine], quick: bool) -> list[str]:
    jfk = next((r for r in fixtures.speech() if r.name == "jfk.wav"), None)
    if jfk is None:
        return []
    files = sounds.gaps(jfk.path)
    if quick:
        files = {name: path for name, path in files.items() if "10 min" not in name}
    said = f"{jfk.text} {jfk.text}"
    heard = [e.transcribe([Request(p, "en") for p in files.values()]) for e in engines]
    rows = [[name, *(_gap(said, t[i].text) for t in heard)] for i, name in enumerate(files)]
    return table(["inserted / repeated / lost words", *(e.name for e in engines)], rows)


def _gap(said: str, text: str) -> str:
    score = scoring.compare(said, text, "en")
    return f"{score.insertions} / {scoring.extra_repeats(said, text, 'en')} / {score.deletions}"
