package store

import (
	"context"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"
)

// longestWait is longer than any wait for a next attempt.
const longestWait = 24 * time.Hour

// wallClock compares the clock on the wall, which people and time servers put forward and back, with the monotonic one.
type wallClock struct {
	wall  func() time.Time
	began time.Time // by the clock on the wall
	start time.Time // by the monotonic clock
}

func newWallClock(wall func() time.Time) *wallClock {
	return &wallClock{wall, wall().Round(0), time.Now()}
}

// steady is the time of day as it would be had nobody touched the clock since.
func (c *wallClock) steady() time.Time { return c.began.Add(time.Since(c.start)) }

// putBack reports whether the clock was put back since the last time that was asked.
func (c *wallClock) putBack() bool {
	const slack = 30 * time.Second // what time servers correct, and more
	now := c.wall().Round(0)       // asked once: it may be put back at any moment
	back := c.steady().Sub(now) > slack
	c.began, c.start = now, time.Now()
	return back
}

// retrySooner makes the jobs whose next attempt is further ahead than ahead due now: when the clock was put back, how long
// they have waited is not known. It reports whether that could be written.
func (c *crew) retrySooner(ctx context.Context, ahead time.Duration) bool {
	err := c.write(ctx, "looking for jobs that would wait for too long", func(ctx context.Context, tx bun.Tx) error {
		now := c.now()
		_, err := tx.NewRaw("UPDATE river_job SET scheduled_at = ? WHERE state IN (?) AND scheduled_at > ?", c.e.stamp(now),
			bun.List([]rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStateRetryable}), c.e.stamp(now.Add(ahead))).Exec(ctx)
		return err
	})
	if err != nil {
		c.log.WarnContext(ctx, "jobs may wait for too long", "error", err)
	}
	return err == nil
}
