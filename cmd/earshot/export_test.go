package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
)

// published makes an archive with an episode whose transcript its publisher gave.
func published(t *testing.T, text string) (*archive, models.Episode) {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	source := models.Source{Kind: models.SourceFeed, Location: "https://example.org/feed"}
	show := models.Show{ID: models.NewShowID(source), Title: "../Rivers: a/b", Source: source}
	e := models.Episode{
		ID: models.NewEpisodeID(show.ID, "1"), GUID: "1", ShowID: show.ID, Title: "..\\What\x00 is *it*?" + strings.Repeat("é", 200), PublishedAt: time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC),
		Enclosure: models.Enclosure{Location: "https://example.org/a.mp3"},
	}
	if _, err := s.SaveShow(t.Context(), show, []models.Episode{e}); err != nil {
		t.Fatal(err)
	}
	a := &archive{Store: s, c: &config{Data: t.TempDir()}}
	give(t, a, e.ID, text)
	return a, e
}

// give stores a transcript as the job that imports it does.
func give(t *testing.T, a *archive, id models.EpisodeID, text string) {
	t.Helper()
	if err := a.Enqueue(t.Context(), models.ImportJob{EpisodeID: id}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err := a.Work(ctx, store.Handlers{Import: func(ctx context.Context, l models.Lease, _ models.ImportJob, _ store.Report) error {
		defer stop()
		return a.SaveImport(context.WithoutCancel(ctx), l, models.Transcript{
			EpisodeID: id, Source: models.TranscriptPublisher, Segments: []models.Segment{{EndMS: 900, Text: text, Words: []models.Word{{EndMS: 900, Text: text}}}},
		}, false)
	}}, store.WorkOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// exportedFiles returns what is below a folder, by path.
func exportedFiles(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(folder, path)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestExportWritesWhatChanged: names are safe and stay, and only files that are not as they should be are written.
func TestExportWritesWhatChanged(t *testing.T) {
	t.Parallel()
	a, e := published(t, "Hello")
	parent := t.TempDir()
	export := func() *exporter {
		t.Helper()
		x, err := newExporter(a, filepath.Join(parent, "out"), "txt, srt")
		if err != nil {
			t.Fatal(err)
		}
		if err := x.named(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return x
	}
	if x := export(); x.written != 2 || x.same != 0 {
		t.Errorf("at first %d are written, %d the same", x.written, x.same)
	}
	first := exportedFiles(t, parent)
	want := filepath.Join("out", "Rivers a b ["+string(e.ShowID)[:8]+"]", "2026-03-04 ..What is it "+strings.Repeat("é", 62)+" ["+string(e.ID)[:8]+"]")
	for path := range first {
		if stem := strings.TrimSuffix(path, filepath.Ext(path)); !strings.HasPrefix(stem, filepath.Join("out", "Rivers a b [")) || len(filepath.Base(path)) > 255 ||
			strings.ContainsAny(filepath.Base(path), "\\*?\x00") {
			t.Errorf("a file is %q, want something like %q", path, want)
		}
	}
	if len(first) != 2 {
		t.Errorf("files %q", first)
	}
	if x := export(); x.written != 0 || x.same != 2 {
		t.Errorf("again %d are written, %d the same", x.written, x.same)
	}
	give(t, a, e.ID, "Goodbye")
	if x := export(); x.written != 2 {
		t.Errorf("after a change %d are written", x.written)
	}
	for path, text := range exportedFiles(t, parent) {
		if _, ok := first[path]; !ok || !strings.Contains(text, "Goodbye") {
			t.Errorf("%q holds %q", path, text)
		}
	}
}

// TestExportAsTheyCome: what is finished is written while serve runs, and after a restart only what changed since.
func TestExportAsTheyCome(t *testing.T) {
	t.Parallel()
	a, e := published(t, "Hello")
	a.c.ExportTo, a.c.ExportFormats = t.TempDir(), "txt"
	run := func(text string) {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- a.exportAsTheyCome(ctx) }()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for done := false; !done; {
			select {
			case err := <-ended:
				t.Fatal(err)
			case <-tick.C:
				for _, got := range exportedFiles(t, a.c.ExportTo) {
					done = strings.Contains(got, text)
				}
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	run("Hello")
	give(t, a, e.ID, "Goodbye")
	run("Goodbye")
}

// TestExportReachesFilesOfBefore: what an episode was exported as under a title, a show's title and a format of before is written anew too,
// because what has become private would stay there; what somebody removed stays away, and what is no file of ours is left alone.
func TestExportReachesFilesOfBefore(t *testing.T) {
	t.Parallel()
	a, e := published(t, "Jane")
	to := t.TempDir()
	export := func(formats string) {
		t.Helper()
		x, err := newExporter(a, to, formats)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.named(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	export("txt,srt,podcast.json")
	show, err := a.Show(t.Context(), e.ShowID)
	if err != nil {
		t.Fatal(err)
	}
	show.Title, e.Title = "Streams", "Another title"
	if _, err := a.SaveShow(t.Context(), show, []models.Episode{e}); err != nil {
		t.Fatal(err)
	}
	strange := filepath.Join(to, "notes ["+string(e.ID)[:8]+"].txt")
	if err := os.WriteFile(strange, []byte("Jane is mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	var removed string
	for path := range exportedFiles(t, to) {
		if strings.HasSuffix(path, ".srt") {
			removed = filepath.Join(to, path)
		}
	}
	if err := os.Remove(removed); err != nil {
		t.Fatal(err)
	}
	export("md")
	if _, err := a.SetPrivate(t.Context(), models.Private{EpisodeID: e.ID}); err != nil {
		t.Fatal(err)
	}
	export("md")
	files := exportedFiles(t, to)
	if len(files) != 4 { // txt and podcast.json of before, md of now, and what is none
		t.Errorf("files %q", files)
	}
	for path, text := range files {
		if strings.Contains(text, "Jane") != (filepath.Join(to, path) == strange) {
			t.Errorf("%q holds %q", path, text)
		}
	}
}
