package whisper

import (
	"bytes"
	"compress/zlib"
	"strings"
	"unicode/utf8"
)

// The limits beyond which a chunk's text is taken for a failure of the decoder. The first two are OpenAI's
// (openai/whisper, transcribe.py: compression_ratio_threshold, logprob_threshold).
const (
	worstCompression = 2.4  // text length ÷ its zlib length: loops compress well
	worstLogProb     = -1.0 // mean natural log probability of the tokens
	fastestSpeech    = 35.0 // characters a second of speech
	slowestSpeech    = 1.5  // characters a second, for speech of some length
	slowestFrom      = 4.0  // seconds of speech from which on too little text is suspicious
	mostRepeats      = 4    // times that the same words may follow themselves
	longestRepeat    = 12   // words in a phrase that is looked for repeated
)

// decoded is one attempt at a chunk, or at a part of it.
type decoded struct {
	segments []tokenSegment
	tokens   int     // text tokens
	logProbs float64 // their natural log probabilities, summed
	until    int     // samples that the decoder says it has covered: its last time stamp, or all of them
}

func (d *decoded) add(s tokenSegment) {
	if len(s.tokens) > 0 {
		d.segments = append(d.segments, s)
	}
}

// join appends what was decoded of the rest of the chunk.
func (d *decoded) join(rest decoded) {
	d.segments = append(d.segments, rest.segments...)
	d.tokens += rest.tokens
	d.logProbs += rest.logProbs
}

func (d *decoded) text() string {
	var b strings.Builder
	for _, s := range d.segments {
		for _, t := range s.tokens {
			b.Write(t.text)
		}
	}
	return strings.ToValidUTF8(strings.TrimSpace(b.String()), "")
}

// faults counts what is wrong with an attempt, worst things weighing most. Zero is a good result.
func (d *decoded) faults(speechSeconds float64) int {
	text := d.text()
	n := 0
	if repeats(strings.Fields(strings.ToLower(text))) >= mostRepeats {
		n += 4
	}
	if compression(text) > worstCompression {
		n += 4
	}
	chars := float64(utf8.RuneCountInString(text))
	if chars > fastestSpeech*max(speechSeconds, 1) {
		n += 2
	}
	if speechSeconds >= slowestFrom && chars < slowestSpeech*speechSeconds {
		n += 2
	}
	if d.tokens > 0 && d.logProbs/float64(d.tokens) < worstLogProb {
		n++
	}
	return n
}

// compression is the text's length divided by its compressed length; short texts count as incompressible.
func compression(text string) float64 {
	if len(text) < 50 {
		return 1
	}
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a bytes.Buffer does not fail
	_ = w.Close()
	return float64(len(text)) / float64(b.Len())
}

// repeats is the greatest number of times that one phrase of up to longestRepeat words follows itself; phrases shorter
// than three words count for less, since people do say "no, no, no, no".
func repeats(words []string) int {
	most := 1
	for n := 1; n <= min(longestRepeat, len(words)/2); n++ {
		run := 1 // complete repetitions that end at word i
		for i := n; i+n <= len(words); {
			if equal(words[i:i+n], words[i-n:i]) {
				run++
				i += n
			} else {
				run = 1
				i++
			}
			count := run
			if n < 3 {
				count = run / 2
			}
			most = max(most, count)
		}
	}
	return most
}

func equal(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
