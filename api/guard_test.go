package api

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

func TestHosts(t *testing.T) {
	a := newArchive(t)
	for _, c := range []struct {
		bind    string
		allowed []string
		host    string
		ok      bool
		public  string
	}{
		{"", nil, "localhost:8080", true, ""},
		{"", nil, "LOCALHOST", true, ""},
		{"127.0.0.1:8080", nil, "127.0.0.1:9", true, ""},
		{"127.0.0.1:8080", nil, "[::1]:8080", true, ""},
		{"127.0.0.1:8080", nil, "evil.example", false, ""},
		{"127.0.0.1:8080", nil, "evil.example:8080", false, ""},
		{"127.0.0.1:8080", nil, "localhost.evil.example", false, ""},
		{"127.0.0.1:8080", nil, "127.0.0.1.nip.io", false, ""},
		{"127.0.0.1:8080", nil, "", false, ""},
		{"127.0.0.1:8080", []string{"archive.lan"}, "archive.lan:8080", true, ""},
		{"192.168.1.5:8080", nil, "192.168.1.5:8080", true, ""},
		{"192.168.1.5:8080", nil, "evil.example", false, ""},
		{":8080", nil, "anything.lan", true, ""},
		{"0.0.0.0:8080", nil, "anything.lan", true, ""},
		{"[::]:8080", nil, "anything.lan", true, ""},
		{":8080", []string{"archive.lan"}, "evil.example", false, ""},
		{"127.0.0.1:8080", []string{"*"}, "anything.lan", true, ""},
		{":8080", nil, "archive.lan:8080", true, "http://archive.lan:8080"},
		{"0.0.0.0:8080", nil, "evil.example", false, "http://archive.lan:8080"},
		{":8080", nil, "192.168.1.5:8080", true, "http://archive.lan:8080"},
		{":8080", nil, "[fd00::5]:8080", true, "http://archive.lan:8080"},
		{":8080", nil, "localhost:8080", true, "http://archive.lan:8080"},
		{":8080", []string{"Archive.home"}, "archive.home:8080", true, "http://archive.lan:8080"},
		{":8080", []string{"archive.home"}, "192.168.1.5:8080", true, "http://archive.lan:8080"},
		{":8080", []string{"archive.home"}, "evil.example", false, ""},
		{":8080", []string{"*"}, "evil.example", true, "http://archive.lan:8080"},
		{"127.0.0.1:8080", nil, "192.168.1.5:8080", false, "http://archive.lan:8080"},
	} {
		h := newHandler(t, a, func(o *Options) { o.Bind, o.AllowedHosts, o.PublicURL = c.bind, c.allowed, c.public })
		res, body := ask(t, h, "GET", "/api/v1/status", "Host", c.host)
		if (res.StatusCode == http.StatusOK) != c.ok || (!c.ok && res.StatusCode != http.StatusMisdirectedRequest) {
			t.Errorf("%q listening on %q, allowing %q and %q: %d %s", c.host, c.bind, c.allowed, c.public, res.StatusCode, body)
		}
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	for _, target := range []string{"/", "/episodes/" + string(first), "/assets/nothing", "/api/v1/status", "/api/nothing", "/api/v1/search", "/api/v1/openapi.json", "/api/v1/episodes/" + string(first) + "/media", "/healthz"} {
		res, _ := ask(t, h, "GET", target)
		csp := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") ||
			res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", target, res.Header)
		}
		if head, body := ask(t, h, "HEAD", target); head.StatusCode != res.StatusCode {
			t.Errorf("HEAD %s: %d %s, GET %d", target, head.StatusCode, body, res.StatusCode)
		}
	}
}

func TestPageFiles(t *testing.T) {
	built := pageOf(fstest.MapFS{
		"index.html": {Data: []byte("<!doctype html>")}, "assets/a.js": {Data: []byte("1")}, "favicon.svg": {Data: []byte("<svg/>")}, ".gitkeep": {},
		"docs.html": {Data: []byte("<p>docs")}, "assets/b.js": {Data: []byte("2")}, "assets/b.js.br": {Data: []byte("compressed")},
	})
	for _, c := range []struct {
		page                        *page
		target                      string
		status                      int
		contentType, cache, contain string
	}{
		{built, "/", 200, "text/html; charset=utf-8", "no-cache", "<!doctype"},
		{built, "/episodes/0123456789abcdef", 200, "text/html; charset=utf-8", "no-cache", "<!doctype"},
		{built, "/assets/a.js", 200, "text/javascript; charset=utf-8", "immutable", "1"},
		{built, "/favicon.svg", 200, "image/svg+xml", "3600", "<svg/>"},
		{built, "/docs", 200, "text/html; charset=utf-8", "no-cache", "<p>docs"},
		{built, "/docs.html", 404, "application/problem+json", "", ""},
		{built, "/assets/b.js.br", 404, "application/problem+json", "", ""},
		{built, "/.gitkeep", 404, "application/problem+json", "", ""},
		{built, "/assets/../index.html", 404, "application/problem+json", "", ""},
		{built, "/assets", 404, "application/problem+json", "", ""},
		{built, "/index.html", 404, "application/problem+json", "", ""},
		{pageOf(fstest.MapFS{".gitkeep": {}}), "/", 404, "text/plain; charset=utf-8", "", "make web"},
	} {
		res, body := ask(t, c.page, "GET", c.target)
		if res.StatusCode != c.status || res.Header.Get("Content-Type") != c.contentType || !strings.Contains(res.Header.Get("Cache-Control"), c.cache) || !strings.Contains(body, c.contain) {
			t.Errorf("%s: %d %v %s", c.target, res.StatusCode, res.Header, body)
		}
	}
	for coding, want := range map[string]string{"gzip, br": "compressed", "br;q=0, gzip": "2", "": "2"} {
		res, body := ask(t, built, "GET", "/assets/b.js", "Accept-Encoding", coding)
		if body != want || (want == "compressed") != (res.Header.Get("Content-Encoding") == "br") || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("for %q: %q, %v", coding, body, res.Header)
		}
	}
	res, _ := ask(t, built, "GET", "/")
	if res, _ := ask(t, built, "GET", "/", "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("a page at hand: %d", res.StatusCode)
	}
}

func TestCompression(t *testing.T) {
	a, first := library(t)
	res, body := ask(t, newHandler(t, a), "GET", "/api/v1/episodes/"+string(first)+"/transcript", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil || res.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(res.Header.Get("Vary"), "Accept-Encoding") {
		t.Fatalf("%v %v", err, res.Header)
	}
	if plain, err := io.ReadAll(z); err != nil || !json.Valid(plain) {
		t.Errorf("%v %.100s", err, plain)
	}
}

func TestAnswersAreConditional(t *testing.T) {
	a, _ := library(t)
	h := newHandler(t, a)
	res, body := ask(t, h, "GET", "/api/v1/shows")
	tag := res.Header.Get("ETag")
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(tag, `W/"`) || res.Header.Get("Cache-Control") != "private, no-cache" || !json.Valid([]byte(body)) {
		t.Fatalf("%d %v %.200s", res.StatusCode, res.Header, body)
	}
	if res, body := ask(t, h, "GET", "/api/v1/shows", "If-None-Match", `W/"another", `+tag); res.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("unchanged: %d, a body of %d bytes", res.StatusCode, len(body))
	}
	a.addShow("One more")
	if res, body := ask(t, h, "GET", "/api/v1/shows", "If-None-Match", tag, "Range", "bytes=0-3"); res.StatusCode != http.StatusOK || !strings.Contains(body, "One more") {
		t.Errorf("changed: %d %.200s", res.StatusCode, body)
	}
	if res, _ := ask(t, h, "GET", "/api/v1/episodes?limit=0"); res.StatusCode != http.StatusUnprocessableEntity || res.Header.Get("ETag") != "" {
		t.Errorf("an error: %d %v", res.StatusCode, res.Header)
	}
	// Longer than what is kept: passes, and loses nothing.
	long := strings.Repeat("x", maxKept/2)
	res, body = ask(t, conditional(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for range 3 {
			_, _ = io.WriteString(w, long)
		}
	})), "GET", "/api/v1/long")
	if res.StatusCode != http.StatusOK || len(body) != 3*len(long) || res.Header.Get("ETag") != "" {
		t.Errorf("a long answer: %d, %d bytes of %d, %v", res.StatusCode, len(body), 3*len(long), res.Header)
	}
}
