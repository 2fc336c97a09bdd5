package api

import (
	"context"

	"github.com/earshot/earshot/models"
)

// Accounts keeps who can log in. Errors are [models.ErrNotFound] for what is not there, or no longer counts.
type Accounts interface {
	// Session returns a session that has not ended, by the hash of its secret, with its user, and notes that it is used.
	Session(ctx context.Context, hash string) (models.Session, models.User, error)
	// Token returns a token that has not expired, by the hash of its secret, with its user, and notes that it is used.
	Token(ctx context.Context, hash string) (models.Token, models.User, error)
}
