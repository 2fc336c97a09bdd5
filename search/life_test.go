package search

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// probes are queries whose whole answers are compared when two indexes should be the same.
func probes() []string {
	return []string{"sounds:budget", `sounds:"uni verse"`, "latncy", `"the budget"~2`, "exact:cafe", "before:2021 café", "error", "error budget", `"on call"`, "serv*", "budgte~", "speaker:anna the", "-error", "title:error OR naive", "cafe -the"}
}

func answers(t *testing.T, x *Index) []models.Results {
	t.Helper()
	var out []models.Results
	for _, q := range probes() {
		out = append(out, find(t, x, q))
	}
	return out
}

// assertLikeNew compares an index with one built at once from the same archive.
func assertLikeNew(t *testing.T, x *Index, a *archive) {
	t.Helper()
	want := answers(t, opened(t, t.TempDir(), a, Options{}))
	for i, got := range answers(t, x) {
		if !reflect.DeepEqual(got, want[i]) {
			t.Fatalf("%s: the index differs from one built at once:\n%+v\n%+v", probes()[i], got, want[i])
		}
	}
}

func TestReplaceAndDelete(t *testing.T) {
	a := generated(30, 3)
	x := opened(t, t.TempDir(), a, Options{})
	docs := a.all()
	other := generated(60, 4).all()
	for i, d := range docs {
		switch i % 3 {
		case 0:
			a.remove(d.Episode.ID)
		case 1:
			d.Transcript = other[i].Transcript
			d.Episode.Title = other[i].Episode.Title
			a.put(d)
		}
	}
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	assertLikeNew(t, x, a)
	if got, want := x.Applied(), a.seq; got != want {
		t.Errorf("applied %d of %d", got, want)
	}
	// Tables of what was replaced and removed are gone.
	if files, _ := filepath.Glob(filepath.Join(x.current.tables.dir, "*"+tableSuffix)); len(files) != 20 {
		t.Errorf("%d side tables for 20 episodes", len(files))
	}
}

func TestEpisodeIsSearchableWhileItGrows(t *testing.T) {
	a := newArchive()
	whole := generated(1, 9).all()[0]
	x := opened(t, t.TempDir(), a, Options{})
	for n := range whole.Transcript.Segments {
		part := whole
		part.Transcript.Segments = whole.Transcript.Segments[:n+1]
		a.put(part)
		if err := x.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		last := whole.Transcript.Segments[n].Words
		word := strings.Join(x.an.tokens(last[len(last)-1].Text), " ")
		if word == "" {
			continue
		}
		r := find(t, x, `"`+word+`"`)
		if len(r.Hits) != 1 || len(r.Hits[0].Moments) == 0 {
			t.Fatalf("after %d segments %q is not found", n+1, word)
		}
		if m := r.Hits[0].Moments; m[len(m)-1].EndMS != last[len(last)-1].EndMS {
			t.Fatalf("the last word ends at %d ms, found at %d", last[len(last)-1].EndMS, m[len(m)-1].EndMS)
		}
	}
	assertLikeNew(t, x, a)
}

// However a transcript comes to be, by windows, by corrections of what is there, with other titles and speakers, the index
// has at every moment what it would have, had the transcript been there at once: the same documents and the same bytes in
// the side table.
func TestGrowthMakesTheSameAsAllAtOnce(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(17, 4))
	whole := generated(6, 18).all()
	a := newArchive()
	x := opened(t, t.TempDir(), a, Options{})
	for range 25 {
		w := whole[r.IntN(3)]
		d, err := a.Document(t.Context(), w.Episode.ID)
		if err != nil {
			d = w
			d.Transcript.Segments = nil
		}
		segments := slices.Clone(d.Transcript.Segments)
		n := len(segments)
		switch k := r.IntN(8); {
		case k == 0: // once more from the start
			segments = nil
		case k == 1 && n > 0: // the last window is another one now
			other := whole[3+r.IntN(3)].Transcript.Segments
			segments[n-1].Words = other[r.IntN(len(other))].Words
		case k == 2 && n > 0: // somebody has a name
			segments[r.IntN(n)].Speaker = "Cleo"
		case k == 3:
			d.Episode.Title = whole[3+r.IntN(3)].Episode.Title
		case k == 4:
			d.Transcript.Language = []string{"en", "de", "ja"}[r.IntN(3)]
		default:
			segments = append(segments, w.Transcript.Segments[min(n, len(w.Transcript.Segments)):min(n+1+r.IntN(6), len(w.Transcript.Segments))]...)
		}
		d.Transcript.Segments = segments
		a.put(d)
		if err := x.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		sound(t, x)
	}
	assertLikeNew(t, x, a)
}

func TestFollowAppliesChangesWhenWoken(t *testing.T) {
	a := newArchive()
	wake := make(chan struct{}, 1)
	x := opened(t, t.TempDir(), a, Options{Interval: 20 * time.Millisecond, Wake: wake})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.Follow(ctx) }()
	a.put(say("One", "a very particular utterance"))
	wake <- struct{}{}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for x.Applied() < 1 {
		<-tick.C
	}
	if r := find(t, x, "utterance"); r.Total != 1 {
		t.Errorf("found %d", r.Total)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestSecondProcessIsTold(t *testing.T) {
	a, dir := newArchive(), t.TempDir()
	opened(t, dir, a, Options{})
	began := time.Now()
	if _, err := Open(t.Context(), dir, a, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v", err)
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("it took %v to say so", d)
	}
}

func closed(t *testing.T, x *Index) {
	t.Helper()
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReopenKeepsEverything(t *testing.T) {
	a, dir := generated(20, 5), t.TempDir()
	x := opened(t, dir, a, Options{})
	want, applied := answers(t, x), x.Applied()
	closed(t, x)
	y, err := Open(t.Context(), dir, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, y)
	if y.Applied() != applied {
		t.Errorf("applied %d, was %d", y.Applied(), applied)
	}
	if !reflect.DeepEqual(answers(t, y), want) {
		t.Error("the answers differ after opening again")
	}
}

func TestDamagedTableIsMadeAgain(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"flipped": func(path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b[len(b)/2] ^= 1
			return os.WriteFile(path, b, 0o600)
		},
		"truncated": func(path string) error { return os.Truncate(path, 100) },
		"empty":     func(path string) error { return os.Truncate(path, 0) },
		"missing":   os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			a, dir := generated(5, 6), t.TempDir()
			x := opened(t, dir, a, Options{})
			want := answers(t, x)
			side := x.current.tables.dir
			closed(t, x)
			files, _ := filepath.Glob(filepath.Join(side, "*"+tableSuffix))
			for _, f := range files {
				if err := harm(f); err != nil {
					t.Fatal(err)
				}
			}
			y := opened(t, dir, a, Options{})
			if !reflect.DeepEqual(answers(t, y), want) {
				t.Error("the answers differ")
			}
		})
	}
}

func TestDamagedIndexIsMovedAsideAndRebuilt(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"no meta": func(p string) error { return os.Remove(filepath.Join(p, bleveDir, "index_meta.json")) },
		"bolt zeroed": func(p string) error {
			return os.WriteFile(filepath.Join(p, bleveDir, "store", "root.bolt"), make([]byte, 65536), 0o600)
		},
		"segments gone": func(p string) error {
			files, err := filepath.Glob(filepath.Join(p, bleveDir, "store", "*.zap"))
			for _, f := range files {
				err = errors.Join(err, os.Remove(f))
			}
			return err
		},
		"segments cut": func(p string) error {
			files, err := filepath.Glob(filepath.Join(p, bleveDir, "store", "*.zap"))
			for _, f := range files {
				err = errors.Join(err, os.Truncate(f, 64))
			}
			return err
		},
		"segments garbage": func(p string) error {
			files, err := filepath.Glob(filepath.Join(p, bleveDir, "store", "*.zap"))
			for _, f := range files {
				err = errors.Join(err, os.WriteFile(f, []byte(strings.Repeat("garbage!", 5000)), 0o600))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, dir := generated(8, 8), t.TempDir()
			x := opened(t, dir, a, Options{})
			want, path := answers(t, x), x.current.dir
			closed(t, x)
			if err := harm(path); err != nil {
				t.Fatal(err)
			}
			y := opened(t, dir, a, Options{})
			if !reflect.DeepEqual(answers(t, y), want) {
				t.Error("the answers differ")
			}
			sound(t, y)
			// Without its segments Bleve may go back to a state from before them, which is followed from; else it does not open.
			aside, _ := filepath.Glob(filepath.Join(dir, damagedPrefix+"*"))
			if len(aside) > 1 || len(aside) == 0 && !strings.HasPrefix(name, "segments") {
				t.Errorf("moved aside: %v", aside)
			}
		})
	}
}

func TestSchemaChangeIsBuiltBesideWhileSearchesGoOn(t *testing.T) {
	a, dir := generated(70, 10), t.TempDir()
	x := opened(t, dir, a, Options{mapping: "as it was"})
	want := answers(t, x)
	old := x.current.dir
	closed(t, x)
	y, err := Open(t.Context(), dir, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, y)
	if y.current.dir != old || y.next == nil {
		t.Fatalf("the old index does not serve: %s", y.current.dir)
	}
	var searches, wrong atomic.Int64
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				for i, q := range probes() {
					r, err := y.Search(context.Background(), models.Query{Text: q, Limit: 100, Moments: 1000})
					searches.Add(1)
					if err != nil || !reflect.DeepEqual(r, want[i]) {
						wrong.Add(1)
					}
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	if err := y.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := y.Reindex(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	close(done)
	readers.Wait()
	if wrong.Load() > 0 || searches.Load() == 0 {
		t.Errorf("%d of %d searches were wrong", wrong.Load(), searches.Load())
	}
	if dirs, _ := filepath.Glob(filepath.Join(dir, indexPrefix+"*")); len(dirs) != 1 || dirs[0] == old {
		t.Errorf("indexes left: %v", dirs)
	}
}

// A rebuild that is cancelled, or whose process ends, goes on where it was, while the index that serves serves.
func TestReindexGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	a, dir := generated(150, 16), t.TempDir() // more than is applied at once
	x := opened(t, dir, a, Options{})
	old := x.current.dir
	ctx, cancel := context.WithCancel(t.Context())
	var stopped int64
	err := x.Reindex(ctx, func(done, total int64) {
		if stopped == 0 && done < total {
			stopped = done
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || stopped == 0 {
		t.Fatalf("cancelled after change %d: %v", stopped, err)
	}
	if x.current.dir != old || find(t, x, "error").Total == 0 {
		t.Error("the old index does not serve")
	}
	closed(t, x)
	y, err := Open(t.Context(), dir, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, y)
	first := int64(0)
	if err := y.Reindex(t.Context(), func(done, _ int64) {
		if first == 0 {
			first = done
		}
	}); err != nil {
		t.Fatal(err)
	}
	if first <= stopped || y.current.dir == old {
		t.Errorf("it began at change %d again, and had come to %d", first, stopped)
	}
	sound(t, y)
}

func TestRestoredBackupIsFollowedFromZero(t *testing.T) {
	dir := t.TempDir()
	x := opened(t, dir, generated(30, 12), Options{})
	closed(t, x)
	b := generated(10, 13)
	y := opened(t, dir, b, Options{})
	if y.Applied() != b.seq {
		t.Errorf("applied %d, want %d", y.Applied(), b.seq)
	}
	assertLikeNew(t, y, b)
}

func TestCancelledSearchEnds(t *testing.T) {
	x := opened(t, t.TempDir(), generated(5, 15), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Search(ctx, models.Query{Text: "error budget"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSourceErrorsAreTriedAgain(t *testing.T) {
	a := newArchive()
	a.put(say("One", "a very particular utterance"))
	flaky := &flakySource{archive: a, fail: 3}
	x, err := Open(t.Context(), t.TempDir(), flaky, Options{Interval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, x)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.Follow(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for find(t, x, "utterance").Total < 1 {
		<-tick.C
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// flakySource is an archive whose disk fails a few times.
type flakySource struct {
	*archive
	fail int
}

func (f *flakySource) Document(ctx context.Context, id models.EpisodeID) (models.Document, error) {
	if f.fail--; f.fail >= 0 {
		return models.Document{}, fs.ErrPermission
	}
	return f.archive.Document(ctx, id)
}
