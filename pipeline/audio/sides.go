package audio

import (
	"context"
	"errors"
	"fmt"
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

// Sides is what listening to the two sides of a stereo recording tells.
type Sides struct {
	Mix Mix // how to make one of them
	// For each frame of a recording with one speaker a side: by how many half dB the left side is above the right, in terms
	// of their own levels. Nil for every other recording.
	lean []int8
}

// Mix is how much of the left and of the right side goes into the one that is decoded; the zero value means equal parts.
type Mix struct{ Left, Right float64 }

// filter is the mix as ffmpeg's filters, with a comma at its end.
func (m Mix) filter() string {
	if m == (Mix{}) {
		return ""
	}
	// As floats, which may go beyond full scale; as stereo also where a damaged file has a stretch of something else.
	return fmt.Sprintf("aformat=sample_fmts=fltp:channel_layouts=stereo,pan=mono|c0=%.4f*c0+%.4f*c1,", m.Left, m.Right)
}

// Sides listens to the whole of f and tells whether it has one speaker a side, and how to mix it: a speaker whose side is
// much quieter is turned up, because words get lost otherwise (with 34 dB less, one in five), and sides that are each other's
// negative are not added to silence. What has not two channels has nothing to tell.
//
// Ordinary stereo is given up after ten minutes of audio. The answer is the same each time. Memory is two bytes for 32 ms of
// audio. Errors are those of decoding.
func (t *Tool) Sides(ctx context.Context, f *os.File) (Sides, error) {
	p, err := t.probe(ctx, f)
	if err != nil || p.Channels != 2 {
		return Sides{}, err
	}
	s, err := t.start(ctx, f, p, layout{rate: sidesRate, channels: 2})
	if err != nil {
		return Sides{}, err
	}
	defer func() { _ = s.Close() }()
	var sound frames
	buf := make([]float32, 32*2*sidesFrame)
	for {
		n, err := s.Read(buf)
		for rest := buf[:n]; len(rest) >= 2*sidesFrame; rest = rest[2*sidesFrame:] {
			sound.add(rest[:2*sidesFrame])
			if len(sound.levels)%lookEvery == 0 && listen(sound.levels).ordinary() {
				return Sides{Mix: sound.mix()}, nil
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Sides{}, err
		}
	}
	if b := listen(sound.levels); b.oneSpeakerASide() {
		return Sides{Mix: b.mix(), lean: b.lean(sound.levels)}, nil
	}
	return Sides{Mix: sound.mix()}, nil
}

// OneSpeaker reports whether each side has one speaker.
func (s Sides) OneSpeaker() bool { return s.lean != nil }

// Left is for how long, in ms, the left side is heard between two moments, more than the right one, weighed by how clearly
// it is above it. It is negative where the right side is heard more, and near 0 where both or none are. Moments are ms from
// the start of the recording; what lies outside it is silent.
func (s Sides) Left(fromMS, toMS int64) int64 {
	first := max(fromMS/frameMS, 0)
	last := min((toMS+frameMS-1)/frameMS, int64(len(s.lean)))
	sum := int64(0)
	for i := first; i < last; i++ {
		within := min((i+1)*frameMS, toMS) - max(i*frameMS, fromMS)
		sum += within * int64(s.lean[i])
	}
	return sum / clearly
}

// frames is what is kept of the sound of a recording.
type frames struct {
	levels []levels
	// The powers of the sum and of the difference of the sides, over all frames.
	sum, difference float64
}

// levels are the powers of the left and the right side in a frame, in half dB above -100 dBFS; 0 is silence.
type levels [2]uint8

// add adds a frame of interleaved samples. Its mean is left out: some recorders add a constant.
func (f *frames) add(samples []float32) {
	var l, r, ll, rr, lr float64
	for i := 0; i+1 < len(samples); i += 2 {
		x, y := float64(samples[i]), float64(samples[i+1])
		l, r, ll, rr, lr = l+x, r+y, ll+x*x, rr+y*y, lr+x*y
	}
	n := float64(len(samples) / 2)
	ll, rr, lr = ll/n-l*l/n/n, rr/n-r*r/n/n, lr/n-l*r/n/n
	f.sum, f.difference = f.sum+ll+rr+2*lr, f.difference+ll+rr-2*lr
	f.levels = append(f.levels, levels{level(ll), level(rr)})
}

// level is a power as levels hold it.
func level(power float64) uint8 {
	if power <= 1e-10 {
		return 0
	}
	return uint8(min(20*math.Log10(power)+200, math.MaxUint8))
}

// cancels is how many times the power of the sides' difference is that of their sum when they are taken for each other's
// negative: a cable that was soldered the wrong way round.
const cancels = 50

func (f *frames) mix() Mix {
	if f.difference > cancels*f.sum {
		return Mix{0.5, -0.5}
	}
	return Mix{}
}
