package search

import (
	"strings"

	"github.com/antzucaro/matchr"
)

// How words sound. The codes are Lawrence Philips' Double Metaphone ("The double metaphone search algorithm", C/C++ Users
// Journal, June 2000), which is made for names in Latin script as English speakers say them. A vowel at the beginning is
// what a listener is least sure of ("Enspiral", "in spiral"): leading vowels do not count.

// codeLength is where matchr's Double Metaphone ends.
const codeLength = 4

// How near a word has to be to what was typed, as Jaro-Winkler similarity of their letters (0 to 1). The bounds were found
// with names and mis-hearings against 275,000 English words; see the tests.
const (
	sameCodeLikeness = 0.80 // the codes are the same
	shortLikeness    = 0.88 // the codes are the same, and both words have up to shortLength letters: many share a code
	shortLength      = 5
	openLikeness     = 0.95 // factor, where one begins with a vowel and the other does not
	nearCodeLikeness = 0.90 // the codes differ in one place, neither the first nor the last
	nearEdits        = 1    // letters that may differ where the codes do,
	nearEditsLong    = 2    // and in words of nearLong letters
	nearLong         = 8
	nearEditsLongest = 3 // and in those of nearLongest, which may have been run together
	nearLongest      = 14

	// leastEnds is the least number of sounds of a word that is also known by its last four: it may begin with another one.
	leastEnds = 6

	leastPairLikeness = 0.85 // of two words together
	halfLikeness      = 0.70 // of each of them to one half
)

const vowels = "aeiouy"

// soundKeys returns the beginnings of a word's codes, which words that sound alike share: one, or two where it can be said
// in two ways; none for what is not a word in Latin script.
func soundKeys(plain string) []string {
	if !latin(plain) {
		return nil
	}
	first, second := matchr.DoubleMetaphone(sounded(plain))
	switch {
	case first == "":
		return nil
	case second == "" || first == second:
		return []string{first}
	}
	return []string{first, second}
}

// endKeys returns the ends of the codes of a long word.
func endKeys(plain string) (keys []string) {
	if len(plain) < leastEnds || !latin(plain) {
		return nil
	}
	for _, code := range soundCodes(plain) {
		if len(code) >= leastEnds {
			keys = append(keys, code[len(code)-codeLength:])
		}
	}
	return keys
}

// latin reports whether a plain form consists of the letters a to z, with apostrophes.
func latin(plain string) bool {
	for i := range len(plain) {
		if c := plain[i]; (c < 'a' || c > 'z') && c != '\'' {
			return false
		}
	}
	return plain != ""
}

// bare is a word without a possessive and other apostrophes.
func bare(plain string) string {
	return strings.ReplaceAll(strings.TrimSuffix(plain, "'s"), "'", "")
}

// sounded returns what of a word is coded: it without vowels at the beginning, where anything else is left.
func sounded(plain string) string {
	plain = bare(plain)
	if rest := strings.TrimLeft(plain, "aeiou"); rest != "" {
		return rest
	}
	return plain
}

// soundCodes returns the whole codes of a word: that of its beginning, then that of what the beginning's code leaves out;
// two where it can be said in two ways.
func soundCodes(plain string) []string {
	word := sounded(plain)
	first, ways := soundCode(word, false)
	if ways {
		if second, _ := soundCode(word, true); second != first {
			return []string{first, second}
		}
	}
	return []string{first}
}

// soundCode returns one of the codes of a word, and whether there may be another.
func soundCode(rest string, second bool) (code string, ways bool) {
	encode := func(s string) string {
		first, other := matchr.DoubleMetaphone(s)
		ways = ways || first != other
		if second && other != "" {
			return other
		}
		return first
	}
	var b strings.Builder
	for rest != "" {
		head := encode(rest)
		b.WriteString(head)
		if len(head) < codeLength {
			break
		}
		end := min(codeLength, len(rest))
		for end < len(rest) && encode(rest[:end]) != head {
			end++
		}
		rest = strings.TrimLeft(rest[end:], rest[end-1:end]+vowels)
	}
	return b.String(), ways
}

// syllables counts the vowels that are heard, runs of them as one, without those at the beginning and a silent e.
func syllables(plain string) (n int) {
	word := withoutSilent(sounded(plain))
	for i := range len(word) {
		if strings.IndexByte(vowels, word[i]) >= 0 && (i == 0 || strings.IndexByte(vowels, word[i-1]) < 0) {
			n++
		}
	}
	return n
}

// withoutSilent is a word without an e at its end that is not heard: one that is not its only vowel, as it is that of "pre".
func withoutSilent(word string) string {
	if rest, ok := strings.CutSuffix(word, "e"); ok && strings.ContainsAny(rest, vowels) {
		return rest
	}
	return word
}

// rough is how a word may as well be written: runs of vowels as one of three vowels ("oo" is "u"), doubled consonants once,
// and no vowels at the beginning.
func rough(plain string) string {
	word := sounded(plain)
	var b strings.Builder
	for i := range len(word) {
		c := word[i]
		vowel := strings.IndexByte(vowels, c) >= 0
		switch {
		case i > 0 && (c == word[i-1] || vowel && strings.IndexByte(vowels, word[i-1]) >= 0):
		case !vowel || c == 'a':
			b.WriteByte(c)
		case c == 'o' || c == 'u':
			b.WriteByte('u')
		default:
			b.WriteByte('e')
		}
	}
	return b.String()
}

// startsOpen reports whether a vowel is heard first.
func startsOpen(plain string) bool { return plain != "" && strings.IndexByte(vowels, plain[0]) >= 0 }

// endsOpen reports whether a vowel is heard last.
func endsOpen(plain string) bool {
	if plain = bare(plain); plain == "" {
		return false
	}
	plain = withoutSilent(plain)
	return strings.IndexByte(vowels+"wh", plain[len(plain)-1]) >= 0
}

// heard is a word or a name by its sound, for others to be compared with.
type heard struct {
	plain     string
	codes     []string
	syllables int
}

func heardAs(plain string) heard {
	plain = bare(plain)
	return heard{plain, soundCodes(plain), syllables(plain)}
}

// likeness returns how near a word is to what was heard, from 0 to 1; 0 when it does not sound like it at all.
func (h heard) likeness(plain string) float64 {
	plain = bare(plain)
	l := h.letters(plain)
	if l < sameCodeLikeness || !h.sounds(plain, soundCodes(plain), l) {
		return 0
	}
	return l
}

// pairLikeness is likeness of two words that are run together.
func (h heard) pairLikeness(a, b string) float64 {
	plain := bare(a + b)
	l := h.letters(plain)
	if l < leastPairLikeness {
		return 0
	}
	codes := soundCodes(plain)
	for _, first := range soundCodes(a) {
		for _, second := range soundCodes(b) {
			if first != "" {
				second = strings.TrimPrefix(second, first[len(first)-1:]) // said once
			}
			codes = append(codes, first+second)
		}
	}
	if h.sounds(plain, codes, l) {
		return l
	}
	return 0
}

// letters compares the spelling alone. In short words every vowel counts.
func (h heard) letters(plain string) float64 {
	l := matchr.JaroWinkler(h.plain, plain, false)
	if max(len(h.plain), len(plain)) <= shortLength {
		return l
	}
	roughly := h.roughly(plain)
	if startsOpen(h.plain) != startsOpen(plain) {
		roughly *= openLikeness
	}
	return max(l, roughly)
}

// roughly compares the spelling with vowels made alike.
func (h heard) roughly(plain string) float64 {
	return matchr.JaroWinkler(rough(h.plain), rough(plain), false)
}

// sounds reports whether a word with some codes and a likeness of its letters sounds like what was heard.
func (h heard) sounds(plain string, codes []string, letters float64) bool {
	if max(len(h.plain), len(plain)) <= shortLength && letters < shortLikeness {
		return false
	}
	n := syllables(plain)
	apart := max(h.syllables, n) - min(h.syllables, n)
	for _, mine := range h.codes {
		for _, code := range codes {
			same := code == mine || code == mine+"S" && strings.HasSuffix(plain, "s")
			if apart == 0 || apart == 1 && len(mine) > 2 {
				if same || letters >= nearCodeLikeness && h.slip(mine, plain, code) {
					return true
				}
			}
		}
	}
	return false
}

// slip reports whether a word with another code may be a slip of the ear or of the pen: the codes differ in one place that
// is neither the first nor the last, and the words in a few letters.
func (h heard) slip(mine, plain, code string) bool {
	if min(len(code), len(mine)) < 2 || max(len(code), len(mine)) < 3 ||
		code[0] != mine[0] || code[len(code)-1] != mine[len(mine)-1] || matchr.OSA(code, mine) > 1 {
		return false
	}
	return matchr.OSA(plain, h.plain) <= slips(h.plain)
}

// slips returns in how many letters a word may differ whose code differs.
func slips(plain string) int {
	switch n := len(plain); {
	case n >= nearLongest:
		return nearEditsLongest
	case n >= nearLong:
		return nearEditsLong
	}
	return nearEdits
}
