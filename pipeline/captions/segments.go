package captions

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// A segment is a few sentences of one speaker, so that it reads well and is never longer than what a decoder here gives.
const (
	longestMS    = 28_000
	longestRunes = 700
	enoughMS     = 10_000 // a segment ends with the sentence after this
	enoughRunes  = 220
	pauseMS      = 2_000 // a longer one ends a segment
	// wordsACue is up to how many words the cues of a file have on average where each word is a cue of its own, and fewCues how
	// many cues must at least say so.
	wordsACue = 1.5
	fewCues   = 10
)

// spoken is a word with who says it.
type spoken struct {
	models.Word

	speaker string
	fresh   bool // begins a paragraph
}

// segments makes segments of cues.
func segments(cues []cue) ([]models.Segment, models.Timing) {
	findTurns(cues)
	cues, timed := order(cues)
	glue := glueOf(cues)
	var words []spoken
	own := 0 // cues whose words have times of their own
	for _, c := range cues {
		w := c.words
		if len(w) == 0 || !timed {
			w = interpolate(c, glue)
		} else {
			own++
		}
		for i, word := range w {
			words = append(words, spoken{word, c.speaker, c.fresh && i == 0})
		}
	}
	timing := models.TimingNone
	switch {
	case timed && (own*2 > len(cues) || float64(len(words)) <= wordsACue*float64(len(cues)) && len(cues) >= fewCues):
		timing = models.TimingWords
	case timed:
		timing = models.TimingCues
	}
	var out []models.Segment
	for len(words) > 0 {
		n := take(words)
		out = append(out, segment(words[:n], glue))
		words = words[n:]
	}
	return out, timing
}

// take returns how many of the words make the next segment.
func take(words []spoken) int {
	runes := 0
	for i, w := range words {
		runes += utf8.RuneCountInString(w.Text) + 1
		length := w.EndMS - words[0].StartMS
		if i > 0 && (w.speaker != words[0].speaker || w.fresh || w.StartMS-words[i-1].EndMS >= pauseMS || length > longestMS || runes > longestRunes) {
			return i
		}
		if (length >= enoughMS || runes >= enoughRunes) && endsSentence(w.Text) {
			return i + 1
		}
	}
	return len(words)
}

func endsSentence(word string) bool {
	return strings.HasSuffix(strings.TrimRight(word, `"'”’»)]`), ".") || strings.ContainsAny(word, "?!。？！…")
}

func segment(words []spoken, glue string) models.Segment {
	s := models.Segment{StartMS: words[0].StartMS, Speaker: words[0].speaker, Words: make([]models.Word, len(words))}
	for i, w := range words {
		s.Words[i] = w.Word
		s.EndMS = max(s.EndMS, w.EndMS)
	}
	s.EndMS = max(s.EndMS, s.StartMS)
	s.Text = models.JoinWords(s.Words, glue)
	return s
}

// interpolate spreads the words of a cue over its time.
func interpolate(c cue, glue string) []models.Word {
	texts := split(c.text, glue)
	var sum, done int64
	for _, t := range texts {
		sum += int64(utf8.RuneCountInString(t)) + 1
	}
	start, end := max(c.startMS, 0), max(c.endMS, c.startMS, 0)
	out := make([]models.Word, len(texts))
	for i, t := range texts {
		out[i] = models.Word{StartMS: start + (end-start)*done/sum, Text: t, Probability: 1}
		done += int64(utf8.RuneCountInString(t)) + 1
		out[i].EndMS = start + (end-start)*done/sum
	}
	return out
}

// longestWord bounds a word in characters: longer ones, which nobody says, are cut.
const longestWord = 100

// split cuts a line into words; where words are written without spaces, into characters with the marks that follow them.
func split(text, glue string) []string {
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out, word = append(out, string(word)), word[:0]
		}
	}
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			end()
			continue
		case len(word) >= longestWord:
			end()
		case glue == "" && len(word) > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r)) && (isCJK(r) || isCJK(word[len(word)-1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return out
}

// isCJK reports whether r is of a script that is written without spaces, or a mark of it.
func isCJK(r rune) bool { return r >= 0x2E80 }

// glueOf returns what stands between words: a space, or nothing in Chinese and Japanese.
func glueOf(cues []cue) string {
	unspaced, letters := 0, 0
	for _, c := range cues {
		for _, r := range c.text {
			if unicode.IsLetter(r) {
				letters++
			}
			if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) {
				unspaced++
			}
		}
	}
	if unspaced*2 > letters {
		return ""
	}
	return " "
}
