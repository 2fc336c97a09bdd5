package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Transcript returns an episode's current transcript with its segments and words. While the first one is being made, it
// is current as far as it has come. [models.ErrNotFound] when there is none.
func (s *Store) Transcript(ctx context.Context, id models.EpisodeID) (models.Transcript, error) {
	var t models.Transcript
	err := s.read(ctx, "reading a transcript", func(ctx context.Context, tx bun.Tx) error {
		var err error
		if t, err = currentTranscript(ctx, tx, id); err == nil && t.ID == 0 {
			err = fmt.Errorf("transcript of the episode %s: %w", id, models.ErrNotFound)
		}
		return err
	})
	return t, err
}

// currentTranscript returns the zero transcript when there is none.
func currentTranscript(ctx context.Context, db bun.IDB, id models.EpisodeID) (models.Transcript, error) {
	r, err := currentRow(ctx, db, id)
	if err != nil || r == nil {
		return models.Transcript{}, err
	}
	t := r.model()
	t.Segments, err = segments(ctx, db, r)
	return t, err
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

func currentRow(ctx context.Context, db bun.IDB, id models.EpisodeID) (*transcriptRow, error) {
	r := new(transcriptRow)
	err := db.NewSelect().Model(r).Where("episode_id = ?", id).Where("is_current").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is an answer here
	}
	return r, err
}

// StartTranscript begins or resumes the transcript described by t's EpisodeID, Source, Model, Language ("" leaves it to
// detection) and Prompt. An incomplete one that was begun with the same and on the same audio is resumed: decoding goes
// on at the returned CursorMS, and Language may have been detected already. Any other incomplete one of the same source
// is dropped. A complete older transcript stays current until [Store.FinishTranscript]; where there is none, the new one
// is current at once, so that its words can be found as they come. The episode's state becomes transcribing.
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
		if err := setState(ctx, tx, e.ID, models.EpisodeTranscribing, toMS(s.now())); err != nil {
			return err
		}
		want := &transcriptRow{
			EpisodeID: e.ID, Source: t.Source, Model: clean(t.Model), AskedLanguage: clean(t.Language), Language: clean(t.Language),
			Prompt: clean(t.Prompt), MediaSHA256: e.MediaSHA256, CreatedAt: toMS(s.now()),
		}
		if r, err = resume(ctx, tx, want); err != nil || r != nil {
			return err
		}
		r = want
		return begin(ctx, tx, want)
	})
	if err != nil {
		return models.Transcript{}, err
	}
	return r.model(), nil
}

// resume returns the incomplete transcript that was begun as want, or nil after dropping those begun otherwise.
func resume(ctx context.Context, tx bun.Tx, want *transcriptRow) (*transcriptRow, error) {
	var rows []*transcriptRow
	err := tx.NewSelect().Model(&rows).Where("episode_id = ?", want.EpisodeID).Where("source = ?", want.Source).
		Where("NOT complete").Order("id").Scan(ctx)
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
		if !r.IsCurrent {
			continue
		}
		if err := changed(ctx, tx, false, r.EpisodeID); err != nil {
			return nil, err
		}
	}
	return nil, nil //nolint:nilnil // none is an answer here
}

func begin(ctx context.Context, tx bun.Tx, t *transcriptRow) error {
	current, err := currentRow(ctx, tx, t.EpisodeID)
	if err != nil {
		return err
	}
	t.IsCurrent = current == nil
	_, err = tx.NewInsert().Model(t).Returning("id").Exec(ctx)
	return err
}

// AppendSegments stores the segments of the next window of a transcript and moves its cursor to cursorMS, all or nothing.
// language is the detected one, or "" to leave it. A window without speech has no segments.
//
// Segments must be in order of time and begin within the window, from the old cursor to cursorMS, and the cursor must
// grow: anything else is [models.ErrInvalid], as is a time that ends before it begins.
func (s *Store) AppendSegments(ctx context.Context, lease models.Lease, transcriptID int64, language string, segments []models.Segment, cursorMS int64) error {
	return s.fenced(ctx, lease, "storing a part of a transcript", func(ctx context.Context, tx bun.Tx) error {
		t, err := incomplete(ctx, tx, transcriptID)
		if err != nil {
			return err
		}
		if err := checkWindow(segments, t.CursorMS, cursorMS); err != nil {
			return err
		}
		rows := make([]*segmentRow, len(segments))
		for i, g := range segments {
			rows[i] = newSegmentRow(t.ID, t.SegmentCount+int64(i), g)
		}
		err = chunks(rows, 200, func(rows []*segmentRow) error {
			_, err := tx.NewInsert().Model(&rows).Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
		t.CursorMS = cursorMS
		t.SegmentCount += int64(len(segments))
		if language != "" {
			t.Language = clean(language)
		}
		if _, err := tx.NewUpdate().Model(t).Column("cursor_ms", "segment_count", "language").WherePK().Exec(ctx); err != nil {
			return err
		}
		if !t.IsCurrent || len(segments) == 0 {
			return nil
		}
		return changed(ctx, tx, false, t.EpisodeID)
	})
}

// FinishTranscript completes a transcript of durationMS of audio and makes it current; its episode is done. warning is
// what the reader should know ("no speech"), or "".
func (s *Store) FinishTranscript(ctx context.Context, lease models.Lease, transcriptID int64, durationMS int64, warning string) error {
	return s.fenced(ctx, lease, "finishing a transcript", func(ctx context.Context, tx bun.Tx) error {
		t, err := incomplete(ctx, tx, transcriptID)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*transcriptRow)(nil)).Set("is_current = ?", false).
			Where("episode_id = ?", t.EpisodeID).Where("id <> ?", t.ID).Exec(ctx)
		if err != nil {
			return err
		}
		t.Complete, t.IsCurrent, t.DurationMS, t.Warning = true, true, durationMS, reason(warning)
		if _, err := tx.NewUpdate().Model(t).Column("complete", "is_current", "duration_ms", "warning").WherePK().Exec(ctx); err != nil {
			return err
		}
		err = updateEpisode(ctx, tx, &episodeRow{
			ID: t.EpisodeID, State: models.EpisodeDone, TranscriptWarning: t.Warning, UpdatedAt: toMS(s.now()),
		}, "state", "reason", "failed_at", "transcript_warning", "updated_at")
		if err != nil {
			return err
		}
		return changed(ctx, tx, false, t.EpisodeID)
	})
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
