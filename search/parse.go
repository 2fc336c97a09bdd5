package search

import (
	"strings"
	"unicode"
)

// quotationMarks are what begins and ends a phrase.
const quotationMarks = "\"“”„‟«»＂"

// parser reads the query language. Nothing is a syntax error: what has no meaning as an operator is a word.
//
//	or    = and { "OR" and }
//	and   = unary { ["AND"] unary }
//	unary = ( "-" | "NOT" ) unary | "(" or ")" | atom
//	atom  = [ field ":" ] [ manner ":" ] ( '"' words '"' [ "~" [ number ] ] | word [ "*" | "~" [ "1" | "2" ] ] )
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
		if strings.ContainsRune(quotationMarks, r) {
			in[i] = '"'
		}
		switch r {
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
