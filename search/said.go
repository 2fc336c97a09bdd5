package search

import (
	"context"
	"fmt"
	"strings"

	"github.com/earshot/earshot/models"
)

// ordinaryLeast is from how many episodes on a word that is written in lower case counts as frequent.
const ordinaryLeast = 10

// Saying finds all episodes in which one of some phrases is said, and counts the places. Each letter counts, but not case and
// accents: what a rule would change is known to the transcripts alone, and is in no other episode of those that the index knows.
func (x *Index) Saying(ctx context.Context, q models.Saying) (models.Said, error) {
	var out models.Said
	err := x.ask(ctx, q.Hidden, func(e *evaluation) (err error) {
		out, err = e.saying(q)
		return err
	})
	if err != nil {
		return models.Said{}, fmt.Errorf("looking for what is said: %w", err)
	}
	return out, nil
}

// Ruled returns the episodes in which a rule changed words, as far as the index has followed.
func (x *Index) Ruled(ctx context.Context, rule int64) (models.Reach, error) {
	var out models.Reach
	err := x.ask(ctx, nil, func(e *evaluation) error {
		out = models.Reach{Seq: e.applied}
		heads := newBitset(e.v.docs)
		err := e.documents(fieldRule, ruleTerm(rule), heads)
		e.episodesOf(heads).each(func(ep uint32) { out.Episodes = append(out.Episodes, e.v.keys[ep].episode) })
		return err
	})
	if err != nil {
		return models.Reach{}, fmt.Errorf("looking for what rule %d changed: %w", rule, err)
	}
	return out, nil
}

func (e *evaluation) saying(q models.Saying) (models.Said, error) {
	out := models.Said{Applied: e.applied}
	var all []*node
	for _, phrase := range q.Phrases {
		way, err := e.spokenAs(phrase, q.WithinWords)
		if err != nil {
			return out, err
		}
		spoken, err := e.spoken(phrase, way, q.ShowID)
		if err != nil {
			return out, err
		}
		out.Phrases = append(out.Phrases, spoken)
		all = append(all, way)
	}
	found, err := e.places(join(opOr, all), q.ShowID)
	out.Episodes = found
	return out, err
}

// spokenAs asks for the words of a phrase, without and with a possessive; within words also for what has them as a part. It is nil
// where there is no word in it.
func (e *evaluation) spokenAs(phrase string, within bool) (*node, error) {
	l := &leaf{kind: kindSounds, forms: e.an.tokens(phrase)}
	if len(l.forms) == 0 {
		return nil, nil
	}
	said := make(saying, len(l.forms))
	for i, form := range l.forms {
		said[i] = []string{fold(form)}
	}
	last := len(said) - 1
	said[last] = append(said[last], said[last][0]+"'s")
	if within && last == 0 {
		words, err := e.wordsWith(said[0][0])
		if err != nil {
			return nil, err
		}
		said[0] = append(said[0], words...)
	}
	l.said = []saying{said}
	return &node{op: opLeaf, leaf: l}, nil
}

// wordsWith returns the words that are said and have another one as a part.
func (e *evaluation) wordsWith(part string) (out []string, err error) {
	all, err := e.segments()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, lang := range e.fields[fieldText] {
		dicts, err := e.dictionaries(fieldText+lang, all)
		if err != nil {
			return nil, err
		}
		for _, dict := range dicts {
			for words := dict.AutomatonIterator(nil, nil, nil); ; {
				d, err := words.Next()
				if err != nil {
					return nil, err
				}
				if d == nil {
					break
				}
				if err := e.step(); err != nil {
					return nil, err
				}
				if w := d.Term; strings.Contains(w, part) && !strings.HasPrefix(w, stemMark) && !seen[w] {
					w = strings.Clone(w)
					seen[w] = true
					out = append(out, w)
				}
			}
		}
	}
	return out, nil
}

// spoken counts how often a phrase is said.
func (e *evaluation) spoken(phrase string, way *node, show models.ShowID) (models.Spoken, error) {
	out := models.Spoken{Text: phrase}
	found, err := e.places(way, show)
	if err != nil {
		return out, err
	}
	for _, in := range found {
		out.Places += in.Places
	}
	out.Episodes = len(found)
	if forms := e.an.plain(phrase); len(forms) == 1 && out.Episodes >= ordinaryLeast {
		u, err := e.useOf(forms[0])
		if err != nil {
			return out, err
		}
		out.Ordinary = !u.asName()
	}
	return out, nil
}

// places counts in which episodes it is said what a query asks for, and how often.
func (e *evaluation) places(root *node, show models.ShowID) ([]models.SaidIn, error) {
	if root == nil {
		return nil, nil
	}
	if show != "" {
		root = join(opAnd, []*node{root, inShow(show)})
	}
	top, list, err := e.matchingExactly(root, models.Query{})
	if err != nil {
		return nil, err
	}
	e.order(list, models.SortNewest)
	counts := make([]int, len(list))
	if err := e.split(len(list), func(e *evaluation, i int) error {
		t, err := e.table(list[i].episode)
		if err != nil {
			return err
		}
		found, err := e.occurrences(top, list[i].episode, t)
		counts[i] = len(found)
		return err
	}); err != nil {
		return nil, err
	}
	var out []models.SaidIn
	for i, n := range counts {
		if n > 0 { // not only in the title or the notes
			out = append(out, models.SaidIn{EpisodeID: e.v.keys[list[i].episode].episode, Places: n})
		}
	}
	return out, nil
}

// inShow asks for the episodes of a show.
func inShow(id models.ShowID) *node {
	return &node{op: opLeaf, leaf: &leaf{kind: kindWord, field: queryShow, forms: []string{string(id)}}}
}
