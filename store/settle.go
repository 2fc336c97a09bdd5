package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// soon is the longest wait for which a job is left to the queue's own polling; longer ones are left to the scheduler of
// the process that leads.
const soon = 5 * time.Second

// settle writes how an attempt ended, and tries until that is written or the crew has gone: until then the job is ours,
// and there is no point in taking another while the archive cannot be written.
func (c *crew) settle(ctx context.Context, t *try, err error) {
	stopped := ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded)
	ctx = context.WithoutCancel(ctx)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		problem := c.settleOnce(ctx, t, err, stopped)
		if problem == nil {
			c.tidyUp(ctx)
			return
		}
		if errors.Is(problem, models.ErrNewerData) {
			return // whoever migrated the archive takes the job, when this worker is not heard of any more
		}
		if errors.Is(problem, models.ErrLeaseLost) {
			c.log.InfoContext(ctx, "the result of an attempt that lost its job is dropped", "job_id", t.lease.JobID,
				"kind", t.kind.name, "episode_id", t.episode, "attempt", t.lease.Attempt)
			return
		}
		c.log.ErrorContext(ctx, "the end of a job cannot be written, trying again", "job_id", t.lease.JobID, "error", problem)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.gone:
			timer.Stop()
			return
		}
	}
}

// tidyUp removes the recordings that the end of a job was the last to need.
func (c *crew) tidyUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := c.dropUnwanted(ctx); err != nil {
		c.log.WarnContext(ctx, "recordings that are not to be kept could not be removed, they will be later", "error", err)
	}
}

func (c *crew) settleOnce(ctx context.Context, t *try, err error, stopped bool) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if isFull(err) {
		c.room.wasFull()
	}
	return c.fenced(ctx, t.lease, "ending a job", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Table("progress").Where("job_id = ?", t.lease.JobID).Exec(ctx); err != nil {
			return err
		}
		switch {
		case err == nil:
			return c.complete(ctx, tx, t)
		case stopped, errors.Is(err, models.ErrLeaseLost), isFull(err), isAway(err):
			return c.giveBack(ctx, tx, lost{ID: t.lease.JobID, Kind: t.kind.name, Task: t.kind.task, Target: string(t.episode), Attempt: t.lease.Attempt, Why: heldUp(err)})
		case errors.Is(err, models.ErrUnusable), errors.Is(err, models.ErrInvalid):
			return c.giveUp(ctx, tx, t, err, riverdriver.JobSetStateCancelled)
		case t.lease.Last:
			return c.giveUp(ctx, tx, t, err, riverdriver.JobSetStateDiscarded)
		}
		return c.tryAgain(ctx, tx, t, err)
	})
}

func (c *crew) complete(ctx context.Context, tx bun.Tx, t *try) error {
	if t.show != "" {
		if err := problem(ctx, tx, t.show, "", 0); err != nil {
			return err
		}
	}
	if t.kind.task == models.TaskTranslate {
		if err := c.translated(ctx, tx, t.episode, ""); err != nil {
			return err
		}
	}
	if t.kind.name == transcribeKind().name { // the last stage
		if err := setUrgent(ctx, tx, t.episode, 0); err != nil {
			return err
		}
	}
	c.room.wasThere()
	if err := c.recordJob(ctx, tx, models.EventJobFinished, t, ""); err != nil {
		return err
	}
	if err := c.setJob(ctx, tx, riverdriver.JobSetStateCompleted(t.lease.JobID, c.now(), nil)); err != nil || t.episode == "" {
		return err
	}
	return c.release(ctx, tx, t.episode)
}

// giveUp ends a job for good; its episode has failed, unless a later stage has it already.
func (c *crew) giveUp(ctx context.Context, tx bun.Tx, t *try, err error,
	state func(int64, time.Time, []byte, []byte) *riverdriver.JobSetStateIfRunningParams,
) error {
	now := c.now()
	c.log.WarnContext(ctx, "a job failed", "job_id", t.lease.JobID, "kind", t.kind.name, "episode_id", t.episode,
		"show_id", t.show, "attempt", t.lease.Attempt, "error", err)
	data, jerr := attemptError(t, now, err)
	if jerr != nil {
		return jerr
	}
	if err := c.setJob(ctx, tx, state(t.lease.JobID, now, data, nil)); err != nil {
		return err
	}
	if err := c.recordJob(ctx, tx, models.EventJobFailed, t, reason(err.Error())); err != nil {
		return err
	}
	if t.show != "" {
		return problem(ctx, tx, t.show, reason(err.Error()), toMS(now))
	}
	if t.kind.name != importKind().name { // the rest goes on without it
		if err := setUrgent(ctx, tx, t.episode, 0); err != nil {
			return err
		}
	}
	if t.kind.task == models.TaskTranslate {
		return c.translated(ctx, tx, t.episode, reason("the translation failed: "+err.Error()))
	}
	if t.kind.name == importKind().name {
		if err := notImported(ctx, tx, t.episode, err.Error(), toMS(now)); err != nil {
			return err
		}
		return c.release(ctx, tx, t.episode)
	}
	_, uerr := tx.NewUpdate().Model(&episodeRow{
		ID: t.episode, State: models.EpisodeFailed, Reason: reason(err.Error()), FailedAt: toMS(now), UpdatedAt: toMS(now),
	}).Column("state", "reason", "failed_at", "updated_at").WherePK().Where("state IN (?, ?)", t.kind.from, t.kind.at).Exec(ctx)
	return uerr
}

// translated says that no translation of an episode is being made any more, and why it failed, or "".
func (s *Store) translated(ctx context.Context, tx bun.Tx, id models.EpisodeID, why string) error {
	_, err := tx.NewUpdate().Model(&episodeRow{ID: id, TranslationWarning: why, UpdatedAt: toMS(s.now())}).
		Column("translation_wanted", "translation_warning", "updated_at").WherePK().Exec(ctx)
	return err
}

// tryAgain lets a job wait for its next attempt.
func (c *crew) tryAgain(ctx context.Context, tx bun.Tx, t *try, err error) error {
	now := c.now()
	// Attempts that were lost with their worker have raised MaxAttempts, so that what is left counts from the end.
	failures := t.kind.attempts - (t.job.MaxAttempts - t.lease.Attempt)
	wait := c.o.Backoff(t.kind.name, max(1, failures))
	var asked interface{ RetryIn() time.Duration } // by the server
	if errors.As(err, &asked) {
		wait = max(wait, asked.RetryIn())
	}
	c.log.InfoContext(ctx, "a job failed and will be tried again", "job_id", t.lease.JobID, "kind", t.kind.name,
		"episode_id", t.episode, "show_id", t.show, "attempt", t.lease.Attempt, "wait", wait, "error", err)
	data, jerr := attemptError(t, now, err)
	if jerr != nil {
		return jerr
	}
	set := riverdriver.JobSetStateErrorRetryable
	if wait <= soon {
		set = riverdriver.JobSetStateErrorAvailable
	}
	if err := c.setJob(ctx, tx, set(t.lease.JobID, now.Add(wait), data, nil)); err != nil {
		return err
	}
	if err := c.recordJob(ctx, tx, models.EventJobRetried, t, reason(err.Error())); err != nil {
		return err
	}
	if t.show != "" {
		return problem(ctx, tx, t.show, reason(err.Error()), toMS(now))
	}
	if t.kind.from == "" {
		return nil
	}
	return c.wait(ctx, tx, t.kind, t.episode, reason("it will be tried again: "+err.Error()))
}

// wait puts an episode whose job no longer runs back to waiting for it.
func (s *Store) wait(ctx context.Context, tx bun.Tx, k kind, id models.EpisodeID, why string) error {
	_, err := tx.NewUpdate().Model(&episodeRow{ID: id, State: k.from, Reason: why, UpdatedAt: toMS(s.now())}).
		Column("state", "reason", "updated_at").WherePK().Where("state IN (?, ?)", k.from, k.at).Exec(ctx)
	return err
}

// lost is a running job without an attempt.
type lost struct {
	ID      int64
	Kind    string
	Task    models.TranscriptTask
	Target  string // the episode or show
	Attempt int
	Why     string // what to tell of the episode meanwhile
}

// heldUp is what to tell of an episode whose attempt ended with err, but did not fail.
func heldUp(err error) string {
	if isFull(err) {
		return reason("it goes on when there is space on the disk: " + err.Error())
	}
	return ""
}

// giveBack returns a running job to the queue, without counting what became of it as a failed attempt: the number of
// attempts it may take grows by one instead, so that no number is given twice.
func (s *Store) giveBack(ctx context.Context, tx bun.Tx, job lost) error {
	if _, err := tx.NewRaw("UPDATE river_job SET max_attempts = max_attempts + 1 WHERE id = ?", job.ID).Exec(ctx); err != nil {
		return err
	}
	now := s.now()
	params := riverdriver.JobSetStateInterrupted(job.ID, now, 0, nil)
	params.Attempt = nil
	if err := s.setJob(ctx, tx, params); err != nil {
		return err
	}
	k, ok := kindOf(job.Kind, job.Task)
	if !ok || k.name == pollKind().name {
		return nil
	}
	if err := s.wait(ctx, tx, k, models.EpisodeID(job.Target), job.Why); err != nil {
		return err
	}
	t := &try{lease: models.Lease{JobID: job.ID, Attempt: job.Attempt}, kind: k, episode: models.EpisodeID(job.Target)}
	if err := s.recordJob(ctx, tx, models.EventJobReturned, t, job.Why); err != nil {
		return err
	}
	return s.lineUp(ctx, tx, []waitingJob{{job.ID, models.EpisodeID(job.Target)}})
}

// setJob writes a running job's state. Its attempt must have been checked in tx.
func (s *Store) setJob(ctx context.Context, tx bun.Tx, p *riverdriver.JobSetStateIfRunningParams) error {
	now := s.now()
	_, err := s.e.jobs.UnwrapExecutor(tx.Tx).JobSetStateIfRunningMany(ctx, &riverdriver.JobSetStateIfRunningManyParams{
		ID: []int64{p.ID}, Attempt: []*int{p.Attempt}, ErrData: [][]byte{p.ErrData}, FinalizedAt: []*time.Time{p.FinalizedAt},
		MetadataDoMerge: []bool{false}, MetadataUpdates: [][]byte{nil}, Now: &now, ScheduledAt: []*time.Time{p.ScheduledAt},
		State: []rivertype.JobState{p.State},
	})
	return err
}

// problem records why a show could not be polled, or "" that it could.
func problem(ctx context.Context, tx bun.Tx, id models.ShowID, why string, at int64) error {
	_, err := tx.NewUpdate().Model(&showRow{ID: id, Problem: why, ProblemAt: at}).Column("problem", "problem_at").WherePK().Exec(ctx)
	return err
}

func attemptError(t *try, at time.Time, err error) ([]byte, error) {
	return json.Marshal(rivertype.AttemptError{At: at.UTC(), Attempt: t.lease.Attempt, Error: reason(err.Error())})
}
