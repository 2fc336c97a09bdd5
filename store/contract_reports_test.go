package store

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

func showSettings(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	show := aShow("Systems")
	show.Settings = models.ShowSettings{Language: "fr"}
	mustSave(t, s, show, episodesOf(show, 1))
	settings := func() models.ShowSettings {
		t.Helper()
		got, err := s.Show(ctx, show.ID)
		must(t, err)
		return got.Settings
	}
	if got := settings(); got.Language != "fr" {
		t.Fatalf("a new show has the settings %+v", got)
	}
	want := models.ShowSettings{
		Language: models.LanguageMixed, Vocabulary: []string{"Enspiral", "Loomio 2"}, Hints: models.HintsWords, Translate: true,
	}
	must(t, s.SetShowSettings(ctx, show.ID, want))

	// Neither adding the show again nor polling it changes what the owner chose.
	show.Settings, show.Title = models.ShowSettings{Language: "de"}, "Systems, renamed"
	mustSave(t, s, show, episodesOf(show, 2))
	must(t, s.Enqueue(ctx, models.PollJob{ShowID: show.ID}))
	h := hold(t, s, quickly())
	for range 3 { // two downloads and the poll, in any order
		a := h.take(t)
		if _, ok := a.job.(models.PollJob); ok {
			show.Author = "Somebody else"
			_, err := s.Polled(ctx, a.lease, models.Listing{Show: show, Partial: true})
			must(t, err)
		}
		a.finish(nil)
	}
	if got, err := s.Show(ctx, show.ID); err != nil || !reflect.DeepEqual(got.Settings, want) || got.Author != "Somebody else" {
		t.Fatalf("after a poll: %+v, %v", got, err)
	}

	for name, bad := range map[string]models.ShowSettings{
		"language":   {Language: "French"},
		"hints":      {Hints: "maybe"},
		"empty":      {Vocabulary: []string{""}},
		"spaces":     {Vocabulary: []string{" a"}},
		"two lines":  {Vocabulary: []string{"a\nb"}},
		"not text":   {Vocabulary: []string{"\xff"}},
		"commas":     {Vocabulary: []string{"a, b"}},
		"long":       {Vocabulary: []string{strings.Repeat("é", 101)}},
		"very many":  {Vocabulary: slices.Repeat([]string{"a"}, 501)},
		"upper case": {Language: "FR"},
	} {
		if err := s.SetShowSettings(ctx, show.ID, bad); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := settings(); !reflect.DeepEqual(got, want) {
		t.Errorf("refused settings left %+v", got)
	}
	wantError(t, s.SetShowSettings(ctx, "nothing", want), models.ErrNotFound)
}

// reportsAddUp: what an attempt finds is there for the next one to add to.
func reportsAddUp(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	ask := models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper, Language: models.LanguageAuto}
	tr, err := s.StartTranscript(ctx, a.lease, ask)
	must(t, err)
	if tr.Language != "" || tr.Task != models.TaskTranscribe || !reflect.DeepEqual(tr.Report, models.Report{}) {
		t.Fatalf("a new transcript is %+v", tr)
	}
	first := part(tr.ID, "fr", []models.Segment{segment(0, 500, "Bonjour")}, 30_000)
	first.Report = models.Report{
		Engine: "whisper.cpp", TookMS: 3000, DecodedMS: 30_000, SpeechMS: 500, Chunks: 1, Retried: 1,
		Doubtful:  []models.DoubtfulChunk{{StartMS: 0, EndMS: 500, Reasons: []string{"repeats itself"}}},
		Languages: map[string]int64{"fr": 500},
	}
	must(t, s.AppendSegments(ctx, a.lease, first))
	a.finish(errors.New("no power"))

	b := h.take(t)
	tr, err = s.StartTranscript(ctx, b.lease, ask)
	must(t, err)
	if !reflect.DeepEqual(tr.Report, first.Report) || tr.Language != "fr" {
		t.Fatalf("the next attempt finds %+v", tr)
	}
	tr.Report = tr.Report.Add(models.Report{Engine: "whisper.cpp 2", TookMS: 1000, DecodedMS: 10_000, SpeechMS: 700, Chunks: 2, Languages: map[string]int64{"fr": 300, "en": 400}})
	tr.DurationMS = 40_000
	must(t, s.FinishTranscript(ctx, b.lease, tr))
	b.finish(nil)
	got, err := s.Transcript(ctx, id, "")
	must(t, err)
	want := models.Report{
		Engine: "whisper.cpp 2", TookMS: 4000, DecodedMS: 40_000, SpeechMS: 1200, Chunks: 3, Retried: 1,
		Doubtful: first.Report.Doubtful, Languages: map[string]int64{"fr": 800, "en": 400},
	}
	if !reflect.DeepEqual(got.Report, want) {
		t.Errorf("in the end the report is %+v, want %+v", got.Report, want)
	}
}

// transcribed brings the episode of an attempt to its transcript in a language.
func transcribed(t *testing.T, s *Store, a *held, id models.EpisodeID, language string) {
	t.Helper()
	ctx := t.Context()
	tr, err := s.StartTranscript(ctx, a.lease, models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper})
	must(t, err)
	must(t, s.AppendSegments(ctx, a.lease, part(tr.ID, language, []models.Segment{segment(0, 500, "Bonjour")}, 30_000)))
	tr.DurationMS, tr.Report = 60_000, models.Report{TookMS: 6000, DecodedMS: 60_000, Languages: map[string]int64{language: 500}}
	must(t, s.FinishTranscript(ctx, a.lease, tr))
	a.finish(nil)
}

func wantTranslation(t *testing.T, s *Store) {
	t.Helper()
	shows, err := s.Shows(t.Context())
	must(t, err)
	must(t, s.SetShowSettings(t.Context(), shows[0].ID, models.ShowSettings{Translate: true}))
}

// translation: the second transcript follows the first by itself, stands beside it, and is not searched.
func translation(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	wantTranslation(t, s)
	transcribed(t, s, a, id, "fr")

	b := h.take(t)
	if b.job != any(models.TranscribeJob{EpisodeID: id, Task: models.TaskTranslate}) {
		t.Fatalf("took %+v", b.job)
	}
	if st, err := s.Status(ctx); err != nil || st.Episodes[models.EpisodeDone] != 1 || st.WaitingMS != 60_000 || len(st.Running) != 1 || st.Running[0].Task != models.TaskTranslate {
		t.Fatalf("while it is translated: %+v, %v", st, err)
	}
	last, err := s.LastChange(ctx)
	must(t, err)
	ask := models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper, Task: models.TaskTranslate}
	tr, err := s.StartTranscript(ctx, b.lease, ask)
	must(t, err)
	must(t, s.AppendSegments(ctx, b.lease, part(tr.ID, "fr", []models.Segment{segment(0, 500, "Hello")}, 30_000)))
	b.finish(errors.New("no power")) // and on again
	b = h.take(t)
	if tr, err = s.StartTranscript(ctx, b.lease, ask); err != nil || tr.CursorMS != 30_000 || tr.Complete {
		t.Fatalf("resumed %+v, %v", tr, err)
	}
	tr.DurationMS, tr.Warning = 60_000, "heard badly"
	must(t, s.FinishTranscript(ctx, b.lease, tr))
	if again, err := s.StartTranscript(ctx, b.lease, ask); err != nil || again.ID != tr.ID || !again.Complete {
		t.Fatalf("finished, and then begun again: %+v, %v", again, err)
	}
	b.finish(nil)
	eventually(t, "nothing is left to do", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })

	d, err := s.Document(ctx, id)
	must(t, err)
	if now, _ := s.LastChange(ctx); now != last || d.Transcript.Text() != "Bonjour" {
		t.Errorf("the index is told of %q, changes from %d to %d", d.Transcript.Text(), last, now)
	}
	first, err := s.Transcript(ctx, id, models.TaskTranscribe)
	must(t, err)
	second, err := s.Transcript(ctx, id, models.TaskTranslate)
	must(t, err)
	if first.Text() != "Bonjour" || first.Task != models.TaskTranscribe || second.Text() != "Hello" || second.Task != models.TaskTranslate || !second.Complete {
		t.Errorf("the transcripts are %+v and %+v", first, second)
	}
	if tasks, err := s.Tasks(ctx, id); err != nil || !slices.Equal(tasks, []models.TranscriptTask{models.TaskTranscribe, models.TaskTranslate}) {
		t.Errorf("the episode has %v, %v", tasks, err)
	}
	e, err := s.Episode(ctx, id)
	must(t, err)
	if st, _ := s.Status(ctx); e.State != models.EpisodeDone || e.Reason != "" || st.AudioMS != 60_000 || st.WaitingMS != 0 {
		t.Errorf("in the end: %s %q, %+v", e.State, e.Reason, st)
	}
}

// translationFails: the episode stays done, the failure is told, and can be retried.
func translationFails(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	wantTranslation(t, s)
	transcribed(t, s, a, id, "fr")
	b := h.take(t)
	b.finish(models.Explain(models.ErrUnusable, "the model knows English only"))
	eventually(t, "the failure is told", func() bool { st, err := s.Status(ctx); must(t, err); return len(st.Failures) == 1 })
	e, err := s.Episode(ctx, id)
	must(t, err)
	if e.State != models.EpisodeDone || e.Reason != "the translation failed: the model knows English only" {
		t.Fatalf("the episode is %s: %q", e.State, e.Reason)
	}
	_, err = s.Transcript(ctx, id, models.TaskTranslate)
	wantError(t, err, models.ErrNotFound)
	if n, err := s.RetryAll(ctx, e.ShowID); n != 0 || err != nil {
		t.Fatalf("retried %d of a hidden show, %v", n, err)
	}
	if n, err := s.RetryAll(ctx); n != 1 || err != nil {
		t.Fatalf("retried %d, %v", n, err)
	}
	b = h.take(t)
	if e, _ := s.Episode(ctx, id); b.job != any(models.TranscribeJob{EpisodeID: id, Task: models.TaskTranslate}) || e.Reason != "" {
		t.Errorf("took %+v, and the episode says %q", b.job, e.Reason)
	}
	b.finish(nil)
	eventually(t, "nothing is left to do", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
	wantError(t, s.Retry(ctx, id), models.ErrConflict)
}

func noTranslationOfEnglish(c clause) {
	t, s := c.t, c.s
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	wantTranslation(t, s)
	transcribed(t, s, a, id, "en")
	eventually(t, "nothing is left to do", func() bool { idle, err := s.Idle(t.Context()); must(t, err); return idle })
}

func retranscribe(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	show := aShow("Waiting")
	waiting := mustSave(t, s, show, episodesOf(show, 1)).NewEpisodes[0]
	h.take(t).finish(models.Explain(models.ErrUnusable, "gone"))
	wantError(t, s.Retranscribe(ctx, waiting, ""), models.ErrConflict) // there is no audio
	wantError(t, s.Retranscribe(ctx, "nothing", ""), models.ErrNotFound)

	id, a := downloaded(t, s, h)
	wantError(t, s.Retranscribe(ctx, id, models.TaskTranslate), models.ErrConflict)
	wantError(t, s.Retranscribe(ctx, id, ""), models.ErrConflict) // is being transcribed, with the settings of before
	transcribed(t, s, a, id, "fr")
	eventually(t, "nothing is left to do", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })

	must(t, s.Retranscribe(ctx, id, models.TaskTranscribe))
	if state := stateOf(t, s, id); state != models.EpisodeDownloaded && state != models.EpisodeTranscribing {
		t.Fatalf("the episode is %s", state)
	}
	b := h.take(t)
	if got, err := s.Transcript(ctx, id, ""); err != nil || !got.Complete {
		t.Fatalf("while it waits, the old transcript is %+v, %v", got, err)
	}
	transcribed(t, s, b, id, "de")
	if got, err := s.Transcript(ctx, id, ""); err != nil || got.Language != "de" {
		t.Fatalf("the new transcript is %+v, %v", got, err)
	}
	must(t, s.Retranscribe(ctx, id, models.TaskTranslate))
	d := h.take(t)
	if d.job != any(models.TranscribeJob{EpisodeID: id, Task: models.TaskTranslate}) {
		t.Fatalf("took %+v", d.job)
	}
	wantError(t, s.Retranscribe(ctx, id, models.TaskTranslate), models.ErrConflict)
	d.finish(nil)
}

// outlookOfTheQueue: speed and time left come from reports until what runs tells more.
func outlookOfTheQueue(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	start := time.Now()
	var later atomic.Int64
	s.now = func() time.Time { return start.Add(time.Duration(later.Load())) }
	o := quickly()
	o.Downloads = 4
	h := hold(t, s, o)
	show := aShow("Systems")
	episodes := episodesOf(show, 4)
	episodes[0].Enclosure.DurationMS = 600_000
	episodes[1].Enclosure.DurationMS = 1_200_000 // the others do not say: the mean counts, 900 s
	mustSave(t, s, show, episodes)
	st, err := s.Status(ctx)
	must(t, err)
	if st.Speed != 0 || st.LeftMS != 0 || st.WaitingMS != 3_600_000 {
		t.Fatalf("before anything is known: %+v", st)
	}
	var a *held
	for range 5 { // four downloads, and the transcription of what is downloaded first
		b := h.take(t)
		switch job := b.job.(type) {
		case models.TranscribeJob:
			a = b
		case models.DownloadJob:
			if job.EpisodeID != episodes[0].ID {
				defer b.finish(nil)
				continue
			}
			must(t, s.SaveMedia(ctx, b.lease, job.EpisodeID, storeAudio(t, s, "audio"), "")) // of 60 s by its container
			b.finish(nil)
		}
	}
	transcribed(t, s, a, episodes[0].ID, "en") // ten times faster than real time
	st, err = s.Status(ctx)
	must(t, err)
	// 1,200 s and twice the mean of 60 s and 1,200 s.
	if st.Speed != 10 || st.WaitingMS != 2_460_000 || st.LeftMS != 246_000 {
		t.Fatalf("from reports: speed %v, %d ms waiting, %d ms left", st.Speed, st.WaitingMS, st.LeftMS)
	}
	eventually(t, "the job is over", func() bool { st, err := s.Status(ctx); must(t, err); return st.Queue["transcribe"] == 0 })

	// An attempt that goes on at a cursor counts for what it does itself.
	must(t, s.Retranscribe(ctx, episodes[0].ID, ""))
	b := h.take(t)
	b.report(1_000_000, 1_600_000)
	later.Store(int64(time.Minute))
	b.report(1_300_000, 1_600_000)
	eventually(t, "the progress is written", func() bool {
		st, err = s.Status(ctx)
		must(t, err)
		return len(st.Running) == 4 && st.Speed == 5
	})
	if r := st.Running[slices.IndexFunc(st.Running, func(r models.JobProgress) bool { return r.Kind == "transcribe" })]; r.Began != 1_000_000 || r.Speed() != 5 {
		t.Errorf("the attempt says %+v", r)
	}
	b.finish(nil)
}
