package search

import (
	"context"
	"fmt"
	"hash/maphash"

	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// fingerprints sums up what documents hold: every term of every field with how often it is there, and every doc value. A
// document's fingerprint is a sum, so that it can be taken from a document as it goes into the index and from an index,
// which holds documents turned inside out, in one pass over its terms. Fingerprints compare only with those of the same
// seed.
type fingerprints struct{ seed maphash.Seed }

func newFingerprints() fingerprints { return fingerprints{maphash.MakeSeed()} }

// idField is Bleve's own: the documents' ids, of which it also keeps a copy for each document.
const idField = "_id"

// term is the contribution of a term that is so often in a field.
func (f fingerprints) term(field, term string, often uint64) uint64 {
	return mixed(maphash.String(f.seed, field+"\x00"+term) + often*0x9e3779b97f4a7c15)
}

// value is the contribution of a doc value.
func (f fingerprints) value(field, value string) uint64 {
	return mixed(maphash.String(f.seed, "value\x00"+field+"\x00"+value))
}

// mixed spreads what is similar over all bits: the finaliser of MurmurHash3.
func mixed(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// of returns the fingerprint of a document that is about to be indexed.
func (f fingerprints) of(d *document.Document) (sum uint64) {
	type place struct{ field, term string }
	often, values := map[place]uint64{}, map[place]bool{}
	for _, field := range d.Fields {
		field.Analyze()
		for term, freq := range field.AnalyzedTokenFrequencies() {
			p := place{field.Name(), term}
			often[p] += uint64(freq.Frequency()) // 0 in fields that do not count, here and in the index
			if field.Options().IncludeDocValues() {
				values[p] = true
			}
		}
	}
	sum = f.term(idField, d.ID(), 1) // Bleve adds this field
	for p, n := range often {
		sum += f.term(p.field, p.term, n)
	}
	for p := range values {
		sum += f.value(p.field, p.term)
	}
	return sum
}

// indexed returns the fingerprints of all documents of a snapshot by document number; those of deleted ones mean nothing.
func (f fingerprints) indexed(ctx context.Context, snap *scorch.IndexSnapshot, docs int) ([]uint64, error) {
	out := make([]uint64, docs)
	from := 0
	for _, s := range snap.Segments() {
		to := from + int(s.FullSize())
		if to > docs {
			return nil, fmt.Errorf("a segment has more documents than the index: %d", to-from)
		}
		sums := out[from:to]
		for _, field := range s.Segment().Fields() {
			if err := f.addTerms(ctx, s, field, sums); err != nil {
				return nil, fmt.Errorf("field %s: %w", field, err)
			}
		}
		if err := f.addValues(ctx, s, sums); err != nil {
			return nil, fmt.Errorf("doc values: %w", err)
		}
		from = to
	}
	return out, nil
}

func (f fingerprints) addTerms(ctx context.Context, s *scorch.SegmentSnapshot, field string, sums []uint64) error {
	dict, err := s.Segment().Dictionary(field)
	if err != nil {
		return err
	}
	var list segment.PostingsList
	var postings segment.PostingsIterator
	for terms := dict.AutomatonIterator(nil, nil, nil); ; {
		entry, err := terms.Next()
		if err != nil || entry == nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if list, err = dict.PostingsList([]byte(entry.Term), s.Deleted(), list); err != nil {
			return err
		}
		postings = list.Iterator(true, false, false, postings)
		for {
			p, err := postings.Next()
			if err != nil {
				return err
			}
			if p == nil {
				break
			}
			if p.Number() >= uint64(len(sums)) {
				return fmt.Errorf("the term %q has a document %d of %d", entry.Term, p.Number(), len(sums))
			}
			sums[p.Number()] += f.term(field, entry.Term, p.Frequency())
		}
	}
}

func (f fingerprints) addValues(ctx context.Context, s *scorch.SegmentSnapshot, sums []uint64) error {
	seg, ok := s.Segment().(segment.DocValueVisitable)
	if !ok {
		return fmt.Errorf("unexpected segment %T", s.Segment())
	}
	fields, err := seg.VisitableDocValueFields()
	if err != nil {
		return err
	}
	var state segment.DocVisitState
	for i := range sums {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var visit index.DocValueVisitor = func(field string, term []byte) {
			sums[i] += f.value(field, string(term))
		}
		if state, err = seg.VisitDocValues(uint64(i), fields, visit, state); err != nil {
			return err
		}
	}
	return nil
}
