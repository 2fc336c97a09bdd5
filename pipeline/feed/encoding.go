package feed

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

var (
	declaration = regexp.MustCompile(`^\s*<\?xml\s[^>]*?\?>`)
	encodingOf  = regexp.MustCompile(`encoding\s*=\s*["']\s*([A-Za-z0-9._:-]+)`)
	charRef     = regexp.MustCompile(`&#(?:0*(?:[0-8]|1[1-2]|1[4-9]|2[0-9]|3[0-1])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F])|[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|[xX]0*[fF]{3}[eEfF]);`)
)

// clean turns a document of any encoding into UTF-8 that an XML parser accepts, without an XML declaration. It never
// fails: what cannot be decoded is replaced.
//
// What a document is encoded in is decided by its byte order mark, else by its own declaration, else by the server's
// charset: servers are configured once, feeds are written by programs that know. A document that is valid UTF-8 beyond
// ASCII is UTF-8 whatever single-byte encoding it claims, since no text in those looks like that by chance.
func clean(body []byte, contentType string) []byte {
	body = decode(body, contentType)
	if loc := declaration.FindIndex(body); loc != nil {
		body = body[loc[1]:]
	}
	body = mend(body)
	if bytes.Contains(body, []byte("&#")) {
		body = charRef.ReplaceAll(body, nil)
	}
	end := bytes.ToLower(bytes.TrimSpace(body[max(0, len(body)-64):]))
	for _, root := range []string{"</rss", "</feed", "</rdf:rdf"} { // feeds cut to length lose their last bracket
		if bytes.HasSuffix(end, []byte(root)) {
			body = append(bytes.Clone(bytes.TrimSpace(body)), '>')
		}
	}
	return body
}

func decode(body []byte, contentType string) []byte {
	if enc, mark := marked(body); enc != nil {
		return run(enc, body[mark:])
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	label := ""
	if m := encodingOf.FindSubmatch(declaration.Find(body[:min(len(body), 1024)])); m != nil {
		label = string(m[1])
	}
	if enc, _ := charset.Lookup(label); label == "" || enc == nil {
		if _, params, err := mime.ParseMediaType(contentType); err == nil {
			label = params["charset"]
		}
	}
	enc, name := charset.Lookup(label)
	switch {
	case enc == nil, name == "utf-8", strings.HasPrefix(name, "utf-16"): // a document that was read this far is not UTF-16
		return body
	case singleByte(name) && utf8.Valid(body):
		return body
	default:
		return run(enc, body)
	}
}

// marked returns the encoding that the first bytes prove, other than UTF-8, and the length of the mark.
func marked(b []byte) (encoding.Encoding, int) {
	big, little := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	for _, m := range []struct {
		prefix string
		enc    encoding.Encoding
		mark   int
	}{
		{"\x00\x00\xfe\xff", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 4},
		{"\xff\xfe\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 4},
		{"\x00\x00\x00<", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), 0},
		{"<\x00\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), 0},
		{"\xfe\xff", big, 2},
		{"\xff\xfe", little, 2},
		{"\x00<", big, 0},
		{"<\x00", little, 0},
	} {
		if bytes.HasPrefix(b, []byte(m.prefix)) {
			return m.enc, m.mark
		}
	}
	return nil, 0
}

func singleByte(name string) bool {
	return strings.HasPrefix(name, "iso-8859") || strings.HasPrefix(name, "windows-125") || name == "macintosh" || name == "us-ascii"
}

func run(enc encoding.Encoding, body []byte) []byte {
	out, _, err := transform.Bytes(enc.NewDecoder(), body)
	if err != nil {
		return body // decoders replace what is invalid; mend does the rest
	}
	return out
}

// mend drops the characters that XML forbids, and reads bytes that are not UTF-8 as the Windows-1252 that they nearly
// always are, pasted into a UTF-8 document.
func mend(b []byte) []byte {
	if sound(b) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/8)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			out = utf8.AppendRune(out, charmap.Windows1252.DecodeByte(b[0]))
		case allowed(r):
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

func sound(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	return bytes.IndexFunc(b, func(r rune) bool { return !allowed(r) }) < 0
}

// allowed are the characters of XML 1.0, section 2.2.
func allowed(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}
