package search

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// atom reads a word or a phrase with its field, its manner and its suffix. It always moves on. A label that nothing
// sensible follows is a word.
func (p *parser) atom() *node {
	start := p.at
	label := p.label(queryTitle, queryShow, querySpeaker, queryLang, queryYear, queryBefore, queryAfter, mannerExact, mannerSounds)
	field, manner := label, ""
	switch label {
	case mannerExact, mannerSounds:
		field, manner = "", label
	case queryTitle:
		manner = p.label(mannerExact, mannerSounds)
	}
	var l *leaf
	if p.peek() == '"' {
		l = p.quoted(field, manner)
	} else {
		l = p.bare(p.word(), field, manner)
	}
	if l == nil && label != "" {
		p.at = start + len(label) + 1
		l = p.bare(label, "", "")
	}
	return p.leafOf(l)
}

// label reads one of some labels with its colon, in any case; "" when there is none.
func (p *parser) label(known ...string) string {
	end := p.at
	for end < len(p.in) && p.in[end] < utf8.RuneSelf && unicode.IsLetter(p.in[end]) {
		end++
	}
	name := strings.ToLower(string(p.in[p.at:end]))
	if end == len(p.in) || p.in[end] != ':' || !slices.Contains(known, name) {
		return ""
	}
	p.at = end + 1
	return name
}

// word reads to the next space, quote or parenthesis.
func (p *parser) word() string {
	from := p.at
	for p.at < len(p.in) && !unicode.IsSpace(p.peek()) && !strings.ContainsRune(`()"`, p.peek()) {
		p.at++
	}
	return string(p.in[from:p.at])
}

// quoted reads "…" and its slop. A quote that is never closed is ignored: what follows it is words.
func (p *parser) quoted(field, manner string) *leaf {
	p.at++
	n := slices.Index(p.in[p.at:], '"')
	if n < 0 {
		return nil
	}
	text := string(p.in[p.at : p.at+n])
	p.at += n + 1
	slop := p.slop()
	if !aboutWords(field) {
		return p.bare(text, field, manner)
	}
	l := &leaf{kind: kindPhrase, field: field, forms: p.an.tokens(text), accents: manner == mannerExact}
	switch {
	case manner == mannerSounds && len(l.forms) <= maxSoundForms:
		l.kind = kindSounds
	case len(l.forms) > 1 && (field == "" || field == queryTitle):
		l.slop = slop
	}
	return l.orNothing()
}

// slop reads ~N after a phrase; a ~ without a number stands for ~3.
func (p *parser) slop() int {
	if p.peek() != '~' {
		return 0
	}
	p.at++
	n, digits := 0, false
	for ; p.peek() >= '0' && p.peek() <= '9'; p.at++ {
		n, digits = min(maxSlop, 10*n+int(p.peek()-'0')), true
	}
	if !digits {
		return defaultSlop
	}
	return n
}

// bare makes a leaf of a word that is not quoted; nil when there is no word in it, or nothing that the field can mean.
func (p *parser) bare(text, field, manner string) *leaf {
	switch field {
	case queryYear:
		return years(text)
	case queryBefore, queryAfter:
		return dateLeaf(field, text)
	case queryLang:
		if lang := language(text); lang != unknownLanguage || strings.EqualFold(text, unknownLanguage) {
			return &leaf{kind: kindWord, field: field, forms: []string{lang}}
		}
		return nil
	}
	word, suffix := cutSuffix(text)
	l := &leaf{field: field, forms: p.an.tokens(word)}
	switch {
	case manner == mannerExact:
		l.kind, l.accents = kindPhrase, true
	case manner == mannerSounds && len(l.forms) <= maxSoundForms:
		l.kind = kindSounds
	case len(l.forms) > 1:
		l.kind = kindPhrase
	case len(l.forms) == 0 || field == queryShow || field == querySpeaker || suffix == "":
	case suffix[0] == '*':
		if n := utf8.RuneCountInString(l.forms[0]); n >= minPrefix || isCharacter(l.forms[0]) || isHangul(l.forms[0]) {
			l.kind = kindPrefix
		}
	default:
		if l.distance = distanceOf(suffix, l.forms[0]); l.distance > 0 {
			l.kind = kindFuzzy
		}
	}
	return l.orNothing()
}

// cutSuffix cuts "*", "~" or "~N" off the end of a word.
func cutSuffix(text string) (word, suffix string) {
	if w := strings.TrimRight(text, "*"); w != text {
		return w, "*"
	}
	if w := strings.TrimRight(text, "0123456789"); strings.HasSuffix(w, "~") {
		return strings.TrimRight(w, "~"), "~" + text[len(w):]
	}
	return text, ""
}

// distanceOf returns the edit distance that ~ or ~N allows: at most 2, at most 1 for words of up to 5 letters, none for
// words of up to 2.
func distanceOf(suffix, form string) int {
	most := 2
	switch n := utf8.RuneCountInString(form); {
	case n <= 2:
		most = 0
	case n <= 5:
		most = 1
	}
	if n, err := strconv.Atoi(suffix[1:]); err == nil {
		return min(n, most)
	}
	return most
}

func (l *leaf) orNothing() *leaf {
	if len(l.forms) == 0 {
		return nil
	}
	return l
}

// leafOf counts a leaf and wraps it; nil for none, or when there are too many.
func (p *parser) leafOf(l *leaf) *node {
	if l == nil || p.leaves == maxLeaves {
		return nil
	}
	p.leaves++
	return &node{op: opLeaf, leaf: l}
}
