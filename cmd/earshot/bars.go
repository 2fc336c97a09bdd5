package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// unit is what a bar counts.
type unit int

const (
	unitAudio unit = iota // milliseconds of audio: shown as speed in times real time
	unitBytes
	unitChanges // numbers of the change sequence, which has gaps: only the time that is left says anything
)

// bars draws progress bars when its writer is a terminal, and nothing otherwise.
type bars struct {
	out      io.Writer
	progress *mpb.Progress // nil when not on a terminal
}

func newBars(out io.Writer) *bars {
	b := &bars{out: out}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		b.progress = mpb.New(mpb.WithOutput(f), mpb.WithWidth(40), mpb.WithRefreshRate(150*time.Millisecond))
	}
	return b
}

// say writes a line without tearing a bar.
func (b *bars) say(line string) {
	if b.progress != nil {
		_, _ = fmt.Fprintln(b.progress, line)
		return
	}
	_, _ = fmt.Fprintln(b.out, line)
}

// sayPlain writes a line after the bars are closed.
func (b *bars) sayPlain(line string) { _, _ = fmt.Fprintln(b.out, line) }

// print writes to another stream, which may be the same terminal.
func (b *bars) print(w io.Writer, write func(io.Writer) error) error {
	if b.progress != nil && w == io.Writer(os.Stdout) && term.IsTerminal(int(os.Stdout.Fd())) {
		return write(b.progress)
	}
	return write(w)
}

// close removes what is still drawn.
func (b *bars) close() {
	if b.progress != nil {
		b.progress.Shutdown()
	}
}

// bar is one line of progress; its methods do nothing off a terminal. The total may change while it runs, and may be
// wrong: the drawn bar counts thousandths and never fills up by itself.
type bar struct {
	bar            *mpb.Bar
	current, total atomic.Int64
	base           int64 // what was done before the bar was drawn
	started        time.Time
}

const thousandths = 1000

func (b *bars) add(name string, total int64, u unit) *bar { return b.resume(name, 0, total, u) }

// resume draws a bar of what is done in part already.
func (b *bars) resume(name string, done, total int64, u unit) *bar {
	r := &bar{base: done, started: time.Now()}
	r.total.Store(total)
	if b.progress == nil {
		return r
	}
	detail := decor.Any(func(decor.Statistics) string {
		current, total := r.current.Load(), r.total.Load()
		share := ""
		if total > 0 {
			share = fmt.Sprintf("%3d %%", min(100, current*100/total))
		}
		return share + describe(u, current, current-r.base, total, time.Since(r.started))
	})
	r.bar = b.progress.AddBar(thousandths+1, mpb.PrependDecorators(decor.Name(shorten(name, 30), decor.WCSyncSpaceR)), mpb.AppendDecorators(detail))
	return r
}

// describe says how fast it goes, by what was done in a time, and how long the rest will take.
func describe(u unit, current, done, total int64, took time.Duration) string {
	if done <= 0 || took < time.Second {
		return ""
	}
	perSecond := float64(done) / took.Seconds()
	if total <= 0 {
		total = current
	}
	left := time.Duration(float64(max(total-current, 0)) / perSecond * float64(time.Second)).Round(time.Second)
	switch u {
	case unitAudio:
		return fmt.Sprintf("  %.1f× real time, %s left", perSecond/1000, left)
	case unitBytes:
		return fmt.Sprintf("  %.1f MB/s, %s left", perSecond/1e6, left)
	default:
		return fmt.Sprintf("  %s left", left)
	}
}

func (r *bar) set(n int64) { r.of(n, r.total.Load()) }

// of sets progress of a total that may have changed.
func (r *bar) of(n, total int64) {
	r.current.Store(n)
	r.total.Store(total)
	if r.bar != nil && total > 0 {
		r.bar.SetCurrent(min(n*thousandths/total, thousandths))
	}
}

func (r *bar) done() {
	if r.bar != nil {
		r.bar.Abort(true)
	}
}

func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
