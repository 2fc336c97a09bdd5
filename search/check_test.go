package search

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// sound fails the test unless a check finds nothing.
func sound(t *testing.T, x *Index) {
	t.Helper()
	c, err := x.Check(t.Context(), CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Left) > 0 {
		t.Errorf("the index is wrong: %v", c.Left)
	}
}

// rawly changes what is in Bleve behind the back of the index: old documents go, the new ones of an episode come.
func rawly(t *testing.T, x *Index, remove []string, d *models.Document, generation uint64) {
	t.Helper()
	batch := x.current.idx.NewBatch()
	for _, id := range remove {
		batch.Delete(id)
	}
	if d != nil {
		b, err := newBuilder(x.an).build(*d, generation, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range b.docs {
			if err := batch.IndexAdvanced(doc); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := x.current.idx.Batch(batch); err != nil {
		t.Fatal(err)
	}
}

// of returns the ids of an episode's documents, the head first, and the key of its side table.
func of(t *testing.T, x *Index, id models.EpisodeID) (docs []string, key tableKey) {
	t.Helper()
	there, err := x.current.storedOf(t.Context(), id)
	if err != nil || len(there.tables) != 1 {
		t.Fatalf("%v, tables %v", err, there.tables)
	}
	return slices.Sorted(maps.Keys(there.ids)), there.tables[0] // "!" comes before all digits
}

func TestCheckFindsAndRepairsWhatIsWrong(t *testing.T) {
	t.Parallel()
	const episodes = 6
	otherWords := func(d models.Document) models.Document {
		segments := append([]models.Segment(nil), d.Transcript.Segments...)
		words := append([]models.Word(nil), segments[3].Words...)
		words[0].Text = "elsewhere"
		segments[3].Words = words
		d.Transcript.Segments = segments
		return d
	}
	table := func(x *Index, key tableKey) string { return filepath.Join(x.current.tables.dir, key.file()) }
	for name, tc := range map[string]struct {
		harm func(t *testing.T, x *Index, a *archive, d models.Document)
		says string
	}{
		"a flipped byte in a table": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			_, key := of(t, x, d.Episode.ID)
			b, err := os.ReadFile(table(x, key))
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2] ^= 1
			if err := os.WriteFile(table(x, key), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "checksum"},
		"no table": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			_, key := of(t, x, d.Episode.ID)
			if err := os.Remove(table(x, key)); err != nil {
				t.Fatal(err)
			}
		}, "side table is missing"},
		"a table of another transcript with a right checksum": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			_, key := of(t, x, d.Episode.ID)
			b, err := newBuilder(x.an).build(otherWords(d), key.generation, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := writeAtomic(table(x, key), b.table); err != nil {
				t.Fatal(err)
			}
		}, "other words"},
		"one passage gone": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			docs, _ := of(t, x, d.Episode.ID)
			rawly(t, x, docs[1:2], nil, 0)
		}, "should have"},
		"no head": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			docs, _ := of(t, x, d.Episode.ID)
			rawly(t, x, docs[:1], nil, 0)
		}, "side table is missing"},
		"all documents gone": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			docs, _ := of(t, x, d.Episode.ID)
			rawly(t, x, docs, nil, 0)
		}, "not in the index"},
		"documents with another word": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			_, key := of(t, x, d.Episode.ID)
			other := otherWords(d)
			rawly(t, x, nil, &other, key.generation)
		}, "documents have other words"},
		"documents with another show": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			_, key := of(t, x, d.Episode.ID)
			d.Show.Title = "Somebody else's"
			rawly(t, x, nil, &d, key.generation)
		}, "1 of its"},
		"documents of an older generation": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			docs, key := of(t, x, d.Episode.ID)
			rawly(t, x, docs, nil, 0)
			rawly(t, x, nil, &d, key.generation-1)
		}, "side table is missing"},
		"heads of two generations": {func(t *testing.T, x *Index, _ *archive, d models.Document) {
			t.Helper()
			_, key := of(t, x, d.Episode.ID)
			rawly(t, x, nil, &d, key.generation+100)
		}, ""},
		"an episode that nobody knows": {func(t *testing.T, x *Index, _ *archive, _ models.Document) {
			t.Helper()
			other := newArchive()
			d := say("Nowhere", "error budget of a talk that is in no catalogue")
			other.put(d)
			if err := x.current.apply(t.Context(), other, nil, models.Change{EpisodeID: d.Episode.ID}); err != nil {
				t.Fatal(err)
			}
		}, "not in the catalogue"},
		"a deleted episode that is still there": {func(t *testing.T, x *Index, a *archive, d models.Document) {
			t.Helper()
			a.remove(d.Episode.ID)
			if err := x.current.skipTo(a.seq); err != nil {
				t.Fatal(err)
			}
		}, "not in the catalogue"},
		"a change that was never applied": {func(t *testing.T, x *Index, a *archive, d models.Document) {
			t.Helper()
			a.put(otherWords(d))
			if err := x.current.skipTo(a.seq); err != nil {
				t.Fatal(err)
			}
		}, "other words"},
		"a number from the future": {func(t *testing.T, x *Index, a *archive, _ models.Document) {
			t.Helper()
			if err := x.current.skipTo(a.seq + 1000); err != nil {
				t.Fatal(err)
			}
		}, "another catalogue"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := generated(episodes, 21)
			x := opened(t, t.TempDir(), a, Options{})
			sound(t, x)
			want, seq := answers(t, x), a.seq
			tc.harm(t, x, a, a.all()[3])
			var told []Finding
			c, err := x.Check(t.Context(), CheckOptions{Found: func(f Finding) { told = append(told, f) }})
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Left) != 1 || len(told) != 1 || told[0] != c.Left[0] || !strings.Contains(told[0].Problem, tc.says) {
				t.Errorf("found %+v, told %+v, want %q", c.Left, told, tc.says)
			}
			if c, err = x.Check(t.Context(), CheckOptions{Repair: true}); err != nil || len(c.Left) > 0 || c.Waiting != 0 {
				t.Errorf("not repaired: %+v, %v", c, err)
			}
			sound(t, x)
			if a.seq != seq {
				assertLikeNew(t, x, a)
			} else if !reflect.DeepEqual(answers(t, x), want) {
				t.Error("the answers differ after the repair")
			}
		})
	}
}

// A byte of Bleve's files that is another one is found wherever it lies: in a checksum, if nothing else shows it.
func TestCheckFindsEveryFlippedByteOfBleve(t *testing.T) {
	a, dir := generated(6, 22), t.TempDir()
	x := opened(t, dir, a, Options{})
	want, path := answers(t, x), x.current.dir
	closed(t, x)
	for _, part := range []int{2, 3, 5, 9} {
		files, err := filepath.Glob(filepath.Join(path, bleveDir, "store", "*.zap"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no segments: %v", err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/part] ^= 0x10
			if err := os.WriteFile(f, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		x, err := Open(t.Context(), dir, a, Options{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := x.Check(t.Context(), CheckOptions{Repair: true})
		if err != nil || c.Problems == 0 || len(c.Left) > 0 {
			t.Errorf("a flipped byte at 1/%d: %+v, %v", part, c, err)
		}
		if !reflect.DeepEqual(answers(t, x), want) {
			t.Errorf("a flipped byte at 1/%d: the answers differ after the repair", part)
		}
		path = x.current.dir
		closed(t, x)
	}
}

func TestCheckOnlyLooksUnlessTold(t *testing.T) {
	a := generated(6, 23)
	x := opened(t, t.TempDir(), a, Options{})
	before := x.current.generation
	d := a.all()[2]
	docs, _ := of(t, x, d.Episode.ID)
	rawly(t, x, docs, nil, 0)
	a.put(say("Later", "something that was said since"))
	var done, total int64
	c, err := x.Check(t.Context(), CheckOptions{Progress: func(d, n int64) { done, total = d, n }})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Left) != 1 || c.Waiting != 1 || c.Episodes != 6 || done != 6 || total != 6 {
		t.Errorf("%+v, progress %d of %d", c, done, total)
	}
	if x.current.generation != before || x.Applied() != 6 {
		t.Error("looking changed the index")
	}
	if c, err = x.Check(t.Context(), CheckOptions{Repair: true}); err != nil || len(c.Left) > 0 || c.Waiting != 0 || c.Problems != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	assertLikeNew(t, x, a)
}

func TestCheckSaysWhatOpeningMended(t *testing.T) {
	a, dir := generated(6, 24), t.TempDir()
	x := opened(t, dir, a, Options{})
	_, key := of(t, x, a.all()[2].Episode.ID)
	path := x.current.dir
	closed(t, x)
	if err := os.Remove(filepath.Join(path, sideDir, key.file())); err != nil {
		t.Fatal(err)
	}
	y, err := Open(t.Context(), dir, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := y.Check(t.Context(), CheckOptions{})
	if err != nil || c.Problems != 1 || len(c.Left) != 0 {
		t.Errorf("a missing table: %+v, %v", c, err)
	}
	closed(t, y)
	if err := os.Remove(filepath.Join(path, bleveDir, "index_meta.json")); err != nil {
		t.Fatal(err)
	}
	z, err := Open(t.Context(), dir, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, z)
	c, err = z.Check(t.Context(), CheckOptions{})
	if err != nil || c.Problems != 1 || len(c.Left) != 1 || c.Waiting != 6 {
		t.Errorf("an index that is being built anew: %+v, %v", c, err)
	}
	c, err = z.Check(t.Context(), CheckOptions{Repair: true})
	if err != nil || c.Problems != 1 || len(c.Left) != 0 || c.Episodes != 6 {
		t.Errorf("an index that does not open: %+v, %v", c, err)
	}
}

// An index that follows is right at every moment: nothing that changes while it is being compared is called wrong.
func TestCheckWhileTheArchiveChanges(t *testing.T) {
	a := generated(40, 25)
	wake := make(chan struct{}, 1)
	x := opened(t, t.TempDir(), a, Options{Wake: wake, Interval: 1})
	ctx, stop := context.WithCancel(t.Context())
	ended, changed := make(chan error, 1), make(chan struct{})
	go func() { ended <- x.Follow(ctx) }()
	go func() {
		defer close(changed)
		docs, other := a.all(), generated(40, 26).all()
		for i := 0; ctx.Err() == nil; i = (i + 1) % len(docs) {
			d := docs[i]
			d.Transcript = other[(i*7)%len(other)].Transcript
			if i%5 == 0 {
				a.remove(d.Episode.ID)
			} else {
				a.put(d)
			}
			seq := a.newest()
			for x.Applied() < seq-3 && ctx.Err() == nil {
				select {
				case wake <- struct{}{}:
				case <-ctx.Done():
				}
			}
		}
	}()
	for range 4 {
		sound(t, x)
	}
	stop()
	<-changed
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestCheckEndsWhenCancelled(t *testing.T) {
	a := generated(6, 27)
	x := opened(t, t.TempDir(), a, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := x.Check(ctx, CheckOptions{Progress: func(int64, int64) { cancel() }}); ctx.Err() == nil || err == nil {
		t.Errorf("it went on to its end: %v", err)
	}
}
