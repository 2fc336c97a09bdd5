package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

func TestMedia(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a)
	target := "/api/v1/episodes/" + string(first) + "/media"
	want, err := os.ReadFile(filepath.Join(a.dir, string(first)+".wav"))
	if err != nil {
		t.Fatal(err)
	}
	res, body := ask(t, h, "GET", target, "Accept-Encoding", "gzip")
	if body != string(want) || res.Header.Get("Content-Type") != "audio/wav" || res.Header.Get("Accept-Ranges") != "bytes" || res.Header.Get("Content-Encoding") != "" {
		t.Errorf("%d %v, %d bytes", res.StatusCode, res.Header, len(body))
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") {
		t.Errorf("policy %q", csp)
	}
	tag := res.Header.Get("ETag")
	for _, c := range []struct {
		name, method, ranges, ifNone string
		status                       int
		body                         string
	}{
		{"head", "HEAD", "", "", 200, ""},
		{"middle", "GET", "bytes=100-199", "", 206, string(want[100:200])},
		{"tail", "GET", "bytes=-10", "", 206, string(want[len(want)-10:])},
		{"from", "GET", "bytes=44-", "", 206, string(want[44:])},
		{"outside", "GET", "bytes=999999999-", "", 416, ""},
		{"many ranges", "GET", "bytes=0-0" + strings.Repeat(",0-0", 5000), "", 200, string(want)},
		{"nonsense", "GET", "bytes=zzz", "", 416, ""},
		{"head of a part", "HEAD", "bytes=0-9", "", 206, ""},
		{"at hand", "GET", "", tag, 304, ""},
	} {
		res, body := ask(t, h, c.method, target, "Range", c.ranges, "If-None-Match", c.ifNone)
		if res.StatusCode != c.status || (c.status < 400 && body != c.body) {
			t.Errorf("%s: %d with %d bytes, want %d with %d", c.name, res.StatusCode, len(body), c.status, len(c.body))
		}
	}
	// What is not audio is bytes without a meaning: a browser must not take it for a page.
	for _, probed := range []string{"image/svg+xml", "text/html", "audio/x+xml", "", "nonsense", "application/xhtml+xml", "video/../html"} {
		a.change(first, func(e *models.Episode) { e.Media.ContentType = probed })
		res, _ := ask(t, h, "GET", target)
		if res.Header.Get("Content-Type") != "application/octet-stream" || res.Header.Get("Content-Disposition") != "attachment" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q is served as %v", probed, res.Header)
		}
	}
	if err := os.Remove(filepath.Join(a.dir, string(first)+".wav")); err != nil {
		t.Fatal(err)
	}
	if res, body := ask(t, h, "GET", target); res.StatusCode != http.StatusNotFound || strings.Contains(body, a.dir) {
		t.Errorf("a lost file: %d %s", res.StatusCode, body)
	}
	if res, body := ask(t, h, "GET", "/api/v1/episodes/"+string(a.episodes[4].ID)+"/media"); res.StatusCode != http.StatusNotFound || !strings.Contains(body, "not here yet") {
		t.Errorf("no file: %d %s", res.StatusCode, body)
	}
}
