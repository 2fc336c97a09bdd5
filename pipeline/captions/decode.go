package captions

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"

	"github.com/earshot/earshot/models"
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

// tidy is [models.Line] without the characters that only say where a line may break.
func tidy(s string) string {
	return models.Line(strings.ReplaceAll(strings.ReplaceAll(s, "\u200B", ""), "\u00AD", ""))
}
