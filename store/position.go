package store

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// The queue's order: what the owner asked for before all others, in the order of asking; then the episodes that were
// published last. River takes jobs by priority, then by scheduled_at. For jobs that wait for nothing but their turn the
// latter holds their place, as a time long past: so it is in order whatever the clock says, and new episodes stand before
// old ones that wait for weeks.
const (
	urgent   = 1 // River's highest
	ordinary = 2
)

// position is where a job stands in the queue.
type position struct {
	priority int
	at       time.Time
	waits    bool // its show is paused
}

// positionsEnd is after every place, and before every time at which a job was ever made or tried again.
func positionsEnd() time.Time { return time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC) }

// positionOf returns the place of an episode's jobs. Times are ms since 1970, 0 for none.
func positionOf(publishedAt, urgentAt, pausedAt int64) position {
	// A 16th of the time keeps the years to 2200 before 1985.
	const shrink, end = 16, 7_258_118_400_000 // ms, the year 2200
	if urgentAt > 0 {
		return position{priority: urgent, at: time.UnixMilli(min(urgentAt, end) / shrink)}
	}
	return position{priority: ordinary, at: time.UnixMilli((end - min(max(publishedAt, 0), end)) / shrink), waits: pausedAt > 0}
}

func (p position) state() rivertype.JobState {
	if p.waits {
		return rivertype.JobStatePending
	}
	return rivertype.JobStateAvailable
}

// positions returns the places of episodes' jobs.
func positions(ctx context.Context, tx bun.Tx, ids []models.EpisodeID) (map[models.EpisodeID]position, error) {
	out := make(map[models.EpisodeID]position, len(ids))
	err := chunks(ids, 500, func(ids []models.EpisodeID) error {
		var rows []struct {
			ID                              models.EpisodeID
			PublishedAt, UrgentAt, PausedAt int64
		}
		err := tx.NewRaw(`SELECT e.id, e.published_at, e.urgent_at, s.paused_at FROM episodes e JOIN shows s ON s.id = e.show_id WHERE e.id IN (?)`,
			bun.List(ids)).Scan(ctx, &rows)
		for _, r := range rows {
			out[r.ID] = positionOf(r.PublishedAt, r.UrgentAt, r.PausedAt)
		}
		return err
	})
	return out, err
}

// about returns the episode that a job is about, or "".
func about(job river.JobArgs) models.EpisodeID {
	switch j := job.(type) {
	case models.DownloadJob:
		return j.EpisodeID
	case models.ImportJob:
		return j.EpisodeID
	case models.TranscribeJob:
		return j.EpisodeID
	}
	return ""
}

// waiting is a job that waits, and the episode that it is about.
type waitingJob struct {
	ID     int64
	Target models.EpisodeID
}

// lineUp puts jobs where they belong in the queue.
func (s *Store) lineUp(ctx context.Context, tx bun.Tx, jobs []waitingJob) error {
	ids := make([]models.EpisodeID, len(jobs))
	for i, j := range jobs {
		ids[i] = j.Target
	}
	at, err := positions(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		p, ok := at[j.Target]
		if !ok { // its episode is gone: it will find that out
			p = positionOf(0, 0, 0)
		}
		_, err := tx.NewRaw("UPDATE river_job SET state = ?, priority = ?, scheduled_at = ? WHERE id = ?",
			p.state(), p.priority, s.e.stamp(p.at), j.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("lining up the job %d: %w", j.ID, err)
		}
	}
	return nil
}

// lineUpEpisode puts the waiting jobs of an episode where they belong now; those that wait for their next attempt need not.
func (s *Store) lineUpEpisode(ctx context.Context, tx bun.Tx, id models.EpisodeID) error {
	var jobs []waitingJob
	err := tx.NewSelect().Table("river_job").Column("id").ColumnExpr(s.e.target+" AS target").
		Where("state IN (?)", bun.List([]rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		})).
		Where("queue <> ?", pollKind().name).Where(s.e.target+" = ?", id).Scan(ctx, &jobs)
	if err != nil {
		return err
	}
	return s.lineUp(ctx, tx, jobs)
}

// episodeQueues are the queues whose jobs are about episodes and may be done here.
func (s *Store) episodeQueues() []string {
	queues := []string{downloadKind().name, importKind().name, transcribeKind().name}
	if s.e.shared {
		queues = append(queues, downloadQueue(s.place))
	}
	return queues
}

// lineUpReturned gives the jobs whose wait for the next attempt is over their places, and those of earlier versions, which
// stood in the order in which they were made.
func (c *crew) lineUpReturned(ctx context.Context) error {
	if jobs, err := c.returned(ctx, c.e.read, ""); err != nil || len(jobs) == 0 {
		return c.e.explain(err)
	}
	return c.write(ctx, "lining up the jobs that are due again", func(ctx context.Context, tx bun.Tx) error {
		jobs, err := c.returned(ctx, tx, c.e.lock)
		if err != nil {
			return err
		}
		return c.lineUp(ctx, tx, jobs)
	})
}

// returned lists some of the jobs that are due but have no place.
func (c *crew) returned(ctx context.Context, db bun.IDB, lock string) ([]waitingJob, error) {
	const atATime = 2000
	var jobs []waitingJob
	err := db.NewRaw("SELECT id, "+c.e.target+` AS target FROM river_job
		WHERE state IN (?) AND queue IN (?) AND priority IN (1, 2, 3, 4) AND scheduled_at > ? AND scheduled_at <= ? ORDER BY id LIMIT ? `+lock,
		bun.List([]rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStateRetryable}), bun.List(c.episodeQueues()),
		c.e.stamp(positionsEnd()), c.e.stamp(c.now()), atATime).Scan(ctx, &jobs)
	return jobs, err
}
