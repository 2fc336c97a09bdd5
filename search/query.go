package search

import (
	"strconv"
	"strings"
)

// The query language's syntax tree. parse makes it, String prints it so that parsing the print gives the same tree.

type op int

const (
	opLeaf op = iota
	opAnd
	opOr
	opNot
)

type node struct {
	op   op
	kids []*node
	leaf *leaf // of opLeaf
}

type leafKind int

const (
	kindWord   leafKind = iota // the word in any of its forms: budget finds budgets
	kindPhrase                 // these words in this order, as written apart from case and accents; also one such word
	kindPrefix                 // words that begin so
	kindFuzzy                  // words within an edit distance
	kindSounds                 // words, or what sounds like them when said one after the other
)

// The fields that a query can name; "" is everything that is said, and titles and notes.
const (
	queryTitle   = "title"
	queryShow    = "show"
	querySpeaker = "speaker"
	queryLang    = "lang"
	queryYear    = "year"
	queryBefore  = "before"
	queryAfter   = "after"
)

// How words can be asked for, written like a field, after one where both are given.
const (
	mannerExact  = "exact"  // accents count
	mannerSounds = "sounds" // or something that sounds like it
)

// aboutWords reports whether what a field asks for is words, and not a code or a time.
func aboutWords(field string) bool {
	switch field {
	case queryLang, queryYear, queryBefore, queryAfter:
		return false
	}
	return true
}

type leaf struct {
	kind     leafKind
	field    string
	forms    []string // tokens of what was typed
	accents  bool     // of kindPhrase: accents count
	slop     int      // of kindPhrase: how many other words may lie between its words in all
	distance int      // of kindFuzzy
	when     span     // of queryYear, queryBefore, queryAfter: of publication
	said     []saying // of kindSounds: what it stands for, where that is known; longest first
	instead  *leaf    // what was typed, where this is what a name of it is known as, or sounds like
}

// spokenLeaf reports whether a leaf looks at what is said.
func (l *leaf) spokenLeaf() bool { return l.field == "" }

// sequence reports whether Bleve's postings alone cannot tell where a leaf is.
func (l *leaf) sequence() bool { return len(l.forms) > 1 || l.accents || l.kind == kindSounds }

func (l *leaf) String() string {
	s := strings.Join(l.forms, " ")
	if len(l.forms) > 1 || l.kind == kindPhrase && !l.accents {
		s = `"` + s + `"`
	}
	switch l.kind {
	case kindPhrase:
		if l.accents {
			s = mannerExact + ":" + s
		}
		if l.slop > 0 {
			s += "~" + strconv.Itoa(l.slop)
		}
	case kindPrefix:
		s += "*"
	case kindSounds:
		s = mannerSounds + ":" + s
	case kindFuzzy:
		s += "~" + strconv.Itoa(l.distance)
	case kindWord:
	}
	if l.field != "" {
		s = l.field + ":" + s
	}
	return s
}

// String prints the tree in the query language; "" for nil.
func (n *node) String() string {
	if n == nil {
		return ""
	}
	switch n.op {
	case opLeaf:
		return n.leaf.String()
	case opNot:
		return "-" + n.kids[0].inner()
	case opAnd, opOr:
	}
	parts := make([]string, len(n.kids))
	for i, k := range n.kids {
		parts[i] = k.inner()
	}
	if n.op == opOr {
		return strings.Join(parts, " OR ")
	}
	return strings.Join(parts, " ")
}

func (n *node) inner() string {
	if n.op == opAnd || n.op == opOr {
		return "(" + n.String() + ")"
	}
	return n.String()
}

// every reports whether all leaves satisfy f.
func (n *node) every(f func(*leaf) bool) bool {
	if n.op == opLeaf {
		return f(n.leaf)
	}
	for _, k := range n.kids {
		if !k.every(f) {
			return false
		}
	}
	return true
}

// speakersOnly reports whether a subtree is about who speaks and nothing else.
func (n *node) speakersOnly() bool {
	return n.every(func(l *leaf) bool { return l.field == querySpeaker })
}

// asksWords reports whether a subtree has a leaf outside a negation that looks at what is said.
func (n *node) asksWords() bool {
	switch n.op {
	case opNot:
		return false
	case opLeaf:
		return n.leaf.spokenLeaf()
	case opAnd, opOr:
	}
	for _, k := range n.kids {
		if k.asksWords() {
			return true
		}
	}
	return false
}

// join makes an and/or node: nested nodes of the same kind are flattened, repetitions dropped, a single child stands for
// itself, none is nil.
func join(o op, kids []*node) *node {
	var flat []*node
	seen := map[string]bool{}
	add := func(k *node) {
		if s := k.String(); !seen[s] {
			seen[s] = true
			flat = append(flat, k)
		}
	}
	for _, k := range kids {
		switch {
		case k == nil:
		case k.op == o:
			for _, kk := range k.kids {
				add(kk)
			}
		default:
			add(k)
		}
	}
	switch len(flat) {
	case 0:
		return nil
	case 1:
		return flat[0]
	}
	return &node{op: o, kids: flat}
}

func negate(k *node) *node {
	if k == nil {
		return nil
	}
	if k.op == opNot {
		return k.kids[0]
	}
	return &node{op: opNot, kids: []*node{k}}
}
