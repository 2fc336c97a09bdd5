package correct

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words are compared by their parts: letters, numbers and marks in lower case. A hyphen or any other sign within a word ends a part,
// an apostrophe does not; each character of a script that is written without spaces is a part.

func letter(r rune) bool {
	if r < utf8.RuneSelf { // as mostly
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' }

func unspaced(r rune) bool {
	const thai = 0x0E00 // the first of them
	return r >= thai && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// parts returns the parts of a word, or of several, with their capitals.
func parts(text string) []string {
	var out []string
	start := -1
	for i, r := range text {
		switch {
		case unspaced(r):
			if start >= 0 {
				out = append(out, text[start:i])
				start = -1
			}
			out = append(out, text[i:i+utf8.RuneLen(r)])
		case letter(r):
			if start < 0 {
				start = i
			}
		case apostrophe(r) && start >= 0 && letterFollows(text[i:]):
		case start >= 0:
			out = append(out, text[start:i])
			start = -1
		}
	}
	if start >= 0 {
		out = append(out, text[start:])
	}
	return out
}

// letterFollows reports whether a letter comes after the first character of a text.
func letterFollows(text string) bool {
	_, n := utf8.DecodeRuneInString(text)
	r, _ := utf8.DecodeRuneInString(text[n:])
	return letter(r)
}

// fold makes a part comparable whatever its capitals and apostrophes.
func fold(part string) string {
	part = strings.ToLower(part)
	if ascii(part) {
		return part
	}
	if strings.ContainsFunc(part, func(r rune) bool { return r != '\'' && apostrophe(r) }) {
		part = strings.Map(func(r rune) rune {
			if apostrophe(r) {
				return '\''
			}
			return r
		}, part)
	}
	return part
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func foldAll(list []string) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = fold(p)
	}
	return out
}

// possessive cuts a possessive ’s off a part, and returns it.
func possessive(part string) (stem, ending string) {
	for _, ending := range []string{"'s", "’s", "ʼs"} {
		if stem, ok := strings.CutSuffix(part, ending); ok && stem != "" {
			return stem, part[len(stem):]
		}
	}
	return part, ""
}

// key is the parts of a word in one.
func key(word string) string { return strings.Join(foldAll(parts(word)), "") }

// keys are the keys of the words of a text that have one.
func keys(text string) []string {
	var out []string
	for w := range strings.FieldsSeq(text) {
		if k := key(w); k != "" {
			out = append(out, k)
		}
	}
	return out
}

// shell returns the signs around the letters of a word.
func shell(word string) (left, right string) {
	from := strings.IndexFunc(word, letter)
	if from < 0 {
		return "", word
	}
	to := strings.LastIndexFunc(word, letter)
	_, n := utf8.DecodeRuneInString(word[to:])
	return word[:from], word[to+n:]
}
