package convert

import "math"

// The spectrogram of every Whisper model: 16 kHz audio, FFT of 400 samples.
const (
	sampleRate = 16000
	fftSize    = 400
	fftBins    = fftSize/2 + 1
)

// melFilters returns the filter bank of n mel bands, n rows of 201 values, as librosa.filters.mel(sr=16000, n_fft=400,
// n_mels=n) gives it: Slaney's scale, rows normalised to equal area. The official files hold those numbers, so the
// rounding is librosa's too: a triangle is rounded to float32, scaled in float64 and rounded again.
//
// Each product is converted before it is added: otherwise some processors fuse the two and round once only.
func melFilters(n int) []float32 {
	edges := make([]float64, n+2) // Hz
	top := hzToMel(sampleRate / 2)
	step := top / float64(n+1)
	for i := range edges {
		edges[i] = melToHz(float64(i) * step)
	}
	edges[n+1] = melToHz(top)
	filters := make([]float32, 0, n*fftBins)
	binHz := 1 / (fftSize * (1.0 / float64(sampleRate)))
	for i := range n {
		norm := 2 / (edges[i+2] - edges[i])
		for k := range fftBins {
			hz := float64(k) * binHz
			lower := -(edges[i] - hz) / (edges[i+1] - edges[i])
			upper := (edges[i+2] - hz) / (edges[i+2] - edges[i+1])
			height := math.Min(lower, upper)
			if height < 0 { // not math.Max: the first value stays -0, as numpy has it
				height = 0
			}
			filters = append(filters, float32(float64(float32(height))*norm))
		}
	}
	return filters
}

// Slaney's mel scale: linear below 1 kHz, logarithmic above.
const (
	melLinearHz  = 200.0 / 3 // Hz a mel below the break
	melBreakHz   = 1000.0
	melBreak     = melBreakHz / melLinearHz
	melLogFactor = 27.0 // mels from the break to 6.4 times its frequency
)

func hzToMel(hz float64) float64 {
	if hz < melBreakHz {
		return hz / melLinearHz
	}
	return melBreak + float64(math.Log(hz/melBreakHz)/(math.Log(6.4)/melLogFactor))
}

func melToHz(mel float64) float64 {
	if mel < melBreak {
		return melLinearHz * mel
	}
	return melBreakHz * math.Exp((math.Log(6.4)/melLogFactor)*(mel-melBreak))
}
