package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/earshot/earshot/models"
)

// Options has the settings of a [Client]; the zero value of each field means its default.
type Options struct {
	Version string // of the program, for the User-Agent "Earshot/<version>"; default "dev"
	// AllowPrivate lets requests go to private and local addresses: for an owner whose feeds are on the own network.
	AllowPrivate bool
	// PrivateNetworks lists the private networks that requests may go to although AllowPrivate is not set.
	PrivateNetworks []netip.Prefix
	ConnectTimeout  time.Duration // for the connection, and again for TLS; default 15 s
	HeaderTimeout   time.Duration // from the request to the answer's head; default 60 s
	// StallTimeout ends a body of which less than 16 KiB have come in that time; default 60 s.
	StallTimeout  time.Duration
	FeedTimeout   time.Duration // for a whole feed; default 5 min
	MaxFeed       int64         // bytes of a feed after decompression; default 64 MiB
	MaxRecording  int64         // bytes of a recording; default 8 GiB
	MaxRedirects  int           // default 10
	MaxReconnects int           // how often one Download goes on by itself after a broken connection; default 3
	// Pause is the wait before the first reconnection, doubled each time; default 1 s.
	Pause time.Duration
}

// Client fetches feeds and recordings. It is safe for use by several goroutines.
type Client struct {
	o     Options
	http  *http.Client
	hosts hosts
}

// New returns a client.
func New(o Options) *Client {
	o.Version = orDefault(o.Version, "dev")
	o.ConnectTimeout = orDefault(o.ConnectTimeout, 15*time.Second)
	o.HeaderTimeout = orDefault(o.HeaderTimeout, time.Minute)
	o.StallTimeout = orDefault(o.StallTimeout, time.Minute)
	o.FeedTimeout = orDefault(o.FeedTimeout, 5*time.Minute)
	o.MaxFeed = orDefault(o.MaxFeed, 64<<20)
	o.MaxRecording = orDefault(o.MaxRecording, 8<<30)
	o.MaxRedirects = orDefault(o.MaxRedirects, 10)
	o.MaxReconnects = orDefault(o.MaxReconnects, 3)
	o.Pause = orDefault(o.Pause, time.Second)
	dialer := &net.Dialer{Timeout: o.ConnectTimeout, KeepAlive: 30 * time.Second}
	if !o.AllowPrivate {
		dialer.Control = Guard(o.PrivateNetworks)
	}
	c := &Client{o: o}
	c.http = &http.Client{
		Transport: teller{&http.Transport{
			Proxy:                  nil, // a proxy would connect in our place, past the check of addresses
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    o.ConnectTimeout,
			ResponseHeaderTimeout:  o.HeaderTimeout,
			MaxResponseHeaderBytes: 1 << 20,
			MaxIdleConns:           20,
			IdleConnTimeout:        30 * time.Second,
		}},
		CheckRedirect: c.checkRedirect,
	}
	return c
}

// Guard refuses connections to private and otherwise special addresses, except those in some networks, with
// [ssrf.ErrProhibitedIP]. It is for [net.Dialer.Control].
func Guard(except []netip.Prefix) func(network, address string, c syscall.RawConn) error {
	var v4, v6 []netip.Prefix
	for _, n := range except {
		if n.Addr().Is4() {
			v4 = append(v4, n)
		} else {
			v6 = append(v6, n)
		}
	}
	// Podcasts live on odd ports, too.
	return ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...)).Safe
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// Close drops idle connections. The client remains usable.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// errRedirect is a redirect that is not followed; the text says why.
type errRedirect string //nolint:errname // never leaves the package

func (e errRedirect) Error() string { return string(e) }

func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > c.o.MaxRedirects:
		return errRedirect(fmt.Sprintf("it redirects more than %d times", c.o.MaxRedirects))
	case req.URL.Scheme != "http" && req.URL.Scheme != "https":
		return errRedirect(fmt.Sprintf("it redirects to an address that is not http or https (%s:)", req.URL.Scheme))
	case req.URL.Host == "":
		return errRedirect("it redirects to an address without a server")
	}
	if last := via[len(via)-1]; last.URL.Scheme == "https" && req.URL.Scheme == "http" && (!accessOf(req.Context()).IsZero() || req.URL.User != nil) {
		return errRedirect("it redirects from https to http, which would show the password to everybody on the way")
	}
	req.Header.Del("Referer") // the address that redirects may hold a token
	return nil
}

// request makes a GET request for what is at a location, or says what is wrong with it. A name and password in the location
// itself come before the access.
func (c *Client) request(ctx context.Context, at models.Location, access models.Access) (*http.Request, error) {
	at, own := models.SplitAccess(at)
	if !own.IsZero() {
		access = own
	}
	u, err := url.Parse(strings.TrimSpace(string(at)))
	if err != nil {
		return nil, models.Explain(models.ErrInvalid, "the address cannot be understood: check it for typing errors")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, models.Explain(models.ErrInvalid, "%s is not an address that starts with http:// or https://", at)
	}
	req, err := http.NewRequestWithContext(withAccess(ctx, access), http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, models.Explain(models.ErrInvalid, "%s is not a valid web address", at)
	}
	req.Header.Set("User-Agent", "Earshot/"+c.o.Version)
	return req, nil
}

// shown is the address of a request as messages and logs may print it.
func shown(req *http.Request) string { return models.Location(req.URL.String()).String() }

// do sends a request and turns what can go wrong into errors for people. The caller closes the body of the response.
func (c *Client) do(req *http.Request) (*http.Response, error) {
	where := shown(req)
	resp, err := c.http.Do(req)
	if err == nil {
		if wait := retryAfter(resp.Header.Get("Retry-After"), time.Now()); wait > 0 && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
			c.hosts.later(resp.Request.URL.Host, wait)
		}
		return resp, nil
	}
	if resp != nil {
		_ = resp.Body.Close() // of the redirect that was refused
	}
	if cause := context.Cause(req.Context()); cause != nil {
		return nil, fmt.Errorf("fetching %s: %w", where, cause)
	}
	var refused errRedirect
	if errors.As(err, &refused) {
		return nil, models.Explain(models.ErrUnusable, "%s cannot be fetched: %s", where, refused)
	}
	if errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) {
		return nil, models.Explain(models.ErrUnusable, "%s leads to a private or local address, which Earshot fetches from only when its settings allow that: private-networks, or allow-private", where)
	}
	var noHost *net.DNSError
	if errors.As(err, &noHost) {
		return nil, fmt.Errorf("fetching %s: the server %s was not found: check the address and the network connection: %w", where, noHost.Name, noHost)
	}
	var ue *url.Error // its text holds the whole address
	if errors.As(err, &ue) {
		if ue.Timeout() {
			return nil, fmt.Errorf("fetching %s: the server does not answer in time: %w", where, ue.Err)
		}
		err = ue.Err
	}
	return nil, fmt.Errorf("fetching %s: %w", where, err)
}
