package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

type userRow struct {
	bun.BaseModel `bun:"users,alias:u"`

	Name      string `bun:",pk"`
	Role      models.Role
	Password  string
	CreatedAt int64
	SeenAt    int64
}

func (r *userRow) model() models.User {
	return models.User{Name: r.Name, Role: r.Role, CreatedAt: fromMS(r.CreatedAt), SeenAt: fromMS(r.SeenAt)}
}

// Users lists who can log in, by name.
func (s *Store) Users(ctx context.Context) ([]models.User, error) {
	var rows []userRow
	if err := s.e.read.NewSelect().Model(&rows).ExcludeColumn("password").Order("name").Scan(ctx); err != nil {
		return nil, fmt.Errorf("listing the users: %w", s.e.explain(err))
	}
	users := make([]models.User, len(rows))
	for i := range rows {
		users[i] = rows[i].model()
	}
	return users, nil
}

// Password returns a user with the hash of their password, or [models.ErrNotFound].
func (s *Store) Password(ctx context.Context, name string) (models.User, string, error) {
	r, err := user(ctx, s.e.read, name)
	if err != nil {
		return models.User{}, "", fmt.Errorf("reading a user: %w", s.e.explain(err))
	}
	return r.model(), r.Password, nil
}

func user(ctx context.Context, db bun.IDB, name string) (*userRow, error) {
	r := &userRow{Name: name}
	return r, missing(db.NewSelect().Model(r).WherePK().Scan(ctx), "user", name)
}

// AddUser lets somebody log in, with the hash of their password. A name that is taken, or none, is [models.ErrInvalid].
func (s *Store) AddUser(ctx context.Context, u models.User, hash string) error {
	if name, err := models.UserName(u.Name); err != nil || name != u.Name {
		return models.Explain(models.ErrInvalid, "%q is no user's name", u.Name)
	}
	if err := u.Role.Check(); err != nil {
		return err
	}
	return s.write(ctx, "adding the user "+u.Name, func(ctx context.Context, tx bun.Tx) error {
		r := &userRow{Name: u.Name, Role: u.Role, Password: hash, CreatedAt: toMS(s.now())}
		n, err := affected(tx.NewInsert().Model(r).On("CONFLICT DO NOTHING").Exec(ctx))
		if err == nil && n == 0 {
			return models.Explain(models.ErrInvalid, "there is a user %s already", u.Name)
		}
		return err
	})
}

// SetPassword gives a user another password, by its hash, and ends all their sessions. Their tokens stay: it is the user who
// chooses another password.
func (s *Store) SetPassword(ctx context.Context, name, hash string) error {
	return s.write(ctx, "setting the password of "+name, func(ctx context.Context, tx bun.Tx) error {
		return setPassword(ctx, tx, name, hash)
	})
}

// ResetPassword gives a user another password, by its hash, and ends all that lets somebody in as them: sessions and tokens. Whoever
// sets the password of somebody else does not know who has the old one, and what was made with it.
func (s *Store) ResetPassword(ctx context.Context, name, hash string) error {
	return s.write(ctx, "resetting the password of "+name, func(ctx context.Context, tx bun.Tx) error {
		if err := setPassword(ctx, tx, name, hash); err != nil {
			return err
		}
		_, err := tx.NewRaw("DELETE FROM tokens WHERE user_name = ?", name).Exec(ctx)
		return err
	})
}

func setPassword(ctx context.Context, tx bun.Tx, name, hash string) error {
	if _, err := user(ctx, tx, name); err != nil {
		return err
	}
	if _, err := tx.NewRaw("UPDATE users SET password = ? WHERE name = ?", hash, name).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewRaw("DELETE FROM sessions WHERE user_name = ?", name).Exec(ctx)
	return err
}

// Rehash replaces the hash of a password by another one of the same password, if it is still the one that was.
func (s *Store) Rehash(ctx context.Context, name, was, hash string) error {
	return s.write(ctx, "storing the password of "+name+" in its newer form", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("UPDATE users SET password = ? WHERE name = ? AND password = ?", hash, name, was).Exec(ctx)
		return err
	})
}

// SetRole gives a user another role. The last admin stays one: [models.ErrInvalid].
func (s *Store) SetRole(ctx context.Context, name string, role models.Role) error {
	if err := role.Check(); err != nil {
		return err
	}
	return s.write(ctx, "setting the role of "+name, func(ctx context.Context, tx bun.Tx) error {
		if role != models.RoleAdmin {
			if err := notLastAdmin(ctx, tx, name); err != nil {
				return err
			}
		}
		n, err := affected(tx.NewRaw("UPDATE users SET role = ? WHERE name = ?", role, name).Exec(ctx))
		if err == nil && n == 0 {
			return fmt.Errorf("user %s: %w", name, models.ErrNotFound)
		}
		return err
	})
}

// RemoveUser ends all that a user has: their sessions and tokens. The last admin stays: [models.ErrInvalid].
func (s *Store) RemoveUser(ctx context.Context, name string) error {
	return s.write(ctx, "removing the user "+name, func(ctx context.Context, tx bun.Tx) error {
		if err := notLastAdmin(ctx, tx, name); err != nil {
			return err
		}
		n, err := affected(tx.NewRaw("DELETE FROM users WHERE name = ?", name).Exec(ctx))
		if err == nil && n == 0 {
			return fmt.Errorf("user %s: %w", name, models.ErrNotFound)
		}
		return err
	})
}

func notLastAdmin(ctx context.Context, tx bun.Tx, name string) error {
	r, err := user(ctx, tx, name)
	if err != nil || r.Role != models.RoleAdmin {
		return err
	}
	others, err := tx.NewSelect().Model((*userRow)(nil)).Where("role = ?", models.RoleAdmin).Where("name <> ?", name).Count(ctx)
	if err == nil && others == 0 {
		return models.Explain(models.ErrInvalid, "%s is the last admin: make somebody else one first", name)
	}
	return err
}
