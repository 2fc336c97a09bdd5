package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// ask sends a request to the handler and returns its answer with the body read.

func ask(t *testing.T, h http.Handler, method, target string, header ...string) (res answer, body string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost:8080"+target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Code, w.Header()}, w.Body.String()
}

type answer struct {
	StatusCode int
	Header     http.Header
}

func newHandler(t *testing.T, a *archive, change ...func(*Options)) http.Handler {
	t.Helper()
	o := a.options(t)
	for _, f := range change {
		f(&o)
	}
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestSearchTellsWhatThePageNeeds(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	res, body := ask(t, h, "GET", "/api/v1/search?q=%22error+budget%22&moments=2")
	var got Results
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %v %s", res.StatusCode, err, body)
	}
	i := slices.IndexFunc(got.Hits, func(h Hit) bool { return h.Episode.ID == first })
	if got.Total != 2 || len(got.Hits) != 2 || i < 0 || len(got.Hits[i].Moments) != 2 || got.Hits[i].Total != 4 {
		t.Fatalf("%s", body)
	}
	e := got.Hits[i].Episode
	if e.ShowTitle != "Practical Systems" || e.DurationMS == 0 || e.PublishedAt == nil || e.MediaType != "audio/wav" {
		t.Errorf("%+v", e)
	}
	m := got.Hits[i].Moments[0]
	if said := []rune(m.Snippet)[m.Marks[0].Start:m.Marks[0].End]; string(said) != "error" {
		t.Errorf("marked is %q", string(said))
	}
	// An episode that the index still knows but the catalogue no longer is left out.
	h = newHandler(t, a, func(o *Options) { o.Catalogue = withoutEpisode{a, first} })
	if _, body = ask(t, h, "GET", "/api/v1/search?q=%22error+budget%22"); strings.Contains(body, string(first)) {
		t.Error("a deleted episode is found")
	}
}

// withoutEpisode is an archive whose catalogue has lost an episode.

type withoutEpisode struct {
	*archive
	gone models.EpisodeID
}

func (w withoutEpisode) EpisodesInShort(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID]models.Episode, error) {
	m, err := w.archive.EpisodesInShort(ctx, ids)
	delete(m, w.gone)
	return m, err
}

func TestProblems(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	long := strings.Repeat("x", 1001)
	for _, c := range []struct {
		method, target string
		status         int
		says           string
	}{
		{"GET", "/api/v1/search", 422, "query.q"},
		{"GET", "/api/v1/search?q=" + long, 422, "query.q"},
		{"GET", "/api/v1/search?q=a&limit=0", 422, "query.limit"},
		{"GET", "/api/v1/search?q=a&limit=101", 422, "query.limit"},
		{"GET", "/api/v1/search?q=a&limit=many", 422, "query.limit"},
		{"GET", "/api/v1/search?q=a&offset=-1", 422, "query.offset"},
		{"GET", "/api/v1/search?q=a&moments=1001", 422, "query.moments"},
		{"GET", "/api/v1/search?q=a&sort=random", 422, "query.sort"},
		{"GET", "/api/v1/search?q=a&moments_offset=-2", 422, "query.moments_offset"},
		{"GET", "/api/v1/search?q=a&strict=perhaps", 422, "query.strict"},
		{"GET", "/api/v1/search?q=a&colour=red", 422, "query.colour"},
		{"GET", "/api/v1/complete", 422, "query.q"},
		{"GET", "/api/v1/complete?q=a&limit=51", 422, "query.limit"},
		{"GET", "/api/v1/complete?q=" + long, 422, "query.q"},
		{"GET", "/api/v1/mentions", 422, "query.q"},
		{"GET", "/api/v1/mentions?q=" + long, 422, "query.q"},
		{"GET", "/api/v1/search?q=a&q=b", 422, "more than once"},
		{"GET", "/api/v1/search?q=%zz", 400, "malformed"},
		{"GET", "/api/v1/search?q=a;b", 400, "malformed"},
		{"GET", "/api/v1/search?q=a&episode=../../etc", 404, "no episode"},
		{"GET", "/api/v1/status?verbose=1", 422, "query.verbose"},
		{"GET", "/api/v1/episodes?state=lost", 422, "query.state"},
		{"GET", "/api/v1/episodes?show=nonsense", 404, "no show"},
		{"GET", "/api/v1/episodes?offset=10", 422, "query.offset"},
		{"GET", "/api/v1/episodes?cursor=" + long, 422, "query.cursor"},
		{"GET", "/api/v1/episodes?cursor=nonsense", 422, "query.cursor"},
		{"GET", "/api/v1/episodes?cursor=ZXBpc29kZXM6eyJhdCI6MSwiaWQiOiIuLi8uLiJ9", 422, "query.cursor"},            // episodes:{"at":1,"id":"../.."}
		{"GET", "/api/v1/episodes?cursor=cXVldWU6eyJhdCI6MSwiaWQiOiIwMTIzNDU2Nzg5YWJjZGVmIn0", 422, "query.cursor"}, // of another list
		{"GET", "/api/v1/episodes/0000000000000000", 404, "no such thing"},
		{"GET", "/api/v1/episodes/..%2f..%2fpasswd", 404, "no"},
		{"GET", "/api/v1/episodes/" + long, 404, "no episode"},
		{"GET", "/api/v1/episodes/0000000000000000/transcript", 404, "no such thing"},
		{"GET", "/api/v1/episodes/0000000000000000/media", 404, "no such thing"},
		{"GET", "/api/nothing", 404, "openapi.json"},
		{"DELETE", "/api/v1/episodes/" + string(first), 405, "DELETE"},
		{"POST", "/api/v1/episodes/" + string(first) + "/retry", 409, "has not failed"},
		{"POST", "/", 405, "POST"},
		{"GET", "/assets/missing.js", 404, "nothing"},
		{"GET", "/.gitkeep", 404, "nothing"},
	} {
		res, body := ask(t, h, c.method, c.target)
		if res.StatusCode != c.status || res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, c.says) {
			t.Errorf("%s %.60s: %d %s %s, want %d saying %q", c.method, c.target, res.StatusCode, res.Header.Get("Content-Type"), body, c.status, c.says)
		}
	}
}

func TestInternalErrorsStayInside(t *testing.T) {
	a, first := library(t)
	a.fail = errors.New("open /home/owner/secret.db: disk on fire")
	var log strings.Builder
	h := newHandler(t, a, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	for _, target := range []string{"/api/v1/search?q=a", "/api/v1/shows", "/api/v1/episodes", "/api/v1/episodes/" + string(first), "/api/v1/episodes/" + string(first) + "/transcript", "/api/v1/status", "/api/v1/events", "/healthz"} {
		log.Reset()
		res, body := ask(t, h, "GET", target)
		if res.StatusCode < 500 || strings.Contains(body, "secret") || !strings.Contains(log.String(), "disk on fire") {
			t.Errorf("%s: %d %s; log: %s", target, res.StatusCode, body, log.String())
		}
	}
}

func TestSecretsStayInside(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	for _, target := range []string{"/api/v1/shows", "/api/v1/episodes", "/api/v1/episodes/" + string(first), "/api/v1/search?q=error", "/api/v1/status"} {
		if res, body := ask(t, h, "GET", target); res.StatusCode != http.StatusOK || strings.Contains(body, "secret") {
			t.Errorf("%s tells where the feed or the file is: %s", target, body)
		}
	}
}

func TestLists(t *testing.T) {
	a, _ := library(t)
	a.lock()
	a.running = nil
	a.mu.Unlock()
	h := newHandler(t, a)
	first := getBody[Episodes](t, h, "/api/v1/episodes?limit=2")
	if len(first.Episodes) != 2 || first.Next == "" {
		t.Fatalf("%+v", first)
	}
	// What is new does not move what follows.
	a.lock()
	fresh := a.episodes[0]
	fresh.ID, fresh.PublishedAt = "0123456789abcdef", fresh.PublishedAt.AddDate(1, 0, 0)
	a.episodes = append([]models.Episode{fresh}, a.episodes...)
	a.mu.Unlock()
	got := getBody[Episodes](t, h, "/api/v1/episodes?limit=2&cursor="+first.Next)
	if len(got.Episodes) != 2 || got.Next == "" || got.Episodes[0].Title != "The long questions episode" {
		t.Errorf("%+v", got)
	}
	if got = getBody[Episodes](t, h, "/api/v1/episodes?limit=3&cursor="+first.Next); len(got.Episodes) != 3 || got.Next != "" {
		t.Errorf("%+v", got)
	}
	_, body := ask(t, h, "GET", "/api/v1/episodes?state=failed")
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Episodes) != 1 || !strings.Contains(got.Episodes[0].Reason, "410") {
		t.Errorf("%v %s", err, body)
	}
	h = newHandler(t, newArchive(t))
	for _, target := range []string{"/api/v1/shows", "/api/v1/episodes", "/api/v1/search?q=a", "/api/v1/status"} {
		if _, body := ask(t, h, "GET", target); strings.Contains(body, "null") {
			t.Errorf("%s has a null list: %s", target, body)
		}
	}
}

func TestTranscriptIsKeptUntilItChanges(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	target := "/api/v1/episodes/" + string(first) + "/transcript"
	res, body := ask(t, h, "GET", target)
	tag := res.Header.Get("ETag")
	if res.StatusCode != http.StatusOK || tag == "" || !strings.Contains(body, `"text":"certificate."`) {
		t.Fatalf("%d %q %.200s", res.StatusCode, tag, body)
	}
	if res, body = ask(t, h, "GET", target, "If-None-Match", tag); res.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("%d with a body of %d bytes", res.StatusCode, len(body))
	}
	a.lock()
	a.transcripts[first].Segments[0].Words[0].Text = "Wellcome"
	a.mu.Unlock()
	if res, _ = ask(t, h, "GET", target, "If-None-Match", tag); res.StatusCode != http.StatusOK {
		t.Errorf("a corrected word: %d", res.StatusCode)
	}
}

func TestRetry(t *testing.T) {
	a, _ := library(t)
	h := newHandler(t, a)
	failed := string(a.episodes[4].ID)
	// Another site's page may not ask for it, whatever the browser calls the request.
	for _, origin := range [][]string{{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}} {
		if res, body := ask(t, h, "POST", "/api/v1/episodes/"+failed+"/retry", origin...); res.StatusCode != http.StatusForbidden || !strings.Contains(body, "another site") {
			t.Errorf("%v: %d %s", origin, res.StatusCode, body)
		}
	}
	if len(a.retried) != 0 {
		t.Fatal("a refused request had its effect")
	}
	res, body := ask(t, h, "POST", "/api/v1/episodes/"+failed+"/retry", "Sec-Fetch-Site", "same-origin")
	if res.StatusCode != http.StatusAccepted || !strings.Contains(body, `"state":"queued"`) || len(a.retried) != 1 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestHealth(t *testing.T) {
	a := newArchive(t)
	h := newHandler(t, a)
	if res, body := ask(t, h, "GET", "/healthz"); res.StatusCode != http.StatusOK || !strings.Contains(body, `"ok"`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	h = newHandler(t, a, func(o *Options) { o.Searcher = brokenIndex{} })
	if res, body := ask(t, h, "GET", "/healthz"); res.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "index") || strings.Contains(body, "torn") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

type brokenIndex struct{ Searcher }

func (brokenIndex) State() string { return "" }

func (brokenIndex) Search(context.Context, models.Query) (models.Results, error) {
	return models.Results{}, errors.New("torn page")
}

func TestPanicsAreInternalErrors(t *testing.T) {
	a := newArchive(t)
	h := newHandler(t, a, func(o *Options) { o.Searcher = panicking{} })
	if res, body := ask(t, h, "GET", "/api/v1/search?q=a"); res.StatusCode != http.StatusInternalServerError || strings.Contains(body, "boo") || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

type panicking struct{ Searcher }

func (panicking) State() string { return "" }

func (panicking) Search(context.Context, models.Query) (models.Results, error) { panic("boo") }

func TestOptionsAreRequired(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("an API without a catalogue was made")
	}
}

// The server tells of changes, ends streams when it stops, and lets what runs finish.

// With the last subscriber the catalogue is left alone.
