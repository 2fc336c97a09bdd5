package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/api/password"
	"github.com/earshot/earshot/models"
)

// sessionLasts is how long a session lasts at most. One that is not used for some weeks ends before.
const sessionLasts = 90 * 24 * time.Hour

// maxAgent bounds what is kept of what a browser calls itself.
const maxAgent = 200

// Session says who asks and what they may do.
type Session struct {
	Access   string            `json:"access" enum:"open,read,login" doc:"What those may do who are not logged in: everything, read, or nothing"`
	User     string            `json:"user" doc:"Name of who is logged in; empty for nobody"`
	Role     models.Role       `json:"role" doc:"reader, editor or admin; empty for nobody"`
	May      models.Scope      `json:"may" doc:"How much may be done: read, write or admin, each of which includes those before it; empty for nothing"`
	Sees     models.Visibility `json:"sees" doc:"Which shows are there: those for everyone, for members, or for admins; empty for none"`
	LoggedIn bool              `json:"logged_in" doc:"There is a session, which can be ended"`
}

type sessionOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      Session
}

// Login is what somebody logs in with.
type Login struct {
	User     string `json:"user" minLength:"1" maxLength:"100" example:"ada"`
	Password string `json:"password" minLength:"1" maxLength:"1000"`
}

// NewPassword replaces a password.
type NewPassword struct {
	Current string `json:"current" minLength:"1" maxLength:"1000" doc:"The password until now"`
	New     string `json:"new" minLength:"10" maxLength:"1000"`
}

// Browser is a session in a list.
type Browser struct {
	ID        string    `json:"id"`
	Agent     string    `json:"agent" doc:"What the browser calls itself"`
	Address   string    `json:"address" doc:"From where the user logged in"`
	CreatedAt time.Time `json:"created_at" format:"date-time"`
	SeenAt    time.Time `json:"seen_at" format:"date-time" doc:"When it was last used, to some minutes"`
	ExpiresAt time.Time `json:"expires_at" format:"date-time"`
	This      bool      `json:"this" doc:"It is the one that asks"`
}

// Browsers is the list of a user's sessions.
type Browsers struct {
	Sessions []Browser `json:"sessions" doc:"Newest first"`
}

func (s *server) registerSession(h huma.API) {
	register(s, h, asking(needNothing, get("get-session", "/api/v1/session", "Who asks, and what they may do")),
		func(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
			return s.whoAsks(ctx, callerOf(ctx)), nil
		})

	login := asking(needNothing, huma.Operation{
		OperationID: "log-in", Method: http.MethodPost, Path: "/api/v1/session", Summary: "Log in: begin a session, which is in a cookie",
		Description: "After some attempts from one address, or at one name, further ones have to wait as Retry-After says.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable},
	})
	register(s, h, login, s.logIn)

	logout := asking(needNothing, huma.Operation{OperationID: "log-out", Method: http.MethodDelete, Path: "/api/v1/session", Summary: "Log out: end this session"})
	logout.Errors = []int{http.StatusForbidden}
	register(s, h, logout, s.logOut)

	change := asking(needSession, huma.Operation{
		OperationID: "change-password", Method: http.MethodPost, Path: "/api/v1/session/password", Summary: "Change one's own password; all other sessions end",
		Errors: []int{http.StatusServiceUnavailable},
	})
	register(s, h, change, s.changePassword)

	list := asking(needSession, get("list-sessions", "/api/v1/sessions", "Where one is logged in"))
	register(s, h, list, s.sessions)
	end := asking(needSession, huma.Operation{
		OperationID: "end-session", Method: http.MethodDelete, Path: "/api/v1/sessions/{id}", Summary: "Log out elsewhere", DefaultStatus: http.StatusNoContent,
		Errors: []int{http.StatusNotFound},
	})
	register(s, h, end, func(ctx context.Context, in *accountInput) (*struct{}, error) {
		return nil, s.Accounts.EndSession(ctx, callerOf(ctx).name, in.ID)
	})
}

type accountInput struct {
	ID string `path:"id" pattern:"^[A-Za-z0-9_-]{16}$" doc:"Identifier from the list"`
}

func (s *server) whoAsks(ctx context.Context, who caller) *sessionOutput {
	return &sessionOutput{Body: Session{
		Access: s.gate.access(ctx), User: who.name, Role: who.role, May: who.scope, Sees: who.sees, LoggedIn: who.session != "",
	}}
}

// errLogin is all that somebody learns who cannot log in.
func errLogin() error {
	return huma.Error401Unauthorized("the name or the password is wrong")
}

func (s *server) logIn(ctx context.Context, in *struct{ Body Login }) (*sessionOutput, error) {
	if s.Accounts == nil {
		return nil, errLogin()
	}
	who := callerOf(ctx)
	name, nameErr := models.UserName(in.Body.User)
	if err := s.slowDown(ctx, name); err != nil {
		return nil, err
	}
	user, hash := models.User{}, ""
	if nameErr == nil {
		var err error
		if user, hash, err = s.Accounts.Password(ctx, name); err != nil && !errors.Is(err, models.ErrNotFound) {
			return nil, fmt.Errorf("reading the user %s: %w", name, err)
		}
	}
	right, renew, err := s.passwords.Compare(ctx, in.Body.Password, hash) // also where there is no such user, for as long
	if err != nil {
		return nil, s.busy(ctx, err)
	}
	if !right {
		s.Logger.WarnContext(ctx, "somebody could not log in", slog.String("address", who.address))
		return nil, errLogin()
	}
	if renew {
		s.renew(ctx, name, in.Body.Password, hash)
	}
	return s.begin(ctx, who, user)
}

// slowDown is an error while there are too many attempts to log in.
func (s *server) slowDown(ctx context.Context, name string) error {
	wait := s.gate.logins.wait(networkOf(callerOf(ctx).address), time.Now())
	if wait == 0 { // else nobody could keep a user out by trying on and on from one address
		wait = s.gate.names.wait(name, time.Now())
	}
	if wait == 0 {
		return nil
	}
	return later(huma.Error429TooManyRequests("too many attempts to log in: wait a little, then try again"), wait)
}

// busy is an error of hashing as it is told.
func (s *server) busy(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, password.ErrBusy) {
		return later(huma.Error503ServiceUnavailable(err.Error()), busyPatience)
	}
	return err
}

// renew keeps a password in today's form. That it cannot is for the log.
func (s *server) renew(ctx context.Context, name, typed, was string) {
	hash, err := s.passwords.Hash(ctx, typed)
	if err == nil {
		err = s.Accounts.Rehash(ctx, name, was, hash)
	}
	if err != nil && ctx.Err() == nil {
		s.Logger.WarnContext(ctx, "a password could not be kept in its newer form", slog.String("user", name), slog.Any("error", err))
	}
}

// begin begins a session with a secret that nobody has seen before, and ends the one that the browser had.
func (s *server) begin(ctx context.Context, who caller, user models.User) (*sessionOutput, error) {
	if who.session != "" {
		if err := s.Accounts.EndSession(ctx, who.name, who.session); err != nil && !errors.Is(err, models.ErrNotFound) {
			return nil, fmt.Errorf("ending the session before: %w", err)
		}
	}
	secret := newSecret()
	n := models.Session{
		ID: NewAccountID(), Hash: hashOf(secret), User: user.Name, Agent: strings.ToValidUTF8(who.agent[:min(len(who.agent), maxAgent)], ""),
		Address: who.address, ExpiresAt: time.Now().Add(sessionLasts),
	}
	if err := s.Accounts.AddSession(ctx, n); err != nil {
		return nil, fmt.Errorf("beginning a session of %s: %w", user.Name, err)
	}
	out := s.whoAsks(ctx, s.gate.as(ctx, who, user, n.ID))
	out.SetCookie = []http.Cookie{cookie(who, secret, int(sessionLasts.Seconds()))}
	return out, nil
}

// cookie is what a browser keeps for a session; seconds is for how long, negative to forget it.
func cookie(who caller, secret string, seconds int) http.Cookie {
	return http.Cookie{ //nolint:gosec // Secure wherever the browser uses https
		Name: cookieOf(who.secure), Value: secret, Path: "/", MaxAge: seconds, Secure: who.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

func (s *server) logOut(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
	who := callerOf(ctx)
	if who.session != "" {
		if err := s.Accounts.EndSession(ctx, who.name, who.session); err != nil && !errors.Is(err, models.ErrNotFound) {
			return nil, fmt.Errorf("logging out %s: %w", who.name, err)
		}
	}
	out := s.whoAsks(ctx, s.gate.anybody(ctx, caller{}))
	out.SetCookie = []http.Cookie{cookie(who, "", -1)}
	return out, nil
}

func (s *server) changePassword(ctx context.Context, in *struct{ Body NewPassword }) (*sessionOutput, error) {
	who := callerOf(ctx)
	if err := models.CheckPassword(who.name, in.Body.New); err != nil {
		return nil, err
	}
	if err := s.slowDown(ctx, who.name); err != nil {
		return nil, err
	}
	user, was, err := s.Accounts.Password(ctx, who.name)
	if err != nil {
		return nil, fmt.Errorf("reading the user %s: %w", who.name, err)
	}
	right, _, err := s.passwords.Compare(ctx, in.Body.Current, was)
	if err != nil {
		return nil, s.busy(ctx, err)
	}
	if !right {
		return nil, models.Explain(models.ErrInvalid, "this is not your password until now")
	}
	hash, err := s.passwords.Hash(ctx, in.Body.New)
	if err != nil {
		return nil, s.busy(ctx, err)
	}
	if err := s.Accounts.SetPassword(ctx, who.name, hash); err != nil {
		return nil, fmt.Errorf("setting the password of %s: %w", who.name, err)
	}
	return s.begin(ctx, who, user)
}

func (s *server) sessions(ctx context.Context, _ *struct{}) (*struct{ Body Browsers }, error) {
	who := callerOf(ctx)
	list, err := s.Accounts.Sessions(ctx, who.name)
	if err != nil {
		return nil, fmt.Errorf("listing the sessions of %s: %w", who.name, err)
	}
	out := &struct{ Body Browsers }{Browsers{Sessions: make([]Browser, len(list))}}
	for i, n := range list {
		out.Body.Sessions[i] = Browser{
			ID: n.ID, Agent: n.Agent, Address: n.Address, CreatedAt: n.CreatedAt, SeenAt: n.SeenAt, ExpiresAt: n.ExpiresAt, This: n.ID == who.session,
		}
	}
	return out, nil
}
