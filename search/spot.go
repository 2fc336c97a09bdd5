package search

import (
	"slices"
	"sort"
)

// spots finds a leaf in the words of one episode.
type spots struct {
	t    *table
	seqs []sequence // what the leaf may be said as, longest first; none: the episode cannot have it
	slop int        // other words that may lie between the words of a sequence in all
	only []bool     // by speaker: whose words count; nil: everybody's

	// sure says that the leaf is in every document of the episode that has its term.
	sure   bool
	anchor anchor
	starts idSet    // what any of seqs begins with; nil before it is needed
	buffer []uint32 // tokens being looked at
}

// anchor is a word of a leaf by which it is found where it is said in one way only: that word is looked for, and then the
// others beside it.
type anchor struct {
	at  int      // its place in the sequence
	ids []uint32 // tokens that it may be; none: there is no such word
}

// maxAnchorIDs is how many tokens a word may be to be looked for one after the other. More are found sooner by looking at
// each token.
const maxAnchorIDs = 3

// sequence is one way to say a leaf: the token ids that each of its words may have.
type sequence []idSet

// match is a leaf found in the tokens [at, end).
type match struct{ at, end int }

// spotsIn is in for episodes that are looked at again: for how near words are, then for what is shown.
func (e *evaluation) spotsIn(f *finder, t *table) *spots {
	p := place{f, t}
	s := e.spots[p]
	if s == nil {
		s = e.in(f, t)
		e.spots[p] = s
	}
	return s
}

// in prepares to look for the leaf of a finder in an episode.
func (e *evaluation) in(f *finder, t *table) *spots {
	s := e.prepare(f, t)
	if len(s.seqs) == 1 && s.slop == 0 {
		if rarest := min(f.rarest, len(s.seqs[0])-1); s.seqs[0][rarest].count() <= maxAnchorIDs {
			s.anchor = anchor{rarest, s.seqs[0][rarest].list()}
		}
	}
	return s
}

func (e *evaluation) prepare(f *finder, t *table) *spots {
	s := &spots{t: t, slop: f.l.slop}
	e.restrict(s, f.who)
	switch f.l.kind {
	case kindPhrase:
		s.addPhrase(f.l)
		return s
	case kindSounds:
		for _, said := range f.said {
			s.addSaying(said)
		}
		return s
	case kindWord, kindPrefix, kindFuzzy:
	}
	ids, found := t.newIDSet(), false
	if f.l.kind == kindPrefix && !f.capped {
		found = t.addPrefix(ids, fold(f.l.forms[0]))
	} else {
		for _, term := range f.terms(e.an, t.meta.Language) {
			found = t.addTerm(ids, term) || found
		}
	}
	if found {
		s.seqs = []sequence{{ids}}
	}
	return s
}

// addPhrase adds the words of a phrase, if the episode has them all.
func (s *spots) addPhrase(l *leaf) {
	seq := make(sequence, 0, len(l.forms))
	for _, form := range l.forms {
		var ids idSet
		if plain := s.t.newIDSet(); s.t.addTerm(plain, fold(form)) {
			ids = plain
		}
		if l.accents && ids != nil {
			exact := s.t.formIDs(form)
			s.sure = len(l.forms) == 1 && slices.Equal(exact, ids)
			ids = exact
		}
		if ids == nil {
			return
		}
		seq = append(seq, ids)
	}
	s.seqs = []sequence{seq}
}

// addSaying adds one way to say a leaf, if the episode has words for it.
func (s *spots) addSaying(said saying) {
	seq := make(sequence, 0, len(said))
	for _, words := range said {
		ids, found := s.t.newIDSet(), false
		for _, w := range words {
			found = s.t.addTerm(ids, w) || found
		}
		if !found {
			return
		}
		seq = append(seq, ids)
	}
	s.seqs = append(s.seqs, seq)
}

// restrict lets only the words of some speakers count.
func (e *evaluation) restrict(s *spots, who []*node) {
	if len(who) == 0 {
		return
	}
	s.only = make([]bool, len(s.t.meta.Speakers))
	for i, name := range s.t.meta.Speakers {
		s.only[i] = true
		plain := e.v.names.speakers.plainName(e.an, name)
		for _, w := range who {
			s.only[i] = s.only[i] && speaks(w, plain)
		}
	}
}

// speaks evaluates a tree of speaker: leaves for the name of a speaker, given by its plain forms.
func speaks(n *node, plain []string) bool {
	switch n.op {
	case opLeaf:
		return named(n.leaf, plain)
	case opNot:
		return !speaks(n.kids[0], plain)
	case opAnd:
		for _, k := range n.kids {
			if !speaks(k, plain) {
				return false
			}
		}
		return true
	case opOr:
	}
	for _, k := range n.kids {
		if speaks(k, plain) {
			return true
		}
	}
	return false
}

// each calls f with every match that begins in [from, to), in no order, the longest one at each token. See [spots.loose]
// for matches with other words in them.
func (s *spots) each(tokens *packed, from, to int, f func(m match)) {
	switch {
	case len(s.seqs) == 0:
		return
	case s.anchor.ids != nil:
		s.eachAnchored(tokens, from, to, f)
		return
	}
	shortest := len(s.seqs[len(s.seqs)-1])
	to = min(to, tokens.n-shortest+1)
	if from >= to {
		return
	}
	s.buffer = tokens.slice(s.buffer[:0], from, min(tokens.n, to+len(s.seqs[0])+s.slop-1))
	if s.starts == nil {
		s.starts = s.seqs[0][0]
		if len(s.seqs) > 1 {
			s.starts = slices.Clone(s.starts)
		}
		for _, seq := range s.seqs[1:] {
			s.starts.addAll(seq[0])
		}
	}
	for i, id := range s.buffer[:to-from] {
		if !s.starts.has(id) { // as nearly always
			continue
		}
		for _, seq := range s.seqs {
			if !seq[0].has(s.buffer[i]) {
				continue
			}
			if n := s.length(seq, s.buffer[i:]); n > 0 {
				f(match{from + i, from + i + n})
				break
			}
		}
	}
}

// eachAnchored is each where there is an anchor.
func (s *spots) eachAnchored(tokens *packed, from, to int, f func(m match)) {
	seq, at, beside := s.seqs[0], s.anchor.at, cursor{p: tokens}
	to = min(to, tokens.n-len(seq)+1)
	for _, id := range s.anchor.ids {
		tokens.find(id, from+at, to+at, func(i int) {
			begin := i - at
			for k, ids := range seq {
				if k != at && !ids.has(beside.at(begin+k)) {
					return
				}
			}
			f(match{begin, begin + len(seq)})
		})
	}
}

// length returns how many tokens a sequence takes at the beginning of some, the first of which is known to fit; 0 when it
// is not there.
func (s *spots) length(seq sequence, tokens []uint32) int {
	if s.slop > 0 {
		return s.loose(seq, tokens)
	}
	if len(seq) > len(tokens) {
		return 0
	}
	for k := 1; k < len(seq); k++ {
		if !seq[k].has(tokens[k]) {
			return 0
		}
	}
	return len(seq)
}

// loose is length where other words may lie between those of the sequence. A match is as short as can be: it ends with the
// first words that complete it, and does not begin where a later beginning has the same end.
func (s *spots) loose(seq sequence, tokens []uint32) int {
	tokens = tokens[:min(len(tokens), len(seq)+s.slop)]
	k, end := 1, 1
	for ; k < len(seq) && end < len(tokens); end++ {
		if seq[k].has(tokens[end]) {
			k++
		}
	}
	if k < len(seq) || positions(seq, tokens[:end])[0] > 0 {
		return 0
	}
	return end
}

// positions returns where the words of a sequence are within the tokens of a match, as near to its end as they can be.
func positions(seq sequence, tokens []uint32) []int {
	out := make([]int, len(seq))
	at := len(tokens) - 1
	for k := len(seq) - 1; k >= 0; k-- {
		for !seq[k].has(tokens[at]) {
			at--
		}
		out[k] = at
		at--
	}
	return out
}

// meant returns the tokens of a loose match that are the words of the leaf.
func (s *spots) meant(m match) []int {
	out := positions(s.seqs[0], s.t.tokens.slice(nil, m.at, m.end))
	for i := range out {
		out[i] += m.at
	}
	return out
}

// spoken calls f with every match in the passages [first, last] that is said by somebody whose words count, and each passage
// that it belongs to: one in whose core it begins, or in whose tail it lies as a whole.
func (s *spots) spoken(first, last int, f func(passage int, m match)) {
	var some [64]uint32
	bounds := s.t.passages.slice(some[:0], 3*first, 3*last+3) // see [passage]
	begin, end, tail := func(i int) int { return int(bounds[3*i]) }, func(i int) int { return int(bounds[3*i+1]) }, func(i int) int { return int(bounds[3*i+2]) }
	n := last - first + 1
	s.each(&s.t.tokens, s.t.tokenOf(begin(0)), s.t.tokenOf(tail(n-1)), func(m match) {
		word := s.t.wordOf(m.at)
		if s.only != nil && !s.only[s.t.speakerOf(word)] {
			return
		}
		for i := sort.Search(n, func(i int) bool { return begin(i) > word }) - 1; i >= 0 && word < tail(i); i-- {
			if word < end(i) || m.end <= s.t.tokenOf(tail(i)) {
				f(first+i, m)
			}
		}
	})
}

// weightInHead returns how often the leaf is in what a query's field looks at of title and notes, as the fields weigh.
func (s *spots) weightInHead(asked string) (sum float64) {
	s.each(&s.t.titleTokens, 0, s.t.titleTokens.n, func(match) { sum += titleWeight })
	if asked != queryTitle {
		s.each(&s.t.notesTokens, 0, s.t.notesTokens.n, func(match) { sum += notesWeight })
	}
	return sum
}
