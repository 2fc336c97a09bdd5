package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/earshot/earshot/models"
)

const (
	pollEvery      = time.Second      // how soon a change of the status is told
	beatEvery      = 20 * time.Second // how often a silent stream shows that it lives
	eventPatience  = 10 * time.Second // how long a client may take for one event
	maxSubscribers = 256
	streamsOfOne   = 32 // of one user, or of one address without one
	eventsAtOnce   = 200
	streamPatience = time.Minute // for which those are sent away for whom there is no stream
)

// news is what subscribers are told: the status, models that are being fetched, and the number of the newest event, which they read themselves.
type news struct {
	status models.Status
	pulls  []models.Pull
	event  int64
}

// hub looks at the catalogue's status and events once a second for all subscribers together, and not at all when there are
// none.
type hub struct {
	catalogue Catalogue
	log       *slog.Logger
	pulls     func() []models.Pull // nil: nothing is told of them

	mu   sync.Mutex
	subs map[chan news]string // with whose they are, "" where nobody is counted
	last news                 // what subscribers know
	stop context.CancelFunc
}

func newHub(c Catalogue, log *slog.Logger) *hub {
	return &hub{catalogue: c, log: log, subs: map[chan news]string{}}
}

// look reads what there is to tell. The events come first: what they tell of is in the status then.
func (h *hub) look(ctx context.Context) (n news, err error) {
	if n.event, err = h.catalogue.LastEvent(ctx); err != nil {
		return n, fmt.Errorf("reading the events: %w", err)
	}
	if n.status, err = h.catalogue.Status(ctx); err != nil {
		return n, fmt.Errorf("reading the status: %w", err)
	}
	if h.pulls != nil {
		n.pulls = h.pulls()
	}
	return n, nil
}

// Why nobody more is told the news.
var (
	errManyStreams = errors.New("too many clients follow the events; ask /api/v1/status instead")
	errYourStreams = errors.New("you follow the events in too many places: close some")
)

// subscribe returns a channel that gets the news now and whenever there are some, the newest only. who is as whom the subscriber
// counts, "" for nobody. The caller calls leave.
func (h *hub) subscribe(ctx context.Context, who string) (c chan news, err error) {
	first, err := h.look(ctx)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subs) >= maxSubscribers {
		return nil, errManyStreams
	}
	theirs := 0
	for _, other := range h.subs {
		if other == who {
			theirs++
		}
	}
	if who != "" && theirs >= streamsOfOne {
		return nil, errYourStreams
	}
	c = make(chan news, 1)
	c <- first
	h.subs[c] = who
	if h.stop == nil {
		h.last = first
		poll, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it serves others after this request
		h.stop = cancel
		go h.poll(poll)
	}
	return c, nil
}

// leave ends a subscription, and the polling with the last one.
func (h *hub) leave(c chan news) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs, c)
	if len(h.subs) == 0 && h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

func (h *hub) poll(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n, err := h.look(ctx)
		if err != nil {
			if ctx.Err() == nil {
				h.log.WarnContext(ctx, "the state of the work cannot be told", slog.Any("error", err))
			}
			continue
		}
		h.tell(n)
	}
}

// tell gives every subscriber the news if there are any, in place of those not yet taken.
func (h *hub) tell(n news) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last.event == n.event && slices.Equal(h.last.pulls, n.pulls) && same(h.last.status, n.status) {
		return
	}
	h.last = n
	for c := range h.subs {
		select {
		case <-c:
		default:
		}
		c <- n // has room: only this function sends, under the lock
	}
}

func same(a, b models.Status) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(x, y)
}

type eventsInput struct {
	LastEventID string `header:"Last-Event-ID" maxLength:"20" pattern:"^[0-9]*$" doc:"Number of the last event at hand, as browsers send it when they connect again: those that came after it follow"`
}

func (s *server) registerEvents(h huma.API) {
	status := h.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Status](), true, "")
	event := h.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[models.Event](), true, "")
	op := get("stream-events", "/api/v1/events", "The status, now and whenever it has changed, and what happens")
	op.Description = "Server-sent events. The data of one named \"status\" is a status as JSON: the first, and the newest whenever it has changed. " +
		"The data of one named \"event\" tells what happened to an episode, a show or the queue; its id is a number that grows. " +
		"The newest 10,000 are kept for clients that connect again. A comment is sent now and then while nothing changes."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "A stream without end", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{OneOf: []*huma.Schema{status, event}}}},
	}}
	op.Errors = []int{http.StatusServiceUnavailable}
	register(s, h, op, s.events)
}

func (s *server) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	c, err := s.hub.subscribe(ctx, s.gate.counted(ctx, callerOf(ctx)))
	switch {
	case errors.Is(err, errYourStreams):
		return nil, later(huma.Error429TooManyRequests(err.Error()), streamPatience)
	case errors.Is(err, errManyStreams):
		return nil, later(huma.Error503ServiceUnavailable(err.Error()), streamPatience)
	case err != nil:
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer s.hub.leave(c)
		gin := humagin.Unwrap(hc)
		w := gin.Writer
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
		t := teller{server: s, w: w, sent: -1, may: func() bool { return s.gate.still(gin) }} //nolint:contextcheck // the request has it
		if in.LastEventID != "" {
			if n, err := strconv.ParseInt(in.LastEventID, 10, 64); err == nil {
				t.sent = n
			}
		}
		t.run(ctx, c)
	}}, nil
}

// teller writes a stream to one client.
type teller struct {
	*server

	w    http.ResponseWriter
	sent int64 // number of the last event that the client has; -1: it wants those from now on
	told []byte
	may  func() bool // the client may still be told
}

// run writes until the client leaves or the server stops.
func (t *teller) run(ctx context.Context, c <-chan news) {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-stopping(ctx):
			return
		case <-beat.C:
			if !t.may() {
				return
			}
			err = t.write([]byte(": still here\n\n"))
		case n := <-c:
			err = t.tell(ctx, n)
		}
		if err != nil {
			if ctx.Err() == nil {
				t.Logger.DebugContext(ctx, "a client of the events is gone", slog.Any("error", err))
			}
			return
		}
	}
}

// tell writes the status where it has changed, and the events up to the newest one.
func (t *teller) tell(ctx context.Context, n news) error {
	hidden, err := t.everything.hidden(ctx)
	if err != nil {
		return err
	}
	if len(hidden) > 0 {
		if n.status, err = t.Catalogue.Status(ctx); err != nil {
			return err
		}
	}
	data, err := json.Marshal(t.newStatus(n.status))
	if err != nil {
		return err
	}
	if !bytes.Equal(data, t.told) {
		t.told = data
		if err := t.write(fmt.Appendf(nil, "event: status\ndata: %s\n\n", data)); err != nil {
			return err
		}
	}
	if t.sent < 0 || t.sent > n.event { // one from another archive's time
		t.sent = n.event
	}
	for t.sent < n.event {
		events, err := t.Catalogue.Events(ctx, t.sent, eventsAtOnce)
		if err != nil || len(events) == 0 {
			return err
		}
		var message []byte
		for _, e := range events {
			data, err := json.Marshal(e)
			if err != nil {
				return err
			}
			message = fmt.Appendf(message, "event: event\nid: %d\ndata: %s\n\n", e.Seq, data)
			t.sent = e.Seq
		}
		if err := t.write(message); err != nil {
			return err
		}
	}
	return nil
}

func (t *teller) write(message []byte) error {
	renewDeadlines(t.w, eventPatience)
	if _, err := t.w.Write(message); err != nil {
		return err
	}
	return http.NewResponseController(t.w).Flush()
}
