package search

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// randomQuery makes queries of every kind over the generated vocabulary.
func randomQuery(r *rand.Rand, depth int) string {
	words := vocabulary()
	word := func() string { return strings.Trim(words[r.IntN(len(words))], `",.`) }
	switch k := r.IntN(18); {
	case depth > 0 && k < 3:
		return randomQuery(r, depth-1) + " " + randomQuery(r, depth-1)
	case depth > 0 && k == 3:
		return "(" + randomQuery(r, depth-1) + " OR " + randomQuery(r, depth-1) + ")"
	case depth > 0 && k == 4:
		return word() + " -" + randomQuery(r, 0)
	case depth > 0 && k == 5:
		return []string{"speaker:anna", "speaker:ben", "-speaker:ben", "(speaker:ben OR speaker:smith)"}[r.IntN(4)] + " " + randomQuery(r, depth-1)
	case depth > 0 && k == 6:
		filters := []string{"show:cafe", `show:"practical systems"`, "lang:de", "year:2019-2021", "-year:2018", "title:error", "before:2020", "after:2019-03",
			"-before:2021-03-05", "after:2018-03-10 before:2022", "title:exact:cafe", "title:sounds:budgets", `title:"the budget"~1`}
		return filters[r.IntN(len(filters))] + " " + randomQuery(r, depth-1)
	case k == 7:
		return word()[:1] + word() + "*"
	case k == 8:
		w := []rune(word())
		return string(w[:(len(w)+3)/2]) + "*"
	case k == 9:
		w := []rune(word())
		if len(w) > 3 {
			w[1], w[2] = w[2], w[1]
		}
		return string(w) + "~"
	case k == 10:
		return `"` + word() + " " + word() + `"`
	case k == 11:
		return "exact:" + []string{word(), "café", "cafe", "naïve", "Zürich", `"the café"`, `"error budget"`}[r.IntN(7)]
	case k == 13 || k == 14:
		w := word()
		if n := len(w); n > 4 && r.IntN(2) == 0 {
			return fmt.Sprintf(`sounds:"%s %s"`, w[:n/2], w[n/2:])
		}
		return "sounds:" + []string{w, strings.ReplaceAll(w, "e", "a"), `"` + w + " " + word() + `"`}[r.IntN(3)]
	case k == 12:
		return fmt.Sprintf(`%s"%s %s%s"~%d`, []string{"", "exact:"}[r.IntN(2)], word(), word(), []string{"", " " + word()}[r.IntN(2)], 1+r.IntN(12))
	}
	return word()
}

// phraseOf cuts a phrase out of what was really said, so that phrases of any length, across segments and passages, occur.
func phraseOf(r *rand.Rand, o *oracle) string {
	for {
		e := o.eps[r.IntN(len(o.eps))]
		n := 1 + r.IntN(14)
		if len(e.forms) < n {
			continue
		}
		at := r.IntN(len(e.forms) - n + 1)
		if r.IntN(3) == 0 && len(e.passages) > 1 { // on the edge of a passage
			at = min(len(e.forms)-n, max(0, e.firstToken[e.passages[r.IntN(len(e.passages)-1)].end]-1-r.IntN(3)))
		}
		said := slices.Clone(e.forms[at : at+n])
		if n > 3 && r.IntN(2) == 0 { // some words are forgotten
			said = slices.DeleteFunc(said[:n-1], func(string) bool { return r.IntN(3) == 0 })
			return fmt.Sprintf(`"%s"~%d`, strings.Join(said, " "), r.IntN(n))
		}
		return `"` + strings.Join(said, " ") + `"`
	}
}

// checkAgainst compares everything that a search says with the oracle.
func checkAgainst(t *testing.T, x *Index, o *oracle, text string) (matches int) {
	t.Helper()
	want := o.run(text)
	got := map[models.EpisodeID]models.EpisodeHit{}
	var total int
	for offset := 0; ; offset += 100 {
		r, err := x.Search(t.Context(), models.Query{Text: text, Limit: 100, Offset: offset, Moments: 1000, Strict: true})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for i, h := range r.Hits {
			if _, twice := got[h.EpisodeID]; twice {
				t.Fatalf("%s: episode %s is on two pages", text, h.EpisodeID)
			}
			got[h.EpisodeID] = h
			if i > 0 && h.Score > r.Hits[i-1].Score {
				t.Errorf("%s: scores are not in order", text)
			}
		}
		if total = r.Total; len(r.Hits) == 0 {
			break
		}
	}
	if total != len(want) || len(got) != len(want) {
		t.Fatalf("%s: total %d, %d episodes, want %d", text, total, len(got), len(want))
	}
	for id, w := range want {
		h, ok := got[id]
		if !ok {
			t.Fatalf("%s: episode %s is missing", text, id)
		}
		if h.Total != len(w.moments) || h.TitleHit != w.titleHit || (h.Score >= 1) != w.together {
			t.Fatalf("%s: episode %s: %d moments, title %v, score %v; want %d, %v, together %v", text, id, h.Total, h.TitleHit, h.Score, len(w.moments), w.titleHit, w.together)
		}
		var times [][2]int64
		for _, m := range h.Moments {
			times = append(times, [2]int64{m.StartMS, m.EndMS})
			if len(m.Marks) == 0 {
				t.Fatalf("%s: a moment without a mark: %q", text, m.Snippet)
			}
			for _, as := range m.MatchedAs {
				if said := strings.Fields(as.Said); len(said) == 0 || !strings.Contains(m.Snippet, said[0]) || fold(strings.ToLower(as.Said)) == fold(as.Typed) {
					t.Fatalf("%s: %q matched as %q in %q", text, as.Typed, as.Said, m.Snippet)
				}
			}
		}
		if len(w.moments) <= 1000 && !reflect.DeepEqual(times, w.moments) {
			t.Fatalf("%s: episode %s: moments at %v, want %v", text, id, times, w.moments)
		}
	}
	return len(want)
}

func TestCountsAndTimesAgreeWithReadingEverything(t *testing.T) {
	a := generated(300, 7)
	x := opened(t, t.TempDir(), a, Options{})
	o := newOracle(t, x, a.all())
	r := rand.New(rand.NewPCG(11, 2))
	queries := 160
	if testing.Short() {
		queries = 80
	}
	some := 0
	for i := range queries {
		text := randomQuery(r, 3)
		if i%3 == 0 {
			text = phraseOf(r, o)
		}
		if checkAgainst(t, x, o, text) > 0 {
			some++
			continue
		}
		// What is answered instead is exact as well.
		r, err := x.Search(t.Context(), models.Query{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if instead := checkAgainst(t, x, o, r.Understood); instead != r.Total || r.Approximate != (instead > 0) {
			t.Fatalf("%s: understood as %s: %d episodes (approximate: %v), want %d", text, r.Understood, r.Total, r.Approximate, instead)
		}
	}
	if some < queries/3 {
		t.Errorf("only %d of %d queries found anything: the test tests little", some, queries)
	}
}

func TestPhraseAcrossEveryPassageBoundary(t *testing.T) {
	// One long monologue of different words: cut somewhere every minute, and every pair of neighbours must be found once.
	var line []string
	for i := range 1200 {
		line = append(line, fmt.Sprintf("w%d", i))
	}
	d := say("Counting", strings.Join(line, " "))
	x := indexOf(t, d)
	words, _ := spokenWords(d.Transcript)
	first := make([]int, len(words)+1)
	for i := range first {
		first[i] = i
	}
	passages := cutPassages(words, first)
	if len(passages) < 5 {
		t.Fatalf("only %d passages", len(passages))
	}
	for _, p := range passages[:len(passages)-1] {
		from := p.end - 1
		for n := 2; n <= min(30, len(line)-from); n += 7 {
			r := find(t, x, `"`+strings.Join(line[from:from+n], " ")+`"`)
			if r.Total != 1 || r.Hits[0].Total != 1 {
				t.Fatalf("phrase of %d words from word %d: %+v", n, from, r)
			}
			if m := r.Hits[0].Moments[0]; m.StartMS != int64(from)*300 || m.EndMS != int64(from+n-1)*300+250 {
				t.Errorf("phrase of %d words from word %d is at %d–%d ms", n, from, m.StartMS, m.EndMS)
			}
		}
	}
}
