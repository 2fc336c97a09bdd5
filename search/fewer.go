package search

import (
	"math"
	"math/bits"
	"slices"

	"github.com/earshot/earshot/models"
)

const (
	// maxLeftOut is how many parts of a query may be weighed against each other: as many as a mask has bits.
	maxLeftOut = 64
	// leastKept is the share of a query's weight that has to be kept: nobody who types "firing a colleague" means "a".
	leastKept = 1.0 / 3
)

// fewer returns a query without the parts that keep it from matching: of all episodes that the filters of an "and" let
// through, that one decides which has most of its words, rare ones counting more. top is the truth of that "and". It is nil
// where there is nothing to leave out, or too little is left.
func (e *evaluation) fewer(top *truth, only models.EpisodeID) *node {
	if top.node.op != opAnd {
		return nil
	}
	var parts []*truth
	rest := e.among(e.v.universe, only)
	for _, k := range top.kids {
		if canLeaveOut(k.node) {
			parts = append(parts, k)
		} else {
			rest.and(k.eps)
		}
	}
	if len(parts) < 2 || len(parts) > maxLeftOut {
		return nil
	}
	all := 0.0
	weight, masks := make([]float64, len(e.v.keys)), make([]uint64, len(e.v.keys))
	for i, k := range parts {
		rarity := math.Log(1 + float64(len(e.v.keys))/float64(1+k.eps.count()))
		all += rarity
		k.eps.each(func(ep uint32) {
			weight[ep] += rarity
			masks[ep] |= 1 << i
		})
	}
	best, most := uint64(0), 0.0
	rest.each(func(ep uint32) {
		// Of equals the one that keeps what was typed first, so that the answer does not depend on the order of episodes.
		if w, m := weight[ep], masks[ep]; w > most || w == most && bits.Reverse64(m) > bits.Reverse64(best) {
			best, most = m, w
		}
	})
	if most < leastKept*all {
		return nil
	}
	kids := slices.DeleteFunc(slices.Clone(top.node.kids), func(k *node) bool {
		i := slices.IndexFunc(parts, func(p *truth) bool { return p.node == k })
		return i >= 0 && best&(1<<i) == 0
	})
	return join(opAnd, kids)
}

// canLeaveOut reports whether a part of an "and" asks for something that is said. Filters and negations stay.
func canLeaveOut(n *node) bool { return n.op != opNot && n.asksWords() }
