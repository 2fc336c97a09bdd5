package search

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2/document"

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
)

// mappingText describes everything that decides what is in an index. An index built from another description is rebuilt.
func mappingText() string {
	return fmt.Sprintf("fields 4; passages core %d ms, turn %d ms, %d words, tail %d; %d words of %d bytes; forms %d; "+
		"pairs of characters 1, parts of Hangul %d–%d of %d; %d names of %d words, starts %d; bm25; stemmers %v",
		maxCoreMS, turnAfterMS, maxCoreWords, tailTokens, maxWords, maxWordBytes, maxFormRunes,
		minHangulPart, maxHangulPart, maxHangulWord, maxNames, maxNameWords, maxNameStarts, stemmerNames())
}

// docRef says which part of which generation of an episode a Bleve document is. It is the document's id, written as
// EPISODE.GENERATION.PASSAGE, where the passage is "!" and the time of publication for the head, the small document that
// holds title, notes and what is true of the whole episode.
type docRef struct {
	episode    models.EpisodeID
	generation uint64
	passage    int   // -1: the head
	published  int64 // of the head: Unix seconds, 0 when unknown
}

const (
	headMark = "!" // no digit of base 36
	refMark  = "." // between the parts of a reference
)

func (r docRef) String() string {
	part := strconv.FormatInt(int64(r.passage), 36)
	if r.passage < 0 {
		part = headMark + strconv.FormatInt(r.published, 36)
	}
	return refsOf(r.episode) + strconv.FormatUint(r.generation, 36) + refMark + part
}

// refsOf is what the references to all parts of an episode, and no others, begin with.
func refsOf(id models.EpisodeID) string { return string(id) + refMark }

func parseDocRef(s string) (docRef, error) {
	bad := fmt.Errorf("%q is not a reference to a passage", s)
	part := strings.Split(s, refMark)
	if len(part) != 3 || part[2] == "" {
		return docRef{}, bad
	}
	r := docRef{episode: models.EpisodeID(part[0]), passage: -1}
	var err error
	if r.generation, err = strconv.ParseUint(part[1], 36, 64); err != nil {
		return docRef{}, bad
	}
	if published, ok := strings.CutPrefix(part[2], headMark); ok {
		r.published, err = strconv.ParseInt(published, 36, 64)
	} else {
		var n int64
		n, err = strconv.ParseInt(part[2], 36, 32)
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
	words      int
}

// build makes the Bleve documents and the side table of an episode.
func (b *builder) build(d models.Document, generation uint64) (built, error) {
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
	t.notesTokens = t.number(b.an.lexemes(lang, plainText(d.Episode.Notes)))
	t.meta.IDs = len(t.terms)

	out := built{generation: generation, docs: make([]*document.Document, 0, len(t.passages)+1), words: len(t.words)}
	var err error
	if out.table, err = t.encode(); err != nil {
		return built{}, err
	}
	ref := docRef{episode: d.Episode.ID, generation: generation, passage: -1, published: published}
	head := t.headDocument(d, ref)
	head.AddField(b.an.entriesField(t, d))
	out.docs = append(out.docs, head)
	for i := range t.passages {
		ref.passage = i
		out.docs = append(out.docs, t.passageDocument(ref))
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

func (b *tableBuilder) passageDocument(ref docRef) *document.Document {
	p := b.passages[ref.passage]
	doc := document.NewDocument(ref.String())
	doc.AddField(b.textField(fieldText, b.tokens[b.firstToken[p.start]:b.firstToken[p.tail]]))
	seen := map[int]bool{0: true}
	for _, w := range b.words[p.start:p.end] {
		if !seen[w.speaker] {
			seen[w.speaker] = true
			doc.AddField(keyword(fieldSpeaker, b.meta.Speakers[w.speaker]))
		}
	}
	return doc
}
