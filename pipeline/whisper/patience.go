package whisper

import (
	"fmt"
	"sync"
	"time"
)

// patience is how long a chunk may take.
type patience struct {
	least  time.Duration // even the shortest one
	unseen time.Duration // as long as no chunk was decoded to measure by; also how long a child may do nothing at all
	times  float64       // as long as the slowest chunk of the recording, in proportion to their lengths
}

func (p patience) orDefaults(unseen time.Duration) patience {
	if p.least <= 0 {
		p.least = time.Minute
	}
	if p.times <= 0 {
		p.times = 30 // a second and a third try, with the full context and beams, take about that long
	}
	if p.unseen = unseen; unseen <= 0 {
		p.unseen = 15 * time.Minute // the largest model takes minutes for a chunk on a small machine
	}
	return p
}

// pace is the slowest chunk seen so far, in ms of decoding for each ms of audio; 0 when none was.
type pace float64

func (p *pace) saw(took time.Duration, lengthMS int64) {
	if lengthMS > 0 {
		*p = max(*p, pace(float64(took.Milliseconds())/float64(lengthMS)))
	}
}

const fullContextMS = 30_000

// allows is how long a chunk of some length may take. Sampling, the last way that is tried, encodes the full context however
// short the chunk.
func (p patience) allows(slowest pace, lengthMS int64) time.Duration {
	if slowest == 0 {
		return p.unseen
	}
	return max(p.least, time.Duration(p.times*float64(slowest)*float64(max(lengthMS, fullContextMS)))*time.Millisecond)
}

// watchdog calls hung once when a chunk takes too long, or when the child neither decodes nor takes samples nor says
// anything. Its methods may be called from several goroutines.
type watchdog struct {
	patience patience
	hung     func(error)

	mu    sync.Mutex
	timer *time.Timer
	pace  *pace
	alive time.Time
	open  map[int64]inDecoder // by the start of the chunk
}

type inDecoder struct {
	began time.Time
	most  time.Duration
}

func newWatchdog(p patience, slowest *pace, hung func(error)) *watchdog {
	w := &watchdog{patience: p, hung: hung, pace: slowest, alive: time.Now(), open: map[int64]inDecoder{}}
	w.timer = time.AfterFunc(p.unseen, w.look)
	return w
}

func (w *watchdog) stop() { w.timer.Stop() }

// sign notes that the child lives.
func (w *watchdog) sign() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alive = time.Now()
}

func (w *watchdog) began(c work) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alive = time.Now()
	w.open[c.StartMS] = inDecoder{w.alive, w.patience.allows(*w.pace, c.LengthMS)}
	w.arm()
}

func (w *watchdog) ended(c work) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alive = time.Now()
	if in, ok := w.open[c.StartMS]; ok && !c.Detecting {
		w.pace.saw(w.alive.Sub(in.began), c.LengthMS)
	}
	delete(w.open, c.StartMS)
	w.arm()
}

// next is when somebody must look again: the earliest end of a chunk's time, or of the child's silence when none is decoded.
func (w *watchdog) next() time.Time {
	if len(w.open) == 0 {
		return w.alive.Add(w.patience.unseen)
	}
	var first time.Time
	for _, in := range w.open {
		if at := in.began.Add(in.most); first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

func (w *watchdog) arm() { w.timer.Reset(max(time.Until(w.next()), 0)) }

// look runs when the time seems to be over.
func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if now.Before(w.next()) {
		w.arm()
		return
	}
	for start, in := range w.open {
		if !now.Before(in.began.Add(in.most)) {
			w.hung(fmt.Errorf("the decoder was stopped: the speech at %s took more than %s", clock(start), in.most))
			return
		}
	}
	w.hung(fmt.Errorf("the decoder said nothing for %s and was stopped: the machine may be overloaded", w.patience.unseen))
}

// clock writes a moment of a recording for people.
func clock(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(time.Second).String()
}
