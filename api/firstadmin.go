package api

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/earshot/earshot/models"
)

// firstAdminEvery is for how long it is believed that there is no admin yet.
const firstAdminEvery = 2 * time.Second

// firstAdmin remembers whether there is an admin who can log in. The last one stays, so that it is asked only until then.
type firstAdmin struct {
	mu    sync.Mutex
	is    bool
	asked time.Time
}

// access is what those may do who are not logged in, now: an archive that is open because nothing was chosen is not any more once
// somebody has made an admin. Where that cannot be found out nobody is let in.
func (g *gate) access(ctx context.Context) string {
	if !g.o.UntilAdmin {
		return g.o.Access
	}
	is, err := g.first.there(ctx, g.o.Accounts)
	if err != nil && ctx.Err() == nil {
		g.o.Logger.ErrorContext(ctx, "it cannot be found out whether somebody could log in", slog.Any("error", err))
	}
	if is || err != nil {
		return AccessLogin
	}
	return g.o.Access
}

func (f *firstAdmin) there(ctx context.Context, a Accounts) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.is || time.Since(f.asked) < firstAdminEvery {
		return f.is, nil
	}
	users, err := a.Users(ctx)
	if err != nil {
		return false, err
	}
	f.is, f.asked = slices.ContainsFunc(users, func(u models.User) bool { return u.Role == models.RoleAdmin }), time.Now()
	return f.is, nil
}
