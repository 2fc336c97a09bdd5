package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// fullVariable makes the test program the one whose disk is full.
const fullVariable = "EARSHOT_SEARCH_FULL"

// TestDiskFull lets files grow no further, as a full disk does, at several sizes: where the side table already cannot be
// written, and where Bleve cannot write what the table goes with. Searches go on, nothing that is applied is lost, and when
// there is room again the index follows. In a process of its own: the limit is the process's.
func TestDiskFull(t *testing.T) {
	if os.Getenv(fullVariable) != "" {
		followWithoutRoom(t, 512)
		followWithoutRoom(t, 20<<10)
		return
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDiskFull$")
	cmd.Env = append(os.Environ(), fullVariable+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// errorsOf is a log that hands over the errors that are logged.
type errorsOf chan string

// Enabled reports whether level is an error.
func (e errorsOf) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

// Handle hands a record over, unless one waits already.
func (e errorsOf) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			select {
			case e <- fmt.Sprint(a.Value):
			default:
			}
		}
		return true
	})
	return nil
}

// WithAttrs returns the same.
func (e errorsOf) WithAttrs([]slog.Attr) slog.Handler { return e }

// WithGroup returns the same.
func (e errorsOf) WithGroup(string) slog.Handler { return e }

// room lets files grow up to so many bytes.
func room(t *testing.T, bytes uint64) {
	t.Helper()
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		t.Fatal(err)
	}
	l.Cur = min(bytes, l.Max)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		t.Fatal(err)
	}
}

// found returns where the oldest words of the archive are found, whatever else is there.
func found(t *testing.T, x *Index) (out []models.Moment) {
	t.Helper()
	for _, h := range find(t, x, "error budget").Hits {
		out = append(out, h.Moments...)
	}
	return out
}

func followWithoutRoom(t *testing.T, bytes uint64) {
	t.Helper()
	a, log := generated(6, 31), make(errorsOf, 1)
	x := opened(t, t.TempDir(), a, Options{Interval: time.Millisecond, Log: slog.New(log)})
	want, applied := found(t, x), x.Applied()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.Follow(ctx) }()

	room(t, bytes)
	a.put(say("Later", strings.Repeat("words that nobody said before go here ", 40)))
	for range 2 { // tries
		if says := <-log; !strings.Contains(says, "file too large") {
			t.Errorf("with room for %d bytes it says %q", bytes, says)
		}
		if got := found(t, x); x.Applied() != applied || !reflect.DeepEqual(got, want) {
			t.Errorf("with room for %d bytes the answers are others", bytes)
		}
	}
	room(t, ^uint64(0))

	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for x.Applied() < a.newest() {
		<-tick.C
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	sound(t, x)
	assertLikeNew(t, x, a)
}

func TestAFullDiskIsNamed(t *testing.T) {
	for _, err := range []error{syscall.ENOSPC, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, syscall.EDQUOT} {
		if got := explainDisk(fmt.Errorf("indexing episode x: %w", err)); !strings.Contains(got.Error(), "is full") || !errors.Is(got, err) {
			t.Errorf("%v is explained as %v", err, got)
		}
	}
	if err := errors.New("something else"); !errors.Is(explainDisk(err), err) || explainDisk(nil) != nil {
		t.Error("what is no full disk is explained as one")
	}
}
