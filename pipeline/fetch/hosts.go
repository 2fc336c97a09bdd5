package fetch

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/earshot/earshot/models"
)

// How many requests one server gets from us at the same time: one for a feed, two for recordings.
const (
	pagesAtOnce     = 1
	downloadsAtOnce = 2
)

// hosts keeps us polite to each server: few requests at a time, and none before the time that it asked us to wait for.
type hosts struct {
	mu    sync.Mutex
	known map[string]*host // by lower-case host:port; only those in use, or asked to wait for
}

type host struct {
	pages, downloads chan struct{} // a place for each request
	users            int           // that hold a place or wait for one
	until            time.Time     // no request before; zero: at any time
}

// pages and downloads choose the places of a host.
func pages(h *host) chan struct{}     { return h.pages }
func downloads(h *host) chan struct{} { return h.downloads }

// enter waits for a place at the server of a location and returns what gives it back. A server that asked us to come back later
// is answered for, without a request, as it answered then.
func (h *hosts) enter(ctx context.Context, location models.Location, places func(*host) chan struct{}) (leave func(), err error) {
	u, err := url.Parse(string(location))
	if err != nil {
		return nil, models.Explain(models.ErrInvalid, "the address cannot be understood: check it for typing errors")
	}
	name := strings.ToLower(u.Host)
	at := h.use(name)
	place := places(at)
	select {
	case place <- struct{}{}:
	case <-ctx.Done():
		h.release(name)
		return nil, context.Cause(ctx)
	}
	leave = func() {
		<-place
		h.release(name)
	}
	h.mu.Lock()
	wait := time.Until(at.until)
	h.mu.Unlock()
	if wait > 0 {
		leave()
		return nil, &StatusError{URL: location.String(), Status: http.StatusTooManyRequests, RetryAfter: wait}
	}
	return leave, nil
}

func (h *hosts) use(name string) *host {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.at(name)
	at.users++
	return at
}

// at returns what is known of a server. The lock is held.
func (h *hosts) at(name string) *host {
	at := h.known[name]
	if at == nil {
		at = &host{pages: make(chan struct{}, pagesAtOnce), downloads: make(chan struct{}, downloadsAtOnce)}
		if h.known == nil {
			h.known = map[string]*host{}
		}
		h.known[name] = at
	}
	return at
}

func (h *hosts) release(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known[name].users--
	for n, at := range h.known {
		if at.users == 0 && time.Until(at.until) <= 0 {
			delete(h.known, n)
		}
	}
}

// later notes that a server asked us to wait.
func (h *hosts) later(name string, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at(strings.ToLower(name)).until = time.Now().Add(wait)
}
