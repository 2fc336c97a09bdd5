package api

import (
	"context"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/semaphore"

	"github.com/earshot/earshot/models"
)

// Those who wait get their turns in the order of asking; who comes when too many wait, or leaves, gets none and takes none.
func TestTurns(t *testing.T) {
	turns := &turns{free: semaphore.NewWeighted(1), most: 2}
	first, ok := turns.take(t.Context())
	if !ok {
		t.Fatal("there is no turn where nobody is")
	}
	left, leave := context.WithCancel(t.Context())
	got := make(chan int, 2)
	var dones [2]func()
	waiting := func(i int, ctx context.Context) {
		go func() {
			if done, ok := turns.take(ctx); ok {
				dones[i] = done
				got <- i
			} else {
				got <- -1
			}
		}()
		for turns.waiting.Load() < int64(i+1) { // until it has its place
			continue
		}
	}
	waiting(0, left)
	waiting(1, t.Context())
	if _, ok := turns.take(t.Context()); ok {
		t.Error("one more got a turn")
	}
	leave()
	if who := <-got; who != -1 {
		t.Errorf("%d got a turn while the first one has it", who)
	}
	first()
	if who := <-got; who != 1 {
		t.Errorf("%d got the turn of one who waits", who)
	}
	dones[1]()
	if done, ok := turns.take(t.Context()); !ok {
		t.Error("a turn was not given back")
	} else {
		done()
	}
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
