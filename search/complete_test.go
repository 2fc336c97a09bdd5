package search

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

func complete(t *testing.T, x *Index, text string) []models.Completion {
	t.Helper()
	got, err := x.Complete(t.Context(), models.Query{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCompletes(t *testing.T) {
	a := say("Deploying on Fridays",
		"Anna Schmidt: Today I talk with Richard Bartlett about Enspiral.", "Richard Bartlett: Enspiral’s budget was an experiment, and we experimented a lot.")
	b := say("Enspiral, ten years on", "Ben: They told me that Enspiral began in Zürich. Budgets are experiments.", "Ben: Yes, zürich.")
	c := say("Gespräch", "Ben: Das Experiment von Richard Bartlett war ein Haus.")
	c.Transcript.Language = "de"
	c.Show = models.Show{ID: models.ShowID(models.NewID("show", "z")), Title: "Zwischentöne", Language: "de"}
	x := indexOf(t, a, b, c)
	for _, q := range []struct {
		text string
		want []string // kind, text and query of some
	}{
		{"ens", []string{"name|Enspiral|Enspiral|2", "title|Enspiral, ten years on|title:\"Enspiral, ten years on\"|1"}},
		{"budget ENS", []string{"name|Enspiral|budget Enspiral|2"}},
		{"richard bar", []string{`name|Richard Bartlett|"Richard Bartlett"|2`, `speaker|Richard Bartlett|speaker:"Richard Bartlett"|1`}},
		{"-(rich", []string{`name|Richard Bartlett|-("Richard Bartlett"|2`}},
		{"bartl", []string{`name|Richard Bartlett|"Richard Bartlett"|2`, "name|Bartlett|Bartlett|2"}}, // German: by itself a noun, but the same word
		{`budget "richard bar`, []string{`name|Richard Bartlett|budget "Richard Bartlett"|2`}},
		{`"of the experi`, []string{`word|experiment|"of the experiment"|2`, `word|experiments|"of the experiments"|1`}},
		{"speaker:ri", []string{`speaker|Richard Bartlett|speaker:"Richard Bartlett"|1`}},
		{"budget speaker:richard b", []string{`speaker|Richard Bartlett|budget speaker:"Richard Bartlett"|1`}},
		{`speaker:"anna s`, []string{`speaker|Anna Schmidt|speaker:"Anna Schmidt"|1`}},
		{"-speaker:sch", []string{`speaker|Anna Schmidt|-speaker:"Anna Schmidt"|1`}},
		{"show:zwischento", []string{`show|Zwischentöne|show:"Zwischentöne"|1`}},
		{"z", []string{`show|Zwischentöne|show:"Zwischentöne"|1`}},
		{"title:fri", []string{`title|Deploying on Fridays|title:"Deploying on Fridays"|1`}},
		{"zur", []string{"word|zürich|zürich|1"}},
		{"haus", nil}, {"hau", []string{"word|haus|haus|1"}},
		{"experiment", []string{"word|experiments|experiments|1", "word|experimented|experimented|1"}},
		{"tod", []string{"word|today|today|1"}},
		{"", nil}, {"budget ", nil}, {`"budget"`, nil}, {"lang:e", nil}, {"xyzzy", nil}, {"-", nil}, {"(", nil}, {"speaker:", nil},
	} {
		var got []string
		for _, c := range complete(t, x, q.text) {
			got = append(got, strings.Join([]string{string(c.Kind), c.Text, c.Query, string(rune('0' + c.Episodes))}, "|"))
			if (c.EpisodeID != "") != (c.Kind == models.CompleteTitle) {
				t.Errorf("%s: %+v", q.text, c)
			}
		}
		for _, w := range q.want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: %q is not among %q", q.text, w, got)
			}
		}
		if len(q.want) == 0 && len(got) > 0 {
			t.Errorf("%s: %q, want none", q.text, got)
		}
	}
}

// saying counts the episodes that say a plain word by reading everything.
func (o *oracle) saying(plain string) (n int) {
	for _, e := range o.eps {
		if slices.ContainsFunc(e.forms, func(f string) bool { return o.fold(f) == plain }) {
			n++
		}
	}
	return n
}

func TestCompletionsCountEpisodesExactlyAfterDeletionsToo(t *testing.T) {
	a := generated(60, 21)
	x := opened(t, t.TempDir(), a, Options{})
	for i, d := range a.all() {
		switch i % 4 {
		case 0:
			a.remove(d.Episode.ID)
		case 1:
			a.put(d)
		}
	}
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	o := newOracle(t, x, a.all())
	checked := 0
	for _, w := range vocabulary() {
		plain := x.an.plain(w)
		if len(plain) != 1 || utf8.RuneCountInString(plain[0]) < minWordLetters {
			continue
		}
		typed := plain[0][:3]
		for _, c := range complete(t, x, typed) {
			if c.Kind != models.CompleteWord {
				continue
			}
			checked++
			if want := o.saying(x.an.plain(c.Text)[0]); c.Episodes != want {
				t.Errorf("%s: %q is in %d episodes, want %d", typed, c.Text, c.Episodes, want)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d completions: the test tests little", checked)
	}
}

func FuzzComplete(f *testing.F) {
	x := indexOf(f, say("Deploying on Fridays", "Richard Bartlett: We talk with Anna Schmidt about Enspiral, Zürich and the budget."))
	for _, s := range []string{"en", `"richard b`, "-speaker:ri", `title:"dep`, "(bud", "a OR b", "show:", "«ric", "\x00", "日本"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := x.Complete(t.Context(), models.Query{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range got {
			if x.an.parse(c.Query) == nil {
				t.Errorf("%q: %q asks for nothing", text, c.Query)
			}
		}
	})
}
