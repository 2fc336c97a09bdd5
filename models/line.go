package models

import (
	"strings"
	"unicode"
)

// Line makes plain text of one line of text from outside: valid UTF-8 with single spaces, without control characters and those
// that turn the direction of writing. What markup there is stays, as text.
func Line(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// ShortLine is [Line] of at most so many characters (Unicode code points).
func ShortLine(s string, most int) string {
	s = Line(s)
	if len(s) <= most {
		return s
	}
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	return s
}
