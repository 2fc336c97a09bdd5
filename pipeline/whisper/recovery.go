package whisper

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/earshot/earshot/models"
)

const (
	mostDeaths    = 8  // of children in a row without a good window between: three chunks, each tried twice, and two more
	mostStarts    = 3  // of children in a row that died before they decoded anything
	mostLostTotal = 20 // chunks of one recording that may be lost
)

// cause is why a child ended before its time.
type cause int

const (
	causeCrash cause = iota
	causeHang
	causeMemory
	causeFailure // it said so itself
)

// death is the end of a child that another child may do better than.
type death struct {
	cause cause
	chunk *work // whose fault it was, when that is known
	err   error
}

func (d *death) Error() string { return d.err.Error() }
func (d *death) Unwrap() error { return d.err }

// reason is said of a chunk that is given up.
func (d *death) reason() string {
	switch d.cause {
	case causeHang:
		return "could not be decoded: it took too long, twice"
	case causeMemory:
		return "could not be decoded: memory ran out, twice"
	case causeFailure:
		return "could not be decoded: the decoder gave it up, twice"
	case causeCrash:
	}
	return "could not be decoded: the decoder crashed, twice"
}

// recovery is what is known of a recording across the children that work on it. A chunk that was being decoded when a child
// died is suspect; the next child decodes the suspects one at a time, so that the next death tells whose fault it is.
// That chunk is lost: it is left out and the rest goes on.
//
// Lost chunks are handed out when a good one follows, so that decoding that fails for good leaves them to a later attempt.
type recovery struct {
	order      order
	onWindow   func(Window) error
	onProgress func(atMS int64)
	report     models.Report

	open     map[int64]work // in decoders now, by start
	suspects []int64        // starts
	pending  []Window       // lost, not handed out
	toldMS   int64          // of onProgress
	good     int            // windows with a result
	lost     int            // chunks
	deaths   int            // since the last good window
	starts   int            // of children that decoded nothing
	worked   bool           // the child has begun a chunk
	last     error          // why the last child died
}

func newRecovery(req Request, onWindow func(Window) error, onProgress func(atMS int64)) *recovery {
	req.Decoders, req.Threads = req.decoders(), req.threads()
	req.Prompt = promptEnd(req.Prompt)
	return &recovery{order: order{Request: req}, onWindow: onWindow, onProgress: onProgress, toldMS: -1}
}

// begin prepares for a new child.
func (r *recovery) begin() order {
	r.open, r.pending, r.worked = map[int64]work{}, nil, false
	o := r.order
	o.Alone, o.Lost = slices.Clone(r.suspects), slices.Clone(r.order.Lost) // they change while the order is sent
	return o
}

// handle takes an event of the child.
func (r *recovery) handle(ev event) error {
	switch {
	case ev.Ready != nil:
		r.facts(*ev.Ready)
	case ev.Main != nil:
		r.order.MainLanguage = ev.Main.Code
	case ev.Began != nil:
		r.open[ev.Began.StartMS], r.worked = *ev.Began, true
	case ev.Ended != nil:
		delete(r.open, ev.Ended.StartMS)
	case ev.Window != nil:
		return r.window(*ev.Window)
	case ev.Progress != nil && len(r.pending) == 0:
		r.tell(ev.Progress.AtMS)
	}
	return nil
}

// facts takes what a child says of its decoders. The last one counts.
func (r *recovery) facts(f models.Report) {
	r.report.Engine, r.report.Device, r.report.Quantization = f.Engine, f.Device, f.Quantization
	r.report.Decoders, r.report.Threads, r.report.Parameters = f.Decoders, f.Threads, f.Parameters
}

func (r *recovery) window(w Window) error {
	r.pending = append(r.pending, w)
	if w.Lost {
		return nil
	}
	r.good++
	r.deaths, r.starts = 0, 0
	r.suspects = slices.DeleteFunc(r.suspects, func(start int64) bool { return start == w.StartMS })
	return r.flush()
}

// flush hands out the windows that wait.
func (r *recovery) flush() error {
	for len(r.pending) > 0 {
		w := r.pending[0]
		w.MainLanguage = cmp.Or(r.order.MainLanguage, w.MainLanguage) // a lost chunk may have come before it was known
		if err := r.onWindow(w); err != nil {
			return err
		}
		r.pending = r.pending[1:]
		w.Tally(&r.report)
		r.report.DecodedMS += w.CursorMS - r.order.SkipMS
		r.order.SkipMS = w.CursorMS
		r.order.Lost = slices.DeleteFunc(r.order.Lost, func(l lostChunk) bool { return l.StartMS == w.StartMS })
		r.tell(w.CursorMS)
	}
	return nil
}

func (r *recovery) tell(atMS int64) {
	if r.onProgress != nil && atMS > r.toldMS {
		r.toldMS = atMS
		r.onProgress(atMS)
	}
}

// finish takes the result of the child that came to the end.
func (r *recovery) finish(result Result) (Result, error) {
	if r.lost > 0 && r.good == 0 && r.order.SkipMS == 0 {
		return result, fmt.Errorf("no part of this recording could be decoded, the decoder died each time: %w", r.last)
	}
	if err := r.flush(); err != nil {
		return result, err
	}
	r.report.DecodedMS += max(result.DurationMS-r.order.SkipMS, 0)
	return result, nil
}

// after decides what follows a child's death: nil to go on with another child, or the error that ends the recording.
func (r *recovery) after(d *death) error {
	r.deaths, r.last = r.deaths+1, d.err
	if !r.worked {
		r.starts++
	}
	alone := d.chunk
	if alone == nil && len(r.open) == 1 {
		for _, w := range r.open {
			alone = &w
		}
	}
	fewer := d.cause == causeMemory && r.order.Decoders > 1
	if fewer {
		r.order.Decoders /= 2
	}
	switch {
	case alone != nil && slices.Contains(r.suspects, alone.StartMS) && !fewer:
		r.lost++
		r.suspects = slices.DeleteFunc(r.suspects, func(start int64) bool { return start == alone.StartMS })
		r.order.Lost = append(r.order.Lost, lostChunk{StartMS: alone.StartMS, Reason: d.reason()})
	case d.chunk != nil:
		r.suspect(*d.chunk)
	default:
		for _, w := range r.open {
			r.suspect(w)
		}
	}
	switch {
	case r.starts >= mostStarts:
		return fmt.Errorf("the decoder was started %d times and died each time before it decoded anything: %w", r.starts, d.err)
	case r.deaths >= mostDeaths:
		return fmt.Errorf("the decoder was started again %d times and died each time: %w", r.deaths, d.err)
	case r.lost > mostLostTotal:
		return fmt.Errorf("the decoder died of %d pieces of this recording: %w", r.lost, d.err)
	}
	return nil
}

func (r *recovery) suspect(w work) {
	if !slices.Contains(r.suspects, w.StartMS) {
		r.suspects = append(r.suspects, w.StartMS)
	}
}
