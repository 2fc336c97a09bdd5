package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/shirou/gopsutil/v4/disk"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/earshot/earshot/models"
)

// The wait before a disk that turned out to be full is tried again.
const (
	shortestFull = 5 * time.Second
	longestFull  = 5 * time.Minute
)

// room watches the space on the disk of the data folder. Free space alone does not tell: a quota may be used up long before.
type room struct {
	dir     string
	minFree int64 // bytes; 0: no limit

	mu      sync.Mutex
	wait    time.Duration // how long the next wait is after a write that found no space; 0: none did
	tryNext time.Time     // by the monotonic clock
}

// noRoom reports whether there is too little space to begin anything.
func (r *room) noRoom(ctx context.Context) (models.Hold, bool) {
	if free, ok := r.free(ctx); ok && free < r.minFree {
		return models.Hold{Kind: models.HoldDisk, Reason: fmt.Sprintf("the disk of %s is full: %s are free, work goes on by itself once %s are",
			r.dir, humanize.IBytes(uint64(free)), humanize.IBytes(uint64(r.minFree)))}, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wait == 0 {
		return models.Hold{}, false
	}
	if time.Now().After(r.tryNext) && r.probe() == nil {
		return models.Hold{}, false // the next write that finds no space waits longer
	}
	return models.Hold{Kind: models.HoldDisk, Reason: "there is no space left for " + r.dir + " (a full disk, or a quota): work goes on by itself once there is"}, true
}

// free is the space that is left for this user, in bytes; false where the system does not say.
func (r *room) free(ctx context.Context) (int64, bool) {
	if r.minFree <= 0 {
		return 0, false
	}
	use, err := disk.UsageWithContext(ctx, r.dir)
	if err != nil {
		return 0, false
	}
	return int64(min(use.Free, 1<<62)), true
}

// probe writes a little, as the work would.
func (r *room) probe() (err error) {
	f, err := os.CreateTemp(r.dir, ".room-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	if _, err := f.Write(make([]byte, 256<<10)); err != nil {
		return err
	}
	return f.Sync()
}

// wasFull notes that a write found no space.
func (r *room) wasFull() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wait > 0 && time.Now().Before(r.tryNext) {
		return // several jobs found it out together
	}
	r.wait = min(max(2*r.wait, shortestFull), longestFull)
	r.tryNext = time.Now().Add(r.wait)
}

// wasThere notes that something was stored.
func (r *room) wasThere() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wait = 0
}

// isFull reports whether an error says that there is no space for what was to be written: on the disk, or within a quota. That a
// file would be too large is something else: it will not fit later either.
func isFull(err error) bool {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return true
	}
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL
}
