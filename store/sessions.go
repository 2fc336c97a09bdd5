package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

const (
	// sessionIdle is how long a session lasts that is not used.
	sessionIdle = 14 * 24 * time.Hour
	// seenEvery is how often it is noted that a session or a token is used.
	seenEvery = 5 * time.Minute
	// maxSessions and maxTokens are how many a user has at a time; of sessions the oldest end.
	maxSessions = 50
	maxTokens   = 100
)

type sessionRow struct {
	bun.BaseModel `bun:"sessions,alias:n"`

	ID        string `bun:",pk"`
	Hash      string
	UserName  string
	Agent     string
	Address   string
	CreatedAt int64
	SeenAt    int64
	ExpiresAt int64
}

func (r *sessionRow) model() models.Session {
	return models.Session{
		ID: r.ID, Hash: r.Hash, User: r.UserName, Agent: r.Agent, Address: r.Address,
		CreatedAt: fromMS(r.CreatedAt), SeenAt: fromMS(r.SeenAt), ExpiresAt: fromMS(r.ExpiresAt),
	}
}

// ended reports whether a session lasts no longer.
func (r *sessionRow) ended(now int64) bool {
	return r.ExpiresAt <= now || r.SeenAt+sessionIdle.Milliseconds() <= now
}

// AddSession begins a session of a user, and forgets those that have ended.
func (s *Store) AddSession(ctx context.Context, n models.Session) error {
	return s.write(ctx, "beginning a session of "+n.User, func(ctx context.Context, tx bun.Tx) error {
		if _, err := user(ctx, tx, n.User); err != nil {
			return err
		}
		now := toMS(s.now())
		_, err := tx.NewRaw(`DELETE FROM sessions WHERE expires_at <= ? OR seen_at <= ? OR id IN
			(SELECT id FROM sessions WHERE user_name = ? ORDER BY created_at DESC, id LIMIT 1000000 OFFSET ?)`,
			now, now-sessionIdle.Milliseconds(), n.User, maxSessions-1).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&sessionRow{
			ID: n.ID, Hash: n.Hash, UserName: n.User, Agent: clean(n.Agent), Address: clean(n.Address),
			CreatedAt: now, SeenAt: now, ExpiresAt: toMS(n.ExpiresAt),
		}).Exec(ctx)
		return err
	})
}

// Session returns a session by its secret's hash, with its user, and notes that it is used. One that has ended is
// [models.ErrNotFound].
func (s *Store) Session(ctx context.Context, hash string) (models.Session, models.User, error) {
	var r sessionRow
	var u *userRow
	err := s.read(ctx, "reading a session", func(ctx context.Context, tx bun.Tx) (err error) {
		if err := tx.NewSelect().Model(&r).Where("hash = ?", hash).Scan(ctx); err != nil {
			return missing(err, "session", "")
		}
		u, err = user(ctx, tx, r.UserName)
		return err
	})
	now := toMS(s.now())
	if err == nil && r.ended(now) {
		err = fmt.Errorf("session: %w", models.ErrNotFound)
	}
	if err != nil {
		return models.Session{}, models.User{}, err
	}
	if now-r.SeenAt >= seenEvery.Milliseconds() {
		s.seen(ctx, u.Name, now, "UPDATE sessions SET seen_at = ? WHERE id = ?", r.ID)
	}
	return r.model(), u.model(), nil
}

// seen notes that a user was here, by what they showed. Not to be able to is no reason to keep them out.
func (s *Store) seen(ctx context.Context, name string, now int64, by, id string) {
	err := s.write(ctx, "noting that "+name+" was here", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw(by, now, id).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw("UPDATE users SET seen_at = ? WHERE name = ?", now, name).Exec(ctx)
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "it cannot be noted that a user was here", slog.String("user", name), slog.Any("error", err))
	}
}

// Sessions lists the sessions of a user that have not ended, the newest first.
func (s *Store) Sessions(ctx context.Context, name string) ([]models.Session, error) {
	var rows []sessionRow
	if err := s.e.read.NewSelect().Model(&rows).Where("user_name = ?", name).Order("created_at DESC", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("listing the sessions of %s: %w", name, s.e.explain(err))
	}
	now := toMS(s.now())
	sessions := []models.Session{}
	for i := range rows {
		if !rows[i].ended(now) {
			sessions = append(sessions, rows[i].model())
		}
	}
	return sessions, nil
}

// EndSession ends one session of a user, or says [models.ErrNotFound].
func (s *Store) EndSession(ctx context.Context, name, id string) error {
	return s.write(ctx, "ending a session of "+name, func(ctx context.Context, tx bun.Tx) error {
		n, err := affected(tx.NewRaw("DELETE FROM sessions WHERE user_name = ? AND id = ?", name, id).Exec(ctx))
		if err == nil && n == 0 {
			return fmt.Errorf("session %s: %w", id, models.ErrNotFound)
		}
		return err
	})
}
