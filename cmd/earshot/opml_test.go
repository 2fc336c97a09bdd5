//go:build !stub

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFeedsMoveOn adds a private feed, again with another password, which is then the one that is used, and takes the list of
// feeds to another archive.
func TestFeedsMoveOn(t *testing.T) {
	t.Parallel()
	var token string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/private") && r.Header.Get("X-Token") != token {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `<rss version="2.0"><channel><title>Show `+r.URL.Path+`</title><item><guid>1</guid><title>One</title>
			<enclosure url="https://example.org/1.mp3" type="audio/mpeg"/></item></channel></rss>`)
	}))
	t.Cleanup(server.Close)
	p := &program{t: t, data: t.TempDir(), models: t.TempDir(), env: []string{"EARSHOT_ALLOW_PRIVATE=true"}}
	header := filepath.Join(t.TempDir(), "header")
	for _, token = range []string{"first", "second"} {
		if err := os.WriteFile(header, []byte("X-Token: "+token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p.must("add", server.URL+"/private", "--header-file", header)
	}
	a, err := (&config{Data: p.data, MediaCache: "1MB", MinFree: "0", MaxDownload: "1GB"}).open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shows, err := a.Shows(t.Context())
	if err != nil || len(shows) != 1 {
		t.Fatal(shows, err)
	}
	if stored, err := shows[0].Source.Access.Reveal(); err != nil || !strings.Contains(stored, "second") {
		t.Errorf("the header fields that were given last are not stored: %v", err)
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}

	p.must("add", server.URL+"/open?a=1&b=2")
	list := filepath.Join(t.TempDir(), "feeds.opml")
	if got := p.must("shows", "export", list); !strings.Contains(got, "2 feeds") {
		t.Error(got)
	}
	if info, err := os.Stat(list); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if _, errs, code := p.run("shows", "export", list); code != 1 || !strings.Contains(errs, "there already") {
		t.Errorf("%d %s", code, errs)
	}
	other := &program{t: t, data: t.TempDir(), models: p.models, env: p.env}
	if out, _, _ := other.run("add", list); !strings.Contains(out, "Show /open: 1 episode added") {
		t.Error(out)
	}
}
