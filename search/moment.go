package search

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

const (
	// nearWords is how many words may lie between the words of one moment.
	nearWords = 8
	// A snippet shows so many words before and after the match.
	wordsBefore = 10
	wordsAfter  = 14
)

// occurrence is a leaf found in the words [first, last] of an episode.
type occurrence struct {
	first, last, leaf int
	words             []int // those that are meant; nil: all from first to last
	typed             *leaf // of fuzzy~ and sounds:, which may be said as something else
}

// moment is one or more occurrences of different leaves close to each other.
type moment struct {
	first, last int
	leaves      []int
	found       []occurrence
}

// hit fills in what is shown of an episode.
func (e *evaluation) hit(root *truth, r ranked, q models.Query) (models.EpisodeHit, error) {
	t, err := e.table(r.episode)
	if err != nil {
		return models.EpisodeHit{}, err
	}
	h := models.EpisodeHit{EpisodeID: t.meta.Episode, ShowID: t.meta.Show, Score: r.score, Moments: []models.Moment{}}
	for _, d := range e.v.documents(r.episode) {
		for _, f := range e.finders {
			h.TitleHit = h.TitleHit || e.v.passage[d] < 0 && f.docs.has(d)
		}
	}
	found, err := e.occurrences(root, r.episode, t)
	if err != nil {
		return models.EpisodeHit{}, err
	}
	marked := make(map[int]bool, len(found))
	for _, o := range found {
		for _, w := range o.words {
			marked[w] = true
		}
		for w := o.first; w <= o.last && o.words == nil; w++ {
			marked[w] = true
		}
	}
	all := joinOccurrences(found)
	h.Total = len(all)
	list, first, end := chosen(all, q)
	for i := first; i < end; i++ {
		m := list[i]
		from, to := t.around(list, i)
		shown := t.moment(m, from, to, marked)
		shown.MatchedAs = e.matchedAs(t, m)
		h.Moments = append(h.Moments, shown)
	}
	return h, nil
}

// around returns the words [from, to) of the snippet of list[i]. Words between two moments of the list are shown with one of them
// only, so that nothing is read twice.
func (t *table) around(list []moment, i int) (from, to int) {
	m := list[i]
	from, to = max(0, m.first-wordsBefore), min(t.wordCount(), m.last+wordsAfter+1)
	if earlier := list[:i]; len(earlier) > 0 {
		from = max(from, parting(earlier[len(earlier)-1], m))
	}
	if i+1 < len(list) {
		to = min(to, parting(m, list[i+1]))
	}
	return min(from, m.first), max(to, m.last+1)
}

// parting returns the word with which the snippet of the second of two neighbours may begin: it has up to half of what is between.
func parting(before, after moment) int {
	between := max(0, after.first-before.last-1)
	return after.first - min(wordsBefore, between/2)
}

// occurrences returns where an episode matches, in spoken order: in the passages that hold the whole query, or else, where
// there are none, in all that hold a leaf that makes the query true.
func (e *evaluation) occurrences(root *truth, episode uint32, t *table) ([]occurrence, error) {
	c := collector{e: e, t: t, number: map[string]int{}}
	passages := e.v.passages(episode)
	together := slices.ContainsFunc(passages, root.docs.has)
	var whole []*truth // of an episode that holds the query apart
	if !together {
		root.witnesses(func(w *truth) bool { return w.eps.has(episode) }, func(w *truth) { whole = append(whole, w) })
	}
	for _, d := range passages {
		if err := e.step(); err != nil {
			return nil, err
		}
		p := int(e.v.passage[d])
		for _, w := range whole {
			if w.find == nil || w.find.docs.has(d) {
				c.collect(w, p)
			}
		}
		if root.docs.has(d) {
			root.witnesses(func(w *truth) bool { return w.docs.has(d) }, func(w *truth) { c.collect(w, p) })
		}
	}
	out := c.found
	if len(out) == 0 {
		out = c.turns
	}
	return apart(out), nil
}

// apart sorts occurrences and leaves out those that share a word with an earlier one of the same leaf: "ha ha" is twice,
// not three times, in "ha ha ha ha".
func apart(all []occurrence) []occurrence {
	slices.SortFunc(all, func(a, b occurrence) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last), cmp.Compare(a.leaf, b.leaf))
	})
	ends := map[int]int{} // by leaf: the first word after its last occurrence
	out := all[:0]
	for _, o := range all {
		if o.first >= ends[o.leaf] {
			ends[o.leaf] = o.last + 1
			out = append(out, o)
		}
	}
	return out
}

// witnesses calls add with the leaves that make a tree true, given where nodes are.
func (t *truth) witnesses(is func(*truth) bool, add func(*truth)) {
	if !is(t) {
		return
	}
	switch t.node.op {
	case opNot:
	case opLeaf:
		add(t)
	case opAnd, opOr:
		for _, k := range t.kids {
			k.witnesses(is, add)
		}
	}
}

// collector gathers the occurrences of leaves in one episode.
type collector struct {
	e      *evaluation
	t      *table
	number map[string]int // of leaves, by name: those that stand for the same are one
	found  []occurrence   // of words
	turns  []occurrence   // first words of what a speaker says; shown where the query asks for no words
}

func (c *collector) collect(w *truth, passage int) {
	l := w.node.leaf
	switch {
	case l.field == querySpeaker:
		c.collectTurns(l, c.t.passage(passage))
		return
	case !l.spokenLeaf():
		return
	}
	meant := l
	if l.instead != nil {
		meant = l.instead
	}
	number, known := c.number[meant.name()]
	if !known {
		number = len(c.number)
		c.number[meant.name()] = number
	}
	s := c.e.spotsIn(w.find, c.t)
	s.spoken(passage, passage, func(_ int, m match) {
		o := occurrence{first: c.t.wordOf(m.at), last: c.t.wordOf(m.end - 1), leaf: number}
		if l.kind == kindFuzzy || l.kind == kindSounds || l.instead != nil {
			o.typed = meant
		}
		if s.slop > 0 {
			for _, token := range s.meant(m) {
				o.words = append(o.words, c.t.wordOf(token))
			}
		}
		c.found = append(c.found, o)
	})
}

func (c *collector) collectTurns(l *leaf, p passage) {
	turns := c.t.turns.n / 2
	word := func(turn int) int { return int(c.t.turns.at(2 * turn)) }
	for i := sort.Search(turns, func(i int) bool { return word(i) >= p.start }); i < turns && word(i) < p.end; i++ {
		if w := word(i); named(l, c.e.v.names.speakers.plainName(c.e.an, c.t.meta.Speakers[c.t.turns.at(2*i+1)])) {
			c.turns = append(c.turns, occurrence{first: w, last: w})
		}
	}
}

// joinOccurrences makes moments: from left to right, an occurrence joins the moment before it when that has no occurrence
// of the same leaf yet and ends at most nearWords before.
func joinOccurrences(found []occurrence) []moment {
	var out []moment
	for i, o := range found {
		if n := len(out) - 1; n >= 0 && o.first-out[n].last <= nearWords+1 && !slices.Contains(out[n].leaves, o.leaf) {
			out[n].last = max(out[n].last, o.last)
			out[n].leaves = append(out[n].leaves, o.leaf)
			out[n].found = found[i-len(out[n].found) : i+1]
			continue
		}
		out = append(out, moment{o.first, o.last, []int{o.leaf}, found[i : i+1]})
	}
	return out
}

// chosen returns the moments that a query wants to see, list[from:to], in spoken order, among their neighbours: the best ones, or a
// page of all.
func chosen(all []moment, q models.Query) (list []moment, from, to int) {
	if q.MomentsOffset == 0 {
		list = bestMoments(all, q.Moments)
		return list, 0, len(list)
	}
	from = min(max(0, q.MomentsOffset), len(all))
	return all, from, min(from+q.Moments, len(all))
}

// bestMoments returns at most so many moments, in spoken order: those with the most different leaves, then the shortest,
// then the first.
func bestMoments(all []moment, most int) []moment {
	if len(all) <= most {
		return all
	}
	better := func(a, b int) int {
		if d := len(all[b].leaves) - len(all[a].leaves); d != 0 {
			return d
		}
		return cmp.Or(all[a].last-all[a].first-all[b].last+all[b].first, a-b)
	}
	best := make([]int, 0, most+1)
	for i := range all {
		if len(best) == most && better(i, best[most-1]) > 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, i, better)
		best = slices.Insert(best, at, i)
		best = best[:min(len(best), most)]
	}
	slices.Sort(best)
	out := make([]moment, len(best))
	for k, i := range best {
		out[k] = all[i]
	}
	return out
}

// moment describes a moment with the words [from, to) as its snippet; marked are the words that match.
func (t *table) moment(m moment, from, to int, marked map[int]bool) models.Moment {
	out := models.Moment{
		StartMS: t.startMS(m.first), EndMS: t.endMS(m.last),
		Speaker: t.meta.Speakers[t.speakerOf(m.first)], Marks: []models.Mark{},
	}
	var b strings.Builder
	at := 0 // code points written
	last := rune(0)
	t.eachWord(from, to, func(w int, word []byte) {
		if w > from && spaceBetween(last, word) {
			b.WriteByte(' ')
			at++
		}
		if marked[w] {
			mark := markOf(string(word), at)
			mark.StartMS = t.startMS(w)
			out.Marks = append(out.Marks, mark)
		}
		b.Write(word)
		at += utf8.RuneCount(word)
		last, _ = utf8.DecodeLastRune(word)
	})
	out.Snippet = b.String()
	return out
}

// markOf marks a word without the punctuation around it, or all of it where there is nothing else.
func markOf(word string, at int) models.Mark {
	outside := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }
	right := strings.TrimRightFunc(word, outside)
	inner := strings.TrimLeftFunc(right, outside)
	if inner == "" {
		return models.Mark{Start: at, End: at + utf8.RuneCountInString(word)}
	}
	start := at + utf8.RuneCountInString(right) - utf8.RuneCountInString(inner)
	return models.Mark{Start: start, End: start + utf8.RuneCountInString(inner)}
}

// spaceBetween reports whether a word is written with a space after the last character of the word before it.
func spaceBetween(last rune, word []byte) bool {
	first, _ := utf8.DecodeRune(word)
	return !unspaced(last) && !unspaced(first)
}

// unspaced reports whether a character belongs to a script, or is punctuation of a script, that has no spaces.
func unspaced(r rune) bool {
	const thai = 0x0E00 // the first of them
	return r >= thai && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFF65
}
