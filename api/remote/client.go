// Package remote is the API from its other side: an archive that a server keeps, for programs that name the server by its address.
//
// Invariants: the token goes to that server alone. Nothing is sent on to where an answer points: a redirect is an error that names
// the other address, and of the place of an upload only its identifier is taken. Every request ends, in time and in size. Every
// error is a sentence that says what to do; errors.Is tells [models.ErrNotFound], [models.ErrConflict] and [models.ErrInvalid] as it
// does of the archive itself.
//
// Uploads speak tus 1.0.0 (https://tus.io) in the three requests that they need. How they go on, by the content of a file and by what the
// server tells of it, would be ours to write with a client library too.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
)

// The bounds of a request that is no upload.
const (
	patience   = 2 * time.Minute // looking at a slow feed takes the server up to 90 seconds
	maxAnswer  = 256 << 20       // bytes; a transcript of a day has some 30 MB
	maxProblem = 64 << 10
	// A server that has too much to do says when to come again; it is done as it says as long as all waits together are no longer than this.
	maxWait = time.Minute
)

// Options says where an archive is and who asks.
type Options struct {
	// URL of the server, http or https; it may have a path, behind a proxy.
	URL string
	// Token lets the program in; "" where the server asks for none.
	Token string
	// Version of the program.
	Version string
}

// Client asks a server. It is safe for use by several goroutines.
type Client struct {
	base    *url.URL
	token   string
	version string
	http    *http.Client
}

// New returns a client; nothing is asked yet.
func New(o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(o.URL))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, models.Explain(models.ErrInvalid, "%q is no address of a server: write it like https://archive.example.org", o.URL)
	case u.User != nil:
		return nil, models.Explain(models.ErrInvalid, "the address of a server holds no password: put a token into EARSHOT_TOKEN instead")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, models.Explain(models.ErrInvalid, "%q is the address of a page: write that of the server alone, like https://archive.example.org", o.URL)
	case strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, models.Explain(models.ErrInvalid, "the token is damaged: it is one line of letters, digits and signs")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	return &Client{base: u, token: o.Token, version: o.Version, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close ends what connections there are.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// String is the address of the server.
func (c *Client) String() string { return c.base.String() }

// Exposed reports whether a token or password can be read on its way: it goes unencrypted to another machine.
func (c *Client) Exposed() bool {
	ip, err := netip.ParseAddr(c.base.Hostname())
	local := strings.EqualFold(c.base.Hostname(), "localhost") || err == nil && ip.Unmap().IsLoopback()
	return c.base.Scheme == "http" && !local
}

// get reads what is at a path of the API.
func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.call(ctx, http.MethodGet, path, nil, into)
}

// call makes a request with a body, nil for none, and decodes the answer, unless into is nil. A server that is too busy is
// asked again when it says so.
func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return fmt.Errorf("writing a request: %w", err)
		}
	}
	for waited := time.Duration(0); ; {
		err := c.once(ctx, method, path, sent, into)
		var busy *busyError
		if !errors.As(err, &busy) || waited+busy.wait > maxWait {
			return err
		}
		waited += busy.wait
		if err := pause(ctx, busy.wait); err != nil {
			return err
		}
	}
}

func (c *Client) once(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	r, err := c.request(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return c.decode(ctx, resp, into)
}

// request prepares a request for a path behind /api/v1.
func (c *Client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base.String()+"/api/v1/"+path, body)
	if err != nil {
		return nil, fmt.Errorf("preparing a request: %w", err)
	}
	r.Header.Set("User-Agent", "earshot/"+c.version)
	r.Header.Set("Accept", "application/json, application/problem+json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	return r, nil
}

// do sends a request; what is no success is an error.
func (c *Client) do(r *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreached(r.Context(), err)
	}
	if resp.StatusCode < http.StatusMultipleChoices {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, c.refused(r.Context(), resp)
}

// decode reads an answer, as long as it is one of the API.
func (c *Client) decode(ctx context.Context, resp *http.Response, into any) error {
	if into == nil && resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/json" {
		return c.another("")
	}
	if into == nil {
		return nil
	}
	body := &io.LimitedReader{R: resp.Body, N: maxAnswer}
	err := json.NewDecoder(body).Decode(into)
	switch {
	case body.N <= 0:
		return fmt.Errorf("the answer of %s is larger than %d MB", c, maxAnswer>>20)
	case err != nil:
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return c.another("")
		}
		return fmt.Errorf("reading the answer of %s: %w", c, c.unreached(ctx, err))
	}
	return nil
}

// pause waits for as long as a server asks for.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryAfter reads in how many seconds a server wants to be asked again; 0 where it does not say.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 || n > 24*60*60 {
		return 0
	}
	return time.Duration(max(n, 1)) * time.Second
}
