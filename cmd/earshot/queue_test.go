//go:build !stub

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// TestQueueByHand says what the owner of a queue can do with it, while nothing works on it.
func TestQueueByHand(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	feed := filepath.Join(t.TempDir(), "feed.xml")
	items := ""
	for _, title := range []string{"Alpha", "Beta"} {
		items = fmt.Sprintf(`%s<item><title>%[2]s</title><guid>%[2]s</guid><enclosure url="http://127.0.0.1:1/%[2]s.mp3" type="audio/mpeg"/></item>`, items, title)
	}
	if err := os.WriteFile(feed, []byte(`<rss version="2.0"><channel><title>Letters</title>`+items+`</channel></rss>`), 0o600); err != nil {
		t.Fatal(err)
	}
	p.must("add", feed)
	if out := p.must("pause"); out != "the queue is paused\n" {
		t.Errorf("%q", out)
	}
	if out := p.must("pause", "letters"); out != "Letters is paused\n" {
		t.Errorf("%q", out)
	}
	if out := p.must("status"); !strings.Contains(out, "waiting: the queue is paused") || !strings.Contains(out, "nobody works on the queue") {
		t.Errorf("%s", out)
	}
	if out := p.must("shows"); !strings.Contains(out, "paused") {
		t.Errorf("%s", out)
	}
	p.must("now", "beta")
	p.must("cancel", "alpha")
	var st models.Status
	if err := json.Unmarshal([]byte(p.must("status", "--json")), &st); err != nil {
		t.Fatal(err)
	}
	if st.Queue["download"] != 1 || st.Episodes[models.EpisodeFailed] != 1 || len(st.Holds) != 1 || st.Holds[0].Kind != models.HoldPaused {
		t.Errorf("%+v", st)
	}
	if out := p.must("retry"); out != "0 episodes queued again\n" {
		t.Errorf("%q", out)
	}
	p.must("retry", "alpha")
	p.must("resume")
	p.must("resume", "Letters")
	if out := p.must("status"); strings.Contains(out, "waiting:") || !strings.Contains(out, "2 download") {
		t.Errorf("%s", out)
	}
	for says, args := range map[string][]string{
		"no episode":     {"now", "gamma"},
		"no show":        {"pause", "numbers"},
		"nothing to":     {"cancel", "alpha", "--quiet-hours", "22:00-07:00"},
		"quiet hours":    {"status", "--quiet-hours", "late"},
		"disk space":     {"status", "--min-free", "much"},
		"network":        {"status", "--private-networks", "home"},
		"size":           {"status", "--max-download", "huge"},
		"look":           {"status", "--poll-every", "often"},
		"log format":     {"status", "--log-format", "xml"},
		"has not failed": {"retry", "beta"},
	} {
		if says == "nothing to" {
			p.must("cancel", "alpha")
		}
		if _, errs, code := p.run(args...); code == 0 || !strings.Contains(errs, says) {
			t.Errorf("%v: exit code %d, %q", args, code, errs)
		}
	}
}
