package search

import (
	"math/bits"
	"slices"

	"github.com/earshot/earshot/models"
)

// What tells a name from an ordinary word, and what may be a name that was heard as something else.
const (
	// A word that more than this share of the episodes have, and so many, is recognised well enough: what sounds like it is not
	// looked for by itself.
	wellKnownShare, wellKnownLeast = 0.2, 50
	// leastNameLetters is the least number of letters of a name that is looked for by its sound by itself: many words sound like
	// a shorter one.
	leastNameLetters = 4
	// fewSay: a word in no more passages may be anything, a name that was heard wrong as well.
	fewSay = 5
	// A half of a name that was heard as two words is rare where no more of the passages have it than this share, or so many.
	rareShare, rareLeast = 0.01, 20
)

// use is how a word is used in the archive.
type use struct {
	passages int // that have it
	episodes int // that say it
	names    int // episodes in which it is, or ends, a name; about
	titles   int // episodes with it in the title or the notes
}

// useOf looks at how a plain word is used.
func (e *evaluation) useOf(plain string) (u use, err error) {
	if u.names, err = e.namedSo(plain); err != nil {
		return u, err
	}
	said := newBitset(e.v.docs)
	for _, lang := range e.fields[fieldText] {
		if err := e.documents(fieldText+lang, plain, said); err != nil {
			return u, err
		}
	}
	u.passages, u.episodes = said.count(), e.episodesOf(said).count()
	u.titles, err = e.titlesWith(plain)
	return u, err
}

// namedSo counts the episodes in which a plain word is a name or the end of one, about.
func (e *evaluation) namedSo(plain string) (int, error) {
	n, err := e.documentCount(fieldEntry, entryMark(models.CompleteName)+plain)
	if err != nil {
		return 0, err
	}
	err = e.beginning([]string{fieldEntry}, entryMark(models.CompleteName)+plain+displayMark, maxTermsRead, func(t term) { n += t.documents })
	return int(n), err
}

// titlesWith counts the titles and notes that have a plain word.
func (e *evaluation) titlesWith(plain string) (count int, err error) {
	for _, field := range []string{fieldTitle, fieldNotes} {
		for _, lang := range e.fields[field] {
			n, err := e.documentCount(field+lang, plain)
			if err != nil {
				return 0, err
			}
			count += int(n)
		}
	}
	return count, nil
}

// asName reports whether a word is a name at least as often as not.
func (u use) asName() bool { return u.names > 0 && 2*u.names >= u.episodes }

// nameByUse reports whether a word that was typed, and looked for, is a name by how it is used: nearly always capitalised, or in titles
// and notes and never said, and not so frequent that everybody knows how it is written. For most words one look into the dictionary
// of names tells.
func (e *evaluation) nameByUse(l *leaf) (bool, error) {
	plain := fold(l.forms[0])
	if len(plain) < leastNameLetters || !latin(plain) {
		return false, nil
	}
	named, err := e.namedSo(plain)
	if err != nil {
		return false, err
	}
	if named == 0 {
		if f := e.byName[l.name()]; f != nil && e.saidAnywhere(f.docs) {
			return false, nil
		}
		titles, err := e.titlesWith(plain)
		return titles > 0, err
	}
	u, err := e.useOf(plain)
	return err == nil && u.asName() && !e.wellKnown(u), err
}

// saidAnywhere reports whether documents have a passage among them.
func (e *evaluation) saidAnywhere(docs bitset) bool {
	for k, w := range docs {
		for ; w != 0; w &= w - 1 {
			if e.v.passage[k<<6+bits.TrailingZeros64(w)] >= 0 {
				return true
			}
		}
	}
	return false
}

// wellKnown reports whether so many episodes say a word that it is hardly heard as something else.
func (e *evaluation) wellKnown(u use) bool {
	return u.episodes > wellKnownLeast && float64(u.episodes) > wellKnownShare*float64(len(e.v.keys))
}

// likely keeps of what sounds like a name what may be it: words that hardly anybody says, or that are written like names and are
// not those of something else; of two words one at least that is rare.
func (e *evaluation) likely(typed *leaf, said []saying) (out []saying, err error) {
	uses := map[string]use{}
	keep := func(words []string, is func(use) bool) (kept []string) {
		for _, w := range words {
			if _, known := uses[w]; !known && err == nil {
				uses[w], err = e.useOf(w)
			}
			if err == nil && is(uses[w]) {
				kept = append(kept, w)
			}
		}
		return kept
	}
	own := foldAll(typed.forms)
	other := func(u use) bool {
		return u.passages > 0 && u.titles == 0 && !e.wellKnown(u) && (u.passages <= fewSay || u.asName())
	}
	rare := func(u use) bool { return u.passages <= max(rareLeast, int(rareShare*float64(e.v.liveDocs))) }
	for _, s := range said {
		if len(s) == 2 && (len(own) != 2 || s[0][0] != own[0]) { // run together
			rareFirst, rareSecond := keep(s[0], rare), keep(s[1], rare)
			if len(rareFirst) > 0 {
				out = append(out, saying{rareFirst, s[1]})
			}
			if common := slices.DeleteFunc(slices.Clone(s[0]), func(w string) bool { return slices.Contains(rareFirst, w) }); len(common) > 0 && len(rareSecond) > 0 {
				out = append(out, saying{common, rareSecond})
			}
			continue
		}
		kept := make(saying, len(s))
		for i, words := range s {
			if len(s) == len(own) && len(own) > 1 { // a single word is looked for already
				kept[i] = []string{own[i]}
			}
			for _, w := range keep(words, other) {
				if !slices.Contains(own, w) && !e.known.isName(w) {
					kept[i] = append(kept[i], w)
				}
			}
		}
		if !slices.ContainsFunc(kept, func(words []string) bool { return len(words) == 0 }) {
			out = append(out, kept)
		}
	}
	return out, err
}
