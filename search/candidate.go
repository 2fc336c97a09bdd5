package search

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	index "github.com/blevesearch/bleve_index_api"

	"github.com/earshot/earshot/models"
)

// candidate is something that completes what is typed, in all its spellings.
type candidate struct {
	typing    *typing
	kind      models.CompletionKind // of the most frequent spelling, as is text
	text      string
	spellings []spelling
	documents uint64           // heads that have it, some of which may be deleted
	episodes  int              // exact
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
	slices.SortFunc(all, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.typing.words, a.typing.words), cmp.Compare(b.episodes, a.episodes), cmp.Compare(a.text, b.text), cmp.Compare(a.kind, b.kind))
	})
	out := []models.Completion{}
	for _, c := range fair(all, limit) {
		out = append(out, models.Completion{
			Kind: c.kind, Text: c.text, Query: c.typing.query(e.an, c.kind, c.text), Episodes: c.episodes, EpisodeID: c.episode,
		})
	}
	return out, nil
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

// candidates reads the dictionary of entries.
func (e *evaluation) candidates(t *typing) ([]*candidate, error) {
	found := map[string]*candidate{}
	for _, kind := range t.kinds() {
		dict, err := e.r.FieldDictPrefix(fieldEntry, []byte(entryMark(kind)+t.key))
		if err != nil {
			return nil, err
		}
		for range maxEntriesRead {
			var d *index.DictEntry
			if d, err = dict.Next(); err != nil || d == nil {
				break
			}
			if err = e.step(); err != nil {
				break
			}
			addCandidate(found, t, readEntry(kind, d.Term[1:]), d)
		}
		if closed := dict.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, err
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

// addCandidate adds a term of the dictionary. Words and names that differ in case and accents are one candidate.
func addCandidate(found map[string]*candidate, t *typing, read entry, d *index.DictEntry) {
	id := read.display
	switch read.kind {
	case models.CompleteWord, models.CompleteName:
		if read.display != read.key { // most words are written as they are found
			id = strings.ToLower(fold(read.display))
		}
		if id == t.key {
			return // typed already
		}
	case models.CompleteSpeaker, models.CompleteTitle, models.CompleteShow:
		id = string(read.kind) + displayMark + read.display
	}
	c := found[id]
	if c == nil {
		c = &candidate{typing: t}
		found[id] = c
	}
	for _, s := range c.spellings {
		if s.kind == read.kind && s.text == read.display {
			return // found by another of its words
		}
	}
	c.spellings = append(c.spellings, spelling{read.kind, read.display, d.Term, d.Count})
	c.documents += d.Count
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

// count counts the episodes of a candidate, now without those that are deleted.
func (e *evaluation) count(c *candidate) error {
	for _, s := range c.spellings {
		terms, err := e.r.TermFieldReader(e.ctx, []byte(s.term), fieldEntry, false, false, false)
		if err != nil {
			return err
		}
		c.episodes += int(terms.Count())
		if err := terms.Close(); err != nil {
			return err
		}
		if c.kind != models.CompleteTitle {
			continue
		}
		var newest *ranked
		if err := e.postings(fieldEntry, s.term, false, func(d uint32, _, _ float64) {
			r := ranked{episode: e.v.episode[d]}
			if newest == nil || cmp.Or(e.byDate(r, *newest, -1), cmp.Compare(e.v.keys[r.episode].episode, e.v.keys[newest.episode].episode)) < 0 {
				newest = &r
				c.episode = e.v.keys[r.episode].episode
			}
		}); err != nil {
			return err
		}
	}
	return nil
}
