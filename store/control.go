package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Pause holds up the whole queue ("") or one show: nothing of it starts, and what runs goes back to the queue within
// seconds, to go on where it was. It stays so, whatever is restarted, until [Store.Resume]. The look at a feed that is
// being made ends by itself. Of a show, what [Store.Now] was asked for is done all the same.
func (s *Store) Pause(ctx context.Context, id models.ShowID) error {
	return s.setPaused(ctx, "pausing", id, toMS(s.now()))
}

// Resume lets the whole queue ("") or one show go on. What was paused by itself stays paused.
func (s *Store) Resume(ctx context.Context, id models.ShowID) error {
	return s.setPaused(ctx, "resuming", id, 0)
}

func (s *Store) setPaused(ctx context.Context, doing string, id models.ShowID, at int64) error {
	if id == "" {
		return s.write(ctx, doing+" the queue", func(ctx context.Context, tx bun.Tx) error {
			n, err := affected(tx.NewRaw("UPDATE counters SET value = ? WHERE name = 'paused_at' AND (value = 0) <> (? = 0)", at, at).Exec(ctx))
			if err != nil || n == 0 {
				return err
			}
			return s.record(ctx, tx, models.Event{Kind: pauseEvent(at)})
		})
	}
	return s.write(ctx, doing+" a show", func(ctx context.Context, tx bun.Tx) error {
		was, err := show(ctx, tx, id)
		if err != nil || was.PausedAt.IsZero() == (at == 0) {
			return err
		}
		if _, err := tx.NewRaw("UPDATE shows SET paused_at = ? WHERE id = ?", at, id).Exec(ctx); err != nil {
			return err
		}
		// Those that wait for their next attempt are found when that is due.
		var jobs []waitingJob
		err = tx.NewSelect().Table("river_job").Column("id").ColumnExpr(s.e.target+" AS target").
			Where("state IN (?)", bun.List([]rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending})).
			Where("queue <> ?", pollKind().name).
			Where(s.e.target+" IN (SELECT id FROM episodes WHERE show_id = ?)", id).Scan(ctx, &jobs)
		if err != nil {
			return err
		}
		if err := s.lineUp(ctx, tx, jobs); err != nil {
			return err
		}
		return s.record(ctx, tx, models.Event{Kind: pauseEvent(at), ShowID: id})
	})
}

func pauseEvent(at int64) models.EventKind {
	if at == 0 {
		return models.EventQueueResumed
	}
	return models.EventQueuePaused
}

// Now puts an episode before all others, in the order of asking: its download and its transcription are the next to start,
// one that is not urgent makes room for the transcription, and neither quiet hours nor its show's pause hold it up. An
// episode that failed is tried again. One that needs nothing is [models.ErrConflict].
func (s *Store) Now(ctx context.Context, id models.EpisodeID) error {
	return s.write(ctx, "putting an episode first", func(ctx context.Context, tx bun.Tx) error {
		r, err := episodeByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.State == models.EpisodeFailed {
			if err := s.retry(ctx, tx, r); err != nil {
				return err
			}
		}
		jobs, err := s.jobsOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(jobs) == 0 {
			return models.Explain(models.ErrConflict, "%q is %s: there is nothing to do for it", r.Title, r.State)
		}
		if err := setUrgent(ctx, tx, id, toMS(s.now())); err != nil {
			return err
		}
		return s.lineUpEpisode(ctx, tx, id)
	})
}

func setUrgent(ctx context.Context, tx bun.Tx, id models.EpisodeID, at int64) error {
	_, err := tx.NewRaw("UPDATE episodes SET urgent_at = ? WHERE id = ? AND urgent_at <> ?", at, id, at).Exec(ctx)
	return err
}

// Cancel takes an episode out of the queue; an attempt that is running is told to stop within seconds. An episode that has
// no transcript becomes failed, and is left alone by [Store.RetryAll]; one that has keeps it. What was downloaded and
// decoded stays for a retry. An episode of which nothing waits or runs is [models.ErrConflict].
func (s *Store) Cancel(ctx context.Context, id models.EpisodeID) error {
	return s.write(ctx, "cancelling an episode", func(ctx context.Context, tx bun.Tx) error {
		r, err := episodeByID(ctx, tx, id)
		if err != nil {
			return err
		}
		jobs, err := s.jobsOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(jobs) == 0 {
			return models.Explain(models.ErrConflict, "%q is %s: there is nothing to cancel", r.Title, r.State)
		}
		now := s.now()
		for _, j := range jobs {
			_, err := tx.NewRaw("UPDATE river_job SET state = ?, finalized_at = ? WHERE id = ?", rivertype.JobStateCancelled, s.e.stamp(now), j.ID).Exec(ctx)
			if err != nil {
				return err
			}
			if _, err := tx.NewRaw("DELETE FROM progress WHERE job_id = ?", j.ID).Exec(ctx); err != nil {
				return err
			}
		}
		if err := setUrgent(ctx, tx, id, 0); err != nil {
			return err
		}
		if r.TranslationWanted {
			if err := s.translated(ctx, tx, id, ""); err != nil {
				return err
			}
		}
		if r.State == models.EpisodeDone {
			return s.release(ctx, tx, id)
		}
		t, err := currentRow(ctx, tx, id, models.TaskTranscribe)
		if err != nil {
			return err
		}
		if t != nil && t.Complete {
			return errors.Join(setState(ctx, tx, id, models.EpisodeDone, toMS(now)), s.release(ctx, tx, id))
		}
		return failEpisode(ctx, tx, id, models.ReasonCancelled, toMS(now))
	})
}

// jobsOf returns the jobs of an episode that wait or run.
func (s *Store) jobsOf(ctx context.Context, tx bun.Tx, id models.EpisodeID) ([]waitingJob, error) {
	var jobs []waitingJob
	err := tx.NewSelect().Table("river_job").Column("id").ColumnExpr(s.e.target+" AS target").
		Where("state IN (?)", bun.List(unfinished())).Where("queue <> ?", pollKind().name).
		Where(s.e.target+" = ?", id).Scan(ctx, &jobs)
	return jobs, err
}

// pausedAt is when the owner paused the whole queue, in ms since 1970; 0: it is not.
func pausedAt(ctx context.Context, db bun.IDB) (at int64, err error) {
	if err := db.NewRaw("SELECT value FROM counters WHERE name = 'paused_at'").Scan(ctx, &at); err != nil {
		return 0, fmt.Errorf("asking whether the queue is paused: %w", err)
	}
	return at, nil
}

// wanted returns why an attempt that runs here is to stop and go back to the queue, or nil.
func (c *crew) wanted(ctx context.Context, tx bun.Tx, t *try, holds []models.Hold, urgentWait int) error {
	if t.episode == "" {
		return nil
	}
	var now struct{ UrgentAt, PausedAt int64 }
	err := tx.NewRaw("SELECT e.urgent_at, s.paused_at FROM episodes e JOIN shows s ON s.id = e.show_id WHERE e.id = ?", t.episode).Scan(ctx, &now)
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // an episode that is gone loses its lease
		return err
	}
	isUrgent, transcribes := now.UrgentAt > 0, t.kind.name == transcribeKind().name
	for _, h := range holds {
		switch {
		case h.Kind == models.HoldPaused,
			h.Kind == models.HoldQuiet && transcribes && !isUrgent,
			h.Kind == models.HoldDisk && !transcribes: // a transcription needs little space, and may give some back
			return fmt.Errorf("%w: %s", errSetAside, h.Reason)
		}
	}
	switch {
	case isUrgent:
	case now.PausedAt > 0:
		return fmt.Errorf("%w: its show is paused", errSetAside)
	case transcribes && urgentWait > 0 && c.busy(t.kind) >= c.o.Transcribers && t == c.newest(t.kind):
		return fmt.Errorf("%w: an urgent one waits", errSetAside)
	}
	return nil
}

// busy is how many jobs of a kind run here.
func (c *crew) busy(k kind) int {
	return len(c.ofKind(k))
}

// newest is the attempt of a kind that has run for the shortest time here.
func (c *crew) newest(k kind) *try {
	return slices.MaxFunc(c.ofKind(k), func(a, b *try) int { return cmp.Compare(a.lease.JobID, b.lease.JobID) })
}

func (c *crew) ofKind(k kind) []*try {
	return slices.DeleteFunc(c.running(), func(t *try) bool { return t.kind.name != k.name })
}
