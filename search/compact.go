package search

import (
	"context"
	"fmt"
	"os"

	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	segment "github.com/blevesearch/scorch_segment_api/v2"
	"github.com/shirou/gopsutil/v4/disk"
)

const (
	// compactShare is which part of an index, a fourth, has to be new for its segments to be merged into one. Each has a
	// dictionary of its own: one takes a quarter less room than the several that Bleve leaves after a build, and a word of a
	// query is looked up once.
	compactShare = 4
	// compactLeast is how many documents have to be new at the least; 13 hours have a thousand.
	compactLeast = 2000
	// compactRoom is how much room there has to be, in sizes of the index: for a second one, and for what else is going on.
	compactRoom = 2
)

// settle is called when there is nothing left to apply. Where a large part of the index has come since the last time, it
// merges Bleve's segments into one. Searches go on meanwhile. Where ctx ends, or room is scarce, they stay as they are.
func (s *shard) settle(ctx context.Context, least int) error {
	s.write.Lock()
	fresh := s.fresh
	s.fresh = 0
	s.write.Unlock()
	if fresh < least {
		return nil
	}
	docs, err := s.idx.DocCount()
	if err != nil {
		return fmt.Errorf("counting what is indexed: %w", err)
	}
	if uint64(fresh)*compactShare < docs || !s.roomToCompact(ctx) {
		return nil
	}
	bleve, ok := s.adv.(*scorch.Scorch)
	if !ok {
		return fmt.Errorf("merging the segments of the index: unexpected index %T", s.adv)
	}
	one := mergeplan.SingleSegmentMergePlanOptions
	one.SegmentsPerMergeTask = 1 << 10 // all at once, so that each is read and written once
	one.ScoreSegments = func(segments []mergeplan.Segment, _ *mergeplan.MergePlanOptions) float64 {
		return -float64(len(segments))
	}
	if err := bleve.ForceMerge(ctx, &one); err != nil {
		return fmt.Errorf("merging the segments of the index: %w", err)
	}
	return s.skipTo(s.applied.Load()) // Bleve removes what it no longer needs after the next batch
}

// roomToCompact reports whether the disk has room for merging all segments. Bleve would wait for it otherwise.
func (s *shard) roomToCompact(ctx context.Context) bool {
	use, err := disk.UsageWithContext(ctx, s.dir)
	if err != nil {
		return false
	}
	r, err := s.adv.Reader()
	if err != nil {
		return false
	}
	defer r.Close() //nolint:errcheck // reading only
	snap, err := snapshotOf(r)
	if err != nil {
		return false
	}
	size := int64(0)
	for _, seg := range snap.Segments() {
		f, ok := seg.Segment().(segment.PersistedSegment)
		if !ok {
			continue // in memory still
		}
		if info, err := os.Stat(f.Path()); err == nil {
			size += info.Size()
		}
	}
	return use.Free/compactRoom > uint64(size)
}
