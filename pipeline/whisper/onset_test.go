package whisper

import (
	"math"
	"testing"
)

// swell returns a second of a 200 Hz tone that is loud from begin to end, in ms, and 40 dB quieter elsewhere.
func swell(begin, end int) []float32 {
	samples := make([]float32, SampleRate)
	for i := range samples {
		level := 0.003
		if ms := i / samplesMS; ms >= begin && ms < end {
			level = 0.3
		}
		samples[i] = float32(level * math.Sin(2*math.Pi*200*float64(i)/SampleRate))
	}
	return samples
}

func TestWordsBeginWhereTheirSoundSetsIn(t *testing.T) {
	const start = 7000 // ms of the chunk in the recording
	for name, tc := range map[string]struct {
		samples       []float32
		aligned, want int64
	}{
		"aligned too late":           {swell(400, 1000), 7500, 7400},
		"aligned too early":          {swell(400, 1000), 7330, 7400},
		"too far before":             {swell(400, 1000), 7270, 7270},
		"too far after":              {swell(400, 1000), 7560, 7560},
		"nothing swells":             {swell(0, 1000), 7500, 7500},
		"it fades":                   {swell(0, 500), 7500, 7500},
		"silence":                    {make([]float32, SampleRate), 7500, 7500},
		"at the start of the chunk":  {swell(0, 1000), 7000, 7000},
		"at its end":                 {swell(400, 1000), 8100, 8100},
		"in another part altogether": {swell(400, 1000), 90_000, 90_000},
		"before it":                  {swell(400, 1000), 0, 0},
		"shorter than a frame":       {make([]float32, loudFrame-1), 7000, 7000},
	} {
		if got := loudnessOf(tc.samples, start*samplesMS).onset(tc.aligned); got != tc.want {
			t.Errorf("%s: the word begins at %d ms, want %d", name, got, tc.want)
		}
	}
}
