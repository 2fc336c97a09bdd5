package search

import (
	"cmp"
	"math"
	"slices"

	"github.com/earshot/earshot/models"
)

// ranked is an episode that matches.
type ranked struct {
	episode uint32
	score   float64
	alike   bool // it has only what sounds like a name of the query: it comes after all others
}

// How an episode's score is made. An episode that holds the query together scores 1 + its best passage + a little for
// each further one + a share of what its title and notes score; others score the sum of their words' best passages,
// squeezed below 1. So every episode of the first kind comes before every one of the second.
const (
	moreWeight = 0.25 // of the logarithm of the number of further passages
	headWeight = 0.5  // of the score of title and notes
)

// rank returns the matching episodes with their scores, in no order that means something.
func (e *evaluation) rank(root *truth, only models.EpisodeID) ([]ranked, error) {
	n := len(e.v.keys)
	eps := e.among(root.eps, only)
	best, head, wide := make([]float64, n), make([]float64, n), make([]float64, n)
	passages, together := make([]int, n), newBitset(n)
	root.docs.each(func(d uint32) {
		ep, s := e.v.episode[d], e.scoreOf(d)
		together.add(ep)
		best[ep] = max(best[ep], s)
		if s > 0 {
			passages[ep]++
		}
		if e.v.passage[d] < 0 {
			head[ep] = s
		}
	})
	for _, f := range e.finders {
		if err := e.ctx.Err(); err != nil {
			return nil, err
		}
		top := make([]float64, n)
		f.docs.each(func(d uint32) { top[e.v.episode[d]] = max(top[e.v.episode[d]], f.score[d]) })
		for i, s := range top {
			wide[i] += s
		}
	}
	out := make([]ranked, 0, eps.count())
	eps.each(func(ep uint32) {
		s := wide[ep] / (1 + wide[ep])
		if together.has(ep) {
			s = 1 + best[ep] + moreWeight*math.Log(float64(max(1, passages[ep]))) + headWeight*head[ep]
		}
		out = append(out, ranked{episode: ep, score: s})
	})
	return out, nil
}

// among returns a copy of a set of episodes, or what it has of one of them where only names one.
func (e *evaluation) among(eps bitset, only models.EpisodeID) bitset {
	out := append(bitset(nil), eps...)
	if only == "" {
		return out
	}
	one := newBitset(len(e.v.keys))
	for i, k := range e.v.keys {
		if k.episode == only {
			one.add(uint32(i))
		}
	}
	out.and(one)
	return out
}

// order sorts episodes that match. No two are equal: what the sort does not tell apart comes newest first, then by id, so
// that pages of an unchanged index never overlap.
func (e *evaluation) order(list []ranked, by models.Sort) {
	slices.SortFunc(list, func(a, b ranked) int {
		order := 0
		switch by {
		case models.SortNewest:
		case models.SortOldest:
			order = e.byDate(a, b, 1)
		case models.SortRelevance:
			switch order = cmp.Compare(b.score, a.score); {
			case a.alike && !b.alike:
				order = 1
			case b.alike && !a.alike:
				order = -1
			}
		}
		if order != 0 { // as it is nearly always
			return order
		}
		return cmp.Or(e.byDate(a, b, -1), cmp.Compare(e.v.keys[a.episode].episode, e.v.keys[b.episode].episode))
	})
}

// byDate compares times of publication: direction is 1 for the oldest first, -1 for the newest. Undated episodes are last.
func (e *evaluation) byDate(a, b ranked, direction int) int {
	x, y := e.v.published[a.episode], e.v.published[b.episode]
	switch {
	case x == y:
		return 0
	case x == 0:
		return 1
	case y == 0:
		return -1
	}
	return direction * cmp.Compare(x, y)
}

// scoreOf returns the sum of what a document scores for the query's leaves.
func (e *evaluation) scoreOf(doc uint32) (sum float64) {
	for _, f := range e.finders {
		if f.docs.has(doc) {
			sum += f.score[doc]
		}
	}
	return sum
}
