package search

import (
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
)

// What is looked for beside what was typed, where it is a name.
//
// A name that people gave other spellings is looked for in all of them. A name that is known, by people or by how it is written in
// what is said, is looked for by its sound as well, so that mentions are found before anyone has corrected them: episodes that
// have only these come last, and what is an ordinary word by itself is not taken for the name (likely.go).

// widening puts other spellings beside the words and phrases of a query.
type widening struct {
	e      *evaluation
	sounds bool // what sounds like a name, too
	alike  int  // names that are looked for by their sound
	ways   int  // other spellings
	err    error
}

// widen returns a query that also finds the other spellings of the names in another one, or, with sounds, these and what sounds like
// the names; nil where there is nothing of the kind.
func (e *evaluation) widen(root *node, sounds bool) (*node, error) {
	if e.known == nil {
		return nil, nil
	}
	w := widening{e: e, sounds: sounds}
	out := w.node(root)
	if w.err != nil || sounds && w.alike == 0 || !sounds && w.ways == 0 {
		return nil, w.err
	}
	return out, nil
}

// alsoFound tells what the names of a query were found as, beside what was typed: what sounds like one, where nothing else of it is said
// in the same passage.
func alsoFound(top *truth) (out []models.AlsoFound) {
	var walk func(t *truth, said bitset)
	walk = func(t *truth, said bitset) {
		if t.node.op == opOr {
			said = t.saidOtherwise()
		}
		for _, k := range t.kids {
			walk(k, said)
		}
		l := t.node.leaf
		if l == nil || l.instead == nil || t.docs.count() == 0 || l.kind == kindSounds && !t.docs.beyond(said) {
			return
		}
		typed := strings.Join(l.instead.forms, " ")
		i := slices.IndexFunc(out, func(a models.AlsoFound) bool { return a.Typed == typed })
		if i < 0 {
			i = len(out)
			out = append(out, models.AlsoFound{Typed: typed})
		}
		if text := strings.Join(l.forms, " "); l.kind == kindSounds {
			out[i].Sounds = true
		} else if !slices.Contains(out[i].As, text) {
			out[i].As = append(out[i].As, text)
		}
	}
	walk(top, nil)
	return out
}

// saidOtherwise returns the documents in which the ways of an "or" are said that are not sounds.
func (t *truth) saidOtherwise() bitset {
	out := make(bitset, len(t.docs))
	for _, k := range t.kids {
		if l := k.node.leaf; l == nil || l.kind != kindSounds {
			out.or(k.docs)
		}
	}
	return out
}

func (w *widening) node(n *node) *node {
	switch n.op {
	case opNot:
		return n
	case opLeaf:
		if !w.mayBeName(n.leaf) {
			return n
		}
		return w.beside(n, n.leaf)
	case opAnd, opOr:
	}
	kids := make([]*node, len(n.kids))
	for i, k := range n.kids {
		kids[i] = w.node(k)
	}
	if n.op == opAnd {
		kids = w.runs(n.kids, kids)
	}
	return join(n.op, kids)
}

// mayBeName reports whether a leaf asks for words that may be written otherwise.
func (w *widening) mayBeName(l *leaf) bool {
	return (l.field == "" || l.field == queryTitle) && (l.kind == kindWord || l.kind == kindPhrase && !l.accents && l.slop == 0)
}

// runs looks for names of several words among words that were typed one after the other, the longest first.
func (w *widening) runs(typed, kids []*node) (out []*node) {
	for i := 0; i < len(typed); {
		n := 0
		for n < w.e.known.longest && i+n < len(typed) && oneWord(typed[i+n]) {
			n++
		}
		for ; n > 1; n-- {
			l := &leaf{kind: kindPhrase}
			for _, k := range typed[i : i+n] {
				l.forms = append(l.forms, k.leaf.forms[0])
			}
			if _, is := w.e.known.names[strings.Join(foldAll(l.forms), " ")]; is {
				out = append(out, w.beside(join(opAnd, kids[i:i+n]), l))
				break
			}
		}
		if n < 2 {
			out = append(out, kids[i])
			n = 1
		}
		i += n
	}
	return out
}

// beside returns a node with what its words, given as a leaf, are also said as.
func (w *widening) beside(n *node, typed *leaf) *node {
	ways := []*node{n}
	for _, o := range w.e.known.others[strings.Join(foldAll(typed.forms), " ")] {
		if o.until > 0 && w.e.applied >= o.until || w.ways == maxWidened {
			continue
		}
		w.ways++
		way := &node{op: opLeaf, leaf: &leaf{kind: kindPhrase, field: typed.field, forms: o.forms, instead: typed}}
		if o.show != "" {
			way = join(opAnd, []*node{way, inShow(o.show)})
		}
		ways = append(ways, way)
	}
	if w.sounds && w.isName(typed) {
		ways = append(ways, &node{op: opLeaf, leaf: &leaf{kind: kindSounds, forms: typed.forms, instead: typed}})
		w.alike++
	}
	return join(opOr, ways)
}

// isName reports whether what was typed is known as a name that may be looked for by its sound.
func (w *widening) isName(l *leaf) bool {
	if w.err != nil || l.field != "" || len(l.forms) > maxJoined || w.alike == maxSounding {
		return false
	}
	if is, said := w.e.known.names[strings.Join(foldAll(l.forms), " ")]; said {
		return is
	}
	if len(l.forms) > 1 {
		return false
	}
	is, err := w.e.nameByUse(l)
	w.err = err
	return is && err == nil
}
