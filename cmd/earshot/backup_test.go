//go:build !stub

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot/earshot/store/pgtest"
)

// TestBackupByCommand takes an archive from SQLite to Postgres and back, with its settings and recordings, and looks at it there
// with the commands that people use.
func TestBackupByCommand(t *testing.T) {
	t.Parallel()
	server := &pgtest.Server{}
	t.Cleanup(server.Stop)
	p := &program{t: t, data: t.TempDir(), models: t.TempDir()}
	feed := filepath.Join(t.TempDir(), "feed.xml")
	if err := os.WriteFile(feed, []byte(`<rss version="2.0"><channel><title>Practical systems</title><item><guid>1</guid><title>The error budget</title>
		<enclosure url="https://example.org/1.mp3" type="audio/mpeg" length="1000"/></item></channel></rss>`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.data, "earshot.toml"), []byte("hints = \"off\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.must("add", feed)
	dir := t.TempDir()
	first := filepath.Join(dir, "first.tar.zst")
	if got := p.must("backup", first); !strings.Contains(got, "with 0 recordings") {
		t.Error(got)
	}
	if _, errs, code := p.run("restore", first); code != 1 || !strings.Contains(errs, "--replace") {
		t.Errorf("over an archive: %d %s", code, errs)
	}
	if got := p.must("restore", "--check", first); !strings.Contains(got, "is whole") {
		t.Error(got)
	}
	if got := p.must("restore", "--replace", first); !strings.Contains(got, "the former archive is in") || !strings.Contains(got, "1 show, 1 episode") {
		t.Error(got)
	}
	there := &program{t: t, data: t.TempDir(), models: p.models, env: []string{"EARSHOT_DATABASE_URL=" + server.Database(t, "")}}
	if got := there.must("restore", first); !strings.Contains(got, "is in the database") {
		t.Error(got)
	}
	if b, err := os.ReadFile(filepath.Join(there.data, "earshot.toml")); err != nil || string(b) != "hints = \"off\"\n" {
		t.Errorf("settings %q, %v", b, err)
	}
	if st := there.status(); st.Shows != 1 || st.Queue["download"] != 1 {
		t.Errorf("%+v", st)
	}
	if got := there.must("doctor", "--check"); got == "" {
		t.Error("doctor says nothing")
	}
	second := filepath.Join(dir, "second.tar")
	there.must("backup", "--no-media", second)
	home := &program{t: t, data: filepath.Join(dir, "home"), models: p.models}
	if got := home.must("restore", second); !strings.Contains(got, "1 show, 1 episode") || !strings.Contains(got, "copy folder media") {
		t.Error(got)
	}
	if got := home.must("shows"); !strings.Contains(got, "Practical systems") {
		t.Error(got)
	}
}
