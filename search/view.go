package search

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/earshot/earshot/models"
)

// bitset is a set of small numbers. All sets that meet have the same length.
type bitset []uint64

func newBitset(n int) bitset       { return make(bitset, (n+63)/64) }
func (b bitset) add(i uint32)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) has(i uint32) bool { return b[i>>6]&(1<<(i&63)) != 0 }

func (b bitset) and(o bitset) {
	for i := range b {
		b[i] &= o[i]
	}
}

func (b bitset) or(o bitset) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (b bitset) without(o bitset) {
	for i := range b {
		b[i] &^= o[i]
	}
}

// beyond reports whether there is a number that another set has not.
func (b bitset) beyond(o bitset) bool {
	for i := range b {
		if b[i]&^o[i] != 0 {
			return true
		}
	}
	return false
}

// addBitmap adds the numbers of a bitmap, each greater by from.
func (b bitset) addBitmap(from uint32, m *roaring.Bitmap) {
	words := make([]uint64, m.DenseSize())
	m.WriteDenseTo(words)
	at, shift := from>>6, from&63
	for i, w := range words {
		b[at+uint32(i)] |= w << shift
		if over := w >> (64 - shift); over != 0 {
			b[at+uint32(i)+1] |= over
		}
	}
}

func (b bitset) count() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

func (b bitset) each(f func(i uint32)) {
	for k, w := range b {
		for ; w != 0; w &= w - 1 {
			f(uint32(k<<6 + bits.TrailingZeros64(w)))
		}
	}
}

// eachIn is each for the numbers in [from, to).
func (b bitset) eachIn(from, to uint32, f func(i uint32)) {
	for k := from >> 6; k<<6 < to; k++ {
		for w := b[k]; w != 0; w &= w - 1 {
			if i := k<<6 + uint32(bits.TrailingZeros64(w)); i >= from && i < to {
				f(i)
			}
		}
	}
}

// view maps the documents of one snapshot of a Bleve index, numbered from 0, to episodes, which it numbers from 0 as well.
type view struct {
	segments []segmentKey
	docs     int
	episode  []uint32 // by document
	passage  []int32  // by document; -1: the head
	live     bitset   // documents that are not deleted
	liveDocs int

	keys      []tableKey        // by episode; of generation 0 where a damaged index has no head
	spread    []bool            // by episode: its documents are in several segments
	published []int64           // by episode: Unix seconds, 0 unknown
	facts     []facts           // by episode
	universe  bitset            // all episodes
	except    []*roaring.Bitmap // by segment: its documents that do not count, nil for none
	ofEpisode []uint32          // live documents, by episode
	ends      []uint32          // by episode: end of its documents within ofEpisode

	parts []part // of segments, in order of documents
	names *nameLists

	namesOnce sync.Once
	shows     map[uint32]*showName // see showNames
	harvest   harvest              // see [Index.Names]
}

// part is a segment within a view.
type part struct {
	from uint32 // its first document
	refs *segmentRefs
	to   []uint32 // by episode of the segment: its number in the view, where a document of it counts
}

// segmentKey identifies the state of a segment: segments never change but for the set of deleted documents, which is
// replaced as a whole.
type segmentKey struct {
	id      uint64
	deleted uint64
	size    uint64
}

// segmentRefs are the references of one segment's documents. Episodes are numbered within the segment.
type segmentRefs struct {
	episodes []models.EpisodeID // by number
	episode  []uint32           // by document
	passage  []int32            // by document; -1: the head
	heads    []head
	seats    seats
}

// head is what the head of an episode says of it.
type head struct {
	doc        uint32
	generation uint64
	published  int64
	facts      facts
}

// views makes the view of a snapshot and remembers what does not change from one to the next.
type views struct {
	mu       sync.Mutex
	last     *view            // with everything
	without  map[string]*view // views of the snapshot of last without some shows, by these
	segments map[uint64]*segmentRefs
	names    nameLists
}

// snapshotOf returns the snapshot of a Bleve index that a reader reads, with its segments.
func snapshotOf(r index.IndexReader) (*scorch.IndexSnapshot, error) {
	snap, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		return nil, fmt.Errorf("reading the index: unexpected snapshot %T", r)
	}
	return snap, nil
}

// maxWithout is how many views without some shows are remembered: one for each of the kinds of people that there are.
const maxWithout = 4

// of returns the view of a snapshot, as if the index had nothing of the shows that are hidden.
func (v *views) of(ctx context.Context, r index.IndexReader, hidden []models.ShowID) (*view, error) {
	snap, err := snapshotOf(r)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	keys := make([]segmentKey, 0, len(snap.Segments()))
	for _, s := range snap.Segments() {
		k := segmentKey{id: s.Id(), size: uint64(s.FullSize())}
		if d := s.Deleted(); d != nil {
			k.deleted = d.GetCardinality()
		}
		keys = append(keys, k)
	}
	if v.last == nil || !slices.Equal(v.last.segments, keys) {
		if err := v.follow(ctx, r, snap, keys); err != nil {
			return nil, err
		}
	}
	if len(hidden) == 0 {
		return v.last, nil
	}
	mask := v.maskOf(hidden)
	if v.without[mask.key] == nil {
		if len(v.without) == maxWithout {
			clear(v.without)
		}
		v.without[mask.key] = v.assemble(snap, keys, mask, v.last)
	}
	return v.without[mask.key], nil
}

// follow makes the view of a newer snapshot. What is known of segments that are not in it is forgotten.
func (v *views) follow(ctx context.Context, r index.IndexReader, snap *scorch.IndexSnapshot, keys []segmentKey) error {
	known := map[uint64]*segmentRefs{}
	docs := uint64(0)
	for i, s := range snap.Segments() {
		refs := v.segments[keys[i].id]
		if refs == nil {
			var err error
			if refs, err = v.read(ctx, r, s, docs); err != nil {
				return err
			}
		}
		known[keys[i].id] = refs
		docs += keys[i].size
	}
	v.segments, v.without = known, map[string]*view{}
	v.last = v.assemble(snap, keys, mask{}, nil)
	return nil
}

// assemble makes a view of segments whose references are known. all is the view with everything, where something is hidden.
func (v *views) assemble(snap *scorch.IndexSnapshot, keys []segmentKey, m mask, all *view) *view {
	out := &view{segments: keys, names: &v.names}
	number := map[models.EpisodeID]uint32{}
	for i, s := range snap.Segments() {
		except := s.Deleted()
		if all != nil {
			except = m.over(except, all, all.parts[i])
		}
		out.add(except, v.segments[keys[i].id], number)
	}
	out.finish()
	return out
}

// mask says which documents do not count although they are not deleted.
type mask struct {
	key   string
	shows map[uint32]bool // by number; a show that is in no segment has none
}

func (v *views) maskOf(hidden []models.ShowID) mask {
	m := mask{shows: map[uint32]bool{}}
	for _, id := range hidden {
		m.key += string(id) + ","
		m.shows[v.names.shows.add(string(id))] = true
	}
	return m
}

// over returns the documents of a segment that do not count: those that are deleted, and those of hidden shows.
func (m mask) over(deleted *roaring.Bitmap, all *view, p part) *roaring.Bitmap {
	out := roaring.New()
	if deleted != nil {
		out = deleted.Clone()
	}
	for doc := range uint32(len(p.refs.episode)) {
		if d := p.from + doc; all.live.has(d) && m.shows[all.facts[all.episode[d]].show] {
			out.Add(doc)
		}
	}
	return out
}

// read reads the references and facts of a segment's documents from their ids and doc values.
func (v *views) read(ctx context.Context, r index.IndexReader, seg *scorch.SegmentSnapshot, from uint64) (*segmentRefs, error) {
	size := uint64(seg.FullSize())
	dv, err := r.DocValueReader([]string{fieldShow, fieldTitleOf, fieldLang, fieldSpeaker})
	if err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	s := &segmentRefs{episode: make([]uint32, size), passage: make([]int32, size)}
	number := map[models.EpisodeID]uint32{}
	for i := range size {
		if i%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var values documentValues
		if err := dv.VisitDocValues(index.NewIndexInternalID(nil, from+i), values.add); err != nil {
			return nil, fmt.Errorf("reading the index: %w", err)
		}
		id, err := seg.Segment().DocID(i)
		if err != nil {
			return nil, fmt.Errorf("reading the index: %w", err)
		}
		ref, err := parseDocRef(string(id))
		if err != nil {
			return nil, fmt.Errorf("reading the index: reference of document %d: %w", from+i, err)
		}
		n, ok := number[ref.episode]
		if !ok {
			n = uint32(len(s.episodes))
			number[ref.episode] = n
			s.episodes = append(s.episodes, ref.episode)
		}
		s.episode[i], s.passage[i] = n, int32(ref.passage)
		if ref.passage < 0 {
			s.heads = append(s.heads, head{uint32(i), ref.generation, ref.published, v.names.factsOf(values)})
		}
		s.seats.add(n, &v.names.speakers, values.speakers)
	}
	s.seats.number = nil
	return s, nil
}

// add appends a segment. Documents that do not count are kept, so that numbers agree with Bleve's, but belong to no
// episode that is alive.
func (v *view) add(except *roaring.Bitmap, refs *segmentRefs, number map[models.EpisodeID]uint32) {
	const none = ^uint32(0)
	to := make([]uint32, len(refs.episodes))
	for i := range to {
		to[i] = none
	}
	grown := newBitset(v.docs + len(refs.episode))
	copy(grown, v.live)
	v.live = grown
	for i, e := range refs.episode {
		doc := uint32(v.docs + i)
		v.passage = append(v.passage, refs.passage[i])
		if except != nil && except.Contains(uint32(i)) {
			v.episode = append(v.episode, 0)
			continue
		}
		if to[e] == none {
			n, ok := number[refs.episodes[e]]
			if ok {
				v.spread[n] = true
			} else {
				n = uint32(len(v.keys))
				number[refs.episodes[e]] = n
				v.keys, v.spread = append(v.keys, tableKey{episode: refs.episodes[e]}), append(v.spread, false)
				v.published, v.facts = append(v.published, 0), append(v.facts, facts{})
			}
			to[e] = n
		}
		v.episode = append(v.episode, to[e])
		v.live.add(doc)
		v.liveDocs++
	}
	for _, h := range refs.heads {
		if d := uint32(v.docs) + h.doc; v.live.has(d) {
			n := v.episode[d]
			v.keys[n].generation, v.published[n], v.facts[n] = h.generation, h.published, h.facts
		}
	}
	v.parts, v.except = append(v.parts, part{uint32(v.docs), refs, to}), append(v.except, except)
	v.docs += len(refs.episode)
}

func (v *view) finish() {
	v.universe = newBitset(len(v.keys))
	for i := range v.keys {
		v.universe.add(uint32(i))
	}
	// A counting sort: first where the documents of each episode begin, then, as they are put there, where they end.
	v.ends = make([]uint32, len(v.keys))
	v.live.each(func(d uint32) { v.ends[v.episode[d]]++ })
	begin := uint32(0)
	for ep, n := range v.ends {
		v.ends[ep] = begin
		begin += n
	}
	v.ofEpisode = make([]uint32, begin)
	v.live.each(func(d uint32) {
		ep := v.episode[d]
		v.ofEpisode[v.ends[ep]] = d
		v.ends[ep]++
	})
	for ep := range v.keys {
		v.inOrder(v.documents(uint32(ep)))
	}
}

// inOrder puts the documents of an episode, which Bleve takes in any order, in that of their passages, each to its place:
// an episode has all of its passages. A damaged index, in which it has not, is left as it is.
func (v *view) inOrder(docs []uint32) {
	for i := range docs {
		for {
			place := int(v.passage[docs[i]]) + 1 // the head is -1
			if place == i || place >= len(docs) || v.passage[docs[place]] == v.passage[docs[i]] {
				break
			}
			docs[i], docs[place] = docs[place], docs[i]
		}
	}
}

// documents returns the live documents of an episode, the head first, then the passages in order.
func (v *view) documents(episode uint32) []uint32 {
	from := uint32(0)
	if episode > 0 {
		from = v.ends[episode-1]
	}
	return v.ofEpisode[from:v.ends[episode]]
}

// passages returns the live passages of an episode, in order.
func (v *view) passages(episode uint32) []uint32 {
	docs := v.documents(episode)
	heads := 0
	for heads < len(docs) && v.passage[docs[heads]] < 0 {
		heads++
	}
	return docs[heads:]
}
