package api

import (
	"context"

	"github.com/earshot/earshot/models"
)

// Accounts keeps who can log in. Errors are [models.ErrNotFound] for what is not there, or no longer counts, and
// [models.ErrInvalid] for what cannot be.
type Accounts interface {
	// Users lists who can log in, by name.
	Users(ctx context.Context) ([]models.User, error)
	// Password returns a user with the hash of their password.
	Password(ctx context.Context, name string) (models.User, string, error)
	// AddUser lets somebody log in.
	AddUser(ctx context.Context, u models.User, hash string) error
	// SetPassword gives a user another password, and ends all their sessions.
	SetPassword(ctx context.Context, name, hash string) error
	// ResetPassword is SetPassword by somebody else: it ends their tokens as well.
	ResetPassword(ctx context.Context, name, hash string) error
	// Rehash replaces the hash of a password by another one of the same password, if it is still the one that was.
	Rehash(ctx context.Context, name, was, hash string) error
	// SetRole gives a user another role. The last admin stays one.
	SetRole(ctx context.Context, name string, role models.Role) error
	// RemoveUser ends all that a user has. The last admin stays.
	RemoveUser(ctx context.Context, name string) error

	// AddSession begins a session.
	AddSession(ctx context.Context, n models.Session) error
	// Session returns a session that has not ended, by the hash of its secret, with its user, and notes that it is used.
	Session(ctx context.Context, hash string) (models.Session, models.User, error)
	// Sessions lists the sessions of a user, the newest first.
	Sessions(ctx context.Context, name string) ([]models.Session, error)
	// EndSession ends one session of a user.
	EndSession(ctx context.Context, name, id string) error

	// AddToken lets a program in as a user.
	AddToken(ctx context.Context, t models.Token) error
	// Token returns a token that has not expired, by the hash of its secret, with its user, and notes that it is used.
	Token(ctx context.Context, hash string) (models.Token, models.User, error)
	// Tokens lists the tokens of a user, the newest first; of all users for "".
	Tokens(ctx context.Context, name string) ([]models.Token, error)
	// RemoveToken ends a token of a user, or of any user for "".
	RemoveToken(ctx context.Context, name, id string) error
}
