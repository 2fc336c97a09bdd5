package search

import (
	"iter"
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
	maxNames      = 2000 // that are said in one episode, and that are written about it
	maxNameStarts = 8    // words of a title, a speaker's or a show's name by which it is found
)

// entry is a name, a speaker or a title, which completes what somebody types, or a name that is written about the episode. It is a term of the head's field [fieldEntry], so that the
// dictionary of that field counts episodes: one byte of kind, the plain words by which it is found, and how it is written.
type entry struct {
	kind    models.CompletionKind
	key     string // plain forms, with spaces between
	display string
}

const (
	displayMark = "\x00" // between key and display; without it they are the same

	// Names that are not said, but written about an episode, are no completions: what completes a query is said. See harvest.go.
	writtenName models.CompletionKind = "written"
	maybeName   models.CompletionKind = "maybe" // capitalised only where any word is
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
	case writtenName:
		return "w"
	case maybeName:
		return "v"
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

// entriesField returns the field of the head with what of the episode completes queries, and the names that are written about it. notes
// are those of the episode as plain text.
func (a *analyzer) entriesField(b *tableBuilder, d models.Document, notes string) document.Field {
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
	spoken := b.spokenNames()
	said := spoken.names()
	for key, display := range said {
		words := strings.Split(key, " ")
		for i := range words {
			add(entry{models.CompleteName, strings.Join(words[i:], " "), display})
		}
	}
	for _, speaker := range b.meta.Speakers[1:] { // what is written is of others
		said[strings.Join(a.plain(speaker), " ")] = speaker
	}
	sure, maybe := a.writtenNames(b.meta.Language, d, notes)
	for kind, names := range map[models.CompletionKind]map[string]string{writtenName: sure, maybeName: maybe} {
		for key, display := range names {
			if said[key] == "" && (kind == writtenName || !spoken.lower[key]) {
				add(entry{kind, key, display})
			}
		}
	}
	return newTextField(fieldEntry, terms, 1)
}

// nameWord is a word as it is written.
type nameWord struct {
	key, display string // of a capitalised word: plain forms with spaces between; without punctuation and possessive
	lower        string // of a word of one token that is not: its plain form
	opens        bool   // a mark stands before it
	stops        bool   // a mark that ends a sentence is in it
	last         bool   // what follows it is another phrase

	begins  bool // is the first one of a sentence
	initial bool // stands where any word is capitalised
}

// readNameWord looks at a word, whose tokens have these plain forms.
func readNameWord(text string, forms []string) (w nameWord) {
	mark := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }
	left := strings.TrimLeftFunc(text, mark)
	w.opens, w.stops = left != text, strings.ContainsAny(text, ".?!…:")
	if first, _ := utf8.DecodeRuneInString(left); !unicode.IsUpper(first) && !unicode.IsTitle(first) {
		if len(forms) == 1 {
			w.lower = forms[0]
		}
		return w
	}
	w.display = strings.TrimRightFunc(left, mark)
	w.last = w.display != left
	w.key = strings.Join(forms, " ")
	if key, possessive := strings.CutSuffix(w.key, "'s"); possessive && len(w.display) > len("’s") {
		w.key, w.last = key, true
		w.display = strings.TrimRightFunc(strings.TrimRight(w.display, "sS"), mark)
	}
	if w.key == "i" || strings.HasPrefix(w.key, "i'") { // I, I'm: always capitalised in English
		w.key = ""
	}
	return w
}

// nameFinder finds the names in a text by how its words are written. A name is a word that is capitalised within a sentence and
// nowhere written in lower case, or a run of capitalised words. Where the language capitalises all nouns, only runs are names.
type nameFinder struct {
	runs    bool            // only they are names
	lower   map[string]bool // plain forms that are written in lower case somewhere
	capital map[string]bool // keys that are capitalised within a sentence
	found   map[string]map[string]int
}

func newNameFinder(language string) *nameFinder {
	return &nameFinder{slices.Contains(capitalisesNouns(), language), map[string]bool{}, map[string]bool{}, map[string]map[string]int{}}
}

// learn looks at how words are written.
func (f *nameFinder) learn(words iter.Seq[nameWord]) {
	for w := range words {
		switch {
		case w.key != "":
			f.capital[w.key] = f.capital[w.key] || !w.initial
		case w.lower != "":
			f.lower[w.lower] = true
		}
	}
}

// find finds the names among words that it has learnt. Those that are capitalised only where any word is are given to maybe.
func (f *nameFinder) find(words iter.Seq[nameWord], maybe func(nameWord)) {
	var run []nameWord
	for w := range words {
		if len(run) > 0 && (w.key == "" || w.begins || run[len(run)-1].last) {
			f.add(run)
			run = run[:0]
		}
		switch {
		case w.key == "":
		case !w.initial || f.isName(w):
			run = append(run, w)
		default:
			f.add(run)
			run = run[:0]
			if !f.lower[w.key] {
				maybe(w)
			}
		}
	}
	f.add(run)
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
	if f.runs {
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

// names returns what was found, by key, in the most frequent spelling.
func (f *nameFinder) names() map[string]string {
	out := make(map[string]string, len(f.found))
	for key, spellings := range f.found {
		out[key] = mostWritten(spellings)
	}
	return out
}

// capitalisesNouns lists the languages that do: German and Luxembourgish.
func capitalisesNouns() []string { return []string{"de", "lb"} }

// spokenNames finds the names that are said.
func (b *tableBuilder) spokenNames() *nameFinder {
	read := make([]nameWord, len(b.wordings))
	for i, w := range b.wordings {
		forms := make([]string, len(w.tokens))
		for k, id := range w.tokens {
			forms[k] = b.terms[id][0]
		}
		read[i] = readNameWord(w.text, forms)
	}
	words := func(yield func(nameWord) bool) {
		for i, n := range b.worded {
			w := read[n]
			w.begins = i == 0 || b.words[i].first || w.opens || read[b.worded[i-1]].stops
			w.initial = w.begins
			if !yield(w) {
				return
			}
		}
	}
	f := newNameFinder(b.meta.Language)
	f.learn(words)
	f.find(words, func(nameWord) {})
	return f
}

// titledLeast is how many words of four letters a line has to have, and all of them capitals, for these to say nothing.
const titledLeast = 3

// writtenNames returns the names in what is published about an episode, by key: those that are written as names, and the words of titles
// that are capitalised only where any word is. Speech and writing are read apart: a recogniser that has never heard a name writes it
// like a word.
func (a *analyzer) writtenNames(lang string, d models.Document, text string) (sure, maybe map[string]string) {
	titles := append(a.nameWords(d.Episode.Title), a.nameWords(d.Show.Title)...)
	for _, c := range d.Episode.Chapters {
		titles = append(titles, a.nameWords(c.Title)...)
	}
	var notes []nameWord
	for line := range strings.Lines(text) {
		notes = append(notes, a.nameWords(line)...)
	}
	f := newNameFinder(lang)
	f.learn(slices.Values(titles))
	f.learn(slices.Values(notes))
	maybe = map[string]string{}
	f.find(slices.Values(titles), func(w nameWord) {
		if len(maybe) < maxNames && !f.runs && !strings.Contains(w.key, " ") { // of several words nobody knows whether they are ordinary
			maybe[w.key] = w.display
		}
	})
	f.find(slices.Values(notes), func(nameWord) {})
	return f.names(), maybe
}

// nameWords reads a line.
func (a *analyzer) nameWords(line string) (words []nameWord) {
	titled, small := 0, false
	for i, text := range strings.Fields(line) {
		text = cleanText(text)
		w := readNameWord(text, a.plain(text))
		if strings.Contains(text, "://") || strings.ContainsRune(text, '@') { // an address
			w = nameWord{}
		}
		w.begins = i == 0 || w.opens || words[i-1].stops
		w.initial = w.begins
		words = append(words, w)
		if utf8.RuneCountInString(text) >= leastNameLetters {
			titled++
			small = small || w.key == ""
		}
	}
	if titled >= titledLeast && !small {
		for i := range words {
			words[i].initial = true
		}
	}
	return words
}
