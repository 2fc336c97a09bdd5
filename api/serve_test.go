package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

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
	logger := a.options(t).Logger
	go func() { ended <- Serve(ctx, ln, h, ServeOptions{Logger: logger}) }()

	res, err := http.Get("http://" + ln.Addr().String() + "/api/v1/events")
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

func TestHubRestsWithoutSubscribers(t *testing.T) {
	a := newArchive(t)
	h := newHub(a, a.options(t).Logger)
	c, err := h.subscribe(t.Context(), "")
	if err != nil || h.stop == nil {
		t.Fatal(err)
	}
	h.leave(c)
	if h.stop != nil || len(h.subs) != 0 {
		t.Error("it goes on polling for nobody")
	}
	for i := range maxSubscribers {
		who := "" // where nobody is counted
		if i < streamsOfOne {
			who = "user ada"
		}
		if _, err := h.subscribe(t.Context(), who); err != nil {
			t.Fatalf("refused too early: %v", err)
		}
		if i != streamsOfOne {
			continue
		}
		if _, err := h.subscribe(t.Context(), "user ada"); !errors.Is(err, errYourStreams) {
			t.Errorf("one more than %d streams of one: %v", streamsOfOne, err)
		}
	}
	if _, err := h.subscribe(t.Context(), "user bob"); !errors.Is(err, errManyStreams) {
		t.Errorf("there is no bound: %v", err)
	}
	for c := range h.subs {
		h.leave(c)
	}
}
