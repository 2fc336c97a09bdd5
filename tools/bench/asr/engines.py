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
from typing import Any, Protocol

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


class Engine(Protocol):
    """A program that transcribes."""

    name: str

    def transcribe(self, requests: list[Request]) -> list[Transcript]:
        """Transcribes every file, in order. A file that cannot be read yields its error, the others go on."""

    def once(self, request: Request, out: Path) -> tuple[list[str], str]:
        """The command line and the standard input of a program that transcribes one file and ends; out is a folder to write to."""

    def environment(self) -> dict[str, str]:
        """The program's environment."""

    def check(self, code: int, folder: Path) -> None:
        """Raises BenchError when the program of once failed; folder has its stdout, stderr and out."""

    def version(self) -> str:
        """What is measured, for the report."""


class Earshot:
    """build/earshot transcribe, or another build of it with options of its own."""

    def __init__(self, name: str, command: str, models: Path, model: str) -> None:
        self.name = name
        self._command = shlex.split(command)
        self._model = model
        self._options = ["--data", str(environment.BUILD / "data"), "--models", str(models), "--model", model]
        self._known: dict[tuple[Path, str, str], Transcript] = {}  # of this run: sections share recordings
        if not self._command or shutil.which(self._command[0]) is None:
            raise BenchError(f"there is no program {command!r}: make build makes build/earshot, --earshot names another")

    def transcribe(self, requests: list[Request]) -> list[Transcript]:
        """Transcribes every file that was not asked for before, those of one language and prompt in one call."""
        for group in _groups([r for r in requests if self._key(r) not in self._known]):
            for request, transcript in zip(group, self._group(group), strict=True):
                self._known[self._key(request)] = transcript
        return [self._known[self._key(r)] for r in requests]

    def once(self, request: Request, out: Path) -> tuple[list[str], str]:
        return self._line([request.path], request, out), ""

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def check(self, code: int, folder: Path) -> None:
        if code or not any((folder / "out").glob("*.json")):
            raise BenchError(f"{self.name} failed: {_last((folder / 'stderr').read_text(errors='replace'))}")

    def version(self) -> str:
        done = subprocess.run([self._command[0], "version"], capture_output=True, text=True, check=False)
        return f"{' '.join(done.stdout.split()) or 'an unknown build'} with {self._model}"

    @staticmethod
    def _key(request: Request) -> tuple[Path, str, str]:
        return request.path, request.language, request.prompt  # word times come always

    def _line(self, files: list[Path], about: Request, out: Path) -> list[str]:
        prompt = ["--prompt", about.prompt] if about.prompt else []
        fixed = ["transcribe", "--format", "json", "--output", str(out), *self._options, "--language", about.language, *prompt]
        return [self._command[0], *fixed, *self._command[1:], "--", *map(str, files)]

    def _group(self, group: list[Request]) -> list[Transcript]:
        with tempfile.TemporaryDirectory(dir=environment.BUILD) as folder:
            links = Path(folder) / "in"
            out = Path(folder) / "out"
            links.mkdir()
            files = []
            for i, request in enumerate(group):  # a name of its own for each, whatever the file is called
                link = links / f"recording-{i:04d}{request.path.suffix}"
                link.symlink_to(request.path.resolve())
                files.append(link)
            done = subprocess.run(
                self._line(files, group[0], out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
            )
            results = [_read(out / f"{file.stem}.json", file, done.stderr) for file in files]
        if done.returncode and all(r.error for r in results):
            raise BenchError(f"{self.name} failed: {_last(done.stderr)}")
        return results


def _read(path: Path, source: Path, stderr: str) -> Transcript:
    """Earshot's JSON; without the file, the line of stderr that names the source is the error."""
    if not path.exists():
        about = [line for line in stderr.splitlines() if source.name in line]
        return Transcript("", error=(about or [_last(stderr) or "no transcript was written"])[-1])
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

    def transcribe(self, requests: list[Request]) -> list[Transcript]:
        """Transcribes every file that the cache does not know."""
        known = {r: cached for r in requests if (cached := self._cached(r)) is not None}
        todo = [r for r in requests if r not in known]
        if todo:
            print(f"bench: {self.name} transcribes {len(todo)} files; later runs find them in the cache", file=sys.stderr)
            for request, answer in zip(todo, self._answers(todo), strict=True):
                self._keep(request, answer)
                known[request] = answer
        return [_answer(known[r]) for r in requests]

    def once(self, request: Request, out: Path) -> tuple[list[str], str]:  # noqa: ARG002  it answers on its standard output
        return self._line(), _ask(request)

    def environment(self) -> dict[str, str]:
        return {**os.environ, "HF_HUB_OFFLINE": "1"}

    def check(self, code: int, folder: Path) -> None:
        answers = (folder / "stdout").read_text(encoding="utf-8").splitlines()
        if code or len(answers) != 2:
            raise BenchError(f"{self.name} failed: {_last((folder / 'stderr').read_text(errors='replace'))}")
        if error := json.loads(answers[1]).get("error"):
            raise BenchError(f"{self.name} failed: {error}")

    def version(self) -> str:
        mode = "batched" if self._mode == "batch" else "sequential"
        return f"faster-whisper {importlib.metadata.version('faster-whisper')} {mode}, beam 5, int8, {self._threads} threads"

    def _line(self) -> list[str]:
        worker = environment.TOOL / "asr" / "peer.py"
        return [sys.executable, str(worker), str(environment.peer_model()), self._mode, str(self._threads)]

    def _answers(self, requests: list[Request]) -> Iterator[dict[str, Any]]:
        """What the child says to each request, without the cache."""
        with subprocess.Popen(self._line(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.environment()) as child:
            assert child.stdin and child.stdout
            try:
                if not child.stdout.readline():
                    raise BenchError("faster-whisper did not start, see above")
                for request in requests:
                    child.stdin.write(_ask(request))
                    child.stdin.flush()
                    line = child.stdout.readline()
                    if not line:
                        raise BenchError(f"faster-whisper ended on {request.path.name}, see above")
                    yield json.loads(line)
            finally:
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


def _ask(request: Request) -> str:
    """A request as peer.py reads it."""
    about = {"file": str(request.path), "language": request.language, "prompt": request.prompt, "words": request.words}
    return json.dumps(about) + "\n"


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
