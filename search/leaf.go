package search

import (
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
)

// BM25's constants as in Bleve and Lucene. Lengths are compared with nominal ones, so that a score does not depend on
// what else is in the index; the fields are weighed as in BM25F.
const (
	bm25K1 = 1.2
	bm25B  = 0.75

	titleWeight = 3
	notesWeight = 0.5
	// typedWeight is what the word as it was typed counts more than others of its stem.
	typedWeight = 0.3
)

type weighedField struct {
	name    string
	weight  float64
	nominal float64 // length in terms
}

// share is what so many occurrences of a term in a text of so many terms weigh, before BM25's bound.
func (w weighedField) share(freq, length float64) float64 {
	return w.weight * freq / (1 - bm25B + bm25B*length/w.nominal)
}

// textFields returns the fields in which words are looked for that a query asks for in one of its fields.
func textFields(asked string) []weighedField {
	title := weighedField{fieldTitle, titleWeight, 8}
	if asked == queryTitle {
		return []weighedField{title}
	}
	return []weighedField{{fieldText, 1, 200}, title, {fieldNotes, notesWeight, 150}}
}

// finder finds one leaf: in which documents it is, with what score, and where in an episode's words.
type finder struct {
	l      *leaf
	who    []*node             // restriction of speakers, on the first word
	words  map[string][]string // of prefixes and fuzzy words: the plain forms they stand for, with the fields that have them
	capped bool                // words are not all that there are
	said   []saying            // of sounds: what it stands for, longest first
	sure   bitset              // of sounds: documents in which it is without verifying; nil: none
	langs  sync.Mutex
	byLang map[string][]string // see terms; under langs
	docs   bitset
	score  []float64 // by document that has it
	rarity float64   // inverse document frequency

	often  map[string]int // of phrases: documents and fields that have each term
	rarest int            // of phrases: the word that is in the fewest
}

// finder makes the finder of a leaf, or returns the one made already.
func (e *evaluation) finder(l *leaf, who []*node, positive bool) (*finder, error) {
	if l.field == queryTitle {
		who = nil
	}
	parts := append(make([]string, 0, 1+len(who)), l.name())
	for _, w := range who {
		parts = append(parts, w.inner())
	}
	name := strings.Join(parts, " by ")
	f := e.byName[name]
	if f == nil {
		f = &finder{l: l, who: who}
		if err := e.search(f); err != nil {
			return nil, err
		}
		e.byName[name] = f
	}
	if positive && !slices.Contains(e.finders, f) {
		e.finders = append(e.finders, f)
	}
	return f, nil
}

// name tells a leaf from all others of a query.
func (l *leaf) name() string {
	if l.instead != nil {
		return l.String() + " for " + l.instead.String()
	}
	return l.String()
}

// search fills docs and score.
func (e *evaluation) search(f *finder) error {
	weight := e.numbers()
	if f.who != nil {
		return e.searchBySpeaker(f, weight)
	}
	if err := e.expand(f); err != nil {
		return err
	}
	f.docs, f.often = newBitset(e.v.docs), map[string]int{}
	for _, field := range textFields(f.l.field) {
		for _, lang := range e.fields[field.name] {
			var err error
			switch {
			case f.l.kind == kindSounds:
				err = e.soundCandidates(f, field, lang, weight)
			case len(f.l.forms) > 1:
				err = e.phraseCandidates(f, field, lang)
			default:
				err = e.wordCandidates(f, field, lang, weight)
			}
			if err != nil {
				return err
			}
		}
	}
	f.rarest = f.rarestForm()
	if f.l.sequence() {
		if err := e.verify(f, weight); err != nil {
			return err
		}
	}
	return e.score(f, weight)
}

// searchBySpeaker is search for words that only some speakers say: among the passages in which anybody says them, of the
// episodes in which these speak. (Not of the passages: a match may lie in a tail, which is said by who speaks next.)
func (e *evaluation) searchBySpeaker(f *finder, weight []float64) error {
	all, err := e.finder(f.l, nil, false)
	if err != nil {
		return err
	}
	f.words, f.capped, f.said, f.rarest = all.words, all.capped, all.said, all.rarest
	speaking, err := e.speaking(f.who)
	if err != nil {
		return err
	}
	f.docs = newBitset(e.v.docs)
	all.docs.each(func(d uint32) {
		if e.v.passage[d] >= 0 && speaking.has(e.v.episode[d]) {
			f.docs.add(d)
		}
	})
	if err := e.verify(f, weight); err != nil {
		return err
	}
	return e.score(f, weight)
}

// speaking returns the episodes in which everybody speaks whom a restriction names; what else it asks for is left to the
// side tables.
func (e *evaluation) speaking(who []*node) (bitset, error) {
	eps := append(bitset(nil), e.v.universe...)
	for _, w := range who {
		if w.op != opLeaf {
			continue
		}
		docs, err := e.spokenBy(w.leaf)
		if err != nil {
			return nil, err
		}
		eps.and(e.episodesOf(docs))
	}
	return eps, nil
}

// score makes scores of the weights that a leaf has in documents.
func (e *evaluation) score(f *finder, weight []float64) error {
	if err := e.favourTyped(f, weight); err != nil {
		return err
	}
	df := float64(f.docs.count())
	f.rarity = math.Log(1 + (float64(e.v.liveDocs)-df+0.5)/(df+0.5))
	if l := f.l.instead; l != nil { // a spelling that is rare is worth no more than the name
		if typed := e.byName[l.name()]; typed != nil {
			f.rarity = min(f.rarity, typed.rarity)
		}
	}
	f.docs.each(func(d uint32) { weight[d] = f.rarity * weight[d] * (bm25K1 + 1) / (bm25K1 + weight[d]) })
	f.score = weight
	return nil
}

// terms returns the index terms of a leaf that is one word, in a language.
func (f *finder) terms(an *analyzer, lang string) []string {
	f.langs.Lock()
	defer f.langs.Unlock()
	terms, ok := f.byLang[lang]
	if !ok {
		if f.byLang == nil {
			f.byLang = map[string][]string{}
		}
		terms = f.makeTerms(an, lang)
		f.byLang[lang] = terms
	}
	return terms
}

func (f *finder) makeTerms(an *analyzer, lang string) []string {
	switch f.l.kind {
	case kindPrefix, kindFuzzy:
		out := make([]string, 0, len(f.words))
		for w := range f.words {
			out = append(out, w)
		}
		sort.Strings(out)
		return out
	case kindPhrase:
		return []string{fold(f.l.forms[0])}
	case kindWord, kindSounds:
	}
	return an.wordTerms(lang, f.l.forms[0])
}

func (e *evaluation) wordCandidates(f *finder, field weighedField, lang string, weight []float64) error {
	for i, term := range f.terms(e.an, lang) {
		if err := e.step(); err != nil {
			return err
		}
		if f.words != nil && !slices.Contains(f.words[term], field.name+lang) {
			continue
		}
		weighed := field
		if f.l.kind == kindWord && i == 0 {
			weighed.weight *= e.an.asTyped(lang, term)
		}
		if err := e.postings(field.name+lang, term, func(d uint32, freq, length float64) {
			if !f.docs.has(d) {
				f.docs.add(d)
				weight[d] = 0
			}
			weight[d] += weighed.share(freq, length)
		}); err != nil {
			return err
		}
	}
	return nil
}

// phraseCandidates adds the documents that have all words of a phrase, or of its beginning where it may be longer than
// what a passage is sure to hold after a core's last word.
func (e *evaluation) phraseCandidates(f *finder, field weighedField, lang string) error {
	forms := f.l.forms[:min(len(f.l.forms), max(1, tailTokens+1-f.l.slop))]
	var all bitset
	for _, term := range sequenceTerms(forms, f.l.slop > 0) {
		docs := newBitset(e.v.docs)
		if err := e.documents(field.name+lang, term, docs); err != nil {
			return err
		}
		n := docs.count()
		if n == 0 { // as mostly: a field of another language
			return nil
		}
		f.often[term] += n
		if all == nil {
			all = docs
		} else {
			all.and(docs)
		}
	}
	f.docs.or(all)
	return nil
}

// rarestForm returns which word of a phrase the fewest documents have.
func (f *finder) rarestForm() (rarest int) {
	least := math.MaxInt
	for i, form := range f.l.forms {
		if n, known := f.often[fold(form)]; known && n < least {
			rarest, least = i, n
		}
	}
	return rarest
}

// expansion is a word that a prefix or a fuzzy word stands for.
type expansion struct {
	count    uint64   // documents that have it
	distance uint8    // edit distance
	fields   []string // that have it
}

// expand fills in what a leaf stands for, from the dictionaries of the text fields.
func (e *evaluation) expand(f *finder) (err error) {
	var found map[string]expansion
	plain, most := fold(f.l.forms[0]), maxPrefixWords
	switch f.l.kind {
	case kindSounds:
		return e.expandSounds(f)
	case kindFuzzy:
		most = maxFuzzyWords
		found, err = e.wordsNear(f.l.field, plain, f.l.distance)
	case kindPrefix:
		found, err = e.wordsBeginning(f.l.field, plain)
	case kindWord, kindPhrase:
		return nil
	}
	if err != nil {
		return err
	}
	names := make([]string, 0, len(found))
	for w := range found {
		names = append(names, w)
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := found[names[i]], found[names[j]]
		switch {
		case a.distance != b.distance:
			return a.distance < b.distance
		case a.count != b.count:
			return a.count > b.count
		}
		return names[i] < names[j]
	})
	if f.capped = len(names) > most; f.capped {
		names = names[:most]
	}
	f.words = make(map[string][]string, len(names))
	for _, w := range names {
		f.words[w] = found[w].fields
	}
	return nil
}

// expandSounds is expand for sounds. What stands in the place of a name that was typed as another word is only what is likely.
func (e *evaluation) expandSounds(f *finder) (err error) {
	if f.said = f.l.said; f.said != nil {
		return nil
	}
	if f.said, err = e.sayings(f.l); err == nil && f.l.instead != nil {
		f.said, err = e.likely(f.l, f.said)
	}
	return err
}

// wordsNear returns the words of what a query's field looks at that are within an edit distance (1 or 2) of a plain form.
func (e *evaluation) wordsNear(asked, plain string, distance int) (map[string]expansion, error) {
	found := map[string]expansion{}
	return found, e.near(e.wordFields(asked), plain, distance, expandInto(found))
}

// wordsBeginning returns the words of what a query's field looks at that begin with a plain form.
func (e *evaluation) wordsBeginning(asked, plain string) (map[string]expansion, error) {
	found := map[string]expansion{}
	return found, e.beginning(e.wordFields(asked), plain, math.MaxInt, expandInto(found))
}

// wordFields returns the names, with their languages, of what a query's field looks at.
func (e *evaluation) wordFields(asked string) (out []string) {
	for _, field := range textFields(asked) {
		for _, lang := range e.fields[field.name] {
			out = append(out, field.name+lang)
		}
	}
	return out
}

func expandInto(found map[string]expansion) func(term) {
	return func(t term) {
		if strings.HasPrefix(t.text, stemMark) || t.documents == 0 {
			return
		}
		x := found[t.text]
		x.count, x.distance = x.count+t.documents, t.distance
		if n := len(x.fields); n == 0 || x.fields[n-1] != t.field { // fields come one after the other
			x.fields = append(x.fields, t.field)
		}
		found[t.text] = x
	}
}
