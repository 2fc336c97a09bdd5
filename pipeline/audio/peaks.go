package audio

import (
	"context"
	"errors"
	"io"
	"os"
)

const (
	peakRate = 8000           // Hz: what is louder above 4 kHz alone is not speech
	peakStep = peakRate / 100 // samples of the shortest stretch that has a peak of its own: 10 ms
	maxPeaks = 2000           // of a recording; there are at least half as many, where it is 10 s long
)

// Peaks returns how loud f is from its start to its end, as one byte for each of equal stretches of time: its largest
// sample, in parts of that of the whole recording, which is 255. There are 1,000 to 2,000 of them, less for what is shorter
// than ten seconds, whatever the length; memory does not depend on it either. Errors are those of decoding.
func (t *Tool) Peaks(ctx context.Context, f *os.File) ([]byte, error) {
	p, err := t.probe(ctx, f)
	if err != nil {
		return nil, err
	}
	s, err := t.start(ctx, f, p, layout{rate: peakRate, channels: 1})
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	var w wave
	buf := make([]float32, 64*peakStep)
	for {
		n, err := s.Read(buf)
		for _, v := range buf[:n] {
			w.add(v)
		}
		if errors.Is(err, io.EOF) {
			return w.bytes(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// wave collects peaks. Its zero value is ready.
type wave struct {
	peaks []float32
	step  int // samples of each
	n     int // samples of the last one so far
}

func (w *wave) add(v float32) {
	if v < 0 {
		v = -v
	}
	if w.n == 0 {
		if len(w.peaks) == maxPeaks {
			w.halve()
		}
		w.peaks = append(w.peaks, 0)
	}
	last := &w.peaks[len(w.peaks)-1]
	*last = max(*last, v)
	if w.n++; w.n >= max(w.step, peakStep) {
		w.n = 0
	}
}

// halve makes one of every two stretches.
func (w *wave) halve() {
	for i := range len(w.peaks) / 2 {
		w.peaks[i] = max(w.peaks[2*i], w.peaks[2*i+1])
	}
	w.peaks, w.step = w.peaks[:len(w.peaks)/2], 2*max(w.step, peakStep)
}

func (w *wave) bytes() []byte {
	var most float32
	for _, v := range w.peaks {
		most = max(most, v)
	}
	out := make([]byte, len(w.peaks))
	for i, v := range w.peaks {
		if most > 0 {
			out[i] = byte(v/most*255 + 0.5)
		}
	}
	return out
}
