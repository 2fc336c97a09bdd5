package search

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

// What is hidden is not there: every answer is that of an index which never had it, whatever was asked before, and also when the
// index goes on.
func TestHiddenShowsAreNotThere(t *testing.T) {
	all, open := generated(40, 7), newArchive()
	secret, members := models.ShowID(models.NewID("show", "secret")), models.ShowID(models.NewID("show", "members"))
	for i, d := range all.all() {
		switch i % 4 {
		case 0:
			d.Show.ID, d.Show.Title = secret, "Secret plans"
			d.Episode.Title += " classified"
			all.put(d)
		case 1:
			d.Show.ID, d.Show.Title = members, "For members"
			all.put(d)
		default:
			open.put(d)
		}
	}
	x, want := opened(t, t.TempDir(), all, Options{}), opened(t, t.TempDir(), open, Options{})
	hidden := []models.ShowID{members, secret}
	r := rand.New(rand.NewPCG(7, 7))
	compare := func(text string) {
		t.Helper()
		q := models.Query{Text: text, Facets: true, Limit: 100}
		masked := q
		masked.Hidden = hidden
		for what, ask := range map[string]func(*Index, models.Query) (any, error){
			"search":      func(x *Index, q models.Query) (any, error) { return x.Search(t.Context(), q) },
			"mentions":    func(x *Index, q models.Query) (any, error) { return x.Mentions(t.Context(), q) },
			"completions": func(x *Index, q models.Query) (any, error) { q.Limit = 50; return x.Complete(t.Context(), q) },
		} {
			if _, err := ask(x, q); err != nil { // with everything, between
				t.Fatal(err)
			}
			got, err := ask(x, masked)
			if err != nil {
				t.Fatal(err)
			}
			wanted, err := ask(want, q)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Fatalf("%s of %q differ from those of an index without the hidden shows (-want +got):\n%s", what, text, diff)
			}
		}
	}
	for range 25 {
		compare(randomQuery(r, 3))
	}
	for _, text := range []string{
		"secret", "show:secret", "show:" + string(secret), "title:classified", "class", "cla*", "secrit~", "-nothing", "year:2024", "before:2100", "sounds:sekret",
		"classifyed plans", "sec", "show:sec", "for m",
	} {
		compare(text)
	}
	for i, d := range all.all()[:12] { // the index goes on
		d.Transcript.Segments = append(d.Transcript.Segments, say("more", "Something entirely fresh").Transcript.Segments...)
		all.put(d)
		if d.Show.ID != secret && d.Show.ID != members {
			open.put(d)
		}
		for _, x := range []*Index{x, want} {
			if err := x.CatchUp(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if i%4 == 3 {
			compare("entirely fresh")
		}
	}
	if res, err := x.Search(t.Context(), models.Query{Text: "classified", Hidden: []models.ShowID{members}}); err != nil || res.Total == 0 {
		t.Errorf("what is not hidden: %d, %v", res.Total, err)
	}
}
