package audio

import "math"

// What is told from what; levels and differences are in half dB.
const (
	aboveFloor  = 2 * 10 // a side sounds when it is this far above its own noise
	nearFloor   = 2 * 4  // and has nothing to say when it is not even this far
	quietest    = 2 * 35 // a side below -65 dBFS does not sound
	widest      = 2 * 30 // differences beyond this are all the same
	clearly     = 2 * 20 // a side that is this far above the other is all that is heard
	undecided   = 2 * 6  // a side that is less than this above the other does not stand out
	apart       = 2 * 18 // the least distance between "left speaks" and "right speaks"
	uneven      = 2 * 15 // the most that one side may be turned up
	worthwhile  = 2 * 6  // a speaker who is not even this much quieter is not turned up
	leak        = 2 * 15 // how far below a speaker the other side must stay when it is turned up
	firstFrames = 3000 / frameMS
	turnFrames  = 250 / frameMS
)

// balance tells how the loudness of the two sides of a recording compares.
//
// With one speaker a side, the difference of the levels has two heaps, one for each speaker, and nearly nothing between
// them: only moments at which both speak. Ordinary stereo has one heap. Where the heaps lie depends on the gains, so that
// the border between them is found as Otsu's method finds it (A threshold selection method from gray-level histograms,
// 1979), and need not be at equal levels.
type balance struct {
	floor  [2]int // noise of each side: the level that nine of ten frames are above
	middle int    // the difference of the levels, left minus right, at the border between the heaps
	apart  int    // the distance of the heaps' centres
	// Frames in which a side sounds: all of them; those in which both are about as loud; those in which the left or the right
	// side stands out.
	sounding, even, left, right int
	turns                       int // how often the side that stands out changes, plus one
	// mean is the mean level of the left and the right side, while the left one stands out and while the right one does.
	mean [2][2]int
}

func listen(frames []levels) balance {
	b := balance{floor: floors(frames)}
	var heap [2*widest + 1]int
	for _, f := range frames {
		if d, ok := b.difference(f); ok {
			heap[d+widest]++
			b.sounding++
			if -undecided < d && d < undecided {
				b.even++
			}
		}
	}
	b.middle, b.apart = border(heap[:])
	b.middle -= widest
	recent, side := 0, 0
	for _, f := range frames {
		s := b.standsOut(f)
		switch s {
		case 1:
			b.left++
			b.mean[0][0], b.mean[0][1] = b.mean[0][0]+int(f[0]), b.mean[0][1]+int(f[1])
		case -1:
			b.right++
			b.mean[1][0], b.mean[1][1] = b.mean[1][0]+int(f[0]), b.mean[1][1]+int(f[1])
		}
		// A turn is more than a sound: a side must stand out for a while.
		recent = max(min(recent+s, turnFrames), -turnFrames)
		if (recent == turnFrames || recent == -turnFrames) && recent != side {
			side = recent
			b.turns++
		}
	}
	for side := range b.mean {
		b.mean[0][side] /= max(b.left, 1)
		b.mean[1][side] /= max(b.right, 1)
	}
	return b
}

// floors returns the tenth percentile of each side's levels.
func floors(frames []levels) [2]int {
	var out [2]int
	for side := range out {
		var count [256]int
		for _, f := range frames {
			count[f[side]]++
		}
		for below := count[0]; below*10 < len(frames); below += count[out[side]] {
			out[side]++
		}
	}
	return out
}

// border splits a histogram in two by Otsu's method. It returns the place in the middle between the centres of the two
// parts, and the centres' distance; 0 when there are not two parts.
func border(heap []int) (middle, apart int) {
	var n, sum float64
	for i, c := range heap {
		n += float64(c)
		sum += float64(c) * float64(i)
	}
	best, below, sumBelow := 0.0, 0.0, 0.0
	for i, c := range heap {
		below += float64(c)
		sumBelow += float64(c) * float64(i)
		if below == 0 || below == n {
			continue
		}
		low, high := sumBelow/below, (sum-sumBelow)/(n-below)
		if v := below * (n - below) * (high - low) * (high - low); v > best {
			best, middle, apart = v, int((low+high)/2+0.5), int(high-low)
		}
	}
	return middle, apart
}

// difference is by how much the left side is louder than the right one; ok is false when neither sounds.
func (b balance) difference(f levels) (d int, ok bool) {
	var sounds, says [2]bool
	for side, level := range f {
		sounds[side] = int(level) >= max(b.floor[side]+aboveFloor, quietest)
		says[side] = int(level) > max(b.floor[side]+nearFloor, quietest-aboveFloor)
	}
	switch {
	case !sounds[0] && !sounds[1]:
		return 0, false
	case !says[1]:
		return widest, true
	case !says[0]:
		return -widest, true
	}
	return max(min(int(f[0])-int(f[1]), widest), -widest), true
}

// standsOut is 1 when the left side stands out, -1 when the right one does, 0 otherwise.
func (b balance) standsOut(f levels) int {
	d, ok := b.difference(f)
	switch {
	case !ok:
		return 0
	case d-b.middle >= undecided:
		return 1
	case d-b.middle <= -undecided:
		return -1
	}
	return 0
}

// oneSpeakerASide is the verdict.
func (b balance) oneSpeakerASide() bool {
	least := max(b.sounding*3/100, 1000/frameMS)
	return b.sounding >= firstFrames && b.apart >= apart && b.left >= least && b.right >= least && b.turns >= 3 &&
		-uneven <= b.middle && b.middle <= uneven && (b.sounding-b.left-b.right)*10 <= b.sounding
}

// ordinary tells of the first minutes of a recording that both sides mostly say the same, so that the rest need not be
// listened to.
func (b balance) ordinary() bool { return b.sounding >= lookEvery/4 && b.even*2 > b.sounding }

// mix turns up the side whose speaker is quieter: until both are as loud, or until what it has of the other speaker and of
// noise could be heard beside them.
func (b balance) mix() Mix {
	left, right := b.mean[0], b.mean[1]
	switch gain := left[0] - right[1]; {
	case gain >= worthwhile:
		return Mix{0.5, 0.5 * factor(min(gain, left[0]-left[1]-leak))}
	case gain <= -worthwhile:
		return Mix{0.5 * factor(min(-gain, right[1]-right[0]-leak)), 0.5}
	}
	return Mix{}
}

// factor is a gain of so many half dB, at least 1.
func factor(gain int) float64 { return math.Pow(10, float64(max(gain, 0))/40) }

// lean is what is kept of the frames, see [Sides].
func (b balance) lean(frames []levels) []int8 {
	lean := make([]int8, len(frames))
	for i, f := range frames {
		if d, ok := b.difference(f); ok {
			lean[i] = int8(max(min(d-b.middle, clearly), -clearly))
		}
	}
	return lean
}
