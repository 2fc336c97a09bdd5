// Package child has what the pipeline's child processes (ffmpeg, the decoder, pip) have in common: they die with their
// parent, a terminal's interrupt does not reach them, so that they are ended by us and the reason is known, they are killed
// with their own children, and the end of what they complain of is kept.
package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

// Process is a started child and its outcome.
type Process struct {
	Stdout io.ReadCloser
	Stderr *Tail
	done   chan struct{} // closed when the child has been reaped
	err    error         // of Wait; valid once done is closed
}

// Start prepares and starts cmd with its output going to a pipe and the last stderrBytes of its complaints kept. The child
// is started and reaped by one goroutine that keeps its thread, because the death signal is tied to the thread that
// started the child (Go issue 27505). Stdout stays open after the child's end; the caller closes it.
func Start(cmd *exec.Cmd, stderrBytes int) (*Process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for %s: %w", cmd.Path, err)
	}
	p := &Process{Stdout: r, Stderr: NewTail(stderrBytes), done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = w, p.Stderr
	Prepare(cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = w.Close() // the child has its own copy; ours would hide the end of its output
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", cmd.Path, err), r.Close())
	}
	return p, nil
}

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the child's end and returns how it ended, as [exec.Cmd.Wait] does. It may be called again.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Tail keeps the last bytes written to it. It may be read while it is written.
type Tail struct {
	mu   sync.Mutex
	most int
	kept []byte
}

// NewTail returns a tail of at most so many bytes.
func NewTail(most int) *Tail { return &Tail{most: most} }

// Write never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p[max(0, len(p)-t.most):]...)
	if over := len(t.kept) - t.most; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

// Reset forgets what is kept.
func (t *Tail) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = nil
}

// String returns what is kept, as valid UTF-8 without surrounding space.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.kept), "?"))
}
