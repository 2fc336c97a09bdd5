package search

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// pages reads all pages of a query.
func pages(t *testing.T, x *Index, q models.Query) (all []models.EpisodeHit) {
	t.Helper()
	for {
		q.Offset = len(all)
		r, err := x.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, r.Hits...); len(r.Hits) == 0 {
			if r.Total != len(all) {
				t.Fatalf("%s, %s: the pages have %d episodes, the total says %d", q.Text, q.Sort, len(all), r.Total)
			}
			return all
		}
	}
}

func TestEverySortGivesEveryEpisodeOnceOverThePages(t *testing.T) {
	a := generated(120, 3)
	dates := map[models.EpisodeID]time.Time{}
	for i, d := range a.all() {
		switch i % 5 {
		case 0:
			d.Episode.PublishedAt = time.Time{} // unknown
		case 1, 2:
			d.Episode.PublishedAt = time.Date(2020, 2, 29, 0, 0, 0, 0, time.UTC) // many of the same day
		}
		dates[d.Episode.ID] = d.Episode.PublishedAt
		a.put(d)
	}
	x := opened(t, t.TempDir(), a, Options{})
	for _, sort := range []models.Sort{models.SortRelevance, models.SortNewest, models.SortOldest, ""} {
		var want []models.EpisodeID
		for _, limit := range []int{100, 9} {
			var got []models.EpisodeID
			hits := pages(t, x, models.Query{Text: "error OR budget", Sort: sort, Limit: limit})
			for _, h := range hits {
				got = append(got, h.EpisodeID)
			}
			if want == nil {
				want = got
				checkOrder(t, sort, hits, dates)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q: pages of %d give another order than pages of 100", sort, limit)
			}
		}
	}
}

func checkOrder(t *testing.T, sort models.Sort, hits []models.EpisodeHit, dates map[models.EpisodeID]time.Time) {
	t.Helper()
	if len(hits) < 60 {
		t.Fatalf("only %d episodes: the test tests little", len(hits))
	}
	if !slices.IsSortedFunc(hits, func(a, b models.EpisodeHit) int {
		x, y, id := dates[a.EpisodeID], dates[b.EpisodeID], strings.Compare(string(a.EpisodeID), string(b.EpisodeID))
		switch {
		case sort != models.SortNewest && sort != models.SortOldest && a.Score != b.Score:
			return int((b.Score - a.Score) / max(b.Score-a.Score, a.Score-b.Score))
		case x.Equal(y):
			return id
		case x.IsZero():
			return 1
		case y.IsZero():
			return -1
		case sort == models.SortOldest:
			return x.Compare(y)
		}
		return y.Compare(x)
	}) {
		t.Errorf("%q: wrong order", sort)
	}
}

func TestAPageBeyondTheEndIsEmptyAndKnowsTheTotal(t *testing.T) {
	x := opened(t, t.TempDir(), generated(20, 3), Options{})
	all := find(t, x, "error")
	if all.Total == 0 {
		t.Fatal("nothing found")
	}
	r, err := x.Search(t.Context(), models.Query{Text: "error", Offset: 1 << 40})
	if err != nil || r.Total != all.Total || len(r.Hits) != 0 || r.Hits == nil {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestMomentsOfAnEpisodeByPages(t *testing.T) {
	text := strings.TrimSpace(strings.Repeat("one error and then some other words that are of no matter here ", 23))
	d := say("Often", text)
	x := indexOf(t, d)
	all := find(t, x, "error").Hits[0]
	if all.Total != 23 || len(all.Moments) != 23 {
		t.Fatalf("%d moments of %d", len(all.Moments), all.Total)
	}
	var got []models.Moment
	for offset := -1; ; offset = len(got) {
		r, err := x.Search(t.Context(), models.Query{Text: "error", EpisodeID: d.Episode.ID, Moments: 10, MomentsOffset: offset})
		if err != nil || r.Total != 1 || r.Hits[0].Total != 23 {
			t.Fatalf("%+v, %v", r, err)
		}
		if len(r.Hits[0].Moments) == 0 {
			break
		}
		got = append(got, r.Hits[0].Moments...)
	}
	if !reflect.DeepEqual(got, all.Moments) {
		t.Errorf("the pages have %d moments, other than the whole", len(got))
	}
	// Snippets of neighbours share the words between them: read one after the other they are what was said.
	var said []string
	for _, m := range all.Moments {
		said = append(said, m.Snippet)
	}
	if together := strings.Join(said, " "); together != text {
		t.Errorf("the snippets are %q", together)
	}
}
