package weights

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
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
	l := flock.New(filepath.Join(dir, name+".lock"))
	taken, err := l.TryLock()
	if err == nil && !taken {
		report(Progress{Stage: Waiting})
		taken, err = l.TryLockContext(ctx, lockPoll)
	}
	if err != nil || !taken {
		return nil, fmt.Errorf("locking model %s: %w", name, err)
	}
	return func() { _ = l.Close() }, nil // closing gives the lock back
}
