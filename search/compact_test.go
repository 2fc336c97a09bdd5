package search

import (
	"testing"

	"github.com/earshot/earshot/models"
)

// segmentsOf counts the segments of the index that serves.
func segmentsOf(t *testing.T, x *Index) int {
	t.Helper()
	r, err := x.current.adv.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // reading only
	snap, err := snapshotOf(r)
	if err != nil {
		t.Fatal(err)
	}
	return len(snap.Segments())
}

// An index of which much is new becomes one segment when nothing is left to apply, and is what it was; one that has only
// changed a little is left as it is.
func TestSegmentsBecomeOne(t *testing.T) {
	t.Parallel()
	a := generated(9, 81)
	x := opened(t, t.TempDir(), a, Options{compactLeast: 1 << 20})
	x.o.compactLeast = 1
	for _, d := range a.all() { // a batch each
		if err := x.renew(t.Context(), d.Episode.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n := segmentsOf(t, x); n < 2 {
		t.Fatalf("%d segments", n)
	}
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if n := segmentsOf(t, x); n != 1 {
		t.Errorf("%d segments", n)
	}
	sound(t, x)
	assertLikeNew(t, x, a)

	d := a.all()[0]
	a.put(models.Document{Show: d.Show, Episode: d.Episode, Transcript: models.Transcript{Language: "en"}})
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if n := segmentsOf(t, x); n != 2 {
		t.Errorf("%d segments after an episode has come", n)
	}
	sound(t, x)
}
