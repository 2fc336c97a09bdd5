package captions

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
)

// decode makes UTF-8 with line feeds of a text in UTF-8, UTF-16 or Windows-1252. It never fails.
func decode(body []byte) []byte {
	endian, found := utf.BigEndian, false
	switch {
	case bytes.HasPrefix(body, []byte("\xfe\xff")), len(body) > 3 && body[0] == 0 && body[1] != 0 && body[2] == 0:
		found = true
	case bytes.HasPrefix(body, []byte("\xff\xfe")), len(body) > 3 && body[0] != 0 && body[1] == 0 && body[3] == 0:
		endian, found = utf.LittleEndian, true
	}
	if found {
		if b, err := utf.UTF16(endian, utf.UseBOM).NewDecoder().Bytes(body); err == nil {
			body = b
		}
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(body) {
		out := make([]byte, 0, len(body)+len(body)/8)
		for len(body) > 0 {
			r, n := utf8.DecodeRune(body)
			if r == utf8.RuneError && n == 1 {
				r = charmap.Windows1252.DecodeByte(body[0])
			}
			out = utf8.AppendRune(out, r)
			body = body[n:]
		}
		body = out
	}
	body = bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(body, []byte("\r"), []byte("\n"))
}

// tidy makes plain text of one line: no control characters, none that turn the direction of writing, single spaces.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF', r == '\u200B', r == '\u00AD':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}
