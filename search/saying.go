package search

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// What sounds: stands for.
//
// A name that the recogniser has never heard comes out as a word that sounds like it ("Inspirall" for Enspiral), or as two
// ("n spiral"); typed in two, it may have been heard as one. So a sounds: leaf stands for sayings: the typed words, each as
// whatever sounds like it; all of them run together as one word; and that one word split in two anywhere. For what is not
// in Latin script a word sounds like those within the edit distance of fuzzy~.

// leastSplit is the least number of letters of a name that may be split.
const leastSplit = 5

// alikeWeight is what a document counts that has words like the typed one, where one that has that word itself counts 1.
const alikeWeight = 0.5

// saying is one way to say a leaf: for each of its words the plain forms that it may have.
type saying [][]string

// sayings returns what a sounds: leaf stands for, the longest first.
func (e *evaluation) sayings(l *leaf) ([]saying, error) {
	each, err := e.eachWord(l)
	if err != nil {
		return nil, err
	}
	together, err := e.runTogether(l)
	if err != nil {
		return nil, err
	}
	out := append(together, each)
	slices.SortStableFunc(out, func(a, b saying) int { return cmp.Compare(len(b), len(a)) })
	return out, nil
}

// eachWord returns the words of a leaf, each as what sounds like it.
func (e *evaluation) eachWord(l *leaf) (saying, error) {
	if err := e.sounds.follow(e.ctx, e.r); err != nil {
		return nil, err
	}
	out := make(saying, len(l.forms))
	for i, form := range l.forms {
		words, err := e.alike(l, fold(form))
		if err != nil {
			return nil, err
		}
		out[i] = words
	}
	return out, nil
}

// runTogether returns what sounds like all words of a leaf as one: in two words, and in one where there are several.
func (e *evaluation) runTogether(l *leaf) ([]saying, error) {
	name := fold(strings.Join(l.forms, ""))
	if !latin(name) || len(name) > maxSoundLetters || len(l.forms) > maxJoined {
		return nil, nil
	}
	out, err := e.splits(name)
	if err != nil {
		return nil, err
	}
	if len(l.forms) > 1 {
		whole, err := e.alike(l, name)
		if err != nil {
			return nil, err
		}
		out = append(out, saying{whole})
	}
	return out, nil
}

// oneName reports whether anything is said that sounds like the two words of a leaf run together, and not just like the one
// followed by the other.
func (e *evaluation) oneName(l *leaf) (bool, error) {
	each, err := e.eachWord(l)
	if err != nil {
		return false, err
	}
	together, err := e.runTogether(l)
	if err != nil {
		return false, err
	}
	for _, said := range together {
		if len(said) == 1 {
			if slices.ContainsFunc(said[0], e.sounds.knows) {
				return true, nil
			}
			continue
		}
		for i, words := range said {
			if slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(each[i], w) }) {
				return true, nil
			}
		}
	}
	return false, nil
}

// soundCandidates adds the documents that have all words of a saying. Those that have a word which is a saying by itself
// are weighed by it, and sure, unless the word may begin a longer saying.
func (e *evaluation) soundCandidates(f *finder, field weighedField, lang string, weight []float64) error {
	longer := map[string]bool{} // words that begin a saying of several
	for _, s := range f.said {
		if len(s) == 1 {
			return e.soundWords(f, s[0], longer, field, lang, weight)
		}
		for _, w := range s[0] {
			longer[w] = true
		}
		var all bitset
		for _, words := range s {
			docs := newBitset(e.v.docs)
			for _, w := range words {
				if err := e.documents(field.name+lang, w, docs); err != nil {
					return err
				}
			}
			if all == nil {
				all = docs
			} else {
				all.and(docs)
			}
		}
		f.docs.or(all)
	}
	return nil
}

func (e *evaluation) soundWords(f *finder, words []string, longer map[string]bool, field weighedField, lang string, weight []float64) error {
	if f.sure == nil {
		f.sure = newBitset(e.v.docs)
	}
	for _, w := range words {
		if err := e.postings(field.name+lang, w, func(d uint32, freq, length float64) {
			f.docs.add(d)
			if longer[w] {
				return
			}
			if !f.sure.has(d) {
				f.sure.add(d)
				weight[d] = 0
			}
			weight[d] += field.share(freq, length)
		}); err != nil {
			return err
		}
	}
	return nil
}

// favourTyped makes documents count less that do not have the word as it was typed.
func (e *evaluation) favourTyped(f *finder, weight []float64) error {
	if f.l.kind != kindSounds || len(f.l.forms) > 1 {
		return nil
	}
	typed := newBitset(e.v.docs)
	for _, field := range textFields(f.l.field) {
		for _, lang := range e.fields[field.name] {
			if err := e.documents(field.name+lang, fold(f.l.forms[0]), typed); err != nil {
				return err
			}
		}
	}
	f.docs.each(func(d uint32) {
		if !typed.has(d) {
			weight[d] *= alikeWeight
		}
	})
	return nil
}

// nearWord is a word that sounds like another.
type nearWord struct {
	word     string
	likeness float64
}

// nearest sorts words by likeness, leaves out repetitions, and returns the first ones.
func nearest(all []nearWord, most int) []nearWord {
	slices.SortFunc(all, func(a, b nearWord) int {
		return cmp.Or(cmp.Compare(b.likeness, a.likeness), cmp.Compare(a.word, b.word))
	})
	all = slices.Compact(all)
	return all[:min(len(all), most)]
}

func wordsOf(all []nearWord) []string {
	out := make([]string, len(all))
	for i, w := range all {
		out[i] = w.word
	}
	return out
}

// alike returns the words that sound like a plain form, and that form.
func (e *evaluation) alike(l *leaf, plain string) ([]string, error) {
	key := l.field + ":" + plain
	if known, ok := e.alikes[key]; ok {
		return known, nil
	}
	words, err := e.findAlike(l, plain)
	if err != nil {
		return nil, err
	}
	e.alikes[key] = words
	return words, nil
}

func (e *evaluation) findAlike(l *leaf, plain string) ([]string, error) {
	distance := distanceOf("~", plain)
	if latin(plain) {
		distance = min(distance, slips(plain))
	}
	var near map[string]expansion
	if distance > 0 {
		var err error
		if near, err = e.wordsNear(l.field, plain, distance); err != nil {
			return nil, err
		}
	}
	out := []nearWord{{plain, 2}}
	if latin(plain) {
		h := heardAs(plain)
		for _, w := range e.sounds.words(plain) {
			if err := e.step(); err != nil {
				return nil, err
			}
			if likeness := h.likeness(w); likeness > 0 && w != plain {
				out = append(out, nearWord{w, likeness})
			}
		}
		for w := range near {
			if likeness := h.likeness(w); likeness > 0 && w != plain && latin(w) {
				out = append(out, nearWord{w, likeness})
			}
		}
	} else {
		for w, found := range near {
			if w != plain {
				out = append(out, nearWord{w, 1 - float64(found.distance)/float64(utf8.RuneCountInString(plain))})
			}
		}
	}
	return wordsOf(nearest(out, maxSoundWords)), nil
}

// splits returns the pairs of words that sound like a name when they are run together. Pairs with the same second words
// are one saying.
func (e *evaluation) splits(name string) ([]saying, error) {
	if len(name) < leastSplit {
		return nil, nil
	}
	h := heardAs(name)
	var pairs []nearWord // "first second"
	for i := 1; i < len(name); i++ {
		seconds, err := e.halves(h, name[i:], func(w string) bool { return startsOpen(w) == startsOpen(name[i:]) })
		if err != nil {
			return nil, err
		}
		firsts, err := e.halves(h, name[:i], func(w string) bool { return name[i-1] == 'e' || endsOpen(w) == endsOpen(name[:i]) }) // an e may be heard, or not
		if err != nil {
			return nil, err
		}
		for _, a := range firsts {
			for _, b := range seconds {
				if err := e.step(); err != nil {
					return nil, err
				}
				if likeness := h.pairLikeness(a, b); likeness > 0 {
					pairs = append(pairs, nearWord{a + " " + b, likeness})
				}
			}
		}
	}
	seconds := map[string][]string{}
	for _, p := range nearest(pairs, maxSoundPairs) {
		a, b, _ := strings.Cut(p.word, " ")
		seconds[a] = append(seconds[a], b)
	}
	firsts := map[string][]string{} // by their second words
	for a, list := range seconds {
		slices.Sort(list)
		key := strings.Join(list, " ")
		firsts[key] = append(firsts[key], a)
	}
	var out []saying
	for list, all := range firsts {
		slices.Sort(all)
		out = append(out, saying{all, strings.Fields(list)})
	}
	slices.SortFunc(out, func(a, b saying) int { return slices.Compare(a[0], b[0]) })
	return out, nil
}

// halves returns the words that sound like a part of a name and fit beside the other part, without those that sound like
// the whole of it.
func (e *evaluation) halves(name heard, part string, fits func(string) bool) ([]string, error) {
	h := heardAs(part)
	var all []nearWord
	for _, w := range e.sounds.words(part) {
		if err := e.step(); err != nil {
			return nil, err
		}
		if len(w) > len(part)+2 || len(w) < len(part)-2 || !fits(w) {
			continue
		}
		likeness := h.letters(w)
		switch {
		case len(part) > 2: // the vowels of a short half do not count: the whole name is compared as well
			likeness = max(likeness, h.roughly(bare(w)))
		case sounded(w) == sounded(part): // too short for letters to tell
			likeness = 1
		default:
			likeness = max(likeness, halfLikeness)
		}
		if likeness >= halfLikeness && name.likeness(w) == 0 {
			all = append(all, nearWord{w, likeness})
		}
	}
	return wordsOf(nearest(all, maxSoundHalves)), nil
}
