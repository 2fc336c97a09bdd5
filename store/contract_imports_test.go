package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

// offeredTranscripts: an episode with links to transcripts has them read at once and whenever the links change, no matter how far
// it has come, and only once at a time.
func offeredTranscripts(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	episodes := offered(episodesOf(show, 1))
	id := mustSave(t, s, show, episodes).NewEpisodes[0]
	e, err := s.Episode(t.Context(), id)
	must(t, err)
	if d := cmp.Diff(episodes[0].Transcripts, e.Transcripts); d != "" {
		t.Error(d)
	}
	h := hold(t, s, quickly())
	jobs := map[any]*held{}
	for range 2 {
		a := h.take(t)
		jobs[a.job] = a
	}
	for _, want := range []any{models.ImportJob{EpisodeID: id}, models.DownloadJob{EpisodeID: id}} {
		if jobs[want] == nil {
			t.Fatalf("jobs %+v lack %+v", jobs, want)
		}
		jobs[want].finish(nil)
	}
	mustSave(t, s, show, episodes)
	eventually(t, "the same links bring no work", func() bool { idle, err := s.Idle(t.Context()); must(t, err); return idle })
	episodes[0].Transcripts[0].URL += "?2"
	mustSave(t, s, show, episodes)
	a := h.take(t)
	if a.job != any(models.ImportJob{EpisodeID: id}) {
		t.Fatalf("after other links: %+v", a.job)
	}
	a.finish(nil)
}

// byOthers is a transcript as a publisher gives it.
func byOthers(id models.EpisodeID, text, audio string) models.Transcript {
	return models.Transcript{
		EpisodeID: id, Source: models.TranscriptPublisher, Language: "en",
		Origin:   models.Origin{Location: "https://example.org/t.vtt", Format: "vtt", SHA256: text, Timing: models.TimingCues, Audio: audio},
		Segments: []models.Segment{segment(0, 900, text)},
	}
}

// currentText is what can be found of an episode.
func currentText(t *testing.T, s *Store, id models.EpisodeID) string {
	t.Helper()
	tr, err := s.Transcript(t.Context(), id, "")
	must(t, err)
	return tr.Text()
}

// transcriptsByOthers: one is used at once; then the show's settings say which, and one is preferred only when it fits the audio.
func transcriptsByOthers(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	e, err := s.Episode(ctx, id)
	must(t, err)
	var at int64
	expect := func(when, want string) {
		t.Helper()
		if got := currentText(t, s, id); got != want { //nolint:contextcheck // the test's own
			t.Errorf("%s: %q is used, want %q", when, got, want)
		}
		changes, err := s.Changes(ctx, at, 10)
		must(t, err)
		if len(changes) == 0 {
			t.Errorf("%s: the index is not told", when)
			return
		}
		at = changes[len(changes)-1].Seq
	}
	must(t, s.SaveImport(ctx, a.lease, byOthers(id, "unchecked", ""), false))
	expect("with none of our own", "unchecked")

	own, err := s.StartTranscript(ctx, a.lease, models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper})
	must(t, err)
	must(t, s.AppendSegments(ctx, a.lease, part(own.ID, "en", []models.Segment{segment(0, 900, "own")}, 1000)))
	if got := currentText(t, s, id); got != "unchecked" {
		t.Errorf("while ours is being made: %q", got)
	}
	must(t, s.FinishTranscript(ctx, a.lease, finished(own.ID, 1000, "")))
	expect("with a complete one of our own", "own")

	must(t, s.SetShowSettings(ctx, e.ShowID, models.ShowSettings{Transcripts: models.TranscriptsBoth}))
	expect("preferred, but not checked", "own")
	must(t, s.SaveImport(ctx, a.lease, byOthers(id, "checked", e.Media.SHA256), false))
	expect("preferred, and it fits", "checked")
	must(t, s.SaveImport(ctx, a.lease, byOthers(id, "elsewhere", "another"), false))
	expect("it fits other audio", "own")
	must(t, s.SaveImport(ctx, a.lease, byOthers(id, "checked", e.Media.SHA256), false))
	expect("again", "checked")
	must(t, s.SetShowSettings(ctx, e.ShowID, models.ShowSettings{}))
	expect("ours is preferred again", "own")

	got, err := s.Imported(ctx, id)
	must(t, err)
	want := byOthers(id, "checked", e.Media.SHA256)
	want.ID, want.Task, want.Complete, want.CreatedAt = got.ID, models.TaskTranscribe, true, got.CreatedAt
	want.DurationMS, want.CursorMS = e.Media.DurationMS, e.Media.DurationMS
	want.Segments[0].Words[0].Probability = got.Segments[0].Words[0].Probability // rounded
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	a.finish(nil)
}

// importRefused: a transcript that is refused is gone, its reason is told, and one that ends the work leaves nothing to transcribe.
func importRefused(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	must(t, s.SaveImport(ctx, a.lease, byOthers(id, "wrong", ""), false))
	must(t, s.RejectImport(ctx, a.lease, id, "it is of another recording"))
	_, err := s.Imported(ctx, id)
	wantError(t, err, models.ErrNotFound)
	_, err = s.Transcript(ctx, id, "")
	wantError(t, err, models.ErrNotFound)
	e, err := s.Episode(ctx, id)
	must(t, err)
	if want := "the publisher's transcript is not used: it is of another recording"; e.Reason != want {
		t.Errorf("the reason is %q, want %q", e.Reason, want)
	}
	bad := byOthers(id, "x", "")
	bad.Segments = []models.Segment{segment(500, 900, "b"), segment(0, 100, "a")}
	wantError(t, s.SaveImport(ctx, a.lease, bad, false), models.ErrInvalid)

	must(t, s.SaveImport(ctx, a.lease, byOthers(id, "right", e.Media.SHA256), true))
	a.finish(nil)
	eventually(t, "nothing is left to do", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
	if e, err = s.Episode(ctx, id); err != nil || e.State != models.EpisodeDone || e.Reason != "" {
		t.Errorf("done with a transcript by others: %+v, %v", e, err)
	}

	must(t, s.Enqueue(ctx, models.ImportJob{EpisodeID: id}))
	h.take(t).finish(fmt.Errorf("%w: the link is dead", models.ErrUnusable))
	eventually(t, "the failure is told", func() bool {
		e, err = s.Episode(ctx, id)
		must(t, err)
		return e.Reason == "the publisher's transcript is not used: unusable: the link is dead"
	})
	if e.State != models.EpisodeDone || currentText(t, s, id) != "right" {
		t.Errorf("after a failed import the episode is %s, and %q is used", e.State, currentText(t, s, id))
	}
}
