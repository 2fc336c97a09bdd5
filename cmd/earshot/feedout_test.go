//go:build !stub

package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/captions"
	"github.com/earshot/earshot/pipeline/feed"
	"github.com/earshot/earshot/store"
)

// quietArchive opens a new archive, with settings of a test.
func quietArchive(t *testing.T, c *config) *archive {
	t.Helper()
	c.Data, c.MediaCache, c.MinFree, c.MaxDownload, c.log = t.TempDir(), "1MB", "0", "1GB", slog.New(slog.DiscardHandler)
	a, err := c.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.close() })
	return a
}

// told is an archive of a private feed with one finished episode and one that is not here yet.
func told(t *testing.T) (a *archive, show models.Show, done models.EpisodeID) {
	t.Helper()
	a = quietArchive(t, &config{AllowPrivate: true})
	source := models.Source{Kind: models.SourceFeed, Location: "https://feeds.example.org/private/9f8e7d6c5b4a3210/rss?token=s3cr3tValue"}
	show = models.Show{
		ID: models.NewShowID(source), Title: "Systems & people", Author: "Ana", Description: "<p>About systems\x0b.</p>", Language: "en", Source: source,
		FeedGUID: "917393e3-1b1e-5cef-ace4-edaa54e1f810", Medium: "podcast", Locked: true, Link: "https://example.org/show", People: []models.Person{{Name: "Ana", Role: "host"}},
	}
	saved, err := a.SaveShow(t.Context(), show, []models.Episode{
		{
			GUID: "https://feeds.example.org/e/1?token=s3cr3tValue", Title: "One", Notes: "<p>See https://example.org/?t=s3cr3tValue</p>", Season: 2, Number: 3,
			Link: "https://example.org/e/1?auth=s3cr3tValue", PublishedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), People: []models.Person{{Name: "Bo", Role: "guest"}},
			Enclosure: models.Enclosure{Location: "https://cdn.example.org/9f8e7d6c5b4a3210/1.mp3", Type: "audio/mpeg"},
		},
		{GUID: "2", Title: "Two", Enclosure: models.Enclosure{Location: "https://cdn.example.org/2.mp3"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	done = saved.NewEpisodes[0]
	work, stop := context.WithCancel(t.Context())
	defer stop()
	err = a.Work(work, store.Handlers{
		Poll: func(context.Context, models.Lease, models.PollJob, store.Report) error { return nil },
		Download: func(ctx context.Context, l models.Lease, j models.DownloadJob, _ store.Report) error {
			if j.EpisodeID != done {
				return models.ErrUnusable
			}
			p, err := a.Media().Create(ctx, "a test")
			if err != nil {
				return err
			}
			_, _ = io.WriteString(p, "some audio")
			m, err := p.Commit(ctx, "mp3")
			m.ContentType, m.DurationMS = "audio/mpeg", 61_500
			return errors.Join(err, a.SaveMedia(ctx, l, j.EpisodeID, m, ""))
		},
		Import: func(context.Context, models.Lease, models.ImportJob, store.Report) error { return nil },
		Transcribe: func(ctx context.Context, l models.Lease, j models.TranscribeJob, _ store.Report) error {
			defer stop()
			tr, err := a.StartTranscript(ctx, l, models.Transcript{EpisodeID: j.EpisodeID, Source: models.TranscriptWhisper, Model: "base"})
			if err != nil {
				return err
			}
			words := []models.Word{{StartMS: 0, EndMS: 400, Text: "Error"}, {StartMS: 400, EndMS: 900, Text: "budgets."}}
			err = a.AppendSegments(ctx, l, models.TranscriptPart{
				TranscriptID: tr.ID, Language: "en", CursorMS: 900,
				Segments: []models.Segment{{StartMS: 0, EndMS: 900, Text: "Error budgets.", Speaker: "Ana", Words: words}},
			})
			tr.DurationMS = 61_500
			return errors.Join(err, a.FinishTranscript(ctx, l, tr))
		},
	}, store.WorkOptions{Look: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return a, show, done
}

// serveArchive serves an archive at an address.
func serveArchive(t *testing.T, a *archive, change func(*api.Options)) string {
	t.Helper()
	index, err := a.index(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = index.Close() })
	o := api.Options{Catalogue: a.Store, Searcher: index, Media: a.Media(), Listening: a.listening(), Logger: slog.New(slog.DiscardHandler)}
	change(&o)
	h, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func fetched(t *testing.T, address string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

// TestFeedOut reads the feed of a show as another Earshot would: what is published comes back, each address in it answers, and
// nothing tells where the show comes from.
func TestFeedOut(t *testing.T) {
	t.Parallel()
	a, show, done := told(t)
	base := serveArchive(t, a, func(*api.Options) {})
	address := base + "/api/v1/shows/" + string(show.ID) + "/feed.xml"
	res := fetched(t, address)
	body := res.body
	if res.code != http.StatusOK || res.header.Get("Content-Type") != "application/rss+xml; charset=utf-8" || res.header.Get("Access-Control-Allow-Origin") != "" {
		t.Fatalf("%+v", res)
	}
	for _, secret := range []string{"s3cr3tValue", "9f8e7d6c5b4a3210", "feeds.example.org", "cdn.example.org"} {
		if strings.Contains(body, secret) {
			t.Errorf("the feed tells %q:\n%s", secret, body)
		}
	}
	got, err := feed.Reader{}.Parse(models.Source{Location: models.Location(address)}, models.Page{URL: address, ContentType: res.header.Get("Content-Type"), Body: []byte(body)})
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	s := got.Show
	if s.Title != show.Title || s.Author != "Ana" || s.FeedGUID != show.FeedGUID || !s.Locked || s.Language != "en" || s.Link != show.Link ||
		!slices.Equal(s.People, show.People) || len(got.Skipped) > 0 {
		t.Errorf("%+v, %+v", s, got.Skipped)
	}
	if len(got.Episodes) != 1 {
		t.Fatalf("%d episodes in the feed, want the one whose audio is here:\n%s", len(got.Episodes), body)
	}
	e := got.Episodes[0]
	if e.GUID != string(done) || e.Title != "One" || e.Season != 2 || e.Number != 3 || e.Link != "" || e.Enclosure.DurationMS != 62_000 ||
		e.Enclosure.Type != "audio/mpeg" || e.Enclosure.Bytes != int64(len("some audio")) || !e.PublishedAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%+v", e)
	}
	if res := fetched(t, string(e.Enclosure.Location)); res.code != http.StatusOK || res.body != "some audio" {
		t.Errorf("the audio: %+v", res)
	}
	if len(e.Transcripts) != 4 {
		t.Errorf("transcripts %+v", e.Transcripts)
	}
	for _, l := range e.Transcripts {
		res := fetched(t, l.URL)
		_, name, _ := strings.Cut(res.header.Get("Content-Disposition"), "filename=")
		read, err := captions.Parse([]byte(res.body), captions.FormatOf(l.Type, l.URL))
		if err != nil || res.code != http.StatusOK || !strings.HasPrefix(res.header.Get("Content-Type"), l.Type) || !strings.HasPrefix(name, "One.") {
			t.Errorf("%s: %v %+v", l.URL, err, res)
			continue
		}
		if len(read.Segments) == 0 || !strings.Contains(read.Segments[0].Text, "Error budgets.") {
			t.Errorf("%s: %+v", l.URL, read.Segments)
		}
	}
	if res := fetched(t, base+"/api/v1/episodes/"+string(done)+"/transcript.md"); res.code != http.StatusOK {
		t.Errorf("Markdown: %d", res.code)
	}
	if res := fetched(t, base+"/api/v1/shows/0123456789abcdef/feed.xml"); res.code != http.StatusNotFound {
		t.Errorf("the feed of no show: %d", res.code)
	}
}

// Pages of others may read feeds and transcripts where everybody may, and others than this machine reach the server.
func TestOtherPagesReadWhatIsPublic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ access, bind, want string }{
		{api.AccessRead, "0.0.0.0:8080", "*"},
		{api.AccessRead, "127.0.0.1:8080", ""},
		{api.AccessLogin, "0.0.0.0:8080", ""},
		{api.AccessOpen, "0.0.0.0:8080", ""},
	} {
		a, show, done := told(t)
		base := serveArchive(t, a, func(o *api.Options) { o.Access, o.Bind, o.Accounts = c.access, c.bind, a.Store })
		for _, path := range []string{"/api/v1/shows/" + string(show.ID) + "/feed.xml", "/api/v1/episodes/" + string(done) + "/transcript.vtt"} {
			res := fetched(t, base+path)
			if got := res.header.Get("Access-Control-Allow-Origin"); got != c.want || (res.code == http.StatusOK) != (c.access != api.AccessLogin) {
				t.Errorf("%+v, %s: %d, %q", c, path, res.code, got)
			}
		}
	}
}

// TestPublicFeed has the public address in the feed, and lets pages of others read it where who comes is asked; never a search.
func TestPublicFeed(t *testing.T) {
	t.Parallel()
	for access, want := range map[string]string{api.AccessOpen: "", api.AccessRead: "*"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			a, show, _ := told(t)
			base := serveArchive(t, a, func(o *api.Options) {
				o.PublicURL, o.Access, o.Accounts = "https://archive.example.org", access, a.Store
			})
			res := fetched(t, base+"/api/v1/shows/"+string(show.ID)+"/feed.xml")
			if !strings.Contains(res.body, `url="https://archive.example.org/api/v1/episodes/`) || strings.Contains(res.body, "127.0.0.1") || res.header.Get("Access-Control-Allow-Origin") != want {
				t.Errorf("%+v", res)
			}
			if res := fetched(t, base+"/api/v1/search/feed.xml?q=budgets"); res.code != http.StatusOK || res.header.Get("Access-Control-Allow-Origin") != "" || res.header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
				t.Errorf("a search: %+v", res)
			}
		})
	}
}
