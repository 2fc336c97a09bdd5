package search

import "strings"

// lexeme is a token as it is indexed.
type lexeme struct {
	form  string
	terms []string // see [analyzer.terms]
}

// lexemes returns the tokens of a text in a language.
func (a *analyzer) lexemes(lang, text string) []lexeme {
	forms := a.tokens(text)
	out := make([]lexeme, len(forms))
	for i, form := range forms {
		out[i] = lexeme{form, a.terms(lang, form)}
	}
	return out
}

// builder makes episodes ready for the index, one after the other. It remembers what words consist of: most are said again in
// every episode, and finding their ends and stems is what takes longest. It is not safe for concurrent use.
type builder struct {
	an    *analyzer
	known map[spelledWord][]lexeme
}

type spelledWord struct{ language, text string }

// maxKnown is how many words a builder remembers, in some 15 MiB. Then it begins anew.
const maxKnown = 1 << 16

func newBuilder(an *analyzer) *builder { return &builder{an: an, known: map[spelledWord][]lexeme{}} }

// lexemes returns the tokens of a spoken word. They must not be changed.
func (b *builder) lexemes(lang, text string) []lexeme {
	out, ok := b.known[spelledWord{lang, text}]
	if !ok {
		if len(b.known) == maxKnown {
			clear(b.known)
		}
		text = strings.Clone(text) // it may be a part of something large
		out = b.an.lexemes(lang, text)
		b.known[spelledWord{lang, text}] = out
	}
	return out
}
