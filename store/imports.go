package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Imported returns the transcript of an episode that was not made here, with its segments, or [models.ErrNotFound].
func (s *Store) Imported(ctx context.Context, id models.EpisodeID) (models.Transcript, error) {
	var t models.Transcript
	err := s.read(ctx, "reading a transcript by others", func(ctx context.Context, tx bun.Tx) error {
		r := new(transcriptRow)
		err := tx.NewSelect().Model(r).Where("episode_id = ?", id).Where("source <> ?", models.TranscriptWhisper).Order("id DESC").Limit(1).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("transcript by others of the episode %s: %w", id, models.ErrNotFound)
		}
		if err != nil {
			return err
		}
		if t, err = r.model(); err != nil {
			return err
		}
		t.Segments, err = segments(ctx, tx, r)
		return err
	})
	return t, err
}

// SaveImport stores a transcript that was not made here, complete, with all its segments, in place of an earlier one. It is
// used where there is no complete one of our own, or where the show's settings prefer it and its times fit the stored audio. done
// ends the work on the episode: nothing needs to be transcribed.
//
// An episode that is done already, and whose show prefers transcripts by others, is queued to have the times of this one looked
// at, if that is still to be done.
//
// Segments must be in order of time, else the error is [models.ErrInvalid].
func (s *Store) SaveImport(ctx context.Context, lease models.Lease, t models.Transcript, done bool) error {
	origin, err := json.Marshal(t.Origin)
	if err != nil {
		return err
	}
	return s.fenced(ctx, lease, "storing a transcript by others", func(ctx context.Context, tx bun.Tx) error {
		e, err := episode(ctx, tx, t.EpisodeID)
		if err != nil {
			return err
		}
		now := toMS(s.now())
		r := &transcriptRow{
			EpisodeID: e.ID, Source: t.Source, Task: models.TaskTranscribe, Report: "{}", Origin: clean(string(origin)), Language: clean(t.Language),
			MediaSHA256: t.Origin.Audio, DurationMS: e.Media.DurationMS, Complete: true, Warning: reason(t.Warning), CreatedAt: now,
		}
		if err := s.keepPlaces(ctx, tx, e.ID); err != nil {
			return err
		}
		if err := replaceImport(ctx, tx, r, t.Segments); err != nil {
			return err
		}
		columns := []string{"import_warning", "updated_at"}
		if done {
			columns = append(columns, "state", "reason", "failed_at", "transcript_warning")
		}
		if err := updateEpisode(ctx, tx, &episodeRow{ID: e.ID, State: models.EpisodeDone, UpdatedAt: now}, columns...); err != nil {
			return err
		}
		if done {
			if err := s.orderTranslation(ctx, tx, r, models.Report{}); err != nil {
				return err
			}
		}
		if err := s.orderFitting(ctx, tx, e, t.Origin); err != nil {
			return err
		}
		return errors.Join(choose(ctx, tx, e.ID), s.changed(ctx, tx, false, e.ID))
	})
}

// replaceImport writes a transcript with its segments in the place of the one by others that an episode has.
func replaceImport(ctx context.Context, tx bun.Tx, r *transcriptRow, segments []models.Segment) error {
	for _, g := range segments {
		r.CursorMS = max(r.CursorMS, g.EndMS+1)
	}
	r.CursorMS = max(r.CursorMS, r.DurationMS, 1)
	if err := checkWindow(segments, 0, r.CursorMS); err != nil {
		return err
	}
	if err := dropImport(ctx, tx, r.EpisodeID); err != nil {
		return err
	}
	r.SegmentCount = int64(len(segments))
	if _, err := tx.NewInsert().Model(r).Returning("id").Exec(ctx); err != nil {
		return err
	}
	return insertSegments(ctx, tx, r.ID, 0, segments)
}

func dropImport(ctx context.Context, tx bun.Tx, id models.EpisodeID) error {
	_, err := tx.NewDelete().Model((*transcriptRow)(nil)).Where("episode_id = ?", id).Where("source <> ?", models.TranscriptWhisper).Exec(ctx)
	return err
}

// orderFitting queues what looks at the times of a new transcript by others where nothing else will.
func (s *Store) orderFitting(ctx context.Context, tx bun.Tx, e models.Episode, o models.Origin) error {
	if e.State != models.EpisodeDone || o.Audio != "" || !s.media.has(e.Media.Key) {
		return nil
	}
	w, err := show(ctx, tx, e.ShowID)
	if err != nil || !w.Settings.PrefersOthers() {
		return err
	}
	return s.enqueue(ctx, tx, models.TranscribeJob{EpisodeID: e.ID})
}

// RejectImport drops the transcript by others that an episode has, and says why.
func (s *Store) RejectImport(ctx context.Context, lease models.Lease, id models.EpisodeID, why string) error {
	return s.fenced(ctx, lease, "dropping a transcript by others", func(ctx context.Context, tx bun.Tx) error {
		if err := dropImport(ctx, tx, id); err != nil {
			return err
		}
		if err := notImported(ctx, tx, id, why, toMS(s.now())); err != nil {
			return err
		}
		return errors.Join(choose(ctx, tx, id), s.changed(ctx, tx, false, id))
	})
}

// notImported says why a transcript by others could not be used.
func notImported(ctx context.Context, tx bun.Tx, id models.EpisodeID, why string, now int64) error {
	r := &episodeRow{ID: id, ImportWarning: reason("the publisher's transcript is not used: " + why), UpdatedAt: now}
	return updateEpisode(ctx, tx, r, "import_warning", "updated_at")
}

// choose makes that transcript of an episode current that somebody chose, unless a newer one of our own was asked for since; else the one that
// its show's settings prefer: the newest complete one of our own, or one by others, also while there is no complete one of our own. What was chosen before is told to the index by the caller.
func choose(ctx context.Context, tx bun.Tx, id models.EpisodeID) error {
	e, err := episodeByID(ctx, tx, id)
	if err != nil {
		return err
	}
	w, err := show(ctx, tx, e.ShowID)
	if err != nil {
		return err
	}
	var rows []*transcriptRow
	err = tx.NewSelect().Model(&rows).Where("episode_id = ?", id).Where("task = ?", models.TaskTranscribe).Order("id").Scan(ctx)
	if err != nil {
		return err
	}
	var own, begun, others, chosen *transcriptRow
	for _, r := range rows {
		if r.ChosenAt != 0 && (chosen == nil || r.ChosenAt > chosen.ChosenAt) {
			chosen = r
		}
		switch {
		case r.Source != models.TranscriptWhisper:
			others = r
		case r.Complete:
			own = r
		default:
			begun = r
		}
	}
	best := own
	if others != nil && (own == nil || w.Settings.PrefersOthers() && others.fits(e)) {
		best = others
	}
	if chosen != nil && (own == nil || own.CreatedAt <= chosen.ChosenAt) {
		best = chosen
	}
	if best == nil {
		best = begun
	}
	if best == nil || best.IsCurrent {
		return nil
	}
	if err := notCurrent(ctx, tx, id, models.TaskTranscribe, best.ID); err != nil {
		return err
	}
	best.IsCurrent = true
	_, err = tx.NewUpdate().Model(best).Column("is_current").WherePK().Exec(ctx)
	return err
}

// fits reports whether a transcript's times were found to fit the audio that is stored of its episode.
func (r *transcriptRow) fits(e *episodeRow) bool {
	return r.MediaSHA256 != "" && r.MediaSHA256 == e.MediaSHA256
}

// chooseAgain chooses anew among the transcripts of those episodes of a show that have one by others.
func (s *Store) chooseAgain(ctx context.Context, tx bun.Tx, id models.ShowID) error {
	var ids []models.EpisodeID
	err := tx.NewSelect().Model((*transcriptRow)(nil)).Column("episode_id").Where("source <> ?", models.TranscriptWhisper).
		Where("episode_id IN (SELECT id FROM episodes WHERE show_id = ?)", id).Order("episode_id").Scan(ctx, &ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := choose(ctx, tx, id); err != nil {
			return err
		}
	}
	return s.changed(ctx, tx, false, ids...)
}
