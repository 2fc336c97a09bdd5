package search

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// oracle answers queries by reading every transcript from beginning to end. It shares with the index the tokeniser, the
// stemmers, the parser, the cutting of passages and the words that sounds: stands for, and nothing else.
type oracle struct {
	tb  testing.TB
	x   *Index // asked for nothing but what sounds: stands for
	an  *analyzer
	eps []*oracleEpisode

	plain map[string]string   // memory of fold
	terms map[string][]string // memory of analyzer.terms, by language and form
	typed map[string][]string // of analyzer.wordTerms
	same  map[formOfLeaf]bool // of matches, for leaves of one word
	said  map[string][]saying // what sounds: leaves stand for, as the index says
}

type formOfLeaf struct {
	l          *leaf
	lang, form string
}

func remember[K comparable, V any](m map[K]V, key K, f func() V) V {
	v, ok := m[key]
	if !ok {
		v = f()
		m[key] = v
	}
	return v
}

func (o *oracle) fold(s string) string { return remember(o.plain, s, func() string { return fold(s) }) }

type oracleEpisode struct {
	doc          models.Document
	lang         string
	words        []spoken
	speakers     []string
	forms        []string
	wordOf       []int // by token
	passages     []passage
	firstToken   []int
	title, notes []string
}

// answer is what a query should give for an episode.
type answer struct {
	titleHit, together bool
	moments            [][2]int64 // start and end, ms
}

func newOracle(tb testing.TB, x *Index, docs []models.Document) *oracle {
	tb.Helper()
	an := x.an
	o := &oracle{tb: tb, x: x, an: an, plain: map[string]string{}, terms: map[string][]string{}, typed: map[string][]string{}, same: map[formOfLeaf]bool{}, said: map[string][]saying{}}
	for _, d := range docs {
		e := &oracleEpisode{doc: d, lang: language(d.Transcript.Language), firstToken: []int{0}}
		if e.lang == unknownLanguage {
			e.lang = language(d.Show.Language)
		}
		e.words, e.speakers = spokenWords(d.Transcript)
		for i, w := range e.words {
			for _, f := range an.tokens(w.text) {
				e.forms, e.wordOf = append(e.forms, f), append(e.wordOf, i)
			}
			e.firstToken = append(e.firstToken, len(e.forms))
		}
		e.passages = cutPassages(e.words, e.firstToken)
		e.title, e.notes = an.tokens(d.Episode.Title), an.tokens(plainText(d.Episode.Notes))
		o.eps = append(o.eps, e)
	}
	return o
}

// sayings asks the index what the sounds: leaves of a query stand for.
func (o *oracle) sayings(root *node) {
	if err := o.x.ask(o.tb.Context(), nil, func(e *evaluation) (err error) {
		root.every(func(l *leaf) bool {
			if l.kind == kindSounds {
				o.said[l.String()], err = e.sayings(l)
			}
			return err == nil
		})
		return err
	}); err != nil {
		o.tb.Fatal(err)
	}
}

// run returns the answer for every episode that matches.
func (o *oracle) run(text string) map[models.EpisodeID]answer {
	out := map[models.EpisodeID]answer{}
	root := o.an.parse(text)
	if root == nil {
		return out
	}
	o.sayings(root)
	for _, e := range o.eps {
		s := scan{o: o, e: e}
		s.p = nil
		if !s.true(root, nil) {
			continue
		}
		a := answer{titleHit: s.inHead(root)}
		var found [][3]int
		numbers := map[string]int{}
		for i := range e.passages {
			s.p = &e.passages[i]
			if s.true(root, nil) {
				a.together = true
				found = append(found, s.witnesses(root, nil, numbers)...)
			}
		}
		if s.p = nil; !a.together {
			found = s.witnesses(root, nil, numbers)
		}
		a.moments = s.moments(found)
		s.head = true
		a.together = a.together || s.true(root, nil)
		out[e.doc.Episode.ID] = a
	}
	return out
}

// scan looks at an episode, at one of its passages (p), or at its head.
type scan struct {
	o    *oracle
	e    *oracleEpisode
	p    *passage
	head bool
}

func (s *scan) true(n *node, who []*node) bool {
	switch n.op {
	case opNot:
		whole := scan{o: s.o, e: s.e}
		return !whole.true(n.kids[0], nil)
	case opLeaf:
		return s.leafTrue(n.leaf, who)
	}
	kids := n.kids
	if n.op == opAnd {
		kids, who = restrict(kids, who)
	}
	for _, k := range kids {
		if s.true(k, who) != (n.op == opAnd) {
			return n.op == opOr
		}
	}
	return n.op == opAnd
}

func (s *scan) leafTrue(l *leaf, who []*node) bool {
	d := s.e.doc
	switch l.field {
	case queryTitle:
		return s.count(l, s.e.title) > 0
	case queryShow:
		return len(l.forms) == 1 && l.forms[0] == string(d.Show.ID) || s.named(l, d.Show.Title)
	case queryLang:
		return l.forms[0] == s.e.lang
	case queryYear, queryBefore, queryAfter:
		return s.published(l)
	case querySpeaker:
		if s.head {
			return false
		}
		words := s.e.words
		if s.p != nil {
			words = words[s.p.start:s.p.end]
		}
		return slices.ContainsFunc(words, func(w spoken) bool { return s.named(l, s.e.speakers[w.speaker]) })
	}
	inHead := len(who) == 0 && s.count(l, s.e.title)+s.count(l, s.e.notes) > 0
	if s.head {
		return inHead
	}
	return len(s.spokenAt(l, who)) > 0 || s.p == nil && inHead
}

// inHead: does any leaf outside a negation match title or notes?
func (s *scan) inHead(n *node) bool {
	return s.headLeaf(n, nil)
}

func (s *scan) headLeaf(n *node, who []*node) bool {
	switch n.op {
	case opNot:
		return false
	case opLeaf:
		l := n.leaf
		return l.field == queryTitle && s.count(l, s.e.title) > 0 ||
			l.field == "" && len(who) == 0 && s.count(l, s.e.title)+s.count(l, s.e.notes) > 0
	}
	kids := n.kids
	if n.op == opAnd {
		kids, who = restrict(kids, who)
	}
	return slices.ContainsFunc(kids, func(k *node) bool { return s.headLeaf(k, who) })
}

func (s *scan) named(l *leaf, name string) bool {
	plain := s.o.an.tokens(name)
	for i := range plain {
		plain[i] = fold(plain[i])
	}
	want := make([]string, len(l.forms))
	for i := range want {
		want[i] = fold(l.forms[i])
	}
	return strings.Contains(" "+strings.Join(plain, " ")+" ", " "+strings.Join(want, " ")+" ")
}

// published compares dates as they are written.
func (s *scan) published(l *leaf) bool {
	at := s.e.doc.Episode.PublishedAt
	if at.IsZero() {
		return false
	}
	first, last, _ := strings.Cut(l.String()[len(l.field)+1:], "-")
	date := at.UTC().Format("2006-01-02")
	switch l.field {
	case queryBefore:
		return date[:len(l.forms[0])] < l.forms[0]
	case queryAfter:
		return date[:len(l.forms[0])] > l.forms[0]
	}
	return date[:4] >= first && date[:4] <= cmp.Or(last, first)
}

func (s *scan) count(l *leaf, forms []string) (n int) {
	for i := range forms {
		if s.length(l, forms, i) > 0 {
			n++
		}
	}
	return n
}

// length returns how many tokens a leaf takes at a token; 0 when it is not there.
func (s *scan) length(l *leaf, forms []string, at int) int {
	if l.kind == kindSounds {
		return s.lengthSaid(l, forms[at:])
	}
	for n := len(l.forms); n <= len(l.forms)+l.slop && at+n <= len(forms); n++ {
		window := forms[at : at+n]
		if s.spans(l, 0, window) {
			for from := 1; from < n; from++ {
				if s.spans(l, 0, window[from:]) {
					return 0 // a shorter one, with the same end
				}
			}
			return n
		}
	}
	return 0
}

// lengthSaid returns how many tokens the longest saying of a leaf takes at the beginning of some.
func (s *scan) lengthSaid(l *leaf, forms []string) (longest int) {
	for _, said := range s.o.said[l.String()] {
		n := 0
		for n < len(said) && n < len(forms) && slices.Contains(said[n], s.o.fold(forms[n])) {
			n++
		}
		if n == len(said) {
			longest = max(longest, n)
		}
	}
	return longest
}

// spans reports whether the words of a leaf from number k on are in a window in this order, the first and the last at its
// ends.
func (s *scan) spans(l *leaf, k int, window []string) bool {
	if len(window) < len(l.forms)-k || !s.same(l, k, window[0]) {
		return false
	}
	if k == len(l.forms)-1 {
		return len(window) == 1
	}
	for from := 1; from < len(window); from++ {
		if s.spans(l, k+1, window[from:]) {
			return true
		}
	}
	return false
}

func (s *scan) same(l *leaf, k int, form string) bool {
	if len(l.forms) > 1 {
		return s.compare(l, k, form)
	}
	return remember(s.o.same, formOfLeaf{l, s.e.lang, form}, func() bool { return s.compare(l, k, form) })
}

func (s *scan) compare(l *leaf, k int, form string) bool {
	typed, got := s.o.fold(l.forms[k]), s.o.fold(form)
	switch l.kind {
	case kindPhrase:
		return typed == got && (!l.accents || form == l.forms[k])
	case kindPrefix:
		return strings.HasPrefix(got, typed)
	case kindFuzzy:
		return editDistance([]rune(typed), []rune(got)) <= l.distance
	}
	want := remember(s.o.typed, s.e.lang+" "+l.forms[0], func() []string { return s.o.an.wordTerms(s.e.lang, l.forms[0]) })
	have := remember(s.o.terms, s.e.lang+" "+form, func() []string { return s.o.an.terms(s.e.lang, form) })
	return slices.ContainsFunc(have, func(t string) bool { return slices.Contains(want, t) })
}

// editDistance counts insertions, deletions, replacements and swaps of neighbours.
func editDistance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range b {
		d[0][j+1] = j + 1
	}
	for i := range a {
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d[i+1][j+1] = min(d[i][j]+cost, d[i][j+1]+1, d[i+1][j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d[i+1][j+1] = min(d[i+1][j+1], d[i-1][j-1]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// spokenAt returns where a leaf is said: first and last token.
func (s *scan) spokenAt(l *leaf, who []*node) (out [][2]int) {
	from, core, end := 0, len(s.e.forms), len(s.e.forms)
	if s.p != nil {
		from, core, end = s.e.firstToken[s.p.start], s.e.firstToken[s.p.end], s.e.firstToken[s.p.tail]
	}
	for at := from; at < end; at++ {
		n := s.length(l, s.e.forms, at)
		if n == 0 || at >= core && at+n > end {
			continue
		}
		name := s.e.speakers[s.e.words[s.e.wordOf[at]].speaker]
		if slices.ContainsFunc(who, func(w *node) bool { return !s.speaks(w, name) }) {
			continue
		}
		out = append(out, [2]int{at, at + n - 1})
	}
	return out
}

func (s *scan) speaks(n *node, name string) bool {
	switch n.op {
	case opLeaf:
		return s.named(n.leaf, name)
	case opNot:
		return !s.speaks(n.kids[0], name)
	}
	yes := func(k *node) bool { return s.speaks(k, name) }
	if n.op == opOr {
		return slices.ContainsFunc(n.kids, yes)
	}
	return !slices.ContainsFunc(n.kids, func(k *node) bool { return !yes(k) })
}

// witnesses returns first word, last word and leaf of what makes a tree true.
func (s *scan) witnesses(n *node, who []*node, numbers map[string]int) (out [][3]int) {
	if !s.true(n, who) || n.op == opNot {
		return nil
	}
	if n.op != opLeaf {
		kids := n.kids
		if n.op == opAnd {
			kids, who = restrict(kids, who)
		}
		for _, k := range kids {
			out = append(out, s.witnesses(k, who, numbers)...)
		}
		return out
	}
	if n.leaf.field != "" {
		return nil
	}
	parts := []string{n.leaf.String()}
	for _, w := range who {
		parts = append(parts, w.String())
	}
	name := strings.Join(parts, "|")
	if _, ok := numbers[name]; !ok {
		numbers[name] = len(numbers)
	}
	for _, at := range s.spokenAt(n.leaf, who) {
		out = append(out, [3]int{s.e.wordOf[at[0]], s.e.wordOf[at[1]], numbers[name]})
	}
	return out
}

// keepApart leaves out what shares a word with an earlier one, that is kept, of the same leaf.
func keepApart(found [][3]int) (kept [][3]int) {
	for _, f := range found {
		if !slices.ContainsFunc(kept, func(k [3]int) bool { return k[2] == f[2] && k[0] <= f[1] && f[0] <= k[1] }) {
			kept = append(kept, f)
		}
	}
	return kept
}

func (s *scan) moments(found [][3]int) (out [][2]int64) {
	slices.SortFunc(found, func(a, b [3]int) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]), cmp.Compare(a[2], b[2]))
	})
	found = keepApart(found)
	for i := 0; i < len(found); {
		first, last, leaves := found[i][0], found[i][1], []int{found[i][2]}
		for i++; i < len(found) && found[i][0] <= last+1+nearWords && !slices.Contains(leaves, found[i][2]); i++ {
			last, leaves = max(last, found[i][1]), append(leaves, found[i][2])
		}
		out = append(out, [2]int64{int64(s.e.words[first].start), int64(s.e.words[last].end)})
	}
	return out
}
