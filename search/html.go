package search

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxNotes bounds the notes that are searchable, in bytes as published.
const maxNotes = 256 << 10

// plainText returns the visible text of show notes, which are HTML or plain text of unknown origin. What stands in a block, or line, of
// its own has a line of its own.
func plainText(notes string) string {
	if len(notes) > maxNotes {
		notes = notes[:maxNotes]
	}
	notes = strings.ToValidUTF8(notes, " ")
	if strings.Contains(notes, "</") { // where HTML breaks a line says nothing
		notes = strings.NewReplacer("\n", " ", "\r", " ").Replace(notes)
	}
	var b strings.Builder
	hidden := 0
	z := html.NewTokenizer(strings.NewReader(notes))
	z.SetMaxBuf(2 * maxNotes)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			if name, _ := z.TagName(); invisible(name) {
				hidden++
			} else if !inline(name) {
				b.WriteByte('\n')
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); invisible(name) {
				hidden = max(0, hidden-1)
			} else if !inline(name) {
				b.WriteByte('\n')
			}
		case html.SelfClosingTagToken:
			b.WriteByte('\n')
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

func invisible(name []byte) bool {
	switch atom.Lookup(name) {
	case atom.Script, atom.Style, atom.Template:
		return true
	}
	return false
}

// inline reports whether an element may stand within a word.
func inline(name []byte) bool {
	switch atom.Lookup(name) {
	case atom.A, atom.B, atom.I, atom.Em, atom.Strong, atom.Span, atom.U, atom.S, atom.Small, atom.Mark, atom.Sup, atom.Sub:
		return true
	}
	return false
}
