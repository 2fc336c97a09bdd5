package whisper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/child"
)

// stderrBytes is how much of a child's complaints is kept.
const stderrBytes = 4096

// loaded is what a child has in memory: one that has something else is of no use.
type loaded struct {
	model             string
	size              int64
	changed           time.Time
	decoders, threads int
}

func loadedBy(req Request) loaded {
	l := loaded{model: req.Model, decoders: req.decoders(), threads: req.threads()}
	if info, err := os.Stat(req.Model); err == nil { // the child tells what is wrong with it
		l.size, l.changed = info.Size(), info.ModTime()
	}
	return l
}

// decoderChild is a running decoder.
type decoderChild struct {
	*child.Process

	pid    int
	has    loaded
	stdin  io.WriteCloser
	events *eventReader
	kill   context.CancelFunc
	idle   *time.Timer // ends a child that nobody needs
}

// start starts a child that lives until it is killed.
func (t *Transcriber) start(ctx context.Context, has loaded) (*decoderChild, error) {
	args := t.o.Command
	// The owner's other work, and search, go first. nice replaces itself by the program, so that a kill reaches it.
	if nice, err := exec.LookPath("nice"); err == nil {
		args = append([]string{nice, "-n", "10"}, args...)
	}
	ctx, kill := context.WithCancel(context.WithoutCancel(ctx))
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	// Without the first, ggml starts a debugger to print a backtrace, which takes seconds and writes into the events; without
	// the second, Go's traces push ggml's own words out of the tail.
	cmd.Env = append(slices.Clone(t.o.Env), "GGML_NO_BACKTRACE=1", "GOTRACEBACK=none")
	cmd.WaitDelay = time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		kill()
		return nil, fmt.Errorf("starting the decoder: %w", err)
	}
	p, err := child.Start(cmd, stderrBytes)
	if err != nil {
		kill()
		return nil, fmt.Errorf("starting the decoder: %w", err)
	}
	t.o.Logger.DebugContext(ctx, "decoder started", "pid", cmd.Process.Pid)
	return &decoderChild{Process: p, pid: cmd.Process.Pid, has: has, stdin: stdin, events: newEventReader(p.Stdout), kill: kill}, nil
}

// end kills the child and returns when it is gone.
func (c *decoderChild) end() {
	c.kill()
	_ = c.Wait() // how it ended is known
	_ = c.stdin.Close()
	_ = c.Stdout.Close()
}

func (c *decoderChild) alive() bool {
	select {
	case <-c.Done():
		return false
	default:
		return true
	}
}

// feed sends the order and the samples. It returns an error of the samples' source only: when the child goes away,
// listening tells why.
func (c *decoderChild) feed(o order, pcm PCM, taken func()) error {
	line, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("asking the decoder: %w", err)
	}
	if _, err := c.stdin.Write(append(line, '\n')); err != nil {
		return nil //nolint:nilerr // the child is gone, and listening tells why
	}
	samples := make([]float32, SampleRate)
	var buf []byte
	for {
		n, err := pcm.Read(samples)
		if n > 0 {
			var werr error
			if buf, werr = writeFrame(c.stdin, samples[:n], buf); werr != nil {
				return nil //nolint:nilerr // as above
			}
			taken()
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
			return Result{}, c.died(err)
		case ev.Failed != nil && ev.Failed.Invalid:
			return Result{}, fmt.Errorf("%w: %s", models.ErrInvalid, ev.Failed.Reason)
		case ev.Failed != nil && ev.Failed.Chunk != nil:
			return Result{}, &death{cause: causeFailure, chunk: ev.Failed.Chunk, err: fmt.Errorf("decoding: %s", ev.Failed.Reason)}
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

// died explains a child that stopped speaking, or that speaks nonsense.
func (c *decoderChild) died(err error) error {
	if !errors.Is(err, io.EOF) {
		return &death{cause: causeCrash, err: fmt.Errorf("reading from the decoder: %w", err)}
	}
	err = c.Wait()
	said := c.Stderr.String()
	switch {
	case killed(err):
		return &death{cause: causeMemory, err: fmt.Errorf("the decoder was ended from outside (%w): memory may be short; use fewer decoders or a smaller model", err)}
	case err == nil:
		err = errors.New("exit status 0")
	}
	d := &death{cause: causeCrash, err: fmt.Errorf("the decoder died in the middle (%w): memory may be short", err)}
	if said != "" {
		d.err = fmt.Errorf("the decoder died in the middle (%w): %s", err, said)
	}
	if memoryShort(said) {
		d.cause = causeMemory
	}
	return d
}

// killed tells whether a process was ended by a signal that it cannot have sent itself, as systems do that run out of memory.
func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// memoryShort recognises what ggml, the C++ library and the devices' drivers say when they get no memory.
func memoryShort(said string) bool {
	said = strings.ToLower(said)
	for _, words := range []string{"failed to allocate", "out of memory", "bad_alloc", "cannot allocate memory", "not enough memory"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}
