package vocabulary

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

const (
	mostText  = 64 << 10 // bytes of notes that are looked at: names come early
	mostNames = 200      // different ones that are weighed
	mostWords = 5        // in one name
	// shouted is the length from which a word in capitals is loud and no name.
	shouted = 7
)

// name is a word or phrase that may be said in an episode.
type name struct {
	text    string
	weighty []string // its words that are not in ordinary use; all of them where none is
	plain   int      // how many of its words are in ordinary use
	rare    bool     // it has a word that the decoder's vocabulary does not have
	place   int      // 0 in a title, 1 in the notes, 2 in the show's description
	count   int
	first   int // in the order of reading
}

// names lists the names in what is published about an episode, the most important ones first.
func names(l Lexicon, show models.Show, episode models.Episode) []name {
	f := finder{lexicon: l, german: strings.HasPrefix(strings.ToLower(show.Language), "de"), found: map[string]*name{}}
	f.read(show.Title, 0)
	f.read(episode.Title, 0)
	f.read(episode.Notes, 1)
	f.read(show.Description, 2)
	out := make([]name, 0, len(f.found))
	for _, n := range f.found {
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b name) int {
		return cmp.Or(
			compareTrue(a.rare, b.rare), cmp.Compare(a.place, b.place), cmp.Compare(min(b.count, 5), min(a.count, 5)),
			// Of two ways to write a name, the one without a common word, then the fuller one.
			cmp.Compare(a.plain, b.plain), cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.first, b.first),
		)
	})
	return out
}

func compareTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// finder reads text and gathers names.
type finder struct {
	lexicon Lexicon
	german  bool // the language writes every noun with a capital
	found   map[string]*name
	place   int
}

// read gathers the names of a text, which may be HTML.
func (f *finder) read(text string, place int) {
	f.place = place
	for _, s := range sentences(plainText(text, mostText)) {
		f.sentence(s)
	}
}

// sentence gathers the names of one sentence, title or line.
func (f *finder) sentence(words []word) {
	loud := f.titled(words)
	var run []word
	flush := func() {
		f.keep(run, loud)
		run = nil
	}
	for i, w := range words {
		switch {
		case w.name && (loud || w.first) && f.ordinary(w.text):
			// A capital says nothing here, and the word is a common one.
			flush()
		case w.name || w.initial && len(run) > 0:
			run = append(run, w)
		case w.joins && len(run) > 0 && i+1 < len(words) && words[i+1].name && !w.ends:
			run = append(run, w)
		default:
			flush()
			continue
		}
		if w.ends {
			flush()
		}
	}
	flush()
}

// titled reports whether all longer words of a sentence have capitals, so that they say nothing: a title, or a list of names.
func (f *finder) titled(words []word) bool {
	long := 0
	for _, w := range words {
		if utf8.RuneCountInString(w.text) < 4 || w.joins {
			continue
		}
		if !w.name {
			return false
		}
		long++
	}
	return f.place == 0 || long >= 3
}

// ordinary reports whether a word is in ordinary use.
func (f *finder) ordinary(w string) bool {
	return f.lexicon.ordinary(w) || f.german && f.lexicon.known(w)
}

// keep takes a run of words as a name, if it is one.
func (f *finder) keep(run []word, loud bool) {
	for len(run) > 0 && !run[len(run)-1].name { // "Richard D."
		run = run[:len(run)-1]
	}
	if len(run) == 0 || len(run) > 2*mostWords {
		return
	}
	n := name{place: f.place, count: 1, first: len(f.found)}
	texts := make([]string, len(run))
	proper := 0
	for i, w := range run {
		texts[i] = w.text
		if w.initial {
			texts[i] += "."
		}
		if !w.name {
			continue
		}
		proper++
		if f.ordinary(w.text) {
			n.plain++
			continue
		}
		n.weighty = append(n.weighty, w.text)
		n.rare = n.rare || !f.lexicon.known(w.text)
	}
	n.text = strings.Join(texts, " ")
	if proper > mostWords || utf8.RuneCountInString(n.text) > longest {
		return
	}
	if len(n.weighty) == 0 { // common words: together they may still be the name of something
		if proper < 2 || loud || f.german {
			return
		}
		n.weighty = texts
	}
	f.add(n)
}

func (f *finder) add(n name) {
	key := strings.ToLower(n.text)
	if was := f.found[key]; was != nil {
		was.count++
		return
	}
	if len(f.found) < mostNames {
		f.found[key] = &n
	}
}

// capital reports whether a word is written like a name: with a capital at its start or inside (iPhone), and not shouted.
func capital(w string) bool {
	letters, upper, digits := 0, 0, 0
	for _, r := range w {
		switch {
		case unicode.IsUpper(r), unicode.IsTitle(r):
			letters++
			upper++
		case unicode.IsLetter(r):
			letters++
		case unicode.IsDigit(r):
			digits++
		}
	}
	return upper > 0 && letters >= 2 && digits <= 2 && (upper < letters || letters < shouted)
}
