//go:build unix

package weights

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lockPoll is how often a lock that another process holds is tried again: the kernel offers no wait that a context ends.
const lockPoll = 200 * time.Millisecond

// lock takes the right to change the model's files, waiting for whoever has it. It works between goroutines too, and the
// kernel gives it back when the process dies.
func (s *Store) lock(ctx context.Context, name string, report func(Progress)) (unlock func(), err error) {
	dir := filepath.Dir(s.workDir(name))
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // models are no secret
		return nil, fmt.Errorf("making the folder for models: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644) //nolint:gosec // as above
	if err != nil {
		return nil, fmt.Errorf("locking model %s: %w", name, err)
	}
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for first := true; ; first = false {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing gives the lock back
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("locking model %s: %w", name, err)
		}
		if first && report != nil {
			report(Progress{Stage: Waiting})
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
}
