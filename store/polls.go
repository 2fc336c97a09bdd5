package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// PollFailed records under the lease of the job that looked why a show's source could not be read, and when it is due again.
func (s *Store) PollFailed(ctx context.Context, lease models.Lease, id models.ShowID, f models.PollFailure) error {
	return s.fenced(ctx, lease, "recording a failed poll", func(ctx context.Context, tx bun.Tx) error {
		now := toMS(s.now())
		q := tx.NewUpdate().Model((*showRow)(nil)).Set("problem = ?", reason(f.Reason)).Set("problem_at = ?", now).
			Set("poll_failures = poll_failures + 1").Set("next_poll_at = ?", toMS(f.Next)).Where("id = ?", id)
		if f.Ended {
			q = q.Set("ended_at = ?", now)
		}
		n, err := affected(q.Exec(ctx))
		if err == nil && n == 0 {
			return fmt.Errorf("show %s: %w", id, models.ErrNotFound)
		}
		return err
	})
}
