package store

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// transcribedWith brings one episode to its end.
func transcribedWith(t *testing.T, s *Store, a *held, model string) {
	t.Helper()
	job, ok := a.job.(models.TranscribeJob)
	if !ok {
		t.Fatalf("took %+v", a.job)
	}
	tr, err := s.StartTranscript(t.Context(), a.lease, models.Transcript{EpisodeID: job.EpisodeID, Source: models.TranscriptWhisper, Model: model, Language: job.Language})
	must(t, err)
	must(t, s.AppendSegments(t.Context(), a.lease, part(tr.ID, "en", []models.Segment{segment(0, 900, "by", model)}, 60_000)))
	must(t, s.FinishTranscript(t.Context(), a.lease, finished(tr.ID, 60_000, "")))
	a.finish(nil)
}

// What the pages for owners show: totals, what waits and why, what happened, which transcripts there are.
func ownersView(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	o := quickly()
	o.Downloads = 1
	o.Backoff = func(string, int) time.Duration { return time.Hour }
	show, other := aShow("Systems"), aShow("Gardens")
	ids := mustSave(t, s, show, episodesOf(show, 3)).NewEpisodes // newest first
	mustSave(t, s, other, episodesOf(other, 1))
	must(t, s.Pause(ctx, other.ID))
	waiting, err := s.Waiting(ctx, models.WaitingFilter{Limit: 10})
	must(t, err)
	if len(waiting) != 4 || waiting[0].Kind != "download" || waiting[0].Title != "Episode 2" || waiting[0].ShowTitle != "Systems" || waiting[0].Wait != models.WaitTurn {
		t.Fatalf("waiting: %+v", waiting)
	}
	var paged []models.WaitingJob
	for f := (models.WaitingFilter{Limit: 1}); len(paged) <= len(waiting); {
		page, err := s.Waiting(ctx, f)
		must(t, err)
		if len(page) == 0 {
			break
		}
		paged, f.After = append(paged, page[0]), page[0].Place
	}
	if !reflect.DeepEqual(paged, waiting) {
		t.Errorf("one by one: %+v, want %+v", paged, waiting)
	}
	for hidden, left := range map[models.ShowID]int{show.ID: 1, other.ID: 3} {
		if seen, err := s.Waiting(ctx, models.WaitingFilter{Hidden: []models.ShowID{hidden}, Limit: 3}); err != nil || len(seen) != left {
			t.Errorf("without %s: %+v, %v", hidden, seen, err)
		}
	}
	must(t, s.Now(ctx, ids[2]))
	if waiting, err = s.Waiting(ctx, models.WaitingFilter{Limit: 1}); err != nil || len(waiting) != 1 || waiting[0].EpisodeID != ids[2] || !waiting[0].Urgent {
		t.Fatalf("after asking for the oldest: %+v, %v", waiting, err)
	}
	h := hold(t, s, o)
	h.take(t).finish(errors.New("the server is down"))
	a := h.take(t)
	must(t, s.SaveMedia(ctx, a.lease, ids[0], storeAudio(t, s, "one"), ""))
	a.finish(nil)
	transcription, next := h.take(t), h.take(t) // whichever comes first
	if next.job == any(models.TranscribeJob{EpisodeID: ids[0]}) {
		transcription, next = next, transcription
	}
	next.finish(models.Explain(models.ErrUnusable, "this is no audio"))
	transcribedWith(t, s, transcription, "base")
	eventually(t, "one is done, one failed, one is tried again", func() bool {
		waiting, err = s.Waiting(ctx, models.WaitingFilter{Limit: 10})
		must(t, err)
		totals, err := s.ShowTotals(ctx)
		must(t, err)
		mine := totals[show.ID]
		return len(waiting) == 2 && mine.Done == 1 && mine.Failed == 1 && mine.Episodes == 3 && mine.AudioMS == 60_000 && mine.Bytes == 3 && totals[other.ID].Episodes == 1
	})
	byWait := map[models.WaitKind]models.WaitingJob{}
	for _, w := range waiting {
		byWait[w.Wait] = w
	}
	again := byWait[models.WaitAgain]
	if byWait[models.WaitPaused].ShowID != other.ID || again.EpisodeID != ids[2] || !strings.Contains(again.Reason, "the server is down") || time.Until(again.Next) < 50*time.Minute {
		t.Errorf("waiting: %+v", waiting)
	}
	log, err := s.Log(ctx, ids[2])
	must(t, err)
	told := 0
	for _, e := range log {
		if strings.Contains(e.Reason, "the server is down") && e.Attempt == 1 && e.JobKind == "download" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the failure is told %d times: %+v", told, log)
	}

	// A second transcript; the first stays readable. Then one in another language.
	eventually(t, "it can be transcribed again, when its job has ended", func() bool {
		err := s.TranscribeAgain(ctx, models.TranscribeJob{EpisodeID: ids[0]})
		if !errors.Is(err, models.ErrConflict) {
			must(t, err)
		}
		return err == nil
	})
	b := h.take(t)
	if b.job != any(models.TranscribeJob{EpisodeID: ids[0]}) {
		t.Fatalf("took %+v", b.job)
	}
	wantError(t, s.TranscribeAgain(ctx, models.TranscribeJob{EpisodeID: ids[0], Language: "fr"}), models.ErrConflict)
	transcribedWith(t, s, b, "small")
	must(t, s.Pause(ctx, ""))
	eventually(t, "it is over, and asked for again", func() bool {
		err := s.TranscribeAgain(ctx, models.TranscribeJob{EpisodeID: ids[0]})
		return !errors.Is(err, models.ErrConflict)
	})
	must(t, s.TranscribeAgain(ctx, models.TranscribeJob{EpisodeID: ids[0], Language: "fr"})) // in place of the one that waits
	must(t, s.Resume(ctx, ""))
	if b = h.take(t); b.job != any(models.TranscribeJob{EpisodeID: ids[0], Language: "fr"}) {
		t.Errorf("took %+v", b.job)
	}
	b.finish(nil)
	kept, err := s.Transcripts(ctx, ids[0])
	must(t, err)
	if len(kept) != 2 || kept[0].Model != "small" || !kept[0].Current || kept[1].Current {
		t.Fatalf("kept: %+v", kept)
	}
	old, err := s.TranscriptByID(ctx, ids[0], kept[1].ID)
	if err != nil || old.Text() != "by base" {
		t.Errorf("the first transcript: %q, %v", old.Text(), err)
	}
	_, err = s.TranscriptByID(ctx, ids[1], kept[1].ID)
	wantError(t, err, models.ErrNotFound)
	if sizes, err := s.StoredBytes(ctx); err != nil || sizes.Recordings != 3 || sizes.Catalogue < 10_000 {
		t.Errorf("%+v, %v", sizes, err)
	}
}

// With a show go its episodes, jobs and recordings, except those that others have too.
func removeShow(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	show, other := aShow("Systems"), aShow("Gardens")
	ids := mustSave(t, s, show, episodesOf(show, 2)).NewEpisodes
	theirs := mustSave(t, s, other, episodesOf(other, 1)).NewEpisodes
	must(t, s.Enqueue(ctx, models.PollJob{ShowID: show.ID}))
	h := hold(t, s, quickly())
	content := map[models.EpisodeID]string{ids[0]: "only here", ids[1]: "in both", theirs[0]: "in both"}
	keys := map[models.EpisodeID]string{}
	var running *held
	for len(keys) < 3 || running == nil {
		a := h.take(t)
		switch j := a.job.(type) {
		case models.DownloadJob:
			m := storeAudio(t, s, content[j.EpisodeID])
			must(t, s.SaveMedia(ctx, a.lease, j.EpisodeID, m, ""))
			keys[j.EpisodeID] = m.Key
			a.finish(nil)
		case models.TranscribeJob:
			if j.EpisodeID == ids[0] {
				running = a
			} else {
				a.finish(nil)
			}
		default:
			a.finish(nil)
		}
	}
	if twins, err := s.Twins(ctx, theirs[0]); err != nil || len(twins) != 1 || twins[0].ID != ids[1] {
		t.Errorf("twins: %+v, %v", twins, err)
	}
	last, err := s.LastChange(ctx)
	must(t, err)
	n, err := s.DeleteShow(ctx, show.ID)
	if err != nil || n != 2 {
		t.Fatalf("%d episodes removed, %v", n, err)
	}
	wantError(t, s.SetState(ctx, running.lease, ids[0], models.EpisodeTranscribing), models.ErrLeaseLost)
	running.finish(nil)
	_, err = s.Show(ctx, show.ID)
	wantError(t, err, models.ErrNotFound)
	events, err := s.Events(ctx, 0, 1000)
	if err != nil || len(events) == 0 || slices.ContainsFunc(events, func(e models.Event) bool { return e.ShowID == show.ID || e.ShowID == "" && e.Title != "" }) {
		t.Errorf("what happened to it is still told: %+v, %v", events, err)
	}
	_, err = s.Episode(ctx, ids[0])
	wantError(t, err, models.ErrNotFound)
	changes, err := s.Changes(ctx, last, 10)
	if err != nil || len(changes) != 2 || !changes[0].Deleted || !changes[1].Deleted {
		t.Errorf("changes: %+v, %v", changes, err)
	}
	for id, want := range map[models.EpisodeID]bool{ids[0]: false, ids[1]: true, theirs[0]: true} {
		if is, err := s.Media().Has(ctx, keys[id]); err != nil || is != want {
			t.Errorf("the recording %q is there: %v, %v", content[id], is, err)
		}
	}
	_, err = s.DeleteShow(ctx, show.ID)
	wantError(t, err, models.ErrNotFound)
	if saved := mustSave(t, s, show, episodesOf(show, 2)); len(saved.NewEpisodes) != 2 || !saved.NewShow {
		t.Errorf("added again: %+v", saved)
	}

	// An upload that nobody has worked on yet was stored before.
	h.stop()
	h.end(t)
	sent := aShow("Sent")
	sent.Source = models.Source{Kind: models.SourceFiles}
	upload := storeAudio(t, s, "an upload")
	one := episodesOf(sent, 1)
	one[0].Enclosure.Location = models.Location(storedPrefix + upload.Key)
	mustSave(t, s, sent, one)
	_, err = s.DeleteShow(ctx, sent.ID)
	must(t, err)
	if is, err := s.Media().Has(ctx, upload.Key); err != nil || is {
		t.Errorf("the upload is left behind: %v, %v", is, err)
	}
}
