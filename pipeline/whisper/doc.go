// Package whisper turns speech into segments with word times, with whisper.cpp.
//
// # The two processes
//
// Decoding runs in a child process: a failed assertion in ggml kills the process it happens in, C memory escapes Go's
// heap, and killing a child is a cancel that always works. [Transcriber] is the parent's side and holds no C code; [Serve]
// is the child's side and holds all of it (native.go). They speak over the child's standard streams:
//
//	parent → child   one JSON line (order), then frames of samples: u32 count, count × f32, little endian; 16 kHz mono.
//	                 A frame of zero samples ends the recording. Then the next recording may follow.
//	child → parent   JSON lines (event): "ready", "began" and "ended" around every chunk's decoding, "window" for every chunk
//	                 in order, "progress" through silence, and one "done".
//
// A child keeps its model for the next recording, until it was idle for a while or another model is wanted (transcriber.go).
// One that ends without "done" has failed; the end of what it wrote to its standard error says why. Another one is given
// the samples again from the start, which costs about 1 % of the recording's length, and goes on after the last window. The
// chunks that were being decoded are then decoded one at a time; the one that ends its child again is left out and flagged
// (recovery.go). A chunk that takes far longer than those before it counts as a death (patience.go).
//
// # The way of a sample
//
//	PCM → Silero VAD, its state carried from window to window (vad.go)
//	    → chunks of at most 13.6 s, cut at pauses (chunk.go)
//	    → as many single-thread decoders as cores, greedy first; a result that looks bad is decoded again (decode.go, check.go)
//	    → words with times that do not begin in silence (words.go)
//	    → windows, in order
//
// Invariants: memory does not grow with the length of the recording. Chunks depend on the samples alone, so that a
// recording that is transcribed in two goes (Request.SkipMS) gives the same windows as in one.
//
// With the build tag "stub" the package has no native part: everything compiles and tests that need no decoding run, and
// [Serve] answers with an error that says so.
package whisper
