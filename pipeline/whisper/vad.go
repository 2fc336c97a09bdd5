package whisper

// Speech is found as in Silero's get_speech_timestamps (snakers4/silero-vad, utils_vad.py), over a stream: a probability
// for every frame of 512 samples, two thresholds so that it does not flicker, and spans that close after a pause.
const (
	vadFrame        = 512                    // samples a probability stands for, 32 ms
	speechThreshold = 0.5                    // speech begins at this probability
	quietThreshold  = speechThreshold - 0.15 // and ends below this one
	minPause        = 160 * samplesMS        // silence that closes a span
	minSpeech       = 100 * samplesMS        // shorter spans are clicks and breaths
	longestSpan     = longestChunk           // a span without a pause is cut at its quietest frame
	cutFrom         = longestSpan * 6 / 10   // which is looked for from here on
)

// span is a stretch of the recording in samples, [start, end).
type span struct{ start, end int64 }

func (s span) len() int64 { return s.end - s.start }

// speechFinder turns probabilities into spans of speech. Its memory is one probability for each frame of an open span.
type speechFinder struct {
	pos      int64 // first sample of the next frame
	inSpeech bool
	start    int64     // of the open span
	quiet    int64     // where the pause began that may close it; -1: none
	probs    []float32 // of the open span's frames
}

// frame takes the next frame's probability and returns the span that it closes, if any.
func (f *speechFinder) frame(p float32) (span, bool) {
	at := f.pos
	f.pos += vadFrame
	if !f.inSpeech {
		if p >= speechThreshold {
			f.open(at, p)
		}
		return span{}, false
	}
	f.probs = append(f.probs, p)
	switch {
	case p >= speechThreshold:
		f.quiet = -1
	case p < quietThreshold && f.quiet < 0:
		f.quiet = at
	}
	if f.quiet >= 0 && f.pos-f.quiet >= minPause {
		return f.close(f.quiet)
	}
	if f.pos-f.start >= longestSpan {
		return f.cut(), true
	}
	return span{}, false
}

// finish closes what is open at the end of the recording.
func (f *speechFinder) finish() (span, bool) {
	if !f.inSpeech {
		return span{}, false
	}
	if f.quiet >= 0 {
		return f.close(f.quiet)
	}
	return f.close(f.pos)
}

func (f *speechFinder) open(at int64, p float32) {
	f.inSpeech, f.start, f.quiet = true, at, -1
	f.probs = append(f.probs[:0], p)
}

func (f *speechFinder) close(end int64) (span, bool) {
	f.inSpeech = false
	s := span{f.start, end}
	return s, s.len() >= minSpeech
}

// cut splits the open span at its quietest frame: the first part is returned, the rest stays open.
func (f *speechFinder) cut() span {
	quietest := cutFrom / vadFrame
	for i := quietest; i < len(f.probs); i++ {
		if f.probs[i] <= f.probs[quietest] {
			quietest = i
		}
	}
	at := f.start + int64(quietest)*vadFrame
	s := span{f.start, at}
	f.probs = append(f.probs[:0], f.probs[quietest:]...)
	f.start = at
	if f.quiet >= 0 && f.quiet < at {
		f.quiet = at
	}
	return s
}
