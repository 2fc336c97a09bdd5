package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

func TestFewRequestsAtATime(t *testing.T) {
	var now, most atomic.Int64
	data := recording(100)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if strings.HasPrefix(r.URL.Path, "/feed") {
			_, _ = io.WriteString(w, "<rss/>")
			return
		}
		file(w, r, data, `"1"`)
	})
	c := client(t, Options{})
	var g errgroup.Group
	for range 20 {
		g.Go(func() error { _, err := c.Page(t.Context(), at(url+"/feed")); return err })
	}
	if err := g.Wait(); err != nil || most.Load() != pagesAtOnce {
		t.Errorf("%d feeds at a time, %v", most.Load(), err)
	}
	for range 20 {
		g.Go(func() error { _, err := c.Download(t.Context(), of(url+"/1.mp3"), &memory{}, nil); return err })
	}
	if err := g.Wait(); err != nil || most.Load() > downloadsAtOnce {
		t.Errorf("%d recordings at a time, %v", most.Load(), err)
	}
	if len(c.hosts.known) != 0 {
		t.Errorf("servers are remembered that nobody uses: %v", c.hosts.known)
	}
}

func TestServersThatAskToWaitAreLeftAlone(t *testing.T) {
	var requests atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	c := client(t, Options{})
	for range 3 {
		_, err := c.Page(t.Context(), at(url+"/feed"))
		var asked interface{ RetryIn() time.Duration }
		if !errors.As(err, &asked) || asked.RetryIn() < 59*time.Minute || !strings.Contains(err.Error(), "fewer requests") {
			t.Fatal(err)
		}
		if _, err := c.Download(t.Context(), of(url+"/1.mp3"), &memory{}, nil); !errors.As(err, &asked) || asked.RetryIn() < 59*time.Minute {
			t.Fatal(err)
		}
	}
	if requests.Load() != 1 {
		t.Errorf("%d requests to a server that asked for none", requests.Load())
	}
}

func TestWaitingForAPlaceEndsWithItsContext(t *testing.T) {
	inside := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	c := client(t, Options{})
	busy, free := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { _, _ = c.Page(busy, at(s.URL)); close(done) }()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Page(ctx, at(s.URL)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	free()
	<-done
}
