package search

import (
	"reflect"
	"testing"

	"github.com/earshot/earshot/models"
)

func TestFindsWhatWasSaid(t *testing.T) {
	a := say("Error budgets in practice",
		"Anna: Welcome back. Today we talk about error budgets and about the on-call",
		"Ben: rotation that nobody likes.",
		"Anna: A budget is a promise.")
	b := say("Deploying on Fridays", "An error is not a problem as such.", "We spent the whole budget on cafés in Zürich.")
	c := say("Silence", "Nothing of the kind here, twenty one people agree.")
	c.Episode.Notes = `<p>With a word about <a href="x">rotations</a>.</p><style>.error{}</style>`
	x := indexOf(t, a, b, c)
	for _, q := range []struct {
		text string
		want []string
	}{
		{"promise", []string{"Error budgets in practice"}},
		{"promises", []string{"Error budgets in practice"}},
		{`"error budgets"`, []string{"Error budgets in practice"}},
		{`"on-call rotation"`, []string{"Error budgets in practice"}}, // across a segment and a speaker
		{`"on call rotation"`, []string{"Error budgets in practice"}},
		{`"call on rotation"`, []string{}},
		{"error budget", []string{"Error budgets in practice", "Deploying on Fridays"}},
		{"error -promise", []string{"Deploying on Fridays"}},
		{"promise OR people", []string{"Silence", "Error budgets in practice"}}, // the shorter passage first
		{"(promise OR people) welcome", []string{"Error budgets in practice"}},
		{"cafes zurich", []string{"Deploying on Fridays"}},
		{"CAFÉ", []string{"Deploying on Fridays"}},
		{"zür*", []string{"Deploying on Fridays"}},
		{"budgte~", []string{"Error budgets in practice", "Deploying on Fridays"}},
		{"title:fridays", []string{"Deploying on Fridays"}},
		{"rotations", []string{"Silence", "Error budgets in practice"}},
		{"speaker:ben rotation", []string{"Error budgets in practice"}},
		{"speaker:ben promise", []string{}},
		{"-speaker:ben promise", []string{"Error budgets in practice"}},
		{`show:"practical systems" promise`, []string{"Error budgets in practice"}},
		{"show:other promise", []string{}},
		{"lang:de promise", []string{}},
		{"year:2024 promise", []string{"Error budgets in practice"}},
		{"year:2019-2023 promise", []string{}},
	} {
		if got := titles(find(t, x, q.text), a, b, c); !reflect.DeepEqual(got, q.want) {
			t.Errorf("%s: found %q, want %q", q.text, got, q.want)
		}
	}
}

func TestMomentHasExactTimesSnippetAndMarks(t *testing.T) {
	d := say("On call", "Anna: Welcome — to “systems”, where the on-call", "Ben: rotation, nobody's dream, is discussed.")
	x := indexOf(t, d)
	r := find(t, x, `"on-call rotation"`)
	want := models.Moment{
		StartMS: 6 * 300, EndMS: 7*300 + 250, Speaker: "Anna",
		Snippet: "Welcome — to “systems”, where the on-call rotation, nobody's dream, is discussed.",
		Marks:   []models.Mark{{Start: 34, End: 41, StartMS: 6 * 300}, {Start: 42, End: 50, StartMS: 7 * 300}},
	}
	if r.Total != 1 || r.Hits[0].Total != 1 || !reflect.DeepEqual(r.Hits[0].Moments[0], want) {
		t.Errorf("got %+v\nwant one moment %+v", r, want)
	}
	if r.Understood != `"on call rotation"` {
		t.Errorf("understood %s", r.Understood)
	}
}
