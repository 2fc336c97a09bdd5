package audio

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
)

const (
	sidesRate  = 4000 // Hz: most of the power of speech lies below 2 kHz
	sidesFrame = 128  // samples of a side in a frame
	frameMS    = sidesFrame * 1000 / sidesRate
	lookEvery  = 10 * 60 * 1000 / frameMS // frames after which ordinary stereo is given up
)

// Sides tells which side of a stereo recording is heard at each moment, for a recording that has one speaker a side.
type Sides struct {
	lean []int8 // for each frame: by how many half dB the left side is above the right, in terms of their own levels
}

// Sides listens to the whole of f and tells whether it has one speaker a side; nil when it has not, as everything that
// does not have two channels. Ordinary stereo is given up after some minutes of audio; an hour of mp3 takes about 4 s. The
// answer is the same each time. Memory is two bytes for 32 ms of audio. Errors are those of decoding.
func (t *Tool) Sides(ctx context.Context, f *os.File) (*Sides, error) {
	p, err := t.probe(ctx, f)
	if err != nil {
		return nil, err
	}
	if p.Channels != 2 {
		return nil, nil
	}
	s, err := t.start(ctx, f, p, layout{rate: sidesRate, channels: 2})
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	var frames []levels
	buf := make([]float32, 32*2*sidesFrame)
	for {
		n, err := s.Read(buf)
		for rest := buf[:n]; len(rest) >= 2*sidesFrame; rest = rest[2*sidesFrame:] {
			frames = append(frames, measure(rest[:2*sidesFrame]))
			if len(frames)%lookEvery == 0 && listen(frames).ordinary() {
				return nil, nil
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if b := listen(frames); b.oneSpeakerASide() {
		return b.sides(frames), nil
	}
	return nil, nil
}

// Left is for how long, in ms, the left side is heard between two moments, more than the right one, weighed by how clearly
// it is above it. It is negative where the right side is heard more, and near 0 where both or none are. Moments are ms from
// the start of the recording; what lies outside it is silent.
func (s *Sides) Left(fromMS, toMS int64) int64 {
	first := max(fromMS/frameMS, 0)
	last := min((toMS+frameMS-1)/frameMS, int64(len(s.lean)))
	sum := int64(0)
	for i := first; i < last; i++ {
		within := min((i+1)*frameMS, toMS) - max(i*frameMS, fromMS)
		sum += within * int64(s.lean[i])
	}
	return sum / clearly
}

// levels are the powers of the left and the right side in a frame, in half dB above -100 dBFS; 0 is silence.
type levels [2]uint8

// measure returns the levels of interleaved samples. The mean is left out: some recorders add a constant.
func measure(frame []float32) levels {
	var out levels
	for side := range out {
		sum, squares := 0.0, 0.0
		for i := side; i < len(frame); i += 2 {
			v := float64(frame[i])
			sum += v
			squares += v * v
		}
		n := float64(len(frame) / 2)
		power := squares/n - (sum/n)*(sum/n)
		if power > 1e-10 {
			out[side] = uint8(min(20*math.Log10(power)+200, math.MaxUint8))
		}
	}
	return out
}
