package search

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// The shape of a passage. Lengths are milliseconds unless they say otherwise.
const (
	maxCoreMS    = 60_000 // a core is at most this long
	turnAfterMS  = 15_000 // a new speaker ends a core that is at least this long; other cuts do not come earlier either
	maxCoreWords = 400    // guards against transcripts without usable times
	tailTokens   = 8      // tokens that follow the core and are searched with it

	maxWords     = 4_000_000 // words of one episode that are searchable; more than 300 hours of speech
	maxWordBytes = 512       // of one word's text
)

// spoken is one word of an episode as it is indexed and shown.
type spoken struct {
	text       string
	start, end uint32 // ms
	speaker    int    // index of the speaker's name; 0 is nobody known
	first      bool   // first word of its segment
}

// passage is a stretch of an episode that is one Bleve document. All fields are word numbers: the core is [start, end),
// the tail [end, tail). A match belongs to the passage whose core holds its first word.
type passage struct{ start, end, tail int }

// spokenWords flattens a transcript. Segments without word times (publishers' transcripts) get times in proportion to the
// words' lengths. speakers[0] is "".
func spokenWords(t models.Transcript) (words []spoken, speakers []string) {
	speakers = []string{""}
	number := map[string]int{"": 0}
	size := 0
	for _, s := range t.Segments {
		size += len(s.Words)
	}
	words = make([]spoken, 0, min(size, maxWords))
	for _, s := range t.Segments {
		name := strings.TrimSpace(cleanText(s.Speaker))
		n, ok := number[name]
		if !ok {
			n = len(speakers)
			number[name] = n
			speakers = append(speakers, name)
		}
		list := s.Words
		if len(list) == 0 {
			list = timedWords(s)
		}
		first := true
		for _, w := range list {
			text := cleanText(w.Text)
			if text == "" {
				continue
			}
			if len(words) == maxWords {
				return words, speakers
			}
			start := clampMS(w.StartMS)
			words = append(words, spoken{text: text, start: start, end: max(start, clampMS(w.EndMS)), speaker: n, first: first})
			first = false
		}
	}
	return words, speakers
}

func timedWords(s models.Segment) []models.Word {
	fields := strings.Fields(s.Text)
	total := 0
	for _, f := range fields {
		total += utf8.RuneCountInString(f) + 1
	}
	out := make([]models.Word, 0, len(fields))
	at, length := 0, max(0, s.EndMS-s.StartMS)
	for _, f := range fields {
		start := s.StartMS + length*int64(at)/int64(total)
		at += utf8.RuneCountInString(f) + 1
		out = append(out, models.Word{StartMS: start, EndMS: s.StartMS + length*int64(at)/int64(total), Text: f})
	}
	return out
}

func clampMS(v int64) uint32 { return uint32(min(max(v, 0), math.MaxUint32)) }

// cleanText makes text from outside safe to store and show: valid UTF-8, no control characters, bounded length.
func cleanText(s string) string {
	if len(s) > maxWordBytes {
		s = s[:maxWordBytes]
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII }) {
		return s // nearly always
	}
	s = strings.ToValidUTF8(s, "")
	if strings.IndexFunc(s, unicode.IsControl) >= 0 {
		s = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}

// cutPassages cuts an episode: where the speaker changes once a core is long enough, else at the last end of a segment
// within the limit, else at the longest pause. firstToken[i] is the number of tokens before word i; it has one more entry
// than words.
func cutPassages(words []spoken, firstToken []int) []passage {
	var out []passage
	for start := 0; start < len(words); {
		end := coreEnd(words, start)
		tail := end
		for tail < len(words) && firstToken[tail]-firstToken[end] < tailTokens {
			tail++
		}
		out = append(out, passage{start, end, tail})
		start = end
	}
	return out
}

func coreEnd(words []spoken, start int) int {
	begin := words[start].start
	segment, pause, pauseMS := 0, 0, uint32(0)
	for i := start + 1; i < len(words); i++ {
		late := since(begin, words[i].start) >= turnAfterMS
		if late && words[i].speaker != words[i-1].speaker {
			return i
		}
		if late && words[i].first {
			segment = i
		}
		if gap := since(words[i-1].end, words[i].start); late && gap >= pauseMS {
			pause, pauseMS = i, gap
		}
		if since(begin, words[i].end) > maxCoreMS || i-start >= maxCoreWords {
			switch {
			case segment > 0:
				return segment
			case pause > 0:
				return pause
			}
			return i
		}
	}
	return len(words)
}

// since is the time from a to b, 0 when b is earlier.
func since(a, b uint32) uint32 {
	if b < a {
		return 0
	}
	return b - a
}

// Passage is a stretch of speech as it is indexed: what another engine has to be given to be compared with this one.
type Passage struct {
	StartMS  int64
	Speakers []string // who speaks in the core
	Text     string   // core and tail
}

// Passages cuts a transcript as the index does.
func Passages(t models.Transcript) []Passage {
	an := &analyzer{} // where words end does not depend on stemmers
	words, speakers := spokenWords(t)
	firstToken := make([]int, 1, len(words)+1)
	for i, w := range words {
		firstToken = append(firstToken, firstToken[i]+len(an.tokens(w.text)))
	}
	cut := cutPassages(words, firstToken)
	out := make([]Passage, 0, len(cut))
	for _, p := range cut {
		one := Passage{StartMS: int64(words[p.start].start)}
		texts := make([]string, 0, p.tail-p.start)
		for i, w := range words[p.start:p.tail] {
			texts = append(texts, w.text)
			if name := speakers[w.speaker]; p.start+i < p.end && name != "" && !slices.Contains(one.Speakers, name) {
				one.Speakers = append(one.Speakers, name)
			}
		}
		one.Text = strings.Join(texts, " ")
		out = append(out, one)
	}
	return out
}
