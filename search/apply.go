package search

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/blevesearch/bleve/v2"

	"github.com/earshot/earshot/models"
)

// groupWords is how many words are indexed in one batch when there is much to catch up with: Bleve makes a segment and
// waits for the disk for every batch, and merges the segments later. It bounds the memory that a batch takes, too.
const groupWords = 100_000

// apply makes the index agree with the store about the episodes of changes, several in a batch, and records the last
// sequence number of each batch as applied. A number of 0 is not recorded. After an error, the changes before it are applied.
func (s *shard) apply(ctx context.Context, src Source, changes ...models.Change) error {
	s.write.Lock()
	defer s.write.Unlock()
	g := s.newGroup()
	for _, c := range changes {
		err := ctx.Err()
		if err == nil {
			err = g.add(ctx, src, c)
		}
		if err != nil {
			return errors.Join(err, g.commit())
		}
		if g.words >= groupWords {
			if err := g.commit(); err != nil {
				return err
			}
			g = s.newGroup()
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
	seq    int64
	words  int
}

func (s *shard) newGroup() *group {
	return &group{s: s, batch: s.idx.NewBatch(), tables: map[tableKey][]byte{}}
}

// add puts the newest state of an episode into the group.
func (g *group) add(ctx context.Context, src Source, c models.Change) error {
	id := c.EpisodeID
	var doc models.Document
	if !c.Deleted {
		var err error
		if doc, err = src.Document(ctx, id); errors.Is(err, models.ErrNotFound) {
			c.Deleted = true
		} else if err != nil {
			return fmt.Errorf("reading episode %s to index it: %w", id, err)
		}
	}
	oldIDs, oldTables, err := g.s.documentsOf(ctx, id)
	if err != nil {
		return err
	}
	if !c.Deleted {
		doc.Episode.ID = id
		b, err := g.s.an.build(doc, g.s.generation+1)
		if err != nil {
			return fmt.Errorf("indexing episode %s: %w", id, err)
		}
		g.s.generation++
		g.tables[tableKey{id, g.s.generation}] = b.table
		g.words += b.words
		for _, d := range b.docs {
			delete(oldIDs, d.ID())
			if err := g.batch.IndexAdvanced(d); err != nil {
				return fmt.Errorf("indexing episode %s: %w", id, err)
			}
		}
	}
	for old := range oldIDs {
		g.batch.Delete(old)
	}
	g.old = append(g.old, oldTables...)
	g.seq = max(g.seq, c.Seq)
	return nil
}

// commit writes the group's tables and runs its batch. After a batch that failed the tables stay: searches may see its
// documents all the same.
func (g *group) commit() error {
	if g.batch.Size() == 0 && g.seq == 0 {
		return nil
	}
	if err := g.s.tables.write(g.tables); err != nil {
		return err
	}
	if err := g.s.commit(g.batch, g.seq); err != nil {
		return fmt.Errorf("writing to the search index: %w", err)
	}
	g.s.tables.remove(g.old)
	return nil
}

// commit runs a batch with what the index has to remember. The write lock is held.
func (s *shard) commit(batch *bleve.Batch, seq int64) error {
	batch.SetInternal([]byte(keyGeneration), strconv.AppendUint(nil, s.generation, 10))
	if seq > 0 {
		batch.SetInternal([]byte(keyApplied), strconv.AppendInt(nil, seq, 10))
	}
	if err := s.idx.Batch(batch); err != nil {
		return err
	}
	if seq > 0 {
		s.applied.Store(seq)
	}
	return nil
}

// skipTo records that everything up to seq is applied.
func (s *shard) skipTo(seq int64) error {
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.commit(s.idx.NewBatch(), seq); err != nil {
		return fmt.Errorf("recording how far the index is: %w", err)
	}
	return nil
}
