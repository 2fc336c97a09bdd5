package listen

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
)

// folder is a media store that counts how often a recording is opened.
type folder struct {
	dir    string
	opened atomic.Int32
}

func (f *folder) Open(_ context.Context, key string) (*os.File, error) {
	f.opened.Add(1)
	return os.Open(filepath.Join(f.dir, key))
}

func (f *folder) Has(_ context.Context, key string) (bool, error) {
	_, err := os.Stat(filepath.Join(f.dir, key))
	return err == nil, nil
}

// recording makes a maker and an MP3 file of variable bit rate.
func recording(t *testing.T) (*Maker, *folder, models.Media) {
	t.Helper()
	tool := audio.New(audio.Options{})
	if err := tool.Check(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	media := &folder{dir: t.TempDir()}
	key := "ab/abcd.mp3"
	if err := os.Mkdir(filepath.Join(media.dir, "ab"), 0o750); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "sine=d=12", "-q:a", "6", filepath.Join(media.dir, key)).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	return New(Options{Dir: filepath.Join(t.TempDir(), "listen"), Audio: tool, Media: media, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))}), media, models.Media{Key: key}
}

func size(t *testing.T, f *os.File, err error) int64 {
	t.Helper()
	if err != nil || f == nil {
		t.Fatalf("no file: %v", err)
	}
	n, err := io.Copy(io.Discard, f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMadeOnceKeptAndTidiedAway(t *testing.T) {
	m, media, of := recording(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if peaks, err := m.Peaks(t.Context(), of, "A talk", nil); err != nil || len(peaks) < 600 {
				t.Errorf("%d peaks, %v", len(peaks), err)
			}
		})
	}
	all.Wait()
	if n := media.opened.Load(); n != 1 {
		t.Errorf("8 who asked together opened the recording %d times", n)
	}
	// Cuts that all need the copy first do not wait for each other in a circle.
	for i := range 4 {
		all.Go(func() {
			start := int64(i) * 1000
			f, err := m.Cut(t.Context(), of, "A talk", "A show", start, start+2000, nil)
			if err != nil {
				t.Error(err)
				return
			}
			_ = f.Close()
		})
	}
	all.Wait()
	// Another episode may have the same recording, and the name of this one is not for those who hear that.
	named := func(title string) []byte {
		t.Helper()
		f, err := m.Cut(t.Context(), of, title, "A show", 0, 2000, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if b := named("Of a twin"); bytes.Contains(b, []byte("A talk")) || !bytes.Contains(b, []byte("Of a twin")) {
		t.Error("a cut has the title of another episode")
	}
	before := media.opened.Load()
	if err := m.Prepare(t.Context(), of, "A talk", nil); err != nil || media.opened.Load() != before {
		t.Errorf("what is there was made again: %v", err)
	}
	copied, err := m.Playback(t.Context(), of, "A talk", nil)
	played := size(t, copied, err)
	if _, err := m.Cut(t.Context(), of, "A talk", "", 20_000, 21_000, nil); !errors.Is(err, models.ErrUnusable) {
		t.Errorf("after the end: %v", err)
	}
	for _, c := range [][2]int64{{-1, 5}, {5, 5}, {0, LongestCut + 1}} {
		if _, err := m.Cut(t.Context(), of, "A talk", "", c[0], c[1], nil); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("from %d to %d: %v", c[0], c[1], err)
		}
	}
	for _, key := range []string{"", "../../etc/passwd", "ab/.hidden", "ab/x y.mp3"} {
		if _, err := m.Peaks(t.Context(), models.Media{Key: key}, "x", nil); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("key %q: %v", key, err)
		}
	}

	// What was used longest ago goes first, peaks stay.
	files := func() int {
		t.Helper()
		all, err := filepath.Glob(filepath.Join(m.o.Dir, "ab", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if n := files(); n != 7 { // peaks, a copy, five cuts, nothing of the cut that failed
		t.Errorf("%d files", n)
	}
	tidy := func() {
		t.Helper()
		if err := m.shelf.tidy(t.Context(), media.Has); err != nil {
			t.Fatal(err)
		}
	}
	tidy()
	if n := files(); n != 7 {
		t.Errorf("%d files are left of those that have room", n)
	}
	if f, err := m.Playback(t.Context(), of, "", nil); size(t, f, err) != played {
		t.Error("another copy")
	}
	m.shelf.most = played + 2000
	tidy()
	if n := files(); n != 2 {
		t.Errorf("%d files are left of those that have no room", n)
	}
	if err := os.Remove(filepath.Join(media.dir, of.Key)); err != nil {
		t.Fatal(err)
	}
	tidy()
	if n := files(); n != 0 {
		t.Errorf("%d files are left of a recording that is gone", n)
	}
}

// What is made while something is private is silent there, and nothing else stays of the recording.
func TestWhatIsPrivateIsSilentInAllThatIsMade(t *testing.T) {
	m, media, of := recording(t)
	held := []models.Span{{StartMS: 3000, EndMS: 4000}, {StartMS: 11_000, EndMS: models.Forever}}
	if err := m.Prepare(t.Context(), of, "A talk", nil); err != nil {
		t.Fatal(err)
	}
	names := func() (names []string) {
		t.Helper()
		paths, err := filepath.Glob(filepath.Join(m.o.Dir, "ab", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			names = append(names, filepath.Base(p))
		}
		return names
	}
	whole := names()
	if err := m.Hold(of, held); err != nil || len(names()) > 0 {
		t.Errorf("of what was made before there is %v, %v", names(), err)
	}
	// Somebody who asked before it was known still has it made; that goes with what is made after it.
	if err := m.Prepare(t.Context(), of, "A talk", nil); err != nil {
		t.Fatal(err)
	}
	peaks, err := m.Peaks(t.Context(), of, "A talk", held)
	if err != nil {
		t.Fatal(err)
	}
	loud := func(sec float64) byte { return peaks[int(sec/12*float64(len(peaks)))] }
	if loud(2) < 200 || loud(3.5) > 1 || loud(5) < 200 || loud(11.5) > 1 {
		t.Errorf("peaks %d, %d, %d, %d", loud(2), loud(3.5), loud(5), loud(11.5))
	}
	f, err := m.Cut(t.Context(), of, "A talk", "A show", 3100, 3900, held)
	if size(t, f, err) == 0 {
		t.Error("an empty clip")
	}
	for _, name := range names() {
		if !strings.Contains(name, ".without-") {
			t.Errorf("%s is still there", name)
		}
	}
	opened := media.opened.Load()
	if again, err := m.Playback(t.Context(), of, "A talk", held); size(t, again, err) == 0 || media.opened.Load() != opened {
		t.Error("the copy was made again")
	}
	if err := m.shelf.tidy(t.Context(), media.Has); err != nil || len(names()) != 3 {
		t.Errorf("tidied: %v, %v", names(), err)
	}
	// Lifted, it is as it was.
	if err := m.Hold(of, nil); err != nil || len(names()) > 0 {
		t.Errorf("of what was silent there is %v, %v", names(), err)
	}
	if err := m.Prepare(t.Context(), of, "A talk", nil); err != nil || !slices.Equal(names(), whole) {
		t.Errorf("%v, want %v, %v", names(), whole, err)
	}
	if err := Forget(m.o.Dir, of.Key); err != nil || len(names()) > 0 {
		t.Errorf("of a recording that is gone there is %v, %v", names(), err)
	}
}

// Whoever asks for more than can wait is told so; what is there already can be had all the same.
func TestNotMoreThanCanWait(t *testing.T) {
	m, _, of := recording(t)
	if err := m.Prepare(t.Context(), of, "A talk", nil); err != nil {
		t.Fatal(err)
	}
	m.o.Waiting = 1
	for range cap(m.slots) {
		m.slots <- struct{}{}
	}
	m.waiting.Store(int64(cap(m.slots)))
	ctx, leave := context.WithCancel(t.Context())
	var waits sync.WaitGroup
	waits.Go(func() {
		if _, err := m.Cut(ctx, of, "A talk", "", 0, 1000, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("one that waits: %v", err)
		}
	})
	for m.waiting.Load() <= int64(cap(m.slots)) { // until it has its place
		continue
	}
	if _, err := m.Cut(t.Context(), of, "A talk", "", 0, 2000, nil); !errors.Is(err, models.ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	if _, err := m.Peaks(t.Context(), of, "A talk", nil); err != nil {
		t.Errorf("what is there: %v", err)
	}
	leave()
	waits.Wait()
}

func TestGivenUpWithTheLastWhoWaits(t *testing.T) {
	var all flights
	ended, begun := make(chan struct{}), make(chan struct{})
	first, leave := context.WithCancel(t.Context())
	second, leaveToo := context.WithCancel(t.Context())
	work := func(ctx context.Context) error {
		close(begun)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if err := all.do(first, "x", work); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	<-begun
	joined := make(chan struct{})
	waiting.Go(func() {
		close(joined)
		if err := all.do(second, "x", func(context.Context) error { panic("made twice") }); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	<-joined
	for all.waitingFor("x") < 2 { // until the second has its place
		continue
	}
	leave()
	for all.waitingFor("x") > 1 {
		continue
	}
	select {
	case <-ended:
		t.Fatal("given up while somebody waits")
	default:
	}
	leaveToo()
	<-ended
	waiting.Wait()
}

func (s *flights) waitingFor(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.all[name]; x != nil {
		return x.waiting
	}
	return 0
}
