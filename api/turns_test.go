package api

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/earshot/earshot/models"
)

// Those who wait get their turns in the order of asking; who comes when too many wait, or leaves, gets none and takes none.
func TestTurns(t *testing.T) {
	turns := &inTurn{free: semaphore.NewWeighted(1), most: 2}
	must(t, turns.take(t.Context()))
	left, leave := context.WithCancel(t.Context())
	type turn struct {
		who int
		err error
	}
	got := make(chan turn, 2)
	waiting := func(who int, ctx context.Context) {
		go func() { got <- turn{who, turns.take(ctx)} }()
		for turns.waiting.Load() < int64(who) { // until it has its place
			runtime.Gosched()
		}
	}
	waiting(1, left)
	waiting(2, t.Context())
	if err := turns.take(t.Context()); !errors.Is(err, models.ErrBusy) {
		t.Errorf("one more got a turn, or %v", err)
	}
	leave()
	if g := <-got; g.who != 1 || !errors.Is(g.err, context.Canceled) {
		t.Errorf("%d got a turn while the first one has it, or %v", g.who, g.err)
	}
	turns.free.Release(1)
	if g := <-got; g.who != 2 || g.err != nil {
		t.Errorf("%d got the turn of one who waits, or %v", g.who, g.err)
	}
	turns.free.Release(1)
	must(t, turns.take(t.Context()))
}

// counting counts what an index is asked.
type counting struct {
	Searcher
	asked atomic.Int32
}

func (c *counting) Search(ctx context.Context, q models.Query) (models.Results, error) {
	c.asked.Add(1)
	return c.Searcher.Search(ctx, q)
}

// What was asked before is answered without asking the index, until that has changed, and to nobody who sees something else.
func TestRemembered(t *testing.T) {
	a, _ := library(t)
	x := a.index(t)
	index := &counting{Searcher: x}
	r := remember(index, 100)
	find := func(q models.Query) int {
		t.Helper()
		res, err := r.Search(t.Context(), q)
		must(t, err)
		return res.Total
	}
	q := models.Query{Text: `"error budget"`, Limit: 20, Moments: 4, Facets: true}
	before := find(q)
	if again := find(q); before == 0 || again != before || index.asked.Load() != 1 {
		t.Errorf("%d, then %d, asked %d times", before, again, index.asked.Load())
	}
	hidden := q
	hidden.Hidden = []models.ShowID{a.episodes[0].ShowID}
	if n := find(hidden); n >= before {
		t.Errorf("%d of %d without a show", n, before)
	}
	other := q
	other.Offset = 1
	find(other)
	if n := index.asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
	a.addEpisode(t, a.episodes[0].ShowID, "One more", "Eve: An error budget.")
	must(t, x.CatchUp(t.Context(), nil))
	if n := find(q); n != before+1 {
		t.Errorf("%d after one more episode, %d before", n, before)
	}
	// However much is asked, not more than so much is remembered.
	for limit := range 40 {
		find(models.Query{Text: "budget", Limit: limit + 1, Moments: 4})
	}
	if kept := r.answers.Len(); r.moments > 100 || r.moments < 50 || kept < 2 || kept > 39 {
		t.Errorf("%d answers with %d moments are remembered", kept, r.moments)
	}
}
