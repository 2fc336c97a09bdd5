package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

type tokenRow struct {
	bun.BaseModel `bun:"tokens,alias:k"`

	ID        string `bun:",pk"`
	Hash      string
	UserName  string
	Name      string
	Scope     models.Scope
	CreatedAt int64
	ExpiresAt int64
	UsedAt    int64
}

func (r *tokenRow) model() models.Token {
	return models.Token{
		ID: r.ID, Hash: r.Hash, User: r.UserName, Name: r.Name, Scope: r.Scope,
		CreatedAt: fromMS(r.CreatedAt), ExpiresAt: fromMS(r.ExpiresAt), UsedAt: fromMS(r.UsedAt),
	}
}

// AddToken lets a program in as a user. What cannot be one is [models.ErrInvalid].
func (s *Store) AddToken(ctx context.Context, t models.Token) error {
	if err := t.Check(); err != nil {
		return err
	}
	return s.write(ctx, "adding a token of "+t.User, func(ctx context.Context, tx bun.Tx) error {
		u, err := user(ctx, tx, t.User)
		if err != nil {
			return err
		}
		if !u.Role.Scope().Includes(t.Scope) {
			return models.Explain(models.ErrInvalid, "a token of %s cannot be for %q: the role %s does not allow that", t.User, string(t.Scope), u.Role)
		}
		n, err := tx.NewSelect().Model((*tokenRow)(nil)).Where("user_name = ?", t.User).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxTokens {
			return models.Explain(models.ErrInvalid, "%s has %d tokens: remove those that are not used", t.User, n)
		}
		_, err = tx.NewInsert().Model(&tokenRow{
			ID: t.ID, Hash: t.Hash, UserName: t.User, Name: clean(t.Name), Scope: t.Scope, CreatedAt: toMS(s.now()), ExpiresAt: toMS(t.ExpiresAt),
		}).Exec(ctx)
		return err
	})
}

// Token returns a token by its secret's hash, with its user, and notes that it is used. One that has expired is
// [models.ErrNotFound].
func (s *Store) Token(ctx context.Context, hash string) (models.Token, models.User, error) {
	var r tokenRow
	var u *userRow
	err := s.read(ctx, "reading a token", func(ctx context.Context, tx bun.Tx) (err error) {
		if err := tx.NewSelect().Model(&r).Where("hash = ?", hash).Scan(ctx); err != nil {
			return missing(err, "token", "")
		}
		u, err = user(ctx, tx, r.UserName)
		return err
	})
	now := toMS(s.now())
	if err == nil && r.ExpiresAt != 0 && r.ExpiresAt <= now {
		err = fmt.Errorf("token: %w", models.ErrNotFound)
	}
	if err != nil {
		return models.Token{}, models.User{}, err
	}
	if now-r.UsedAt >= seenEvery.Milliseconds() {
		s.seen(ctx, u.Name, now, "UPDATE tokens SET used_at = ? WHERE id = ?", r.ID)
	}
	return r.model(), u.model(), nil
}

// Tokens lists the tokens of a user, or of all users for "", the newest first; those that have expired too.
func (s *Store) Tokens(ctx context.Context, name string) ([]models.Token, error) {
	var rows []tokenRow
	q := s.e.read.NewSelect().Model(&rows).Order("created_at DESC", "id")
	if name != "" {
		q = q.Where("user_name = ?", name)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("listing the tokens: %w", s.e.explain(err))
	}
	tokens := make([]models.Token, len(rows))
	for i := range rows {
		tokens[i] = rows[i].model()
	}
	return tokens, nil
}

// RemoveToken ends a token of a user, or of any user for "", or says [models.ErrNotFound].
func (s *Store) RemoveToken(ctx context.Context, name, id string) error {
	return s.write(ctx, "removing a token", func(ctx context.Context, tx bun.Tx) error {
		n, err := affected(tx.NewRaw("DELETE FROM tokens WHERE id = ? AND (user_name = ? OR ? = '')", id, name, name).Exec(ctx))
		if err == nil && n == 0 {
			return fmt.Errorf("token %s: %w", id, models.ErrNotFound)
		}
		return err
	})
}
