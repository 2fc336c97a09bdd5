package api

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/earshot/earshot/models"
)

// caller is who asks, and from where.
type caller struct {
	name    string            // of a user; "" for nobody who is known
	role    models.Role       // of the user
	scope   models.Scope      // how much they may do
	sees    models.Visibility // how far they see; "" for nothing
	session string            // identifier of the session; "" without one
	address string
	agent   string
	secure  bool // the browser is connected by https
}

// may reports whether what somebody needs is what they have.
func (c caller) may(n need) bool {
	if n == needSession {
		return c.session != ""
	}
	return c.scope.Includes(models.Scope(n))
}

type callerKey struct{}

func withCaller(ctx context.Context, c caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// callerOf returns who asks; somebody who may nothing where nobody has said.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// seenBy is how far users with a role see.
func seenBy(r models.Role) models.Visibility {
	if r == models.RoleAdmin {
		return models.VisibleToAdmins
	}
	return models.VisibleToMembers
}

// errBadToken says that a token is not, or no longer, one.
var errBadToken = errors.New("this token is not valid, or has expired: make a new one")

// identify finds out who sends a request. A token counts alone; a cookie that stands for no session counts for nothing.
func (g *gate) identify(c *gin.Context) (caller, error) {
	r := c.Request
	who := caller{address: c.ClientIP(), agent: r.UserAgent(), secure: r.TLS != nil || strings.HasPrefix(g.o.PublicURL, "https://")}
	secret, ok := bearer(r)
	if !ok {
		secret, ok = basic(r)
	}
	if ok {
		return g.byToken(r.Context(), who, secret)
	}
	who = g.anybody(r.Context(), who)
	cookie, err := r.Cookie(cookieOf(who.secure))
	if err != nil || g.o.Accounts == nil {
		return who, nil //nolint:nilerr // no cookie, nobody
	}
	session, user, err := g.o.Accounts.Session(r.Context(), hashOf(cookie.Value))
	if errors.Is(err, models.ErrNotFound) {
		return who, nil
	}
	if err != nil {
		return who, err
	}
	return g.as(r.Context(), who, user, session.ID), nil
}

// anybody gives somebody what all have.
func (g *gate) anybody(ctx context.Context, who caller) caller {
	who.scope, who.sees = models.ScopeNone, ""
	switch g.access(ctx) {
	case AccessOpen:
		who.scope, who.sees = models.ScopeAdmin, models.VisibleToAdmins
	case AccessRead:
		who.scope, who.sees = models.ScopeRead, models.VisibleToEveryone
	}
	return who
}

// as gives somebody what a user has who is logged in, beside what all have.
func (g *gate) as(ctx context.Context, who caller, user models.User, session string) caller {
	who = g.anybody(ctx, who)
	who.name, who.role, who.session = user.Name, user.Role, session
	if scope := user.Role.Scope(); !who.scope.Includes(scope) {
		who.scope = scope
	}
	if who.sees != models.VisibleToAdmins {
		who.sees = seenBy(user.Role)
	}
	return who
}

func (g *gate) byToken(ctx context.Context, who caller, secret string) (caller, error) {
	hash := hashOf(secret)
	if l := g.o.LocalSecret; l != "" && subtle.ConstantTimeCompare([]byte(hash), []byte(hashOf(l))) == 1 {
		who.name, who.role, who.scope, who.sees = localName, models.RoleAdmin, models.ScopeAdmin, models.VisibleToAdmins
		return who, nil
	}
	if g.o.Accounts == nil {
		return who, errBadToken
	}
	token, user, err := g.o.Accounts.Token(ctx, hash)
	if errors.Is(err, models.ErrNotFound) {
		return who, errBadToken
	}
	if err != nil {
		return who, err
	}
	who.name, who.role, who.scope, who.sees = user.Name, user.Role, token.Scope.Least(user.Role.Scope()), seenBy(user.Role)
	return who, nil
}

// localName is what the commands on this machine are called; it is no user's.
const localName = "(this machine)"

// bearer returns the token of a request. What a proxy in front may have in that header does not count.
func bearer(r *http.Request) (secret string, ok bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	secret = strings.TrimSpace(secret)
	return secret, strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(secret, tokenPrefix)
}

// basic returns the token of a podcast player, which knows names and passwords only: it is the password. Browsers may keep such
// a password and send it by themselves, so that it is no sign of a program.
func basic(r *http.Request) (secret string, ok bool) {
	_, secret, ok = r.BasicAuth()
	return secret, ok && strings.HasPrefix(secret, tokenPrefix)
}

// still reports whether who asked may go on reading: a stream outlives sessions, and what may be seen.
func (g *gate) still(c *gin.Context) bool {
	before := callerOf(c.Request.Context())
	now, err := g.identify(c)
	return err == nil && now.may(needRead) && now.name == before.name && now.sees == before.sees
}

// counted is as whom it counts what somebody does, "" where it does not: where everybody may do everything there is nobody to
// protect.
func (g *gate) counted(ctx context.Context, who caller) string {
	switch {
	case g.access(ctx) == AccessOpen || who.name == localName:
		return ""
	case who.name != "":
		return "user " + who.name
	}
	return "address " + networkOf(who.address)
}

// tooOften returns how long somebody has to wait.
func (g *gate) tooOften(ctx context.Context, who caller) time.Duration {
	if as := g.counted(ctx, who); as != "" {
		return g.calls.wait(as, time.Now())
	}
	return 0
}

// fail answers a request of which it cannot be found out who sends it.
func (g *gate) fail(c *gin.Context, err error) {
	if errors.Is(err, errBadToken) {
		if wait := g.calls.wait("forged "+networkOf(c.ClientIP()), time.Now()); wait > 0 {
			tooMany(c.Writer.Header(), wait)
			refuseWith(c, http.StatusTooManyRequests, "too many requests: slow down")
			return
		}
		c.Header("WWW-Authenticate", `Bearer realm="Earshot", error="invalid_token"`)
		refuseWith(c, http.StatusUnauthorized, err.Error())
		return
	}
	if ctx := c.Request.Context(); ctx.Err() == nil {
		g.o.Logger.ErrorContext(ctx, "it cannot be found out who asks", slog.Any("error", err))
	}
	refuseWith(c, http.StatusInternalServerError, internalDetail)
}
