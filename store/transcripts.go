package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Transcript returns an episode's current transcript of a task ("" is [models.TaskTranscribe]) with its segments and
// words, and with what people said about it laid over. While the first one is being made, it is current as far as it has come. [models.ErrNotFound] when there is none.
func (s *Store) Transcript(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error) {
	var c models.Corrected
	err := s.read(ctx, "reading a transcript", func(ctx context.Context, tx bun.Tx) error {
		r, err := current(ctx, tx, id, task)
		if err != nil {
			return err
		}
		c, err = s.corrected(ctx, tx, r)
		return err
	})
	return c.Transcript, err
}

// Transcripts lists the transcripts that an episode has, the newest first, without their segments.
func (s *Store) Transcripts(ctx context.Context, id models.EpisodeID) ([]models.KeptTranscript, error) {
	var rows []*transcriptRow
	if err := s.e.read.NewSelect().Model(&rows).Where("episode_id = ?", id).Order("id DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("listing the transcripts of the episode %s: %w", id, s.e.explain(err))
	}
	kept := make([]models.KeptTranscript, len(rows))
	for i, r := range rows {
		t, err := r.model()
		if err != nil {
			return nil, fmt.Errorf("listing the transcripts of the episode %s: %w", id, err)
		}
		kept[i] = models.KeptTranscript{Transcript: t, Current: r.IsCurrent}
	}
	return kept, nil
}

// TranscriptByID returns one of the transcripts of an episode with its segments and words, and with what people said about the
// episode laid over, or [models.ErrNotFound].
func (s *Store) TranscriptByID(ctx context.Context, id models.EpisodeID, transcript int64) (models.Transcript, error) {
	var t models.Transcript
	err := s.read(ctx, "reading a transcript", func(ctx context.Context, tx bun.Tx) error {
		r := &transcriptRow{ID: transcript}
		err := tx.NewSelect().Model(r).WherePK().Where("episode_id = ?", id).Scan(ctx)
		if err != nil {
			return missing(err, "transcript", transcript)
		}
		c, err := s.corrected(ctx, tx, r)
		t = c.Transcript
		return err
	})
	return t, err
}

func nameOf(task models.TranscriptTask) string {
	if task == models.TaskTranslate {
		return "translation"
	}
	return "transcript"
}

// Tasks returns the tasks of which an episode has a current transcript, in the order of their names.
func (s *Store) Tasks(ctx context.Context, id models.EpisodeID) ([]models.TranscriptTask, error) {
	tasks := []models.TranscriptTask{}
	err := s.e.read.NewSelect().Model((*transcriptRow)(nil)).Column("task").Where("episode_id = ?", id).Where("is_current").
		Order("task").Scan(ctx, &tasks)
	if err != nil {
		return nil, fmt.Errorf("reading which transcripts the episode %s has: %w", id, s.e.explain(err))
	}
	return tasks, nil
}

func segments(ctx context.Context, db bun.IDB, t *transcriptRow) ([]models.Segment, error) {
	rows := make([]segmentRow, 0, t.SegmentCount)
	if err := db.NewSelect().Model(&rows).Where("transcript_id = ?", t.ID).Order("position").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]models.Segment, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].model(); err != nil {
			return nil, fmt.Errorf("segment %d of transcript %d: %w", i, t.ID, err)
		}
	}
	return out, nil
}

// current returns the current transcript of an episode, or [models.ErrNotFound].
func current(ctx context.Context, db bun.IDB, id models.EpisodeID, task models.TranscriptTask) (*transcriptRow, error) {
	r, err := currentRow(ctx, db, id, task)
	if err == nil && r == nil {
		err = fmt.Errorf("%s of the episode %s: %w", nameOf(task), id, models.ErrNotFound)
	}
	return r, err
}

func currentRow(ctx context.Context, db bun.IDB, id models.EpisodeID, task models.TranscriptTask) (*transcriptRow, error) {
	r := new(transcriptRow)
	err := db.NewSelect().Model(r).Where("episode_id = ?", id).Where("task = ?", cmp.Or(task, models.TaskTranscribe)).
		Where("is_current").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is an answer here
	}
	return r, err
}

// StartTranscript begins or resumes the transcript described by t's EpisodeID, Source, Task, Model, Language (a code,
// or a way to detect it) and Prompt. An incomplete one that was begun with the same and on the same audio is resumed: decoding goes
// on at the returned CursorMS, Language may have been detected already, and Report tells of what is stored. Any other
// incomplete one of the same source and task is dropped. A complete older transcript stays current until
// [Store.FinishTranscript]; where there is none, the new one is current at once, so that its words can be found as they
// come. The episode's state becomes transcribing, unless it is translated.
//
// A later attempt at a job whose earlier one has finished the transcript gets that one: it is Complete.
//
// The returned transcript has no segments.
func (s *Store) StartTranscript(ctx context.Context, lease models.Lease, t models.Transcript) (models.Transcript, error) {
	if t.Source == "" {
		return models.Transcript{}, fmt.Errorf("%w: a transcript needs a source", models.ErrInvalid)
	}
	var r *transcriptRow
	err := s.fenced(ctx, lease, "starting a transcript", func(ctx context.Context, tx bun.Tx) error {
		e, err := episodeByID(ctx, tx, t.EpisodeID)
		if err != nil {
			return err
		}
		t.Task = cmp.Or(t.Task, models.TaskTranscribe)
		translate := t.Task == models.TaskTranslate
		if lease.Attempt > 1 && (translate && !e.TranslationWanted || !translate && e.State == models.EpisodeDone) {
			if r, err = currentRow(ctx, tx, e.ID, t.Task); err != nil || r != nil && r.Complete {
				return err
			}
		}
		if !translate {
			if err := setState(ctx, tx, e.ID, models.EpisodeTranscribing, toMS(s.now())); err != nil {
				return err
			}
		}
		language := clean(t.Language)
		if language == models.LanguageAuto || language == models.LanguageMixed {
			language = ""
		}
		want := &transcriptRow{
			EpisodeID: e.ID, Source: t.Source, Task: t.Task, Report: "{}", Origin: "{}", Model: clean(t.Model), AskedLanguage: clean(t.Language), Language: language,
			Prompt: clean(t.Prompt), MediaSHA256: e.MediaSHA256, CreatedAt: toMS(s.now()),
		}
		if r, err = s.resume(ctx, tx, want); err != nil || r != nil {
			return err
		}
		r = want
		return begin(ctx, tx, want)
	})
	if err != nil {
		return models.Transcript{}, err
	}
	return r.model()
}

// resume returns the incomplete transcript that was begun as want, or nil after dropping those begun otherwise.
func (s *Store) resume(ctx context.Context, tx bun.Tx, want *transcriptRow) (*transcriptRow, error) {
	var rows []*transcriptRow
	err := tx.NewSelect().Model(&rows).Where("episode_id = ?", want.EpisodeID).Where("source = ?", want.Source).
		Where("task = ?", want.Task).Where("NOT complete").Order("id").Scan(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Model == want.Model && r.AskedLanguage == want.AskedLanguage && r.Prompt == want.Prompt && r.MediaSHA256 == want.MediaSHA256 {
			return r, nil
		}
		if _, err := tx.NewDelete().Model(r).WherePK().Exec(ctx); err != nil {
			return nil, err
		}
		if err := s.transcriptChanged(ctx, tx, r); err != nil {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // none is an answer here
}

// transcriptChanged tells the index that a transcript is different, if that is the one that it knows.
func (s *Store) transcriptChanged(ctx context.Context, tx bun.Tx, r *transcriptRow) error {
	if !r.IsCurrent || r.Task != models.TaskTranscribe {
		return nil
	}
	return s.changed(ctx, tx, false, r.EpisodeID)
}

func begin(ctx context.Context, tx bun.Tx, t *transcriptRow) error {
	current, err := currentRow(ctx, tx, t.EpisodeID, t.Task)
	if err != nil {
		return err
	}
	t.IsCurrent = current == nil
	_, err = tx.NewInsert().Model(t).Returning("id").Exec(ctx)
	return err
}

// AppendSegments stores the next part of a transcript, moves its cursor and replaces its report, all or nothing. A part
// without speech has no segments.
//
// Segments must be in order of time and begin within the part, from the old cursor to the new one, and the cursor must
// grow: anything else is [models.ErrInvalid], as is a time that ends before it begins.
func (s *Store) AppendSegments(ctx context.Context, lease models.Lease, part models.TranscriptPart) error {
	report, err := packReport(part.Report)
	if err != nil {
		return fmt.Errorf("storing a part of a transcript: %w", err)
	}
	return s.fenced(ctx, lease, "storing a part of a transcript", func(ctx context.Context, tx bun.Tx) error {
		t, err := incomplete(ctx, tx, part.TranscriptID)
		if err != nil {
			return err
		}
		if err := checkWindow(part.Segments, t.CursorMS, part.CursorMS); err != nil {
			return err
		}
		if err := insertSegments(ctx, tx, t.ID, t.SegmentCount, part.Segments); err != nil {
			return err
		}
		t.CursorMS, t.Report = part.CursorMS, report
		t.SegmentCount += int64(len(part.Segments))
		if part.Language != "" {
			t.Language = clean(part.Language)
		}
		if _, err := tx.NewUpdate().Model(t).Column("cursor_ms", "segment_count", "language", "report").WherePK().Exec(ctx); err != nil {
			return err
		}
		if len(part.Segments) == 0 {
			return nil
		}
		return s.transcriptChanged(ctx, tx, t)
	})
}

// insertSegments writes segments of a transcript from a position on.
func insertSegments(ctx context.Context, tx bun.Tx, transcript, position int64, segments []models.Segment) error {
	rows := make([]*segmentRow, len(segments))
	for i, g := range segments {
		rows[i] = newSegmentRow(transcript, position+int64(i), g)
	}
	return chunks(rows, 200, func(rows []*segmentRow) error {
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
}

// FinishTranscript completes the transcript done.ID with its DurationMS, Warning ("no speech") and Report, and makes it
// current, unless the show's settings prefer one that others made. Its episode is done; where the show asks for a translation and not all of it is in English, the translation
// is queued in the same transaction.
func (s *Store) FinishTranscript(ctx context.Context, lease models.Lease, done models.Transcript) error {
	report, err := packReport(done.Report)
	if err != nil {
		return fmt.Errorf("finishing a transcript: %w", err)
	}
	return s.fenced(ctx, lease, "finishing a transcript", func(ctx context.Context, tx bun.Tx) error {
		t, err := incomplete(ctx, tx, done.ID)
		if err != nil {
			return err
		}
		if t.Task == models.TaskTranscribe {
			if err := s.keepPlaces(ctx, tx, t.EpisodeID); err != nil {
				return err
			}
		}
		if err := notCurrent(ctx, tx, t.EpisodeID, t.Task, t.ID); err != nil {
			return err
		}
		t.Complete, t.IsCurrent, t.DurationMS, t.Warning, t.Report = true, true, done.DurationMS, reason(done.Warning), report
		if _, err := tx.NewUpdate().Model(t).Column("complete", "is_current", "duration_ms", "warning", "report").WherePK().Exec(ctx); err != nil {
			return err
		}
		if t.Task == models.TaskTranslate {
			return s.translated(ctx, tx, t.EpisodeID, "")
		}
		err = updateEpisode(ctx, tx, &episodeRow{
			ID: t.EpisodeID, State: models.EpisodeDone, TranscriptWarning: t.Warning, UpdatedAt: toMS(s.now()),
		}, "state", "reason", "failed_at", "transcript_warning", "updated_at")
		if err != nil {
			return err
		}
		if err := s.orderTranslation(ctx, tx, t, done.Report); err != nil {
			return err
		}
		if err := choose(ctx, tx, t.EpisodeID); err != nil {
			return err
		}
		return s.transcriptChanged(ctx, tx, t)
	})
}

// notCurrent takes every transcript of an episode and task except one out of use.
func notCurrent(ctx context.Context, tx bun.Tx, id models.EpisodeID, task models.TranscriptTask, except int64) error {
	_, err := tx.NewUpdate().Model((*transcriptRow)(nil)).Set("is_current = ?", false).
		Where("episode_id = ?", id).Where("task = ?", task).Where("id <> ?", except).Exec(ctx)
	return err
}

const english = "en"

// orderTranslation queues the translation of a new transcript if it is wanted. An old translation of what proves to be
// English is taken out of use.
func (s *Store) orderTranslation(ctx context.Context, tx bun.Tx, t *transcriptRow, r models.Report) error {
	foreign := t.Language != "" && t.Language != english
	for code := range r.Languages {
		foreign = foreign || code != english
	}
	if !foreign {
		return notCurrent(ctx, tx, t.EpisodeID, models.TaskTranslate, 0)
	}
	e, err := episode(ctx, tx, t.EpisodeID)
	if err != nil {
		return err
	}
	w, err := show(ctx, tx, e.ShowID)
	if err != nil || !w.Settings.Translate {
		return err
	}
	return s.enqueueTranslation(ctx, tx, t.EpisodeID)
}

func incomplete(ctx context.Context, tx bun.Tx, id int64) (*transcriptRow, error) {
	t := &transcriptRow{ID: id}
	if err := tx.NewSelect().Model(t).WherePK().Scan(ctx); err != nil {
		return nil, missing(err, "transcript", id)
	}
	if t.Complete {
		return nil, fmt.Errorf("%w: the transcript %d is complete already", models.ErrInvalid, id)
	}
	return t, nil
}

// checkWindow checks the segments of the window [from, to) of a transcript; a segment may begin at to itself, where
// rounding has put it.
func checkWindow(segments []models.Segment, from, to int64) error {
	if to <= from {
		return fmt.Errorf("%w: the cursor goes from %d ms to %d ms, it must grow", models.ErrInvalid, from, to)
	}
	at := from
	for _, g := range segments {
		if g.StartMS < at || g.StartMS > to || g.EndMS < g.StartMS {
			return fmt.Errorf("%w: a segment from %d to %d ms follows one from %d ms in the window from %d to %d ms",
				models.ErrInvalid, g.StartMS, g.EndMS, at, from, to)
		}
		at = g.StartMS
		for _, w := range g.Words {
			if w.StartMS < 0 || w.EndMS < w.StartMS {
				return fmt.Errorf("%w: the word %q from %d to %d ms", models.ErrInvalid, w.Text, w.StartMS, w.EndMS)
			}
		}
	}
	return nil
}
