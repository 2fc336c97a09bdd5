package whisper

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// PCM is a stream of 16 kHz mono samples. Read works as io.Reader's does, counting samples. Close may come at any time
// after the last Read has returned.
type PCM interface {
	Read(samples []float32) (int, error)
	Close() error
}

// Source opens a recording at its start. It is called again when a decoder died and must then give the same samples. Reading
// must end soon after ctx does.
type Source func(ctx context.Context) (PCM, error)

// Options are the settings of a [Transcriber].
type Options struct {
	// Command is the child's program and arguments; the child must call [Serve] with its standard streams.
	Command []string
	// Env is the child's environment; nil means none.
	Env []string
	// Stall is how long the child may neither decode nor take samples nor say anything, and how long the first chunk of a
	// recording may take, before the child is killed; 0 means 15 minutes. Later chunks are measured by the slowest one so far.
	Stall time.Duration
	// Idle is how long a child is kept, with its model in memory, for the next recording; 0 means a minute, less than 0 not
	// at all.
	Idle time.Duration
	// Logger is told of children that start, die and end, and of each chunk they begin (debug); nil means nobody is.
	Logger *slog.Logger
}

// errClosed is the end of recordings that were being decoded when the transcriber was closed.
var errClosed = errors.New("the decoder is being shut down")

// Transcriber runs recordings through children, each of which takes one recording after the other. It is for several
// goroutines. Close must be called.
type Transcriber struct {
	o        Options
	patience patience
	closing  chan struct{}
	running  sync.WaitGroup // recordings, and children that are being ended

	mu     sync.Mutex
	closed bool
	idle   []*decoderChild
}

// NewTranscriber returns a transcriber that starts children with o.Command.
func NewTranscriber(o Options) *Transcriber {
	if o.Idle == 0 {
		o.Idle = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Transcriber{o: o, patience: patience{}.orDefaults(o.Stall), closing: make(chan struct{})}
}

// Close ends the recordings that are being decoded and all children, and returns when they are gone.
func (t *Transcriber) Close() {
	t.mu.Lock()
	if !t.closed {
		t.closed = true
		close(t.closing)
	}
	t.mu.Unlock()
	t.Unload()
	t.running.Wait()
}

// Transcribe decodes the recording that open gives. It calls onWindow with each window in order, and onProgress, which may
// be nil, with the time in ms before which everything is decoded. When ctx ends the child is killed and ctx's error returned.
// An error that wraps models.ErrInvalid says that the request itself cannot work.
//
// A child that crashes, hangs or runs out of memory is replaced, and the recording goes on where it was; a chunk that
// ends its child twice comes as a window without text. The other windows are the same as without a death.
func (t *Transcriber) Transcribe(ctx context.Context, req Request, open Source, onWindow func(Window) error, onProgress func(atMS int64)) (Result, error) {
	if !t.enter() {
		return Result{}, errClosed
	}
	defer t.running.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-t.closing:
			cancel(errClosed)
		case <-ctx.Done():
		}
	}()
	started := time.Now()
	r := newRecovery(req, onWindow, onProgress)
	result, err := t.recover(ctx, r, open)
	result.Language, result.Report = r.order.MainLanguage, r.report
	result.Report.TookMS = time.Since(started).Milliseconds()
	return result, err
}

// enter notes a running recording, unless the transcriber is closed.
func (t *Transcriber) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.running.Add(1)
	}
	return !t.closed
}

// recover runs children until one comes to the end of the recording, or there is no hope.
func (t *Transcriber) recover(ctx context.Context, r *recovery, open Source) (Result, error) {
	var slowest pace
	for {
		result, err := t.once(ctx, r, open, &slowest)
		var d *death
		switch {
		case err == nil:
			r.order.MainLanguage = result.Language
			return r.finish(result)
		case !errors.As(err, &d):
			return Result{}, err
		}
		if err := r.after(d); err != nil {
			return Result{}, err
		}
		t.o.Logger.WarnContext(ctx, "the decoder died and is started again", "at_ms", r.order.SkipMS, "decoders", r.order.Decoders, "error", d.err)
	}
}

// once runs the recording through one child, from where an earlier one stopped.
func (t *Transcriber) once(ctx context.Context, r *recovery, open Source, slowest *pace) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pcm, err := open(ctx)
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = pcm.Close() }() // it was read, or is not wanted any more
	o := r.begin()
	c, err := t.take(ctx, loadedBy(o.Request))
	if err != nil {
		return Result{}, err
	}
	keep := context.AfterFunc(ctx, c.kill)
	dog := newWatchdog(t.patience, slowest, func(err error) { cancel(&death{cause: causeHang, err: err}) })
	defer dog.stop()

	var feeding sync.WaitGroup
	feeding.Go(func() {
		if err := c.feed(o, pcm, dog.sign); err != nil {
			cancel(err)
		}
	})
	result, err := c.listen(func(ev event) error {
		switch {
		case ev.Began != nil:
			dog.began(*ev.Began)
			t.o.Logger.DebugContext(ctx, "chunk began", "pid", c.pid, "start_ms", ev.Began.StartMS, "length_ms", ev.Began.LengthMS)
		case ev.Ended != nil:
			dog.ended(*ev.Ended)
		default:
			dog.sign()
		}
		return r.handle(ev)
	})
	if err != nil {
		// The first cause wins: a child that was killed because its source failed, or hung, did not die by itself.
		cancel(err)
		c.end()
		feeding.Wait()
		return Result{}, context.Cause(ctx)
	}
	feeding.Wait() // the child has read all before it said "done"
	dog.stop()
	if keep() {
		t.give(c)
	} else {
		c.end() // it was killed just now
	}
	return result, nil
}

// Unload ends the idle children, which hold memory: whoever asks how much there is for another model need not count it.
func (t *Transcriber) Unload() {
	t.mu.Lock()
	idle := t.idle
	t.idle = nil
	t.mu.Unlock()
	for _, c := range idle {
		c.idle.Stop()
		c.end()
	}
}

// take returns an idle child that has loaded what is wanted, or starts one. Idle children with something else are ended
// first: they hold memory.
func (t *Transcriber) take(ctx context.Context, want loaded) (*decoderChild, error) {
	t.mu.Lock()
	var found *decoderChild
	var useless []*decoderChild
	t.idle = slices.DeleteFunc(t.idle, func(c *decoderChild) bool {
		switch {
		case c.has != want || !c.alive():
			useless = append(useless, c)
		case found == nil:
			found = c
		default:
			return false
		}
		c.idle.Stop()
		return true
	})
	t.mu.Unlock()
	for _, c := range useless {
		c.end()
	}
	if found != nil {
		found.Stderr.Reset()
		return found, nil
	}
	return t.start(ctx, want)
}

// give keeps a child for the next recording.
func (t *Transcriber) give(c *decoderChild) {
	t.mu.Lock()
	keep := !t.closed && t.o.Idle > 0
	if keep {
		c.idle = time.AfterFunc(t.o.Idle, func() { t.retire(c) })
		t.idle = append(t.idle, c)
	}
	t.mu.Unlock()
	if !keep {
		c.end()
	}
}

// retire ends a child that was idle for too long, if it still is.
func (t *Transcriber) retire(c *decoderChild) {
	t.mu.Lock()
	i := slices.Index(t.idle, c)
	if i < 0 {
		t.mu.Unlock()
		return
	}
	t.idle = slices.Delete(t.idle, i, i+1)
	t.running.Add(1)
	t.mu.Unlock()
	defer t.running.Done()
	c.end()
	t.o.Logger.Debug("idle decoder ended", "pid", c.pid)
}
