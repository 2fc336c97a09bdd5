package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"

	"github.com/earshot/earshot/models"
)

// getBody asks for a body of type T.
func getBody[T any](t *testing.T, h http.Handler, target string) (body T) {
	t.Helper()
	res, text := ask(t, h, "GET", target)
	if err := json.Unmarshal([]byte(text), &body); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v %.300s", target, res.StatusCode, err, text)
	}
	return body
}

func TestSearchSortsAndPages(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	newest := getBody[Results](t, h, "/api/v1/search?q=%22error+budget%22&sort=newest")
	oldest := getBody[Results](t, h, "/api/v1/search?q=%22error+budget%22&sort=oldest")
	if newest.Hits[0].Episode.ID != first || oldest.Hits[1].Episode.ID != first {
		t.Errorf("newest first: %+v; oldest first: %+v", newest.Hits, oldest.Hits)
	}
	long := oldest.Hits[0].Episode.ID
	var starts []int64
	for offset := -1; ; offset = len(starts) {
		page := getBody[Results](t, h, "/api/v1/search?q=%22error+budget%22&moments=5&episode="+string(long)+"&moments_offset="+strconv.Itoa(offset))
		if len(page.Hits) != 1 || page.Hits[0].Total != 12 {
			t.Fatalf("a page of moments: %+v", page)
		}
		if len(page.Hits[0].Moments) == 0 {
			break
		}
		for _, m := range page.Hits[0].Moments {
			starts = append(starts, m.StartMS)
		}
	}
	if len(starts) != 12 || !slices.IsSorted(starts) || len(slices.Compact(slices.Clone(starts))) != 12 {
		t.Errorf("the moments by pages begin at %v", starts)
	}
	beyond := getBody[Results](t, h, "/api/v1/search?q=%22error+budget%22&offset=500")
	if beyond.Total != 2 || len(beyond.Hits) != 0 {
		t.Errorf("a page beyond the end: %+v", beyond)
	}
}

// A facet's query, asked for, gives as many episodes as the facet promised.
func TestFacetsNarrow(t *testing.T) {
	a, _ := library(t)
	h := newHandler(t, a)
	if without := getBody[Results](t, h, "/api/v1/search?q=budget"); without.Facets != nil {
		t.Errorf("nobody asked for facets: %+v", without.Facets)
	}
	got := getBody[Results](t, h, "/api/v1/search?q=budget&facets=true")
	if got.Facets == nil || len(got.Facets.Shows) != 2 || len(got.Facets.Speakers) == 0 {
		t.Fatalf("%+v", got.Facets)
	}
	for _, f := range slices.Concat(got.Facets.Shows, got.Facets.Years, got.Facets.Languages) {
		if narrowed := getBody[Results](t, h, "/api/v1/search?q="+url.QueryEscape(f.Narrowed)); narrowed.Total != f.Episodes {
			t.Errorf("%s: %d episodes, promised were %d", f.Narrowed, narrowed.Total, f.Episodes)
		}
	}
}

func TestComplete(t *testing.T) {
	a, _ := library(t)
	h := newHandler(t, a)
	got := getBody[Completions](t, h, "/api/v1/complete?q=error+certif").Completions
	i := slices.IndexFunc(got, func(c models.Completion) bool { return c.Text == "certificate" })
	if i < 0 || got[i].Query != "error certificate" || got[i].Episodes != 2 {
		t.Errorf("%+v", got)
	}
	if got := getBody[Completions](t, h, "/api/v1/complete?q=r&limit=1").Completions; len(got) > 1 {
		t.Errorf("asked for one: %+v", got)
	}
	if got := getBody[Completions](t, h, "/api/v1/complete?q=%ff%fe"); got.Completions == nil {
		t.Error("no list for bytes that are no text")
	}
}

func TestMentionsByMonth(t *testing.T) {
	a, first := library(t)
	a.change(first, func(e *models.Episode) { e.PublishedAt = e.PublishedAt.AddDate(-1, 0, 0) }) // March 2025
	h := newHandler(t, a)
	got := getBody[models.Mentions](t, h, "/api/v1/mentions?q=%22error+budget%22")
	if n := len(got.Months); n != 12 {
		t.Fatalf("from March 2025 to February 2026 are 12 months: %+v", got)
	}
	if m := got.Months[0]; m.Month != "2025-03" || m.Episodes != 1 || m.Moments != 4 || m.Of != 1 {
		t.Errorf("%+v", m)
	}
	if m := got.Months[11]; m.Month != "2026-02" || m.Moments != 12 {
		t.Errorf("%+v", m)
	}
	if either := getBody[models.Mentions](t, h, "/api/v1/mentions?q=budget+OR+rain"); either.Base != "(budget OR rain)" {
		t.Errorf("a filter would be added to %q", either.Base)
	}
	if none := getBody[models.Mentions](t, h, "/api/v1/mentions?q=zebra&strict=true"); none.Months == nil || len(none.Months) != 0 {
		t.Errorf("%+v", none)
	}
}
