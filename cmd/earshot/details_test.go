//go:build !stub

package main

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline"
	"github.com/earshot/earshot/store"
)

func pictureOf(t *testing.T, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tagged makes a recording with everything that files have beside the sound.
func tagged(t *testing.T, path string) {
	t.Helper()
	dir := t.TempDir()
	picture, about := filepath.Join(dir, "cover.png"), filepath.Join(dir, "about.txt")
	if err := os.WriteFile(picture, pictureOf(t, 900, 300), 0o600); err != nil {
		t.Fatal(err)
	}
	text := ";FFMETADATA1\ntitle=The talk\nartist=Ana\ndate=2024-05-06\ncomment=Given in Oslo\n" +
		"[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=Opening\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=3000\ntitle=Rest\n"
	if err := os.WriteFile(about, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=3", "-i", picture, "-i", about, "-map", "0", "-map", "1",
		"-map_metadata", "2", "-map_chapters", "2", "-c:v", "copy", "-disposition:v", "attached_pic", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// downloadAll does the downloads, polls and imports of an archive until so many recordings wait for their transcription.
func downloadAll(t *testing.T, a *archive, want int) {
	t.Helper()
	p := pipeline.New(pipeline.Options{Catalogue: a.Store, Sources: a.resolver(nil, nil), Media: media{a.Media()}, Fetch: a.client, Probe: a.tool, Logger: a.c.log})
	work, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	err := a.Work(work, store.Handlers{
		Poll: p.Poll, Download: p.Download, Import: p.Import,
		Transcribe: func(context.Context, models.Lease, models.TranscribeJob, store.Report) error {
			if want--; want == 0 {
				stop()
			}
			return nil
		},
	}, store.WorkOptions{Look: 100 * time.Millisecond})
	if err != nil || want > 0 {
		t.Fatalf("%v; %d recordings did not come", err, want)
	}
}

// TestDetails brings recordings with tags, chapters and pictures into an archive, in a folder and from a feed, whose own chapters
// and cover count, and reads them by the API.
func TestDetails(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	tagged(t, filepath.Join(folder, "a.mp3"))
	tagged(t, filepath.Join(folder, "b.m4a"))
	recording, err := os.ReadFile(filepath.Join(folder, "a.mp3"))
	if err != nil {
		t.Fatal(err)
	}
	var served http.ServeMux
	web := httptest.NewServer(&served)
	t.Cleanup(web.Close)
	give := func(path, contentType string, body []byte) {
		served.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(body)
		})
	}
	give("/1.mp3", "audio/mpeg", recording)
	give("/cover.png", "image/png", pictureOf(t, 700, 700))
	give("/chapters.json", "application/json+chapters", []byte(`{"version":"1.2.0","chapters":[{"startTime":0.5,"title":"The publisher's"}]}`))
	give("/feed.xml", "application/rss+xml", []byte(`<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0">
		<channel><title>Show</title><itunes:image href="`+web.URL+`/cover.png"/><item><guid>1</guid><title>One</title>
		<enclosure url="`+web.URL+`/1.mp3" type="audio/mpeg" length="`+strconv.Itoa(len(recording))+`"/>
		<podcast:chapters url="`+web.URL+`/chapters.json" type="application/json+chapters"/></item></channel></rss>`))

	a := quietArchive(t, &config{AllowPrivate: true})
	for _, source := range []string{folder, web.URL + "/feed.xml"} {
		found, err := a.resolver(nil, nil).Resolve(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.SaveShow(t.Context(), found.Show, found.Episodes); err != nil {
			t.Fatal(err)
		}
	}
	downloadAll(t, a, 3)

	base := serveArchive(t, a, func(*api.Options) {})
	shows, err := a.Shows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, show := range shows {
		res := fetched(t, base+"/api/v1/shows/"+string(show.ID)+"/cover")
		picture, err := jpeg.DecodeConfig(strings.NewReader(res.body))
		want := image.Config{Width: 600, Height: 600}
		if show.Source.Kind == models.SourceFolder {
			want.Height = 200
		}
		if err != nil || picture.Width != want.Width || picture.Height != want.Height || res.header.Get("ETag") == "" {
			t.Errorf("the cover of %s: %v, %d × %d, %v", show.Title, err, picture.Width, picture.Height, res.header)
		}
	}
	episodes, err := a.Episodes(t.Context(), models.EpisodeFilter{})
	if err != nil {
		t.Fatal(err)
	}
	inFile := []models.Chapter{{EndMS: 1000, Title: "Opening"}, {StartMS: 1000, EndMS: 3000, Title: "Rest"}}
	for _, e := range episodes {
		want := inFile
		if e.Title == "One" {
			want = []models.Chapter{{StartMS: 500, Title: "The publisher's"}}
		} else if e.Title != "The talk" || e.Notes != "Given in Oslo" || !e.PublishedAt.Equal(time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC)) || len(e.People) != 1 || e.People[0].Name != "Ana" {
			t.Errorf("%+v", e)
		}
		if d := cmp.Diff(want, e.Chapters); d != "" {
			t.Errorf("chapters of %s: %s", e.Enclosure.Location, d)
		}
		if res := fetched(t, base+"/api/v1/episodes/"+string(e.ID)+"/cover"); res.header.Get("Content-Type") != "image/jpeg" || e.Cover == "" {
			t.Errorf("the cover of %s (%q): %+v", e.Enclosure.Location, e.Cover, res.header)
		}
		if res := fetched(t, base+"/api/v1/episodes/"+string(e.ID)+"/chapters.json"); !strings.Contains(res.body, want[0].Title) {
			t.Errorf("chapters.json of %s: %+v", e.Enclosure.Location, res)
		}
	}
}
