"""The Python environments of the benchmarks: a venv with pinned packages for each, under build/bench.

Everything is made once and made again when its pins change; a step that stopped halfway leaves nothing that looks finished.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent
ROOT = TOOL.parent.parent
BUILD = ROOT / "build" / "bench"


class BenchError(Exception):
    """Something that the person at the keyboard can mend; its text says how."""


@dataclass(frozen=True)
class Environment:
    """A venv with the packages of a requirements file; what says in words what they are."""

    folder: Path
    requirements: Path
    what: str

    def enter(self) -> None:
        """Goes on as the venv's interpreter, with the same arguments; makes the venv first. Returns when that has happened."""
        python = self.python()
        if Path(sys.prefix).resolve() != self.folder.resolve():
            os.execv(python, [str(python), *sys.argv])

    def python(self) -> Path:
        """The venv's interpreter; makes the venv first when it is absent or of other pins.

        Raises BenchError when Python is too old or the packages cannot be installed.
        """
        if sys.version_info < (3, 11):
            raise BenchError(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
        want = hashlib.sha256(self.requirements.read_bytes()).hexdigest()
        stamp = self.folder / "requirements.sha256"
        interpreter = self.folder / "bin" / "python"
        if interpreter.exists() and stamp.exists() and stamp.read_text() == want:
            return interpreter
        print(f"bench: installing {self.what} into build/bench", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            venv.create(self.folder, with_pip=True)
        except (subprocess.CalledProcessError, OSError) as err:
            raise BenchError(f"cannot make a Python environment: {err}. Debian and Ubuntu: sudo apt-get install python3-venv") from err
        self.pip("install", "-r", str(self.requirements))
        stamp.write_text(want)
        return interpreter

    def pip(self, *arguments: str) -> None:
        """Runs the venv's pip. Raises BenchError with pip's last lines."""
        command = [str(self.folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ, check=False)
        if done.returncode:
            raise BenchError("pip failed:\n" + "\n".join(done.stdout.splitlines()[-8:]))
