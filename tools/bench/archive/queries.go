package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
)

// query is a search in words, with the truth about phrases found by reading everything.
type query struct {
	Text     string `json:"text"`     // lower case, words with single spaces between
	Episodes int    `json:"episodes"` // of phrases: that say it
	Times    int    `json:"times"`    // of phrases: how often it is said
}

// perKind is how many queries of each kind are asked.
const perKind = 40

// counts of words, and candidates for queries.
type counts struct {
	words, english int
	of             map[string]int // in English episodes, which queries are drawn from
	inside         []string       // phrases within a segment
	across         []string       // phrases across the end of one
}

// draw counts the archive's words, draws queries from them and reads everything again for the truth about the phrases.
func draw(ctx context.Context, a *archive) (asked, error) {
	c, err := count(ctx, a)
	if err != nil {
		return asked{}, err
	}
	out := asked{Words: c.words, Episodes: a.episodes, Queries: map[string][]query{}}
	for kind, texts := range c.kinds(rand.New(rand.NewPCG(a.seed, hash(3))), perKind) { //nolint:gosec // made up, not secret
		for _, t := range texts {
			out.Queries[kind] = append(out.Queries[kind], query{Text: t})
		}
	}
	return out, tell(ctx, a, out.Queries["phrase"], out.Queries["phrase over segments"])
}

// popular draws up to so many queries of each kind, as they are typed, those that are asked most often first.
func popular(ctx context.Context, a *archive, ofKind int) ([]string, error) {
	c, err := count(ctx, a)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(a.seed, hash(4))) //nolint:gosec // made up, not secret
	var out []string
	for kind, texts := range c.kinds(r, ofKind) {
		for _, t := range texts {
			switch kind {
			case "prefix":
				t += "*"
			case "phrase", "phrase over segments":
				t = `"` + t + `"`
			}
			out = append(out, t)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out, nil
}

func count(ctx context.Context, a *archive) (counts, error) {
	c := counts{of: map[string]int{}}
	err := a.each(ctx, func(i int, d models.Document) func() {
		forms := plainForms(d.Transcript)
		r := rand.New(rand.NewPCG(a.seed, hash(uint64(i), 2))) //nolint:gosec // made up, not secret
		return func() { c.add(forms, d.Show.Language == "en", r) }
	})
	return c, err
}

// kinds draws at most so many queries of each kind.
func (c *counts) kinds(r *rand.Rand, most int) map[string][]string {
	and, other := c.pick(r, 50, 400, 5, most), c.pick(r, 50, 400, 5, most)
	return map[string][]string{
		"most common":          c.pick(r, 3000, 1e6, 2, most),
		"common":               c.pick(r, 400, 3000, 4, most),
		"medium":               c.pick(r, 50, 400, 4, most),
		"rare":                 c.pick(r, 0.5, 5, 5, most),
		"and":                  pairs(and, other),
		"prefix":               cut(c.pick(r, 5, 200, 7, most), 5),
		"phrase":               some(r, c.inside, most),
		"phrase over segments": some(r, c.across, most),
	}
}

// plainForms are the words of each segment in lower case without punctuation.
func plainForms(t models.Transcript) [][]string {
	out := make([][]string, len(t.Segments))
	for i, s := range t.Segments {
		for _, w := range s.Words {
			out[i] = append(out[i], strings.ToLower(strings.Trim(w.Text, ".,?")))
		}
	}
	return out
}

func (c *counts) add(segments [][]string, english bool, r *rand.Rand) {
	for _, s := range segments {
		c.words += len(s)
	}
	if !english {
		return
	}
	for _, s := range segments {
		c.english += len(s)
		for _, w := range s {
			c.of[w]++
		}
	}
	for i := r.IntN(20); i+1 < len(segments); i += 1 + r.IntN(len(segments)) {
		s := segments[i]
		at := r.IntN(len(s) - 2)
		c.inside = append(c.inside, strings.Join(s[at:at+3], " "))
		c.across = append(c.across, strings.Join(append(slices.Clone(s[len(s)-1-i%2:]), segments[i+1][:2-i%2]...), " "))
	}
}

// pick draws up to n words that are said so many times in a million words of English.
func (c *counts) pick(r *rand.Rand, least, most float64, letters, n int) []string {
	var out []string
	for w, n := range c.of {
		if m := float64(n) * 1e6 / float64(c.english); m >= least && m <= most && len(w) >= letters && plain(w) {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return some(r, out, n)
}

// some draws up to n queries without repetition.
func some(r *rand.Rand, from []string, n int) []string {
	r.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	var out []string
	for _, t := range from {
		letters := !slices.ContainsFunc(strings.Fields(t), func(w string) bool { return !plain(w) })
		if letters && !slices.Contains(out, t) && len(out) < n {
			out = append(out, t)
		}
	}
	return out
}

func pairs(a, b []string) (out []string) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			out = append(out, a[i]+" "+b[i])
		}
	}
	return out
}

func cut(words []string, letters int) []string {
	for i, w := range words {
		words[i] = w[:letters]
	}
	return words
}

// tell fills in how often phrases of three words are said, and in how many episodes.
func tell(ctx context.Context, a *archive, lists ...[]query) error {
	phrases := map[[3]string][]*query{}
	firsts := map[string]bool{}
	for _, l := range lists {
		for i := range l {
			w := strings.Fields(l[i].Text)
			firsts[w[0]] = true
			key := [3]string(w)
			phrases[key] = append(phrases[key], &l[i])
		}
	}
	return a.each(ctx, func(_ int, d models.Document) func() {
		words := slices.Concat(plainForms(d.Transcript)...)
		found := map[*query]int{}
		for i := range max(0, len(words)-2) {
			if firsts[words[i]] {
				for _, q := range phrases[[3]string(words[i:i+3])] {
					found[q]++
				}
			}
		}
		return func() {
			for q, n := range found {
				q.Times += n
				q.Episodes++
			}
		}
	})
}
