// Package webhook tells other programs when an episode is transcribed, or failed.
//
// It follows the store's log of events and sends those that matter by POST, one after the other to each address, so the work
// never waits for it: how far an address has been told is remembered in the store, and a message is repeated until it is
// answered with a status of 2xx or was tried often enough. Of several processes with the same addresses, one tells
// each at a time. A program that is killed may send its last message again; the header webhook-id is then the same.
//
// Messages are signed as Standard Webhooks has it (https://www.standardwebhooks.com, version 1.0.0): webhook-signature is "v1,"
// and the base64 of an HMAC with SHA-256 over webhook-id, webhook-timestamp (seconds since 1970) and the body, with dots between.
package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"

	"code.dny.dev/ssrf"
	"github.com/sethvargo/go-retry"
	"golang.org/x/sync/errgroup"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/fetch"
)

// Log is the store's log of events.
type Log interface {
	// Events lists events after a number, the oldest first.
	Events(ctx context.Context, after int64, limit int) ([]models.Event, error)
	// LastEvent returns the number of the newest event.
	LastEvent(ctx context.Context) (int64, error)
	// Told returns the number of the last event that a follower has dealt with; known is false for a new one.
	Told(ctx context.Context, name string) (seq int64, known bool, err error)
	// SetTold remembers that number.
	SetTold(ctx context.Context, name string, seq int64) error
	// Claim makes holder the follower of that name for a while, and reports whether it is.
	Claim(ctx context.Context, name, holder string, while time.Duration) (mine bool, err error)
}

// Options says whom to tell. Log and Logger are required.
type Options struct {
	Log    Log
	Logger *slog.Logger
	URLs   []string // http or https
	Secret string   // of the signature; "": messages are not signed
	// Allow lists addresses and networks, such as 127.0.0.1 or 192.168.1.0/24, that may be called although they are not
	// public. "*" is any.
	Allow   []string
	Version string // of the program

	Look     time.Duration // how often the log is looked at; default 2 s
	Patience time.Duration // for one answer; default 10 s
	Pause    time.Duration // before the first repetition, doubled each time up to 10 min; default 2 s
	Attempts uint64        // at one message; default 12: about 50 minutes
}

// maxURLs bounds how many addresses are told.
const maxURLs = 20

// claimFor is how long a process that tells an address is the only one to do so before it says again that it does. One that dies
// is replaced after this time.
const claimFor = 30 * time.Second

// Caller tells addresses of events.
type Caller struct {
	o    Options
	me   string // among all processes that tell the same addresses
	http *http.Client
}

// New checks the options. Those that cannot be used are [models.ErrInvalid].
func New(o Options) (*Caller, error) {
	o.Look, o.Patience, o.Pause = cmp.Or(o.Look, 2*time.Second), cmp.Or(o.Patience, 10*time.Second), cmp.Or(o.Pause, 2*time.Second)
	o.Attempts = cmp.Or(o.Attempts, 12)
	if len(o.URLs) > maxURLs {
		return nil, models.Explain(models.ErrInvalid, "%d addresses of webhooks are too many: name at most %d", len(o.URLs), maxURLs)
	}
	for _, text := range o.URLs {
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, models.Explain(models.ErrInvalid, "the address of a webhook must begin with http:// or https://, %q does not", text)
		}
	}
	dialer := &net.Dialer{Timeout: o.Patience}
	allowed, all, err := networks(o.Allow)
	if err != nil {
		return nil, err
	}
	if !all {
		dialer.Control = fetch.Guard(allowed)
	}
	return &Caller{o, rand.Text(), &http.Client{
		Timeout: o.Patience,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: o.Patience, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns: maxURLs, IdleConnTimeout: time.Minute,
		},
		// What is told is for the address that the owner named, and no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// networks reads addresses and networks; all is true where any may be called.
func networks(names []string) (some []netip.Prefix, all bool, err error) {
	for _, name := range names {
		if name == "*" {
			return nil, true, nil
		}
		p, err := netip.ParsePrefix(name)
		if err != nil {
			a, aerr := netip.ParseAddr(name)
			if aerr != nil {
				return nil, false, models.Explain(models.ErrInvalid, "%q is neither an address such as 192.168.1.5 nor a network such as 192.168.1.0/24", name)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		some = append(some, p)
	}
	return some, false, nil
}

// Run tells all addresses until ctx ends.
func (c *Caller) Run(ctx context.Context) error {
	defer c.http.CloseIdleConnections()
	var g errgroup.Group
	for _, address := range c.o.URLs {
		g.Go(func() error { c.follow(ctx, address); return nil })
	}
	return g.Wait()
}

// follow tells one address. What goes wrong is logged: nothing waits for it.
func (c *Caller) follow(ctx context.Context, address string) {
	sum := sha256.Sum256([]byte(address))
	name := "webhook " + hex.EncodeToString(sum[:8]) // addresses may hold a secret
	tick := time.NewTicker(c.o.Look)
	defer tick.Stop()
	for {
		if err := c.turn(ctx, name, address); err != nil && ctx.Err() == nil {
			c.o.Logger.WarnContext(ctx, "a webhook does not follow", "webhook", host(address), "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// turn tells an address what is new, unless another process is doing so.
func (c *Caller) turn(ctx context.Context, name, address string) error {
	told, known, err := c.o.Log.Told(ctx, name)
	if err != nil {
		return err
	}
	if known { // looking is enough most of the time
		if events, err := c.o.Log.Events(ctx, told, 1); err != nil || len(events) == 0 {
			return err
		}
	}
	if mine, err := c.o.Log.Claim(ctx, name, c.me, claimFor); err != nil || !mine {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() {
		defer cancel()
		c.keep(ctx, name)
	})
	err = c.catchUp(ctx, name, address)
	cancel()
	keeping.Wait()
	// Others need not wait for the end of the claim.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), c.o.Patience)
	defer cancel()
	_, lerr := c.o.Log.Claim(ctx, name, c.me, 0)
	return errors.Join(err, lerr)
}

// keep claims until ctx ends, or it has not been possible for too long.
func (c *Caller) keep(ctx context.Context, name string) {
	tick := time.NewTicker(claimFor / 6)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		mine, err := c.o.Log.Claim(ctx, name, c.me, claimFor)
		switch {
		case err == nil && mine:
			last = time.Now()
		case err == nil, time.Since(last) > claimFor*2/3:
			return
		}
	}
}

// catchUp sends what an address was not told yet. A new address is told of what happens from now on.
func (c *Caller) catchUp(ctx context.Context, name, address string) error {
	told, known, err := c.o.Log.Told(ctx, name)
	if err != nil {
		return err
	}
	if !known {
		if told, err = c.o.Log.LastEvent(ctx); err != nil {
			return err
		}
		return c.o.Log.SetTold(ctx, name, told)
	}
	for {
		events, err := c.o.Log.Events(ctx, told, 100)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			told = e.Seq
			m, ok := newMessage(e)
			if !ok {
				continue
			}
			if err := c.send(ctx, address, m); err != nil {
				if ctx.Err() != nil {
					return err
				}
				c.o.Logger.WarnContext(ctx, "a webhook could not be told", "webhook", host(address), "event", e.Seq, "job_id", e.JobID,
					"episode_id", e.EpisodeID, "error", err)
			}
			if err := c.o.Log.SetTold(context.WithoutCancel(ctx), name, told); err != nil {
				return err
			}
		}
		if err := c.o.Log.SetTold(ctx, name, told); err != nil {
			return err
		}
	}
}

// Message is what is sent.
type Message struct {
	Type string       `json:"type"` // "episode.transcribed", "episode.translated" or "episode.failed"
	At   time.Time    `json:"timestamp"`
	Data models.Event `json:"data"`
}

// newMessage returns what to say of an event, or false where that is nothing.
func newMessage(e models.Event) (m Message, ok bool) {
	m = Message{At: e.At, Data: e}
	switch {
	case e.EpisodeID == "", e.JobKind == models.ImportJob{}.Kind(): // the episode goes on without the publisher's transcript
	case e.Kind == models.EventJobFailed:
		m.Type = "episode.failed"
	case e.Kind == models.EventJobFinished && e.JobKind == models.TranscribeJob{}.Kind():
		m.Type = "episode.transcribed"
		if e.Task == models.TaskTranslate {
			m.Type = "episode.translated"
		}
	}
	return m, m.Type != ""
}

// send sends a message until it is taken, or was tried often enough.
func (c *Caller) send(ctx context.Context, address string, m Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b := retry.WithMaxRetries(c.o.Attempts-1, retry.WithCappedDuration(10*time.Minute, retry.NewExponential(c.o.Pause)))
	return retry.Do(ctx, b, func(ctx context.Context) error {
		err := c.post(ctx, address, "earshot-"+strconv.FormatInt(m.Data.Seq, 10), body)
		if errors.Is(err, ssrf.ErrProhibitedIP) {
			return models.Explain(models.ErrInvalid, "%s is in a private network: name it in webhook-allow to have it called", host(address))
		}
		return retry.RetryableError(err)
	})
}

func (c *Caller) post(ctx context.Context, address, id string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Earshot/"+c.o.Version)
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", at)
	if c.o.Secret != "" {
		r.Header.Set("webhook-signature", Signature(c.o.Secret, id, at, body))
	}
	res, err := c.http.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which may hold a secret
		}
		return err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // lets the connection be used again
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("it answers %s", res.Status)
	}
	return nil
}

// Signature returns the header webhook-signature of a message.
func Signature(secret, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(h, "%s.%s.", id, timestamp) // hashes do not fail
	_, _ = h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// host is what of an address may be logged.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?"
	}
	return u.Host
}
