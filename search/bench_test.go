package search

import (
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// BenchmarkSearch searches 50 hours of generated speech (450,000 words by a Zipf law over 20,000 made-up words) and prints
// the median and 99th percentile of each kind of query, grouping, exact counts and moments included; before it, how fast
// the corpus was indexed and the size on disk per word.
func BenchmarkSearch(b *testing.B) {
	const episodes, wordsEach = 50, 9000
	r := rand.New(rand.NewPCG(1, 50))
	vocabulary := madeUpWords(r, 20_000)
	a := newArchive()
	var said [][]string
	for i := range episodes {
		d, words := longEpisode(r, vocabulary, i, wordsEach)
		said = append(said, words)
		a.put(d)
	}
	began := time.Now()
	x := opened(b, b.TempDir(), a, Options{})
	built := time.Since(began)
	b.Logf("indexed %d words in %v; on disk %.1f bytes a word in Bleve's index, %.1f in side tables", episodes*wordsEach, built.Round(time.Millisecond),
		size(x.current.dir, bleveDir)/episodes/wordsEach, size(x.current.dir, sideDir)/episodes/wordsEach)

	pick := func(n int) []string {
		words := said[r.IntN(len(said))]
		at := r.IntN(len(words) - n)
		return words[at : at+n]
	}
	for _, kind := range []struct {
		name string
		text func() string
	}{
		{"term", func() string { return pick(1)[0] }},
		{"common-term", func() string { return vocabulary[r.IntN(10)] }},
		{"phrase-2", func() string { return `"` + strings.Join(pick(2), " ") + `"` }},
		{"phrase-3", func() string { return `"` + strings.Join(pick(3), " ") + `"` }},
		{"and-2", func() string { return pick(1)[0] + " " + pick(1)[0] }},
		{"prefix", func() string { w := pick(1)[0]; return w[:min(len(w), 4)] + "*" }},
		{"fuzzy", func() string { return pick(1)[0] + "~1" }},
	} {
		queries := make([]string, 64)
		for i := range queries {
			queries[i] = kind.text()
		}
		b.Run(kind.name, func(b *testing.B) {
			times := make([]time.Duration, 0, b.N)
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				if _, err := x.Search(b.Context(), models.Query{Text: queries[i%len(queries)]}); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(began))
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// size returns the bytes of all files below a folder.
func size(elem ...string) (bytes float64) {
	_ = filepath.WalkDir(filepath.Join(elem...), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, e := d.Info(); e == nil {
				bytes += float64(info.Size())
			}
		}
		return nil
	})
	return bytes
}

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
