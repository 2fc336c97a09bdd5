package search

import (
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
)

// lengthUnit is what the lengths of text fields are counted in, in terms: Bleve writes a length with every posting, in one byte
// where it is less than 128, and a passage has some 200 terms.
const lengthUnit = 4

// textField is a field of which the terms are counted already, so that the index and the side table can never disagree about
// what a word is, and nothing is analysed twice.
type textField struct {
	*document.TextField // without a value

	terms  index.TokenFrequencies
	length int // in terms
}

func newTextField(name string, terms index.TokenFrequencies, length int) *textField {
	return &textField{document.NewTextFieldCustom(name, nil, nil, index.IndexField, nil), terms, length}
}

// Analyze has nothing left to do.
func (f *textField) Analyze() {}

// AnalyzedLength returns the length in units of [lengthUnit], at least 1.
func (f *textField) AnalyzedLength() int { return max(1, (f.length+lengthUnit/2)/lengthUnit) }

// AnalyzedTokenFrequencies returns how often each term is there.
func (f *textField) AnalyzedTokenFrequencies() index.TokenFrequencies { return f.terms }

// textField counts the terms of tokens.
func (b *tableBuilder) textField(name string, tokens []uint32) document.Field {
	if len(b.often) < len(b.terms) {
		b.often = make([]int, len(b.terms))
	}
	distinct := make([]uint32, 0, len(tokens))
	room := 0
	for _, id := range tokens {
		if b.often[id]++; b.often[id] == 1 {
			distinct = append(distinct, id)
			room += len(b.terms[id])
		}
	}
	c := termCounter{terms: make(index.TokenFrequencies, room), spare: make([]index.TokenFreq, room)}
	for _, id := range distinct {
		for _, term := range b.terms[id] {
			c.add(term, b.often[id])
		}
		b.often[id] = 0
	}
	for i := 1; i < len(tokens); i++ {
		if pair := pairTerm(b.terms[tokens[i-1]][0], b.terms[tokens[i]][0]); pair != "" {
			c.add(pair, 1)
		}
	}
	return newTextField(name+b.meta.Language, c.terms, c.length)
}

// termCounter counts the terms of a field.
type termCounter struct {
	terms  index.TokenFrequencies
	length int               // of all terms
	spare  []index.TokenFreq // made at once, which costs less than one by one
}

func (c *termCounter) add(term string, often int) {
	c.length += often
	f := c.terms[term]
	if f == nil {
		if len(c.spare) == 0 {
			c.spare = make([]index.TokenFreq, 16)
		}
		f, c.spare = &c.spare[0], c.spare[1:]
		c.terms[term] = f
	}
	f.SetFrequency(f.Frequency() + often)
}

// keyword is a field that is one term, which is also its doc value.
func keyword(name, value string) document.Field {
	return document.NewTextFieldCustom(name, nil, []byte(value), index.IndexField|index.DocValues|index.SkipFreqNorm, nil)
}
