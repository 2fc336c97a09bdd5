package search

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// mentions counts by reading everything: what matches and what there is, by month, "" for no date.
func (o *oracle) mentions(text string) map[string]models.MonthMentions {
	out := map[string]models.MonthMentions{}
	found := o.run(text)
	for _, e := range o.eps {
		month := ""
		if at := e.doc.Episode.PublishedAt; !at.IsZero() {
			month = at.UTC().Format("2006-01")
		}
		m := out[month]
		m.Month = month
		m.Of++
		if a, ok := found[e.doc.Episode.ID]; ok {
			m.Episodes++
			m.Moments += len(a.moments)
		}
		out[month] = m
	}
	return out
}

func TestMentionsAgreeWithReadingEverything(t *testing.T) {
	a := generated(50, 9)
	for i, d := range a.all() {
		if i%8 == 0 {
			d.Episode.PublishedAt = time.Time{}
			a.put(d)
		}
	}
	x := opened(t, t.TempDir(), a, Options{})
	o := newOracle(t, x, a.all())
	r := rand.New(rand.NewPCG(3, 3))
	for range 30 {
		text := randomQuery(r, 3)
		got, err := x.Mentions(t.Context(), models.Query{Text: text, Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		want := o.mentions(text)
		listed := map[string]models.MonthMentions{}
		for _, m := range append(got.Months, got.Undated) {
			if _, twice := listed[m.Month]; twice {
				t.Fatalf("%s: %s is there twice", text, m.Month)
			}
			listed[m.Month] = m
			if w := want[m.Month]; m.Episodes != w.Episodes || m.Moments != w.Moments || m.Of != w.Of {
				t.Errorf("%s: %+v, want %+v", text, m, w)
			}
		}
		for month, w := range want {
			if _, ok := listed[month]; !ok && w.Episodes > 0 {
				t.Errorf("%s: %s is missing", text, month)
			}
		}
	}
}

func TestMentionsListEveryMonthBetweenTheFirstAndTheLast(t *testing.T) {
	at := func(title string, year, month int) models.Document {
		d := say(title, "Anna: budget, and the budget again, which is far enough away from the first budget to count")
		d.Episode.PublishedAt = time.Date(year, time.Month(month), 3, 0, 0, 0, 0, time.FixedZone("", 3600))
		return d
	}
	quiet := say("Quiet", "Anna: nothing")
	quiet.Episode.PublishedAt = time.Date(2024, 1, 1, 0, 30, 0, 0, time.FixedZone("", 3600)) // still December in UTC
	x := indexOf(t, at("a", 2023, 11), at("b", 2024, 2), at("c", 2024, 2), at("wrong", 9999, 5), quiet)
	got, err := x.Mentions(t.Context(), models.Query{Text: "budget"})
	if err != nil {
		t.Fatal(err)
	}
	each := len(joinedMoments(t, x, "a"))
	want := []models.MonthMentions{
		{Month: "2023-11", Episodes: 1, Moments: each, Of: 1}, {Month: "2023-12", Of: 1}, {Month: "2024-01"},
		{Month: "2024-02", Episodes: 2, Moments: 2 * each, Of: 2}, {Month: "9999-05", Episodes: 1, Moments: each, Of: 1},
	}
	if got.Understood != "budget" || !reflect.DeepEqual(got.Months, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func joinedMoments(t *testing.T, x *Index, title string) []models.Moment {
	t.Helper()
	return find(t, x, "title:"+title+" budget").Hits[0].Moments
}
