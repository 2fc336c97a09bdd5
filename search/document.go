package search

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/earshot/earshot/models"
)

// The fields of the index. Text fields have the language as a suffix.
const (
	fieldText    = "text."    // passages: what was said
	fieldTitle   = "title."   // heads: the title
	fieldNotes   = "notes."   // heads: the notes
	fieldEpisode = "episode"  // all documents: the episode's id
	fieldRef     = "ref"      // all documents: see [docRef]; with doc values
	fieldSpeaker = "speaker"  // passages: names of who speaks in the core; with doc values
	fieldShow    = "show"     // heads: the show's id; with doc values
	fieldTitleOf = "showname" // heads: the show's title; with doc values
	fieldLang    = "lang"     // heads: the language; with doc values
	fieldEntry   = "entry"    // heads: see [entry]
)

// mappingText describes everything that decides what is in an index. An index built from another description is rebuilt.
func mappingText() string {
	return fmt.Sprintf("fields 3; passages core %d ms, turn %d ms, %d words, tail %d; %d words of %d bytes; forms %d; "+
		"pairs of characters 1, parts of Hangul %d–%d of %d; %d names of %d words, starts %d; bm25; stemmers %v",
		maxCoreMS, turnAfterMS, maxCoreWords, tailTokens, maxWords, maxWordBytes, maxFormRunes,
		minHangulPart, maxHangulPart, maxHangulWord, maxNames, maxNameWords, maxNameStarts, stemmerNames())
}

// docRef says which part of which generation of an episode a Bleve document is. It is written as
// EPISODE.GENERATION.PASSAGE, where the passage is "!" and the time of publication for the head, the small document that
// holds title, notes and what is true of the whole episode.
type docRef struct {
	episode    models.EpisodeID
	generation uint64
	passage    int   // -1: the head
	published  int64 // of the head: Unix seconds, 0 when unknown
}

const headMark = "!" // no digit of base 36

func (r docRef) String() string {
	part := strconv.FormatInt(int64(r.passage), 36)
	if r.passage < 0 {
		part = headMark + strconv.FormatInt(r.published, 36)
	}
	return string(r.episode) + "." + strconv.FormatUint(r.generation, 36) + "." + part
}

func parseDocRef(s string) (docRef, error) {
	bad := fmt.Errorf("%q is not a reference to a passage", s)
	part := strings.Split(s, ".")
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
func (a *analyzer) build(d models.Document, generation uint64) (built, error) {
	lang := language(d.Transcript.Language)
	if lang == unknownLanguage {
		lang = language(d.Show.Language)
	}
	published := int64(0) // also of the first second of 1970, which is what broken clocks and feeds give
	if !d.Episode.PublishedAt.IsZero() {
		published = d.Episode.PublishedAt.Unix()
	}
	b := &tableBuilder{ids: map[string]uint32{}, meta: tableMeta{
		Episode: d.Episode.ID, Show: d.Show.ID, Language: lang, PublishedAt: published,
	}}
	b.words, b.meta.Speakers = spokenWords(d.Transcript)
	b.firstToken = make([]int, 1, len(b.words)+1)
	known := map[string][]uint32{} // most words are said again and again
	for _, w := range b.words {
		ids, ok := known[w.text]
		if !ok {
			ids = a.tokenIDs(b, w.text)
			known[w.text] = ids
		}
		b.tokens = append(b.tokens, ids...)
		b.firstToken = append(b.firstToken, len(b.tokens))
	}
	b.passages = cutPassages(b.words, b.firstToken)
	b.titleTokens = a.tokenIDs(b, d.Episode.Title)
	b.notesTokens = a.tokenIDs(b, plainText(d.Episode.Notes))
	b.meta.IDs = len(b.terms)

	out := built{generation: generation, docs: make([]*document.Document, 0, len(b.passages)+1), words: len(b.words)}
	var err error
	if out.table, err = b.encode(); err != nil {
		return built{}, err
	}
	ref := docRef{episode: d.Episode.ID, generation: generation, passage: -1, published: published}
	head := b.headDocument(d, ref)
	head.AddField(a.entriesField(b, d))
	out.docs = append(out.docs, head)
	for i := range b.passages {
		ref.passage = i
		out.docs = append(out.docs, b.passageDocument(ref))
	}
	return out, nil
}

// tokenIDs tokenises text and numbers the forms that are new.
func (a *analyzer) tokenIDs(b *tableBuilder, text string) []uint32 {
	forms := a.tokens(text)
	out := make([]uint32, len(forms))
	for i, form := range forms {
		id, ok := b.ids[form]
		if !ok {
			id = uint32(len(b.terms))
			b.ids[form] = id
			b.terms = append(b.terms, a.terms(b.meta.Language, form))
		}
		out[i] = id
	}
	return out
}

func (b *tableBuilder) headDocument(d models.Document, ref docRef) *document.Document {
	doc := document.NewDocument(string(ref.episode))
	doc.AddField(keyword(fieldEpisode, string(ref.episode), index.IndexField))
	doc.AddField(keyword(fieldRef, ref.String(), index.IndexField|index.DocValues))
	doc.AddField(b.textField(fieldTitle, b.titleTokens))
	doc.AddField(b.textField(fieldNotes, b.notesTokens))
	for name, value := range map[string]string{
		fieldShow: string(d.Show.ID), fieldTitleOf: cleanText(d.Show.Title), fieldLang: b.meta.Language,
	} {
		if value != "" {
			doc.AddField(keyword(name, value, index.IndexField|index.DocValues))
		}
	}
	return doc
}

func (b *tableBuilder) passageDocument(ref docRef) *document.Document {
	p := b.passages[ref.passage]
	doc := document.NewDocument(string(ref.episode) + "." + strconv.FormatInt(int64(ref.passage), 36))
	doc.AddField(keyword(fieldEpisode, string(ref.episode), index.IndexField))
	doc.AddField(keyword(fieldRef, ref.String(), index.IndexField|index.DocValues))
	doc.AddField(b.textField(fieldText, b.tokens[b.firstToken[p.start]:b.firstToken[p.tail]]))
	seen := map[int]bool{0: true}
	for _, w := range b.words[p.start:p.end] {
		if !seen[w.speaker] {
			seen[w.speaker] = true
			doc.AddField(keyword(fieldSpeaker, b.meta.Speakers[w.speaker], index.IndexField|index.DocValues))
		}
	}
	return doc
}

func keyword(name, value string, options index.FieldIndexingOptions) document.Field {
	return document.NewTextFieldCustom(name, nil, []byte(value), options|index.SkipFreqNorm, nil)
}

// textField gives Bleve the terms of tokens that are analysed already, so that the index and the side table can never
// disagree about what a word is.
func (b *tableBuilder) textField(name string, tokens []uint32) document.Field {
	stream := make(analysis.TokenStream, 0, len(tokens))
	for i, id := range tokens {
		for _, term := range b.terms[id] {
			stream = append(stream, &analysis.Token{Term: []byte(term), Position: i + 1, Type: analysis.AlphaNumeric})
		}
		if i+1 < len(tokens) {
			if pair := pairTerm(b.terms[id][0], b.terms[tokens[i+1]][0]); pair != "" {
				stream = append(stream, &analysis.Token{Term: []byte(pair), Position: i + 1, Type: analysis.AlphaNumeric})
			}
		}
	}
	return document.NewTextFieldCustom(name+b.meta.Language, nil, nil, index.IndexField, analysed(stream))
}

// analysed is an analyzer whose result is known.
type analysed analysis.TokenStream

// Analyze returns the tokens.
func (s analysed) Analyze([]byte) analysis.TokenStream { return analysis.TokenStream(s) }
