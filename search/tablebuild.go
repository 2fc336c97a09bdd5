package search

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"unicode"
	"unicode/utf8"
)

// tableBuilder collects an episode.
type tableBuilder struct {
	meta        tableMeta
	ids         map[string]uint32 // form → token id
	terms       [][]string        // token id → index terms
	tokens      []uint32
	firstToken  []int // token before which each word begins; one more than words
	words       []spoken
	wordings    []wording // each once
	worded      []uint32  // word → wording
	passages    []passage
	sums        []passageSum // of passages
	titleTokens []uint32
	notesTokens []uint32
	often       []int // see textField
}

// wording is how a word is written.
type wording struct {
	text    string
	tokens  []uint32
	variant uint32 // its number among those that begin with the same token
}

// addWords finds the tokens of all words.
func (b *tableBuilder) addWords(known *builder) {
	b.firstToken = make([]int, 1, len(b.words)+1)
	b.tokens = make([]uint32, 0, len(b.words)+len(b.words)/8)
	b.worded = make([]uint32, len(b.words))
	number := map[string]uint32{}
	for i, w := range b.words {
		n, ok := number[w.text]
		if !ok {
			n = uint32(len(b.wordings))
			number[w.text] = n
			b.wordings = append(b.wordings, wording{text: w.text, tokens: b.number(known.lexemes(b.meta.Language, w.text))})
		}
		b.worded[i] = n
		b.tokens = append(b.tokens, b.wordings[n].tokens...)
		b.firstToken = append(b.firstToken, len(b.tokens))
	}
}

// number returns the ids of tokens, and gives ids to the forms that are new.
func (b *tableBuilder) number(tokens []lexeme) []uint32 {
	out := make([]uint32, len(tokens))
	for i, t := range tokens {
		id, ok := b.ids[t.form]
		if !ok {
			id = uint32(len(b.terms))
			b.ids[t.form] = id
			b.terms = append(b.terms, t.terms)
		}
		out[i] = id
	}
	return out
}

// encode returns the bytes of the table.
func (b *tableBuilder) encode() ([]byte, error) {
	meta, err := json.Marshal(b.meta)
	if err != nil {
		return nil, fmt.Errorf("encoding a side table: %w", err)
	}
	parts := make([][]byte, sections)
	parts[secMeta] = meta
	b.renumber()
	b.encodeKeys(parts)
	b.encodeWords(parts)
	b.encodeTimes(parts)
	b.encodeOddWords(parts)
	parts[secTokens] = packArray(b.tokens)
	parts[secTitleTokens] = packArray(b.titleTokens)
	parts[secNotesTokens] = packArray(b.notesTokens)
	var bounds []uint32
	for _, p := range b.passages {
		bounds = append(bounds, uint32(p.start), uint32(p.end), uint32(p.tail))
	}
	parts[secPassages] = packArray(bounds)
	for _, sum := range b.sums {
		parts[secSums] = append(parts[secSums], sum[:]...)
	}
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

// encodeKeys writes the plain form of each token, by number, and by which other terms it is found.
func (b *tableBuilder) encodeKeys(parts [][]byte) {
	type entry struct {
		key string
		id  uint32
	}
	var entries []entry
	forms := make([]string, len(b.terms))
	for id, terms := range b.terms {
		forms[id] = terms[0]
		for _, t := range terms[1:] {
			entries = append(entries, entry{t, uint32(id)})
		}
	}
	for form, id := range b.ids {
		if fold(form) != form {
			entries = append(entries, entry{accentMark + form, id})
		}
	}
	slices.SortFunc(entries, func(x, y entry) int { return cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.id, y.id)) })
	keys, ids := make([]string, 0, len(entries)), make([]uint32, 0, len(entries))
	for _, e := range entries {
		keys, ids = append(keys, e.key), append(ids, e.id)
	}
	parts[secForms], parts[secKeys], parts[secKeyIDs] = packStrings(forms), packStrings(keys), packArray(ids)
}

// firstOf returns the first token of a wording; words without any token have a number that no token has.
func (b *tableBuilder) firstOf(s *wording) uint32 {
	if len(s.tokens) == 0 {
		return uint32(b.meta.IDs)
	}
	return s.tokens[0]
}

// encodeWords writes how each word is written: as a number among the spellings of its first token.
func (b *tableBuilder) encodeWords(parts [][]byte) {
	order := make([]*wording, len(b.wordings))
	for i := range b.wordings {
		order[i] = &b.wordings[i]
	}
	slices.SortFunc(order, func(x, y *wording) int {
		return cmp.Or(cmp.Compare(b.firstOf(x), b.firstOf(y)), compareSpelling(x.text, y.text))
	})
	var spellings []byte
	at := make([]uint32, b.meta.IDs+1) // by token: where its spellings begin
	next, variant := 0, uint32(0)
	for i, s := range order {
		token := b.firstOf(s)
		variant++
		if i == 0 || b.firstOf(order[i-1]) != token {
			variant = 0
		}
		for ; next <= int(token); next++ {
			at[next] = uint32(len(spellings))
		}
		plain := ""
		if int(token) < b.meta.IDs {
			plain = b.terms[token][0]
		}
		spellings = appendSpelling(spellings, plain, s.text)
		s.variant = variant
	}
	for ; next < len(at); next++ {
		at[next] = uint32(len(spellings))
	}
	var turns []uint32
	variants := make([]uint32, len(b.words))
	for i, w := range b.words {
		variants[i] = b.wordings[b.worded[i]].variant
		if i == 0 || b.words[i-1].speaker != w.speaker {
			turns = append(turns, uint32(i), uint32(w.speaker))
		}
	}
	parts[secSpellings], parts[secSpellingsAt], parts[secVariants] = spellings, packArray(at), packArray(variants)
	parts[secTurns] = packArray(turns)
}

// compareSpelling orders spellings of a word: those that begin in lower case, which are the most, before others.
func compareSpelling(a, b string) int {
	x, _ := utf8.DecodeRuneInString(a)
	y, _ := utf8.DecodeRuneInString(b)
	if unicode.IsLower(x) != unicode.IsLower(y) {
		if unicode.IsLower(x) {
			return -1
		}
		return 1
	}
	return cmp.Compare(a, b)
}

// encodeTimes writes when words are said, as lengths and as the silence before each word, which is mostly none. Every so
// many words the start itself is written.
func (b *tableBuilder) encodeTimes(parts [][]byte) {
	n := len(b.words)
	var anchors []uint32
	lengths, rests, gaps := make([]uint32, n), make([]uint32, n), make([]uint32, n)
	for i, w := range b.words {
		lengths[i], rests[i] = (w.end-w.start)/positionMS, (w.end-w.start)%positionMS
		if i%packedBlock == 0 {
			anchors = append(anchors, w.start)
		} else {
			gaps[i] = zigzag(w.start - b.words[i-1].end)
		}
	}
	parts[secAnchors], parts[secGaps] = packArray(anchors), packArray(gaps)
	parts[secLengths], parts[secRests] = packArray(lengths), packArray(rests)
}

// encodeOddWords writes which words have not exactly one token.
func (b *tableBuilder) encodeOddWords(parts [][]byte) {
	var words, more []uint32
	for i := range b.words {
		if end := b.firstToken[i+1]; end-b.firstToken[i] != 1 {
			words, more = append(words, uint32(i)), append(more, zigzag(uint32(end-(i+1))))
		}
	}
	parts[secOddWords], parts[secOddTokens] = packArray(words), packArray(more)
}

// renumber gives tokens numbers in the order of their plain forms, which are searched by them.
func (b *tableBuilder) renumber() {
	order := make([]int, len(b.terms))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return slices.Compare(b.terms[x], b.terms[y]) })
	number, terms := make([]uint32, len(order)), make([][]string, len(order))
	for n, id := range order {
		number[id], terms[n] = uint32(n), b.terms[id]
	}
	for form, id := range b.ids {
		b.ids[form] = number[id]
	}
	renumber := func(list []uint32) {
		for i, id := range list {
			list[i] = number[id]
		}
	}
	renumber(b.tokens)
	renumber(b.titleTokens)
	renumber(b.notesTokens)
	for _, w := range b.wordings {
		renumber(w.tokens)
	}
	b.terms = terms
}

// zigzag makes small numbers of small differences, whatever their sign; modulo 2^32.
func zigzag(v uint32) uint32 { return v<<1 ^ uint32(int32(v)>>31) }

func unzigzag(v uint32) uint32 { return v>>1 ^ -(v & 1) }
