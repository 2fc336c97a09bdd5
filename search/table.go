package search

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sort"

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
	// 3: less than half as long: patched arrays, strings without what they share, gaps in place of starts, odd words in place
	// of a map from words to tokens, spellings by token.
	// 4: lengths of words in positions and what is left over.
	// 5: sums of the passages.
	tableVersion = 5
	tableHeader  = 8 + 4 + 4 + 4
)

// positionMS is the grid on which whisper's decoder hears: most words of a transcript are whole positions long.
const positionMS = 20

// The sections of a table.
const (
	secMeta        = iota // JSON of tableMeta
	secForms              // plain form of each token, by id: in order; a [stringList]
	secKeys               // other terms and accented forms of tokens, in order; a [stringList]
	secKeyIDs             // token id that each key stands for; a term of several ids is there several times
	secTokens             // token ids in spoken order
	secOddWords           // numbers of the words that have not exactly one token
	secOddTokens          // for each of them: tokens before the next word − words before it, zigzag
	secSpellings          // how words are written, by first token; see [respelling]
	secSpellingsAt        // per token id, and for words without a token: where its spellings begin
	secVariants           // per word: number among the spellings of its first token
	secAnchors            // per 128 words: start of the first one, ms
	secGaps               // per word but these: start − end of the word before, ms, zigzag
	secLengths            // per word: end − start, whole positions of positionMS
	secRests              // per word: end − start, what is left over, ms
	secPassages           // per passage: first word, end of the core, end of the tail
	secTurns              // per run of words of one speaker: first word, speaker
	secTitleTokens        // token ids of the title
	secNotesTokens        // token ids of the notes
	secSums               // per passage: passageSum
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

// table is an opened side table. It reads from memory that it does not own and is safe for concurrent use.
type table struct {
	meta                     tableMeta
	forms, keys              stringList
	spellings                []byte
	keyIDs                   packed
	tokens                   packed
	oddWords, oddTokens      packed
	spellingsAt, variants    packed
	anchors, gaps            packed
	lengths, rests           packed
	passages, turns          packed
	titleTokens, notesTokens packed
	sums                     []byte
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
	t := &table{spellings: parts[secSpellings], sums: parts[secSums]}
	if err := json.Unmarshal(parts[secMeta], &t.meta); err != nil {
		return nil, fmt.Errorf("%w: %w", errTable, err)
	}
	for sec, p := range map[int]*packed{
		secKeyIDs: &t.keyIDs, secTokens: &t.tokens, secOddWords: &t.oddWords, secOddTokens: &t.oddTokens,
		secSpellingsAt: &t.spellingsAt, secVariants: &t.variants, secAnchors: &t.anchors, secGaps: &t.gaps,
		secLengths: &t.lengths, secRests: &t.rests,
		secPassages: &t.passages, secTurns: &t.turns, secTitleTokens: &t.titleTokens, secNotesTokens: &t.notesTokens,
	} {
		var err error
		if *p, err = readPacked(parts[sec]); err != nil {
			return nil, fmt.Errorf("%w: section %d: %w", errTable, sec, err)
		}
	}
	for sec, l := range map[int]*stringList{secForms: &t.forms, secKeys: &t.keys} {
		var err error
		if *l, err = readStrings(parts[sec]); err != nil {
			return nil, fmt.Errorf("%w: section %d: %w", errTable, sec, err)
		}
	}
	if n := t.wordCount(); t.variants.n != n || t.gaps.n != n || t.rests.n != n || t.anchors.n != (n+packedBlock-1)/packedBlock ||
		t.oddTokens.n != t.oddWords.n || t.tokenOf(n) != t.tokens.n ||
		t.forms.n != t.meta.IDs || t.spellingsAt.n != t.meta.IDs+1 || t.keyIDs.n != t.keys.n || t.passages.n%3 != 0 || t.turns.n%2 != 0 ||
		len(t.sums) != t.passages.n/3*len(passageSum{}) {
		return nil, fmt.Errorf("%w: its arrays disagree", errTable)
	}
	return t, nil
}

func (t *table) wordCount() int { return t.lengths.n }

// startMS returns when a word begins.
func (t *table) startMS(word int) int64 {
	var buffer [2 * packedBlock]uint32
	from := word - word%packedBlock
	at := t.anchors.at(from / packedBlock)
	for _, length := range t.lengths.slice(buffer[:0:packedBlock], from, word) {
		at += length * positionMS
	}
	for _, rest := range t.rests.slice(buffer[:0:packedBlock], from, word) {
		at += rest
	}
	for _, gap := range t.gaps.slice(buffer[packedBlock:packedBlock], from, word+1) {
		at += unzigzag(gap) // the first one is 0
	}
	return int64(at)
}

// endMS returns when a word ends.
func (t *table) endMS(word int) int64 {
	return t.startMS(word) + int64(t.lengths.at(word))*positionMS + int64(t.rests.at(word))
}

func (t *table) passage(i int) passage {
	return passage{int(t.passages.at(3 * i)), int(t.passages.at(3*i + 1)), int(t.passages.at(3*i + 2))}
}

// sum returns what stands for all that is in the document of a passage.
func (t *table) sum(i int) passageSum {
	const size = len(passageSum{})
	return passageSum(t.sums[i*size : (i+1)*size])
}

// odd returns a word that has not exactly one token, and the number of the token after it.
func (t *table) odd(i int) (word, tokenAfter int) {
	word = int(t.oddWords.at(i))
	return word, word + 1 + int(int32(unzigzag(t.oddTokens.at(i))))
}

// tokenOf returns the number of tokens before a word.
func (t *table) tokenOf(word int) int {
	i := sort.Search(t.oddWords.n, func(i int) bool { return int(t.oddWords.at(i)) >= word })
	if i == 0 {
		return word
	}
	before, token := t.odd(i - 1)
	return token + word - before - 1
}

// wordOf returns the word that a token belongs to.
func (t *table) wordOf(token int) int {
	i := sort.Search(t.oddWords.n, func(i int) bool { _, after := t.odd(i); return after > token })
	word := token
	if i > 0 {
		before, after := t.odd(i - 1)
		word = before + 1 + token - after
	}
	if i < t.oddWords.n {
		next, _ := t.odd(i)
		word = min(word, next) // it has several
	}
	return word
}

// word returns how a word is written.
func (t *table) word(i int) (text []byte) {
	t.eachWord(i, i+1, func(_ int, b []byte) { text = b }) // nothing is read into it afterwards
	return text
}

// eachWord calls f with the texts of the words [from, to), which it must not keep.
func (t *table) eachWord(from, to int, f func(word int, text []byte)) {
	token := t.tokenOf(from)
	tokens := t.tokens.slice(nil, token, t.tokenOf(to))
	variants := t.variants.slice(nil, from, to)
	odd := sort.Search(t.oddWords.n, func(i int) bool { return int(t.oddWords.at(i)) >= from })
	var buffer []byte
	at := 0
	for word := from; word < to; word++ {
		next := at + 1
		if odd < t.oddWords.n {
			if w, after := t.odd(odd); w == word {
				next = after - token
				odd++
			}
		}
		id := t.meta.IDs // of words without a token
		buffer = buffer[:0]
		if next > at {
			id = int(tokens[at])
			buffer = t.forms.at(id, buffer)
		}
		var written respelling
		for list := t.spellings[t.spellingsAt.at(id):]; ; variants[word-from]-- {
			if written, list = readSpelling(list); variants[word-from] == 0 || len(list) == 0 {
				break
			}
		}
		buffer = written.apply(buffer)
		f(word, buffer)
		at = next
	}
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

func (s idSet) count() int { return bitset(s).count() }

// list returns the ids in order.
func (s idSet) list() []uint32 {
	var out []uint32
	bitset(s).each(func(id uint32) { out = append(out, id) })
	return out
}

// addAll adds the ids of another set of the same table.
func (s idSet) addAll(o idSet) {
	for i, w := range o {
		s[i] |= w
	}
}

// addTerm adds the ids of the tokens that are indexed under a term, and reports whether there are any.
func (t *table) addTerm(s idSet, term string) bool {
	same := func(key []byte) bool { return string(key) == term }
	return t.addForms(s, term, same) || t.addKeys(s, term, same)
}

// addPrefix adds the ids of the tokens whose plain form begins with prefix.
func (t *table) addPrefix(s idSet, prefix string) bool {
	return t.addForms(s, prefix, func(form []byte) bool { return bytes.HasPrefix(form, []byte(prefix)) })
}

// addForms adds the ids of the tokens of which f is true, from the form given on.
func (t *table) addForms(s idSet, from string, f func(form []byte) bool) (found bool) {
	t.forms.from([]byte(from), func(id int, form []byte) bool {
		if !f(form) {
			return false
		}
		s.add(uint32(id))
		found = true
		return true
	})
	return found
}

// addKeys is addForms for the other keys of tokens.
func (t *table) addKeys(s idSet, from string, f func(key []byte) bool) (found bool) {
	t.keys.from([]byte(from), func(i int, key []byte) bool {
		if !f(key) {
			return false
		}
		s.add(t.keyIDs.at(i))
		found = true
		return true
	})
	return found
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
	t.addKeys(accented, accentMark, func(key []byte) bool { return bytes.HasPrefix(key, []byte(accentMark)) })
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
