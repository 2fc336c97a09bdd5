package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Chinese and Japanese are written without spaces, and Korean words carry their particles with them. Nobody knows without a
// dictionary where their words are, so the index does not try.
//
// Han and kana: every character is a token. What is typed without a space is a phrase of its characters, which the side
// table verifies as every phrase; so that this does not mean to look at every text that has two common characters somewhere,
// each pair of neighbours is an index term too, and such a phrase is looked up by its pairs.
//
// Hangul: a word between spaces is a token, and is found by any part of it of minHangulPart to maxHangulPart syllables:
// 서울 finds 서울에서, 대학교 finds 서울대학교. Phrases and exact words are about whole words, as in every language.
const (
	// pairMark begins the term of two neighbouring characters. It begins with stemMark, so that whoever leaves stems out
	// leaves pairs out.
	pairMark = stemMark + "\x02"

	minHangulPart = 2 // syllables
	maxHangulPart = 5
	// maxHangulWord bounds the syllables of a word that is found by its parts; longer ones are not words.
	maxHangulWord = 24
)

// unspacedCharacter reports whether r is a character of a script whose every character is a token.
func unspacedCharacter(r rune) bool {
	return r >= 0x2E80 && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r == 'ー') // the mark of a long vowel is of no script
}

// splitScripts cuts a word, as UAX #29 gives it, at every character of the scripts without spaces, and between Hangul and
// other scripts, so that a foreign word is found whatever particle follows it. Combining marks stay with what they are on.
func splitScripts(word string) []string {
	if isASCII(word) {
		return []string{word}
	}
	const other, hangul, character = 0, 1, 2
	var out []string
	start, before := 0, other
	for i, r := range word {
		if unicode.IsMark(r) {
			continue
		}
		now := other
		switch {
		case unspacedCharacter(r):
			now = character
		case hangulSyllable(r):
			now = hangul
		}
		if i > start && (now != before || now == character) {
			out = append(out, word[start:i])
			start = i
		}
		before = now
	}
	return append(out, word[start:])
}

func hangulSyllable(r rune) bool { return r >= 0xAC00 && r <= 0xD7A3 }

// isCharacter reports whether a form is one character of a script without spaces.
func isCharacter(form string) bool {
	r, _ := utf8.DecodeRuneInString(form)
	return unspacedCharacter(r)
}

// pairTerm returns the index term of two neighbouring forms, "" where they are not both characters.
func pairTerm(a, b string) string {
	if !isCharacter(a) || !isCharacter(b) {
		return ""
	}
	return pairMark + fold(a) + fold(b)
}

// sequenceTerms returns index terms that every text has in which these forms follow each other; with gaps, other words may
// lie between them.
func sequenceTerms(forms []string, gaps bool) []string {
	var out []string
	add := func(term string) {
		if !slices.Contains(out, term) {
			out = append(out, term)
		}
	}
	paired := false // with the form before
	for i, form := range forms {
		pair := ""
		if i+1 < len(forms) && !gaps {
			pair = pairTerm(form, forms[i+1])
		}
		switch {
		case pair != "":
			add(pair)
		case !paired:
			add(fold(form))
		}
		paired = pair != ""
	}
	return out
}

// hangulParts returns the parts of a word by which it is found, none where it is not a word in Hangul. The word itself is
// not among them.
func hangulParts(plain string) []string {
	syllables := []rune(plain)
	if len(syllables) > maxHangulWord || !isHangul(plain) {
		return nil
	}
	var out []string
	for n := minHangulPart; n <= min(maxHangulPart, len(syllables)-1); n++ {
		for i := range len(syllables) - n + 1 {
			if part := string(syllables[i : i+n]); !slices.Contains(out, part) {
				out = append(out, part)
			}
		}
	}
	return out
}

// isHangul reports whether a word consists of Hangul syllables.
func isHangul(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !hangulSyllable(r) })
}

// isHangulPart reports whether words that have a form within them are found by it.
func isHangulPart(plain string) bool {
	n := utf8.RuneCountInString(plain)
	return n >= minHangulPart && n <= maxHangulPart && isHangul(plain)
}
