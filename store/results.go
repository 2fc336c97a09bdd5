package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// fence returns [models.ErrLeaseLost] unless the attempt holds its job. The answer stays true until tx ends.
func (s *Store) fence(ctx context.Context, tx bun.Tx, lease models.Lease) error {
	return s.holds(ctx, tx, lease, s.e.lock)
}

// holds is fence with an answer for this moment, where lock is "".
func (s *Store) holds(ctx context.Context, tx bun.Tx, lease models.Lease, lock string) error {
	var job struct {
		State   rivertype.JobState
		Attempt int
	}
	err := tx.NewRaw("SELECT state, attempt FROM river_job WHERE id = ? "+lock, lease.JobID).Scan(ctx, &job)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err != nil || job.State != rivertype.JobStateRunning || job.Attempt != lease.Attempt {
		return fmt.Errorf("job %d, attempt %d: %w", lease.JobID, lease.Attempt, models.ErrLeaseLost)
	}
	return nil
}

// fenced is write for the holder of a lease only.
func (s *Store) fenced(ctx context.Context, lease models.Lease, doing string, fn func(context.Context, bun.Tx) error) error {
	return s.write(ctx, doing, func(ctx context.Context, tx bun.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		return fn(ctx, tx)
	})
}

// SetState says how far an episode has come, and clears the reason of an earlier failure.
func (s *Store) SetState(ctx context.Context, lease models.Lease, id models.EpisodeID, state models.EpisodeState) error {
	if !slices.Contains(models.EpisodeStates(), state) || state == models.EpisodeFailed {
		return fmt.Errorf("%w: %q is no state to set", models.ErrInvalid, state)
	}
	return s.fenced(ctx, lease, "setting an episode's state", func(ctx context.Context, tx bun.Tx) error {
		return setState(ctx, tx, id, state, toMS(s.now()))
	})
}

// SaveMedia records an episode's stored audio and queues its transcription, and its translation where that waits for the audio.
// warning is what the listener should know of the audio ("ends early"), or "".
func (s *Store) SaveMedia(ctx context.Context, lease models.Lease, id models.EpisodeID, m models.Media, warning string) error {
	if _, err := s.media.path(m.Key); err != nil {
		return err
	}
	return s.fenced(ctx, lease, "recording an episode's audio", func(ctx context.Context, tx bun.Tx) error {
		// Whoever removes recordings may have been faster; the next attempt brings it again.
		if err := s.stillThere(ctx, tx, m.Key); err != nil {
			return err
		}
		before, err := episodeByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if before.MediaKey != "" && before.MediaKey != m.Key { // what the publisher replaced, and the owner had fetched anew
			if err := s.unwanted(ctx, tx, before.MediaKey); err != nil {
				return err
			}
		}
		twin, err := twin(ctx, tx, id, m.SHA256)
		if err != nil {
			return err
		}
		err = updateEpisode(ctx, tx, &episodeRow{
			FetchedLocation: clean(string(m.From.Location)), FetchedType: clean(m.From.Type), FetchedBytes: m.From.Bytes,
			ID: id, State: models.EpisodeDownloaded, MediaKey: m.Key, MediaSHA256: m.SHA256, MediaBytes: m.Bytes,
			MediaType: clean(m.ContentType), MediaDurationMS: m.DurationMS, MediaWarning: reason(joined(warning, twin)), UpdatedAt: toMS(s.now()),
		}, "state", "reason", "failed_at", "media_key", "media_sha256", "media_bytes", "media_type", "media_duration_ms", "media_warning",
			"fetched_location", "fetched_type", "fetched_bytes", "fetch_again", "updated_at")
		if err != nil {
			return err
		}
		// What may be read depends on what is private in this recording, or can no longer be placed in it.
		if private, err := privateIn(ctx, tx, []models.EpisodeID{id}); err != nil || len(private) > 0 {
			if err := errors.Join(err, s.byHand(ctx, tx, id)); err != nil {
				return err
			}
		}
		if err := s.enqueue(ctx, tx, models.TranscribeJob{EpisodeID: id}); err != nil {
			return err
		}
		if !before.TranslationWanted {
			return nil
		}
		return s.enqueueTranslation(ctx, tx, id)
	})
}

// sameRecording begins what twin says.
const sameRecording = "this is the same recording as "

// twin names another episode with the same recording, or is "". What not everybody may see is named within its own show alone.
func twin(ctx context.Context, tx bun.Tx, id models.EpisodeID, sum string) (string, error) {
	var other struct{ Title, Show string }
	err := tx.NewRaw(`SELECT e.title AS title, s.title AS show FROM episodes e JOIN shows s ON s.id = e.show_id
		WHERE e.media_sha256 = ? AND e.media_sha256 <> '' AND e.id <> ?
			AND (s.visible_to = 'everyone' OR s.id = (SELECT show_id FROM episodes WHERE id = ?))
		ORDER BY e.created_at, e.id LIMIT 1`, sum, id, id).Scan(ctx, &other)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return fmt.Sprintf(sameRecording+"%q of %q", other.Title, other.Show), err
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// FailEpisode marks an episode as failed, and says why.
func (s *Store) FailEpisode(ctx context.Context, lease models.Lease, id models.EpisodeID, why string) error {
	return s.fenced(ctx, lease, "marking an episode as failed", func(ctx context.Context, tx bun.Tx) error {
		return failEpisode(ctx, tx, id, why, toMS(s.now()))
	})
}

func failEpisode(ctx context.Context, tx bun.Tx, id models.EpisodeID, why string, now int64) error {
	if why == "" {
		why = "unknown reason"
	}
	return updateEpisode(ctx, tx, &episodeRow{
		ID: id, State: models.EpisodeFailed, Reason: reason(why), FailedAt: now, UpdatedAt: now,
	}, "state", "reason", "failed_at", "updated_at")
}

func setState(ctx context.Context, tx bun.Tx, id models.EpisodeID, state models.EpisodeState, now int64) error {
	return updateEpisode(ctx, tx, &episodeRow{ID: id, State: state, UpdatedAt: now}, "state", "reason", "failed_at", "updated_at")
}

// updateEpisode writes columns of an episode, or returns [models.ErrNotFound].
func updateEpisode(ctx context.Context, tx bun.Tx, r *episodeRow, columns ...string) error {
	n, err := affected(tx.NewUpdate().Model(r).Column(columns...).WherePK().Exec(ctx))
	if err == nil && n == 0 {
		return fmt.Errorf("episode %s: %w", r.ID, models.ErrNotFound)
	}
	return err
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}
