"""The benchmark of transcription: Earshot beside faster-whisper with the same weights.

environment makes what the measurement runs in, fixtures names the recordings, engines runs the programs, scoring compares
text; each section of the result has a module of its own. Only environment may be imported outside the benchmark's venv.
"""
