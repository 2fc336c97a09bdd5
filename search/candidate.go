package search

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// candidate is something that completes what is typed, in all its spellings.
type candidate struct {
	typing    *typing
	kind      models.CompletionKind // of the most frequent spelling, as is text
	text      string
	spellings []spelling // of names, speakers and titles
	languages []string   // of words: in which they are said
	documents uint64     // heads or passages that have it
	episodes  int
	episode   models.EpisodeID // of titles: the newest episode that has it
}

// spelling is one way in which a candidate is written. No head has two of the same candidate.
type spelling struct {
	kind      models.CompletionKind
	text      string
	term      string // one of those it is found by
	documents uint64
}

func (e *evaluation) complete(typed []typing, limit int) ([]models.Completion, error) {
	var all []*candidate
	for i := range typed {
		found, err := e.candidates(&typed[i])
		if err != nil {
			return nil, err
		}
		for _, c := range mostFrequent(found, limit) {
			if err := e.count(c); err != nil {
				return nil, err
			}
			same := func(o *candidate) bool { return o.kind == c.kind && o.text == c.text }
			if c.episodes > 0 && !slices.ContainsFunc(all, same) {
				all = append(all, c)
			}
		}
	}
	all = namesFirst(all)
	slices.SortFunc(all, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.typing.words, a.typing.words), cmp.Compare(b.episodes, a.episodes), cmp.Compare(a.text, b.text), cmp.Compare(a.kind, b.kind))
	})
	out := []models.Completion{}
	for _, c := range fair(all, limit) {
		whole := c.typing.query(e.an, c.kind, c.text)
		if utf8.RuneCountInString(whole) <= maxQueryRunes {
			out = append(out, models.Completion{Kind: c.kind, Text: c.text, Query: whole, Episodes: c.episodes, EpisodeID: c.episode})
		}
	}
	return out, nil
}

// namesFirst leaves out words that are mostly said as names that are there as well: such a name then counts as the word.
func namesFirst(all []*candidate) []*candidate {
	names := map[string]*candidate{}
	for _, c := range all {
		if c.kind == models.CompleteName {
			names[strings.ToLower(fold(c.text))] = c
		}
	}
	return slices.DeleteFunc(all, func(c *candidate) bool {
		name := names[strings.ToLower(fold(c.text))]
		if c.kind != models.CompleteWord || name == nil || c.episodes > 2*name.episodes {
			return false
		}
		name.episodes = max(name.episodes, c.episodes)
		return true
	})
}

// fair chooses the first few of each kind, then the first of all, and leaves them in their order.
func fair(all []*candidate, limit int) (out []*candidate) {
	chosen, of := map[*candidate]bool{}, map[models.CompletionKind]int{}
	for _, most := range []int{ofEachKind, len(all)} {
		for _, c := range all {
			if !chosen[c] && of[c.kind] < most && len(chosen) < limit {
				chosen[c] = true
				of[c.kind]++
			}
		}
	}
	for _, c := range all {
		if chosen[c] {
			out = append(out, c)
		}
	}
	return out
}

// candidates reads the dictionaries of entries and of what is said.
func (e *evaluation) candidates(t *typing) ([]*candidate, error) {
	found := map[string]*candidate{}
	for _, kind := range t.kinds() {
		if kind == models.CompleteWord {
			for _, lang := range e.fields[fieldText] {
				if err := e.beginning([]string{fieldText + lang}, t.key, maxTermsRead, func(w term) { addWord(found, t, lang, w) }); err != nil {
					return nil, err
				}
			}
			continue
		}
		if err := e.beginning([]string{fieldEntry}, entryMark(kind)+t.key, maxTermsRead, func(w term) {
			addCandidate(found, t, readEntry(kind, w.text[1:]), w)
		}); err != nil {
			return nil, err
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

// addWord adds a word that is said in a language.
func addWord(found map[string]*candidate, t *typing, lang string, w term) {
	if w.text == t.key || utf8.RuneCountInString(w.text) < minWordLetters || strings.HasSuffix(w.text, "'s") {
		return // typed already, or not worth it
	}
	if first, _ := utf8.DecodeRuneInString(w.text); !unicode.IsLetter(first) || unspaced(first) {
		return
	}
	id := string(models.CompleteWord) + displayMark + w.text
	c := found[id]
	if c == nil {
		c = &candidate{typing: t, kind: models.CompleteWord, text: w.text}
		found[id] = c
	}
	if !slices.Contains(c.languages, lang) {
		c.languages = append(c.languages, lang)
	}
	c.documents += w.documents
}

// addCandidate adds an entry of the dictionary. Names that differ in case and accents are one candidate.
func addCandidate(found map[string]*candidate, t *typing, read entry, w term) {
	id := string(read.kind) + displayMark + read.display
	if read.kind == models.CompleteName {
		if id = strings.ToLower(fold(read.display)); id == t.key {
			return // typed already
		}
	}
	c := found[id]
	if c == nil {
		c = &candidate{typing: t}
		found[id] = c
	}
	for i, s := range c.spellings {
		if s.text == read.display {
			if s.term == w.text { // in another segment; else found by another of its words
				c.spellings[i].documents += w.documents
				c.documents += w.documents
			}
			return
		}
	}
	c.spellings = append(c.spellings, spelling{read.kind, read.display, w.text, w.documents})
	c.documents += w.documents
}

// mostFrequent returns the most frequent candidates of each kind, at most so many.
func mostFrequent(found []*candidate, limit int) (out []*candidate) {
	for _, c := range found {
		best := uint64(0)
		for _, s := range c.spellings {
			if c.text == "" || s.documents > best || s.documents == best && s.text < c.text {
				c.kind, c.text, best = s.kind, s.text, s.documents
			}
		}
	}
	slices.SortFunc(found, func(a, b *candidate) int {
		if a.documents != b.documents {
			return cmp.Compare(b.documents, a.documents)
		}
		return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.kind, b.kind))
	})
	of := map[models.CompletionKind]int{}
	for _, c := range found {
		if of[c.kind]++; of[c.kind] <= limit {
			out = append(out, c)
		}
	}
	return out
}

// count counts the episodes that have a candidate, in any of its spellings.
func (e *evaluation) count(c *candidate) error {
	if c.kind == models.CompleteWord {
		return e.countWord(c)
	}
	for _, s := range c.spellings {
		heads, err := e.documentCount(fieldEntry, s.term)
		if err != nil {
			return err
		}
		c.episodes += int(heads)
		if c.kind != models.CompleteTitle {
			continue
		}
		var newest *ranked
		docs := newBitset(e.v.docs)
		if err := e.documents(fieldEntry, s.term, docs); err != nil {
			return err
		}
		docs.each(func(d uint32) {
			r := ranked{episode: e.v.episode[d]}
			if newest == nil || cmp.Or(e.byDate(r, *newest, -1), cmp.Compare(e.v.keys[r.episode].episode, e.v.keys[newest.episode].episode)) < 0 {
				newest = &r
				c.episode = e.v.keys[r.episode].episode
			}
		})
	}
	return nil
}

// countWord counts the episodes of a word, and finds out how it is written.
func (e *evaluation) countWord(c *candidate) error {
	plain, in := c.text, newBitset(len(e.v.keys))
	for i, lang := range c.languages {
		docs := newBitset(e.v.docs)
		if err := e.documents(fieldText+lang, plain, docs); err != nil {
			return err
		}
		passage, some := uint32(0), false
		docs.each(func(d uint32) {
			in.add(e.v.episode[d])
			passage, some = d, true
		})
		if i > 0 || !some {
			continue
		}
		var err error
		if c.text, err = e.written(passage, plain); err != nil {
			return err
		}
	}
	c.episodes = in.count()
	return nil
}

// written returns how a passage writes a plain word: in lower case, with its accents.
func (e *evaluation) written(doc uint32, plain string) (string, error) {
	t, err := e.table(e.v.episode[doc])
	if err != nil {
		return "", err
	}
	ids := t.newIDSet()
	t.addTerm(ids, plain)
	p := t.passage(int(e.v.passage[doc]))
	for w := p.start; w < p.tail; w++ {
		if from := t.tokenOf(w); t.tokenOf(w+1) == from+1 && ids.has(t.tokens.at(from)) {
			return e.an.tokens(string(t.word(w)))[0], nil
		}
	}
	return plain, nil
}
