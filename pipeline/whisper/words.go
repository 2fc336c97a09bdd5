package whisper

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// token is one text token of whisper's. Times are milliseconds from the start of the recording.
type token struct {
	text           []byte // a piece of UTF-8 that may begin or end inside a character
	startMS, endMS int64
	probability    float32
}

// tokenSegment is one of whisper's segments: what it says between two of its time stamps.
type tokenSegment struct{ tokens []token }

// Punctuation that belongs to the word before or after it; the sets are OpenAI's (openai/whisper, timing.py).
const (
	opening = `"'“¿([{-`
	closing = `"'.。,，!！?？:：”)]}、`
)

// unspaced are the languages that write words without spaces between them: there every character is taken for a word, as
// openai/whisper does.
func unspaced(language string) bool {
	switch language {
	case "zh", "ja", "th", "lo", "my", "yue":
		return true
	}
	return false
}

// segmentsFrom turns whisper's segments into the archive's: tokens joined to words, words kept out of silence and in order.
// speech holds the chunk's spans of speech in samples, in order.
func segmentsFrom(in []tokenSegment, language string, speech []span) []models.Segment {
	var out []models.Segment
	clock := int64(0) // no word begins before the one ahead of it
	for _, s := range in {
		words := joinPunctuation(splitWords(s.tokens, unspaced(language)))
		var kept []models.Word
		for _, w := range words {
			w.Text = clean(w.Text)
			if w.Text == "" {
				continue
			}
			snap(&w, speech)
			w.StartMS = max(w.StartMS, clock)
			w.EndMS = max(w.EndMS, w.StartMS)
			clock = w.StartMS
			kept = append(kept, w)
		}
		if len(kept) == 0 {
			continue
		}
		for i := range kept[:len(kept)-1] {
			kept[i].EndMS = min(kept[i].EndMS, max(kept[i+1].StartMS, kept[i].StartMS))
		}
		out = append(out, models.Segment{
			StartMS: kept[0].StartMS, EndMS: kept[len(kept)-1].EndMS,
			Text: segmentText(kept, unspaced(language)), Words: kept,
		})
	}
	return out
}

// segmentText is the words as one writes them.
func segmentText(words []models.Word, unspaced bool) string {
	sep := " "
	if unspaced {
		sep = ""
	}
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = w.Text
	}
	return strings.Join(parts, sep)
}

// splitWords joins tokens to words: a word begins at a token that begins with a space, or where the language has no spaces
// at every complete character.
func splitWords(tokens []token, everyCharacter bool) []models.Word {
	var (
		words   []models.Word
		pending []byte
		current models.Word
		n       int
	)
	flush := func() {
		if n == 0 {
			return
		}
		current.Text = strings.ToValidUTF8(string(pending), "")
		current.Probability /= float32(n)
		words = append(words, current)
		pending, current, n = nil, models.Word{}, 0
	}
	for _, t := range tokens {
		if len(t.text) == 0 {
			continue
		}
		if n > 0 && (t.text[0] == ' ' || everyCharacter && utf8.Valid(pending)) {
			flush()
		}
		if n == 0 {
			current.StartMS = t.startMS
		}
		pending = append(pending, t.text...)
		current.EndMS = max(t.endMS, current.StartMS)
		current.Probability += t.probability
		n++
	}
	flush()
	return words
}

// joinPunctuation puts punctuation that stands alone to the word that it belongs to.
func joinPunctuation(in []models.Word) []models.Word {
	out := make([]models.Word, 0, len(in))
	prefix := ""
	for i, w := range in {
		text := strings.TrimSpace(w.Text)
		switch {
		case text == "":
		case only(text, opening) && strings.HasPrefix(w.Text, " ") && i+1 < len(in):
			prefix += text
		case only(text, closing) && len(out) > 0 && prefix == "":
			out[len(out)-1].Text += text
		default:
			w.Text = prefix + text
			prefix = ""
			out = append(out, w)
		}
	}
	if prefix != "" && len(out) > 0 {
		out[len(out)-1].Text += prefix
	}
	return out
}

func only(s, set string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(set, r) }) < 0
}

// clean drops control characters, and words that are dashes, quotes or notes and nothing else.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) && r != '♪'
	}) < 0 {
		return ""
	}
	return strings.TrimSpace(s)
}

// snap moves a word out of silence: it cannot begin before somebody speaks, nor go on after.
func snap(w *models.Word, speech []span) {
	if len(speech) == 0 {
		return
	}
	start, end := w.StartMS*samplesMS, w.EndMS*samplesMS
	for i, s := range speech {
		if start >= s.end && i+1 < len(speech) {
			continue
		}
		switch {
		case start < s.start && i > 0 && end-s.start < start-speech[i-1].end && start-speech[i-1].end < s.start-start:
			// Nearer to the speech before, and hardly any of it in the speech after: it is that one's last word.
			start, end = max(speech[i-1].end-minWord, speech[i-1].start), speech[i-1].end
		case start < s.start:
			start = s.start
		case start >= s.end:
			start = max(s.end-minWord, s.start)
		}
		break
	}
	for _, s := range speech {
		if start < s.end {
			// A word may run over a short pause, but not on into a later span.
			end = min(max(end, start+minWord), max(s.end, start+minWord))
			break
		}
	}
	w.StartMS, w.EndMS = start/samplesMS, end/samplesMS
}

// minWord is the shortest time that a word is given, in samples: a bit under the length of "a".
const minWord = 60 * samplesMS
