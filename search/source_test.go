package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// archive is a source in memory with the store's rules: one newest change an episode, numbers that only grow.
type archive struct {
	mu   sync.Mutex
	seq  int64
	docs map[models.EpisodeID]models.Document
	last map[models.EpisodeID]models.Change
}

func newArchive() *archive {
	return &archive{docs: map[models.EpisodeID]models.Document{}, last: map[models.EpisodeID]models.Change{}}
}

func (a *archive) put(d models.Document) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seq++
	a.docs[d.Episode.ID] = d
	a.last[d.Episode.ID] = models.Change{Seq: a.seq, EpisodeID: d.Episode.ID}
}

func (a *archive) remove(id models.EpisodeID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seq++
	delete(a.docs, id)
	a.last[id] = models.Change{Seq: a.seq, EpisodeID: id, Deleted: true}
}

func (a *archive) Changes(_ context.Context, after int64, limit int) ([]models.Change, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []models.Change
	for _, c := range a.last {
		if c.Seq > after {
			out = append(out, c)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Seq < out[j].Seq })
	return out[:min(limit, len(out))], nil
}

func (a *archive) LastChange(context.Context) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seq, nil
}

func (a *archive) newest() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seq
}

func (a *archive) Document(_ context.Context, id models.EpisodeID) (models.Document, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, ok := a.docs[id]
	if !ok {
		return models.Document{}, fmt.Errorf("episode %s: %w", id, models.ErrNotFound)
	}
	return d, nil
}

func (a *archive) all() []models.Document {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []models.Document
	for _, d := range a.docs {
		out = append(out, d)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Episode.ID < out[j].Episode.ID })
	return out
}

// say makes an episode of lines "Speaker: text"; every word lasts 300 ms and a line is a segment. Without "Speaker: " the
// speaker is unknown.
func say(title string, lines ...string) models.Document {
	d := models.Document{
		Show:    models.Show{ID: models.ShowID(models.NewID("show", "talks")), Title: "Practical Systems", Language: "en"},
		Episode: models.Episode{ID: models.EpisodeID(models.NewID("episode", title)), Title: title, PublishedAt: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)},
	}
	d.Transcript.Language = "en"
	at := int64(0)
	for _, line := range lines {
		speaker, text, ok := strings.Cut(line, ": ")
		if !ok {
			speaker, text = "", line
		}
		seg := models.Segment{StartMS: at, Speaker: speaker, Text: text}
		for _, w := range strings.Fields(text) {
			seg.Words = append(seg.Words, models.Word{StartMS: at, EndMS: at + 250, Text: w})
			at += 300
		}
		seg.EndMS = at
		d.Transcript.Segments = append(d.Transcript.Segments, seg)
	}
	return d
}

// opened opens an index that has caught up with an archive.
func opened(tb testing.TB, dir string, a *archive, o Options) *Index {
	tb.Helper()
	x, err := Open(tb.Context(), dir, a, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := x.Close(); err != nil {
			tb.Error(err)
		}
	})
	if err := x.CatchUp(tb.Context(), nil); err != nil {
		tb.Fatal(err)
	}
	return x
}

func indexOf(tb testing.TB, docs ...models.Document) *Index {
	tb.Helper()
	a := newArchive()
	for _, d := range docs {
		a.put(d)
	}
	return opened(tb, tb.TempDir(), a, Options{})
}

func find(tb testing.TB, x *Index, text string) models.Results {
	tb.Helper()
	r, err := x.Search(tb.Context(), models.Query{Text: text, Limit: 100, Moments: 1000})
	if err != nil {
		tb.Fatalf("%q: %v", text, err)
	}
	return r
}

// titles returns the titles of the episodes found, in order.
func titles(r models.Results, docs ...models.Document) []string {
	name := map[models.EpisodeID]string{}
	for _, d := range docs {
		name[d.Episode.ID] = d.Episode.Title
	}
	out := []string{}
	for _, h := range r.Hits {
		out = append(out, name[h.EpisodeID])
	}
	return out
}

// marked returns the words that a moment marks.
func marked(m models.Moment) []string {
	r := []rune(m.Snippet)
	out := []string{}
	for _, k := range m.Marks {
		out = append(out, string(r[k.Start:k.End]))
	}
	return out
}

// vocabulary of generated episodes: few words, so that every combination occurs, with inflections, accents, hyphens,
// punctuation and a word that is punctuation only.
func vocabulary() []string {
	return strings.Fields(`error errors budget budgets on-call rotation rotations café cafe Zürich the a of to and is naïve
		organise organised organization service services service, latency latencies. "quoted" don't Anna's l'avion e-mail
		3.5 2024 — … alpha beta gamma delta epsilon zeta eta theta iota kappa universe universal running ran runner`)
}

func generated(n int, seed uint64) *archive {
	r := rand.New(rand.NewPCG(seed, 1))
	words := vocabulary()
	zipf := rand.NewZipf(r, 1.2, 4, uint64(len(words)-1))
	a := newArchive()
	for i := range n {
		a.put(generatedEpisode(r, zipf, words, i))
	}
	return a
}

func generatedEpisode(r *rand.Rand, zipf *rand.Zipf, words []string, i int) models.Document {
	show := i % 3
	d := models.Document{
		Show: models.Show{ID: models.ShowID(models.NewID("show", strconv.Itoa(show))), Title: []string{"Practical Systems", "Café Talk", "Systems of Budgets"}[show], Language: "en"},
		Episode: models.Episode{
			ID: models.EpisodeID(models.NewID("episode", strconv.Itoa(i))), PublishedAt: time.Date(2018+i%6, 3, 1+i%20, 0, 0, 0, 0, time.UTC),
			Title: fmt.Sprintf("%s %s %d", words[r.IntN(len(words))], words[r.IntN(len(words))], i),
			Notes: "<p>About <b>" + words[r.IntN(len(words))] + "</b></p><script>alert('kappa')</script>",
		},
	}
	if i%11 == 5 {
		d.Episode.PublishedAt = time.Time{}
	}
	d.Transcript.Language = []string{"en", "en", "de", "", "fr"}[i%5]
	speakers := []string{"", "Anna Smith", "Ben"}
	at := int64(r.IntN(5000))
	perm := r.Perm(len(words))
	for range 10 + r.IntN(40) {
		seg := models.Segment{StartMS: at, Speaker: speakers[r.IntN(len(speakers))]}
		if i%4 == 0 {
			seg.Speaker = ""
		}
		for range 1 + r.IntN(20) {
			length := int64(100 + r.IntN(600))
			// Each episode prefers other words, so that not every word is in every episode.
			w := words[perm[zipf.Uint64()]]
			seg.Words = append(seg.Words, models.Word{StartMS: at, EndMS: at + length, Text: w})
			at += length + int64(r.IntN(300))
		}
		seg.EndMS = at
		d.Transcript.Segments = append(d.Transcript.Segments, seg)
	}
	return d
}

// indexOfTalks opens an index of talks "title|text".
func indexOfTalks(tb testing.TB, talks ...string) (*Index, []models.Document) {
	tb.Helper()
	docs := make([]models.Document, len(talks))
	for i, talk := range talks {
		title, text, _ := strings.Cut(talk, "|")
		docs[i] = say(title, text)
	}
	return indexOf(tb, docs...), docs
}

// madeUpWords returns n different words; the first ones, which are drawn most often, are short.
func madeUpWords(r *rand.Rand, n int) []string {
	syllables := strings.Fields("an ar bel cor da de en fa gor hal in jo ka lu mar nel o pra quin ro sa ti ul ver wen xi yo za spi ral thor ing ed s")
	seen := map[string]bool{}
	var out []string
	for len(out) < n {
		var w strings.Builder
		for range 1 + r.IntN(4) {
			w.WriteString(syllables[r.IntN(len(syllables))])
		}
		if s := w.String(); !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out[:200], func(a, b string) int { return len(a) - len(b) }) // common words are short
	return out
}

// longEpisode makes an episode of n words by a Zipf law, and returns the words.
func longEpisode(r *rand.Rand, vocabulary []string, i, n int) (models.Document, []string) {
	zipf := rand.NewZipf(r, 1.1, 8, uint64(len(vocabulary)-1))
	d := models.Document{
		Show:    models.Show{ID: models.ShowID(models.NewID("show", strconv.Itoa(i%7))), Title: "Show " + strconv.Itoa(i%7), Language: "en"},
		Episode: models.Episode{ID: models.EpisodeID(models.NewID("episode", strconv.Itoa(i))), Title: "Episode " + strconv.Itoa(i), PublishedAt: time.Date(2015+i%10, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	d.Transcript.Language = "en"
	var all []string
	at := int64(0)
	for len(all) < n {
		seg := models.Segment{StartMS: at, Speaker: []string{"Anna", "Ben"}[r.IntN(2)]}
		for range 5 + r.IntN(20) {
			w := vocabulary[zipf.Uint64()]
			length := int64(150 + r.IntN(400))
			seg.Words = append(seg.Words, models.Word{StartMS: at, EndMS: at + length, Text: w})
			at += length + int64(r.IntN(100))
			all = append(all, w)
		}
		seg.EndMS = at
		d.Transcript.Segments = append(d.Transcript.Segments, seg)
	}
	return d, all
}
