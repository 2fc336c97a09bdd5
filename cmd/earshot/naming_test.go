//go:build !stub

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// naming is an archive whose recordings have a name that is heard as something else, as the API tells it.
type naming struct {
	t    *testing.T
	p    *program
	base string
}

// The name that is said, in recordings of the show at two different times.
const guest = "Priya Nair"

// TestANameIsRightOnceAndEverywhere follows a name: it arrives, is heard as something else, found by its sound, written right by
// one rule, right by itself in a new episode, still right after both are transcribed again with another model, as is what a person wrote, and
// as it was heard when the rule is undone.
func TestANameIsRightOnceAndEverywhere(t *testing.T) {
	t.Parallel()
	p := newProgram(t).quick()
	p.env = append(p.env, "EARSHOT_LANGUAGE=en", "EARSHOT_HINTS=off")
	folder := t.TempDir()
	cut := func(name, source, seconds string) {
		t.Helper()
		from := filepath.Join(fixtures(t), "audio", "podcast", source)
		if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-t", seconds, "-i", from, "-ac", "1", "-b:a", "64k", filepath.Join(folder, name)).CombinedOutput(); err != nil {
			t.Fatalf("cutting a recording: %v: %s", err, out)
		}
	}
	cut("first.mp3", "p02_e01.mp3", "16")
	p.must("add", folder)
	n := naming{t, p, p.serve()}
	first := n.arrived("first")

	heard := n.text(first)
	if strings.Contains(heard, guest) {
		t.Fatalf("the name was heard right, so that nothing can be tested: %s", heard)
	}
	as := n.matched(guest)
	if len(as) == 0 {
		t.Fatalf("nothing sounds like %s in: %s", guest, heard)
	}
	t.Logf("%s was heard as %q", guest, as)

	rule := n.rule(models.Rule{Right: guest, Wrong: append(as, "Pre-Inair", "Pre-air")})
	right := n.text(first)
	for _, a := range as {
		if !strings.Contains(right, guest) || strings.Contains(strings.ToLower(right), a) {
			t.Errorf("after the rule it reads: %s\nheard was %q: %s", right, a, heard)
		}
	}
	n.searchable(first, `exact:"`+guest+`"`)

	cut("second.mp3", "p02_e05.mp3", "14") // a new one
	p.must("add", folder)
	second := n.arrived("second")
	if text := n.text(second); !strings.Contains(text, guest) {
		t.Errorf("the new episode has no %s: %s", guest, text)
	}
	n.searchable(second, `exact:"`+guest+`"`)

	n.edit(first, "platform", "(public) platform")
	p.must("shows", "set", filepath.Base(folder), "--model", defaultModel)
	for _, id := range []models.EpisodeID{first, second} {
		n.again(id)
		if text := n.text(id); !strings.Contains(text, guest) {
			t.Errorf("transcribed again, %s is gone: %s", guest, text)
		}
	}
	if text := n.text(first); !strings.Contains(text, "(public) platform") {
		t.Errorf("transcribed again, what a person wrote is gone: %s", text)
	}
	n.searchable(first, "public")

	n.post(fmt.Sprintf("/rules/%d/undo", rule), nil, nil)
	for _, id := range []models.EpisodeID{first, second} {
		for _, w := range n.words(id) {
			if w.By == "rule" {
				t.Errorf("undone, a rule wrote %q", w.Text)
			}
		}
	}
	if text := n.text(first); !strings.Contains(text, "(public) platform") {
		t.Errorf("with the rule, what a person wrote is gone: %s", text)
	}
}

// arrived waits for an episode to be transcribed.
func (n naming) arrived(title string) models.EpisodeID {
	n.t.Helper()
	var id models.EpisodeID
	n.wait(title+" is transcribed", func() bool {
		var list struct {
			Episodes []struct {
				ID    models.EpisodeID
				Title string
				State models.EpisodeState
			}
		}
		getJSON(n.t, n.base+"/api/v1/episodes", &list)
		for _, e := range list.Episodes {
			if e.Title == title && e.State == models.EpisodeDone {
				id = e.ID
			}
		}
		return id != ""
	})
	return id
}

func (n naming) transcript(id models.EpisodeID) (t struct {
	Model    string
	Complete bool
	Segments []models.Segment
},
) {
	n.t.Helper()
	getJSON(n.t, n.base+"/api/v1/episodes/"+string(id)+"/transcript", &t)
	return t
}

func (n naming) text(id models.EpisodeID) string {
	n.t.Helper()
	return models.Transcript{Segments: n.transcript(id).Segments}.Text()
}

func (n naming) words(id models.EpisodeID) (all []models.Word) {
	n.t.Helper()
	for _, g := range n.transcript(id).Segments {
		all = append(all, g.Words...)
	}
	return all
}

// matched searches for a name, and returns what was said instead.
func (n naming) matched(name string) []string {
	n.t.Helper()
	var as []string
	n.wait(name+" is found", func() bool {
		var got struct {
			Hits []struct{ Moments []models.Moment }
		}
		getJSON(n.t, n.base+"/api/v1/search?q="+url.QueryEscape(name), &got)
		for _, h := range got.Hits {
			for _, m := range h.Moments {
				for _, a := range m.MatchedAs {
					if said := strings.ToLower(a.Said); !slices.Contains(as, said) {
						as = append(as, said)
					}
				}
			}
		}
		return len(got.Hits) > 0
	})
	return as
}

// rule looks at the places of a rule, and makes it.
func (n naming) rule(r models.Rule) (id int64) {
	n.t.Helper()
	order := map[string]any{"right": r.Right, "wrong": r.Wrong}
	var preview struct {
		Places int
		Found  []struct {
			Places []struct{ Before, After string }
		}
	}
	n.post("/rules/preview", order, &preview)
	if preview.Places == 0 || len(preview.Found) != 1 || !strings.HasPrefix(preview.Found[0].Places[0].After, r.Right) {
		n.t.Fatalf("the preview shows %+v", preview)
	}
	var made struct{ ID int64 }
	n.post("/rules", order, &made)
	return made.ID
}

// edit writes other words in the place of one.
func (n naming) edit(id models.EpisodeID, word, words string) {
	n.t.Helper()
	for _, w := range n.words(id) {
		if left, right, ok := strings.Cut(w.Text, word); ok {
			n.post("/episodes/"+string(id)+"/edits", map[string]any{"changes": []map[string]any{
				{"kind": "text", "start_ms": w.StartMS, "end_ms": w.EndMS, "before": w.Text, "after": left + words + right},
			}}, nil)
			return
		}
	}
	n.t.Fatalf("nobody says %q: %s", word, n.text(id))
}

// again transcribes an episode with the settings of now.
func (n naming) again(id models.EpisodeID) {
	n.t.Helper()
	n.post("/episodes/"+string(id)+"/retranscribe", nil, nil)
	n.wait("there is another transcript", func() bool {
		t := n.transcript(id)
		return t.Complete && strings.HasPrefix(t.Model, defaultModel)
	})
}

// searchable waits until a query finds an episode.
func (n naming) searchable(id models.EpisodeID, query string) {
	n.t.Helper()
	n.wait(query+" finds it", func() bool {
		var got found
		getJSON(n.t, n.base+"/api/v1/search?q="+url.QueryEscape(query), &got)
		return slices.ContainsFunc(got.Hits, func(h foundHit) bool { return h.Episode.ID == id })
	})
}

func (n naming) wait(what string, ok func() bool) {
	n.t.Helper()
	eventually(n.t, what, ok, nil)
}

// post asks the API for a change.
func (n naming) post(path string, body, v any) {
	n.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		n.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodPost, n.base+"/api/v1"+path, bytes.NewReader(b))
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if body == nil {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		n.t.Fatalf("POST %s %s: %s %s, %v", path, b, res.Status, answer, err)
	}
	if v != nil {
		if err := json.Unmarshal(answer, v); err != nil {
			n.t.Fatalf("POST %s: %v: %s", path, err, answer)
		}
	}
}
