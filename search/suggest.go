package search

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/segment"

	"github.com/earshot/earshot/models"
)

// When another spelling is suggested, and which.
const (
	// A query is asked about its spelling when at most so many episodes match it,
	fewEpisodes = 3
	// and a word of it when at most so many passages have it.
	fewPassages = 5
	// A spelling that is suggested for a word that is said has so many times its passages.
	muchMore = 10
	// minSpelled is the least number of letters of a word whose spelling is looked at.
	minSpelled = 4
	// How far a spelling may be: the word itself may be right, although few say it.
	farOfSaid, farOfUnsaid = 1, 2
	// maxNear is how many words are looked at in place of one.
	maxNear = 64
)

// suggestions returns other queries that may have been meant by one that few episodes match: root as it was typed (asked), with its
// answer.
func (e *evaluation) suggestions(root *node, m matched, asked string) (out []models.Suggestion, err error) {
	approximate, total := m.asked != root, len(m.list)
	if approximate {
		total = 0
	}
	if total > fewEpisodes {
		return nil, nil
	}
	add := func(kind models.SuggestionKind, n *node, text string) error {
		if n == nil {
			return nil
		}
		eps, err := e.episodesWith(n)
		if err != nil {
			return err
		}
		if more := eps.count(); more > total {
			out = append(out, models.Suggestion{Kind: kind, Query: text, Total: more})
		}
		return nil
	}
	respelled, text, err := e.respelled(root, asked)
	if err != nil {
		return nil, err
	}
	if err := add(models.SuggestSpelling, respelled, text); err != nil || approximate {
		return out, err
	}
	alike, err := e.sounding(root, false)
	if err != nil {
		return nil, err
	}
	return out, add(models.SuggestSounds, alike, alike.String())
}

// episodesWith returns the episodes that match another query.
func (e *evaluation) episodesWith(root *node) (bitset, error) {
	other := *e
	other.finders, other.byName, other.taken = nil, maps.Clone(e.byName), nil
	defer other.end() // nobody needs its scores
	top, err := other.solve(root, nil, true)
	if err != nil {
		return nil, err
	}
	return top.eps, nil
}

// respelled returns a query in which words that hardly anybody says are replaced by words like them that many say: the
// tree, and how somebody would type it; nil where there is nothing to replace. Of the words that hardly anybody says the
// first [maxSounding] are looked at.
func (e *evaluation) respelled(root *node, asked string) (*node, string, error) {
	instead := map[string]string{} // by form
	rare := 0
	var failed error
	n := root.replace(func(l *leaf) *leaf {
		if failed != nil || l.field != "" && l.field != queryTitle || l.accents || l.kind != kindWord && l.kind != kindPhrase {
			return l
		}
		out := *l
		out.forms = slices.Clone(l.forms)
		for i, form := range l.forms {
			if rare == maxSounding || utf8.RuneCountInString(fold(form)) < minSpelled {
				continue
			}
			own, err := e.passagesWith(l, form)
			if err != nil {
				failed = err
				return l
			}
			if own > fewPassages {
				continue
			}
			rare++
			word, err := e.spelling(l, fold(form), own)
			if err != nil {
				failed = err
				return l
			}
			if word != "" {
				out.forms[i], instead[form] = word, word
			}
		}
		return &out
	})
	if failed != nil || len(instead) == 0 {
		return nil, "", failed
	}
	text := e.an.retyped(asked, instead)
	if again := e.an.parse(text); again == nil || again.String() != n.String() {
		text = n.String()
	}
	return n, text, nil
}

// replace returns a tree with other leaves in place of those outside negations.
func (n *node) replace(f func(*leaf) *leaf) *node {
	switch n.op {
	case opLeaf:
		return &node{op: opLeaf, leaf: f(n.leaf)}
	case opNot:
		return n
	case opAnd, opOr:
	}
	kids := make([]*node, len(n.kids))
	for i, k := range n.kids {
		kids[i] = k.replace(f)
	}
	return join(n.op, kids)
}

// spelling returns the word that may have been meant by a plain form of a leaf that is in so many passages: the nearest
// one, and among these the most frequent; "" where nothing near is said more.
func (e *evaluation) spelling(l *leaf, plain string, own uint64) (string, error) {
	near, err := e.neighbours(l.field, plain)
	if err != nil {
		return "", err
	}
	best, bestFar, most := "", farOfUnsaid, max(1, muchMore*own)
	if own > 0 {
		bestFar = farOfSaid
	}
	for _, w := range near {
		if w.far > bestFar {
			break
		}
		n, err := e.passagesWith(&leaf{kind: kindPhrase, field: l.field}, w.plain)
		if err != nil {
			return "", err
		}
		if n >= most {
			best, bestFar, most = w.plain, w.far, n+1
		}
	}
	return best, nil
}

// neighbour is a word of the index that is near to another one.
type neighbour struct {
	plain string
	far   int // edit distance, and 1 where it begins with another letter: people are mostly right about that
}

// neighbours returns the words of what a query's field looks at that are near to a plain form, the nearest ones first.
func (e *evaluation) neighbours(field, plain string) ([]neighbour, error) {
	words, err := e.wordsNear(field, plain, distanceOf("~", plain))
	if err != nil {
		return nil, err
	}
	delete(words, plain)
	out := make([]neighbour, 0, len(words))
	for w, x := range words {
		far := int(x.distance)
		if w[0] != plain[0] {
			far++
		}
		out = append(out, neighbour{w, far})
	}
	slices.SortFunc(out, func(a, b neighbour) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.plain, b.plain)) })
	return out[:min(len(out), maxNear)], nil
}

// passagesWith returns in how many passages, titles and notes a form of a leaf is, or somewhat fewer where it is there in
// several variants.
func (e *evaluation) passagesWith(l *leaf, form string) (n uint64, err error) {
	for _, field := range textFields(l.field) {
		for _, lang := range e.fields[field.name] {
			terms := []string{fold(form)}
			if l.kind == kindWord {
				terms = e.an.wordTerms(lang, form)
			}
			most := uint64(0)
			for _, term := range terms {
				documents, err := e.documentCount(field.name+lang, term)
				if err != nil {
					return 0, err
				}
				most = max(most, documents)
			}
			n += most
		}
	}
	return n, nil
}

// retyped replaces words of a text and leaves everything between them as it is.
func (a *analyzer) retyped(text string, instead map[string]string) string {
	var b strings.Builder
	for seg := segment.NewWordSegmenterDirect([]byte(text)); seg.Segment(); {
		part := string(seg.Bytes())
		if forms := a.tokens(part); len(forms) == 1 && instead[forms[0]] != "" {
			part = instead[forms[0]]
		}
		b.WriteString(part)
	}
	return b.String()
}
