package search

import (
	"slices"
	"sync"
)

// nameList numbers names. A number never changes, so that what is remembered of a segment stays right from one snapshot
// to the next. It is safe for concurrent use.
type nameList struct {
	mu     sync.Mutex
	number map[string]uint32
	names  []string
	plain  [][]string          // see plainForms
	having map[string][]uint32 // by plain form: the names of plain that have it
}

func (l *nameList) add(name string) uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.number == nil { // 0 is nothing that is known
		l.number, l.names = map[string]uint32{"": 0}, []string{""}
	}
	n, ok := l.number[name]
	if !ok {
		n = uint32(len(l.names))
		l.number[name] = n
		l.names = append(l.names, name)
	}
	return n
}

// all returns the names by number. It must not be changed.
func (l *nameList) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.names
}

// plainForms returns the plain forms of the names by number, which are made once. It must not be changed.
func (l *nameList) plainForms(an *analyzer) [][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.makePlain(an)
}

// makePlain is plainForms with the lock held.
func (l *nameList) makePlain(an *analyzer) [][]string {
	if l.having == nil {
		l.having = map[string][]uint32{}
	}
	for n := len(l.plain); n < len(l.names); n++ {
		plain := an.plain(l.names[n])
		for i, word := range plain {
			if !slices.Contains(plain[:i], word) {
				l.having[word] = append(l.having[word], uint32(n))
			}
		}
		l.plain = append(l.plain, plain)
	}
	return l.plain
}

// with returns the numbers of the names that have some words one after the other.
func (l *nameList) with(an *analyzer, words []string) (out []uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	plain := l.makePlain(an)
	for _, n := range l.having[words[0]] {
		if holds(plain[n], words) {
			out = append(out, n)
		}
	}
	return out
}

// plainName returns the plain forms of a name, which is mostly one of the list.
func (l *nameList) plainName(an *analyzer, name string) []string {
	l.mu.Lock()
	n, known := l.number[name]
	known = known && int(n) < len(l.plain)
	var plain []string
	if known {
		plain = l.plain[n]
	}
	l.mu.Unlock()
	if !known {
		return an.plain(name)
	}
	return plain
}

// nameLists are the names that facts and seats refer to by number.
type nameLists struct{ shows, titles, languages, speakers nameList }

// facts are what is true of a whole episode, as numbers of names.
type facts struct{ show, title, language uint32 }

func (l *nameLists) factsOf(d documentValues) facts {
	return facts{l.shows.add(d.show), l.titles.add(d.title), l.languages.add(d.language)}
}

// documentValues are the doc values of one document.
type documentValues struct {
	show, title, language string
	speakers              []string
}

func (d *documentValues) add(field string, term []byte) {
	switch field {
	case fieldShow:
		d.show = string(term)
	case fieldTitleOf:
		d.title = string(term)
	case fieldLang:
		d.language = string(term)
	case fieldSpeaker:
		d.speakers = append(d.speakers, string(term))
	}
}

// seats say who speaks in each document of a segment. A seat is one speaker in one episode: counting the seats that are
// taken counts every speaker once an episode, where the episode is in no other segment.
type seats struct {
	list  []seat   // by number
	ends  []uint32 // by document: end of its seats within taken
	taken []uint32 // numbers of seats

	number map[seat]uint32 // while a segment is read
}

// seat is a speaker, by the number of the name, in an episode.
type seat struct{ episode, speaker uint32 }

// add appends a document.
func (s *seats) add(episode uint32, list *nameList, speakers []string) {
	if s.number == nil {
		s.number = map[seat]uint32{}
	}
	for _, name := range speakers {
		k := seat{episode, list.add(name)}
		n, ok := s.number[k]
		if !ok {
			n = uint32(len(s.list))
			s.number[k] = n
			s.list = append(s.list, k)
		}
		s.taken = append(s.taken, n)
	}
	s.ends = append(s.ends, uint32(len(s.taken)))
}

// of returns the seats of a document.
func (s *seats) of(doc uint32) []uint32 {
	from := uint32(0)
	if doc > 0 {
		from = s.ends[doc-1]
	}
	return s.taken[from:s.ends[doc]]
}
