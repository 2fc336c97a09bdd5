package search

import (
	"fmt"
	"math"

	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"
	"github.com/blevesearch/vellum/levenshtein"
)

// maxDistance is the greatest edit distance of fuzzy words. Two neighbours that are swapped are one edit.
const maxDistance = 2

// slipBuilders make automata that accept what is within an edit distance (1, 2) of a word.
type slipBuilders [maxDistance]*levenshtein.LevenshteinAutomatonBuilder

func newSlipBuilders() (out slipBuilders, err error) {
	for i := range out {
		if out[i], err = levenshtein.NewLevenshteinAutomatonBuilder(uint8(i+1), true); err != nil {
			return out, fmt.Errorf("preparing to look for misspelt words: %w", err)
		}
	}
	return out, nil
}

// term is a term of the dictionary of a field, in one segment.
type term struct {
	field     string
	text      string
	documents uint64 // that have it and count in the view
	distance  uint8  // from what a fuzzy look-up looks for
}

// segments returns the segments of the snapshot.
func (e *evaluation) segments() ([]*scorch.SegmentSnapshot, error) {
	snap, err := snapshotOf(e.r)
	if err != nil {
		return nil, err
	}
	return snap.Segments(), nil
}

// near calls f with the terms of fields that are within an edit distance (1 or 2) of a plain form. It makes one automaton
// for all fields: making one, as Bleve does for each field, takes longer than looking up the words.
func (e *evaluation) near(fields []string, plain string, distance int, f func(term)) error {
	accepts, err := e.an.slips[distance-1].BuildDfa(plain, uint8(distance))
	if err != nil {
		return fmt.Errorf("looking for words near %q: %w", plain, err)
	}
	for _, field := range fields {
		if err := e.terms(field, accepts, nil, math.MaxInt, f); err != nil {
			return err
		}
	}
	return nil
}

// beginning calls f with the terms of fields that begin with a prefix, at most so many of each field and segment.
func (e *evaluation) beginning(fields []string, prefix string, most int, f func(term)) error {
	for _, field := range fields {
		if err := e.terms(field, nil, []byte(prefix), most, f); err != nil {
			return err
		}
	}
	return nil
}

// terms calls f with the terms of a field that an automaton accepts (nil: all) and that begin with a prefix (nil: any),
// segment by segment, so that a term may come several times. The counts that come with Bleve's dictionaries are not used:
// they include deleted documents, are left out by fuzzy look-ups, and are wrong for all terms after one that a single
// document has (PostingsList.read of zapx 17.2.5).
func (e *evaluation) terms(field string, accepts segment.Automaton, prefix []byte, most int, f func(term)) error {
	all, err := e.segments()
	if err != nil {
		return err
	}
	dicts, err := e.dictionaries(field, all)
	if err != nil {
		return err
	}
	for i := range all {
		dict := dicts[i]
		var list segment.PostingsList
		words := dict.AutomatonIterator(accepts, prefix, afterPrefix(prefix))
		for range most {
			d, err := words.Next()
			if err != nil {
				return err
			}
			if d == nil {
				break
			}
			if err := e.step(); err != nil {
				return err
			}
			if list, err = dict.PostingsList([]byte(d.Term), e.v.except[i], list); err != nil {
				return err
			}
			f(term{field, d.Term, list.Count(), d.EditDistance})
		}
	}
	return nil
}

// afterPrefix returns the first bytes after everything that begins with a prefix; nil when there are none.
func afterPrefix(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			out := append([]byte(nil), prefix[:i+1]...)
			out[i]++
			return out
		}
	}
	return nil
}
