package search

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"github.com/blevesearch/bleve/v2/index/scorch"
	mmap "github.com/blevesearch/mmap-go"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/earshot/earshot/models"
)

// inspectAtOnce is how many of the source's changes are read at a time.
const inspectAtOnce = 500

// inspection compares one snapshot of an index with the source. Nothing is taken on trust: every document and every side
// table is made again from the source, and compared with what is there.
type inspection struct {
	s       *shard
	src     Source
	b       *builder
	snap    *scorch.IndexSnapshot
	v       *view
	applied int64 // last change that the snapshot has

	prints  fingerprints
	sums    []uint64                    // fingerprints by document number
	numbers map[models.EpisodeID]uint32 // episodes of the view
	ids     []string                    // by document

	found    func(Finding)
	episodes int
	words    int64
}

// inspect compares the index that serves with the source, and calls found with all that is wrong. progress is told how
// many of the source's changes are compared of how many.
func (x *Index) inspect(ctx context.Context, found func(Finding), progress func(done, total int64)) (episodes int, words int64, err error) {
	s, release, err := x.acquire()
	if err != nil {
		return 0, 0, err
	}
	defer release()
	defer s.gate.enter()()
	i := &inspection{s: s, src: x.src, b: newBuilder(s.an), prints: newFingerprints(), numbers: map[models.EpisodeID]uint32{}, found: found}
	if err := i.read(ctx); err != nil {
		if ctx.Err() != nil {
			return 0, 0, ctx.Err()
		}
		found(Finding{Problem: "the index cannot be read: " + err.Error()})
		return 0, 0, nil
	}
	err = i.compareAll(ctx, progress)
	return i.episodes, i.words, err
}

// read reads all that Bleve holds. A fault in its files is an error.
func (i *inspection) read(ctx context.Context) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	r, err := i.s.adv.Reader()
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // reading only
	if i.snap, err = snapshotOf(r); err != nil {
		return err
	}
	if err := i.segments(ctx); err != nil {
		return err
	}
	if i.v, err = i.s.views.of(ctx, r, nil); err != nil {
		return err
	}
	b, err := r.GetInternal([]byte(keyApplied))
	if err != nil {
		return err
	}
	if b != nil {
		if i.applied, err = strconv.ParseInt(string(b), 10, 64); err != nil {
			return err
		}
	}
	if i.sums, err = i.prints.indexed(ctx, i.snap, i.v.docs); err != nil {
		return err
	}
	for n, k := range i.v.keys {
		i.numbers[k.episode] = uint32(n)
	}
	return i.readIDs()
}

// segments checks the checksums of Bleve's files, which it writes at their ends and never looks at again.
func (i *inspection) segments(ctx context.Context) error {
	for _, s := range i.snap.Segments() {
		f, ok := s.Segment().(segment.PersistedSegment)
		if !ok {
			continue // in memory still
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := checkSegmentFile(f.Path()); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(f.Path()), err)
		}
	}
	return nil
}

// checkSegmentFile compares the last four bytes of a file with the CRC-32 (IEEE) of all that comes before them, as zapx
// writes them.
func checkSegmentFile(path string) error {
	mem, err := mapFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // merged away since the snapshot was taken; the snapshot keeps what it has mapped
	}
	if err != nil {
		return err
	}
	defer func(m mmap.MMap) { _ = m.Unmap() }(mem)
	end := len(mem) - crc32.Size
	if want := uint32(mem[end])<<24 | uint32(mem[end+1])<<16 | uint32(mem[end+2])<<8 | uint32(mem[end+3]); crc32.ChecksumIEEE(mem[:end]) != want {
		return errors.New("its checksum is wrong")
	}
	return nil
}

// readIDs reads the documents' ids.
func (i *inspection) readIDs() error {
	i.ids = make([]string, 0, i.v.docs)
	for _, s := range i.snap.Segments() {
		for n := range uint64(s.FullSize()) {
			id, err := s.Segment().DocID(n)
			if err != nil {
				return err
			}
			i.ids = append(i.ids, string(id))
		}
	}
	return nil
}

// compareAll goes through the source's episodes.
func (i *inspection) compareAll(ctx context.Context, progress func(done, total int64)) error {
	known := map[models.EpisodeID]bool{}
	for after := int64(0); ; {
		changes, err := i.src.Changes(ctx, after, inspectAtOnce)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			break
		}
		for _, c := range changes {
			after = c.Seq
			if c.Seq > i.applied { // written after the snapshot, or not yet: not this snapshot's fault
				known[c.EpisodeID] = true
				continue
			}
			there, err := i.compare(ctx, c)
			if err != nil {
				return err
			}
			known[c.EpisodeID] = there
			if progress != nil {
				progress(c.Seq, i.applied)
			}
		}
	}
	for id := range i.numbers {
		if !known[id] {
			i.found(Finding{EpisodeID: id, Problem: "it is in the index, but not in the catalogue"})
		}
	}
	return nil
}

// compare compares an episode, and reports whether the source has it.
func (i *inspection) compare(ctx context.Context, c models.Change) (there bool, err error) {
	if c.Deleted {
		return false, nil
	}
	doc, err := i.src.Document(ctx, c.EpisodeID)
	if errors.Is(err, models.ErrNotFound) {
		return false, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		i.found(Finding{EpisodeID: c.EpisodeID, Problem: "the catalogue cannot give it: " + err.Error(), OfSource: true})
		return true, nil //nolint:nilerr // it is reported
	}
	doc.Episode.ID = c.EpisodeID
	problem, err := i.problemOf(doc)
	if err != nil {
		return false, err
	}
	i.episodes++
	if problem == "" {
		return true, nil
	}
	// It may have changed while it was being compared; then its number is another one now.
	now, err := i.src.Changes(ctx, c.Seq-1, 1)
	if err != nil {
		return false, err
	}
	if len(now) > 0 && now[0] == c {
		i.found(Finding{EpisodeID: c.EpisodeID, Problem: problem})
	}
	return true, nil
}

// problemOf says what is wrong with an episode, and "" when nothing is.
func (i *inspection) problemOf(doc models.Document) (string, error) {
	number, ok := i.numbers[doc.Episode.ID]
	if !ok {
		return "it is in the catalogue, but not in the index", nil
	}
	key := i.v.keys[number]
	want, err := i.b.build(doc, key.generation, nil)
	if err != nil {
		return "", err
	}
	problem, err := i.tableProblem(key, want.table)
	if problem != "" || err != nil {
		return problem, err
	}
	return i.documentsProblem(i.v.documents(number), want), nil
}

// tableProblem compares a side table with what it should be.
func (i *inspection) tableProblem(key tableKey, want []byte) (string, error) {
	t, err := readTable(want)
	if err != nil {
		return "", fmt.Errorf("making the side table of episode %s: %w", key.episode, err)
	}
	i.words += int64(t.wordCount())
	b, err := os.ReadFile(filepath.Join(i.s.tables.dir, key.file()))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "its side table is missing", nil
	case err != nil:
		return "its side table cannot be read: " + err.Error(), nil //nolint:nilerr // it is what is found
	case bytes.Equal(b, want):
		return "", nil
	}
	have, err := readTable(b)
	switch {
	case err != nil:
		return err.Error(), nil //nolint:nilerr // it is what is found
	case have.wordCount() != t.wordCount():
		return fmt.Sprintf("its side table has %d words, the catalogue %d", have.wordCount(), t.wordCount()), nil
	}
	return "its side table has other words, times or speakers than the catalogue", nil
}

// documentsProblem compares an episode's documents with what they should be.
func (i *inspection) documentsProblem(docs []uint32, want built) string {
	sums := make(map[string]uint64, len(docs))
	for _, d := range docs {
		sums[i.ids[d]] = i.sums[d]
	}
	if len(docs) != len(want.docs) || len(sums) != len(want.docs) {
		return fmt.Sprintf("it has %d documents in the index, and should have %d", len(docs), len(want.docs))
	}
	wrong := 0
	for _, d := range want.docs {
		if sum, ok := sums[d.ID()]; !ok || sum != i.prints.of(d) {
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Sprintf("%d of its %d documents have other words than the catalogue", wrong, len(want.docs))
	}
	return ""
}
