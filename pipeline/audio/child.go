package audio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"
)

// stderrBytes is how much of a child's complaints is kept: the last of them.
const stderrBytes = 8 << 10

// limits are the resources that a child may use.
type limits struct {
	memory int64         // bytes of address space
	cpu    time.Duration // processor time
}

// command builds a child of program that reads f, hardened as the package comment says. The arguments may hold
// inputPlaceholder where the program wants the name of its input.
func (t *Tool) command(ctx context.Context, program string, f *os.File, l limits, args []string) (*exec.Cmd, error) {
	path, err := find(program)
	if err != nil {
		return nil, err
	}
	for i, a := range args {
		if a == inputPlaceholder {
			args[i] = inputName(f)
		}
	}
	argv := append([]string{path}, args...)
	if t.prlimit != "" {
		argv = append([]string{
			t.prlimit,
			"--as=" + strconv.FormatInt(l.memory, 10),
			"--cpu=" + strconv.FormatInt(int64(l.cpu/time.Second), 10),
			"--fsize=0", "--nofile=64", "--core=0", "--",
		}, argv...)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = f
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C", "LC_ALL=C"}
	cmd.SysProcAttr = childAttributes()
	cmd.WaitDelay = 2 * time.Second
	return cmd, nil
}

// inputPlaceholder stands for the input's name until the platform is asked for it.
const inputPlaceholder = "\x00input"

// process is a started child and its outcome.
type process struct {
	stdout io.ReadCloser
	stderr *tail
	done   chan struct{} // closed when the child has been reaped
	err    error         // of Wait; valid once done is closed
}

// start runs cmd with its output going to a pipe. The child is started and reaped by one goroutine that keeps its thread,
// because the death signal is tied to the thread that started the child (Go issue 27505).
func start(cmd *exec.Cmd) (*process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for %s: %w", cmd.Path, err)
	}
	p := &process{stdout: r, stderr: &tail{max: stderrBytes}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = w, p.stderr
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

// tail keeps the last max bytes written to it.
type tail struct {
	max int
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p[max(0, len(p)-t.max):]...)
	if over := len(t.buf) - t.max; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

// lines returns the complaints, cleaned of addresses and of the input's technical name, without repetitions.
func (t *tail) lines(f *os.File) []string {
	var lines []string
	seen := map[string]bool{}
	for line := range bytes.Lines(t.buf) {
		s := cleanComplaint(string(line), inputName(f))
		if s != "" && !seen[s] {
			seen[s] = true
			lines = append(lines, s)
		}
	}
	return lines
}
