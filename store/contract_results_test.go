package store

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/earshot/earshot/models"
)

// anEpisode saves a show with one episode and takes its download.
func anEpisode(t *testing.T, s *Store, h *holder) (models.EpisodeID, *held) {
	t.Helper()
	show := aShow("Systems")
	id := mustSave(t, s, show, episodesOf(show, 1)).NewEpisodes[0]
	a := h.take(t)
	if a.job != any(models.DownloadJob{EpisodeID: id}) {
		t.Fatalf("took %+v", a.job)
	}
	return id, a
}

// storeAudio puts bytes into the media store.
func storeAudio(t *testing.T, s *Store, content string) models.Media {
	t.Helper()
	p, err := s.Media().Create(t.Context(), "a test")
	must(t, err)
	_, err = p.Write([]byte(content))
	must(t, err)
	m, err := p.Commit(t.Context(), "mp3")
	must(t, err)
	m.ContentType, m.DurationMS = "audio/mpeg", 60_000
	return m
}

// downloaded brings an episode as far as a running transcription.
func downloaded(t *testing.T, s *Store, h *holder) (models.EpisodeID, *held) {
	t.Helper()
	id, a := anEpisode(t, s, h)
	must(t, s.SetState(t.Context(), a.lease, id, models.EpisodeDownloading))
	must(t, s.SaveMedia(t.Context(), a.lease, id, storeAudio(t, s, "audio of "+string(id)), ""))
	a.finish(nil)
	b := h.take(t)
	if b.job != any(models.TranscribeJob{EpisodeID: id}) {
		t.Fatalf("took %+v", b.job)
	}
	return id, b
}

func stateOf(t *testing.T, s *Store, id models.EpisodeID) models.EpisodeState {
	t.Helper()
	e, err := s.Episode(t.Context(), id)
	must(t, err)
	return e.State
}

func wayOfAnEpisode(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	must(t, s.SetState(ctx, a.lease, id, models.EpisodeDownloading))
	media := storeAudio(t, s, "some audio")
	must(t, s.SaveMedia(ctx, a.lease, id, media, "the file is cut off"))
	e, err := s.Episode(ctx, id)
	must(t, err)
	if e.State != models.EpisodeDownloaded || e.Media != media || e.Reason != "the file is cut off" {
		t.Fatalf("after the download: %+v", e)
	}
	a.finish(nil)

	b := h.take(t)
	want := models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper, Model: "base", Prompt: "Ana Host"}
	tr, err := s.StartTranscript(ctx, b.lease, want)
	must(t, err)
	if tr.ID == 0 || tr.CursorMS != 0 || stateOf(t, s, id) != models.EpisodeTranscribing {
		t.Fatalf("started: %+v", tr)
	}
	first := []models.Segment{segment(0, 900, "Error", "budgets"), segment(1000, 2000, "are", "nice")}
	first[1].Speaker, first[1].Doubtful = "Ana", true
	last, err := s.LastChange(ctx)
	must(t, err)
	must(t, s.AppendSegments(ctx, b.lease, part(tr.ID, "en", first, 30_000)))
	// Searchable window by window.
	if now, _ := s.LastChange(ctx); now != last+1 {
		t.Fatalf("a window moved the changes from %d to %d", last, now)
	}
	d, err := s.Document(ctx, id)
	must(t, err)
	if d.Transcript.Complete || d.Transcript.Language != "en" || !reflect.DeepEqual(d.Transcript.Segments, rounded(first)) || d.Show.Title != "Systems" || d.Episode.ID != id {
		t.Fatalf("the document after one window: %+v", d)
	}
	second := []models.Segment{segment(30_000, 31_000, "The", "end.")}
	must(t, s.AppendSegments(ctx, b.lease, part(tr.ID, "", second, 60_000)))
	must(t, s.FinishTranscript(ctx, b.lease, finished(tr.ID, 60_000, "audio ends early")))
	b.finish(nil)

	got, err := s.Transcript(ctx, id, models.TaskTranscribe)
	must(t, err)
	if !got.Complete || got.Warning != "audio ends early" || got.DurationMS != 60_000 || got.CursorMS != 60_000 || got.Prompt != "Ana Host" ||
		!reflect.DeepEqual(got.Segments, rounded(append(first, second...))) {
		t.Fatalf("the transcript: %+v", got)
	}
	e, err = s.Episode(ctx, id)
	must(t, err)
	if e.State != models.EpisodeDone || e.Reason != "the file is cut off; audio ends early" {
		t.Fatalf("in the end: %s, %q", e.State, e.Reason)
	}
	eventually(t, "nothing is left to do", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
	if st, _ := s.Status(ctx); st.AudioMS != 60_000 || st.Episodes[models.EpisodeDone] != 1 {
		t.Fatalf("the status: %+v", st)
	}
}

// rounded returns the segments as they are stored: with probabilities in 65535ths.
func rounded(in []models.Segment) []models.Segment {
	out := make([]models.Segment, len(in))
	for i, g := range in {
		words := make([]models.Word, len(g.Words))
		for j, w := range g.Words {
			w.Probability = float32(packProbability(w.Probability)) / 65535
			words[j] = w
		}
		g.Words = words
		out[i] = g
	}
	return out
}

func resumeTranscript(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	want := models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper, Model: "base"}
	first, err := s.StartTranscript(ctx, a.lease, want)
	must(t, err)
	must(t, s.AppendSegments(ctx, a.lease, part(first.ID, "fr", []models.Segment{segment(0, 500, "Bonjour")}, 30_000)))

	again, err := s.StartTranscript(ctx, a.lease, want)
	must(t, err)
	if again.ID != first.ID || again.CursorMS != 30_000 || again.Language != "fr" {
		t.Fatalf("resumed %+v, want transcript %d at 30 s in French", again, first.ID)
	}
	last, err := s.LastChange(ctx)
	must(t, err)
	want.Prompt = "other names"
	other, err := s.StartTranscript(ctx, a.lease, want)
	must(t, err)
	if other.ID == first.ID || other.CursorMS != 0 {
		t.Fatalf("another prompt resumed %+v", other)
	}
	// What was begun otherwise is dropped, and the index hears of it.
	got, err := s.Transcript(ctx, id, models.TaskTranscribe)
	must(t, err)
	if now, _ := s.LastChange(ctx); got.ID != other.ID || len(got.Segments) != 0 || now == last {
		t.Fatalf("the current transcript is %+v, changes from %d to %d", got, last, now)
	}
	wantError(t, s.AppendSegments(ctx, a.lease, part(first.ID, "", nil, 60_000)), models.ErrNotFound)
	a.finish(nil)
}

func transcribeAgain(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	make1 := func(a *held, model, word string) models.Transcript {
		t.Helper()
		tr, err := s.StartTranscript(ctx, a.lease, models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper, Model: model})
		must(t, err)
		must(t, s.AppendSegments(ctx, a.lease, part(tr.ID, "en", []models.Segment{segment(0, 500, word)}, 1000)))
		return tr
	}
	old := make1(a, "base", "old")
	must(t, s.FinishTranscript(ctx, a.lease, finished(old.ID, 1000, "")))
	a.finish(nil)

	eventually(t, "the first job is over", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
	must(t, s.Enqueue(ctx, models.TranscribeJob{EpisodeID: id}))
	b := h.take(t)
	last, err := s.LastChange(ctx)
	must(t, err)
	better := make1(b, "large", "new")
	got, err := s.Transcript(ctx, id, models.TaskTranscribe)
	must(t, err)
	if now, _ := s.LastChange(ctx); got.Text() != "old" || now != last {
		t.Fatalf("while the new one is made, %q is current and the changes went from %d to %d", got.Text(), last, now)
	}
	must(t, s.FinishTranscript(ctx, b.lease, finished(better.ID, 1000, "")))
	got, err = s.Transcript(ctx, id, models.TaskTranscribe)
	must(t, err)
	if now, _ := s.LastChange(ctx); got.ID != better.ID || got.Text() != "new" || now != last+1 {
		t.Fatalf("then %q is current, changes from %d to %d", got.Text(), last, now)
	}
	wantError(t, s.FinishTranscript(ctx, b.lease, finished(better.ID, 1000, "")), models.ErrInvalid)
	b.finish(nil)
}

func windowsAreChecked(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	_, err := s.Transcript(ctx, id, models.TaskTranscribe)
	wantError(t, err, models.ErrNotFound)
	tr, err := s.StartTranscript(ctx, a.lease, models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper})
	must(t, err)
	must(t, s.AppendSegments(ctx, a.lease, part(tr.ID, "en", []models.Segment{segment(0, 500, "one")}, 1000)))
	backwards := segment(1500, 1600, "x")
	backwards.Words[0].EndMS = 1400
	for name, c := range map[string]struct {
		segments []models.Segment
		cursor   int64
	}{
		"the same window again":   {[]models.Segment{segment(0, 500, "one")}, 1000},
		"cursor stays":            {nil, 1000},
		"cursor goes back":        {nil, 500},
		"before the window":       {[]models.Segment{segment(999, 1500, "x")}, 2000},
		"after the window":        {[]models.Segment{segment(2001, 2500, "x")}, 2000},
		"out of order":            {[]models.Segment{segment(1500, 1600, "x"), segment(1400, 1600, "x")}, 2000},
		"ends before it begins":   {[]models.Segment{{StartMS: 1500, EndMS: 1400}}, 2000},
		"a word ends too early":   {[]models.Segment{backwards}, 2000},
		"the second of two wrong": {[]models.Segment{segment(1100, 1200, "x"), segment(900, 1600, "x")}, 2000},
	} {
		if err := s.AppendSegments(ctx, a.lease, part(tr.ID, "", c.segments, c.cursor)); err == nil {
			t.Errorf("%s: stored", name)
		} else {
			wantError(t, err, models.ErrInvalid)
		}
	}
	got, err := s.Transcript(ctx, id, models.TaskTranscribe)
	must(t, err)
	if got.Text() != "one" || got.CursorMS != 1000 {
		t.Fatalf("after refused windows: %q, cursor %d", got.Text(), got.CursorMS)
	}
	must(t, s.AppendSegments(ctx, a.lease, part(tr.ID, "", nil, 2000))) // silence
	_, err = s.StartTranscript(ctx, a.lease, models.Transcript{EpisodeID: "nothing", Source: models.TranscriptWhisper})
	wantError(t, err, models.ErrNotFound)
	wantError(t, s.SetState(ctx, a.lease, id, "asleep"), models.ErrInvalid)
	wantError(t, s.SaveMedia(ctx, a.lease, id, models.Media{Key: "../../etc/passwd"}, ""), models.ErrNotFound)
	a.finish(nil)
}

// changesInOrder follows the changes while several writers make them: a follower that never looks back must see all.
func changesInOrder(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	const writers, rounds = 4, 15
	var wg sync.WaitGroup
	errs := make(chan error, writers)
	for w := range writers {
		wg.Go(func() {
			show := aShow(fmt.Sprintf("Show %d", w))
			for r := range rounds {
				episodes := episodesOf(show, 2)
				episodes[0].Title = fmt.Sprintf("Round %d", r)
				if _, err := s.SaveShow(ctx, show, episodes); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	titles, after := map[models.EpisodeID]string{}, int64(0)
	follow := func() {
		t.Helper()
		changes, err := s.Changes(ctx, after, 3)
		must(t, err)
		for _, c := range changes {
			if c.Seq <= after {
				t.Fatalf("change %d came after %d", c.Seq, after)
			}
			after = c.Seq
			d, err := s.Document(ctx, c.EpisodeID)
			must(t, err)
			titles[c.EpisodeID] = d.Episode.Title
		}
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			follow()
		}
	}
	close(errs)
	for err := range errs {
		t.Fatal(err)
	}
	for last, _ := s.LastChange(ctx); after < last; {
		follow()
	}
	all, err := s.Episodes(ctx, models.EpisodeFilter{})
	must(t, err)
	if len(all) != 2*writers {
		t.Fatalf("%d episodes", len(all))
	}
	for _, e := range all {
		if titles[e.ID] != e.Title {
			t.Errorf("the follower knows %q, the store %q", titles[e.ID], e.Title)
		}
	}
}
