package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	zipfExponent = 1.1 // of how often queries are asked, by their rank

	bytesPerSecond = 8 << 10 // of a listener's recording
	heardFrom      = 5       // seconds that a listener hears at least before they go elsewhere
	heardTo        = 30
)

// load is who asks, and for how long.
type load struct {
	clients, listeners int
	time               time.Duration
	fresh              bool                                  // nobody asks what somebody has asked before
	memory             func(context.Context) (memory, error) // nil: not asked for
}

// result is what all of them found.
type result struct {
	lasted time.Duration
	took   []time.Duration // of every search, sorted
	errors int
	heard  time.Duration // audio
	pieces int
	deaf   int // errors of those who listen
	first  error
	memory [3]memory // at the start, in the middle, at the end
}

func (r *result) rate() float64 { return float64(len(r.took)) / r.lasted.Seconds() }

func (r *result) quantile(q float64) time.Duration {
	if len(r.took) == 0 {
		return 0
	}
	return r.took[min(len(r.took)-1, int(q*float64(len(r.took))))]
}

// measure lets everybody ask for a time.
func measure(ctx context.Context, base string, queries, recordings []string, l load) (all result) {
	began, whole := time.Now(), ctx
	ctx, cancel := context.WithTimeout(ctx, l.time)
	defer cancel()
	var (
		mu   sync.Mutex
		over sync.WaitGroup
	)
	add := func(one result) {
		mu.Lock()
		defer mu.Unlock()
		all.took = append(all.took, one.took...)
		all.errors += one.errors
		all.heard += one.heard
		all.pieces += one.pieces
		all.deaf += one.deaf
		if all.first == nil {
			all.first = one.first
		}
	}
	web := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: l.clients + l.listeners, DisableCompression: true, // what comes is not unpacked: that is not the server's work
	}}
	defer web.CloseIdleConnections()
	for i := range l.clients {
		over.Go(func() { add(searcher{web, base, queries, uint64(i), l.fresh}.run(ctx)) })
	}
	for i := range l.listeners {
		over.Go(func() { add(listener{web, base, recordings, uint64(i)}.run(ctx)) })
	}
	if l.memory != nil {
		over.Go(func() {
			half := time.NewTimer(l.time / 2)
			defer half.Stop()
			now := make(chan time.Time)
			close(now)
			for i, when := range []<-chan time.Time{now, half.C, nil} { // the last one is the end
				select {
				case <-when:
				case <-ctx.Done():
				}
				var err error
				if all.memory[i], err = l.memory(whole); err != nil {
					add(result{errors: 1, first: err})
				}
			}
		})
	}
	over.Wait()
	all.lasted = time.Since(began)
	slices.Sort(all.took)
	return all
}

// searcher asks one query after the other.
type searcher struct {
	web     *http.Client
	base    string
	queries []string
	seed    uint64
	fresh   bool
}

func (s searcher) run(ctx context.Context) (r result) {
	draw := rand.New(rand.NewPCG(s.seed, 1)) //nolint:gosec // made up, not secret
	ranks := rand.NewZipf(draw, zipfExponent, 1, uint64(len(s.queries)-1))
	for ctx.Err() == nil {
		q := s.queries[ranks.Uint64()]
		if s.fresh {
			q += strings.Repeat(" ", 1+draw.IntN(500)) // another text, which means the same
		}
		began := time.Now()
		err := s.ask(ctx, q)
		took := time.Since(began)
		switch {
		case ctx.Err() != nil: // it was cut off
		case err != nil:
			r.errors++
			r.first = err
		default:
			r.took = append(r.took, took)
		}
	}
	return r
}

// ask searches as the page does.
func (s searcher) ask(ctx context.Context, q string) error {
	address := s.base + "/api/v1/search?facets=true&limit=20&moments=4&sort=relevance&strict=false&q=" + url.QueryEscape(q)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	resp, err := s.web.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || n == 0) {
		err = fmt.Errorf("%s: %s, %d bytes", address, resp.Status, n)
	}
	return err
}

// warm asks every query once.
func warm(ctx context.Context, base string, queries []string, clients int) error {
	var over sync.WaitGroup
	errs := make([]error, clients)
	for i := range clients {
		over.Go(func() {
			s := searcher{web: http.DefaultClient, base: base}
			for k := i; k < len(queries) && errs[i] == nil; k += clients {
				errs[i] = s.ask(ctx, queries[k])
			}
		})
	}
	over.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// recordings lists what can be heard for long.
func recordings(ctx context.Context, base string) (out []string, err error) {
	var page struct {
		Episodes []struct {
			ID    string `json:"id"`
			Bytes int64  `json:"media_bytes"`
		} `json:"episodes"`
		Next string `json:"next"`
	}
	for more := true; more; more = page.Next != "" {
		text, err := get(ctx, base+"/api/v1/episodes?limit=200&cursor="+url.QueryEscape(page.Next))
		if err != nil {
			return nil, err
		}
		page.Next, page.Episodes = "", nil
		if err := json.Unmarshal(text, &page); err != nil {
			return nil, err
		}
		for _, e := range page.Episodes {
			if e.Bytes > heardTo*bytesPerSecond {
				out = append(out, e.ID)
			}
		}
	}
	return out, nil
}

// listener hears recordings from some moment on, at their speed, for a while each.
type listener struct {
	web        *http.Client
	base       string
	recordings []string
	seed       uint64
}

func (l listener) run(ctx context.Context) (r result) {
	draw := rand.New(rand.NewPCG(l.seed, 2)) //nolint:gosec // made up, not secret
	for ctx.Err() == nil {
		pieces, err := l.hear(ctx, l.recordings[draw.IntN(len(l.recordings))], draw)
		r.pieces += pieces
		r.heard += time.Duration(pieces) * time.Second
		if err != nil && ctx.Err() == nil {
			r.deaf++
			r.first = err
		}
	}
	return r
}

// hear asks for a recording from a moment on and reads a second of it each second, as players do that have enough ahead.
func (l listener) hear(ctx context.Context, id string, draw *rand.Rand) (pieces int, err error) {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"/api/v1/episodes/"+id+"/media", nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-", draw.IntN(1000)*bytesPerSecond))
	resp, err := l.web.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusPartialContent {
		return 0, fmt.Errorf("%s: %s", r.URL, resp.Status)
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for range heardFrom + draw.IntN(heardTo-heardFrom) {
		if _, err := io.CopyN(io.Discard, resp.Body, bytesPerSecond); err != nil {
			return pieces, err
		}
		pieces++
		select {
		case <-second.C:
		case <-ctx.Done():
			return pieces, nil
		}
	}
	return pieces, nil
}
