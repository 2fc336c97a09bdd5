package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
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
)

// hub looks at the catalogue's status once a second for all subscribers together, and not at all when there are none.
type hub struct {
	catalogue Catalogue
	log       *slog.Logger

	mu   sync.Mutex
	subs map[chan models.Status]struct{}
	last models.Status // what subscribers know
	stop context.CancelFunc
}

func newHub(c Catalogue, log *slog.Logger) *hub {
	return &hub{catalogue: c, log: log, subs: map[chan models.Status]struct{}{}}
}

// subscribe returns a channel that gets the status now and whenever it has changed, the newest only; false when there are
// too many subscribers. The caller calls leave.
func (h *hub) subscribe(ctx context.Context) (c chan models.Status, ok bool, err error) {
	first, err := h.catalogue.Status(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("reading the status: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subs) >= maxSubscribers {
		return nil, false, nil
	}
	c = make(chan models.Status, 1)
	c <- first
	h.subs[c] = struct{}{}
	if h.stop == nil {
		h.last = first
		poll, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it serves others after this request
		h.stop = cancel
		go h.poll(poll)
	}
	return c, true, nil
}

// leave ends a subscription, and the polling with the last one.
func (h *hub) leave(c chan models.Status) {
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
		st, err := h.catalogue.Status(ctx)
		if err != nil {
			if ctx.Err() == nil {
				h.log.WarnContext(ctx, "the status cannot be read", slog.Any("error", err))
			}
			continue
		}
		h.tell(st)
	}
}

// tell gives every subscriber the status if it has changed, in place of one not yet taken.
func (h *hub) tell(st models.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if same(h.last, st) {
		return
	}
	h.last = st
	for c := range h.subs {
		select {
		case <-c:
		default:
		}
		c <- st // has room: only this function sends, under the lock
	}
}

func same(a, b models.Status) bool {
	x, errA := json.Marshal(a)
	y, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(x, y)
}

func (s *server) registerEvents(h huma.API) {
	schema := h.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Status](), true, "")
	op := get("stream-events", "/api/events", "The status, now and whenever it has changed")
	op.Description = "Server-sent events named \"status\"; the data of each is a status as JSON. A comment is sent now and then while nothing changes."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "A stream without end", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: schema}},
	}}
	op.Errors = []int{http.StatusServiceUnavailable}
	register(s, h, op, s.events)
}

func (s *server) events(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	c, ok, err := s.hub.subscribe(ctx)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, huma.Error503ServiceUnavailable("too many clients follow the events; ask /api/status instead")
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer s.hub.leave(c)
		w := humagin.Unwrap(hc).Writer
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusOK)
		s.stream(ctx, w, c)
	}}, nil
}

// stream writes events until the client leaves or the server stops.
func (s *server) stream(ctx context.Context, w http.ResponseWriter, c <-chan models.Status) {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		message := []byte(": still here\n\n")
		select {
		case <-ctx.Done():
			return
		case <-stopping(ctx):
			return
		case <-beat.C:
		case st := <-c:
			data, err := json.Marshal(s.newStatus(st))
			if err != nil {
				s.Logger.ErrorContext(ctx, "a status cannot be encoded", slog.Any("error", err))
				return
			}
			message = fmt.Appendf(nil, "event: status\ndata: %s\n\n", data)
		}
		renewDeadlines(w, eventPatience)
		if _, err := w.Write(message); err != nil {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
	}
}
