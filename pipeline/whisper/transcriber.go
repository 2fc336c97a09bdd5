package whisper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/child"
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

// stderrBytes is how much of a child's complaints is kept.
const stderrBytes = 4096

// Options are the settings of a [Transcriber].
type Options struct {
	// Command is the child's program and arguments; the child must call [Serve] with its standard streams.
	Command []string
	// Env is the child's environment; nil means none.
	Env []string
	// Stall is how long the child may say nothing while it has work before it is killed; 0 means 15 minutes: a chunk may be
	// decoded three times before it is told, and the largest model takes minutes for that on a small machine.
	Stall time.Duration
}

// Transcriber runs recordings through children, one for each recording.
type Transcriber struct{ o Options }

// NewTranscriber returns a transcriber that starts children with o.Command.
func NewTranscriber(o Options) *Transcriber {
	if o.Stall <= 0 {
		o.Stall = 15 * time.Minute
	}
	return &Transcriber{o}
}

// Transcribe decodes the recording that open gives. It calls onWindow with each window in order, and onProgress, which may be nil, with the
// time in ms before which everything is decoded. When ctx ends the child is killed and ctx's error returned. An error that
// wraps models.ErrInvalid says that the request itself cannot work.
func (t *Transcriber) Transcribe(ctx context.Context, req Request, open Source, onWindow func(Window) error, onProgress func(atMS int64)) (Result, error) {
	started := time.Now()
	report := models.Report{}
	result, err := t.transcribe(ctx, req, open, func(w Window) error {
		if err := onWindow(w); err != nil {
			return err
		}
		w.Tally(&report)
		report.DecodedMS = w.CursorMS - req.SkipMS
		return nil
	}, onProgress)
	if err == nil {
		report.DecodedMS = result.DurationMS - req.SkipMS
	}
	report.TookMS = time.Since(started).Milliseconds()
	result.Report = report
	return result, err
}

func (t *Transcriber) transcribe(ctx context.Context, req Request, open Source, onWindow func(Window) error, onProgress func(atMS int64)) (Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pcm, err := open(ctx)
	if err != nil {
		return Result{}, err
	}
	defer pcm.Close()
	c, err := t.start(ctx)
	if err != nil {
		return Result{}, err
	}
	watchdog := time.AfterFunc(t.o.Stall, func() {
		cancel(fmt.Errorf("the decoder said nothing for %s and was stopped: the machine may be overloaded", t.o.Stall))
	})
	defer watchdog.Stop()

	var feeding sync.WaitGroup
	var feedErr error
	feeding.Go(func() {
		if feedErr = c.feed(req, pcm, func() { watchdog.Reset(t.o.Stall) }); feedErr != nil {
			cancel(feedErr)
		}
	})
	result, err := c.listen(func(ev event) error {
		watchdog.Reset(t.o.Stall)
		switch {
		case ev.Window != nil:
			if err := onWindow(*ev.Window); err != nil {
				return err
			}
			if onProgress != nil {
				onProgress(ev.Window.CursorMS)
			}
		case ev.Progress != nil && onProgress != nil:
			onProgress(ev.Progress.AtMS)
		}
		return nil
	})
	if err != nil {
		cancel(err) // kills the child, which ends feeding
	}
	waitErr := c.Wait()
	feeding.Wait()
	_ = c.Stdout.Close() // it was read to its end
	if feedErr != nil && err != nil {
		return result, feedErr
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		return result, cause
	}
	if err != nil {
		return result, err
	}
	if waitErr != nil {
		return result, fmt.Errorf("the decoder ended badly after its result: %w", waitErr)
	}
	return result, nil
}

// decoderChild is a running decoder.
type decoderChild struct {
	*child.Process

	stdin  io.WriteCloser
	events *eventReader
}

func (t *Transcriber) start(ctx context.Context) (*decoderChild, error) {
	args := t.o.Command
	// The owner's other work, and search, go first. nice replaces itself by the program, so that a kill reaches it.
	if nice, err := exec.LookPath("nice"); err == nil {
		args = append([]string{nice, "-n", "10"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	// Without the first, ggml starts a debugger to print a backtrace, which takes seconds and writes into the events; without
	// the second, Go's traces push ggml's own words out of the tail.
	cmd.Env = append(slices.Clone(t.o.Env), "GGML_NO_BACKTRACE=1", "GOTRACEBACK=none")
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the decoder: %w", err)
	}
	p, err := child.Start(cmd, stderrBytes)
	if err != nil {
		return nil, fmt.Errorf("starting the decoder: %w", err)
	}
	return &decoderChild{p, stdin, newEventReader(p.Stdout)}, nil
}

// feed sends the request and the samples. It returns an error of the samples' source only: when the child goes away,
// listening tells why.
func (c *decoderChild) feed(req Request, pcm PCM, alive func()) error {
	defer c.stdin.Close()
	line, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("asking the decoder: %w", err)
	}
	if _, err := c.stdin.Write(append(line, '\n')); err != nil {
		return nil // the child is gone, and listening tells why
	}
	samples := make([]float32, SampleRate)
	var buf []byte
	for {
		n, err := pcm.Read(samples)
		if n > 0 {
			var werr error
			if buf, werr = writeFrame(c.stdin, samples[:n], buf); werr != nil {
				return nil // as above
			}
			alive()
		}
		if errors.Is(err, io.EOF) {
			_, _ = writeFrame(c.stdin, nil, buf) // as above
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// listen handles the child's events up to "done".
func (c *decoderChild) listen(handle func(event) error) (Result, error) {
	for {
		ev, err := c.events.next()
		switch {
		case err != nil:
			return Result{}, c.death(err)
		case ev.Failed != nil && ev.Failed.Invalid:
			return Result{}, fmt.Errorf("%w: %s", models.ErrInvalid, ev.Failed.Reason)
		case ev.Failed != nil:
			return Result{}, fmt.Errorf("decoding: %s", ev.Failed.Reason)
		case ev.Done != nil:
			return *ev.Done, nil
		}
		if err := handle(ev); err != nil {
			return Result{}, err
		}
	}
}

// death explains a child that stopped speaking.
func (c *decoderChild) death(err error) error {
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading from the decoder: %w", err)
	}
	err = c.Wait()
	if err == nil {
		err = errors.New("exit status 0")
	}
	if said := c.Stderr.String(); said != "" {
		return fmt.Errorf("the decoder died in the middle (%w): %s", err, said)
	}
	return fmt.Errorf("the decoder died in the middle (%w): memory may be short", err)
}
