package fetch

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// client returns one that may talk to the test's servers and is impatient.
func client(t *testing.T, o Options) *Client {
	t.Helper()
	o.AllowPrivate, o.Version, o.Pause = true, "1.2.3", time.Millisecond
	c := New(o)
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// at is a source of which nothing is known but its address.
func at(address string) models.Source { return models.Source{Location: models.Location(address)} }

func TestPageIsConditional(t *testing.T) {
	var agent string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		agent = r.Header.Get("User-Agent")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Mon, 02 Jan 2023 03:04:05 GMT")
		if r.Header.Get("If-None-Match") == `"v1"` && r.Header.Get("If-Modified-Since") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "<rss/>")
	})
	c := client(t, Options{})
	p, err := c.Page(t.Context(), at(url))
	if err != nil || string(p.Body) != "<rss/>" || p.NotModified || p.ETag != `"v1"` || agent != "Earshot/1.2.3" {
		t.Fatalf("first look: %+v, agent %q, %v", p, agent, err)
	}
	p, err = c.Page(t.Context(), models.Source{Location: models.Location(url), ETag: p.ETag, LastModified: p.LastModified})
	if err != nil || !p.NotModified || len(p.Body) != 0 || p.ETag != `"v1"` {
		t.Errorf("second look: %+v, %v", p, err)
	}
}

func TestPageStatuses(t *testing.T) {
	for status, c := range map[int]struct {
		final bool
		say   string
	}{
		404: {true, "is not there"}, 410: {true, "for good"}, 401: {false, "password"}, 403: {false, "refuses"},
		429: {false, "fewer requests"}, 500: {false, "Internal Server Error"}, 503: {false, "503"}, 304: {false, "304"},
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(status)
		})
		_, err := client(t, Options{}).Page(t.Context(), at(url+"/feed?token=secret"))
		var se *StatusError
		if !errors.As(err, &se) || se.Status != status || se.RetryAfter != 2*time.Minute || errors.Is(err, models.ErrUnusable) != c.final {
			t.Errorf("%d: %v (%+v)", status, err, se)
		}
		if err != nil && (!strings.Contains(err.Error(), c.say) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%d: message %q", status, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, " 5 ": 5 * time.Second, "-4": 0, "soon": 0, "999999999": 24 * time.Hour, "99999999999999999999": 0,
		"Mon, 06 May 2024 07:10:09 GMT": 2 * time.Minute, "Mon, 06 May 2019 07:10:09 GMT": 0,
	} {
		if got := retryAfter(in, now); got != want {
			t.Errorf("retryAfter(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request arrived") })
	port := url[strings.LastIndexByte(url, ':'):]
	c := New(Options{})
	t.Cleanup(c.Close)
	for _, address := range []string{url, "http://localhost" + port, "http://[::1]" + port, "http://[::ffff:127.0.0.1]" + port, "http://10.0.0.1/", "http://169.254.169.254/latest/", "http://0.0.0.0" + port} {
		_, err := c.Page(t.Context(), at(address))
		if !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), "private or local address") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestListedNetworksAreAllowed(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<rss/>") })
	for network, allowed := range map[string]bool{"127.0.0.0/8": true, "10.0.0.0/8": false, "::1/128": false} {
		c := New(Options{PrivateNetworks: []netip.Prefix{netip.MustParsePrefix(network)}})
		t.Cleanup(c.Close)
		if _, err := c.Page(t.Context(), at(url)); (err == nil) != allowed {
			t.Errorf("a server in 127.0.0.0/8, with %s allowed: %v", network, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/moved":
			http.Redirect(w, r, "/moved2", http.StatusMovedPermanently)
		case "/moved2":
			http.Redirect(w, r, "/feed", http.StatusPermanentRedirect)
		case "/mixed":
			http.Redirect(w, r, "/away", http.StatusMovedPermanently)
		case "/away":
			http.Redirect(w, r, "/feed", http.StatusFound)
		case "/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		default:
			_, _ = fmt.Fprintf(w, "<rss>%s</rss>", r.Header.Get("Authorization"))
		}
	})
	c := client(t, Options{})
	for path, say := range map[string]string{"/loop": "more than 10 times", "/file": "not http or https"} {
		if _, err := c.Page(t.Context(), at(target+path)); !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for path, permanent := range map[string]bool{"/moved": true, "/mixed": false, "/away": false, "/feed": false} {
		p, err := c.Page(t.Context(), at(target+path))
		if err != nil || p.URL != target+"/feed" || (p.Permanent == p.URL) != permanent {
			t.Errorf("%s: %+v, %v", path, p, err)
		}
	}
	private := strings.Replace(target, "http://", "http://ann:pw@", 1)
	if p, err := c.Page(t.Context(), at(private+"/moved")); err != nil || !strings.Contains(string(p.Body), "Basic ") {
		t.Errorf("the password was lost on a redirect within the server: %s, %v", p.Body, err)
	}
	secure := httptest.NewTLSServer(http.RedirectHandler(target+"/feed", http.StatusFound))
	t.Cleanup(secure.Close)
	c.http.Transport = secure.Client().Transport
	if _, err := c.Page(t.Context(), at(secure.URL)); err != nil {
		t.Errorf("https to http without a password: %v", err)
	}
	if _, err := c.Page(t.Context(), at(strings.Replace(secure.URL, "https://", "https://ann:pw@", 1))); err == nil || !strings.Contains(err.Error(), "password") || strings.Contains(err.Error(), "pw@") {
		t.Errorf("https to http with a password: %v", err)
	}
}

func TestBadAddresses(t *testing.T) {
	c := client(t, Options{})
	for _, address := range []string{"", "feed.xml", "ftp://example.org/feed", "file:///etc/passwd", "http://", "http://%zz/", "javascript:alert(1)", "http://a b/"} {
		if _, err := c.Page(t.Context(), at(address)); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%q: %v, want models.ErrInvalid", address, err)
		}
	}
	if _, err := c.Page(t.Context(), at("http://no-such-host.invalid/feed?key=secret")); err == nil || !strings.Contains(err.Error(), "no-such-host.invalid") || strings.Contains(err.Error(), "secret") {
		t.Errorf("an unknown host: %v", err)
	}
}

// stall answers with a head and some bytes, then nothing until the client has gone.
func stall(w http.ResponseWriter, r *http.Request, head string) {
	_, _ = io.WriteString(w, head)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func TestSlowAndEndlessPages(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
			<-r.Context().Done()
		case "/stall":
			stall(w, r, "<rss>")
		case "/endless":
			for junk := strings.Repeat("<item/>", 1000); ; {
				if _, err := io.WriteString(w, junk); err != nil {
					return
				}
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for junk := strings.Repeat("\n", 1<<16); ; {
				if _, err := io.WriteString(z, junk); err != nil {
					return
				}
			}
		}
	})
	const soon = 100 * time.Millisecond
	for path, c := range map[string]struct {
		o   Options
		say string
	}{
		"/silent": {Options{HeaderTimeout: soon}, "does not answer in time"}, "/stall": {Options{StallTimeout: soon}, "stopped sending"},
		"/endless": {Options{MaxFeed: 1 << 20}, "too large"}, "/bomb": {Options{MaxFeed: 1 << 20}, "too large"},
	} {
		p, err := client(t, c.o).Page(t.Context(), at(url+path))
		if err == nil || !strings.Contains(err.Error(), c.say) || len(p.Body) > 1<<20 {
			t.Errorf("%s: %v", path, err)
		}
	}
	slow := client(t, Options{FeedTimeout: 100 * time.Millisecond})
	if _, err := slow.Page(t.Context(), at(url+"/stall")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a feed that takes too long: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := client(t, Options{}).Page(ctx, at(url+"/stall")); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled request: %v", err)
	}
}

func TestPageFindsRecordings(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a.mp3":
			w.Header().Set("Content-Type", "audio/mpeg")
			w.Header().Set("Content-Length", "4000000")
			stall(w, r, strings.Repeat("ID3\x03\x00", 200))
		case "/b":
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = io.WriteString(w, "OggS\x00\x02"+strings.Repeat("\x00", 600))
		case "/lying":
			w.Header().Set("Content-Type", "audio/mpeg")
			_, _ = io.WriteString(w, "<?xml version='1.0'?><rss/>")
		}
	})
	c := client(t, Options{})
	for path, media := range map[string]bool{"/a.mp3": true, "/b": true, "/lying": false} {
		p, err := c.Page(t.Context(), at(url+path))
		if err != nil || p.Media != media || media == (len(p.Body) > 0) {
			t.Errorf("%s: media %v, %d bytes, %v", path, p.Media, len(p.Body), err)
		}
	}
}
