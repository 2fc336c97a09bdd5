package search

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/earshot/earshot/models"
)

// The fields of the index. Text fields have the language as a suffix. Beside them there is Bleve's own, the documents' ids.
const (
	fieldText    = "text."    // passages: what was said
	fieldTitle   = "title."   // heads: the title
	fieldNotes   = "notes."   // heads: the notes
	fieldSpeaker = "speaker"  // passages: names of who speaks in the core; with doc values
	fieldShow    = "show"     // heads: the show's id; with doc values
	fieldTitleOf = "showname" // heads: the show's title; with doc values
	fieldLang    = "lang"     // heads: the language; with doc values
	fieldEntry   = "entry"    // heads: see [entry]
	fieldRule    = "rule"     // heads: the rules that changed words
)

// mappingText describes everything that decides what is in an index. An index built from another description is rebuilt.
func mappingText() string {
	return fmt.Sprintf("fields 6; passages core %d ms, turn %d ms, %d words, tail %d; %d words of %d bytes; forms %d; "+
		"pairs of characters 1, parts of Hangul %d–%d of %d; %d names of %d words, starts %d, titles %d; bm25; stemmers %v",
		maxCoreMS, turnAfterMS, maxCoreWords, tailTokens, maxWords, maxWordBytes, maxFormRunes,
		minHangulPart, maxHangulPart, maxHangulWord, maxNames, maxNameWords, maxNameStarts, titledLeast, stemmerNames())
}

// docRef says which part of an episode a Bleve document is. It is the document's id: EPISODE.PASSAGE, or for the head, the small
// document that holds title, notes and what is true of the whole episode, EPISODE.!GENERATION.PUBLISHED. So passages that
// stay as they are stay where they are, and the head says which side table belongs to them all.
type docRef struct {
	episode    models.EpisodeID
	passage    int    // -1: the head
	generation uint64 // of the head: that of the episode's side table
	published  int64  // of the head: Unix seconds, 0 when unknown
}

const (
	headMark = "!" // no digit of base 36
	refMark  = "." // between the parts of a reference
)

func (r docRef) String() string {
	if r.passage < 0 {
		return refsOf(r.episode) + headMark + strconv.FormatUint(r.generation, 36) + refMark + strconv.FormatInt(r.published, 36)
	}
	return refsOf(r.episode) + strconv.FormatInt(int64(r.passage), 36)
}

// refsOf is what the references to all parts of an episode, and no others, begin with.
func refsOf(id models.EpisodeID) string { return string(id) + refMark }

func parseDocRef(s string) (docRef, error) {
	bad := fmt.Errorf("%q is not a reference to a passage", s)
	episode, part, ok := strings.Cut(s, refMark)
	if !ok {
		return docRef{}, bad
	}
	r := docRef{episode: models.EpisodeID(episode), passage: -1}
	var err error
	if generation, published, head := strings.Cut(part, refMark); head {
		var marked bool
		if generation, marked = strings.CutPrefix(generation, headMark); !marked {
			return docRef{}, bad
		}
		if r.generation, err = strconv.ParseUint(generation, 36, 64); err != nil {
			return docRef{}, bad
		}
		r.published, err = strconv.ParseInt(published, 36, 64)
	} else {
		var n uint64
		n, err = strconv.ParseUint(part, 36, 31)
		r.passage = int(n)
	}
	if err != nil {
		return docRef{}, bad
	}
	return r, nil
}

// built is an episode ready to be indexed.
type built struct {
	generation uint64
	table      []byte
	docs       []*document.Document
	kept       []string // ids of the documents that are in the index already, as they are to be
	words      int      // by which its memory is reckoned: those of docs, and few for what is kept
}

// keptWeight is how many words that are only in the side table take as much memory as one that is in a document as well.
const keptWeight = 16

// build makes the Bleve documents and the side table of an episode. there are the sums of the passages that the index has,
// by the ids of their documents: those that are the same are kept.
func (b *builder) build(d models.Document, generation uint64, there map[string]passageSum) (built, error) {
	if id := string(d.Episode.ID); id == "" || strings.Contains(id, refMark) {
		return built{}, fmt.Errorf("%q cannot be the id of an episode", id)
	}
	lang := language(d.Transcript.Language)
	if lang == unknownLanguage {
		lang = language(d.Show.Language)
	}
	published := int64(0) // also of the first second of 1970, which is what broken clocks and feeds give
	if !d.Episode.PublishedAt.IsZero() {
		published = d.Episode.PublishedAt.Unix()
	}
	t := &tableBuilder{ids: map[string]uint32{}, meta: tableMeta{
		Episode: d.Episode.ID, Show: d.Show.ID, Language: lang, PublishedAt: published,
	}}
	t.words, t.meta.Speakers = spokenWords(d.Transcript)
	t.addWords(b)
	t.passages = cutPassages(t.words, t.firstToken)
	t.titleTokens = t.number(b.an.lexemes(lang, d.Episode.Title))
	notes := plainText(d.Episode.Notes)
	t.notesTokens = t.number(b.an.lexemes(lang, notes))
	t.meta.IDs = len(t.terms)
	t.addSums()

	out := built{generation: generation, docs: make([]*document.Document, 0, len(t.passages)+1), words: len(t.words) / keptWeight}
	var err error
	if out.table, err = t.encode(); err != nil {
		return built{}, err
	}
	ref := docRef{episode: d.Episode.ID, generation: generation, passage: -1, published: published}
	head := t.headDocument(d, ref)
	head.AddField(b.an.entriesField(t, d, notes))
	if len(d.Rules) > 0 {
		head.AddField(rulesField(d.Rules))
	}
	out.docs = append(out.docs, head)
	for i, p := range t.passages {
		id := docRef{episode: d.Episode.ID, passage: i}.String()
		if sum, ok := there[id]; ok && sum == t.sums[i] {
			out.kept = append(out.kept, id)
			continue
		}
		out.docs = append(out.docs, t.passageDocument(id, p))
		out.words += p.tail - p.start
	}
	return out, nil
}

func (b *tableBuilder) headDocument(d models.Document, ref docRef) *document.Document {
	doc := document.NewDocument(ref.String())
	doc.AddField(b.textField(fieldTitle, b.titleTokens))
	doc.AddField(b.textField(fieldNotes, b.notesTokens))
	for name, value := range map[string]string{
		fieldShow: string(d.Show.ID), fieldTitleOf: cleanText(d.Show.Title), fieldLang: b.meta.Language,
	} {
		if value != "" {
			doc.AddField(keyword(name, value))
		}
	}
	return doc
}

func (b *tableBuilder) passageDocument(id string, p passage) *document.Document {
	doc := document.NewDocument(id)
	doc.AddField(b.textField(fieldText, b.tokensOf(p)))
	for _, name := range b.speakersOf(p) {
		doc.AddField(keyword(fieldSpeaker, name))
	}
	return doc
}

// tokensOf returns the tokens with which a passage is found.
func (b *tableBuilder) tokensOf(p passage) []uint32 {
	return b.tokens[b.firstToken[p.start]:b.firstToken[p.tail]]
}

// speakersOf returns who speaks in the core of a passage.
func (b *tableBuilder) speakersOf(p passage) (names []string) {
	seen := map[int]bool{0: true}
	for _, w := range b.words[p.start:p.end] {
		if !seen[w.speaker] {
			seen[w.speaker] = true
			names = append(names, b.meta.Speakers[w.speaker])
		}
	}
	return names
}

// rulesField says which rules changed words of an episode.
func rulesField(rules []int64) document.Field {
	terms := index.TokenFrequencies{}
	for _, id := range rules {
		f := &index.TokenFreq{}
		f.SetFrequency(1)
		terms[ruleTerm(id)] = f
	}
	return newTextField(fieldRule, terms, 1)
}

func ruleTerm(id int64) string { return strconv.FormatInt(id, 10) }

// passageSum stands for all that is in the document of a passage: the first half of a SHA-256.
type passageSum [sha256.Size / 2]byte

// addSums sums up the passages: everything that [tableBuilder.passageDocument] makes a document of.
func (b *tableBuilder) addSums() {
	var all []byte
	add := func(s string) { all = append(binary.AppendUvarint(all, uint64(len(s))), s...) }
	b.sums = make([]passageSum, len(b.passages))
	for i, p := range b.passages {
		all = all[:0]
		add(b.meta.Language)
		for _, name := range b.speakersOf(p) {
			add(name)
		}
		add("")
		for _, id := range b.tokensOf(p) {
			for _, term := range b.terms[id] {
				add(term)
			}
			add("")
		}
		sum := sha256.Sum256(all)
		copy(b.sums[i][:], sum[:])
	}
}
