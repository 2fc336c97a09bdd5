package api

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

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
	res, body := ask(t, h, "GET", "/api/search?q=error+budget&moments=2")
	var got Results
	if err := json.Unmarshal([]byte(body), &got); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %v %s", res.StatusCode, err, body)
	}
	if got.Total != 2 || len(got.Hits) != 2 || len(got.Hits[0].Moments) != 2 || got.Hits[0].Total != 4 {
		t.Fatalf("%s", body)
	}
	e := got.Hits[0].Episode
	if e.ID != first || e.ShowTitle != "Practical Systems" || e.DurationMS == 0 || e.PublishedAt == nil || e.MediaType != "audio/wav" {
		t.Errorf("%+v", e)
	}
	m := got.Hits[0].Moments[0]
	if said := []rune(m.Snippet)[m.Marks[0].Start:m.Marks[0].End]; string(said) != "error" {
		t.Errorf("marked is %q", string(said))
	}
	// An episode that the index still knows but the catalogue no longer is left out.
	h = newHandler(t, a, func(o *Options) { o.Catalogue = withoutEpisode{a, first} })
	if _, body = ask(t, h, "GET", "/api/search?q=error+budget"); strings.Contains(body, string(first)) {
		t.Error("a deleted episode is found")
	}
}

// withoutEpisode is an archive whose catalogue has lost an episode.
type withoutEpisode struct {
	*archive
	gone models.EpisodeID
}

func (w withoutEpisode) EpisodesByID(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID]models.Episode, error) {
	m, err := w.archive.EpisodesByID(ctx, ids)
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
		{"GET", "/api/search", 422, "query.q"},
		{"GET", "/api/search?q=" + long, 422, "query.q"},
		{"GET", "/api/search?q=a&limit=0", 422, "query.limit"},
		{"GET", "/api/search?q=a&limit=101", 422, "query.limit"},
		{"GET", "/api/search?q=a&limit=many", 422, "query.limit"},
		{"GET", "/api/search?q=a&offset=-1", 422, "query.offset"},
		{"GET", "/api/search?q=a&moments=1001", 422, "query.moments"},
		{"GET", "/api/search?q=a&colour=red", 422, "query.colour"},
		{"GET", "/api/search?q=a&q=b", 422, "more than once"},
		{"GET", "/api/search?q=%zz", 400, "malformed"},
		{"GET", "/api/search?q=a;b", 400, "malformed"},
		{"GET", "/api/search?q=a&episode=../../etc", 404, "no episode"},
		{"GET", "/api/status?verbose=1", 422, "query.verbose"},
		{"GET", "/api/episodes?state=lost", 422, "query.state"},
		{"GET", "/api/episodes?show=nonsense", 404, "no show"},
		{"GET", "/api/episodes/0000000000000000", 404, "no such thing"},
		{"GET", "/api/episodes/..%2f..%2fpasswd", 404, "no"},
		{"GET", "/api/episodes/" + long, 404, "no episode"},
		{"GET", "/api/episodes/0000000000000000/transcript", 404, "no such thing"},
		{"GET", "/api/episodes/0000000000000000/media", 404, "no such thing"},
		{"GET", "/api/nothing", 404, "openapi.json"},
		{"DELETE", "/api/episodes/" + string(first), 405, "DELETE"},
		{"POST", "/api/episodes/" + string(first) + "/retry", 422, "has not failed"},
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
	for _, target := range []string{"/api/search?q=a", "/api/shows", "/api/episodes", "/api/episodes/" + string(first), "/api/episodes/" + string(first) + "/transcript", "/api/status", "/api/events", "/healthz"} {
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
	for _, target := range []string{"/api/shows", "/api/episodes", "/api/episodes/" + string(first), "/api/search?q=error", "/api/status"} {
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
	var got Episodes
	_, body := ask(t, h, "GET", "/api/episodes?limit=2&offset=2")
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Episodes) != 2 || !got.More || got.Episodes[0].Title != "The long questions episode" {
		t.Errorf("%v %s", err, body)
	}
	_, body = ask(t, h, "GET", "/api/episodes?limit=3&offset=2")
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Episodes) != 3 || got.More {
		t.Errorf("%v %s", err, body)
	}
	_, body = ask(t, h, "GET", "/api/episodes?state=failed")
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Episodes) != 1 || !strings.Contains(got.Episodes[0].Reason, "410") {
		t.Errorf("%v %s", err, body)
	}
	h = newHandler(t, newArchive(t))
	for _, target := range []string{"/api/shows", "/api/episodes", "/api/search?q=a", "/api/status"} {
		if _, body := ask(t, h, "GET", target); strings.Contains(body, "null") {
			t.Errorf("%s has a null list: %s", target, body)
		}
	}
}

func TestTranscriptIsKeptUntilItChanges(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	target := "/api/episodes/" + string(first) + "/transcript"
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
		if res, body := ask(t, h, "POST", "/api/episodes/"+failed+"/retry", origin...); res.StatusCode != http.StatusForbidden || !strings.Contains(body, "another site") {
			t.Errorf("%v: %d %s", origin, res.StatusCode, body)
		}
	}
	if len(a.retried) != 0 {
		t.Fatal("a refused request had its effect")
	}
	res, body := ask(t, h, "POST", "/api/episodes/"+failed+"/retry", "Sec-Fetch-Site", "same-origin")
	if res.StatusCode != http.StatusAccepted || !strings.Contains(body, `"state":"queued"`) || len(a.retried) != 1 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestMedia(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	target := "/api/episodes/" + string(first) + "/media"
	want, err := os.ReadFile(filepath.Join(a.dir, string(first)+".wav"))
	if err != nil {
		t.Fatal(err)
	}
	res, body := ask(t, h, "GET", target, "Accept-Encoding", "gzip")
	if body != string(want) || res.Header.Get("Content-Type") != "audio/wav" || res.Header.Get("Accept-Ranges") != "bytes" || res.Header.Get("Content-Encoding") != "" {
		t.Errorf("%d %v, %d bytes", res.StatusCode, res.Header, len(body))
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") {
		t.Errorf("policy %q", csp)
	}
	tag := res.Header.Get("ETag")
	for _, c := range []struct {
		name, method, ranges, ifNone string
		status                       int
		body                         string
	}{
		{"head", "HEAD", "", "", 200, ""},
		{"middle", "GET", "bytes=100-199", "", 206, string(want[100:200])},
		{"tail", "GET", "bytes=-10", "", 206, string(want[len(want)-10:])},
		{"from", "GET", "bytes=44-", "", 206, string(want[44:])},
		{"outside", "GET", "bytes=999999999-", "", 416, ""},
		{"many ranges", "GET", "bytes=0-0" + strings.Repeat(",0-0", 5000), "", 200, string(want)},
		{"nonsense", "GET", "bytes=zzz", "", 416, ""},
		{"head of a part", "HEAD", "bytes=0-9", "", 206, ""},
		{"at hand", "GET", "", tag, 304, ""},
	} {
		res, body := ask(t, h, c.method, target, "Range", c.ranges, "If-None-Match", c.ifNone)
		if res.StatusCode != c.status || (c.status < 400 && body != c.body) {
			t.Errorf("%s: %d with %d bytes, want %d with %d", c.name, res.StatusCode, len(body), c.status, len(c.body))
		}
	}
	// What is not audio is bytes without a meaning: a browser must not take it for a page.
	for _, probed := range []string{"image/svg+xml", "text/html", "audio/x+xml", "", "nonsense", "application/xhtml+xml", "video/../html"} {
		a.change(first, func(e *models.Episode) { e.Media.ContentType = probed })
		res, _ := ask(t, h, "GET", target)
		if res.Header.Get("Content-Type") != "application/octet-stream" || res.Header.Get("Content-Disposition") != "attachment" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q is served as %v", probed, res.Header)
		}
	}
	if err := os.Remove(filepath.Join(a.dir, string(first)+".wav")); err != nil {
		t.Fatal(err)
	}
	if res, body := ask(t, h, "GET", target); res.StatusCode != http.StatusNotFound || strings.Contains(body, a.dir) {
		t.Errorf("a lost file: %d %s", res.StatusCode, body)
	}
	if res, body := ask(t, h, "GET", "/api/episodes/"+string(a.episodes[4].ID)+"/media"); res.StatusCode != http.StatusNotFound || !strings.Contains(body, "not here yet") {
		t.Errorf("no file: %d %s", res.StatusCode, body)
	}
}

func TestHosts(t *testing.T) {
	a := newArchive(t)
	for _, c := range []struct {
		bind    string
		allowed []string
		host    string
		ok      bool
	}{
		{"", nil, "localhost:8080", true},
		{"", nil, "LOCALHOST", true},
		{"127.0.0.1:8080", nil, "127.0.0.1:9", true},
		{"127.0.0.1:8080", nil, "[::1]:8080", true},
		{"127.0.0.1:8080", nil, "evil.example", false},
		{"127.0.0.1:8080", nil, "evil.example:8080", false},
		{"127.0.0.1:8080", nil, "localhost.evil.example", false},
		{"127.0.0.1:8080", nil, "127.0.0.1.nip.io", false},
		{"127.0.0.1:8080", nil, "", false},
		{"127.0.0.1:8080", []string{"archive.lan"}, "archive.lan:8080", true},
		{"192.168.1.5:8080", nil, "192.168.1.5:8080", true},
		{"192.168.1.5:8080", nil, "evil.example", false},
		{":8080", nil, "anything.lan", true},
		{"0.0.0.0:8080", nil, "anything.lan", true},
		{"[::]:8080", nil, "anything.lan", true},
		{":8080", []string{"archive.lan"}, "evil.example", false},
		{"127.0.0.1:8080", []string{"*"}, "anything.lan", true},
	} {
		h := newHandler(t, a, func(o *Options) { o.Bind, o.AllowedHosts = c.bind, c.allowed })
		res, body := ask(t, h, "GET", "/api/status", "Host", c.host)
		if (res.StatusCode == http.StatusOK) != c.ok || (!c.ok && res.StatusCode != http.StatusMisdirectedRequest) {
			t.Errorf("%q listening on %q, allowing %q: %d %s", c.host, c.bind, c.allowed, res.StatusCode, body)
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	for _, target := range []string{"/", "/episodes/" + string(first), "/assets/nothing", "/api/status", "/api/nothing", "/api/search", "/api/openapi.json", "/api/episodes/" + string(first) + "/media", "/healthz"} {
		res, _ := ask(t, h, "GET", target)
		csp := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") ||
			res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", target, res.Header)
		}
		if head, body := ask(t, h, "HEAD", target); head.StatusCode != res.StatusCode {
			t.Errorf("HEAD %s: %d %s, GET %d", target, head.StatusCode, body, res.StatusCode)
		}
	}
}

func TestPageFiles(t *testing.T) {
	built := pageOf(fstest.MapFS{
		"index.html": {Data: []byte("<!doctype html>")}, "assets/a.js": {Data: []byte("1")}, "favicon.svg": {Data: []byte("<svg/>")}, ".gitkeep": {},
	})
	for _, c := range []struct {
		page                        *page
		target                      string
		status                      int
		contentType, cache, contain string
	}{
		{built, "/", 200, "text/html; charset=utf-8", "no-cache", "<!doctype"},
		{built, "/episodes/0123456789abcdef", 200, "text/html; charset=utf-8", "no-cache", "<!doctype"},
		{built, "/assets/a.js", 200, "text/javascript; charset=utf-8", "immutable", "1"},
		{built, "/favicon.svg", 200, "image/svg+xml", "3600", "<svg/>"},
		{built, "/.gitkeep", 404, "application/problem+json", "", ""},
		{built, "/assets/../index.html", 404, "application/problem+json", "", ""},
		{built, "/assets", 404, "application/problem+json", "", ""},
		{built, "/index.html", 404, "application/problem+json", "", ""},
		{pageOf(fstest.MapFS{".gitkeep": {}}), "/", 404, "text/plain; charset=utf-8", "", "make web"},
	} {
		res, body := ask(t, c.page, "GET", c.target)
		if res.StatusCode != c.status || res.Header.Get("Content-Type") != c.contentType || !strings.Contains(res.Header.Get("Cache-Control"), c.cache) || !strings.Contains(body, c.contain) {
			t.Errorf("%s: %d %v %s", c.target, res.StatusCode, res.Header, body)
		}
	}
	res, _ := ask(t, built, "GET", "/")
	if res, _ := ask(t, built, "GET", "/", "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("a page at hand: %d", res.StatusCode)
	}
}

func TestCompression(t *testing.T) {
	a, first := library(t)
	res, body := ask(t, newHandler(t, a), "GET", "/api/episodes/"+string(first)+"/transcript", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil || res.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(res.Header.Get("Vary"), "Accept-Encoding") {
		t.Fatalf("%v %v", err, res.Header)
	}
	if plain, err := io.ReadAll(z); err != nil || !json.Valid(plain) {
		t.Errorf("%v %.100s", err, plain)
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

type brokenIndex struct{}

func (brokenIndex) Search(context.Context, models.Query) (models.Results, error) {
	return models.Results{}, errors.New("torn page")
}

func TestPanicsAreInternalErrors(t *testing.T) {
	a := newArchive(t)
	h := newHandler(t, a, func(o *Options) { o.Searcher = panicking{} })
	if res, body := ask(t, h, "GET", "/api/search?q=a"); res.StatusCode != http.StatusInternalServerError || strings.Contains(body, "boo") || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

type panicking struct{}

func (panicking) Search(context.Context, models.Query) (models.Results, error) { panic("boo") }

func TestOptionsAreRequired(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("an API without a catalogue was made")
	}
}

// The server tells of changes, ends streams when it stops, and lets what runs finish.
func TestServeEventsAndStop(t *testing.T) {
	a, _ := library(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	h := newHandler(t, a)
	go func() { ended <- Serve(ctx, ln, h, ServeOptions{Logger: a.options(t).Logger}) }()

	res, err := http.Get("http://" + ln.Addr().String() + "/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v", res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	next := func() (st Status) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &st); err != nil {
					t.Fatal(err)
				}
				return st
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return st
	}
	if st := next(); st.Running[0].Done != 420 || st.Episodes[models.EpisodeFailed] != 1 || st.Version != "test" {
		t.Errorf("first %+v", st)
	}
	a.lock()
	a.running[0].Done = 555
	a.mu.Unlock()
	if st := next(); st.Running[0].Done != 555 {
		t.Errorf("then %+v", st)
	}
	stop()
	for lines.Scan() { // to its end
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the server does not stop while somebody follows the events")
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the stopped server still listens")
	}
}

func TestServeSaysWhyItCannot(t *testing.T) {
	a := newArchive(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	if err := Serve(t.Context(), ln, newHandler(t, a), ServeOptions{Logger: a.options(t).Logger}); err == nil || !strings.Contains(err.Error(), "serving 127.0.0.1") {
		t.Errorf("%v", err)
	}
}

// With the last subscriber the catalogue is left alone.
func TestHubRestsWithoutSubscribers(t *testing.T) {
	a := newArchive(t)
	h := newHub(a, a.options(t).Logger)
	c, ok, err := h.subscribe(t.Context())
	if err != nil || !ok || h.stop == nil {
		t.Fatal(ok, err)
	}
	h.leave(c)
	if h.stop != nil || len(h.subs) != 0 {
		t.Error("it goes on polling for nobody")
	}
	for range maxSubscribers {
		if _, ok, _ := h.subscribe(t.Context()); !ok {
			t.Fatal("refused too early")
		}
	}
	if _, ok, _ := h.subscribe(t.Context()); ok {
		t.Error("there is no bound")
	}
	for c := range h.subs {
		h.leave(c)
	}
}
