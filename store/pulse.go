package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

const (
	// progressEvery is how often progress is written at most.
	progressEvery = time.Second
	// sweepEvery is how often unfinished recordings are looked through for those that nobody will finish here.
	sweepEvery = 6 * time.Hour
	// unfinishedFor is how long an unfinished recording is kept for an episode that still wants it.
	unfinishedFor = 30 * 24 * time.Hour
	// maxLosses is how many attempts at a job may be lost with their worker before the job is taken for the cause.
	maxLosses = 100
)

// pulse beats until stopped: it keeps this worker's row fresh, takes jobs from workers whose row is not, writes progress,
// cancels attempts that lost their job, and queues the polls that are due. An archive that a newer program has migrated ends
// the work.
func (c *crew) pulse(ctx context.Context, clock *wallClock, stopped <-chan struct{}, end context.CancelCauseFunc) {
	step := min(c.o.Beat, progressEvery)
	tick := time.NewTicker(step)
	defer tick.Stop()
	last, polls, swept := time.Now(), time.Time{}, time.Time{}
	owed := false // the clock was put back, and nothing was done about it yet
	// What else is done here has bounds, so that an archive that cannot be written is noticed by the beat.
	briefly := func(do func(context.Context)) {
		ctx, cancel := context.WithTimeout(ctx, c.o.DeadAfter)
		defer cancel()
		do(ctx)
	}
	briefly(func(ctx context.Context) { _ = c.retrySooner(ctx, longestWait) })
	for {
		if c.o.PollFeeds && time.Since(polls) >= c.o.LookForPolls {
			briefly(func(ctx context.Context) {
				if err := c.enqueueDue(ctx); err != nil {
					c.log.WarnContext(ctx, "polls cannot be queued", "error", err)
				}
			})
			polls = time.Now()
		}
		if time.Since(swept) >= sweepEvery {
			briefly(func(ctx context.Context) {
				if err := c.sweep(ctx); err != nil {
					c.log.WarnContext(ctx, "unfinished recordings cannot be looked through", "error", err)
				}
			})
			swept = time.Now()
		}
		select {
		case <-stopped:
			return
		case <-tick.C:
		}
		if owed = clock.putBack() || owed; owed {
			briefly(func(ctx context.Context) { owed = !c.retrySooner(ctx, 0) })
		}
		began := time.Now()
		if began.Sub(last) < c.o.Beat-step/2 && !c.anythingTold() { // a tick may come a little early
			continue
		}
		err := c.beat(ctx)
		if err == nil {
			last = began
			continue
		}
		c.log.WarnContext(ctx, "the archive cannot be written", "error", err)
		if errors.Is(err, models.ErrNewerData) {
			end(err)
			return
		}
		if time.Since(last) > c.o.DeadAfter*8/10 { // soon others will take our jobs
			c.cancelAll(fmt.Errorf("the archive cannot be written: %w", models.ErrLeaseLost))
		}
	}
}

// sweep removes what nobody needs, of an earlier run too.
func (s *Store) sweep(ctx context.Context) error {
	return errors.Join(s.sweepUnfinished(ctx), s.dropUnwanted(ctx))
}

// sweepUnfinished removes the unfinished recordings of this folder that nobody will finish: the episode is gone, or another machine has
// brought it, or has been bringing it for weeks.
func (s *Store) sweepUnfinished(ctx context.Context) error {
	found, err := s.media.unfinished(abandonedAfter)
	if err != nil {
		return err
	}
	wanted := map[models.EpisodeID]bool{}
	err = chunks(slices.Collect(maps.Keys(found)), 500, func(ids []models.EpisodeID) error {
		var some []models.EpisodeID
		err := s.e.read.NewSelect().Table("episodes").Column("id").Where("id IN (?)", bun.List(ids)).
			Where("media_key = '' OR fetch_again").Scan(ctx, &some)
		for _, id := range some {
			wanted[id] = true
		}
		return s.e.explain(err)
	})
	if err != nil {
		return err
	}
	var failed []error
	for id, at := range found {
		if !wanted[id] || time.Since(at) >= unfinishedFor {
			failed = append(failed, s.media.abandon(id))
		}
	}
	return errors.Join(failed...)
}

func (c *crew) anythingTold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.tries {
		if t.told.Load() {
			return true
		}
	}
	return false
}

func (c *crew) cancelAll(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.tries {
		t.cancel(cause)
	}
}

// running returns the attempts of this crew.
func (c *crew) running() []*try {
	c.mu.Lock()
	defer c.mu.Unlock()
	tries := make([]*try, 0, len(c.tries))
	for t := range c.tries {
		tries = append(tries, t)
	}
	return tries
}

// beat does what pulse does at a time: it says that this worker is alive, and then looks whether others are.
func (c *crew) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.DeadAfter)
	defer cancel()
	var holds []models.Hold
	err := c.sign(ctx, "saying that this worker is alive", func(ctx context.Context, tx bun.Tx) (err error) {
		if holds, err = c.obstacles(ctx, tx); err != nil {
			return err
		}
		if err := c.greet(ctx, tx, holds); err != nil {
			return err
		}
		return c.check(ctx, tx, holds)
	})
	if err != nil {
		return err
	}
	if err := c.bury(ctx); err != nil {
		return err
	}
	return c.lineUpReturned(ctx)
}

// check cancels the attempts that no longer hold their job, and those that are to go back to the queue, and writes the
// progress of the others.
func (c *crew) check(ctx context.Context, tx bun.Tx, holds []models.Hold) error {
	urgentWait, err := urgentWaiting(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range c.running() {
		told := t.told.Swap(false)
		err := c.holds(ctx, tx, t.lease, "")
		if err == nil {
			err = c.wanted(ctx, tx, t, holds, urgentWait)
		}
		if errors.Is(err, models.ErrLeaseLost) || errors.Is(err, errSetAside) {
			c.log.InfoContext(ctx, "a job is stopped", "job_id", t.lease.JobID, "kind", t.kind.name, "episode_id", t.episode, "because", err)
			t.cancel(err)
			continue
		}
		if err != nil {
			return err
		}
		if !told {
			continue
		}
		_, err = tx.NewRaw("UPDATE progress SET done = ?, total = ?, began = ?, told_at = ? WHERE job_id = ? AND attempt = ?",
			t.done.Load(), t.total.Load(), t.first.Load(), t.toldAt.Load(), t.lease.JobID, t.lease.Attempt).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// began makes an attempt's row of progress.
func (c *crew) began(ctx context.Context, t *try) error {
	return c.fenced(ctx, t.lease, "starting a job", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("DELETE FROM progress WHERE job_id = ?", t.lease.JobID).Exec(ctx); err != nil {
			return err
		}
		now := c.now().UnixMilli()
		_, err := tx.NewRaw(`INSERT INTO progress (job_id, attempt, kind, task, episode_id, show_id, done, total, started_at, told_at)
			VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?)`,
			t.lease.JobID, t.lease.Attempt, t.kind.name, t.kind.task, t.episode, t.show, now, now).Exec(ctx)
		if err != nil {
			return err
		}
		return c.recordJob(ctx, tx, models.EventJobStarted, t, "")
	})
}

// lostJobs lists the running jobs whose worker is gone.
func (c *crew) lostJobs(ctx context.Context, db bun.IDB, lock string) ([]lost, error) {
	var jobs []lost
	err := db.NewRaw("SELECT id, kind, attempt, "+c.e.target+" AS target, "+c.e.task+" AS task FROM river_job WHERE state = ? AND "+
		c.e.holder+" NOT IN (SELECT id FROM workers) ORDER BY id "+lock, rivertype.JobStateRunning).Scan(ctx, &jobs)
	return jobs, err
}

// reap returns the jobs of workers that are gone to the queue.
func (c *crew) reap(ctx context.Context, tx bun.Tx) error {
	jobs, err := c.lostJobs(ctx, tx, c.e.lock)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		c.log.WarnContext(ctx, "a job lost its worker and goes back to the queue", "job_id", job.ID, "kind", job.Kind, "target", job.Target)
		if err := c.takeBack(ctx, tx, job); err != nil {
			return err
		}
	}
	return nil
}

// takeBack returns a lost job to the queue, or gives it up when it was lost so often that it must be what kills workers.
func (c *crew) takeBack(ctx context.Context, tx bun.Tx, job lost) error {
	if _, err := tx.NewRaw("DELETE FROM progress WHERE job_id = ?", job.ID).Exec(ctx); err != nil {
		return err
	}
	if job.Attempt < maxLosses {
		return c.giveBack(ctx, tx, job)
	}
	k, _ := kindOf(job.Kind, job.Task)
	t := &try{lease: models.Lease{JobID: job.ID, Attempt: job.Attempt}, kind: k}
	if job.Kind == pollKind().name {
		t.show = models.ShowID(job.Target)
	} else {
		t.episode = models.EpisodeID(job.Target)
	}
	err := fmt.Errorf("the program ended %d times while working on it: %w", job.Attempt, models.ErrUnusable)
	return c.giveUp(ctx, tx, t, err, riverdriver.JobSetStateDiscarded)
}

// leave removes this worker's row: what it has not given back is free for others at once.
func (c *crew) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return c.write(ctx, "taking leave as a worker", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("DELETE FROM workers WHERE id = ?", c.id).Exec(ctx)
		return err
	})
}
