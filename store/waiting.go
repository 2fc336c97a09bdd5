package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Waiting lists the jobs that wait, in the order in which they are taken; those that are to be tried again stand at the end.
func (s *Store) Waiting(ctx context.Context, limit, offset int) ([]models.WaitingJob, error) {
	var rows []struct {
		JobID     int64
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
	err := s.e.read.NewRaw(`SELECT j.id AS job_id, j.kind, j.task, j.target, j.state, j.attempts, coalesce(e.id, '') AS episode_id,
			coalesce(s.id, '') AS show_id, coalesce(e.title, s.title, '') AS title, coalesce(s.title, '') AS show_title,
			coalesce(e.reason, s.problem, '') AS reason, coalesce(e.urgent_at, 0) AS urgent_at
		FROM (SELECT id, kind, state, attempt AS attempts, priority, scheduled_at, `+s.e.target+` AS target, `+s.e.task+` AS task
			FROM river_job WHERE state IN (?) ORDER BY priority, scheduled_at, id LIMIT ? OFFSET ?) j
		LEFT JOIN episodes e ON e.id = j.target LEFT JOIN shows s ON s.id = coalesce(e.show_id, j.target)
		ORDER BY j.priority, j.scheduled_at, j.id`, bun.List(waitingStates()), limit, offset).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("listing what waits: %w", s.e.explain(err))
	}
	jobs := make([]models.WaitingJob, len(rows))
	for i, r := range rows {
		jobs[i] = models.WaitingJob{
			JobID: r.JobID, Kind: r.Kind, Task: r.Task, EpisodeID: r.EpisodeID, ShowID: r.ShowID, Title: r.Title, ShowTitle: r.ShowTitle,
			Wait: models.WaitTurn, Attempts: r.Attempts, Urgent: r.UrgentAt > 0, Reason: r.Reason,
		}
		switch r.State { //nolint:exhaustive // those of jobs that wait
		case rivertype.JobStatePending:
			jobs[i].Wait = models.WaitPaused
		case rivertype.JobStateRetryable:
			jobs[i].Wait = models.WaitAgain
			job, err := s.queue.JobGet(ctx, r.JobID)
			if err == nil { // else it has gone on meanwhile
				jobs[i].Next = job.ScheduledAt.UTC()
			}
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
