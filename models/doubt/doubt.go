// Package doubt finds the passages of a transcript that somebody should listen to, and says how much that is worth.
//
// What is looked for:
//
//	decoder  segments whose result looked bad to the decoder, even after a second try
//	loop     the same words at least three times in a row, six words or more
//	name     a word of little probability, said once or twice, that sounds like a known name
//	gap      a word of more than three seconds, or a segment with more or fewer words a second than people say
//	edit     a change that somebody made and whose place was not found
//
// What is not: words that were heard wrong with certainty, what was not heard at all within a segment, and names that nobody has
// told and no feed names. Nothing is found in words that a person wrote, in passages that are kept from everybody, and, of
// transcripts whose words have no times of their own, by time.
//
// How much a passage is worth is the number of words that a minute of listening would set right, about: the words of it that are
// expected to be wrong, for each minute that listening to it takes with [turnMS] to find one's way. How many are expected to be wrong
// is declared below for each kind, but for what the decoder doubts, where its own probabilities of the words say it.
package doubt

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/earshot/earshot/models"
)

// What is declared; see the package.
const (
	turnMS = 6000 // what a passage takes beside its length, in ms: some words before it, and a decision

	leastWrongShare = 0.15 // of the words of a segment that the decoder doubts
	loopWrongShare  = 0.8  // of the words of a loop, beside the first time
	nameWrong       = 0.35 // how often a word that sounds like a name is that name
	nameWeight      = 3    // a wrong name is worth three words: it is what people search for
	gapWrongShare   = 0.4  // of the words that would fill a gap, or of those that are said too fast
	usualRate       = 2.5  // words a second

	longestWordMS = 3000
	fastest       = 7.0 // words a second of a segment,
	slowest       = 0.4
	leastRatedMS  = 1500 // of this length or more,
	leastSlowMS   = 8000 // and for the slowest of this one

	unsure       = 0.5 // probability of a word that may be a name
	mostSaid     = 2   // times in a transcript
	leastLetters = 4
	leastRepeats = 3
	leastLooped  = 6 // words
	longestLoop  = 12

	mostOfKind = 200   // of a transcript, the most worth first
	mostFound  = 2_000 // that are compared: more is no speech
)

// Find returns the passages of a transcript that are in doubt, in order of time. like names the known name that a word sounds like, ""
// for none, and may be nil.
func Find(c models.Corrected, like func(word string) string) []models.Review {
	f := finding{c: c, like: like}
	f.unfit()
	f.loops()
	f.segments()
	f.names()
	var out []models.Review
	for _, kind := range []models.Doubt{models.DoubtEdit, models.DoubtLoop, models.DoubtDecoder, models.DoubtGap, models.DoubtName} {
		of := slices.DeleteFunc(slices.Clone(f.found), func(r models.Review) bool { return r.Doubt != kind })
		slices.SortStableFunc(of, func(a, b models.Review) int { return cmp.Compare(b.Worth, a.Worth) })
		out = append(out, of[:min(len(of), mostOfKind)]...)
	}
	slices.SortStableFunc(out, func(a, b models.Review) int { return cmp.Compare(a.StartMS, b.StartMS) })
	return out
}

type finding struct {
	c     models.Corrected
	like  func(string) string
	found []models.Review
}

// add notes a passage with the number of its words that are expected to be wrong, unless it is kept from everybody, or in doubt
// already for a reason that says more.
func (f *finding) add(r models.Review, wrong float64) {
	meets := func(s models.Span) bool { return s.Meets(r.Span) }
	if len(f.found) == mostFound || slices.ContainsFunc(f.c.Private, meets) || slices.ContainsFunc(f.found, func(o models.Review) bool { return o.Doubt != models.DoubtEdit && meets(o.Span) }) {
		return
	}
	r.EpisodeID = f.c.EpisodeID
	r.Worth = wrong * 60_000 / float64(r.EndMS-r.StartMS+turnMS)
	f.found = append(f.found, r)
}

// unfit adds the changes whose place was not found: somebody has said already what is right.
func (f *finding) unfit() {
	for _, e := range f.c.Unfit() {
		if e.Before == "" { // kept from everybody
			continue
		}
		r := models.Review{Doubt: models.DoubtEdit, Span: e.Span, Text: e.Before, Like: e.After}
		r.EndMS = max(r.EndMS, r.StartMS+1)
		f.add(r, float64(max(1, len(strings.Fields(e.Before)))))
	}
}

// loops adds what is said again and again.
func (f *finding) loops() {
	const usual = 40 // words of a segment
	words := make([]models.Word, 0, usual*len(f.c.Segments))
	for _, s := range f.c.Segments {
		words = append(words, s.Words...)
	}
	said := make([]string, len(words))
	for i, w := range words {
		said[i] = plain(w.Text)
	}
	for i := 0; i < len(words); {
		length, repeats := loopAt(said[i:])
		n := length * repeats
		if repeats < leastRepeats || n < leastLooped || byHand(words[i:i+n]) {
			i++
			continue
		}
		f.add(models.Review{
			Doubt: models.DoubtLoop, Span: models.Span{StartMS: words[i].StartMS, EndMS: words[i+n-1].EndMS}, Text: models.JoinWords(words[i:i+n], " "),
		}, loopWrongShare*float64(n-length))
		i += n
	}
}

// loopAt returns how many words words begin with that come again at once, and how often they come, for the longest stretch of that kind.
func loopAt(words []string) (length, repeats int) {
	for n := 1; n <= longestLoop && leastRepeats*n <= len(words); n++ {
		times := 1
		for (times+1)*n <= len(words) && slices.Equal(words[:n], words[times*n:(times+1)*n]) {
			times++
		}
		if times >= leastRepeats && times*n > length*repeats {
			length, repeats = n, times
		}
	}
	return length, repeats
}

// segments adds what the decoder doubts, and what is said too fast or too slowly.
func (f *finding) segments() {
	for _, s := range f.c.Segments {
		if len(s.Words) == 0 || byHand(s.Words) {
			continue
		}
		r := models.Review{Span: models.Span{StartMS: s.StartMS, EndMS: s.EndMS}, Text: s.Text}
		if s.Doubtful {
			wrong := 0.0
			for _, w := range s.Words {
				wrong += 1 - float64(w.Probability)
			}
			r.Doubt = models.DoubtDecoder
			f.add(r, max(wrong, leastWrongShare*float64(len(s.Words))))
			continue
		}
		if missing := f.outOfTime(s); missing > 0 {
			r.Doubt = models.DoubtGap
			f.add(r, gapWrongShare*missing)
		}
	}
}

// outOfTime returns how many words of a segment are missing, or too many for its time; 0 where its time is right.
func (f *finding) outOfTime(s models.Segment) float64 {
	timed := f.c.Source == models.TranscriptWhisper || f.c.Origin.Timing == models.TimingWords || f.c.Origin.Timing == models.TimingHeard
	if !timed || !strings.Contains(s.Text, " ") { // a language that is written without spaces: its words are characters
		return 0
	}
	for _, w := range s.Words {
		if over := w.EndMS - w.StartMS - longestWordMS; over > 0 {
			return max(1, float64(over)/1000*usualRate)
		}
	}
	length := s.EndMS - s.StartMS
	if length < leastRatedMS {
		return 0
	}
	n, seconds := float64(len(s.Words)), float64(length)/1000
	switch rate := n / seconds; {
	case rate > fastest:
		return n
	case rate < slowest && length >= leastSlowMS:
		return seconds*usualRate - n
	}
	return 0
}

// names adds words that may be a known name.
func (f *finding) names() {
	if f.like == nil {
		return
	}
	times := map[string]int{}
	for _, s := range f.c.Segments {
		for _, w := range s.Words {
			times[plain(w.Text)]++
		}
	}
	for _, s := range f.c.Segments {
		for _, w := range s.Words {
			word := plain(w.Text)
			if w.Probability >= unsure || w.By != "" || times[word] > mostSaid || len([]rune(word)) < leastLetters {
				continue
			}
			if name := f.like(word); name != "" && !strings.EqualFold(name, word) {
				span := models.Span{StartMS: w.StartMS, EndMS: max(w.EndMS, w.StartMS+1)}
				f.add(models.Review{Doubt: models.DoubtName, Span: span, Text: w.Text, Like: name}, nameWrong*nameWeight*(1-float64(w.Probability)))
			}
		}
	}
}

// byHand reports whether somebody wrote one of the words: they have listened.
func byHand(words []models.Word) bool {
	return slices.ContainsFunc(words, func(w models.Word) bool { return w.By == models.ByEdit })
}

// plain is a word without capitals and what stands around it.
func plain(word string) string {
	return strings.ToLower(strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }))
}
