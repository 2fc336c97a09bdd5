//go:build !stub

package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFeedsOfAList adds feeds of all kinds, among them private ones, and looks for their secrets in all that the program says.
func TestFeedsOfAList(t *testing.T) {
	t.Parallel()
	const item = `<item><guid>%[1]d</guid><title>Talk %[1]d</title><pubDate>Mon, 0%[1]d Jan 2024 10:00:00 GMT</pubDate><enclosure url="/hush-path/%[1]d.mp3?k=hush" type="audio/mpeg"/></item>`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		switch {
		case strings.HasPrefix(r.URL.Path, "/open"), name == "ann" && password == "hush", r.Header.Get("X-Token") == "hush":
			_, _ = fmt.Fprintf(w, "<rss><channel><title>Show %s</title>%s%s</channel></rss>", strings.ReplaceAll(r.URL.Path, "hush", ""), fmt.Sprintf(item, 1), fmt.Sprintf(item, 2))
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(s.Close)
	private := strings.Replace(s.URL, "http://", "http://ann:hush@", 1)
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	subscriptions := write("mine.opml", `<opml><body><outline text="A" xmlUrl="`+s.URL+`/open/a"/><outline text="B"><outline text="B" xmlUrl="`+private+`/b"/></outline>
<outline text="No password" xmlUrl="`+s.URL+`/hush?token=hush"/><outline text="A file" xmlUrl="/etc/passwd"/></body></opml>`)
	header := write("header", "X-Token: hush\n")
	wrong := write("wrong", "hush\n")

	p := newProgram(t)
	var said strings.Builder
	run := func(code int, args ...string) string {
		t.Helper()
		out, errs, got := p.run(append(args, "--allow-private", "--log-level", "debug")...)
		said.WriteString(out + errs)
		if got != code {
			t.Errorf("earshot %s: exit code %d, want %d: %s%s", args[0], got, code, out, errs)
		}
		return out + errs
	}
	added := run(1, "add", subscriptions, "--newest", "1")
	for _, want := range []string{"Show /open/a: 1 episode added, 1 not wanted", "Show /b: 1 episode added", "failed: No password: ", "failed: A file: its address is not on the web", "2 of 4 feeds"} {
		if !strings.Contains(added, want) {
			t.Errorf("adding a list says %s, want %q", added, want)
		}
	}
	if out := run(0, "add", s.URL+"/c/hush", "--header-file", header); !strings.Contains(out, "2 episodes added") {
		t.Errorf("a feed that wants a header field: %s", out)
	}
	run(1, "add", s.URL+"/c/hush")
	run(1, "add", s.URL+"/d/hush", "--header-file", wrong)
	run(1, "shows", "set", "Show /b", "--feed", s.URL+"/hush?token=hush")
	run(0, "shows", "set", "Show /b", "--feed", private+"/b2/hush?token=hush")
	run(0, "shows", "poll", "Show /b")
	run(0, "shows")
	run(0, "shows", "--json")
	run(0, "status")
	run(0, "status", "--json")
	if strings.Contains(said.String(), "hush") {
		t.Errorf("a secret was said: %s", said.String())
	}
	err := filepath.WalkDir(p.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(d.Name(), "earshot.db") {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s, which holds secrets, may be read by others: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
