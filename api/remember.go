package api

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/earshot/earshot/models"
)

// rememberMoments bounds what is remembered: moments of all answers, of some 500 bytes each, so about 50 MB.
const rememberMoments = 100_000

// remembering is an index that remembers what it was asked last, until it changes.
type remembering struct {
	Searcher

	most    int // moments that are remembered
	mu      sync.Mutex
	answers *simplelru.LRU[string, models.Results]
	moments int
}

func remember(index Searcher, most int) *remembering {
	r := &remembering{Searcher: index, most: most}
	r.answers, _ = simplelru.NewLRU(most, func(_ string, old models.Results) { r.moments -= weight(old) }) // fails for a size of 0
	return r
}

// weight is how many moments an answer has; an answer without counts as well.
func weight(res models.Results) int {
	n := 1
	for _, h := range res.Hits {
		n += len(h.Moments)
	}
	return n
}

// Search answers a query. Answers are shared: nobody may change one.
func (r *remembering) Search(ctx context.Context, q models.Query) (models.Results, error) {
	key := fmt.Sprintf("%s %#v", r.State(), q)
	r.mu.Lock()
	res, known := r.answers.Get(key)
	r.mu.Unlock()
	if known {
		return res, nil
	}
	res, err := r.Searcher.Search(ctx, q)
	if err != nil {
		return res, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers.Remove(key) // somebody else may have asked meanwhile
	r.answers.Add(key, res)
	for r.moments += weight(res); r.moments > r.most; {
		r.answers.RemoveOldest()
	}
	return res, nil
}
