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
//	    → chunks of at most 28 s, cut at pauses (chunk.go)
//	    → as many single-thread decoders as cores, greedy first; a result that looks bad, or of which whisper is unsure, is
//	      decoded again with beams and then by sampling (decode.go, check.go)
//	    → words with times from alignment, moved to where sound sets in (onset.go) and out of silence, and segments of them
//	      (words.go)
//	    → windows, in order
//
// # How the numbers were found
//
// Recordings of people in eight languages (1,112 words and characters, 8 minutes; base, q8_0; errors ÷ words). Chunks and ways
// of decoding, without second tries, on the two longest English recordings and the longest French one:
//
//	longest chunk   time stamps   search             English   French   CPU, s
//	13.6 s          yes           greedy             .035      .253     29
//	13.6 s          no            greedy             .343 (loops in a chunk of 3 s)   .242   29
//	28 s            yes           greedy             .023      .222     31
//	28 s            no            greedy             .026      .192     30
//	28 s            no            5 beams, random    .021      .192     53
//	28 s            no            5 beams, mended    –         .172     53
//
// So context and the absence of time stamps are what French lacked. whisper.cpp's own beam search draws at random where it
// should take the most probable tokens; native/whisper.cpp.patch mends that. With everything below: chunks of 28 s English .018,
// French .152; of 18 s .025 and .196, for 12 % less time while attention over longer chunks fell out of the caches, which it no longer does.
//
//	limit (check.go, decode.go)          value         what was seen
//	compression, log probability         2.4, −1.0     OpenAI's; loops had 2.35 to 22, everything else under 1.75
//	repeats                              4             loops had 5 and more; people say "no, no, no, no"
//	characters a second of speech        1.5 to 35     speech has 5 to 25 in every language here
//	unsure, under 10 s of speech         −0.15         clear sentences −0.04 to −0.12, misheard ones −0.2 to −0.5
//	unsure, longer                       −0.3          clear chunks −0.05 to −0.28, misheard ones −0.29 to −0.6
//	context after a chunk, greedy        64, ≥ 400     under 400 in all, short chunks loop; more costs time and gains nothing
//	beams                                4             5 make as many errors of each kind, and each costs memory; with 3 a few come and go
//	context after a chunk, beams         256           64 loops; the full context takes twice the time and hears no better
//	speech left after the last word      2.5 s         the rest of the chunk is decoded on its own
//
// The second try changed about one chunk in six, and takes about twice a first one's time.
//
// Word starts, in ms: the median of the errors and what 95 % of them stay under, over 64 words of people in seven languages, 480
// words of espeak-ng in four, whose starts are exact, and 23 first words of turns, which are too (base, q8_0):
//
//	starts                                                  people     espeak-ng   turns
//	150 ms before the end of a token, all alignment heads   49, 438    102, 568    87, 397
//	70 ms after the end of the token before                 39, 459    65, 513     81, 124
//	– the half of the heads that follows the speech         38, 227    56, 464     75, 140
//	– and where sound swells by 12 dB near there            39, 227    56, 442     6, 64
//	– and after a pause that it would hold                  39, 195    55, 461     6, 64
//
// The first row took whisper.cpp's time of a token for its start. It is its end, and the start lay as far before it as the token is
// long. The lead of 70 ms is a mean: people's words in the reference begin 100 ms after the decoder turns to them, espeak-ng's 0 to 30.
//
// Invariants: memory does not grow with the length of the recording. Chunks depend on the samples alone, so that a
// recording that is transcribed in two goes (Request.SkipMS) gives the same windows as in one.
//
// With the build tag "stub" the package has no native part: everything compiles and tests that need no decoding run, and
// [Serve] answers with an error that says so.
package whisper
