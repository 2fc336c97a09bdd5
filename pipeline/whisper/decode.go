//go:build !stub

package whisper

import (
	"fmt"

	low "github.com/ggerganov/whisper.cpp/bindings/go"
)

const (
	positionSamples = SampleRate / 50 // one encoder position stands for 20 ms
	fullContext     = 1500            // positions in whisper's 30 s
	// Positions of silence after a chunk. A context cut too tightly makes loops, more so with beams, and positions cost time.
	extraContext   = 64
	carefulContext = 256
	leastContext   = 400
	shortestInput  = SampleRate * 11 / 10
	leastAdvance   = 3 * SampleRate     // what a window must cover, so that decoding the rest gets somewhere
	mostWindows    = 4                  // of a chunk: more is a decoder that gets nowhere
	leastRest      = SampleRate * 5 / 2 // speech after the last word of a window that is worth another one
	afterLast      = 350 * samplesMS    // what the last word may take after its end by alignment
)

// attempt is one way of decoding a chunk, with its parameters for whisper.
type attempt struct {
	low    low.Params
	extra  int // encoder positions after the chunk's
	bestOf int
}

// attempts are the ways that are tried in turn until a result looks good: greedy in a tight context; beam search in a wider
// one; sampling in the full one. Loops and doubts of the first become rare in the second, which takes twice the time.
func (m *model) attempts(languageID int, prompt string) ([]attempt, error) {
	ways := []struct {
		p      params
		extra  int
		bestOf int
	}{
		{params{languageID: languageID, prompt: prompt, beams: 1}, extraContext, 1},
		{params{languageID: languageID, prompt: prompt, beams: 4}, carefulContext, 1},
		// The prompt is left out: with bad audio it is what the decoder loops on.
		{params{languageID: languageID, beams: 1, temperature: 0.4}, fullContext, 5},
	}
	out := make([]attempt, 0, len(ways))
	for _, w := range ways {
		lp, err := m.lowParams(w.p)
		if err != nil {
			return nil, fmt.Errorf("preparing the decoder: %w", err)
		}
		out = append(out, attempt{lp, w.extra, w.bestOf})
	}
	return out, nil
}

// outcome is the best result that was found for a chunk.
type outcome struct {
	decoded

	attempts int      // ways that were tried
	faults   []string // why even the best one looks bad; none when it looks good
}

// best decodes a chunk, again and differently while the result looks bad, and once more when whisper was unsure of it. It
// returns the attempt with the lightest faults, and of equal ones that of which whisper was surest.
func (d *decoder) best(c chunk, ways []attempt) (outcome, error) {
	var best outcome
	lightest := -1
	seconds := float64(c.speechSamples()) / SampleRate
	for i := range ways {
		got, err := d.whole(c, &ways[i])
		if err != nil {
			return best, err
		}
		faults, weight := got.faults(seconds)
		if lightest < 0 || weight < lightest || weight == lightest && len(got.tokens) > 0 && got.sureness() > best.sureness() {
			best.decoded, best.faults, lightest = got, faults, weight
		}
		best.attempts = i + 1
		if lightest == 0 && (i > 0 || got.sure(seconds)) {
			break
		}
	}
	return best, nil
}

// whole decodes a chunk in one way: as often as the decoder stops early and leaves speech behind.
func (d *decoder) whole(c chunk, a *attempt) (decoded, error) {
	var all decoded
	rest, at := c.samples, c.audio.start
	for range mostWindows {
		samples := atLeastShortest(rest)
		got, err := d.decode(&a.low, contextFor(len(samples), a.extra), a.bestOf, samples, at/samplesMS)
		if err != nil {
			return all, err
		}
		all.join(got)
		if len(got.tokens) == 0 {
			return all, nil
		}
		until := got.tokens[len(got.tokens)-1].endMS*samplesMS + afterLast
		if until-at < leastAdvance || until-at >= int64(len(rest)) || c.speechAfter(until) < leastRest {
			return all, nil
		}
		rest, at = rest[until-at:], until
	}
	return all, nil
}

// atLeastShortest returns samples with silence after them where they are too few to decode.
func atLeastShortest(samples []float32) []float32 {
	if len(samples) >= shortestInput {
		return samples
	}
	out := make([]float32, shortestInput)
	copy(out, samples)
	return out
}

// contextFor returns the encoder positions for a number of samples: those, a little silence, and no more. Without flash
// attention every position counts; with it whisper.cpp 1.9.1 pads the context to 256 and looks at the padding, where an
// earlier chunk left its values, so that results depended on the chunks before. See loadModel.
func contextFor(samples, extra int) int {
	return min(fullContext, max(leastContext, (samples/positionSamples+extra+7)/8*8))
}
