package search

import (
	"fmt"

	"github.com/blevesearch/bleve/v2/index/scorch"
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

// fuzzyWords adds the words of some fields that are within an edit distance of a plain form, with how many documents have
// them, some of which may be deleted. It makes one automaton for all fields and segments: making one, as Bleve does for
// each field, takes longer than looking up the words.
func (e *evaluation) fuzzyWords(fields []string, plain string, distance int, add func(word string, x expansion)) error {
	accepts, err := e.an.slips[distance-1].BuildDfa(plain, uint8(distance))
	if err != nil {
		return fmt.Errorf("looking for words near %q: %w", plain, err)
	}
	snap, ok := e.r.(*scorch.IndexSnapshot)
	if !ok {
		return fmt.Errorf("reading the index: unexpected snapshot %T", e.r)
	}
	for _, s := range snap.Segments() {
		for _, field := range fields {
			dict, err := s.Segment().Dictionary(field)
			if err != nil {
				return err
			}
			words := dict.AutomatonIterator(accepts, nil, nil)
			for {
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
				add(d.Term, expansion{d.Count, d.EditDistance})
			}
		}
	}
	return nil
}
