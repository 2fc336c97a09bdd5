//go:build !stub

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
)

// hum is a recording of some seconds, as MP3 of variable bit rate.
func hum(t *testing.T, seconds int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hum.mp3")
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", fmt.Sprintf("sine=d=%d", seconds), "-q:a", "6", path).CombinedOutput(); err != nil {
		skipOrFail(t, string(out))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// loudest returns the loudest sample of a file from one second to another, in decibels below the loudest that there can be, as ffmpeg
// measures it.
func loudest(t *testing.T, file string, from, to float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	filter := fmt.Sprintf("atrim=%f:%f,volumedetect", from, to)
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-i", path, "-af", filter, "-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("what was answered is no audio: %s", out)
	}
	return regexp.MustCompile(`max_volume: (\S+)`).FindStringSubmatch(string(out))[1]
}

const (
	witness = `Anna: We met in spring by the river and talked for a while about boats.
Anna: The witness is called Zephyrine Quackenbush and lives next door.
Anna: After that we had tea.`
	// A word that begins like the name, so that there is something to complete.
	river = "Ben: Zephyrs are winds. Rivers are long."
)

// A passage that is marked as private is nowhere any more, in the moment in which that is answered; and is back when it is lifted.
func TestPrivatePassage(t *testing.T) {
	t.Parallel()
	p := bareProgram(t)
	sound := hum(t, 20)
	ids := p.sayingOver(func(id models.EpisodeID) string { return sound + string(id) }, witness, river)
	exported := t.TempDir()
	p.env = append(p.env, "EARSHOT_EXPORT_TO="+exported, "EARSHOT_EXPORT_FORMATS=txt,srt,vtt,json,tsv,md,podcast.json")
	c := client{t, p.serve()}
	of := "/episodes/" + string(ids[0])
	said := regexp.MustCompile(`(?i)quackenbush|ephyrine`)
	var transcripts api.KeptTranscripts
	c.do("GET", of+"/transcripts", nil, &transcripts, http.StatusOK)
	kept := fmt.Sprintf("%s/transcript?kept=%d", of, transcripts.Transcripts[0].ID)
	everywhere := func() map[string]string {
		t.Helper()
		out := map[string]string{}
		for _, path := range []string{
			"/search?q=Zephyrin&facets=true", "/search?q=Quackenbosh", "/search?q=witness+is+called", "/search?q=lives+next+door&moments=50", "/search?q=zeph*",
			"/complete?q=zep", "/complete?q=quack", "/complete?q=is+called+ze", "/search/feed.xml?q=witness", "/search/feed.xml?q=next+door",
			of, of + "/transcript", kept, of + "/transcripts", of + "/log", of + "/transcript.vtt", of + "/transcript.srt", of + "/transcript.json",
			of + "/transcript.txt", of + "/transcript.md", "/episodes", "/shows", "/status", "/queue",
			"/oembed?url=" + url.QueryEscape(c.base+"/episodes/"+string(ids[0])+"?t=4-7"),
		} {
			out[path] = fetched(t, c.base+"/api/v1"+path).body
		}
		for _, path := range []string{"/episodes/" + string(ids[0]) + "?t=4-8", "/embed/" + string(ids[0]) + "?t=4-8", "/metrics"} {
			out[path] = fetched(t, c.base+path).body
		}
		out["earshot search"] = p.must("search", "zephyrin")
		out["earshot search, some words"] = p.must("search", "--json", "witness")
		here, there := t.TempDir(), t.TempDir()
		p.must("export", "--to", here, "--formats", "txt,srt,vtt,json,tsv,md,podcast.json")
		p.must("export", "--server", c.base, "--to", there, "--formats", "json,txt")
		for _, folder := range []string{here, there} {
			for path, text := range exportedFiles(t, folder) {
				out["exported "+path] = text
			}
		}
		return out
	}
	told := func() (files int) {
		t.Helper()
		for _, text := range exportedFiles(t, exported) {
			if said.MatchString(text) {
				files++
			}
		}
		return files
	}
	c.eventually("it is exported", func() bool { return told() == 7 })
	found := func() bool {
		return strings.Contains(fetched(t, c.base+"/api/v1/search?q=Zephyrine&strict=true").body, `"total":1`)
	}
	c.eventually("it is found", found)
	before := everywhere()
	for _, where := range []string{"/search?q=witness+is+called", "/complete?q=quack", of + "/transcript", kept, "/episodes/" + string(ids[0]) + "?t=4-8", "/embed/" + string(ids[0]) + "?t=4-8", "earshot search"} {
		if !said.MatchString(before[where]) {
			t.Errorf("before it is private, %s does not have it, so that nothing is known of it after that: %.600s", where, before[where])
		}
	}

	first, last := timeOf(t, c, of, "Zephyrine"), timeOf(t, c, of, "Quackenbush")
	var marked api.Marked
	c.do("POST", of+"/private", m{"start_ms": first.StartMS, "end_ms": last.EndMS, "reason": "she asked for it"}, &marked, http.StatusCreated)
	for where, text := range everywhere() {
		if said.MatchString(text) {
			t.Errorf("%s has what is private: %.1500s", where, text)
		}
		if strings.Contains(text, "she asked for it") {
			t.Errorf("%s tells why: %.1500s", where, text)
		}
	}
	if found() {
		t.Error("it is found")
	}
	if body := fetched(t, c.base+"/api/v1/mentions?q=Quackenbush&strict=true").body; !strings.Contains(body, `"months":[]`) {
		t.Errorf("it is counted: %s", body)
	}
	if body := fetched(t, c.base+"/api/v1/search?q=rivers").body; !strings.Contains(body, string(ids[1])) {
		t.Errorf("another episode: %s", body)
	}
	if text := fetched(t, c.base+"/api/v1"+of+"/transcript.txt").body; !strings.Contains(text, "The witness is called") || !strings.Contains(text, "lives next door.") {
		t.Errorf("what stands around it is gone: %s", text)
	}
	c.eventually("what is exported by itself is written anew", func() bool { return told() == 0 })
	for _, path := range []string{"/media", "/playback"} {
		res := fetched(t, c.base+"/api/v1"+of+path)
		inside, outside := loudest(t, res.body, float64(first.StartMS)/1000, float64(last.EndMS)/1000), loudest(t, res.body, 1, 3)
		if res.code != http.StatusOK || inside > "-" && inside < "-60" || outside < "-0" || len(outside) > len("-18.1") {
			t.Errorf("%s: %d, %s dB where it is private, %s dB elsewhere", path, res.code, inside, outside)
		}
	}

	c.do("POST", fmt.Sprintf("%s/private/%d/lift", of, marked.Passage.ID), nil, nil, http.StatusOK)
	if !found() {
		t.Error("it is lifted, and not found")
	}
	c.eventually("what is exported by itself is as it was", func() bool { return told() == 7 })
	if res := fetched(t, c.base+"/api/v1"+of+"/media"); res.body != sound+string(ids[0]) {
		t.Errorf("the recording is another one: %d bytes", len(res.body))
	}

	// An embargo ends without anybody doing anything.
	c.do("POST", of+"/private", m{"start_ms": 0, "until": time.Now().Add(3 * time.Second)}, nil, http.StatusCreated)
	if found() {
		t.Error("it is found during the embargo")
	}
	if res := fetched(t, c.base+"/api/v1"+of+"/media"); res.code != http.StatusNotFound {
		t.Errorf("it can be heard during the embargo: %d", res.code)
	}
	c.eventually("the embargo has ended", found)
	c.eventually("it is exported after the embargo", func() bool { return told() == 7 })
	if res := fetched(t, c.base+"/api/v1"+of+"/media"); res.body != sound+string(ids[0]) {
		t.Errorf("after the embargo: %d, %d bytes", res.code, len(res.body))
	}
	var log api.PrivateLog
	c.do("GET", "/private-log", nil, &log, http.StatusOK)
	if len(log.Passages) != 2 || log.Passages[0].Holds || log.Passages[1].LiftedAt == nil || log.Passages[1].Reason != "she asked for it" {
		t.Errorf("%+v", log)
	}
}

// timeOf finds a word in a transcript.
func timeOf(t *testing.T, c client, of, word string) models.Word {
	t.Helper()
	var tr api.Transcript
	c.do("GET", of+"/transcript", nil, &tr, http.StatusOK)
	for _, s := range tr.Segments {
		for _, w := range s.Words {
			if strings.HasPrefix(w.Text, word) {
				return w
			}
		}
	}
	t.Fatalf("%q is not said", word)
	return models.Word{}
}

// A recording that the publisher replaced is private as a whole where a passage of the one before was: in text and in sound, also of the
// transcript that is kept of the one before. The show that is removed and added anew has not forgotten it.
func TestPrivatePassageOfReplacedRecording(t *testing.T) {
	t.Parallel()
	a, show, id := told(t)
	p, err := a.SetPrivate(t.Context(), models.Private{EpisodeID: id, Span: models.Span{StartMS: 450, EndMS: 900}})
	if err != nil {
		t.Fatal(err)
	}
	text := func() string {
		t.Helper()
		tr, err := a.Transcript(t.Context(), id, models.TaskTranscribe)
		if err != nil {
			t.Fatal(err)
		}
		return tr.Text()
	}
	if got := text(); got != "Error" {
		t.Fatalf("it says %q", got)
	}
	if err := a.FetchAgain(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	work, stop := context.WithCancel(t.Context())
	defer stop()
	err = a.Work(work, store.Handlers{
		Poll:   func(context.Context, models.Lease, models.PollJob, store.Report) error { return nil },
		Import: func(context.Context, models.Lease, models.ImportJob, store.Report) error { return nil },
		Download: func(ctx context.Context, l models.Lease, j models.DownloadJob, _ store.Report) error {
			defer stop()
			part, err := a.Media().Create(ctx, "a test")
			if err != nil {
				return err
			}
			_, _ = io.WriteString(part, "other audio")
			m, err := part.Commit(ctx, "mp3")
			return errors.Join(err, a.SaveMedia(context.WithoutCancel(ctx), l, j.EpisodeID, m, ""))
		},
		Transcribe: func(context.Context, models.Lease, models.TranscribeJob, store.Report) error {
			return models.ErrUnusable
		},
	}, store.WorkOptions{Look: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	base := serveArchive(t, a, func(o *api.Options) { o.Owner, o.Sources = a.Store, sources{a} })
	of := base + "/api/v1/episodes/" + string(id)
	if got := text(); got != "" {
		t.Errorf("of the recording that was replaced it says %q", got)
	}
	for _, path := range []string{"/media", "/transcript?kept=1", "/transcript.txt"} {
		if res := fetched(t, of+path); strings.Contains(res.body, "Error") || strings.Contains(res.body, "budgets") || strings.Contains(res.body, "audio\"") && res.code == http.StatusOK {
			t.Errorf("%s: %d %s", path, res.code, res.body)
		}
	}
	if res := fetched(t, base+"/api/v1/shows/"+string(show.ID)+"/feed.xml"); strings.Contains(res.body, string(id)) {
		t.Errorf("it is in the feed: %s", res.body)
	}
	// Marked anew in the recording that is here now, of which there is no transcript yet: what was said in the other one stays private.
	if _, err := a.SetPrivate(t.Context(), models.Private{EpisodeID: id, Span: models.Span{StartMS: 5000, EndMS: 6000}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.LiftPrivate(t.Context(), p.ID, ""); err != nil {
		t.Fatal(err)
	}
	if got := text(); got != "" {
		t.Errorf("the transcript of the recording before says %q", got)
	}
}
