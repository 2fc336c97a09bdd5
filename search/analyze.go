package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/segment"
	"golang.org/x/text/unicode/norm"
)

const (
	// unknownLanguage is the field suffix of text whose language is not known or not named by two or three letters.
	unknownLanguage = "xx"
	// stemMark begins every index term that is a stem and not the word itself, so that prefixes and phrases, which are
	// about words as they are written, never meet stems.
	stemMark = "\x01"
	// accentMark begins the keys of side tables that are a form whose plain form differs.
	accentMark = "\x02"
	// maxFormRunes bounds one token; the rest of a longer one is ignored, in transcripts and in queries alike.
	maxFormRunes = 64
)

// analyzer turns text into tokens and tokens into index terms.
//
// A token's form is the word in lower case after NFKC; its plain form has the accents folded as well. A token is indexed
// under its plain form, and, where they differ from it, under the stems of its form and of its plain form, each marked
// with [stemMark]. Stemming after folding lets a word typed without accents find the accented one and the other way round.
type analyzer struct {
	stemmers map[string]*stemmer // by language; nil: no stemmer
	slips    slipBuilders
}

func newAnalyzer() (*analyzer, error) {
	slips, err := newSlipBuilders()
	if err != nil {
		return nil, err
	}
	a := &analyzer{stemmers: map[string]*stemmer{}, slips: slips}
	for lang, names := range stemmerNames() {
		a.stemmers[lang] = &stemmer{names: names}
	}
	return a, nil
}

// language returns the field suffix for a language as whisper or a publisher names it ("en", "en-US", "nb").
func language(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	base, _, _ = strings.Cut(base, "_")
	if base == "nb" || base == "nn" {
		return "no"
	}
	if len(base) < 2 || len(base) > 3 || strings.IndexFunc(base, func(r rune) bool { return r < 'a' || r > 'z' }) >= 0 {
		return unknownLanguage
	}
	return base
}

// tokens returns the forms of the words of text by the word boundaries of UAX #29, in lower case after NFKC. Han and kana
// give one token a character, see cjk.go. Articles that are joined by an apostrophe (l'avion, dell'arte) are
// tokens of their own, whatever the language.
func (a *analyzer) tokens(text string) []string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, " ")
	}
	var out []string
	// UAX #29 keeps a:b together, for Swedish; nobody who speaks says a colon.
	text = strings.ReplaceAll(norm.NFKC.String(text), ":", " ")
	seg := segment.NewWordSegmenterDirect([]byte(text))
	for seg.Segment() {
		word := string(seg.Bytes())
		if seg.Type() == segment.None && !isWord(word) {
			continue
		}
		for _, part := range splitScripts(strings.ToLower(strings.Map(plainApostrophe, word))) {
			out = appendForms(out, part)
		}
	}
	return out
}

// isWord reports whether a segment that the segmenter does not class consists of letters all the same: Thai, Lao and
// other scripts that UAX #29 leaves to dictionaries.
func isWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

func plainApostrophe(r rune) rune {
	if r == '’' || r == 'ʼ' || r == '‘' {
		return '\''
	}
	return r
}

func appendForms(out []string, form string) []string {
	if head, rest, ok := strings.Cut(form, "'"); ok && rest != "" {
		switch head {
		case "l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu",
			"un", "dell", "all", "nell", "sull", "dall", "quell", "coll":
			return appendForms(append(out, head), rest)
		}
	}
	if utf8.RuneCountInString(form) > maxFormRunes {
		form = string([]rune(form)[:maxFormRunes])
	}
	return append(out, form)
}

// fold removes accents and the like from a form: é → e, ø → o, ß → ss. Marks that are part of a script's spelling
// (Devanagari vowels, kana voicing) stay.
func fold(form string) string {
	if isASCII(form) {
		return form
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(form) {
		switch {
		case r >= 0x0300 && r <= 0x036F, r >= 0x0591 && r <= 0x05C7, r >= 0x064B && r <= 0x065F, r == 0x0670:
		case r == 'ß':
			b.WriteString("ss")
		case r == 'ø':
			b.WriteByte('o')
		case r == 'æ':
			b.WriteString("ae")
		case r == 'œ':
			b.WriteString("oe")
		case r == 'ł':
			b.WriteByte('l')
		case r == 'đ', r == 'ð':
			b.WriteByte('d')
		case r == 'þ':
			b.WriteString("th")
		case r == 'ı':
			b.WriteByte('i')
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

func foldAll(forms []string) []string {
	out := make([]string, len(forms))
	for i, f := range forms {
		out[i] = fold(f)
	}
	return out
}

// plain returns the plain forms of the words of text.
func (a *analyzer) plain(text string) []string { return foldAll(a.tokens(text)) }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// stem returns the stem of a form in a language; the form itself where there is no stemmer.
func (a *analyzer) stem(lang, form string) string {
	if s := a.stemmers[lang]; s != nil {
		return s.stem(form)
	}
	return form
}

// terms returns the index terms of a form, the plain form first.
func (a *analyzer) terms(lang, form string) []string {
	plain := fold(form)
	out := []string{plain}
	for _, part := range hangulParts(plain) {
		out = append(out, stemMark+part)
	}
	if a.stemmers[lang] == nil {
		return out
	}
	s := a.stem(lang, form)
	if s != plain {
		out = append(out, stemMark+s)
	}
	if plain != form {
		if p := a.stem(lang, plain); p != plain && p != s {
			out = append(out, stemMark+p)
		}
	}
	return out
}

// wordTerms returns the index terms under which the spoken variants of a typed word are found in a language: the same
// word, the same stem, with and without accents; in Korean, words that have it within them.
func (a *analyzer) wordTerms(lang, form string) []string {
	plain := fold(form)
	out := []string{plain}
	if isHangulPart(plain) {
		out = append(out, stemMark+plain)
	}
	if a.stemmers[lang] == nil {
		return out
	}
	for _, s := range []string{a.stem(lang, form), a.stem(lang, plain)} {
		for _, t := range []string{s, stemMark + s} {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// asTyped returns the weight of the plain form of a typed word, so that it counts 1 + typedWeight in all: where its stem
// differs, the same spoken words are found by the stem as well, with a weight of 1.
func (a *analyzer) asTyped(lang, plain string) float64 {
	if len(a.terms(lang, plain)) > 1 {
		return typedWeight
	}
	return 1 + typedWeight
}
