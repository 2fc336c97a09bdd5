package search

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on a query; what lies beyond them is ignored.
const (
	maxQueryRunes = 1000
	maxLeaves     = 64
	maxDepth      = 16
	// minPrefix is the least number of letters before a *; scripts whose letters are words need one only.
	minPrefix = 2
)

// parser reads the query language. Nothing is a syntax error: what has no meaning as an operator is a word.
//
//	or    = and { "OR" and }
//	and   = unary { ["AND"] unary }
//	unary = ( "-" | "NOT" ) unary | "(" or ")" | atom
//	atom  = [ field ":" ] ( '"' words '"' | word [ "*" | "~" [ "1" | "2" ] ] )
type parser struct {
	an     *analyzer
	in     []rune
	at     int
	depth  int
	leaves int
}

// parse reads a query; nil when there is nothing to look for in it.
func (a *analyzer) parse(text string) *node {
	text = strings.ToValidUTF8(text, " ")
	in := []rune(text)
	if len(in) > maxQueryRunes {
		in = in[:maxQueryRunes]
	}
	for i, r := range in {
		switch r {
		case '“', '”', '„', '‟', '«', '»', '＂':
			in[i] = '"'
		case '（':
			in[i] = '('
		case '）':
			in[i] = ')'
		case '−':
			in[i] = '-'
		case '＊':
			in[i] = '*'
		case '：':
			in[i] = ':'
		case '\u3000', 0:
			in[i] = ' '
		}
	}
	p := &parser{an: a, in: in}
	var all []*node
	for p.space(); p.at < len(p.in); p.space() {
		before := p.at
		all = append(all, p.or())
		if p.at == before || p.peek() == ')' {
			p.at++ // a closing parenthesis that nothing opened
		}
	}
	return join(opAnd, all)
}

func (p *parser) peek() rune {
	if p.at < len(p.in) {
		return p.in[p.at]
	}
	return 0
}

func (p *parser) space() {
	for p.at < len(p.in) && (unicode.IsSpace(p.in[p.at]) || unicode.IsControl(p.in[p.at])) {
		p.at++
	}
}

// operator consumes an upper-case operator that stands alone and has something after it.
func (p *parser) operator(word string) bool {
	end := p.at + len(word)
	if end >= len(p.in) || string(p.in[p.at:end]) != word || !unicode.IsSpace(p.in[end]) && p.in[end] != '(' && p.in[end] != '"' {
		return false
	}
	rest := end
	for rest < len(p.in) && unicode.IsSpace(p.in[rest]) {
		rest++
	}
	if rest == len(p.in) || p.in[rest] == ')' {
		return false
	}
	p.at = end
	return true
}

func (p *parser) or() *node {
	kids := []*node{p.and()}
	for p.space(); kids[0] != nil && p.operator("OR"); p.space() {
		kids = append(kids, p.and())
	}
	return join(opOr, kids)
}

func (p *parser) and() *node {
	var kids []*node
	for p.space(); p.at < len(p.in) && p.peek() != ')'; p.space() {
		if start := p.at; len(kids) > 0 && p.operator("OR") {
			p.at = start
			break
		}
		if len(kids) > 0 && p.operator("AND") {
			continue
		}
		if k := p.unary(); k != nil {
			kids = append(kids, k)
		}
	}
	return join(opAnd, kids)
}

func (p *parser) unary() *node {
	negated := false
	for {
		switch {
		case p.operator("NOT"):
			p.space()
			negated = !negated
			continue
		case p.peek() == '-':
			p.at++
			if p.at < len(p.in) && !unicode.IsSpace(p.peek()) {
				negated = !negated
			}
			continue
		}
		break
	}
	var n *node
	switch r := p.peek(); {
	case r == '(':
		n = p.group()
	case r == ')' || p.at == len(p.in):
		return nil
	default:
		n = p.atom()
	}
	if negated {
		return negate(n)
	}
	return n
}

func (p *parser) group() *node {
	p.at++
	if p.depth == maxDepth {
		return nil // the parenthesis is ignored, its content is read as if it were not there
	}
	p.depth++
	n := p.or()
	p.depth--
	p.space()
	if p.peek() == ')' {
		p.at++
	}
	return n
}

// atom reads a word or a phrase with its field and its suffix. It always moves on.
func (p *parser) atom() *node {
	if p.peek() == '"' {
		return p.leafOf(p.quoted(""))
	}
	start := p.at
	for p.at < len(p.in) && !unicode.IsSpace(p.peek()) && !strings.ContainsRune(`()"`, p.peek()) {
		p.at++
		if field := string(p.in[start : p.at-1]); p.in[p.at-1] == ':' && knownField(strings.ToLower(field)) {
			field = strings.ToLower(field)
			if p.peek() == '"' {
				return p.leafOf(p.quoted(field))
			}
			from := p.at
			p.word()
			if n := p.leafOf(p.bare(string(p.in[from:p.at]), field)); n != nil {
				return n
			}
			p.at = from
			return p.leafOf(p.bare(field, ""))
		}
	}
	return p.leafOf(p.bare(string(p.in[start:p.at]), ""))
}

func (p *parser) word() {
	for p.at < len(p.in) && !unicode.IsSpace(p.peek()) && !strings.ContainsRune(`()"`, p.peek()) {
		p.at++
	}
}

func knownField(s string) bool {
	switch s {
	case queryTitle, queryShow, querySpeaker, queryLang, queryYear:
		return true
	}
	return false
}

// quoted reads "…". A quote that is never closed is ignored: what follows it is words.
func (p *parser) quoted(field string) *leaf {
	p.at++
	for end := p.at; end < len(p.in); end++ {
		if p.in[end] == '"' {
			text := string(p.in[p.at:end])
			p.at = end + 1
			if field == queryYear || field == queryLang {
				return p.bare(text, field)
			}
			return &leaf{kind: kindPhrase, field: field, forms: p.an.tokens(text)}
		}
	}
	if field != "" {
		return p.bare(field, "")
	}
	return nil
}

// bare makes a leaf of a word that is not quoted; nil when there is no word in it.
func (p *parser) bare(text, field string) *leaf {
	switch field {
	case queryYear:
		return years(text)
	case queryLang:
		if lang := language(text); lang != unknownLanguage || strings.EqualFold(text, unknownLanguage) {
			return &leaf{kind: kindWord, field: field, forms: []string{lang}}
		}
		return nil
	}
	word, suffix := cutSuffix(text)
	l := &leaf{field: field, forms: p.an.tokens(word)}
	switch {
	case len(l.forms) > 1:
		l.kind = kindPhrase
	case len(l.forms) == 0 || field == queryShow || field == querySpeaker || suffix == "":
	case suffix[0] == '*':
		if n := utf8.RuneCountInString(l.forms[0]); n >= minPrefix || !isASCII(l.forms[0]) {
			l.kind = kindPrefix
		}
	default:
		if l.distance = distanceOf(suffix, l.forms[0]); l.distance > 0 {
			l.kind = kindFuzzy
		}
	}
	return l
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

// years reads YYYY or YYYY-YYYY.
func years(text string) *leaf {
	m := regexp.MustCompile(`^(\d{4})(?:[-–](\d{4}))?$`).FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	lo, _ := strconv.Atoi(m[1])
	hi := lo
	if m[2] != "" {
		hi, _ = strconv.Atoi(m[2])
	}
	return &leaf{kind: kindWord, field: queryYear, lo: min(lo, hi), hi: max(lo, hi)}
}

// leafOf counts a leaf and wraps it; nil for none, or when there are too many.
func (p *parser) leafOf(l *leaf) *node {
	if l == nil || l.field != queryYear && len(l.forms) == 0 || p.leaves == maxLeaves {
		return nil
	}
	p.leaves++
	return &node{op: opLeaf, leaf: l}
}
