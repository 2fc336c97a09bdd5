package search

import (
	"cmp"
	"slices"

	"github.com/earshot/earshot/models"
)

// How the nearness of words counts. The words of a query that follow each other in a passage count as if the passage said
// each of them once more; with nearHalf other words between them, half of that. Looking at words is dear, so it is done for
// the best episodes before it, whichever page is asked for: their order among themselves is what it changes.
const (
	nearEpisodes = 100 // a page at most
	nearPassages = 8   // the best ones of an episode
	nearHalf     = 4   // words
	nearDisorder = 0.8 // of words that are near, but not in the order in which they were typed
)

// mayBeNear returns the episodes of a list, which is ordered, whose nearness counts.
func (e *evaluation) mayBeNear(list []ranked, by models.Sort) []ranked {
	typed := 0
	for _, f := range e.finders {
		if f.l.instead == nil {
			typed++
		}
	}
	if by != models.SortRelevance || typed < 2 {
		return nil
	}
	return list[:min(nearEpisodes, len(list))]
}

// favour adds nearness to the scores of episodes, and puts them in order again.
func (e *evaluation) favour(near []ranked, more []float64) {
	for i, s := range more {
		near[i].score += s
	}
	e.order(near, models.SortRelevance)
}

// nearness returns what nearness adds to the score of an episode's best passage.
func (e *evaluation) nearness(root *truth, episode uint32) (float64, error) {
	type scored struct {
		doc   uint32
		score float64
	}
	var passages []scored
	best := 0.0
	for _, d := range e.v.documents(episode) {
		if !root.docs.has(d) {
			continue
		}
		s := e.scoreOf(d)
		best = max(best, s)
		if e.v.passage[d] >= 0 {
			passages = append(passages, scored{d, s})
		}
	}
	if len(passages) == 0 {
		return 0, nil
	}
	slices.SortFunc(passages, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(e.v.passage[a.doc], e.v.passage[b.doc]))
	})
	t, err := e.table(episode)
	if err != nil {
		return 0, err
	}
	places := make([]*spots, len(e.finders))
	near := best
	for _, p := range passages[:min(nearPassages, len(passages))] {
		said, rarity := e.saidIn(p.doc)
		if len(said) < 2 || p.score+rarity <= near {
			continue
		}
		var found []placed
		for k, n := range said {
			if places[n] == nil {
				places[n] = e.spotsIn(e.finders[n], t)
			}
			passage := int(e.v.passage[p.doc])
			places[n].spoken(passage, passage, func(_ int, m match) { found = append(found, placed{m, k}) })
		}
		near = max(near, p.score+rarity*closeness(found, len(said)))
	}
	return near - best, nil
}

// saidIn returns the finders of what is said that are true of a document, and how rare all of them are.
func (e *evaluation) saidIn(doc uint32) (numbers []int, rarity float64) {
	for n, f := range e.finders {
		if f.l.spokenLeaf() && f.l.instead == nil && f.docs.has(doc) {
			numbers = append(numbers, n)
			rarity += f.rarity
		}
	}
	return numbers, rarity
}

// placed is a match of one of several leaves.
type placed struct {
	match
	leaf int
}

// closeness says how near to each other so many leaves are said where they are nearest: 1 when one follows the other in
// order, towards 0 the more other words there are in between, 0 when one is missing.
func closeness(found []placed, leaves int) (best float64) {
	slices.SortFunc(found, func(a, b placed) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.leaf, b.leaf)) })
	last := make([]match, leaves) // of each leaf
	seen := 0
	for _, p := range found {
		if last[p.leaf].end == 0 {
			seen++
		}
		if last[p.leaf] = p.match; seen < leaves {
			continue
		}
		first, end, own, order := p.at, p.end, 0, 1.0
		for k, m := range last {
			first, end, own = min(first, m.at), max(end, m.end), own+m.end-m.at
			if k > 0 && m.at < last[k-1].at {
				order = nearDisorder
			}
		}
		best = max(best, order/(1+float64(max(0, end-first-own))/nearHalf))
	}
	return best
}
