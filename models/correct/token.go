package correct

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// token is a word on its way through the layer.
type token struct {
	models.Word
	segment  int    // number of the segment that it was in
	glue     string // between the word before it, in its segment, and it
	speaker  string
	doubtful bool
	begins   bool // a segment
	cut      bool // words before it are private: what is left and right of that does not belong together
	// from and to are the words before rules that it stands for, in [models.Word] order; set by rules alone.
	from, to int
}

// text is a transcript as words.
type text struct {
	source  []models.Segment
	tokens  []token
	touched []bool // by segment of source: it is not as it was
	glue    string // between words, as the transcript mostly has it
}

// newText takes a transcript apart. Segments without words get such as share its time by their lengths.
func newText(segments []models.Segment) *text {
	t := &text{source: segments, touched: make([]bool, len(segments)), glue: " "}
	room := 0
	for _, g := range segments {
		room += len(g.Words)
	}
	t.tokens = make([]token, 0, room)
	spaced, joined := 0, 0
	for i, g := range segments {
		words := g.Words
		if len(words) == 0 {
			words = spread(strings.Fields(g.Text), models.Span{StartMS: g.StartMS, EndMS: g.EndMS})
		}
		at := 0
		for k, w := range words {
			glue := " "
			if n := strings.Index(g.Text[at:], w.Text); n >= 0 {
				glue = g.Text[at : at+n]
				at += n + len(w.Text)
			}
			if k > 0 && glue == "" {
				joined++
			} else if k > 0 {
				spaced++
			}
			t.tokens = append(t.tokens, token{Word: w, segment: i, glue: glue, speaker: g.Speaker, doubtful: g.Doubtful, begins: k == 0})
		}
	}
	if joined > spaced {
		t.glue = ""
	}
	return t
}

// clone is a copy that changes by itself.
func (t *text) clone() *text {
	return &text{source: t.source, tokens: slices.Clone(t.tokens), touched: slices.Clone(t.touched), glue: t.glue}
}

// spread gives words the time of a stretch by their lengths.
func spread(words []string, in models.Span) []models.Word {
	total := 0
	for _, w := range words {
		total += utf8.RuneCountInString(w)
	}
	out := make([]models.Word, len(words))
	done := 0
	at := func() int64 { return in.StartMS + (in.EndMS-in.StartMS)*int64(done)/int64(max(1, total)) }
	for i, w := range words {
		out[i] = models.Word{Text: w, StartMS: at()}
		done += utf8.RuneCountInString(w)
		out[i].EndMS = at()
	}
	return out
}

// replace puts words in the place of the tokens [from, to), of which there is one at least. They are in the segment of the first one.
func (t *text) replace(from, to int, words []models.Word) {
	for _, k := range t.tokens[from:to] {
		t.touched[k.segment] = true
	}
	// A segment whose beginning is replaced begins with what follows.
	broken := slices.ContainsFunc(t.tokens[from+1:to], func(k token) bool { return k.begins })
	first := t.tokens[from]
	made := make([]token, len(words))
	for i, w := range words {
		k := first
		k.Word, k.from, k.to = w, 0, 0
		if i > 0 {
			k.glue, k.begins, k.cut = t.glue, false, false
		}
		made[i] = k
	}
	if len(words) == 0 {
		broken = broken || first.begins
	}
	if to < len(t.tokens) {
		next := &t.tokens[to]
		if broken && !next.begins {
			next.begins = true
			t.touched[next.segment] = true
		}
		next.cut = next.cut || len(words) == 0 && first.cut
	}
	t.tokens = slices.Replace(t.tokens, from, to, made...)
}

// at returns the number of the first token that begins at a time or later.
func (t *text) at(ms int64) int {
	i, _ := slices.BinarySearchFunc(t.tokens, ms, func(k token, ms int64) int { return cmp.Compare(k.StartMS, ms) })
	return i
}

// said writes the tokens [from, to) as text.
func (t *text) said(from, to int) string {
	var b strings.Builder
	for i, k := range t.tokens[from:to] {
		if i > 0 {
			b.WriteString(cmp.Or(k.between(), t.glue))
		}
		b.WriteString(k.Text)
	}
	return b.String()
}

// between is what stands before a token that has another one before it: segments are apart.
func (k token) between() string {
	if k.begins {
		return " "
	}
	return k.glue
}

// span is the time of the tokens [from, to), of which there is one at least.
func (t *text) span(from, to int) models.Span {
	return models.Span{StartMS: t.tokens[from].StartMS, EndMS: max(t.tokens[to-1].EndMS, t.tokens[from].StartMS+1)}
}

// before and after are what is said around a place, so many words of it.
func (t *text) before(i, words int) string { return tail(t.said(max(0, i-words), i)) }
func (t *text) after(i, words int) string {
	return head(t.said(i, min(len(t.tokens), i+words)))
}

// head and tail cut a text to what is kept of the words around a place.
func head(s string) string {
	if len(s) > models.MaxEditContext {
		s = strings.ToValidUTF8(s[:models.MaxEditContext], "")
	}
	return s
}

func tail(s string) string {
	if len(s) > models.MaxEditContext {
		s = strings.ToValidUTF8(s[len(s)-models.MaxEditContext:], "")
	}
	return s
}

// segments puts the transcript together again.
func (t *text) segments() []models.Segment {
	out := make([]models.Segment, 0, len(t.source))
	wordless := 0 // number of the next segment of source that may have had no words at all
	keep := func(before int) {
		for ; wordless < before; wordless++ {
			if g := t.source[wordless]; len(g.Words) == 0 && strings.TrimSpace(g.Text) == "" {
				out = append(out, g)
			}
		}
	}
	for from := 0; from < len(t.tokens); {
		to := from + 1
		for to < len(t.tokens) && !t.tokens[to].begins {
			to++
		}
		keep(t.tokens[from].segment)
		out = append(out, t.segment(from, to))
		from = to
	}
	keep(len(t.source))
	return out
}

// segment makes a segment of the tokens [from, to).
func (t *text) segment(from, to int) models.Segment {
	first := t.tokens[from]
	if !t.touched[first.segment] {
		return t.source[first.segment]
	}
	g := models.Segment{Speaker: first.speaker, Words: make([]models.Word, 0, to-from), Text: t.said(from, to)}
	g.StartMS, g.EndMS = first.StartMS, first.EndMS
	for _, k := range t.tokens[from:to] {
		g.Words = append(g.Words, k.Word)
		g.EndMS = max(g.EndMS, k.EndMS)
		g.Doubtful = g.Doubtful || k.doubtful && k.By != models.ByEdit
	}
	return g
}
