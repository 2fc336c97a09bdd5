package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Claim makes holder the one who does what has that name, for a while, and reports whether it is: false while another one is.
// A holder claims it again before the time is over, and with 0 gives back what it may hold. All ask for the same time.
func (s *Store) Claim(ctx context.Context, name, holder string, while time.Duration) (mine bool, err error) {
	err = s.sign(ctx, "claiming what one process does at a time", func(ctx context.Context, tx bun.Tx) error {
		if while <= 0 {
			_, err := tx.NewRaw("DELETE FROM claims WHERE name = ? AND holder = ?", name, holder).Exec(ctx)
			return err
		}
		now, err := s.beatClock(ctx, tx)
		if err != nil {
			return err
		}
		// A time that is too far off is of before the clock was put back.
		n, err := affected(tx.NewRaw(`INSERT INTO claims (name, holder, until) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
			WHERE claims.holder = EXCLUDED.holder OR claims.until <= ? OR claims.until > ?`,
			name, holder, now+while.Milliseconds(), now, now+while.Milliseconds()).Exec(ctx))
		mine = n > 0
		return err
	})
	return mine, err
}
