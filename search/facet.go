package search

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

const (
	// maxFacet is how many values of a facet are returned.
	maxFacet = 50
	// maxAsked is how many passages are looked at, each for every speaker, to count speakers exactly.
	maxAsked = 2000
)

// facets counts the episodes that match by what they have in common. typed is the query as it was typed.
func (e *evaluation) facets(m matched, typed string) (*models.Facets, error) {
	shows, languages, years := map[uint32]int{}, map[uint32]int{}, map[int]int{}
	for _, r := range m.list {
		f := e.v.facts[r.episode]
		shows[f.show]++
		languages[f.language]++
		if p := e.v.published[r.episode]; p != 0 {
			years[time.Unix(p, 0).UTC().Year()]++
		}
	}
	add := e.narrowing(m.asked, typed)
	speakers, err := e.speakerFacet(m.top, m.list)
	if err != nil {
		return nil, err
	}
	out := &models.Facets{
		Shows: e.showFacet(shows), Years: []models.FacetCount{}, Speakers: speakers, Languages: []models.FacetCount{},
	}
	for year, n := range years {
		if label := fmt.Sprintf("%04d", year); len(label) == 4 { // others cannot be asked for
			out.Years = append(out.Years, models.FacetCount{Value: label, Label: label, Episodes: n, Query: queryYear + ":" + label})
		}
	}
	for lang, n := range languages {
		code := e.v.names.languages.all()[lang]
		out.Languages = append(out.Languages, models.FacetCount{Value: code, Label: code, Episodes: n, Query: queryLang + ":" + code})
	}
	for _, l := range []*[]models.FacetCount{&out.Shows, &out.Years, &out.Speakers, &out.Languages} {
		*l = greatest(*l)
		for i := range *l {
			(*l)[i].Narrowed = add((*l)[i].Query)
		}
	}
	slices.SortFunc(out.Years, func(a, b models.FacetCount) int { return cmp.Compare(b.Value, a.Value) })
	return out, nil
}

// greatest keeps the values with the greatest counts.
func greatest(l []models.FacetCount) []models.FacetCount {
	slices.SortFunc(l, greater)
	return l[:min(len(l), maxFacet)]
}

// greater orders values by count in a way that does not depend on chance.
func greater(a, b models.FacetCount) int {
	if a.Episodes != b.Episodes { // by far the most frequent case
		return b.Episodes - a.Episodes
	}
	return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Value, b.Value))
}

func (e *evaluation) showFacet(counts map[uint32]int) []models.FacetCount {
	out := make([]models.FacetCount, 0, len(counts))
	known := e.v.showNames(e.an)
	for show, n := range counts {
		id := e.v.names.shows.all()[show]
		f := models.FacetCount{Value: id, Label: id, Episodes: n, Query: queryShow + ":" + id}
		if s := known[show]; s != nil {
			f.Label = s.title
			if s.only {
				f.Query = queryShow + ":" + quoteName(s.title)
			}
		}
		out = append(out, f)
	}
	return out
}

// showName is what a show is called.
type showName struct {
	title string
	plain []string
	only  bool // asking for the title finds this show and no other one
}

// showNames returns the shows of a view that have a title, by number.
func (v *view) showNames(an *analyzer) map[uint32]*showName {
	v.namesOnce.Do(func() {
		v.shows = map[uint32]*showName{}
		titles := v.names.titles.all()
		for _, f := range v.facts {
			title := titles[f.title]
			switch s := v.shows[f.show]; {
			case title == "":
			case s == nil:
				plain := an.plain(title)
				v.shows[f.show] = &showName{title, plain, len(plain) > 0}
			case s.title != title: // it is about to change
				s.only = false
			}
		}
		tellApart(v.shows)
	})
	return v.shows
}

// tellApart finds the shows whose title is within that of another one. It looks only at those with the rarest of its words.
func tellApart(shows map[uint32]*showName) {
	having := map[string][]*showName{} // by word
	for _, s := range shows {
		for i, w := range s.plain {
			if !slices.Contains(s.plain[:i], w) {
				having[w] = append(having[w], s)
			}
		}
	}
	for _, s := range shows {
		if len(s.plain) == 0 {
			continue
		}
		rarest := slices.MinFunc(s.plain, func(a, b string) int { return cmp.Compare(len(having[a]), len(having[b])) })
		s.only = s.only && !slices.ContainsFunc(having[rarest], func(o *showName) bool { return o != s && holds(o.plain, s.plain) })
	}
}

// quoteName writes a name as a phrase of the query language. Quotation marks within it would end it, and are no words.
func quoteName(name string) string {
	return `"` + strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || strings.ContainsRune(quotationMarks, r) }), " ") + `"`
}

// speakerFacet counts in how many episodes each speaker speaks where the query matches: in the passages that hold the whole
// query, or, where an episode has none, in those that hold a word of it. Where these are few, it counts the episodes that
// match when the speaker is added to the query: those in which the speaker says it.
func (e *evaluation) speakerFacet(root *truth, list []ranked) ([]models.FacetCount, error) {
	counts := make([]int, len(e.v.names.speakers.all()))
	where := e.matchingPassages(root, list)
	seen := map[seat]bool{} // of episodes that are in several segments
	for _, p := range e.v.parts {
		taken := newBitset(len(p.refs.seats.list))
		where.eachIn(p.from, p.from+uint32(len(p.refs.episode)), func(d uint32) {
			for _, n := range p.refs.seats.of(d - p.from) {
				taken.add(n)
			}
		})
		taken.each(func(n uint32) {
			s := p.refs.seats.list[n]
			s.episode = p.to[s.episode]
			if e.v.spread[s.episode] {
				if seen[s] {
					return
				}
				seen[s] = true
			}
			counts[s.speaker]++
		})
	}
	var out []models.FacetCount
	plain := e.v.names.speakers.plainForms(e.an)
	for n, name := range e.v.names.speakers.all()[:len(counts)] {
		f := models.FacetCount{Value: name, Label: name, Episodes: counts[n]}
		if f.Episodes == 0 || len(out) == maxFacet && greater(f, out[maxFacet-1]) > 0 || len(plain[n]) == 0 {
			continue // a name without a word cannot be asked for
		}
		f.Query = querySpeaker + ":" + quoteName(name)
		at, _ := slices.BinarySearchFunc(out, f, greater)
		out = slices.Insert(out, at, f)
		out = out[:min(len(out), maxFacet)]
	}
	if where.count()*len(out) > maxAsked {
		return out, nil
	}
	listed := newBitset(len(e.v.keys))
	for _, r := range list {
		listed.add(r.episode)
	}
	for i := range out {
		eps, err := e.episodesWith(join(opAnd, []*node{root.node, e.an.parse(out[i].Query)}))
		if err != nil {
			return nil, err
		}
		eps.and(listed)
		out[i].Episodes = eps.count()
	}
	return slices.DeleteFunc(out, func(f models.FacetCount) bool { return f.Episodes == 0 }), nil
}

// matchingPassages returns the passages in which the moments of a list of episodes are.
func (e *evaluation) matchingPassages(root *truth, list []ranked) bitset {
	listed, whole := newBitset(len(e.v.keys)), newBitset(len(e.v.keys))
	for _, r := range list {
		listed.add(r.episode)
		whole.add(r.episode)
	}
	out := newBitset(e.v.docs)
	root.docs.each(func(d uint32) {
		if ep := e.v.episode[d]; e.v.passage[d] >= 0 && listed.has(ep) {
			out.add(d)
			whole[ep>>6] &^= 1 << (ep & 63)
		}
	})
	words := root.node.asksWords()
	var walk func(t *truth, eps bitset)
	walk = func(t *truth, eps bitset) {
		eps = append(bitset(nil), eps...)
		eps.and(t.eps)
		for _, k := range t.kids {
			if t.node.op != opNot {
				walk(k, eps)
			}
		}
		if l := t.node.leaf; l == nil || words && !l.spokenLeaf() || !words && l.field != querySpeaker {
			return
		}
		t.docs.each(func(d uint32) {
			if e.v.passage[d] >= 0 && eps.has(e.v.episode[d]) {
				out.add(d)
			}
		})
	}
	walk(root, whole)
	return out
}

// narrowing returns a function that adds a filter to a query. It returns "" where the whole would be longer than a query
// may be.
func (e *evaluation) narrowing(root *node, asked string) func(filter string) string {
	base := e.narrowable(root, asked)
	return func(filter string) string {
		if base == "" || utf8.RuneCountInString(base)+1+utf8.RuneCountInString(filter) > maxQueryRunes {
			return ""
		}
		return base + " " + filter
	}
}

// narrowable returns a query to which a filter can be added with a space between: what was typed where that reads as it
// should, else what was understood. "" says that there is none.
func (e *evaluation) narrowable(root *node, asked string) string {
	const probe = queryShow + `:"x"` // with quotation marks, which an open one before would end at
	want := join(opAnd, []*node{root, e.an.parse(probe)}).String()
	for _, base := range []string{strings.TrimSpace(asked), root.inner()} {
		if e.an.parse(base+" "+probe).String() == want {
			return base
		}
	}
	return ""
}
