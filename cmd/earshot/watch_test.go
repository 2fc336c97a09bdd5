//go:build !stub

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFoldersThatAreWatched: what is put into the inbox and into a watched folder while the server runs is added once, and a
// restart adds nothing.
func TestFoldersThatAreWatched(t *testing.T) {
	t.Parallel()
	p := bareProgram(t)
	folder := t.TempDir()
	copyFile(t, sample(t), filepath.Join(folder, "first.mp3"))
	if _, errs, code := p.run("add", sample(t), "--watch"); code != 1 || !strings.Contains(errs, "only folders can be watched") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	p.must("add", folder, "--watch")
	base := p.serve()
	inside := filepath.Join(p.data, "inbox", "Addresses")
	if err := os.MkdirAll(inside, 0o750); err != nil {
		t.Fatal(err)
	}
	firstSeconds(t, sample(t), filepath.Join(folder, "second.mp3"))
	copyFile(t, sample(t), filepath.Join(inside, "jfk.mp3"))
	count := func() (n int) {
		var list struct {
			Episodes []struct {
				Title     string
				ShowTitle string `json:"show_title"`
			}
		}
		getJSON(t, base+"/api/v1/episodes", &list)
		for _, e := range list.Episodes {
			if e.ShowTitle == "Addresses" && e.Title != "jfk" {
				t.Errorf("%+v", e)
			}
		}
		return len(list.Episodes)
	}
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for count() < 3 {
		if time.Now().After(deadline) {
			t.Fatalf("%d episodes after two minutes", count())
		}
		<-tick.C
	}
	if entries, err := os.ReadDir(inside); err != nil || len(entries) != 1 {
		t.Errorf("the inbox was changed: %v %v", entries, err)
	}
}
