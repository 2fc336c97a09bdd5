package search

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

const (
	defaultCompletions, maxCompletions = 10, 50
	// maxTermsRead is how many terms of a dictionary are looked at: more than begin with two letters in any archive of speech.
	maxTermsRead = 50_000
	// minWordTyped is how many letters of a word are typed before words are looked up.
	minWordTyped = 2
	// minWordLetters is the least number of letters of a word that is worth completing.
	minWordLetters = 4
	// maxTypedWords is how many words before the end may be the beginning of one name.
	maxTypedWords = 4
	// ofEachKind is how many completions of each kind come before more of the others.
	ofEachKind = 2
)

// Complete returns ways to go on with a query whose last word is being typed: words and names that are said, speakers,
// titles and shows, those that continue the most words that are typed first, then those in the most episodes. There are
// none after a space. Of the query only the text, the limit (1 to 50; 0 means 10) and Hidden count.
func (x *Index) Complete(ctx context.Context, q models.Query) ([]models.Completion, error) {
	limit := bounded(q.Limit, defaultCompletions, maxCompletions)
	typed := x.an.typed(q.Text)
	if len(typed) == 0 {
		return []models.Completion{}, ctx.Err()
	}
	var out []models.Completion
	err := x.ask(ctx, q.Hidden, func(e *evaluation) (err error) {
		out, err = e.complete(typed, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("completing a query: %w", err)
	}
	return out, nil
}

// typing is one reading of what is being typed at the end of a query.
type typing struct {
	before string // the query before it
	field  string // of what is typed: title, show, speaker or ""
	quoted string // what stands before it within quotation marks that are open; within says that they are
	within bool
	key    string // plain words, with spaces between
	words  int
}

// typed reads the end of a query in every way that makes sense, the longest first.
func (a *analyzer) typed(text string) []typing {
	in := []rune(strings.ToValidUTF8(text, " "))
	if len(in) == 0 || len(in) > maxQueryRunes || unicode.IsSpace(in[len(in)-1]) {
		return nil
	}
	isQuote := func(r rune) bool { return strings.ContainsRune(quotationMarks, r) }
	open := -1
	for i, r := range in {
		switch {
		case isQuote(r) && open < 0:
			open = i
		case isQuote(r):
			open = -1
		}
	}
	switch {
	case isQuote(in[len(in)-1]):
		return nil
	case open >= 0:
		return a.typedWithin(string(in[:open]), string(in[open+1:]))
	}
	var out []typing
	for at := len(in); at > 0 && len(out) < maxTypedWords; {
		for at--; at > 0 && !unicode.IsSpace(in[at-1]) && in[at-1] != '(' && !isQuote(in[at-1]); {
			at--
		}
		if in[at] == '-' && len(out) == 0 {
			at++
		}
		tail := string(in[at:])
		before, rest, field := a.fieldOf(string(in[:at]), tail)
		if t := (typing{before: before, field: field, key: strings.Join(a.plain(rest), " "), words: len(out) + 1}); t.key != "" && plainTyping(rest) {
			out = append(out, t)
		}
		if field != "" || at == 0 || !unicode.IsSpace(in[at-1]) || !plainTyping(tail) {
			break
		}
		for at > 0 && unicode.IsSpace(in[at-1]) {
			at--
		}
	}
	slices.Reverse(out)
	return out
}

// plainTyping reports whether text has no operators of the query language.
func plainTyping(text string) bool {
	if strings.ContainsAny(text, `()*~:`+quotationMarks) {
		return false
	}
	for _, w := range strings.Fields(text) {
		if w == "OR" || w == "AND" || w == "NOT" || w[0] == '-' {
			return false
		}
	}
	return true
}

// fieldOf cuts a field off the beginning of what is typed.
func (a *analyzer) fieldOf(before, text string) (head, rest, field string) {
	for _, f := range []string{queryTitle, queryShow, querySpeaker} {
		if n := len(f) + 1; len(text) >= n && strings.EqualFold(text[:n], f+":") {
			return before, text[n:], f
		}
	}
	return before, text, ""
}

// typedWithin reads what is typed after a quotation mark that is open.
func (a *analyzer) typedWithin(before, text string) []typing {
	for _, f := range []string{queryTitle, queryShow, querySpeaker} {
		if n := len(before) - len(f) - 1; n >= 0 && strings.EqualFold(before[n:], f+":") {
			if key := strings.Join(a.plain(text), " "); key != "" {
				return []typing{{before: before[:n], field: f, key: key, words: maxTypedWords}}
			}
			return nil
		}
	}
	if strings.HasSuffix(before, ":") {
		return nil // lang:"…
	}
	var out []typing
	for at := len(text); at > 0 && len(out) < maxTypedWords; {
		at = strings.LastIndexFunc(text[:at], unicode.IsSpace) + 1
		if key := strings.Join(a.plain(text[at:]), " "); key != "" {
			out = append(out, typing{before: before, quoted: text[:at], within: true, key: key, words: len(out) + 1})
		}
		at = len(strings.TrimRightFunc(text[:at], unicode.IsSpace))
	}
	slices.Reverse(out)
	return out
}

// kinds returns what can complete a typing.
func (t typing) kinds() []models.CompletionKind {
	switch t.field {
	case queryTitle:
		return []models.CompletionKind{models.CompleteTitle}
	case queryShow:
		return []models.CompletionKind{models.CompleteShow}
	case querySpeaker:
		return []models.CompletionKind{models.CompleteSpeaker}
	}
	out := []models.CompletionKind{models.CompleteName}
	if t.words == 1 && utf8.RuneCountInString(t.key) >= minWordTyped {
		out = append(out, models.CompleteWord)
	}
	if !t.within {
		out = append(out, models.CompleteSpeaker, models.CompleteTitle, models.CompleteShow)
	}
	return out
}

// query puts a completion in the place of what is typed.
func (t typing) query(an *analyzer, kind models.CompletionKind, text string) string {
	switch kind {
	case models.CompleteSpeaker:
		return t.before + querySpeaker + ":" + quoteName(text)
	case models.CompleteTitle:
		return t.before + queryTitle + ":" + quoteName(text)
	case models.CompleteShow:
		return t.before + queryShow + ":" + quoteName(text)
	case models.CompleteWord, models.CompleteName:
	}
	if t.within {
		return t.before + `"` + t.quoted + text + `"`
	}
	if len(an.tokens(text)) > 1 || !plainTyping(text) {
		return t.before + quoteName(text)
	}
	return t.before + text
}
