package search

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

// maxRead is how many segments are remembered as read before those are forgotten that the newest snapshot has not: far
// more than the snapshots have together that searches use at the same time.
const maxRead = 4096

// soundBook knows the words of an index by how they begin to sound (see soundKeys), and long ones by how they end. It reads the dictionary of each segment
// once: whoever follows the source does after each change, else the first search that needs it. Words that no longer occur
// stay until the index is opened again: they find nothing. Its memory is about 100 bytes a word.
type soundBook struct {
	mu    sync.RWMutex
	read  map[uint64]bool // segments
	known map[string]bool
	byKey map[string][]string
	byEnd map[string][]string
}

// learn reads the words of what was indexed last, so that no search has to.
func (x *Index) learn(ctx context.Context) error {
	return x.ask(ctx, nil, func(e *evaluation) error { return e.sounds.follow(ctx, e.r) })
}

// follow reads the segments of a snapshot that are not read yet.
func (b *soundBook) follow(ctx context.Context, r index.IndexReader) error {
	snap, err := snapshotOf(r)
	if err != nil {
		return err
	}
	if b.upToDate(snap) {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil {
		b.read, b.known, b.byKey, b.byEnd = map[uint64]bool{}, map[string]bool{}, map[string][]string{}, map[string][]string{}
	}
	if len(b.read) > maxRead {
		now := make(map[uint64]bool, len(snap.Segments()))
		for _, s := range snap.Segments() {
			now[s.Id()] = b.read[s.Id()]
		}
		b.read = now
	}
	for _, s := range snap.Segments() {
		if !b.read[s.Id()] {
			if err := b.readSegment(ctx, s); err != nil {
				return fmt.Errorf("reading the words of the index: %w", err)
			}
		}
		b.read[s.Id()] = true
	}
	return nil
}

func (b *soundBook) upToDate(snap *scorch.IndexSnapshot) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, s := range snap.Segments() {
		if !b.read[s.Id()] {
			return false
		}
	}
	return true
}

func (b *soundBook) readSegment(ctx context.Context, s *scorch.SegmentSnapshot) error {
	for _, field := range s.Fields() {
		if !strings.HasPrefix(field, fieldText) && !strings.HasPrefix(field, fieldTitle) && !strings.HasPrefix(field, fieldNotes) {
			continue
		}
		dict, err := s.Segment().Dictionary(field)
		if err != nil {
			return err
		}
		words := dict.AutomatonIterator(nil, nil, nil)
		for n := 0; ; n++ {
			if n%4096 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			entry, err := words.Next()
			if err != nil {
				return err
			}
			if entry == nil {
				break
			}
			b.add(entry.Term)
		}
	}
	return nil
}

func (b *soundBook) add(term string) {
	if b.known[term] || len(term) > maxSoundLetters || len(b.known) == maxSoundBook || !latin(term) {
		return
	}
	term = strings.Clone(term)
	b.known[term] = true
	for _, key := range soundKeys(term) {
		b.byKey[key] = append(b.byKey[key], term)
	}
	for _, key := range endKeys(term) {
		b.byEnd[key] = append(b.byEnd[key], term)
	}
}

// knows reports whether a word is in the index, or was.
func (b *soundBook) knows(word string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.known[word]
}

// words returns the words of which the sound begins like that of another, or, where both are long, ends like it, in no order; some may be
// there twice.
func (b *soundBook) words(plain string) (out []string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, key := range soundKeys(plain) {
		out = append(out, b.byKey[key]...)
	}
	for _, key := range endKeys(plain) {
		out = append(out, b.byEnd[key]...)
	}
	return out
}
