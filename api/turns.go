package api

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/earshot/earshot/models"
)

// mostWaiting is how many may wait for their turn; whoever comes then is told to come back.
const mostWaiting = 2000

// inTurn is an index that a few ask at a time, in the order of asking: when many ask at once all wait alike, and take no more memory
// than a few. Whoever is slow to read an answer has no turn any more.
type inTurn struct {
	Searcher

	free    *semaphore.Weighted
	most    int64 // that may wait
	waiting atomic.Int64
}

// takeTurns gives an index turns for one search more than there are cores, because a page of it may have to come from the disk.
func takeTurns(index Searcher) *inTurn {
	return &inTurn{Searcher: index, free: semaphore.NewWeighted(int64(1 + runtime.GOMAXPROCS(0))), most: mostWaiting}
}

// take waits for a turn, which is to be given back; the error is [models.ErrBusy] when too many wait.
func (t *inTurn) take(ctx context.Context) error {
	if t.free.TryAcquire(1) { // not while others wait
		return nil
	}
	defer t.waiting.Add(-1)
	if t.waiting.Add(1) > t.most {
		return models.Explain(models.ErrBusy, "too many are searching: try again in a moment")
	}
	return t.free.Acquire(ctx, 1)
}

func (t *inTurn) Search(ctx context.Context, q models.Query) (models.Results, error) {
	return atTurn(ctx, t, q, t.Searcher.Search)
}

func (t *inTurn) Complete(ctx context.Context, q models.Query) ([]models.Completion, error) {
	return atTurn(ctx, t, q, t.Searcher.Complete)
}

func (t *inTurn) Mentions(ctx context.Context, q models.Query) (models.Mentions, error) {
	return atTurn(ctx, t, q, t.Searcher.Mentions)
}

func (t *inTurn) Saying(ctx context.Context, q models.Saying) (models.Said, error) {
	return atTurn(ctx, t, q, t.Searcher.Saying)
}

func (t *inTurn) Names(ctx context.Context, hidden ...models.ShowID) ([]models.FoundName, error) {
	return atTurn(ctx, t, hidden, func(ctx context.Context, hidden []models.ShowID) ([]models.FoundName, error) {
		return t.Searcher.Names(ctx, hidden...)
	})
}

func (t *inTurn) Misheard(ctx context.Context, name string, hidden ...models.ShowID) ([]models.Misheard, error) {
	return atTurn(ctx, t, name, func(ctx context.Context, name string) ([]models.Misheard, error) {
		return t.Searcher.Misheard(ctx, name, hidden...)
	})
}

func atTurn[Q, A any](ctx context.Context, t *inTurn, q Q, ask func(context.Context, Q) (A, error)) (A, error) {
	if err := t.take(ctx); err != nil {
		var none A
		return none, err
	}
	defer t.free.Release(1)
	return ask(ctx, q)
}
