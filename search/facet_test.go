package search

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// facets counts by reading everything: for each kind of facet, episodes by value.
func (o *oracle) facets(text string) (shows, years, speakers, languages map[string]int) {
	shows, years, speakers, languages = map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	root, found, passages := o.an.parse(text), o.run(text), 0
	for _, e := range o.eps {
		if _, ok := found[e.doc.Episode.ID]; !ok {
			continue
		}
		shows[string(e.doc.Show.ID)]++
		languages[e.lang]++
		if at := e.doc.Episode.PublishedAt; !at.IsZero() {
			years[strconv.Itoa(at.Year())]++
		}
		names, n := (&scan{o: o, e: e}).speakersWhere(root)
		for _, name := range names {
			speakers[name]++
		}
		passages += n
	}
	if passages*len(speakers) > maxAsked {
		return shows, years, speakers, languages
	}
	for name := range speakers {
		if n := len(o.run(root.inner() + " speaker:" + quoteName(name))); n > 0 {
			speakers[name] = n
		} else {
			delete(speakers, name)
		}
	}
	return shows, years, speakers, languages
}

// speakersWhere returns who speaks in the passages that hold the whole query, or a witness where there are none, and how
// many these are.
func (s *scan) speakersWhere(root *node) (names []string, passages int) {
	for _, whole := range []bool{true, false} {
		for i := range s.e.passages {
			p := &s.e.passages[i]
			in := scan{o: s.o, e: s.e, p: p}
			if whole && !in.true(root, nil) || !whole && !s.anyWitness(root, nil, &in) {
				continue
			}
			passages++
			for _, w := range s.e.words[p.start:p.end] {
				if name := s.e.speakers[w.speaker]; name != "" && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
		if passages > 0 {
			break
		}
	}
	return names, passages
}

// anyWitness: does a passage have a leaf that makes the query true of the whole episode (s)?
func (s *scan) anyWitness(n *node, who []*node, in *scan) bool {
	if !s.true(n, who) || n.op == opNot {
		return false
	}
	if n.op == opLeaf {
		return n.leaf.spokenLeaf() && in.true(n, who)
	}
	kids := n.kids
	if n.op == opAnd {
		kids, who = restrict(kids, who)
	}
	return slices.ContainsFunc(kids, func(k *node) bool { return s.anyWitness(k, who, in) })
}

func TestFacetsAgreeWithReadingEverythingAndWithNarrowing(t *testing.T) {
	a := generated(60, 5)
	for i, d := range a.all() {
		switch i % 9 {
		case 0: // a title that is a part of another one
			d.Show.ID, d.Show.Title = models.ShowID(models.NewID("show", "part")), "Café"
			a.put(d)
		case 1: // nothing but punctuation
			d.Show.ID, d.Show.Title = models.ShowID(models.NewID("show", "mark")), "?!"
			a.put(d)
		case 2:
			d.Show.ID, d.Show.Title = models.ShowID(models.NewID("show", "quote")), `The "other" (side) OR -show:`
			a.put(d)
		}
	}
	x := opened(t, t.TempDir(), a, Options{})
	o := newOracle(t, x, a.all())
	r := rand.New(rand.NewPCG(4, 2))
	total := func(text string) int {
		res, err := x.Search(t.Context(), models.Query{Text: text, Limit: 1, Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		return res.Total
	}
	for i := range 40 {
		text := randomQuery(r, 3)
		if i%10 == 0 {
			text = []string{"error OR (budget", `alpha "beta`, "speaker:anna", "show:cafe", "-error"}[i/10%5]
		}
		res, err := x.Search(t.Context(), models.Query{Text: text, Facets: true, Limit: 1, Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		shows, years, speakers, languages := o.facets(text)
		for _, f := range []struct {
			name string
			want map[string]int
			got  []models.FacetCount
		}{{"shows", shows, res.Facets.Shows}, {"years", years, res.Facets.Years}, {"speakers", speakers, res.Facets.Speakers}, {"languages", languages, res.Facets.Languages}} {
			if len(f.got) != len(f.want) {
				t.Fatalf("%s: %s: %v, want %v", text, f.name, f.got, f.want)
			}
			for _, c := range f.got {
				if c.Episodes != f.want[c.Value] {
					t.Errorf("%s: %s: %d of %s, want %d", text, f.name, c.Episodes, c.Value, f.want[c.Value])
				}
				if f.name != "speakers" && i%2 == 0 {
					if n := total(c.Narrowed); n != c.Episodes {
						t.Errorf("%s: %s has %d episodes, the facet says %d", text, c.Narrowed, n, c.Episodes)
					}
				}
				if root := x.an.parse(c.Query); root == nil || root.op != opLeaf {
					t.Errorf("%s is no filter", c.Query)
				}
			}
		}
	}
}

func TestFacetsOfNamesThatCollideOrCannotBeTyped(t *testing.T) {
	a := say("One", "Anna: budget", `The "Boss": budget, yes`, "!?: no budget", "“Anna” Smith: well, budget")
	b := say("Two", "Anna: budget")
	b.Show.ID = models.ShowID(models.NewID("show", "same title"))
	x := indexOf(t, a, b)
	r, err := x.Search(t.Context(), models.Query{Text: "budget", Facets: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range append(r.Facets.Shows, r.Facets.Speakers...) {
		got = append(got, f.Query)
	}
	slices.Sort(got[:2])
	ids := []string{"show:" + string(a.Show.ID), "show:" + string(b.Show.ID)}
	slices.Sort(ids)
	want := append(ids, `speaker:"Anna"`, `speaker:"The Boss"`, `speaker:"Anna Smith"`)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFacetsAreBounded(t *testing.T) {
	lines := make([]string, 0, 200)
	for i := range 200 {
		lines = append(lines, "Speaker"+strconv.Itoa(i)+": budget")
	}
	x := indexOf(t, say("Crowd", lines...))
	r, err := x.Search(t.Context(), models.Query{Text: "budget", Facets: true})
	if err != nil || len(r.Facets.Speakers) != maxFacet {
		t.Errorf("%d speakers, %v", len(r.Facets.Speakers), err)
	}
}

func TestFacetsOfWhatSoundsAlikeNarrowThat(t *testing.T) {
	a := say("Heard", "Anna: we met the Inspirall people")
	b := say("Heard again", "Ben: they are in spiral too")
	b.Transcript.Language = "de"
	x := indexOf(t, a, b)
	r, err := x.Search(t.Context(), models.Query{Text: "enspiral", Facets: true})
	if err != nil || !r.Approximate || r.Total != 2 || len(r.Facets.Languages) != 2 {
		t.Fatalf("got %+v, %v", r, err)
	}
	for _, c := range r.Facets.Languages {
		if got := find(t, x, c.Narrowed); got.Total != 1 {
			t.Errorf("%s finds %d episodes", c.Narrowed, got.Total)
		}
	}
}
