package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Waiting lists the jobs that wait, in the order in which they are taken; those that are to be tried again stand at the end.
func (s *Store) Waiting(ctx context.Context, f models.WaitingFilter) ([]models.WaitingJob, error) {
	var rows []struct {
		JobID     int64
		Priority  int
		At        time.Time
		Kind      string
		Task      models.TranscriptTask
		Target    string
		State     rivertype.JobState
		Attempts  int
		EpisodeID models.EpisodeID
		ShowID    models.ShowID
		Title     string
		ShowTitle string
		Reason    string
		UrgentAt  int64
	}
	which := s.e.read.NewSelect().Table("river_job").Column("id", "kind", "state", "priority", "scheduled_at").ColumnExpr("attempt AS attempts").
		ColumnExpr(s.e.target+" AS target").ColumnExpr(s.e.task+" AS task").Where("state IN (?)", bun.List(waitingStates())).
		Order("priority", "scheduled_at", "id").Limit(int64(f.Limit))
	if a := f.After; a.JobID != 0 {
		which = which.Where("(priority, scheduled_at, id) > (?, ?, ?)", a.Priority, s.e.stamp(a.At), a.JobID)
	}
	if len(f.Hidden) > 0 {
		hidden := bun.List(f.Hidden)
		which = which.Where(s.e.target+" NOT IN (?)", hidden).Where(s.e.target+" NOT IN (SELECT id FROM episodes WHERE show_id IN (?))", hidden)
	}
	err := s.e.read.NewRaw(`SELECT j.id AS job_id, j.priority, j.scheduled_at AS at, j.kind, j.task, j.target, j.state, j.attempts, coalesce(e.id, '') AS episode_id,
			coalesce(s.id, '') AS show_id, coalesce(e.title, s.title, '') AS title, coalesce(s.title, '') AS show_title,
			coalesce(e.reason, s.problem, '') AS reason, coalesce(e.urgent_at, 0) AS urgent_at
		FROM (?) j
		LEFT JOIN episodes e ON e.id = j.target LEFT JOIN shows s ON s.id = coalesce(e.show_id, j.target)
		ORDER BY j.priority, j.scheduled_at, j.id`, which).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("listing what waits: %w", s.e.explain(err))
	}
	jobs := make([]models.WaitingJob, len(rows))
	for i, r := range rows {
		jobs[i] = models.WaitingJob{
			Place: models.WaitingPlace{Priority: r.Priority, At: r.At, JobID: r.JobID}, Kind: r.Kind, Task: r.Task, EpisodeID: r.EpisodeID, ShowID: r.ShowID, Title: r.Title, ShowTitle: r.ShowTitle,
			Wait: models.WaitTurn, Attempts: r.Attempts, Urgent: r.UrgentAt > 0, Reason: r.Reason,
		}
		switch r.State { //nolint:exhaustive // those of jobs that wait
		case rivertype.JobStatePending:
			jobs[i].Wait = models.WaitPaused
		case rivertype.JobStateRetryable:
			jobs[i].Wait = models.WaitAgain
			jobs[i].Next = r.At.UTC()
		}
	}
	return jobs, nil
}

// Log tells what happened to the work on an episode, the newest first: the events that are kept, and the failures of attempts
// that the queue remembers.
func (s *Store) Log(ctx context.Context, id models.EpisodeID) ([]models.Event, error) {
	const most = 100
	events, err := s.eventsOf(ctx, id, most)
	if err != nil {
		return nil, err
	}
	type attempt struct {
		job    int64
		number int
	}
	told := map[attempt]bool{}
	for _, e := range events {
		if e.Reason != "" {
			told[attempt{e.JobID, e.Attempt}] = true
		}
	}
	var jobs []int64
	err = s.e.read.NewSelect().Table("river_job").Column("id").Where("queue <> ?", pollKind().name).
		Where(s.e.target+" = ?", id).Order("id DESC").Limit(10).Scan(ctx, &jobs)
	if err != nil {
		return nil, fmt.Errorf("looking for the jobs of an episode: %w", s.e.explain(err))
	}
	for _, jobID := range jobs {
		job, err := s.queue.JobGet(ctx, jobID)
		if err != nil {
			continue // it was cleaned away meanwhile
		}
		for _, failed := range job.Errors {
			if !told[attempt{jobID, failed.Attempt}] {
				events = append(events, models.Event{
					At: failed.At.UTC(), Kind: models.EventJobRetried, JobID: jobID, JobKind: job.Kind, Attempt: failed.Attempt, EpisodeID: id, Reason: failed.Error,
				})
			}
		}
	}
	slices.SortStableFunc(events, func(a, b models.Event) int { return b.At.Compare(a.At) })
	return events[:min(len(events), most)], nil
}
