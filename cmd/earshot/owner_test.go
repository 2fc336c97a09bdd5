//go:build !stub

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
)

// privateFeed is a server with a private feed of two episodes, of which the second comes later.
type privateFeed struct {
	*httptest.Server

	episodes atomic.Int64
	asked    atomic.Int64 // for the feed
}

func newPrivateFeed(t *testing.T, clip string) *privateFeed {
	t.Helper()
	p := &privateFeed{}
	p.episodes.Store(1)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, password, _ := r.BasicAuth(); name != "ann" || password != "hush" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/page":
			_, _ = io.WriteString(w, `<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>`)
		case "/feed":
			p.asked.Add(1)
			_, _ = io.WriteString(w, `<rss xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Moon &lt;b&gt;talks</title>`)
			for i := p.episodes.Load(); i > 0; i-- {
				_, _ = fmt.Fprintf(w, `<item><guid>%[1]d</guid><title>Talk %[1]d</title><itunes:duration>11</itunes:duration><pubDate>Mon, 0%[1]d Jan 2024 10:00:00 GMT</pubDate><enclosure url="/%[1]d.mp3" type="audio/mpeg"/></item>`, i)
			}
			_, _ = io.WriteString(w, `<item><title>No audio</title></item></channel></rss>`)
		case "/slow":
			<-r.Context().Done()
		default:
			http.ServeFile(w, r, clip)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

// client asks a server as a program does.
type client struct {
	t    *testing.T
	base string
}

// do sends body as JSON and reads the answer into out.
func (c client) do(method, path string, body, out any, want int) string {
	c.t.Helper()
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+"/api/v1"+path, sent)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		c.t.Fatalf("%s %s: %d, want %d, %v: %s", method, path, res.StatusCode, want, err, text)
	}
	if want >= http.StatusBadRequest && res.Header.Get("Content-Type") != "application/problem+json" {
		c.t.Errorf("%s %s: a problem of type %s", method, path, res.Header.Get("Content-Type"))
	}
	if out != nil {
		reflect.ValueOf(out).Elem().SetZero()
		if err := json.Unmarshal(text, out); err != nil {
			c.t.Fatal(err)
		}
	}
	return string(text)
}

// eventually asks until ok.
func (c client) eventually(what string, ok func() bool) {
	c.t.Helper()
	eventually(c.t, what, ok, func() string { return c.do("GET", "/status", nil, nil, http.StatusOK) })
}

type m = map[string]any

// TestAnOwnersDay adds a private show through the API, watches it, changes it, does its episodes again, and removes it.
func TestAnOwnersDay(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.env = append(p.env, "EARSHOT_ALLOW_PRIVATE=true")
	pub := newPrivateFeed(t, sample(t))
	c := client{t, p.serve()}

	// What cannot be added says why, and reaches nothing but the web.
	for _, bad := range []struct {
		body m
		says string
	}{
		{m{}, "give the address"},
		{m{"url": "/etc/passwd"}, "no address on the web"},
		{m{"url": "file:///etc/passwd"}, "no address on the web"},
		{m{"url": pub.URL + "/feed"}, "wants a password"},
		{m{"url": pub.URL + "/feed", "user": "ann", "password": "wrong"}, "wants a password"},
		{m{"url": pub.URL + "/feed", "user": "ann", "password": "hush", "settings": m{"language": "xx"}}, "language"},
		{m{"url": pub.URL + "/feed", "user": "ann", "password": "hush", "settings": m{"watch": true}}, "only folders"},
		{m{"url": pub.URL + "/feed", "colour": "red"}, "colour"},
		{m{"url": "https://" + strings.Repeat("x", 9000)}, "body.url"},
	} {
		for _, path := range []string{"/shows/preview", "/shows"} {
			if got := c.do("POST", path, bad.body, nil, 422); !strings.Contains(got, bad.says) || strings.Contains(got, "hush") {
				t.Errorf("%s %v says %s, want %q", path, bad.body, got, bad.says)
			}
		}
	}
	var preview api.Preview
	c.do("POST", "/shows/preview", m{"opml": `<opml><body><outline text="A" xmlUrl="https://a.example/feed"/><outline text="B"><outline text="B" xmlUrl="https://b.example/feed"/></outline></body></opml>`}, &preview, 200)
	if len(preview.Feeds) != 2 || preview.Feeds[1].URL != "https://b.example/feed" || preview.Show != nil {
		t.Errorf("a list: %+v", preview)
	}
	c.do("POST", "/shows/preview", m{"opml": "<rss><channel/></rss>"}, nil, 422)

	address := m{"url": pub.URL + "/page", "user": "ann", "password": "hush"}
	c.do("POST", "/shows/preview", address, &preview, 200)
	s := preview.Show
	if s == nil || s.Title != "Moon talks" || !s.Private || s.Known || s.Total != 1 || s.Added != 1 || s.AudioMS != 11_000 || len(s.Skipped) != 1 || len(s.Newest) != 1 || !s.Newest[0].Added {
		t.Fatalf("the preview: %+v", s)
	}
	var shows api.Shows
	if c.do("GET", "/shows", nil, &shows, 200); len(shows.Shows) != 0 {
		t.Fatal("a preview added a show")
	}
	var added api.AddedShow
	address["settings"] = m{"language": "en", "vocabulary": []string{"Kennedy"}, "episodes": m{"newest": 5}}
	if got := c.do("POST", "/shows", address, &added, 201); !added.New || added.Added != 1 || !added.Show.Private || strings.Contains(got, "hush") || strings.Contains(got, "ann") {
		t.Fatalf("added: %s", got)
	}
	if c.do("POST", "/shows", m{"url": pub.URL + "/page", "user": "ann", "password": "hush"}, &added, 200); added.New || added.Known != 1 || added.Show.Settings.Language != "en" {
		t.Errorf("added again: %+v", added)
	}
	of := "/shows/" + string(added.Show.ID)

	// Its episode is transcribed; the next one comes when the feed is looked at.
	var show api.Show
	done := func(n int) func() bool {
		return func() bool {
			c.do("GET", of, nil, &show, 200)
			return show.Episodes.Done == n && show.Episodes.OnTheWay == 0
		}
	}
	c.eventually("one is done", done(1))
	pub.episodes.Store(2)
	c.do("POST", of+"/poll", nil, nil, 202)
	c.eventually("the second came", done(2))
	if show.Problem != "" || show.Episodes.AudioMS < 20_000 || show.Episodes.Bytes == 0 || show.PolledAt == nil || show.From == "" {
		t.Errorf("%+v", show)
	}
	var list api.Episodes
	c.do("GET", "/episodes?show="+string(show.ID), nil, &list, 200)
	episode := "/episodes/" + string(list.Episodes[0].ID)
	var detail api.EpisodeDetail
	if c.do("GET", episode, nil, &detail, 200); len(detail.SameAs) != 1 || detail.SameAs[0].Title != "Talk 1" || detail.Replaced {
		t.Errorf("the twin: %+v", detail)
	}

	// Changed settings, and once more; the first transcript can still be read.
	if c.do("PATCH", of, m{"settings": m{"translate": true, "episodes": m{}, "vocabulary": []string{}}}, &show, 200); !show.Settings.Translate || show.Settings.Language != "en" || show.Settings.Episodes != nil || len(show.Settings.Vocabulary) != 0 {
		t.Errorf("settings: %+v", show.Settings)
	}
	c.do("PATCH", of, m{"settings": m{"hints": "loud"}}, nil, 422)
	c.do("PATCH", of, m{"url": pub.URL + "/1.mp3", "user": "ann", "password": "hush"}, nil, 422)
	c.do("PATCH", of, m{"user": "ann", "password": "hush", "settings": m{"translate": false}}, &show, 200)
	c.do("POST", episode+"/retranscribe", m{"language": "klingon"}, nil, 422)
	c.do("POST", "/queue/pause", nil, nil, 202)
	c.do("POST", episode+"/retranscribe", m{"language": "auto"}, nil, 202)
	var queue api.WaitingJobs
	if c.do("GET", "/queue", nil, &queue, 200); len(queue.Jobs) != 1 || queue.Jobs[0].Title != "Talk 2" || queue.Jobs[0].Kind != "transcribe" || queue.Next != "" {
		t.Errorf("the queue: %+v", queue)
	}
	c.do("POST", "/queue/resume", nil, nil, 202)
	c.eventually("it is transcribed again", done(2))
	var kept api.KeptTranscripts
	c.do("GET", episode+"/transcripts", nil, &kept, 200)
	if len(kept.Transcripts) < 2 || !kept.Transcripts[0].Current || kept.Transcripts[1].Current {
		t.Fatalf("kept: %+v", kept)
	}
	first := kept.Transcripts[len(kept.Transcripts)-1]
	var transcript api.Transcript
	if c.do("GET", fmt.Sprintf("%s/transcript?kept=%d", episode, first.ID), nil, &transcript, 200); transcript.Language != "en" || len(transcript.Segments) == 0 {
		t.Errorf("the first transcript: %+v", transcript)
	}
	c.do("GET", episode+"/transcript?kept=999999", nil, nil, 404)

	// Its audio cannot be fetched any more: the log says why, after which all is retried.
	c.do("POST", episode+"/fetch", nil, nil, 202)
	c.eventually("it is fetched anew", done(2))
	var log api.Log
	if c.do("GET", episode+"/log", nil, &log, 200); len(log.Events) < 6 || log.Events[0].EpisodeID != list.Episodes[0].ID {
		t.Errorf("the log: %+v", log)
	}
	var retried api.Retried
	c.do("POST", "/queue/retry", nil, &retried, 202)

	// Models and storage.
	var all api.Models
	c.do("GET", "/models", nil, &all, 200)
	used := map[string]bool{}
	for _, w := range all.Models {
		if w.Used {
			used[w.Name] = w.Installed
		}
	}
	if !used[defaultModel] || !used["silero-v6.2.0"] {
		t.Errorf("used: %v", used)
	}
	c.do("DELETE", "/models/"+defaultModel, nil, nil, 409)
	c.do("POST", "/models/no-such-model/pull", nil, nil, 422)
	c.do("POST", "/models/..%2f..%2fpasswd/pull", nil, nil, 422)
	var room models.Storage
	if c.do("GET", "/storage", nil, &room, 200); room.Recordings == 0 || room.Catalogue == 0 || room.Index == 0 || room.Models < 50e6 || room.Free == 0 {
		t.Errorf("%+v", room)
	}

	// Removed, with its recordings.
	var removed api.RemovedShow
	if c.do("DELETE", of, nil, &removed, 200); removed.Episodes != 2 {
		t.Errorf("%+v", removed)
	}
	c.do("GET", of, nil, nil, 404)
	c.do("DELETE", of, nil, nil, 404)
	if left, err := filepath.Glob(filepath.Join(p.data, "media", "*", "*")); err != nil || len(left) != 0 {
		t.Errorf("recordings are left: %v, %v", left, err)
	}
	if got := c.do("GET", "/search?q=country", nil, nil, 200); strings.Contains(got, "Talk 1") {
		c.eventually("nothing is found any more", func() bool { return !strings.Contains(c.do("GET", "/search?q=country", nil, nil, 200), "Talk 1") })
	}
	if _, err := os.Stat(sample(t)); err != nil {
		t.Error(err)
	}
}

// A private address is refused unless the owner has allowed it.
func TestAddingReachesNoPrivateAddress(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	pub := newPrivateFeed(t, "")
	c := client{t, p.serve()}
	for _, url := range []string{pub.URL + "/feed", "localhost:1/feed", "http://[::1]/feed", "http://169.254.169.254/latest"} {
		if got := c.do("POST", "/shows/preview", m{"url": url}, nil, 422); !strings.Contains(got, "private or local address") && !strings.Contains(got, "no address on the web") {
			t.Errorf("%s says %s", url, got)
		}
	}
	if pub.asked.Load() > 0 {
		t.Error("the private server was asked")
	}
}
