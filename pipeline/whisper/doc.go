// Package whisper turns speech into segments with word times, with whisper.cpp.
//
// # The two processes
//
// Decoding runs in a child process: a failed assertion in ggml kills the process it happens in, C memory escapes Go's
// heap, and killing a child is a cancel that always works. [Transcriber] is the parent's side and holds no C code; [Serve]
// is the child's side and holds all of it (native.go). They speak over the child's standard streams:
//
//	parent → child   one JSON line (Request), then frames of samples: u32 count, count × f32, little endian; 16 kHz mono.
//	                 A frame of zero samples ends the recording.
//	child → parent   JSON lines (event): "window" for every chunk in order, "progress" through silence, and one "done".
//
// A child that ends without "done" has failed; the end of what it wrote to its standard error says why.
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
