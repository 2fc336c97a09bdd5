package main

import (
	"fmt"
	"io"
	"os"
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
	unitEpisodes
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

func (b *bars) close() {
	if b.progress != nil {
		b.progress.Wait()
	}
}

// bar is one line of progress; its methods do nothing off a terminal.
type bar struct {
	bar     *mpb.Bar
	total   int64
	started time.Time
}

func (b *bars) add(name string, total int64, u unit) *bar {
	r := &bar{total: total, started: time.Now()}
	if b.progress == nil {
		return r
	}
	detail := decor.Any(func(s decor.Statistics) string { return describe(u, s.Current, s.Total, time.Since(r.started)) })
	r.bar = b.progress.AddBar(max(total, 1), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(shorten(name, 30), decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), detail))
	return r
}

// describe says how fast it goes and how long it will take.
func describe(u unit, current, total int64, took time.Duration) string {
	if current <= 0 || took < time.Second {
		return ""
	}
	perSecond := float64(current) / took.Seconds()
	left := time.Duration(float64(max(total-current, 0)) / perSecond * float64(time.Second)).Round(time.Second)
	switch u {
	case unitAudio:
		return fmt.Sprintf("  %.1f× real time, %s left", perSecond/1000, left)
	case unitBytes:
		return fmt.Sprintf("  %.1f MB/s, %s left", perSecond/1e6, left)
	default:
		return fmt.Sprintf("  %.0f a second, %s left", perSecond, left)
	}
}

func (r *bar) set(n int64) {
	if r.bar == nil {
		return
	}
	if n > r.total { // the declared length was wrong
		r.bar.SetTotal(n+1, false)
	}
	r.bar.SetCurrent(n)
}

// of sets progress whose total may change.
func (r *bar) of(n, total int64) {
	if r.bar != nil && total > r.total {
		r.total = total
		r.bar.SetTotal(total, false)
	}
	r.set(n)
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
