package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/webhook"
)

// memory is a log of events with a follower.
type memory struct {
	mu     sync.Mutex
	events []models.Event
	told   map[string]int64
	holder string
}

func (m *memory) add(e models.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.Seq = int64(len(m.events) + 1)
	m.events = append(m.events, e)
}

func (m *memory) Events(_ context.Context, after int64, limit int) ([]models.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := m.events[min(after, int64(len(m.events))):]
	return left[:min(limit, len(left))], nil
}

func (m *memory) LastEvent(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.events)), nil
}

func (m *memory) Told(_ context.Context, name string) (int64, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seq, ok := m.told[name]
	return seq, ok, nil
}

func (m *memory) SetTold(_ context.Context, name string, seq int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told[name] = seq
	return nil
}

func (m *memory) Claim(_ context.Context, _, holder string, while time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.holder != "" && m.holder != holder {
		return false, nil
	}
	if m.holder = holder; while == 0 {
		m.holder = ""
	}
	return true, nil
}

// wait waits until ok.
func (m *memory) wait(t *testing.T, ok func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		m.mu.Lock()
		is := ok()
		m.mu.Unlock()
		if is {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("still not so")
		}
	}
}

// begun waits until somebody follows.
func (m *memory) begun(t *testing.T) {
	t.Helper()
	m.wait(t, func() bool { return len(m.told) > 0 })
}

// got is a message that a server received.
type got struct {
	header http.Header
	body   []byte
}

func run(t *testing.T, o webhook.Options) (stop func()) {
	t.Helper()
	o.Logger, o.Look, o.Pause = slog.New(slog.DiscardHandler), 5*time.Millisecond, time.Millisecond
	c, err := webhook.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// TestTold: what matters is told once, in order, signed, also after the receiver failed and after a restart; history is not.
func TestTold(t *testing.T) {
	messages, refuse := make(chan got, 10), make(chan int, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		select {
		case status := <-refuse:
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		default:
			messages <- got{r.Header, body}
		}
	}))
	defer s.Close()
	m := &memory{told: map[string]int64{}}
	m.add(models.Event{Kind: models.EventJobFailed, EpisodeID: "history"})
	o := webhook.Options{Log: m, URLs: []string{s.URL + "/token"}, Secret: "between us", Allow: []string{"127.0.0.1", "::1"}}
	stop := run(t, o)
	m.begun(t)
	refuse <- 500
	refuse <- 302
	m.add(models.Event{Kind: models.EventJobStarted, JobKind: "transcribe", EpisodeID: "a"})
	m.add(models.Event{Kind: models.EventJobFinished, JobKind: "download", EpisodeID: "a"})
	m.add(models.Event{Kind: models.EventJobFinished, JobKind: "transcribe", EpisodeID: "a", Title: "Alpha"})
	first := receive(t, messages)
	var said webhook.Message
	if err := json.Unmarshal(first.body, &said); err != nil || said.Type != "episode.transcribed" || said.Data.Title != "Alpha" {
		t.Errorf("%s, %v", first.body, err)
	}
	want := webhook.Signature("between us", "earshot-4", first.header.Get("webhook-timestamp"), first.body)
	if first.header.Get("webhook-signature") != want || first.header.Get("webhook-id") != "earshot-4" {
		t.Errorf("%v, want %s", first.header, want)
	}
	m.wait(t, func() bool {
		for _, seq := range m.told {
			return seq == 4
		}
		return false
	})
	stop()
	m.add(models.Event{Kind: models.EventJobFailed, JobKind: "download", EpisodeID: "b", Reason: "gone"})
	m.add(models.Event{Kind: models.EventJobFinished, JobKind: "transcribe", Task: models.TaskTranslate, EpisodeID: "c"})
	stop, stopOther := run(t, o), run(t, o) // two machines
	for _, want := range []string{`"episode.failed"`, `"episode.translated"`} {
		if next := receive(t, messages); !strings.Contains(string(next.body), want) {
			t.Errorf("%s, want %s", next.body, want)
		}
	}
	stop()
	stopOther()
	if len(messages) > 0 {
		t.Errorf("%d messages came twice", len(messages))
	}
}

// TestSignature has a value from `printf '%s' 'msg_1.1614265330.{"test": 1}' | openssl dgst -sha256 -hmac secret -binary | base64`.
func TestSignature(t *testing.T) {
	const want = "v1,1Tt6f6kCmN0/oOeUKSb5SMgtigfYxJ8o5qYdsHNpr/g="
	if got := webhook.Signature("secret", "msg_1", "1614265330", []byte(`{"test": 1}`)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestPrivateNetworks are not called unless they are named, and given up at once.
func TestPrivateNetworks(t *testing.T) {
	called := make(chan struct{}, 10)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called <- struct{}{} }))
	defer s.Close()
	m := &memory{told: map[string]int64{}}
	stop := run(t, webhook.Options{Log: m, URLs: []string{s.URL}, Allow: []string{"10.0.0.0/8"}})
	m.begun(t)
	m.add(models.Event{Kind: models.EventJobFailed, EpisodeID: "a"})
	m.wait(t, func() bool {
		for _, seq := range m.told {
			return seq == 1
		}
		return false
	})
	stop()
	if len(called) > 0 {
		t.Error("a private address was called")
	}
}

func TestRefused(t *testing.T) {
	for _, o := range []webhook.Options{
		{URLs: []string{"ftp://example.org"}}, {URLs: []string{"example.org"}}, {URLs: make([]string, 21)},
		{URLs: []string{"https://example.org"}, Allow: []string{"home"}},
	} {
		if _, err := webhook.New(o); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
