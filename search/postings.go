package search

import (
	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// postings calls f with every document that has a term: its number, how often the term is in the field, and the field's
// length in terms. Most segments have not most terms in most languages: finding that out costs one look into a dictionary.
func (e *evaluation) postings(field, term string, f func(doc uint32, freq, length float64)) error {
	return e.lists(field, term, func(from uint32, list segment.PostingsList) error {
		for postings := list.Iterator(true, true, false, nil); ; {
			p, err := postings.Next()
			if err != nil || p == nil {
				return err
			}
			if err := e.step(); err != nil {
				return err
			}
			length := 1.0
			if norm := p.Norm(); norm > 0 {
				length = lengthUnit / (norm * norm)
			}
			f(from+uint32(p.Number()), float64(p.Frequency()), length)
		}
	})
}

// documents adds the documents that have a term to a set. It takes whole postings lists where Bleve has them as bitmaps, which
// is many times faster than one by one.
func (e *evaluation) documents(field, term string, docs bitset) error {
	return e.lists(field, term, func(from uint32, list segment.PostingsList) error {
		postings := list.Iterator(false, false, false, nil)
		if b, ok := postings.(segment.OptimizablePostingsIterator); ok && b.ActualBitmap() != nil {
			docs.addBitmap(from, b.ActualBitmap())
			return nil
		}
		for {
			p, err := postings.Next()
			if err != nil || p == nil {
				return err
			}
			docs.add(from + uint32(p.Number()))
		}
	})
}

// documentCount returns how many documents have a term.
func (e *evaluation) documentCount(field, term string) (n uint64, err error) {
	err = e.lists(field, term, func(_ uint32, list segment.PostingsList) error {
		n += list.Count()
		return nil
	})
	return n, err
}

// lists calls f with the postings lists of a term, without the documents that do not count in the view, and the first document of the
// segment of each.
func (e *evaluation) lists(field, term string, f func(from uint32, list segment.PostingsList) error) error {
	all, err := e.segments()
	if err != nil {
		return err
	}
	dicts, err := e.dictionaries(field, all)
	if err != nil {
		return err
	}
	if err := e.ctx.Err(); err != nil {
		return err
	}
	from := uint32(0)
	for i, s := range all {
		list, err := dicts[i].PostingsList([]byte(term), e.v.except[i], nil)
		if err != nil {
			return err
		}
		if list.Count() > 0 {
			if err := f(from, list); err != nil {
				return err
			}
		}
		from += uint32(s.FullSize())
	}
	return nil
}

// dictionaries returns the dictionaries of a field in the segments of the snapshot.
func (e *evaluation) dictionaries(field string, all []*scorch.SegmentSnapshot) ([]segment.TermDictionary, error) {
	if known, ok := e.dicts[field]; ok {
		return known, nil
	}
	out := make([]segment.TermDictionary, len(all))
	for i, s := range all {
		var err error
		if out[i], err = s.Segment().Dictionary(field); err != nil {
			return nil, err
		}
	}
	e.dicts[field] = out
	return out, nil
}
