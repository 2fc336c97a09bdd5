package search

import (
	"fmt"
	"sync"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/ar"
	"github.com/blevesearch/bleve/v2/analysis/lang/ckb"
	"github.com/blevesearch/bleve/v2/analysis/lang/da"
	"github.com/blevesearch/bleve/v2/analysis/lang/de"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fa"
	"github.com/blevesearch/bleve/v2/analysis/lang/fi"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/hi"
	"github.com/blevesearch/bleve/v2/analysis/lang/hr"
	"github.com/blevesearch/bleve/v2/analysis/lang/hu"
	"github.com/blevesearch/bleve/v2/analysis/lang/in"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/analysis/lang/nl"
	"github.com/blevesearch/bleve/v2/analysis/lang/no"
	"github.com/blevesearch/bleve/v2/analysis/lang/pl"
	"github.com/blevesearch/bleve/v2/analysis/lang/pt"
	"github.com/blevesearch/bleve/v2/analysis/lang/ro"
	"github.com/blevesearch/bleve/v2/analysis/lang/ru"
	"github.com/blevesearch/bleve/v2/analysis/lang/sv"
	"github.com/blevesearch/bleve/v2/analysis/lang/tr"
	"github.com/blevesearch/bleve/v2/analysis/token/apostrophe"
	"github.com/blevesearch/bleve/v2/registry"
)

// stemmerNames gives Bleve's token filters of each language, in the order of Bleve's own analyzers; lower case, elision
// and stop words are left out (the first two are done by tokens, for every language; no word is a stop word here).
func stemmerNames() map[string][]string {
	return map[string][]string{
		"ar":  {ar.NormalizeName, ar.StemmerName},
		"ckb": {ckb.NormalizeName, ckb.StemmerName},
		"da":  {da.SnowballStemmerName},
		"de":  {de.NormalizeName, de.LightStemmerName},
		"en":  {en.PossessiveName, en.SnowballStemmerName},
		"es":  {es.NormalizeName, es.LightStemmerName},
		"fa":  {ar.NormalizeName, fa.NormalizeName},
		"fi":  {fi.SnowballStemmerName},
		"fr":  {fr.LightStemmerName},
		"hi":  {in.NormalizeName, hi.NormalizeName, hi.StemmerName},
		"hr":  {hr.SuffixTransformationFilterName, hr.StemmerName},
		"hu":  {hu.SnowballStemmerName},
		"it":  {it.LightStemmerName},
		"nl":  {nl.SnowballStemmerName},
		"no":  {no.SnowballStemmerName},
		"pl":  {pl.SnowballStemmerName},
		"pt":  {pt.LightStemmerName},
		"ro":  {ro.SnowballStemmerName},
		"ru":  {ru.SnowballStemmerName},
		"sv":  {sv.SnowballStemmerName},
		"tr":  {apostrophe.Name, tr.SnowballStemmerName},
	}
}

// stemmer is Bleve's stemmer of a language. It is loaded when a word of that language is met: the Polish one reads its
// tables for longer than the opening of a small index takes.
type stemmer struct {
	names   []string
	once    sync.Once
	filters []analysis.TokenFilter
}

// stem returns the stem of a form; the form itself where the stemmer leaves nothing.
func (s *stemmer) stem(form string) string {
	s.once.Do(s.load)
	stream := analysis.TokenStream{{Term: []byte(form), Position: 1, Type: analysis.AlphaNumeric}}
	for _, f := range s.filters {
		stream = f.Filter(stream)
	}
	if len(stream) == 0 || len(stream[0].Term) == 0 {
		return form
	}
	return string(stream[0].Term)
}

// load panics where Bleve does not know one of its own names, which a test of all languages rules out.
func (s *stemmer) load() {
	cache := registry.NewCache()
	for _, name := range s.names {
		f, err := cache.TokenFilterNamed(name)
		if err != nil {
			panic(fmt.Sprintf("loading the stemmer %s: %v", name, err))
		}
		s.filters = append(s.filters, f)
	}
}
