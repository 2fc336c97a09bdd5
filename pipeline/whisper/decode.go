//go:build !stub

package whisper

import (
	"fmt"

	low "github.com/ggerganov/whisper.cpp/bindings/go"
)

const (
	positionSamples = SampleRate / 50 // one encoder position stands for 20 ms
	fullContext     = 1500            // positions in whisper's 30 s
	extraContext    = 64              // positions of silence after a chunk: a context cut too tightly makes loops
	shortestInput   = SampleRate * 11 / 10
	leastAdvance    = SampleRate / 2 // what a window must cover, so that decoding the rest gets somewhere
	leastRest       = SampleRate / 2 // speech after a window that is worth another one
)

// attempt is one way of decoding a chunk, with its parameters for whisper.
type attempt struct {
	low    low.Params
	full   bool // with the full context instead of one that fits the chunk
	bestOf int
}

// attempts are the ways that are tried in turn until a result looks good: greedy with a context that fits the chunk; beam
// search with the full context; sampling.
func (m *model) attempts(languageID int, prompt string) ([]attempt, error) {
	ways := []struct {
		p      params
		full   bool
		bestOf int
	}{
		{params{languageID: languageID, prompt: prompt, beams: 1}, false, 1},
		{params{languageID: languageID, prompt: prompt, beams: 5}, true, 1},
		// The prompt is left out: with bad audio it is what the decoder loops on.
		{params{languageID: languageID, beams: 1, temperature: 0.4}, true, 5},
	}
	out := make([]attempt, 0, len(ways))
	for _, w := range ways {
		lp, err := m.lowParams(w.p)
		if err != nil {
			return nil, fmt.Errorf("preparing the decoder: %w", err)
		}
		out = append(out, attempt{lp, w.full, w.bestOf})
	}
	return out, nil
}

// best decodes a chunk, again and differently while the result looks bad, and returns the attempt with the fewest faults;
// the earlier one where they are equal. doubtful says that even that one looks bad.
func (d *decoder) best(c chunk, attempts []attempt) (result decoded, doubtful bool, err error) {
	seconds := float64(c.speechSamples()) / SampleRate
	fewest := -1
	for i := range attempts {
		got, err := d.whole(c, &attempts[i])
		if err != nil {
			return decoded{}, false, err
		}
		if n := got.faults(seconds); fewest < 0 || n < fewest {
			result, fewest = got, n
		}
		if fewest == 0 {
			return result, false, nil
		}
	}
	return result, true, nil
}

// whole decodes a chunk in one way: as often as the decoder stops early and leaves speech behind.
func (d *decoder) whole(c chunk, a *attempt) (decoded, error) {
	var all decoded
	rest, at := c.samples, c.audio.start
	for {
		samples := rest
		if len(samples) < shortestInput {
			samples = append(append(make([]float32, 0, shortestInput), rest...), make([]float32, shortestInput-len(rest))...)
		}
		positions := contextFor(len(samples))
		if a.full {
			positions = 0
		}
		got, err := d.decode(&a.low, positions, a.bestOf, samples, at/samplesMS)
		if err != nil {
			return all, err
		}
		all.join(got)
		if got.tokens == 0 || got.until < leastAdvance || got.until >= len(rest) || c.speechAfter(at+int64(got.until)) < leastRest {
			return all, nil
		}
		rest, at = rest[got.until:], at+int64(got.until)
	}
}

// contextFor returns the encoder positions for a number of samples: those, a little silence, and no more. Without flash
// attention every position counts; with it whisper.cpp 1.9.1 pads the context to 256 and looks at the padding, where an
// earlier chunk left its values, so that results depended on the chunks before. See loadModel.
func contextFor(samples int) int {
	return min(fullContext, (samples/positionSamples+extraContext+7)/8*8)
}
