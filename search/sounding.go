package search

import "slices"

// What is asked instead of a query that matches nothing: the same, with what sounds like its words.

// sounding returns a query with sounds: in place of the words and short phrases outside negations of which lost is true.
// Two words that follow each other, of which one at least is lost, may also be one name: where oneName is true of them,
// "micro solidarity" also becomes sounds:"micro solidarity". It is nil when no word is replaced, or too many are.
func (a *analyzer) sounding(root *node, lost func(*leaf) bool, oneName func(*leaf) bool) *node {
	r := resounder{lost: lost, oneName: oneName}
	out := r.resound(root)
	if r.replaced == 0 || r.replaced > maxSounding {
		return nil
	}
	if text := out.String(); a.parse(text).String() != text {
		return nil // longer than a query may be
	}
	return out
}

type resounder struct {
	lost, oneName func(*leaf) bool
	replaced      int
}

// nameable reports whether a leaf may be a name that was heard as something else.
func nameable(l *leaf) bool {
	return l.field == "" && (l.kind == kindWord || l.kind == kindPhrase && !l.accents && l.slop == 0 && len(l.forms) < maxJoined)
}

func (r *resounder) resound(n *node) *node {
	switch n.op {
	case opNot:
		return n
	case opLeaf:
		if r.replaced > maxSounding || !nameable(n.leaf) || !r.lost(n.leaf) {
			return n
		}
		r.replaced++
		return soundsLike(n.leaf.forms...)
	case opAnd, opOr:
	}
	kids := make([]*node, len(n.kids))
	for i, k := range n.kids {
		kids[i] = r.resound(k)
	}
	ways := []*node{join(n.op, kids)}
	for i := 1; i < len(kids) && n.op == opAnd && r.replaced <= maxSounding; i++ {
		a, b := n.kids[i-1], n.kids[i]
		if kids[i-1] == a && kids[i] == b || !oneWord(a) || !oneWord(b) {
			continue
		}
		if both := soundsLike(a.leaf.forms[0], b.leaf.forms[0]); r.oneName(both.leaf) {
			rest := append(slices.Clone(kids[:i-1]), both)
			ways = append(ways, join(opAnd, append(rest, kids[i+1:]...)))
		}
	}
	return join(opOr, ways)
}

func oneWord(n *node) bool { return n.op == opLeaf && n.leaf.kind == kindWord && nameable(n.leaf) }

func soundsLike(forms ...string) *node {
	return &node{op: opLeaf, leaf: &leaf{kind: kindSounds, forms: forms}}
}
