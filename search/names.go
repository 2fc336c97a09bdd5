package search

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/earshot/earshot/models"
)

const (
	maxNameWords  = 4    // a longer run of capitalised words is a title or somebody shouting
	maxNames      = 2000 // of one episode
	maxNameStarts = 8    // words of a title, a speaker's or a show's name by which it is found
)

// entry is a name, a speaker or a title, which completes what somebody types. It is a term of the head's field [fieldEntry], so that the
// dictionary of that field counts episodes: one byte of kind, the plain words by which it is found, and how it is written.
type entry struct {
	kind    models.CompletionKind
	key     string // plain forms, with spaces between
	display string
}

const (
	displayMark = "\x00" // between key and display; without it they are the same
)

// entryMark returns the first byte of the terms of entries of a kind.
func entryMark(kind models.CompletionKind) string {
	switch kind {
	case models.CompleteSpeaker:
		return "p"
	case models.CompleteTitle:
		return "t"
	case models.CompleteShow:
		return "s"
	case models.CompleteName, models.CompleteWord:
	}
	return "n"
}

func (e entry) term() string {
	t := entryMark(e.kind) + e.key
	if e.display != e.key {
		t += displayMark + e.display
	}
	return t
}

// readEntry reads a term without its first byte.
func readEntry(kind models.CompletionKind, term string) entry {
	key, display, ok := strings.Cut(term, displayMark)
	if !ok {
		display = key
	}
	return entry{kind, key, display}
}

// entriesField returns the field of the head with what of the episode completes queries.
func (a *analyzer) entriesField(b *tableBuilder, d models.Document) document.Field {
	terms := index.TokenFrequencies{}
	once := &index.TokenFreq{}
	once.SetFrequency(1) // Bleve writes what is in one document, once, in few bytes
	add := func(e entry) { terms[e.term()] = once }
	named := func(kind models.CompletionKind, text string) {
		text = cleanText(text)
		words := a.plain(text)
		for i := range min(len(words), maxNameStarts) {
			add(entry{kind, strings.Join(words[i:min(len(words), i+maxNameStarts)], " "), text})
		}
	}
	named(models.CompleteTitle, d.Episode.Title)
	named(models.CompleteShow, d.Show.Title)
	for _, speaker := range b.meta.Speakers[1:] {
		named(models.CompleteSpeaker, speaker)
	}
	for key, display := range b.names() {
		words := strings.Split(key, " ")
		for i := range words {
			add(entry{models.CompleteName, strings.Join(words[i:], " "), display})
		}
	}
	return newTextField(fieldEntry, terms, 1)
}

// nameWord is a capitalised word.
type nameWord struct {
	key, display string // plain forms; as written, without punctuation and possessive
	initial      bool   // begins a sentence or a segment, where any word is capitalised
	last         bool   // what follows it is another phrase
}

// nameFinder knows how the words of an episode are written.
type nameFinder struct {
	b       *tableBuilder
	lower   map[string]bool // plain forms that are written in lower case somewhere
	capital map[string]bool // keys that are capitalised within a sentence
	found   map[string]map[string]int
}

// names returns the names that are said, by key, in their most frequent spelling. A name is a word that is capitalised
// within a sentence and nowhere written in lower case, or a run of capitalised words. Where the language capitalises all
// nouns, only runs are names.
func (b *tableBuilder) names() map[string]string {
	f := nameFinder{b: b, lower: map[string]bool{}, capital: map[string]bool{}, found: map[string]map[string]int{}}
	for i := range b.words {
		if w, ok := b.nameWord(i); ok {
			f.capital[w.key] = f.capital[w.key] || !w.initial
		} else if from := b.firstToken[i]; b.firstToken[i+1] == from+1 {
			f.lower[b.terms[b.tokens[from]][0]] = true
		}
	}
	var run []nameWord
	for i := range b.words {
		w, ok := b.nameWord(i)
		if len(run) > 0 && (!ok || w.initial || run[len(run)-1].last) {
			f.add(run)
			run = run[:0]
		}
		if ok && (!w.initial || f.isName(w)) {
			run = append(run, w)
		}
	}
	f.add(run)
	out := make(map[string]string, len(f.found))
	for key, spellings := range f.found {
		best := ""
		for s, n := range spellings {
			if best == "" || cmp.Or(cmp.Compare(spellings[best], n), cmp.Compare(s, best)) < 0 {
				best = s
			}
		}
		out[key] = best
	}
	return out
}

func (f *nameFinder) isName(w nameWord) bool { return f.capital[w.key] && !f.lower[w.key] }

// add takes a run of capitalised words: all of it, and each word that is a name by itself.
func (f *nameFinder) add(run []nameWord) {
	if len(run) > 1 && len(run) <= maxNameWords {
		keys, displays := make([]string, len(run)), make([]string, len(run))
		for i, w := range run {
			keys[i], displays[i] = w.key, w.display
		}
		f.count(strings.Join(keys, " "), strings.Join(displays, " "))
	}
	if slices.Contains(capitalisesNouns(), f.b.meta.Language) {
		return
	}
	for _, w := range run {
		if f.isName(w) {
			f.count(w.key, w.display)
		}
	}
}

func (f *nameFinder) count(key, display string) {
	if f.found[key] == nil {
		if len(f.found) == maxNames {
			return
		}
		f.found[key] = map[string]int{}
	}
	f.found[key][display]++
}

// capitalisesNouns lists the languages that do: German and Luxembourgish.
func capitalisesNouns() []string { return []string{"de", "lb"} }

// nameWord looks at word i, and reports whether it is capitalised.
func (b *tableBuilder) nameWord(i int) (w nameWord, ok bool) {
	text := b.words[i].text
	mark := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }
	left := strings.TrimLeftFunc(text, mark)
	if first, _ := utf8.DecodeRuneInString(left); !unicode.IsUpper(first) && !unicode.IsTitle(first) {
		return nameWord{}, false
	}
	w.display = strings.TrimRightFunc(left, mark)
	w.last = w.display != left
	tokens := b.tokens[b.firstToken[i]:b.firstToken[i+1]]
	keys := make([]string, len(tokens))
	for k, id := range tokens {
		keys[k] = b.terms[id][0]
	}
	w.key = strings.Join(keys, " ")
	if key, possessive := strings.CutSuffix(w.key, "'s"); possessive && len(w.display) > len("’s") {
		w.key, w.last = key, true
		w.display = strings.TrimRightFunc(strings.TrimRight(w.display, "sS"), mark)
	}
	if w.key == "" || w.key == "i" || strings.HasPrefix(w.key, "i'") { // I, I'm: always capitalised in English
		return nameWord{}, false
	}
	w.initial = i == 0 || b.words[i].first || left != text || strings.ContainsAny(b.words[i-1].text, ".?!…:")
	return w, true
}
