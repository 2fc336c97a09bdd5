package whisper

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// token is one text token of whisper's.
type token struct {
	text        []byte // a piece of UTF-8 that may begin or end inside a character
	startMS     int64  // by alignment, from the start of the recording
	endMS       int64
	probability float32
}

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

// segmentsFrom turns a chunk's tokens into segments: tokens joined to words, words moved to where their sound sets in, kept out
// of silence and in order, and cut where one pauses for breath. speech holds the chunk's spans of speech in samples, in order.
func segmentsFrom(tokens []token, language string, speech []span, sound loudness) []models.Segment {
	for i := range tokens {
		tokens[i].startMS = afterPause(tokens[i], speech)
	}
	var words []models.Word
	for _, w := range joinPunctuation(splitWords(tokens, unspaced(language))) {
		if w.Text = clean(w.Text); w.Text != "" {
			w.StartMS = sound.onset(w.StartMS)
			words = append(words, w)
		}
	}
	place(words, speech)
	glue := " "
	if unspaced(language) {
		glue = ""
	}
	var out []models.Segment
	for len(words) > 0 {
		n := segmentLength(words)
		out = append(out, models.Segment{
			StartMS: words[0].StartMS, EndMS: words[n-1].EndMS, Text: models.JoinWords(words[:n], glue), Words: words[:n:n],
		})
		words = words[n:]
	}
	return out
}

const (
	breath         = 700    // ms of silence that end a segment
	shortSentence  = 2_000  // ms: a shorter sentence stays with the next one
	clauseSegment  = 8_000  // ms from which on a clause ends a segment
	longestSegment = 15_000 // ms from which on any word does
	abbreviation   = 3      // letters: "Dr.", "D.", "St." end no sentence
)

// segmentLength is how many of the words make the next segment.
func segmentLength(words []models.Word) int {
	for i := 0; i+1 < len(words); i++ {
		lasts := words[i].EndMS - words[0].StartMS
		text := strings.TrimRight(words[i].Text, `"'”’)]}»`)
		switch {
		case words[i+1].StartMS-words[i].EndMS >= breath,
			lasts >= shortSentence && endsSentence(text),
			lasts >= clauseSegment && strings.HasSuffix(text, ","),
			lasts >= longestSegment:
			return i + 1
		}
	}
	return len(words)
}

func endsSentence(word string) bool {
	last, _ := utf8.DecodeLastRuneInString(word)
	if last == '.' {
		first, _ := utf8.DecodeRuneInString(word)
		return !unicode.IsUpper(first) || utf8.RuneCountInString(word)-1 > abbreviation
	}
	return strings.ContainsRune("?!。？！…", last)
}

// segmentsAfter drops the words that begin before ms, and what has no words then. Chunks of an earlier attempt end where
// these begin, unless another version of the program made it: then words that are stored must not come twice.
func segmentsAfter(in []models.Segment, ms int64) []models.Segment {
	out := in[:0]
	for _, s := range in {
		n := 0
		for n < len(s.Words) && s.Words[n].StartMS < ms {
			n++
		}
		switch {
		case n == 0:
			out = append(out, s)
		case n < len(s.Words):
			out = append(out, s.Part(n, len(s.Words)))
		}
	}
	return out
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

const (
	minWord    = 60 * samplesMS   // the shortest time that a word is given: a bit under the length of "a"
	maxWord    = 1500 * samplesMS // the longest, before a pause that the VAD did not hear
	lastSounds = 250 * samplesMS  // how far before a pause a word may seem to begin that is said after it
	firstWord  = 500 * samplesMS  // how far into a span its first word may seem to begin
)

// place gives the words their times. Aligned starts are good to some 40 ms within speech and weakest at pauses,
// where the VAD knows better: no word begins in silence, and speech begins with a word. A word ends where the next one
// begins, or with its span.
func place(words []models.Word, speech []span) {
	last := int64(-1) // start of the word before
	for i := range words {
		w := &words[i]
		start := max(intoSpeech(w.StartMS*samplesMS, last, speech), last)
		w.StartMS, last = start/samplesMS, start
	}
	for i := 0; i < len(words); {
		// Words that the alignment puts at the same moment share the time up to the next one.
		n := i + 1
		for n < len(words) && words[n].StartMS == words[i].StartMS {
			n++
		}
		start := words[i].StartMS
		end := endOfSpeech(start*samplesMS, int64(n-i)*maxWord, speech) / samplesMS
		if n < len(words) {
			end = min(end, words[n].StartMS)
		}
		for k := range words[i:n] {
			w := &words[i+k]
			w.StartMS = start + (end-start)*int64(k)/int64(n-i)
			w.EndMS = start + (end-start)*int64(k+1)/int64(n-i)
		}
		i = n
	}
}

// endOfSpeech is where a word that starts at start ends when no other one follows: with its span, or after the longest time
// that it may take.
func endOfSpeech(start, longest int64, speech []span) int64 {
	for _, s := range speech {
		if start < s.end {
			return max(min(start+longest, s.end), start+minWord)
		}
	}
	return start + minWord
}

// afterPause is where a token begins that seems to begin before a pause and to end after it: nobody is silent within a word, and
// the decoder turns to the next word as soon as one is over.
func afterPause(t token, speech []span) int64 {
	start := t.startMS
	for _, s := range speech {
		if from := s.start / samplesMS; start < from && from < t.endMS {
			start = from
		}
	}
	return start
}

// intoSpeech moves the start of a word out of silence, and leaves room for the word before its span ends; last is where the
// word before it starts.
func intoSpeech(start, last int64, speech []span) int64 {
	for i, s := range speech {
		if start >= s.end && i+1 < len(speech) {
			continue
		}
		switch {
		case start < s.start && i > 0 && start-speech[i-1].end < s.start-start && start-speech[i-1].end < lastSounds:
			s = speech[i-1] // hardly after that speech: it is its last word
		case start < s.start, last < s.start && start-s.start < firstWord:
			start = s.start
		}
		return min(start, max(s.end-minWord, s.start))
	}
	return start
}
