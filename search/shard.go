package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/earshot/earshot/models"
)

const (
	bleveDir = "bleve"
	sideDir  = "side"
	// boltTimeout is how long Bleve waits for its own lock. Ours is held before, so that it never has to.
	boltTimeout = "1s"
)

// The keys of what an index remembers about itself, written in the same batch as what they are about.
const (
	keyApplied    = "earshot-applied"    // last applied sequence number
	keyGeneration = "earshot-generation" // last generation given to a side table
	keyOwed       = "earshot-owed"       // JSON: ids of the episodes that could not be read when their change was applied
)

// shard is one index directory: a Bleve index with its side tables.
type shard struct {
	dir    string
	an     *analyzer
	idx    bleve.Index
	adv    index.Index
	gate   *gate
	tables *tables
	views  views
	sounds soundBook
	spare  sync.Pool // of *[]float64: see [evaluation.numbers]

	running atomic.Int32 // searches: see [evaluation.split]

	write      sync.Mutex                // held by whoever changes the index
	builder    *builder                  // under write
	generation uint64                    // under write
	owed       map[models.EpisodeID]bool // see [keyOwed]; under write
	fresh      int                       // documents written since [shard.settle]; under write
	applied    atomic.Int64
	batches    atomic.Int64 // that were run, since it was opened: see [Index.State]
	broken     atomic.Bool  // its files turned out to be damaged: another index has to be built

	refs    int  // searches and the index itself; under Index.mu
	retired bool // removed from disk when refs reaches 0; under Index.mu
}

// openShard opens an index directory, or makes it when it is not there, and sets right what a crash left. The episodes
// whose side table is missing are returned.
func openShard(ctx context.Context, dir string, an *analyzer, maxTables int) (s *shard, missing []tableKey, err error) {
	defer func() {
		if r := recover(); r != nil { // Bleve trusts its files
			s, err = nil, fmt.Errorf("opening index %s: %v", filepath.Base(dir), r)
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if err := os.MkdirAll(filepath.Join(dir, sideDir), 0o700); err != nil {
		return nil, nil, fmt.Errorf("making index folder: %w", err)
	}
	s = &shard{dir: dir, an: an, gate: newGate(), builder: newBuilder(an)}
	s.tables = newTables(filepath.Join(dir, sideDir), maxTables, s.gate)
	path, config := filepath.Join(dir, bleveDir), map[string]any{"bolt_timeout": boltTimeout, "asyncErrorCallbackName": patienceName}
	if _, e := os.Stat(path); errors.Is(e, os.ErrNotExist) {
		mapping := bleve.NewIndexMapping()
		mapping.ScoringModel = index.BM25Scoring
		s.idx, err = bleve.NewUsing(path, mapping, scorch.Name, scorch.Name, config)
	} else {
		s.idx, err = bleve.OpenUsing(path, config)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening index %s: %w", filepath.Base(dir), err)
	}
	if missing, err = s.load(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("opening index %s: %w", filepath.Base(dir), err), s.idx.Close())
	}
	return s, missing, nil
}

func (s *shard) load(ctx context.Context) (missing []tableKey, err error) {
	if s.adv, err = s.idx.Advanced(); err != nil {
		return nil, err
	}
	r, err := s.adv.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // reading only
	for key, set := range map[string]func(int64){
		keyApplied:    s.applied.Store,
		keyGeneration: func(v int64) { s.generation = uint64(v) },
	} {
		b, err := r.GetInternal([]byte(key))
		if err != nil {
			return nil, err
		}
		if b == nil {
			continue
		}
		n, err := strconv.ParseInt(string(b), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		set(n)
	}
	if err := s.loadOwed(r); err != nil {
		return nil, err
	}
	v, err := s.views.of(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	wanted := make(map[tableKey]bool, len(v.keys))
	for _, k := range v.keys {
		wanted[k] = true
		s.generation = max(s.generation, k.generation)
	}
	return s.tables.keep(wanted)
}

func (s *shard) loadOwed(r index.IndexReader) error {
	b, err := r.GetInternal([]byte(keyOwed))
	if err != nil || b == nil {
		return err
	}
	var ids []models.EpisodeID
	if err := json.Unmarshal(b, &ids); err != nil {
		return fmt.Errorf("%s: %w", keyOwed, err)
	}
	s.owed = make(map[models.EpisodeID]bool, len(ids))
	for _, id := range ids {
		s.owed[id] = true
	}
	return nil
}

// stored is what the index has of an episode.
type stored struct {
	ids    map[string]bool       // of its documents
	tables []tableKey            // that its heads name: one
	sums   map[string]passageSum // of its passages, by the ids of their documents; nil where no table tells
}

// storedOf finds what there is of an episode.
func (s *shard) storedOf(ctx context.Context, id models.EpisodeID) (stored, error) {
	out, err := s.refsStored(ctx, id)
	if err == nil && len(out.tables) == 1 {
		out.sums = s.sumsOf(out.tables[0], out.ids)
	}
	return out, err
}

// refsStored is storedOf without the sums.
func (s *shard) refsStored(ctx context.Context, id models.EpisodeID) (out stored, err error) {
	err = s.guarded(func() (err error) {
		out.ids, err = s.documentsOf(ctx, id)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("finding what is indexed of episode %s: %w", id, err)
	}
	for ref := range out.ids {
		if r, err := parseDocRef(ref); err == nil && r.passage < 0 {
			out.tables = append(out.tables, tableKey{id, r.generation})
		}
	}
	return out, nil
}

// sumsOf returns the sums of the passages that are there. They are not known where the table is damaged, or cannot be read: it is about to
// be replaced.
func (s *shard) sumsOf(key tableKey, there map[string]bool) (out map[string]passageSum) {
	defer s.gate.enter()()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			out = nil
		}
	}()
	t, err := s.tables.get(key)
	if err != nil {
		return nil
	}
	out = make(map[string]passageSum, t.passages.n/3)
	for i := range t.passages.n / 3 {
		if id := (docRef{episode: key.episode, passage: i}).String(); there[id] {
			out[id] = t.sum(i)
		}
	}
	return out
}

// documentsOf returns the ids of an episode's documents.
func (s *shard) documentsOf(ctx context.Context, id models.EpisodeID) (map[string]bool, error) {
	r, err := s.adv.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // reading only
	snap, err := snapshotOf(r)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	refs := []byte(refsOf(id))
	for _, seg := range snap.Segments() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		dict, err := seg.Segment().Dictionary(idField)
		if err != nil {
			return nil, err
		}
		var list segment.PostingsList
		for names := dict.AutomatonIterator(nil, refs, afterPrefix(refs)); ; {
			d, err := names.Next()
			if err != nil {
				return nil, err
			}
			if d == nil {
				break
			}
			if list, err = dict.PostingsList([]byte(d.Term), seg.Deleted(), list); err != nil {
				return nil, err
			}
			if list.Count() > 0 {
				ids[d.Term] = true
			}
		}
	}
	return ids, nil
}

// close ends a shard that no search uses.
func (s *shard) close() error {
	s.write.Lock()
	defer s.write.Unlock()
	s.tables.closeAll()
	if err := s.idx.Close(); err != nil {
		return fmt.Errorf("closing index %s: %w", filepath.Base(s.dir), err)
	}
	return nil
}
