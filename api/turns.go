package api

import (
	"context"
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/semaphore"
)

// mostWaiting is how many may wait for their turn; whoever comes then is told to come back.
const mostWaiting = 2000

// turns lets a few search at a time, in the order of asking: when many ask at once all wait alike, and take no more memory than a few.
type turns struct {
	free    *semaphore.Weighted
	most    int64 // that may wait
	waiting atomic.Int64
}

// newTurns makes turns for one search more than there are cores, because a page of the index may have to come from the disk.
func newTurns() *turns {
	return &turns{free: semaphore.NewWeighted(int64(1 + runtime.GOMAXPROCS(0))), most: mostWaiting}
}

// take waits for a turn; false: there is none, because too many wait or ctx has ended. done gives it back.
func (t *turns) take(ctx context.Context) (done func(), ok bool) {
	done = func() { t.free.Release(1) }
	if t.free.TryAcquire(1) { // not while others wait
		return done, true
	}
	defer t.waiting.Add(-1)
	return done, t.waiting.Add(1) <= t.most && t.free.Acquire(ctx, 1) == nil
}

// inTurn is the middleware of operations that search.
func (s *server) inTurn(hc huma.Context, next func(huma.Context)) {
	done, ok := s.turns.take(hc.Context())
	if !ok {
		hc.SetHeader("Retry-After", "1")
		_ = huma.WriteErr(s.api, hc, http.StatusServiceUnavailable, "too many are searching: try again in a moment") // whoever is gone needs no answer
		return
	}
	defer done()
	next(hc)
}
