package search

import (
	"bufio"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

// rankingDepth is how many results count.
const rankingDepth = 10

// goldenDir holds the corpus of the ranking tests, the judged queries, and what the ranking makes of them.
var goldenDir = filepath.Join("testdata", "golden")

var update = flag.Bool("update", false, "write what the tests of ranking give to "+filepath.Join("testdata", "golden"))

// TestRankingOfJudgedQueries pins what is found for judged queries, in which order, and how good that is. A line of a
// result is its place, its grade and the episode. When a change of ranking is meant, run it with -update and judge the
// difference.
func TestRankingOfJudgedQueries(t *testing.T) {
	docs := goldenCorpus(t)
	slug := map[models.EpisodeID]string{}
	a := newArchive()
	for name, d := range docs {
		slug[d.Episode.ID] = name
		a.put(d)
	}
	x := opened(t, t.TempDir(), a, Options{})
	var got strings.Builder
	var sum quality
	queries := goldenQueries(t, docs)
	for _, q := range queries {
		r, err := x.Search(t.Context(), models.Query{Text: q.text, Limit: rankingDepth, Moments: 1})
		if err != nil {
			t.Fatal(err)
		}
		one := judge(q, r, slug)
		sum = quality{sum.recall + one.recall, sum.reciprocal + one.reciprocal, sum.gain + one.gain}
		fmt.Fprintf(&got, "%s\n", q.text)
		fmt.Fprintf(&got, "  of %d: recall %.2f, reciprocal rank %.2f, gain %.2f%s\n", r.Total, one.recall, one.reciprocal, one.gain, remarks(r))
		for i, h := range r.Hits {
			fmt.Fprintf(&got, "  %2d. %d  %s\n", i+1, q.grades[slug[h.EpisodeID]], slug[h.EpisodeID])
		}
	}
	n := float64(len(queries))
	head := fmt.Sprintf("%d queries over %d episodes: recall@%d %.3f, mean reciprocal rank %.3f, normalised gain %.3f\n\n",
		len(queries), len(docs), rankingDepth, sum.recall/n, sum.reciprocal/n, sum.gain/n)
	file := filepath.Join(goldenDir, "results.golden")
	t.Log(head)
	if *update {
		if err := os.WriteFile(file, []byte(head+got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(head+got.String(), "\n")); diff != "" {
		t.Errorf("the ranking has changed; if that is meant, run this test with -update:\n%s", diff)
	}
}

// quality is how good an answer is, each from 0 to 1.
type quality struct {
	recall     float64 // share of the judged episodes that are among the first rankingDepth
	reciprocal float64 // 1 / place of the first episode with the best grade of the query
	gain       float64 // discounted cumulative gain (2^grade − 1, log2 of the place), as a share of the best possible
}

func judge(q goldenQuery, r models.Results, slug map[models.EpisodeID]string) (out quality) {
	var best []int
	for _, g := range q.grades {
		best = append(best, g)
	}
	slices.SortFunc(best, func(a, b int) int { return b - a })
	gain := func(grade, place int) float64 { return (math.Exp2(float64(grade)) - 1) / math.Log2(float64(place+2)) }
	ideal := 0.0
	for i, g := range best[:min(len(best), rankingDepth)] {
		ideal += gain(g, i)
	}
	for i, h := range r.Hits {
		g := q.grades[slug[h.EpisodeID]]
		if g > 0 {
			out.recall += 1 / float64(min(len(best), rankingDepth))
		}
		if g == best[0] && out.reciprocal == 0 {
			out.reciprocal = 1 / float64(i+1)
		}
		out.gain += gain(g, i) / ideal
	}
	return out
}

// remarks says what else an answer says.
func remarks(r models.Results) string {
	var s strings.Builder
	if r.Approximate {
		s.WriteString(", approximate: " + r.Understood)
	}
	for _, g := range r.Suggestions {
		fmt.Fprintf(&s, ", %s: %s (%d)", g.Kind, g.Query, g.Total)
	}
	return s.String()
}

type goldenQuery struct {
	text   string
	grades map[string]int // by slug
}

func goldenQueries(t *testing.T, docs map[string]models.Document) (out []goldenQuery) {
	t.Helper()
	for _, line := range goldenLines(t, "queries.txt") {
		text, judged, _ := strings.Cut(line, " | ")
		q := goldenQuery{text, map[string]int{}}
		for _, f := range strings.Fields(judged) {
			name, grade, _ := strings.Cut(f, ":")
			n, err := strconv.Atoi(grade)
			if _, ok := docs[name]; !ok || err != nil {
				t.Fatalf("%s: %s is no judgement", text, f)
			}
			q.grades[name] = n
		}
		out = append(out, q)
	}
	return out
}

// goldenCorpus reads the episodes, by slug. What is talk in English goes on with small talk between its lines, chosen by
// the slug, so that episodes have a length and words in common as real ones do.
func goldenCorpus(t *testing.T) map[string]models.Document {
	t.Helper()
	filler := goldenLines(t, "filler.txt")
	out := map[string]models.Document{}
	var slug, title, show, lang, notes string
	var published time.Time
	var lines []string
	finish := func() {
		if slug == "" {
			return
		}
		if lang == "en" {
			lines = withSmallTalk(slug, lines, filler)
		}
		d := say(title, lines...)
		d.Show = models.Show{ID: models.ShowID(models.NewID("show", show)), Title: show, Language: lang}
		d.Episode.ID = models.EpisodeID(models.NewID("golden", slug))
		d.Episode.Notes, d.Episode.PublishedAt, d.Transcript.Language = notes, published, lang
		out[slug] = d
		lines, notes = nil, ""
	}
	for _, line := range goldenLines(t, "corpus.txt") {
		switch {
		case strings.HasPrefix(line, "= "):
			finish()
			f := strings.Split(line[2:], " | ")
			if len(f) != 5 {
				t.Fatalf("%q: want slug, title, show, date, language", line)
			}
			var err error
			if published, err = time.Parse(time.DateOnly, f[3]); err != nil {
				t.Fatal(err)
			}
			slug, title, show, lang = f[0], f[1], f[2], f[4]
		case strings.HasPrefix(line, "> "):
			notes = line[2:]
		default:
			lines = append(lines, line)
		}
	}
	finish()
	return out
}

func withSmallTalk(slug string, lines, filler []string) (out []string) {
	seed := fnv.New64a()
	_, _ = seed.Write([]byte(slug))
	r := rand.New(rand.NewPCG(seed.Sum64(), 1))
	order := r.Perm(len(filler))
	for _, line := range lines {
		speaker, _, _ := strings.Cut(line, ": ")
		out = append(out, line)
		for range 4 + r.IntN(4) {
			out = append(out, speaker+": "+filler[order[0]])
			if order = order[1:]; len(order) == 0 {
				order = r.Perm(len(filler))
			}
		}

	}
	return out
}

func goldenLines(t *testing.T, name string) (out []string) {
	t.Helper()
	f, err := os.Open(filepath.Join(goldenDir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if line := in.Text(); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}
