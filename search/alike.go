package search

import "strings"

// leastAlikeLetters is how many letters a word has at least that is taken for a name: short words sound like too much.
const leastAlikeLetters = 4

// Alike returns what finds, among some names, the part of one that a word sounds like, as it is written there; "" for none, and for a
// word that is a part of a name itself. Names of several words can be said as one.
func Alike(names []string) func(word string) string {
	type part struct {
		heard

		written string
	}
	parts := map[string][]part{} // by how they begin to sound
	known := map[string]bool{}
	learn := func(plain, written string) {
		if len(plain) < leastAlikeLetters || len(plain) > maxSoundLetters {
			return
		}
		for _, key := range soundKeys(plain) {
			parts[key] = append(parts[key], part{heardAs(plain), written})
		}
	}
	for _, name := range names {
		words := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" \t\n-–.,;:()\"“”", r) })
		for _, w := range words {
			if plain := plainWord(w); !known[plain] {
				known[plain] = true
				learn(plain, w)
			}
		}
		if len(words) > 1 {
			learn(plainWord(strings.Join(words, "")), name)
		}
	}
	return func(word string) string {
		plain := plainWord(word)
		if known[plain] || len(plain) < leastAlikeLetters || len(plain) > maxSoundLetters {
			return ""
		}
		best, written := 0.0, ""
		for _, key := range soundKeys(plain) {
			for _, p := range parts[key] {
				if l := p.likeness(plain); l > best {
					best, written = l, p.written
				}
			}
		}
		return written
	}
}

// plainWord is the plain form of a single word.
func plainWord(word string) string {
	return bare(fold(strings.ToLower(strings.ReplaceAll(word, "’", "'"))))
}
