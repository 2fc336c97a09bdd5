package api

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// listen opens the stream of events and returns its lines.
func listen(t *testing.T, url, last string) (lines <-chan string, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(r) //nolint:bodyclose // closed where it is read
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%d", res.StatusCode)
	}
	c := make(chan string, 1000)
	go func() {
		defer close(c)
		defer res.Body.Close()
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			c <- s.Text()
		}
	}()
	return c, cancel
}

func expect(t *testing.T, lines <-chan string, want string) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the stream ended without %q", want)
			}
			if strings.Contains(line, want) {
				return
			}
		case <-late:
			t.Fatalf("no %q", want)
		}
	}
}

// TestEventsAreResumed: a client gets the status first, then what happens; one that comes back gets what it missed.
func TestEventsAreResumed(t *testing.T) {
	t.Parallel()
	a, first := library(t)
	for range 3 {
		a.happen(models.Event{Kind: models.EventQueuePaused})
	}
	s := httptest.NewServer(newHandler(t, a))
	defer s.Close()
	lines, leave := listen(t, s.URL, "")
	expect(t, lines, "event: status")
	a.happen(models.Event{Kind: models.EventJobStarted, EpisodeID: first, Title: "Error <b>budgets</b>\nand more"})
	expect(t, lines, "id: 4") // not those from before
	expect(t, lines, `"kind":"job-started"`)
	leave()
	for range 2 * eventsAtOnce {
		a.happen(models.Event{Kind: models.EventJobFinished, EpisodeID: first})
	}
	lines, leave = listen(t, s.URL, "4")
	defer leave()
	expect(t, lines, "event: status")
	expect(t, lines, "id: 5")
	expect(t, lines, "id: 404")
	// A number of another archive's is no reason to wait for ever.
	lines, leave = listen(t, s.URL, "99999")
	defer leave()
	expect(t, lines, "event: status")
	a.happen(models.Event{Kind: models.EventQueueResumed})
	expect(t, lines, "id: 405")
	for _, bad := range []string{"-1", "four", "123456789012345678901"} {
		if res, _ := ask(t, newHandler(t, a), "GET", "/api/v1/events", "Last-Event-ID", bad); res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", bad, res.StatusCode)
		}
	}
}

// Nobody keeps all streams to themselves, whatever they are logged in with.
func TestStreamsOfOne(t *testing.T) {
	t.Parallel()
	a, _ := library(t)
	users := newAccounts(t)
	s := httptest.NewServer(newHandler(t, a, withAccounts(AccessLogin, users)))
	t.Cleanup(s.Close) // after what follows it is closed
	token := "Bearer " + users.token("reader", models.ScopeRead, time.Time{})
	follow := func(who string) (status int, later string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/events", nil)
		must(t, err)
		r.Header.Set("Authorization", who)
		res, err := http.DefaultClient.Do(r)
		must(t, err)
		t.Cleanup(func() { _ = res.Body.Close() }) // until then it is followed
		return res.StatusCode, res.Header.Get("Retry-After")
	}
	for range streamsOfOne {
		if status, _ := follow(token); status != http.StatusOK {
			t.Fatalf("%d", status)
		}
	}
	if status, later := follow(token); status != http.StatusTooManyRequests || later != "60" {
		t.Errorf("one more: %d, %q", status, later)
	}
	if status, _ := follow("Bearer " + users.token("editor", models.ScopeRead, time.Time{})); status != http.StatusOK {
		t.Errorf("somebody else: %d", status)
	}
}

// from asks for the metrics as somebody at an address.
func from(t *testing.T, h http.Handler, address string, header ...string) (status int, body string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8080/metrics", nil)
	r.RemoteAddr = address
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestMetrics(t *testing.T) {
	a, _ := library(t)
	a.paused = true
	a.running = []models.JobProgress{{Kind: "download", Done: 25, Total: 100}}
	h := newHandler(t, a)
	ask(t, h, "GET", "/api/v1/status")
	ask(t, h, "GET", "/api/nothing/"+strings.Repeat("x", 50))
	status, body := from(t, h, "127.0.0.1:5000")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	for _, want := range []string{
		"earshot_up 1", `earshot_episodes{state="done"} `, `earshot_queue_held{reason="paused"} 1`, `earshot_queue_held{reason="disk-full"} 0`,
		`earshot_running_done_ratio{kind="download"} 0.25`, `earshot_running_jobs{kind="transcribe"} 0`, `earshot_build_info{version="`,
		`earshot_http_request_duration_seconds_count{method="GET",route="/api/v1/status",status="200"} 1`, "go_goroutines", "# HELP earshot_shows ",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in\n%s", want, body)
		}
	}
	if strings.Contains(body, "xxxx") {
		t.Error("what clients ask for becomes a label")
	}
	for name, c := range map[string]struct {
		address string
		header  []string
	}{
		"another machine": {"192.168.1.7:5000", nil}, "a proxy for another machine": {"127.0.0.1:5000", []string{"X-Forwarded-For", "203.0.113.4"}},
	} {
		if status, body := from(t, h, c.address, c.header...); status != http.StatusForbidden || strings.Contains(body, "earshot_") {
			t.Errorf("%s: %d", name, status)
		}
		if status, _ := from(t, newHandler(t, a, func(o *Options) { o.Metrics = "all" }), c.address, c.header...); status != http.StatusOK {
			t.Errorf("%s, where all may see them: %d", name, status)
		}
	}
	if _, body := from(t, newHandler(t, a, func(o *Options) { o.Metrics = "off" }), "127.0.0.1:5000"); strings.Contains(body, "earshot_") {
		t.Error("they are off")
	}
	a.fail = errors.New("the disk is gone")
	if status, body := from(t, newHandler(t, a), "127.0.0.1:5000"); status != http.StatusOK || !strings.Contains(body, "earshot_up 0") {
		t.Errorf("with a catalogue that does not answer: %d %s", status, body)
	}
}
