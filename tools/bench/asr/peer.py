"""Runs faster-whisper in a process of its own: requests in as JSON lines, transcripts out as JSON lines.

usage: peer.py MODEL-FOLDER seq|batch THREADS

A request is {"file", "language", "prompt", "words"}; an answer {"segments": [{"start", "end", "text", "words"}], "error"} with
times in seconds. The first line out is {"ready": true}, once the model is loaded.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from faster_whisper import BatchedInferencePipeline, WhisperModel


def transcribe(engine: Any, request: dict[str, Any]) -> dict[str, Any]:
    """One file with beam 5 and the library's defaults for all else."""
    segments, _ = engine.transcribe(
        request["file"],
        language=request["language"],
        beam_size=5,
        initial_prompt=request["prompt"] or None,
        word_timestamps=request["words"],
    )
    return {
        "segments": [
            {
                "start": s.start,
                "end": s.end,
                "text": s.text,
                "words": [{"start": w.start, "end": w.end, "text": w.word} for w in s.words or []],
            }
            for s in segments
        ]
    }


def main() -> None:
    """Loads the model and answers until the input ends."""
    folder, mode, threads = sys.argv[1:]
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=int(threads))
    engine = BatchedInferencePipeline(model) if mode == "batch" else model
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            answer = transcribe(engine, json.loads(line))
        except Exception as err:  # a damaged file may raise anything; the others go on
            answer = {"segments": [], "error": f"{type(err).__name__}: {err}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
