package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// Shares of what is said, and lengths; times in milliseconds.
const (
	wordsAnHour  = 9000
	shareTopics  = 0.04  // words of what an episode is about
	shareNames   = 0.008 // names of people and things
	sharePhrases = 0.012 // starts of a phrase that people use again and again

	topicsOf = 40
	castOf   = 12
	shows    = 50

	gridMS  = 20     // the decoder hears words in positions of so long
	chunkMS = 28_000 // decoded at a time; the grid begins anew
)

// archive is a made-up archive.
type archive struct {
	seed     uint64
	episodes int
	langs    []*vocabulary
}

// episodeHours is an episode's mean length: half an hour to an hour and a half.
const episodeHours = 1

func newArchive(seed uint64, hours int) *archive {
	a := &archive{seed: seed, episodes: max(1, hours/episodeHours)}
	for _, g := range grammars() {
		a.langs = append(a.langs, newVocabulary(g, hash(seed, 1)))
	}
	return a
}

func (a *archive) id(i int) models.EpisodeID {
	return models.EpisodeID(models.NewID("episode", strconv.Itoa(i)))
}

// document makes episode i.
func (a *archive) document(i int) models.Document {
	r := rand.New(rand.NewPCG(a.seed, uint64(i))) //nolint:gosec // made up, not secret
	show := int(math.Pow(float64(shows), r.Float64())) - 1
	lang := a.langs[0]
	if n := int(hash(a.seed, uint64(show)) % 10); n >= 7 { // three shows in ten are not English
		lang = a.langs[n-6]
	}
	d := models.Document{
		Show: models.Show{ID: models.ShowID(models.NewID("show", strconv.Itoa(show))), Title: fmt.Sprintf("Show %d", show), Language: lang.code},
		Episode: models.Episode{
			ID: a.id(i), PublishedAt: time.Date(2012+r.IntN(15), time.Month(1+r.IntN(12)), 1+r.IntN(28), 6, 0, 0, 0, time.UTC),
		},
	}
	s := speaking{r: r, v: lang, t: &d.Transcript}
	s.people(a.seed, show)
	s.talk((wordsAnHour/2 + r.IntN(wordsAnHour)) * episodeHours)
	d.Transcript.Language, d.Transcript.Complete, d.Transcript.Source = lang.code, true, models.TranscriptWhisper
	d.Episode.Title, d.Episode.Notes = s.quote(4), "<p>"+s.quote(40)+"</p>"
	return d
}

// speaking makes the words of one episode.
type speaking struct {
	r *rand.Rand
	v *vocabulary
	t *models.Transcript

	speakers []string
	cast     []string // names that are said
	topics   []int
	pending  []int // what is left of a phrase
	last     int

	at    int64 // ms
	chunk int64 // start of the chunk, ms
}

func (s *speaking) people(seed uint64, show int) {
	name := func(p float64) string { return s.v.name(p) + " " + s.v.name(s.r.Float64()) }
	host := rand.New(rand.NewPCG(seed, hash(uint64(show)))) //nolint:gosec // made up, not secret
	s.speakers = []string{s.v.name(host.Float64()) + " " + s.v.name(host.Float64())}
	for range 1 + s.r.IntN(3) {
		s.speakers = append(s.speakers, name(s.r.Float64()))
	}
	for range castOf {
		s.cast = append(s.cast, s.v.name(s.r.Float64()))
	}
	for range topicsOf {
		s.topics = append(s.topics, int(inflectedFrom*math.Pow(lexemes/2/inflectedFrom, s.r.Float64())))
	}
}

// talk speaks n words in segments of a sentence or two, in turns.
func (s *speaking) talk(n int) {
	s.at = int64(s.r.IntN(4000))
	s.chunk = s.at
	speaker, turn := 0, 0
	for said := 0; said < n; turn-- {
		if turn <= 0 {
			speaker, turn = s.r.IntN(len(s.speakers)), 1+s.r.IntN(8)
		}
		words := s.segment(5 + s.r.IntN(21))
		s.t.Segments = append(s.t.Segments, models.Segment{
			StartMS: words[0].StartMS, EndMS: words[len(words)-1].EndMS, Speaker: s.speakers[speaker], Words: words, Text: models.JoinWords(words, " "),
		})
		said += len(words)
	}
	s.t.DurationMS = s.at
}

func (s *speaking) segment(n int) []models.Word {
	words := make([]models.Word, n)
	for i := range words {
		text := s.word()
		if i == 0 {
			first, size := utf8.DecodeRuneInString(text)
			text = strings.ToUpper(string(first)) + text[size:]
		}
		end := s.at + s.lasts(text)
		switch {
		case i == n-1:
			text += []string{".", ".", ".", "?", ","}[s.r.IntN(5)]
		case s.r.IntN(12) == 0:
			text += ","
		}
		words[i] = models.Word{StartMS: s.at, EndMS: end, Text: text, Probability: 0.9}
		s.at = end // a word ends where the next one begins
		if i == n-1 || s.r.IntN(40) == 0 {
			s.at += int64(120 + s.r.IntN(900)) // a breath, as long as the voice detector says
		}
		if s.at-s.chunk > chunkMS {
			s.chunk = s.at
		}
	}
	return words
}

// lasts is how long a word takes, so that the next one is on the chunk's grid.
func (s *speaking) lasts(text string) int64 {
	length := int64(80+float64(42*utf8.RuneCountInString(text))*(0.6+0.8*s.r.Float64())) + s.at - s.chunk
	return max(length/gridMS*gridMS+s.chunk-s.at, 3*gridMS)
}

func (s *speaking) word() string {
	if len(s.pending) > 0 {
		s.last, s.pending = s.pending[0], s.pending[1:]
		return s.v.words[s.last][0]
	}
	switch p := s.r.Float64(); {
	case p < shareNames:
		return s.cast[s.r.IntN(len(s.cast))]
	case p < shareNames+shareTopics:
		s.last = s.topics[s.r.IntN(1+s.r.IntN(len(s.topics)))]
	case p < shareNames+shareTopics+sharePhrases:
		s.pending = s.v.phrases[int(math.Pow(stockPhrases, s.r.Float64()))-1]
		return s.word()
	default:
		s.last = s.v.next(s.last, s.r)
	}
	return s.v.form(s.last, s.r)
}

// quote returns n words that follow each other in the episode, from the start of a segment on.
func (s *speaking) quote(n int) string {
	var out []string
	for i := s.r.IntN(len(s.t.Segments)); i < len(s.t.Segments) && len(out) < n; i++ {
		for _, w := range s.t.Segments[i].Words {
			out = append(out, w.Text)
		}
	}
	return strings.Join(out[:min(n, len(out))], " ")
}
