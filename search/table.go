package search

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
	"strings"

	"github.com/earshot/earshot/models"
)

// The side table of an episode: everything about its words that Bleve does not keep. It verifies phrases, and gives exact
// times, speakers and snippets.
//
//	"EARSHOTT" | u32 version | u32 CRC-32C of all that follows | u32 sections | sections × (u32 offset, u32 length) | data
//
// Offsets count from the start of the file; integers are little endian; arrays are [packed].
const (
	tableMagic = "EARSHOTT"
	// tableVersion changes with the format.
	// 1: first version.
	// 2: forms with accents are among the keys.
	tableVersion = 2
	tableHeader  = 8 + 4 + 4 + 4
)

// The sections of a table.
const (
	secMeta        = iota // JSON of tableMeta
	secKeys               // index terms and accented forms of the episode's tokens, sorted, back to back
	secKeyEnds            // end of each key within secKeys
	secKeyIDs             // token id that each key stands for; a term of several ids is there several times
	secTokens             // token ids in spoken order
	secFirstToken         // per word, and once more: number of tokens before it
	secTexts              // the different word texts, back to back
	secTextEnds           // end of each text within secTexts
	secWordTexts          // per word: its text
	secStarts             // per word: start, ms
	secLengths            // per word: end − start, ms
	secPassages           // per passage: first word, end of the core, end of the tail
	secTurns              // per run of words of one speaker: first word, speaker
	secTitleTokens        // token ids of the title
	secNotesTokens        // token ids of the notes
	sections
)

var errTable = errors.New("a side table is damaged")

// tableMeta is the part of a table that is read whole.
type tableMeta struct {
	Episode     models.EpisodeID `json:"episode"`
	Show        models.ShowID    `json:"show"`
	Language    string           `json:"language"` // field suffix
	PublishedAt int64            `json:"published_at"`
	Speakers    []string         `json:"speakers"` // [0] is ""
	IDs         int              `json:"ids"`      // number of token ids
}

// tableBuilder collects an episode.
type tableBuilder struct {
	meta        tableMeta
	ids         map[string]uint32 // form → token id
	terms       [][]string        // token id → index terms
	tokens      []uint32
	firstToken  []int
	words       []spoken
	passages    []passage
	titleTokens []uint32
	notesTokens []uint32
}

// encode returns the bytes of the table.
func (b *tableBuilder) encode() ([]byte, error) {
	meta, err := json.Marshal(b.meta)
	if err != nil {
		return nil, fmt.Errorf("encoding a side table: %w", err)
	}
	parts := make([][]byte, sections)
	parts[secMeta] = meta
	b.encodeKeys(parts)
	b.encodeWords(parts)
	first := make([]uint32, len(b.firstToken))
	for i, v := range b.firstToken {
		first[i] = uint32(v)
	}
	parts[secFirstToken] = packArray(first)
	parts[secTokens] = packArray(b.tokens)
	parts[secTitleTokens] = packArray(b.titleTokens)
	parts[secNotesTokens] = packArray(b.notesTokens)
	var bounds []uint32
	for _, p := range b.passages {
		bounds = append(bounds, uint32(p.start), uint32(p.end), uint32(p.tail))
	}
	parts[secPassages] = packArray(bounds)
	return assembleTable(parts), nil
}

func assembleTable(parts [][]byte) []byte {
	out := append([]byte(tableMagic), make([]byte, tableHeader-8+8*len(parts))...)
	binary.LittleEndian.PutUint32(out[8:], tableVersion)
	binary.LittleEndian.PutUint32(out[16:], uint32(len(parts)))
	for i, p := range parts {
		binary.LittleEndian.PutUint32(out[tableHeader+8*i:], uint32(len(out)))
		binary.LittleEndian.PutUint32(out[tableHeader+8*i+4:], uint32(len(p)))
		out = append(out, p...)
	}
	binary.LittleEndian.PutUint32(out[12:], tableChecksum(out))
	return out
}

func tableChecksum(b []byte) uint32 {
	return crc32.Checksum(b[16:], crc32.MakeTable(crc32.Castagnoli))
}

func (b *tableBuilder) encodeKeys(parts [][]byte) {
	type entry struct {
		key string
		id  uint32
	}
	var entries []entry
	for id, terms := range b.terms {
		for _, t := range terms {
			entries = append(entries, entry{t, uint32(id)})
		}
	}
	for form, id := range b.ids {
		if fold(form) != form {
			entries = append(entries, entry{accentMark + form, id})
		}
	}
	sort.Slice(entries, func(i, j int) bool {
		if entries[i].key != entries[j].key {
			return entries[i].key < entries[j].key
		}
		return entries[i].id < entries[j].id
	})
	var keys []byte
	ends, ids := make([]uint32, 0, len(entries)), make([]uint32, 0, len(entries))
	for _, e := range entries {
		keys = append(keys, e.key...)
		ends = append(ends, uint32(len(keys)))
		ids = append(ids, e.id)
	}
	parts[secKeys], parts[secKeyEnds], parts[secKeyIDs] = keys, packArray(ends), packArray(ids)
}

func (b *tableBuilder) encodeWords(parts [][]byte) {
	number := map[string]uint32{}
	var texts []byte
	var ends, turns []uint32
	n := len(b.words)
	which, starts, lengths := make([]uint32, n), make([]uint32, n), make([]uint32, n)
	for i, w := range b.words {
		id, ok := number[w.text]
		if !ok {
			id = uint32(len(number))
			number[w.text] = id
			texts = append(texts, w.text...)
			ends = append(ends, uint32(len(texts)))
		}
		which[i], starts[i], lengths[i] = id, w.start, w.end-w.start
		if i == 0 || b.words[i-1].speaker != w.speaker {
			turns = append(turns, uint32(i), uint32(w.speaker))
		}
	}
	parts[secTexts], parts[secTextEnds] = texts, packArray(ends)
	parts[secWordTexts], parts[secStarts], parts[secLengths] = packArray(which), packArray(starts), packArray(lengths)
	parts[secTurns] = packArray(turns)
}

// table is an opened side table. It reads from memory that it does not own and is safe for concurrent use.
type table struct {
	meta                       tableMeta
	keys, texts                []byte
	keyEnds, keyIDs, textEnds  packed
	tokens, firstToken         packed
	wordTexts, starts, lengths packed
	passages, turns            packed
	titleTokens, notesTokens   packed
}

// readTable checks and opens the bytes of a table. Whatever is wrong with them, the error is errTable.
func readTable(b []byte) (*table, error) {
	if len(b) < tableHeader || string(b[:8]) != tableMagic {
		return nil, fmt.Errorf("%w: it does not begin as one", errTable)
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != tableVersion {
		return nil, fmt.Errorf("%w: it has format version %d, not %d", errTable, v, tableVersion)
	}
	if binary.LittleEndian.Uint32(b[12:]) != tableChecksum(b) {
		return nil, fmt.Errorf("%w: its checksum is wrong", errTable)
	}
	if n := binary.LittleEndian.Uint32(b[16:]); n != sections || len(b) < tableHeader+8*sections {
		return nil, fmt.Errorf("%w: it has %d sections", errTable, n)
	}
	var parts [sections][]byte
	for i := range parts {
		offset := uint64(binary.LittleEndian.Uint32(b[tableHeader+8*i:]))
		length := uint64(binary.LittleEndian.Uint32(b[tableHeader+8*i+4:]))
		if offset+length > uint64(len(b)) {
			return nil, fmt.Errorf("%w: section %d lies outside", errTable, i)
		}
		parts[i] = b[offset : offset+length]
	}
	t := &table{keys: parts[secKeys], texts: parts[secTexts]}
	if err := json.Unmarshal(parts[secMeta], &t.meta); err != nil {
		return nil, fmt.Errorf("%w: %w", errTable, err)
	}
	for sec, p := range map[int]*packed{
		secKeyEnds: &t.keyEnds, secKeyIDs: &t.keyIDs, secTextEnds: &t.textEnds, secTokens: &t.tokens,
		secFirstToken: &t.firstToken, secWordTexts: &t.wordTexts, secStarts: &t.starts, secLengths: &t.lengths,
		secPassages: &t.passages, secTurns: &t.turns, secTitleTokens: &t.titleTokens, secNotesTokens: &t.notesTokens,
	} {
		var err error
		if *p, err = readPacked(parts[sec]); err != nil {
			return nil, fmt.Errorf("%w: section %d: %w", errTable, sec, err)
		}
	}
	if n := t.starts.n; t.wordTexts.n != n || t.lengths.n != n || t.firstToken.n != n+1 || t.keyIDs.n != t.keyEnds.n || t.passages.n%3 != 0 {
		return nil, fmt.Errorf("%w: its arrays disagree", errTable)
	}
	return t, nil
}

func slot(blob []byte, ends *packed, i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = ends.at(i - 1)
	}
	return blob[from:ends.at(i)]
}

func (t *table) wordCount() int       { return t.starts.n }
func (t *table) word(i int) []byte    { return slot(t.texts, &t.textEnds, int(t.wordTexts.at(i))) }
func (t *table) startMS(i int) int64  { return int64(t.starts.at(i)) }
func (t *table) endMS(i int) int64    { return int64(t.starts.at(i)) + int64(t.lengths.at(i)) }
func (t *table) tokenOf(word int) int { return int(t.firstToken.at(word)) }

func (t *table) passage(i int) passage {
	return passage{int(t.passages.at(3 * i)), int(t.passages.at(3*i + 1)), int(t.passages.at(3*i + 2))}
}

// wordOf returns the word that a token belongs to.
func (t *table) wordOf(token int) int {
	return sort.Search(t.wordCount(), func(w int) bool { return t.tokenOf(w+1) > token })
}

// wordNear is wordOf, faster when the word is at or soon after hint.
func (t *table) wordNear(token, hint int) int {
	if from := t.tokenOf(hint); token < from || token > from+16 {
		return t.wordOf(token)
	}
	for t.tokenOf(hint+1) <= token {
		hint++
	}
	return hint
}

// speakerOf returns the number of a word's speaker within meta.Speakers.
func (t *table) speakerOf(word int) int {
	i := sort.Search(t.turns.n/2, func(i int) bool { return int(t.turns.at(2*i)) > word })
	if i == 0 {
		return 0
	}
	return int(t.turns.at(2*(i-1) + 1))
}

// idSet is a set of token ids of one table.
type idSet []uint64

func (s idSet) has(id uint32) bool { return int(id>>6) < len(s) && s[id>>6]&(1<<(id&63)) != 0 }

func (t *table) newIDSet() idSet { return make(idSet, (t.meta.IDs+63)/64) }

func (s idSet) add(id uint32) {
	if int(id>>6) < len(s) {
		s[id>>6] |= 1 << (id & 63)
	}
}

// addTerm adds the ids of the tokens that are indexed under a term, and reports whether there are any.
func (t *table) addTerm(s idSet, term string) bool {
	i := sort.Search(t.keyEnds.n, func(i int) bool { return bytes.Compare(slot(t.keys, &t.keyEnds, i), []byte(term)) >= 0 })
	from := i
	for ; i < t.keyEnds.n && string(slot(t.keys, &t.keyEnds, i)) == term; i++ {
		s.add(t.keyIDs.at(i))
	}
	return i > from
}

// formIDs returns the ids of the tokens that have exactly this form; nil when there are none.
func (t *table) formIDs(form string) idSet {
	ids := t.newIDSet()
	if fold(form) != form {
		if t.addTerm(ids, accentMark+form) {
			return ids
		}
		return nil
	}
	t.addTerm(ids, form)
	accented := t.newIDSet()
	t.addPrefix(accented, accentMark)
	some := uint64(0)
	for i := range ids {
		ids[i] &^= accented[i]
		some |= ids[i]
	}
	if some == 0 {
		return nil
	}
	return ids
}

// addPrefix adds the ids of the tokens whose plain form begins with prefix.
func (t *table) addPrefix(s idSet, prefix string) bool {
	i := sort.Search(t.keyEnds.n, func(i int) bool { return bytes.Compare(slot(t.keys, &t.keyEnds, i), []byte(prefix)) >= 0 })
	from := i
	for ; i < t.keyEnds.n && strings.HasPrefix(string(slot(t.keys, &t.keyEnds, i)), prefix); i++ {
		s.add(t.keyIDs.at(i))
	}
	return i > from
}
