package whisper

import (
	"bytes"
	"compress/zlib"
	"strings"
	"unicode/utf8"
)

// The limits beyond which a chunk's text is taken for a failure of the decoder. The first two are OpenAI's
// (openai/whisper, transcribe.py: compression_ratio_threshold, logprob_threshold). The package comment says how the others
// were found.
const (
	worstCompression = 2.4  // text length ÷ its zlib length: loops compress well
	worstLogProb     = -1.0 // mean natural log probability of the tokens
	fastestSpeech    = 35.0 // characters a second of speech
	slowestSpeech    = 1.5  // characters a second, for speech of some length
	slowestFrom      = 4.0  // seconds of speech from which on too little text is suspicious
	mostRepeats      = 4    // times that the same words may follow themselves
	longestRepeat    = 12   // words in a phrase that is looked for repeated

	// Below these mean log probabilities a text that shows no fault is decoded a second time, with more care. Short chunks
	// are unsure more easily, and cost less.
	unsureLong  = -0.3
	unsureShort = -0.15
	shortChunk  = 10.0 // seconds of speech
)

// decoded is one attempt at a chunk, or at a part of it.
type decoded struct {
	tokens   []token // of text
	logProbs float64 // their natural log probabilities, summed
}

// join appends what was decoded of the rest of the chunk.
func (d *decoded) join(rest decoded) {
	d.tokens = append(d.tokens, rest.tokens...)
	d.logProbs += rest.logProbs
}

func (d *decoded) text() string {
	var b strings.Builder
	for _, t := range d.tokens {
		b.Write(t.text)
	}
	return strings.ToValidUTF8(strings.TrimSpace(b.String()), "")
}

// sureness is the mean natural log probability of the tokens.
func (d *decoded) sureness() float64 { return d.logProbs / float64(max(len(d.tokens), 1)) }

// sure reports whether whisper was sure enough of a text without faults that there is no need to try once more.
func (d *decoded) sure(speechSeconds float64) bool {
	if speechSeconds < shortChunk {
		return d.sureness() >= unsureShort
	}
	return d.sureness() >= unsureLong
}

// faults tells what is wrong with an attempt, and how much it weighs. Zero is a good result.
func (d *decoded) faults(speechSeconds float64) (found []string, weight int) {
	text := d.text()
	chars := float64(utf8.RuneCountInString(text))
	for _, f := range []struct {
		found  bool
		weight int
		says   string
	}{
		{repeats(strings.Fields(strings.ToLower(text))) >= mostRepeats || compression(text) > worstCompression, 8, "repeats itself"},
		{chars > fastestSpeech*max(speechSeconds, 1), 2, "more text than can be said in that time"},
		{speechSeconds >= slowestFrom && chars < slowestSpeech*speechSeconds, 2, "hardly any text for that much speech"},
		{d.sureness() < worstLogProb, 1, "the words are guesses"},
	} {
		if f.found {
			found, weight = append(found, f.says), weight+f.weight
		}
	}
	return found, weight
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
