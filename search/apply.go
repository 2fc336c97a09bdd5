package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"

	"github.com/blevesearch/bleve/v2"

	"github.com/earshot/earshot/models"
)

const (
	// groupWords is how many words are indexed in one batch when there is much to catch up with: Bleve makes a segment and
	// waits for the disk for every batch, and merges the segments later. It bounds the memory that a batch takes, too.
	groupWords = 200_000
	// maxOwed is how many episodes an index goes on without. Where the source cannot give more, it is not the episodes.
	maxOwed = 64
)

// unreadError says that an episode cannot be indexed for a reason that lies with it, or with the source.
type unreadError struct {
	id  models.EpisodeID
	err error
}

func (e *unreadError) Error() string {
	return fmt.Sprintf("reading episode %s to index it: %v", e.id, e.err)
}
func (e *unreadError) Unwrap() error { return e.err }

// apply makes the index agree with the store about the episodes of changes, several in a batch, and records the last
// sequence number of each batch as applied. Passages that are the same stay where they are. After an error, the changes before it
// are applied. No two changes are about the same episode.
//
// An episode that cannot be read is an error; with skip, it is remembered as owed, skip is told, and the others go on.
func (s *shard) apply(ctx context.Context, src Source, skip func(error), changes ...models.Change) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.applyLocked(ctx, src, s.storedOf, skip, changes)
}

// renew replaces all that the index has of an episode by what the store has, whatever its side table says of it.
func (s *shard) renew(ctx context.Context, src Source, id models.EpisodeID) error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.applyLocked(ctx, src, s.refsStored, nil, []models.Change{{EpisodeID: id}}) // its number, 0, is not recorded
}

func (s *shard) applyLocked(ctx context.Context, src Source, there lookStored, skip func(error), changes []models.Change) error {
	groups, stop := s.builder.prepare(ctx, src, there, s.generation, changes)
	defer stop()
	for episodes := range groups {
		if err := s.put(skip, episodes); err != nil {
			return err
		}
	}
	return ctx.Err() // where it ends, groups are missing
}

// put puts episodes into the index, in one batch.
func (s *shard) put(skip func(error), episodes []prepared) error {
	g := &group{s: s, batch: s.idx.NewBatch(), tables: map[tableKey][]byte{}, owed: maps.Clone(s.owed)}
	for _, p := range episodes {
		err := p.err
		if err == nil {
			err = g.add(p)
		}
		if unread := (*unreadError)(nil); skip != nil && errors.As(err, &unread) && g.owe(p.change) {
			skip(err)
			err = nil
		}
		if err != nil {
			return errors.Join(err, g.commit())
		}
	}
	return g.commit()
}

// group is a batch in the making: the new state of some episodes. The write lock is held.
type group struct {
	s      *shard
	batch  *bleve.Batch
	tables map[tableKey][]byte // to be written before the batch
	old    []tableKey          // of no use after it
	owed   map[models.EpisodeID]bool
	seq    int64
	docs   int // that are new
}

// add puts the newest state of an episode into the group, or nothing where that is an error.
func (g *group) add(p prepared) error {
	id := p.change.EpisodeID
	batch := g.s.idx.NewBatch()
	for _, same := range p.built.kept {
		delete(p.there.ids, same)
	}
	for ref := range p.there.ids {
		batch.Delete(ref)
	}
	if !p.change.Deleted {
		for _, d := range p.built.docs { // some in the place of what is deleted
			if err := batch.IndexAdvanced(d); err != nil {
				return &unreadError{id, err}
			}
		}
		g.s.generation = p.built.generation
		g.tables[tableKey{id, p.built.generation}] = p.built.table
	}
	g.batch.Merge(batch)
	g.docs += len(p.built.docs)
	g.old = append(g.old, p.there.tables...)
	g.seq = max(g.seq, p.change.Seq)
	delete(g.owed, id)
	return nil
}

// owe remembers that the state of an episode is not the newest, and reports whether the index may go on without.
func (g *group) owe(c models.Change) bool {
	if len(g.owed) >= maxOwed && !g.owed[c.EpisodeID] {
		return false
	}
	if g.owed == nil {
		g.owed = map[models.EpisodeID]bool{}
	}
	g.owed[c.EpisodeID] = true
	g.seq = max(g.seq, c.Seq)
	return true
}

// commit writes the group's tables and runs its batch. After a batch that failed the tables stay: searches may see its
// documents all the same.
func (g *group) commit() error {
	if g.batch.Size() == 0 && g.seq == 0 && maps.Equal(g.owed, g.s.owed) {
		return nil
	}
	if err := g.s.tables.write(g.tables); err != nil {
		return err
	}
	if err := g.s.commit(g.batch, g.seq, g.owed); err != nil {
		return fmt.Errorf("writing to the search index: %w", err)
	}
	g.s.fresh += g.docs
	g.s.tables.remove(g.old)
	return nil
}

// commit runs a batch with what the index has to remember. The write lock is held.
func (s *shard) commit(batch *bleve.Batch, seq int64, owed map[models.EpisodeID]bool) error {
	batch.SetInternal([]byte(keyGeneration), strconv.AppendUint(nil, s.generation, 10))
	if seq > 0 {
		batch.SetInternal([]byte(keyApplied), strconv.AppendInt(nil, seq, 10))
	}
	if !maps.Equal(owed, s.owed) {
		b, err := json.Marshal(slices.Sorted(maps.Keys(owed)))
		if err != nil {
			return err
		}
		batch.SetInternal([]byte(keyOwed), b)
	}
	err := s.guarded(func() error { return s.idx.Batch(batch) })
	s.batches.Add(1) // one that failed may be seen all the same
	if err != nil {
		return err
	}
	s.owed = owed
	if seq > 0 {
		s.applied.Store(seq)
	}
	return nil
}

// guarded runs what reads Bleve's files, which are mapped into memory and trusted: a fault in them is an error and not the
// end of the process, and another index has to be built.
func (s *shard) guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			s.broken.Store(true)
			err = fmt.Errorf("the files of the search index are damaged: %v", r)
		}
	}()
	return do()
}

// owing returns the episodes of which the index has not the newest state, because they could not be read.
func (s *shard) owing() []models.EpisodeID {
	s.write.Lock()
	defer s.write.Unlock()
	return slices.Sorted(maps.Keys(s.owed))
}

// skipTo records that everything up to seq is applied.
func (s *shard) skipTo(seq int64) error {
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.commit(s.idx.NewBatch(), seq, s.owed); err != nil {
		return fmt.Errorf("recording how far the index is: %w", err)
	}
	return nil
}
