package search

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// matchedAs returns what was said in a moment where it is not what was typed.
func (e *evaluation) matchedAs(t *table, m moment) []models.MatchedAs {
	var out []models.MatchedAs
	for _, o := range m.found {
		if o.typed == nil || slices.ContainsFunc(m.found, o.partOf) {
			continue
		}
		said, forms := e.saidAs(t, o)
		as := models.MatchedAs{Typed: strings.Join(o.typed.forms, " "), Said: said}
		if !holds(forms, foldAll(o.typed.forms)) && !slices.Contains(out, as) {
			out = append(out, as)
		}
	}
	return out
}

// saidAs returns the words of an occurrence as they are written, without the punctuation around each, and their plain forms.
func (e *evaluation) saidAs(t *table, o occurrence) (text string, forms []string) {
	var said strings.Builder
	last := rune(0)
	t.eachWord(o.first, o.last+1, func(w int, text []byte) {
		if w > o.first && spaceBetween(last, text) {
			said.WriteByte(' ')
		}
		last, _ = utf8.DecodeLastRune(text)
		word := string(text)
		mark := markOf(word, 0)
		said.WriteString(string([]rune(word)[mark.Start:mark.End]))
		forms = append(forms, e.an.plain(word)...)
	})
	return said.String(), forms
}

// partOf reports whether another occurrence says more: micro solidarity, beside micro.
func (o occurrence) partOf(other occurrence) bool {
	return other.typed != nil && other.first <= o.first && other.last >= o.last && other.last-other.first > o.last-o.first
}
