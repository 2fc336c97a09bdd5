package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// keeping is an archive whose shows may keep the text only.
type keeping struct {
	*Store

	t *testing.T
	h *holder
}

// stored tells whether an episode has its recording, and whether a file is there.
func (k keeping) stored(id models.EpisodeID, key string) (has, there bool) {
	k.t.Helper()
	e, err := k.Episode(k.t.Context(), id)
	must(k.t, err)
	there, err = k.Media().Has(k.t.Context(), key)
	must(k.t, err)
	return e.Media.Key != "", there
}

// take waits for the job of an episode.
func (k keeping) take(want any) *held {
	k.t.Helper()
	a := k.h.take(k.t)
	if a.job != want {
		k.t.Fatalf("took %+v, want %+v", a.job, want)
	}
	return a
}

func (k keeping) save(a *held, id models.EpisodeID, content string) models.Media {
	k.t.Helper()
	m := storeAudio(k.t, k.Store, content)
	must(k.t, k.SaveMedia(k.t.Context(), a.lease, id, m, ""))
	return m
}

// say completes a transcript in a language.
func (k keeping) say(a *held, id models.EpisodeID, task models.TranscriptTask, language string) {
	k.t.Helper()
	ctx := k.t.Context()
	tr, err := k.StartTranscript(ctx, a.lease, models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper, Task: task, Language: language})
	must(k.t, err)
	must(k.t, k.AppendSegments(ctx, a.lease, part(tr.ID, language, []models.Segment{segment(0, 900, "said")}, 1000)))
	must(k.t, k.FinishTranscript(ctx, a.lease, finished(tr.ID, 1000, "")))
}

func (k keeping) gone(id models.EpisodeID, key string) {
	k.t.Helper()
	eventually(k.t, "the recording is gone", func() bool { has, there := k.stored(id, key); return !has && !there })
}

// keepText: the recording goes when the last job that is about its episode has ended, and comes again when it is needed.
func keepText(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	show := aShow("Systems")
	show.Settings = models.ShowSettings{Keep: models.KeepText, Translate: true}
	id := mustSave(t, s, show, episodesOf(show, 1)).NewEpisodes[0]
	k := keeping{s, t, hold(t, s, quickly())}
	download, transcribe := models.DownloadJob{EpisodeID: id}, models.TranscribeJob{EpisodeID: id}
	translate := models.TranscribeJob{EpisodeID: id, Task: models.TaskTranslate}

	d := k.take(download)
	m := k.save(d, id, "only here")
	a := k.take(transcribe)
	k.say(a, id, models.TaskTranscribe, "fr")
	a.finish(nil)
	a = k.take(translate)
	k.say(a, id, models.TaskTranslate, "fr")
	if has, there := k.stored(id, m.Key); !has || !there {
		t.Error("the recording is gone while it is being translated")
	}
	a.finish(nil)
	eventually(t, "the translation has ended", func() bool { st, err := s.Status(ctx); must(t, err); return st.Queue["transcribe"] == 0 })
	if has, there := k.stored(id, m.Key); !has || !there {
		t.Error("the recording is gone while something is made of it by the job that brought it")
	}
	d.finish(nil)
	k.gone(id, m.Key)
	e, err := s.Episode(ctx, id)
	if must(t, err); !e.AudioNotKept() || e.Media.DurationMS != m.DurationMS || e.Media.SHA256 != m.SHA256 || e.State != models.EpisodeDone {
		t.Errorf("what is left: %+v", e)
	}
	if b, err := s.StoredBytes(ctx); err != nil || b.Recordings != 0 {
		t.Errorf("%+v are stored, %v", b, err)
	}
	must(t, s.Check(ctx, func(_ models.EpisodeID, problem string) { t.Errorf("it is a fault: %s", problem) }))

	// Another show has the same recording and keeps it.
	other := aShow("Gardens")
	theirs := mustSave(t, s, other, episodesOf(other, 1)).NewEpisodes[0]
	d = k.take(models.DownloadJob{EpisodeID: theirs})
	k.save(d, theirs, "only here")
	d.finish(nil)
	k.take(models.TranscribeJob{EpisodeID: theirs}).finish(models.Explain(models.ErrUnusable, "not this time"))

	// It is transcribed again: fetched first.
	wantError(t, s.TranscribeAgain(ctx, translate), models.ErrConflict)
	wantError(t, s.TranscribeAgain(ctx, models.TranscribeJob{EpisodeID: id, Language: "de"}), models.ErrConflict)
	must(t, s.TranscribeAgain(ctx, transcribe))
	d = k.take(download)
	if e, err := s.Episode(ctx, id); err != nil || e.AudioNotKept() || !e.FetchAgain {
		t.Errorf("on its way again: %+v, %v", e, err)
	}
	k.save(d, id, "only here")
	d.finish(nil)
	a = k.take(transcribe)
	k.say(a, id, models.TaskTranscribe, "en")
	a.finish(nil)
	eventually(t, "it has let go of its recording", func() bool { has, _ := k.stored(id, m.Key); return !has })
	if _, err := s.DeleteShow(ctx, show.ID); err != nil {
		t.Error(err)
	}
	if has, there := k.stored(theirs, m.Key); !has || !there {
		t.Error("the other show has lost its recording")
	}

	// A process that died in between has left its notes: one of a recording that is wanted by now, one of another.
	lost := storeAudio(t, s, "left behind").Key
	must(t, s.write(ctx, "a test", func(ctx context.Context, tx bun.Tx) error { return s.unwanted(ctx, tx, m.Key, lost) }))
	must(t, s.sweep(ctx))
	if there, err := s.Media().Has(ctx, lost); err != nil || there {
		t.Errorf("what was left behind is there: %v, %v", there, err)
	}
	if _, there := k.stored(theirs, m.Key); !there {
		t.Error("the sweep took a recording that is wanted")
	}
	if n, err := s.e.read.NewSelect().Model((*unwantedRow)(nil)).Count(ctx); err != nil || n != 0 {
		t.Errorf("%d recordings are still to be removed, %v", n, err)
	}
}

// keepUploads: where the archive's copy may be the only one, nobody can ask for it to be removed.
func keepUploads(c clause) {
	t, s, ctx := c.t, c.s, c.t.Context()
	show := aShow("Uploads")
	show.Source = models.Source{Kind: models.SourceFiles}
	text := models.ShowSettings{Keep: models.KeepText}
	mustSave(t, s, show, nil)
	wantError(t, s.SetShowSettings(ctx, show.ID, text), models.ErrInvalid)
	other := aShow("Others")
	other.Source.Kind, other.Settings = models.SourceFiles, text
	if _, err := s.SaveShow(ctx, other, nil); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("a new one: %v", err)
	}
}

// keepTheOnlyCopy: a recording that may be nowhere else stays, and one that is not there is not recorded.
func keepTheOnlyCopy(c clause) {
	t, s, ctx := c.t, c.s, c.t.Context()
	dir := t.TempDir()
	show := aShow("Tapes")
	show.Source = models.Source{Kind: models.SourceFolder, Location: models.Location(dir)}
	show.Settings = models.ShowSettings{Keep: models.KeepText}
	tapes := episodesOf(show, 2)
	for i, content := range []string{"still there", "moved away"} {
		path := filepath.Join(dir, content)
		tapes[i].Enclosure = models.Enclosure{Location: models.Location(path)}
		must(t, os.WriteFile(path, []byte(content), 0o600))
	}
	mustSave(t, s, show, tapes)
	k := keeping{s, t, hold(t, s, quickly())}
	keys := map[models.EpisodeID]string{}
	for range 4 {
		a := k.h.take(t)
		switch j := a.job.(type) {
		case models.DownloadJob:
			content := "still there"
			if j.EpisodeID == tapes[1].ID {
				content = "moved away"
				must(t, os.Remove(filepath.Join(dir, content)))
			}
			keys[j.EpisodeID] = k.save(a, j.EpisodeID, content).Key
		case models.TranscribeJob:
			k.say(a, j.EpisodeID, models.TaskTranscribe, "en")
		}
		a.finish(nil)
	}
	k.gone(tapes[0].ID, keys[tapes[0].ID])
	eventually(t, "all jobs have ended", func() bool {
		st, err := s.Status(ctx)
		must(t, err)
		return st.Queue["transcribe"]+st.Queue["download"] == 0
	})
	if has, there := k.stored(tapes[1].ID, keys[tapes[1].ID]); !has || !there {
		t.Error("the only copy is gone")
	}

	uploads := aShow("Sent")
	uploads.Source = models.Source{Kind: models.SourceFiles}
	sent := episodesOf(uploads, 1)
	sent[0].Enclosure.Location = models.Location(storedPrefix + keys[tapes[0].ID])
	if _, err := s.SaveShow(ctx, uploads, sent); err == nil {
		t.Error("an upload is recorded whose bytes have been removed")
	}
	sent[0].Enclosure.Location = models.Location(storedPrefix + keys[tapes[1].ID])
	mustSave(t, s, uploads, sent)
	wantError(t, s.SetShowSource(ctx, uploads.ID, "https://example.org/feed.xml", models.Access{}), models.ErrConflict)
}
