package search

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// saidAt returns the words that match, one string a moment.
func saidAt(tb testing.TB, x *Index, text string) []string {
	tb.Helper()
	out := []string{}
	for _, h := range find(tb, x, text).Hits {
		for _, m := range h.Moments {
			var said []string
			for i, w := range marked(m) {
				if at := m.Marks[i].StartMS; at >= m.StartMS && at < m.EndMS {
					said = append(said, w)
				}
			}
			out = append(out, strings.Join(said, " "))
		}
	}
	return out
}

func TestPhrasesWithOtherWords(t *testing.T) {
	x := indexOf(t, say("One", "Ha ha ha ha, the error of my small budget. An error, an error in the budget of the error."))
	for _, c := range []struct {
		text string
		want []string
	}{
		{`"error budget"`, []string{}},
		{`"error budget"~2`, []string{"error budget"}}, // only the second
		{`"error budget"~3`, []string{"error budget", "error budget"}},
		{`"budget error"`, []string{}},
		{`"budget error"~1`, []string{"budget error"}}, // the order is fixed
		{`"budget error"~2`, []string{"budget error", "budget error"}},
		{`"error of budget"~2`, []string{"error of budget"}},
		{`"ha ha"`, []string{"Ha ha", "ha ha"}}, // no word counts twice
		{`"ha ha"~1`, []string{"Ha ha", "ha ha"}},
		{`"ha the"~3`, []string{"ha the"}}, // the last of them
	} {
		if got := saidAt(t, x, c.text); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestExactWords(t *testing.T) {
	x := indexOf(t, say("One", "Two cafes, one café; the Cafe and the Résumé, to resume organising what we organise."))
	for _, c := range []struct {
		text string
		want []string
	}{
		{"exact:cafe", []string{"Cafe"}},
		{"exact:CAFÉ", []string{"café"}},
		{"exact:cafés", []string{}},
		{"exact:resume", []string{"resume"}},
		{`exact:"the cafe"`, []string{"the Cafe"}},
		{`exact:"the resume"`, []string{}},
		{`exact:"the cafe résumé"~2`, []string{"the Cafe Résumé"}},
		{"exact:organise", []string{"organise"}},
	} {
		if got := saidAt(t, x, c.text); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestDatesLeaveOutThePeriodThatTheyName(t *testing.T) {
	var docs []models.Document
	for _, date := range []string{"2019-12-31T23:59:59Z", "2020-01-01T00:00:00Z", "2020-05-31T12:00:00Z", "2020-12-31T23:30:00-05:00", ""} {
		d := say("On "+date, "Hello.")
		d.Episode.PublishedAt = time.Time{}
		if date != "" {
			at, err := time.Parse(time.RFC3339, date)
			if err != nil {
				t.Fatal(err)
			}
			d.Episode.PublishedAt = at
		}
		docs = append(docs, d)
	}
	x := indexOf(t, docs...)
	eve, newYear, may, late, undated := docs[0].Episode.ID, docs[1].Episode.ID, docs[2].Episode.ID, docs[3].Episode.ID, docs[4].Episode.ID
	for text, want := range map[string][]models.EpisodeID{
		"before:2020":                      {eve},
		"after:2019":                       {newYear, may, late},
		"after:2019-12-31":                 {newYear, may, late},
		"after:2019-12-30":                 {eve, newYear, may, late},
		"before:2020-01-01":                {eve},
		"before:2020-05-31":                {eve, newYear},
		"after:2020-05":                    {late}, // it is 2021 already, in UTC
		"after:2020":                       {late},
		"year:2020":                        {newYear, may},
		"year:2021-2019":                   {eve, newYear, may, late},
		"-before:2020 hello":               {newYear, may, late, undated},
		"-(before:2020 OR after:2019)":     {undated},
		"after:2019-12 before:2020-02 he*": {newYear},
	} {
		got := map[models.EpisodeID]bool{}
		for _, h := range find(t, x, text).Hits {
			got[h.EpisodeID] = true
		}
		wanted := map[models.EpisodeID]bool{}
		for _, id := range want {
			wanted[id] = true
		}
		if !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s: %v, want %v", text, got, wanted)
		}
	}
}
