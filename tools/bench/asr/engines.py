"""The programs that are compared, behind one call: files in, transcripts out.

Earshot runs as its command does for an owner. The peers run in one child each (peer.py); what they said about a file is kept
in build/bench/cache, by versions and content, because only Earshot changes from run to run.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import environment
from .environment import BenchError


@dataclass(frozen=True)
class Word:
    """A word with its times in seconds."""

    text: str
    start: float
    end: float


@dataclass
class Transcript:
    """What an engine heard in a file. error is why it could not read it, "" when it could."""

    text: str
    words: list[Word] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True)
class Request:
    """One file to transcribe. words asks for the times of words."""

    path: Path
    language: str
    prompt: str = ""
    words: bool = False


class Earshot:
    """build/earshot transcribe, or another build of it with options of its own."""

    def __init__(self, name: str, command: str, models: Path, model: str) -> None:
        self.name = name
        self._command = shlex.split(command)
        self._options = ["--models", str(models), "--model", model]
        if not self._command or shutil.which(self._command[0]) is None:
            raise BenchError(f"there is no program {command!r}: make build makes build/earshot, --earshot names another")

    def command(self, files: list[Path], language: str, prompt: str, out: Path) -> list[str]:
        """The command line that transcribes files into the folder out."""
        tail = ["--prompt", prompt] if prompt else []
        options = ["transcribe", "--format", "json", "--output", str(out), *self._options, "--language", language, *tail]
        return [self._command[0], *options, *self._command[1:], "--", *map(str, files)]

    def transcribe(self, requests: list[Request]) -> list[Transcript]:
        """Transcribes every file, those of one language and prompt in one call. A file that fails yields its error."""
        results: dict[Request, Transcript] = {}
        for group in _groups(requests):
            results.update(zip(group, self._group(group), strict=True))
        return [results[r] for r in requests]

    def _group(self, group: list[Request]) -> list[Transcript]:
        with tempfile.TemporaryDirectory(dir=environment.BUILD) as folder:
            links = Path(folder) / "in"
            out = Path(folder) / "out"
            links.mkdir()
            files = []
            for i, request in enumerate(group):  # a name of its own for each, whatever the file is called
                link = links / f"{i:04d}{request.path.suffix}"
                link.symlink_to(request.path.resolve())
                files.append(link)
            command = self.command(files, group[0].language, group[0].prompt, out)
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
            results = [_read(out / f"{file.stem}.json", done.stderr) for file in files]
        if done.returncode and all(r.error for r in results) and len(group) > 1:
            raise BenchError(f"{self.name} failed: {_last(done.stderr)}")
        return results


def _read(path: Path, stderr: str) -> Transcript:
    """Earshot's JSON; without the file, stderr's last line is the error."""
    if not path.exists():
        return Transcript("", error=_last(stderr) or "no transcript was written")
    data = json.loads(path.read_text(encoding="utf-8"))
    segments = data.get("segments") or []
    words = [Word(w["text"], w["start_ms"] / 1000, w["end_ms"] / 1000) for s in segments for w in s.get("words") or []]
    return Transcript(" ".join(s["text"].strip() for s in segments), words)


class Peer:
    """faster-whisper, beam 5, int8: sequential or batched."""

    def __init__(self, name: str, mode: str, threads: int) -> None:
        self.name = name
        self._mode = mode
        self._threads = threads

    def command(self) -> list[str]:
        """The command line of the child that answers requests on its standard input."""
        worker = environment.TOOL / "asr" / "peer.py"
        return [sys.executable, str(worker), str(environment.peer_model()), self._mode, str(self._threads)]

    def transcribe(self, requests: list[Request]) -> list[Transcript]:
        """Transcribes every file that the cache does not know. A file that fails yields its error."""
        known = {r: cached for r in requests if (cached := self._cached(r)) is not None}
        todo = [r for r in requests if r not in known]
        if todo:
            for request, answer in zip(todo, self.answers(todo), strict=True):
                self._keep(request, answer)
                known[request] = answer
        return [_answer(known[r]) for r in requests]

    def answers(self, requests: list[Request]) -> Iterator[dict[str, Any]]:
        """What the child says to each request, without the cache."""
        env = {**os.environ, "HF_HUB_OFFLINE": "1"}
        with subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as child:
            assert child.stdin and child.stdout
            if not child.stdout.readline():
                raise BenchError("faster-whisper did not start, see above")
            for request in requests:
                child.stdin.write(_line(request) + "\n")
                child.stdin.flush()
                line = child.stdout.readline()
                if not line:
                    raise BenchError(f"faster-whisper ended on {request.path.name}, see above")
                yield json.loads(line)
            child.stdin.close()

    def _path(self, request: Request) -> Path:
        versions = [f"{p}={importlib.metadata.version(p)}" for p in ("faster-whisper", "ctranslate2", "av")]
        about = [self._mode, *versions, *environment.WHEELS.values(), request.language, request.prompt, str(request.words)]
        digest = hashlib.sha256("\0".join(about).encode() + b"\0" + request.path.read_bytes()).hexdigest()
        return environment.BUILD / "cache" / f"{digest}.json"

    def _cached(self, request: Request) -> dict[str, Any] | None:
        path = self._path(request)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def _keep(self, request: Request, answer: dict[str, Any]) -> None:
        path = self._path(request)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(answer), encoding="utf-8")
        part.replace(path)


def _line(request: Request) -> str:
    return json.dumps({"file": str(request.path), "language": request.language, "prompt": request.prompt, "words": request.words})


def _answer(data: dict[str, Any]) -> Transcript:
    segments = data["segments"]
    words = [Word(w["text"].strip(), w["start"], w["end"]) for s in segments for w in s["words"]]
    return Transcript(" ".join(s["text"].strip() for s in segments), words, data.get("error", ""))


def _groups(requests: list[Request]) -> list[list[Request]]:
    """The requests that one call of the command can answer."""
    groups: dict[tuple[str, str], list[Request]] = {}
    for r in requests:
        groups.setdefault((r.language, r.prompt), []).append(r)
    return list(groups.values())


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
