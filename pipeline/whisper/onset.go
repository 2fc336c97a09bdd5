package whisper

import "math"

// Where words begin in sound. Alignment says roughly where a word begins; where the sound swells near there, as after a
// pause, at a change of speakers, or when the lips open for a "p", it begins there.
const (
	loudFrame   = 10 * samplesMS // samples of which the loudness is one number
	onsetFrames = 3              // frames before and after a moment that are compared
	onsetBefore = 130            // ms before the aligned start that are searched
	onsetAfter  = 90             // ms after it
	leastOnset  = 12.0           // dB that the sound must swell by
	onsetFar    = 0.1            // dB more for every ms away from the aligned start
	fullScale   = 1 << 15        // of 16-bit samples: silence is what they round to nothing
)

// loudness is how loud each frame of a chunk is.
type loudness struct {
	startMS int64     // of the first frame in the recording
	sums    []float64 // dB of all frames before this one; one more than there are frames
}

// loudnessOf measures samples whose first one is number start of the recording.
func loudnessOf(samples []float32, start int64) loudness {
	l := loudness{startMS: start / samplesMS, sums: make([]float64, 1, len(samples)/loudFrame+1)}
	for ; len(samples) >= loudFrame; samples = samples[loudFrame:] {
		var power float64
		for _, s := range samples[:loudFrame] {
			power += float64(s) * float64(s)
		}
		db := 10 * math.Log10(power/loudFrame*fullScale*fullScale+1)
		l.sums = append(l.sums, l.sums[len(l.sums)-1]+db)
	}
	return l
}

// onset returns where sound sets in near ms of the recording, or ms where it does not.
func (l loudness) onset(ms int64) int64 {
	const frameMS = loudFrame / samplesMS
	best, most := ms, leastOnset
	first, last := (ms-onsetBefore-l.startMS)/frameMS, (ms+onsetAfter-l.startMS)/frameMS
	for i := max(first, onsetFrames); i <= min(last, int64(len(l.sums))-1-onsetFrames); i++ {
		at := l.startMS + i*frameMS
		swell := (l.sums[i+onsetFrames] - 2*l.sums[i] + l.sums[i-onsetFrames]) / onsetFrames
		if worth := swell - onsetFar*math.Abs(float64(at-ms)); worth > most {
			best, most = at, worth
		}
	}
	return best
}
