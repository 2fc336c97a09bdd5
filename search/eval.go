package search

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// The meaning of a query.
//
// It is evaluated twice with the same tree. Over episodes: a leaf is true of an episode in which it is said, or whose title
// or notes have it; "and", "or" and "not" combine these sets, and the result is the exact set of matching episodes. Over
// documents (passages and heads): a leaf is true of a document in which it is; "not", and fields that are about the whole
// episode, keep their truth of the episode. An episode with a document of which the whole query is true holds the query
// "together": such episodes come first, and only such passages give its moments.
//
// speaker: within an "and" restricts the words beside it to those that the speaker says.

// truth is a node of the tree with where it is true.
type truth struct {
	node *node
	kids []*truth
	find *finder // of leaves that look at words; nil otherwise
	eps  bitset
	docs bitset
}

// place is where a leaf is looked for.
type place struct {
	f *finder
	t *table
}

// evaluation answers one query on one snapshot.
type evaluation struct {
	ctx    context.Context //nolint:containedctx // lives for one call of Search
	an     *analyzer
	r      index.IndexReader
	v      *view
	tables *tables
	sounds *soundBook
	alikes map[string][]string // of alike, by field and plain form
	spare  *sync.Pool
	taken  []*[]float64 // from spare

	known   *spellings // nil: nobody said anything about names
	applied int64      // change of the source that the snapshot has, at least

	running *atomic.Int32 // searches; nil in a fork: see [evaluation.split]

	fields  map[string][]string                 // languages by field name before the suffix
	finders []*finder                           // of positive leaves, each once
	spots   map[place]*spots                    // of spotsIn
	dicts   map[string][]segment.TermDictionary // of dictionaries, by field
	byName  map[string]*finder
	speaker map[string]bitset // of spokenBy, by leaf
	lastKey tableKey
	last    *table
	steps   int
}

func newEvaluation(ctx context.Context, s *shard, r index.IndexReader, v *view) (*evaluation, error) {
	e := &evaluation{
		ctx: ctx, an: s.an, r: r, v: v, tables: s.tables, sounds: &s.sounds, alikes: map[string][]string{}, spare: &s.spare, running: &s.running,
		fields: map[string][]string{}, byName: map[string]*finder{}, speaker: map[string]bitset{}, spots: map[place]*spots{},
		dicts: map[string][]segment.TermDictionary{},
	}
	names, err := r.Fields()
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if kind, lang, ok := strings.Cut(n, "."); ok {
			e.fields[kind+"."] = append(e.fields[kind+"."], lang)
		}
	}
	return e, nil
}

// numbers returns a number for each document, which are anything at first: an archive has many documents, and clearing them
// takes longer than answering most queries.
func (e *evaluation) numbers() []float64 {
	n, _ := e.spare.Get().(*[]float64)
	if n == nil || cap(*n) < e.v.docs {
		made := make([]float64, e.v.docs)
		n = &made
	}
	e.taken = append(e.taken, n)
	return (*n)[:e.v.docs]
}

// end gives up what other evaluations may use.
func (e *evaluation) end() {
	for _, n := range e.taken {
		e.spare.Put(n)
	}
	e.taken = nil
}

// step is called in every long loop: it notices now and then that nobody waits for the answer any more.
func (e *evaluation) step() error {
	if e.steps++; e.steps%4096 == 0 {
		return e.ctx.Err()
	}
	return nil
}

// table returns the side table of an episode of the view.
func (e *evaluation) table(episode uint32) (*table, error) {
	key := e.v.keys[episode]
	if e.last != nil && e.lastKey == key {
		return e.last, nil
	}
	t, err := e.tables.get(key)
	if err != nil {
		return nil, err
	}
	e.lastKey, e.last = key, t
	return t, nil
}

// solve evaluates a tree. who restricts words to speakers; positive is false within a negation.
func (e *evaluation) solve(n *node, who []*node, positive bool) (*truth, error) {
	if err := e.ctx.Err(); err != nil {
		return nil, err
	}
	t := &truth{node: n}
	switch n.op {
	case opLeaf:
		return t, e.solveLeaf(t, who, positive)
	case opNot:
		kid, err := e.solve(n.kids[0], nil, false)
		if err != nil {
			return nil, err
		}
		t.kids = []*truth{kid}
		t.eps = append(bitset(nil), e.v.universe...)
		t.eps.without(kid.eps)
		t.docs = e.documentsOf(t.eps)
		return t, nil
	case opAnd, opOr:
	}
	kids := n.kids
	if n.op == opAnd {
		kids, who = restrict(n.kids, who)
	}
	for i, k := range kids {
		kid, err := e.solve(k, who, positive)
		if err != nil {
			return nil, err
		}
		t.kids = append(t.kids, kid)
		switch {
		case i == 0:
			t.eps, t.docs = append(bitset(nil), kid.eps...), append(bitset(nil), kid.docs...)
		case n.op == opAnd:
			t.eps.and(kid.eps)
			t.docs.and(kid.docs)
		default:
			t.eps.or(kid.eps)
			t.docs.or(kid.docs)
		}
	}
	return t, nil
}

// restrict finds the children of an "and" that say who speaks. Where others ask for words they restrict these; one that is
// a negation does nothing but that, since "-speaker:anna budget" asks for the budget that others speak of, not for episodes
// without Anna.
func restrict(kids, who []*node) (rest, restricted []*node) {
	words := false
	for _, k := range kids {
		words = words || k.asksWords()
	}
	if !words {
		return kids, who
	}
	restricted = append(restricted, who...)
	for _, k := range kids {
		if k.speakersOnly() {
			restricted = append(restricted, k)
			if k.op == opNot {
				continue
			}
		}
		rest = append(rest, k)
	}
	return rest, restricted
}

func (e *evaluation) solveLeaf(t *truth, who []*node, positive bool) error {
	l := t.node.leaf
	switch l.field {
	case "", queryTitle:
		f, err := e.finder(l, who, positive)
		if err != nil {
			return err
		}
		t.find, t.docs = f, f.docs
		t.eps = e.episodesOf(f.docs)
		if l.field == queryTitle {
			t.docs = e.documentsOf(t.eps)
		}
		return nil
	case querySpeaker:
		docs, err := e.spokenBy(l)
		if err != nil {
			return err
		}
		t.docs, t.eps = docs, e.episodesOf(docs)
		return nil
	}
	if l.field == queryYear || l.field == queryBefore || l.field == queryAfter {
		t.eps = e.publishedIn(l.when)
	} else {
		t.eps = e.about(l)
	}
	t.docs = e.documentsOf(t.eps)
	return nil
}

// publishedIn returns the episodes that are known to be published in a stretch of time.
func (e *evaluation) publishedIn(s span) bitset {
	out := newBitset(len(e.v.keys))
	for i, second := range e.v.published {
		if second != 0 && s.has(second) {
			out.add(uint32(i))
		}
	}
	return out
}

// spokenBy returns the passages in which somebody speaks whose name has the words of a leaf. The set must not be changed.
func (e *evaluation) spokenBy(l *leaf) (bitset, error) {
	if known, ok := e.speaker[l.String()]; ok {
		return known, nil
	}
	out := newBitset(e.v.docs)
	names := e.v.names.speakers.all()
	for _, n := range e.v.names.speakers.with(e.an, foldAll(l.forms)) {
		if int(n) >= len(names) { // somebody whom a newer index knows
			break
		}
		if err := e.documents(fieldSpeaker, names[n], out); err != nil {
			return nil, err
		}
	}
	e.speaker[l.String()] = out
	return out, nil
}

// about returns the episodes of a show, by its title or its id, or in a language.
func (e *evaluation) about(l *leaf) bitset {
	names := e.v.names
	languages, shows, titles, words := names.languages.all(), names.shows.all(), names.titles.plainForms(e.an), foldAll(l.forms)
	is := func(f facts) bool { return languages[f.language] == l.forms[0] }
	if l.field == queryShow {
		is = func(f facts) bool {
			return holds(titles[f.title], words) || len(l.forms) == 1 && shows[f.show] == l.forms[0]
		}
	}
	out := newBitset(len(e.v.keys))
	for i, f := range e.v.facts {
		if is(f) {
			out.add(uint32(i))
		}
	}
	return out
}

// named reports whether a name, given by its plain forms, has the words of a leaf: one after the other for a phrase.
func named(l *leaf, plain []string) bool { return holds(plain, foldAll(l.forms)) }

// holds reports whether words are somewhere within others, one after the other.
func holds(have, words []string) bool {
	for i := 0; i+len(words) <= len(have); i++ {
		if slices.Equal(have[i:i+len(words)], words) {
			return true
		}
	}
	return false
}

// episodesOf returns the episodes of documents.
func (e *evaluation) episodesOf(docs bitset) bitset {
	out := newBitset(len(e.v.keys))
	docs.each(func(d uint32) { out.add(e.v.episode[d]) })
	return out
}

// documentsOf returns the documents of episodes.
func (e *evaluation) documentsOf(eps bitset) bitset {
	out := newBitset(e.v.docs)
	eps.each(func(ep uint32) {
		for _, d := range e.v.documents(ep) {
			out.add(d)
		}
	})
	return out
}
