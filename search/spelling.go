package search

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// How words are written is stored as the difference from the plain form of their first token: "Budget," is a capital, all
// of "budget", and a comma. The spellings of a token follow each other.
//
//	u8: 1 bit first letter in upper case | 2 bits bytes of the form that are left out at its end | 5 bits bytes that
//	follow, then these. Where one does not fit its bits, they are all ones, and it follows as a uvarint.
const (
	capital  = 1 << 7
	cutShift = 5
	allCut   = 1<<2 - 1
	allRest  = 1<<5 - 1
)

// appendSpelling appends the spelling of a text whose first token has a plain form.
func appendSpelling(out []byte, plain, text string) []byte {
	head := byte(0)
	if first, size := utf8.DecodeRuneInString(text); unicode.ToUpper(unicode.ToLower(first)) == first && unicode.IsUpper(first) {
		head = capital
		text = string(unicode.ToLower(first)) + text[size:]
	}
	same := 0
	for same < min(len(plain), len(text)) && plain[same] == text[same] {
		same++
	}
	cut, rest := len(plain)-same, len(text)-same
	head |= byte(min(cut, allCut)<<cutShift | min(rest, allRest))
	out = append(out, head)
	if cut >= allCut {
		out = binary.AppendUvarint(out, uint64(cut))
	}
	if rest >= allRest {
		out = binary.AppendUvarint(out, uint64(rest))
	}
	return append(out, text[same:]...)
}

// respelling is the difference between a text and a plain form.
type respelling struct {
	capital bool
	cut     int // bytes
	rest    []byte
}

// readSpelling reads a spelling and returns what follows it. What is damaged ends early.
func readSpelling(data []byte) (s respelling, after []byte) {
	if len(data) == 0 {
		return respelling{}, nil
	}
	s.capital = data[0]&capital != 0
	number := func(v, all int) int {
		if v < all {
			return v
		}
		long, n := binary.Uvarint(data)
		data = data[max(0, n):]
		return int(min(long, uint64(maxWordBytes)))
	}
	head := int(data[0])
	data = data[1:]
	s.cut = number(head>>cutShift&allCut, allCut)
	rest := min(number(head&allRest, allRest), len(data))
	s.rest = data[:rest]
	return s, data[rest:]
}

// apply makes a text of a plain form, in place of the form.
func (s respelling) apply(plain []byte) []byte {
	text := append(plain[:max(0, len(plain)-s.cut)], s.rest...)
	if !s.capital {
		return text
	}
	first, size := utf8.DecodeRune(text)
	upper := unicode.ToUpper(first)
	if utf8.RuneLen(upper) == size {
		utf8.EncodeRune(text, upper)
		return text
	}
	return append(utf8.AppendRune(nil, upper), bytes.Clone(text[size:])...)
}
