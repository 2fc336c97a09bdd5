package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/earshot/earshot/models"
)

const (
	defaultLimit, maxLimit     = 20, 100
	defaultMoments, maxMoments = 5, 1000
	// repairs bounds how many damaged side tables one search makes again before it gives up.
	repairs = 8
)

// Search answers a query. Any text is a valid query; one without a word finds nothing. It never waits for indexing, unless
// a side table turns out to be damaged: then it is made again from the source first.
func (x *Index) Search(ctx context.Context, q models.Query) (models.Results, error) {
	q.Limit = bounded(q.Limit, defaultLimit, maxLimit)
	q.Moments = bounded(q.Moments, defaultMoments, maxMoments)
	q.Offset = max(0, q.Offset)
	q.Sort = cmp.Or(q.Sort, models.SortRelevance)
	root := x.an.parse(q.Text)
	if root == nil {
		res := models.Results{Hits: []models.EpisodeHit{}}
		if q.Facets {
			none := []models.FacetCount{}
			res.Facets = &models.Facets{Shows: none, Years: none, Speakers: none, Languages: none}
		}
		return res, ctx.Err()
	}
	var res models.Results
	err := x.ask(ctx, q.Hidden, func(e *evaluation) (err error) {
		res, err = e.answer(root, q)
		return err
	})
	if err != nil {
		return models.Results{}, fmt.Errorf("searching: %w", err)
	}
	return res, nil
}

func bounded(v, zero, most int) int {
	if v <= 0 {
		return zero
	}
	return min(v, most)
}

// ask lets a question be answered on a snapshot of the index that serves, without the shows that are hidden. Where a side table turns out to be damaged it is
// made again, and the question asked anew.
func (x *Index) ask(ctx context.Context, hidden []models.ShowID, question func(*evaluation) error) error {
	for try := 0; ; try++ {
		err := x.askOnce(ctx, hidden, question)
		var damaged *damagedError
		if !errors.As(err, &damaged) || try == repairs {
			return err
		}
		if err := x.repair(ctx, damaged); err != nil {
			return err
		}
	}
}

// askOnce is ask without repairs. A fault in the index's files, which are mapped into memory, is an error and not the end
// of the process; the index is then rebuilt.
func (x *Index) askOnce(ctx context.Context, hidden []models.ShowID, question func(*evaluation) error) (err error) {
	s, release, err := x.acquire()
	if err != nil {
		return err
	}
	defer release()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			x.o.Log.ErrorContext(ctx, "the search index is damaged: rebuilding it from the catalogue", "error", r, "stack", string(debug.Stack()))
			s.broken.Store(true)
			err = fmt.Errorf("the search index is damaged and is being rebuilt: %v", r)
		}
	}()
	defer s.gate.enter()()
	s.running.Add(1)
	defer s.running.Add(-1)
	applied := s.applied.Load()
	r, err := s.adv.Reader()
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // reading only
	v, err := s.views.of(ctx, r, hidden)
	if err != nil {
		return err
	}
	e, err := newEvaluation(ctx, s, r, v)
	if err != nil {
		return err
	}
	defer e.end()
	e.known, e.applied = x.spellings.Load(), applied
	return question(e)
}

// matched is what answers a query.
type matched struct {
	asked *node    // the query that is answered
	top   *truth   // where it is true, or its names are called otherwise
	list  []ranked // the episodes that match it
	also  []models.AlsoFound
	alike int // episodes of the list that have only what sounds like a name
}

// matching answers a query. Its names are looked for in all spellings that are known. Where nothing matches, and the query is not
// strict, it looks for what sounds like the words that nobody says, then for what sounds like any of the words, then for most of the
// words, and answers that query.
func (e *evaluation) matching(root *node, q models.Query) (m matched, err error) {
	if m, err = e.matchingNames(root, q); err != nil || len(m.list) > 0 || q.Strict {
		return m, err
	}
	top := m.top
	if top.node != root {
		if top, _, err = e.matchingExactly(root, q); err != nil {
			return m, err
		}
	}
	none := matched{asked: root, top: top}
	for _, instead := range []func() (*node, error){
		func() (*node, error) { return e.sounding(root, true) },
		func() (*node, error) { return e.sounding(root, false) },
		func() (*node, error) { return e.fewer(top, q.EpisodeID), nil },
	} {
		other, err := instead()
		if err != nil {
			return none, err
		}
		if other == nil {
			continue
		}
		if t, l, err := e.matchingExactly(other, q); err != nil || len(l) > 0 {
			return matched{asked: other, top: t, list: l}, err
		}
	}
	return none, nil
}

// matchingNames answers a query with all spellings of its names. Where it finds something it looks for what sounds like the names,
// too: nothing of a query that is strict is looked for otherwise.
func (e *evaluation) matchingNames(root *node, q models.Query) (m matched, err error) {
	m.asked = root
	named := root
	if !q.Strict {
		other, err := e.widen(root, false)
		if err != nil {
			return m, err
		}
		if other != nil {
			named = other
		}
	}
	if m.top, m.list, err = e.matchingExactly(named, q); err != nil {
		return m, err
	}
	m.also = alsoFound(m.top)
	if q.Strict || len(m.list) == 0 {
		return m, nil
	}
	return e.withAlike(m, q)
}

// withAlike adds what sounds like the names of a query.
func (e *evaluation) withAlike(m matched, q models.Query) (matched, error) {
	wide, err := e.widen(m.asked, true)
	if err != nil || wide == nil {
		return m, err
	}
	finders := e.finders
	top, list, err := e.matchingExactly(wide, q)
	if err != nil {
		return m, err
	}
	also := alsoFound(top)
	if !slices.ContainsFunc(also, func(a models.AlsoFound) bool { return a.Sounds }) {
		e.finders = finders
		return m, nil
	}
	said := newBitset(len(e.v.keys))
	for _, r := range m.list {
		said.add(r.episode)
	}
	for i := range list {
		list[i].alike = !said.has(list[i].episode)
	}
	return matched{m.asked, top, list, also, len(list) - len(m.list)}, nil
}

// sounding returns a query for what sounds like the words of another: only like those that nobody says, or like all; nil
// where there is none.
func (e *evaluation) sounding(root *node, unsaidOnly bool) (*node, error) {
	var failed error
	unsaid := func(l *leaf) bool {
		f, err := e.finder(l, nil, false)
		failed = cmp.Or(failed, err)
		return err == nil && f.docs.count() == 0
	}
	other := e.an.sounding(root, func(l *leaf) bool { return !unsaidOnly || unsaid(l) }, func(l *leaf) bool {
		is, err := e.oneName(l)
		failed = cmp.Or(failed, err)
		return is
	})
	return other, failed
}

func (e *evaluation) matchingExactly(root *node, q models.Query) (*truth, []ranked, error) {
	e.finders = nil
	if err := e.lookUp(root); err != nil {
		return nil, nil, err
	}
	top, err := e.solve(root, nil, true)
	if err != nil {
		return nil, nil, err
	}
	list, err := e.rank(top, q.EpisodeID)
	return top, list, err
}

// lookUp makes the finders of all words and phrases of a tree, which solve needs.
func (e *evaluation) lookUp(root *node) error {
	var leaves, others []*leaf
	root.every(func(l *leaf) bool {
		switch {
		case !l.spokenLeaf() && l.field != queryTitle:
		case l.instead != nil:
			others = append(others, l) // weighed by what they stand for, which has to be known by then
		default:
			leaves = append(leaves, l)
		}
		return true
	})
	for _, some := range [][]*leaf{leaves, others} {
		if len(leaves)+len(others) < 2 { // a finder by itself is split within
			return nil
		}
		if err := e.split(len(some), func(e *evaluation, i int) error {
			_, err := e.finder(some[i], nil, false)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluation) answer(root *node, q models.Query) (models.Results, error) {
	m, err := e.matching(root, q)
	if err != nil {
		return models.Results{}, err
	}
	top, list := m.top, m.list
	e.order(list, q.Sort)
	res := models.Results{
		Understood: m.asked.String(), Approximate: m.asked != root, Total: len(list), Also: m.also, Alike: m.alike,
	}
	near := e.mayBeNear(list, q.Sort)
	more := make([]float64, len(near)) // what nearness adds to their scores
	if err := e.split(1+len(near), func(e *evaluation, i int) (err error) {
		if i == 0 {
			return e.beside(&res, root, m, q)
		}
		more[i-1], err = e.nearness(top, near[i-1].episode)
		return err
	}); err != nil {
		return models.Results{}, err
	}
	e.favour(near, more)
	list = list[min(q.Offset, len(list)):]
	list = list[:min(q.Limit, len(list))]
	res.Hits = make([]models.EpisodeHit, len(list))
	if err := e.split(len(list), func(e *evaluation, i int) (err error) {
		res.Hits[i], err = e.hit(top, list[i], q)
		return err
	}); err != nil {
		return models.Results{}, err
	}
	return res, nil
}

// beside fills in what stands beside the hits: facets and suggestions.
func (e *evaluation) beside(res *models.Results, root *node, m matched, q models.Query) (err error) {
	if q.Facets {
		if res.Facets, err = e.facets(m, q.Text); err != nil {
			return err
		}
	}
	if q.Offset == 0 && q.EpisodeID == "" && !q.Strict {
		res.Suggestions, err = e.suggestions(root, m, q.Text)
	}
	return err
}

// repair makes a damaged side table again.
func (x *Index) repair(ctx context.Context, d *damagedError) error {
	x.o.Log.WarnContext(ctx, "a side table is damaged: making it again", "episode", d.key.episode, "error", d.err)
	if err := x.renew(ctx, d.key.episode); err != nil {
		return fmt.Errorf("repairing the search index of episode %s: %w", d.key.episode, err)
	}
	return nil
}

// renew replaces all that the index that serves has of an episode by what the source has.
func (x *Index) renew(ctx context.Context, id models.EpisodeID) error {
	s, release, err := x.acquire()
	if err != nil {
		return err
	}
	defer release()
	return s.renew(ctx, x.src, id)
}
