package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

const patience = 2 * time.Minute // a slow machine that does much else takes its time

// quickly is how the tests work: with waits that nobody notices.
func quickly() WorkOptions {
	return WorkOptions{
		Look: 100 * time.Millisecond, Beat: 100 * time.Millisecond, DeadAfter: 10 * time.Second, Grace: 5 * time.Second,
		Backoff: func(string, int) time.Duration { return 10 * time.Millisecond },
	}
}

// hastily takes workers for dead after a second, for tests that wait for that: a busy machine can be late itself.
func hastily() WorkOptions {
	o := quickly()
	o.DeadAfter = time.Second
	return o
}

func openAt(t *testing.T, dir string) *Store {
	t.Helper()
	return openWith(t, dir, Options{})
}

func openWith(t *testing.T, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func aShow(title string) models.Show {
	src := models.Source{Kind: models.SourceFeed, Location: models.Location("https://example.org/" + title)}
	return models.Show{
		ID: models.NewShowID(src), Title: title, Author: "An author", Language: "en", Source: src,
		People:   []models.Person{{Name: "Ana Host", Role: "host"}},
		FeedGUID: "917393e3-1b1e-5cef-ace4-edaa54e1f810", Medium: "audiobook", Locked: true, VisibleTo: models.VisibleToMembers,
	}
}

// episodesOf returns n episodes, the oldest first, a day apart.
func episodesOf(show models.Show, n int) []models.Episode {
	out := make([]models.Episode, n)
	for i := range out {
		guid := fmt.Sprintf("guid-%d", i)
		out[i] = models.Episode{
			ID: models.NewEpisodeID(show.ID, guid), GUID: guid, Title: fmt.Sprintf("Episode %d", i), Notes: "<p>What's said; it’s “quoted”</p>",
			Link: "https://example.org/e", PublishedAt: time.Date(2026, 1, 1+i, 8, 30, 0, 123e6, time.UTC), Season: 2, Number: i + 1,
			People:      []models.Person{{Name: "Bo Guest", Role: "guest"}},
			Enclosure:   models.Enclosure{Location: models.Location("https://example.org/" + guid + ".mp3"), Type: "audio/mpeg", Bytes: 1000},
			ChaptersURL: "https://example.org/" + guid + ".json",
		}
	}
	return out
}

// offered gives episodes links to transcripts.
func offered(episodes []models.Episode) []models.Episode {
	for i := range episodes {
		episodes[i].Transcripts = []models.TranscriptLink{{URL: "https://example.org/" + episodes[i].GUID + ".vtt", Type: "text/vtt", Language: "en", Rel: "captions"}}
	}
	return episodes
}

func mustSave(t *testing.T, s *Store, show models.Show, episodes []models.Episode) models.Saved {
	t.Helper()
	saved, err := s.SaveShow(t.Context(), show, episodes)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got the error %v, want one that is %q", err, want)
	}
}

// eventually waits until ok, which is asked often.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("still not so after %v: %s", patience, what)
		}
	}
}

// receive waits for a value.
func receive[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing came in %v: %s", patience, what)
		panic("unreachable")
	}
}

// held is an attempt at a job that does what the test says.
type held struct {
	ctx    context.Context
	lease  models.Lease
	job    any
	report Report
	end    chan error
}

// finish lets the attempt end.
func (h *held) finish(err error) { h.end <- err }

// holder works on a store and hands every attempt to the test.
type holder struct {
	got  chan *held
	stop context.CancelFunc
	done chan error
}

// hold starts to work; the test ends it, or the test's end does.
func hold(t *testing.T, s *Store, o WorkOptions) *holder {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	h := &holder{got: make(chan *held), stop: cancel, done: make(chan error, 1)}
	take := func(jobCtx context.Context, lease models.Lease, job any, report Report) error {
		a := &held{ctx: jobCtx, lease: lease, job: job, report: report, end: make(chan error, 1)}
		select {
		case h.got <- a:
		case <-jobCtx.Done():
			return jobCtx.Err()
		}
		select {
		case err := <-a.end:
			return err
		case <-jobCtx.Done():
			return context.Cause(jobCtx)
		}
	}
	go func() {
		h.done <- s.Work(ctx, Handlers{
			Poll: func(ctx context.Context, l models.Lease, j models.PollJob, r Report) error { return take(ctx, l, j, r) },
			Download: func(ctx context.Context, l models.Lease, j models.DownloadJob, r Report) error {
				return take(ctx, l, j, r)
			},
			Import: func(ctx context.Context, l models.Lease, j models.ImportJob, r Report) error {
				return take(ctx, l, j, r)
			},
			Transcribe: func(ctx context.Context, l models.Lease, j models.TranscribeJob, r Report) error {
				return take(ctx, l, j, r)
			},
		}, o)
	}()
	t.Cleanup(func() { h.end(t) })
	return h
}

func (h *holder) end(t *testing.T) {
	t.Helper()
	h.stop()
	select {
	case err := <-h.done:
		if err != nil {
			t.Error(err)
		}
		h.done <- nil // for whoever asks again
	case <-time.After(patience):
		t.Error("the work does not stop")
	}
}

func (h *holder) take(t *testing.T) *held {
	t.Helper()
	return receive(t, "a job", h.got)
}

func part(transcript int64, language string, segments []models.Segment, cursorMS int64) models.TranscriptPart {
	return models.TranscriptPart{TranscriptID: transcript, Language: language, Segments: segments, CursorMS: cursorMS}
}

func finished(transcript, durationMS int64, warning string) models.Transcript {
	return models.Transcript{ID: transcript, DurationMS: durationMS, Warning: warning}
}

func segment(start, end int64, words ...string) models.Segment {
	g := models.Segment{StartMS: start, EndMS: end, Words: []models.Word{}}
	step := (end - start) / int64(max(1, len(words)))
	for i, w := range words {
		if i > 0 {
			g.Text += " "
		}
		g.Text += w
		g.Words = append(g.Words, models.Word{StartMS: start + int64(i)*step, EndMS: start + int64(i+1)*step, Text: w, Probability: 0.5})
	}
	return g
}
