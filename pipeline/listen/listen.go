package listen

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
)

// LongestCut is the greatest length of a part, in milliseconds.
const LongestCut = 10 * 60 * 1000

// Media opens recordings.
type Media interface {
	Open(ctx context.Context, key string) (*os.File, error)
	Has(ctx context.Context, key string) (bool, error)
}

// Options says what a [Maker] works with. Dir, Audio, Media and Logger are required.
type Options struct {
	Dir    string
	Audio  *audio.Tool
	Media  Media
	Logger *slog.Logger
	// Bytes is how much is kept; 0 means 10 GiB.
	Bytes int64
	// AtOnce is how many things are made at a time; 0 means 2.
	AtOnce int
	// Waiting is how many more may wait to be made; 0 means 32. What is asked for then is [models.ErrBusy].
	Waiting int
}

// Maker makes and keeps what is derived of recordings.
type Maker struct {
	o       Options
	shelf   shelf
	flights flights
	slots   chan struct{}
	waiting atomic.Int64
}

// New returns a maker.
func New(o Options) *Maker {
	return &Maker{
		o: o, shelf: shelf{o.Dir, cmp.Or(o.Bytes, 10<<30)}, slots: make(chan struct{}, cmp.Or(o.AtOnce, 2)),
	}
}

// Peaks returns how loud a recording is, see [audio.Tool.Peaks]. title says in errors which it is. Here as everywhere, the recording is
// silent in the stretches held, which are in order, none meeting another.
func (m *Maker) Peaks(ctx context.Context, of models.Media, title string, held []models.Span) ([]byte, error) {
	source := m.recording(of)
	if len(held) > 0 {
		source = func(ctx context.Context) (*os.File, error) { return m.Playback(ctx, of, title, held) }
	}
	f, err := m.need(ctx, of, held, peaksEnding, source, func(ctx context.Context, in, out *os.File) error {
		peaks, err := m.o.Audio.For(title).Peaks(ctx, in)
		if err == nil {
			_, err = out.Write(peaks)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Playback opens the copy of a recording that is to be played in its place; nil where the recording itself is, which is never so where
// something is held. A copy keeps the times.
func (m *Maker) Playback(ctx context.Context, of models.Media, title string, held []models.Span) (*os.File, error) {
	if len(held) > 0 {
		return m.need(ctx, of, held, playEnding, m.recording(of), func(ctx context.Context, in, out *os.File) error {
			return m.o.Audio.For(title).WriteSilenced(ctx, held, in, out)
		})
	}
	f, err := m.need(ctx, of, nil, playEnding, m.recording(of), func(ctx context.Context, in, out *os.File) error {
		tool := m.o.Audio.For(title)
		kind, err := tool.Copy(ctx, in)
		if err == nil && kind != audio.CopyNone {
			err = tool.WriteCopy(ctx, kind, in, out)
		}
		if errors.Is(err, models.ErrUnusable) {
			return out.Truncate(0) // a damaged recording is played as well as browsers can
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.Size() == 0 {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Cut opens a part of a recording as an M4A file, which must be at most [LongestCut] long. artist is written into it beside
// the title.
func (m *Maker) Cut(ctx context.Context, of models.Media, title, artist string, startMS, endMS int64, held []models.Span) (*os.File, error) {
	if startMS < 0 || endMS <= startMS || endMS-startMS > LongestCut {
		return nil, models.Explain(models.ErrInvalid, "a part must end after it starts, and be at most ten minutes long")
	}
	// Other episodes may have the same recording, and not be for those who may hear this one: what is written into the file is
	// part of its name.
	named := sha256.Sum256([]byte(title + "\x00" + artist))
	ending := fmt.Sprintf(".%d-%d-%x%s", startMS, endMS, named[:8], cutEnding)
	// Not every recording can be entered at a moment; its copy can.
	source := func(ctx context.Context) (*os.File, error) {
		if play, err := m.Playback(ctx, of, title, held); play != nil || err != nil {
			return play, err
		}
		return m.recording(of)(ctx)
	}
	return m.need(ctx, of, held, ending, source, func(ctx context.Context, in, out *os.File) error {
		return m.o.Audio.For(title).WriteCut(ctx, audio.Cut{StartMS: startMS, EndMS: endMS, Title: title, Artist: artist}, in, out)
	})
}

// Prepare makes what the first listener would wait for.
func (m *Maker) Prepare(ctx context.Context, of models.Media, title string, held []models.Span) error {
	_, err := m.Peaks(ctx, of, title, held)
	f, err2 := m.Playback(ctx, of, title, held)
	if f != nil {
		err2 = errors.Join(err2, f.Close())
	}
	return errors.Join(err, err2)
}

// Forget removes what was made of a recording that is gone in the folder dir.
func Forget(dir, key string) error {
	return shelf{dir: dir}.forget(models.Media{Key: key})
}

// Hold removes what was made of a recording before the stretches held were to be silent in it, and no others.
func (m *Maker) Hold(of models.Media, held []models.Span) error {
	return m.shelf.forgetOthers(of, held)
}

// recording opens a recording itself.
func (m *Maker) recording(of models.Media) func(ctx context.Context) (*os.File, error) {
	return func(ctx context.Context) (*os.File, error) { return m.o.Media.Open(ctx, of.Key) }
}

// need opens a file of a recording that is silent in the stretches held. Where it is not there, it is made of what source opens.
func (m *Maker) need(ctx context.Context, of models.Media, held []models.Span, ending string, source func(ctx context.Context) (*os.File, error),
	write func(ctx context.Context, in, out *os.File) error,
) (*os.File, error) {
	path, err := m.shelf.path(of, without(held)+ending)
	if err != nil {
		return nil, err
	}
	if f, err := m.shelf.open(path); f != nil || err != nil {
		return f, err
	}
	err = m.flights.do(ctx, path, func(ctx context.Context) error {
		in, err := source(ctx) // may wait for a slot of its own
		if err != nil {
			return err
		}
		defer in.Close()
		return m.inTurn(ctx, func() error {
			err := m.shelf.put(path, func(out *os.File) error { return write(ctx, in, out) })
			if err != nil || len(held) == 0 {
				return err
			}
			// Another machine may have been told of what is private, or somebody was faster to ask than to know.
			return m.shelf.forgetOthers(of, held)
		})
	})
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// inTurn waits for a free slot.
func (m *Maker) inTurn(ctx context.Context, f func() error) error {
	defer m.waiting.Add(-1)
	if most := cmp.Or(m.o.Waiting, 32) + cap(m.slots); m.waiting.Add(1) > int64(most) {
		return models.Explain(models.ErrBusy, "too much is being made for listeners: try again in a moment")
	}
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
		return f()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run keeps the folder within its bounds until ctx ends.
func (m *Maker) Run(ctx context.Context) error {
	const every, often = 10 * time.Minute, 36 // asking for recordings may cost a request each
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		has := m.o.Media.Has
		if n%often > 0 {
			has = func(context.Context, string) (bool, error) { return true, nil }
		}
		if err := m.shelf.tidy(ctx, has); err != nil && ctx.Err() == nil {
			m.o.Logger.WarnContext(ctx, "the folder of copies for listeners cannot be tidied", "dir", m.o.Dir, "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
