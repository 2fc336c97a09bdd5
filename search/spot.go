package search

// spots finds a leaf in the words of one episode.
type spots struct {
	t    *table
	seq  []idSet // token ids that each word of the leaf may have; nil: the episode cannot have it
	only []bool  // by speaker: whose words count; nil: everybody's

	buffer []uint32 // tokens being looked at
}

// in prepares to look for a leaf in an episode.
func (f *finder) in(an *analyzer, t *table) *spots {
	s := &spots{t: t}
	s.restrict(an, f.who)
	if f.l.kind == kindPhrase {
		for _, form := range f.l.forms {
			ids := t.newIDSet()
			if !t.addTerm(ids, fold(form)) {
				s.seq = nil
				return s
			}
			s.seq = append(s.seq, ids)
		}
		return s
	}
	ids, found := t.newIDSet(), false
	if f.l.kind == kindPrefix && !f.capped {
		found = t.addPrefix(ids, fold(f.l.forms[0]))
	} else {
		for _, term := range f.terms(an, t.meta.Language) {
			found = t.addTerm(ids, term) || found
		}
	}
	if found {
		s.seq = []idSet{ids}
	}
	return s
}

func (s *spots) restrict(an *analyzer, who []*node) {
	if len(who) == 0 {
		return
	}
	s.only = make([]bool, len(s.t.meta.Speakers))
	for i, name := range s.t.meta.Speakers {
		s.only[i] = true
		for _, w := range who {
			s.only[i] = s.only[i] && speaks(an, w, name)
		}
	}
}

// speaks evaluates a tree of speaker: leaves for the name of a speaker.
func speaks(an *analyzer, n *node, name string) bool {
	switch n.op {
	case opLeaf:
		return (&evaluation{an: an}).named(n.leaf, name)
	case opNot:
		return !speaks(an, n.kids[0], name)
	case opAnd:
		for _, k := range n.kids {
			if !speaks(an, k, name) {
				return false
			}
		}
		return true
	case opOr:
	}
	for _, k := range n.kids {
		if speaks(an, k, name) {
			return true
		}
	}
	return false
}

// each calls f with the number of the first token of every occurrence that begins in [from, to).
func (s *spots) each(tokens *packed, from, to int, f func(at int)) {
	if len(s.seq) == 0 {
		return
	}
	to = min(to, tokens.n-len(s.seq)+1)
	if from >= to {
		return
	}
	s.buffer = tokens.slice(s.buffer[:0], from, to+len(s.seq)-1)
	first, rest := s.seq[0], s.seq[1:]
next:
	for i, id := range s.buffer[:to-from] {
		if !first.has(id) {
			continue
		}
		for k, ids := range rest {
			if !ids.has(s.buffer[i+1+k]) {
				continue next
			}
		}
		f(from + i)
	}
}

// spoken calls f with the first token of every occurrence in the words that begins in [from, to) and is said by somebody
// whose words count.
func (s *spots) spoken(from, to int, f func(at int)) {
	s.each(&s.t.tokens, from, to, func(at int) {
		if s.only == nil || s.only[s.t.speakerOf(s.t.wordOf(at))] {
			f(at)
		}
	})
}

// countIn returns how often the leaf is in a document: in the title and notes for the head (-1), else in a passage. In a
// passage it has to begin in the core, or to lie in the tail as a whole.
func (s *spots) countIn(doc int32, titleOnly bool) (n int) {
	count := func(int) { n++ }
	if doc < 0 {
		s.each(&s.t.titleTokens, 0, s.t.titleTokens.n, count)
		if !titleOnly {
			s.each(&s.t.notesTokens, 0, s.t.notesTokens.n, count)
		}
		return n
	}
	p := s.t.passage(int(doc))
	coreEnd, tailEnd := s.t.tokenOf(p.end), s.t.tokenOf(p.tail)
	s.spoken(s.t.tokenOf(p.start), max(coreEnd, tailEnd-len(s.seq)+1), count)
	return n
}
