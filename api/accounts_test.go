package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/earshot/earshot/api/password"
	"github.com/earshot/earshot/models"
)

// accounts are users with their sessions and tokens, in memory.
type accounts struct {
	mu       sync.Mutex
	users    []models.User
	hashes   map[string]string
	sessions []models.Session
	tokens   []models.Token
}

// passwordOf is the password of a user of the tests.
func passwordOf(name string) string { return name + " likes long walks" }

// hashes are those of the passwords of all roles, made once.
var hashes = sync.OnceValue(func() map[string]string {
	out, h := map[string]string{}, password.New()
	for _, role := range models.Roles() {
		hash, err := h.Hash(context.Background(), passwordOf(string(role)))
		if err != nil {
			panic(err)
		}
		out[string(role)] = hash
	}
	return out
})

// newAccounts has one user of each role, called like it, who is logged in with a session whose secret is the name.
func newAccounts(t *testing.T) *accounts {
	t.Helper()
	a := &accounts{hashes: maps.Clone(hashes())}
	for _, role := range models.Roles() {
		name := string(role)
		a.users = append(a.users, models.User{Name: name, Role: role})
		a.sessions = append(a.sessions, models.Session{ID: fmt.Sprintf("%016s", name), Hash: hashOf(name), User: name, ExpiresAt: time.Now().Add(time.Hour)})
	}
	return a
}

func (a *accounts) lock() func() { a.mu.Lock(); return a.mu.Unlock }

func (a *accounts) find(name string) (int, error) {
	i := slices.IndexFunc(a.users, func(u models.User) bool { return u.Name == name })
	if i < 0 {
		return 0, fmt.Errorf("user %s: %w", name, models.ErrNotFound)
	}
	return i, nil
}

func (a *accounts) Users(context.Context) ([]models.User, error) {
	defer a.lock()()
	return slices.Clone(a.users), nil
}

func (a *accounts) Password(_ context.Context, name string) (models.User, string, error) {
	defer a.lock()()
	i, err := a.find(name)
	if err != nil {
		return models.User{}, "", err
	}
	return a.users[i], a.hashes[name], nil
}

func (a *accounts) AddUser(_ context.Context, u models.User, hash string) error {
	defer a.lock()()
	if _, err := a.find(u.Name); err == nil {
		return models.Explain(models.ErrInvalid, "there is a user %s already", u.Name)
	}
	a.users, a.hashes[u.Name] = append(a.users, u), hash
	return nil
}

func (a *accounts) SetPassword(_ context.Context, name, hash string) error {
	defer a.lock()()
	a.hashes[name] = hash
	a.sessions = slices.DeleteFunc(a.sessions, func(n models.Session) bool { return n.User == name })
	_, err := a.find(name)
	return err
}

func (a *accounts) ResetPassword(ctx context.Context, name, hash string) error {
	err := a.SetPassword(ctx, name, hash)
	defer a.lock()()
	a.tokens = slices.DeleteFunc(a.tokens, func(k models.Token) bool { return k.User == name })
	return err
}

func (a *accounts) Rehash(_ context.Context, name, was, hash string) error {
	defer a.lock()()
	if a.hashes[name] == was {
		a.hashes[name] = hash
	}
	return nil
}

func (a *accounts) SetRole(_ context.Context, name string, role models.Role) error {
	defer a.lock()()
	i, err := a.find(name)
	if err == nil {
		a.users[i].Role = role
	}
	return err
}

func (a *accounts) RemoveUser(_ context.Context, name string) error {
	defer a.lock()()
	i, err := a.find(name)
	if err == nil {
		a.users = slices.Delete(a.users, i, i+1)
		a.sessions = slices.DeleteFunc(a.sessions, func(n models.Session) bool { return n.User == name })
	}
	return err
}

func (a *accounts) AddSession(_ context.Context, n models.Session) error {
	defer a.lock()()
	n.CreatedAt, n.SeenAt = time.Now(), time.Now()
	a.sessions = append(a.sessions, n)
	return nil
}

func (a *accounts) Session(_ context.Context, hash string) (models.Session, models.User, error) {
	defer a.lock()()
	for _, n := range a.sessions {
		if n.Hash == hash && n.ExpiresAt.After(time.Now()) {
			i, err := a.find(n.User)
			return n, a.users[i], err
		}
	}
	return models.Session{}, models.User{}, models.ErrNotFound
}

func (a *accounts) Sessions(_ context.Context, name string) ([]models.Session, error) {
	defer a.lock()()
	return slices.DeleteFunc(slices.Clone(a.sessions), func(n models.Session) bool { return n.User != name }), nil
}

func (a *accounts) EndSession(_ context.Context, name, id string) error {
	defer a.lock()()
	before := len(a.sessions)
	a.sessions = slices.DeleteFunc(a.sessions, func(n models.Session) bool { return n.User == name && n.ID == id })
	if len(a.sessions) == before {
		return models.ErrNotFound
	}
	return nil
}

func (a *accounts) AddToken(_ context.Context, t models.Token) error {
	defer a.lock()()
	i, err := a.find(t.User)
	if err == nil && !a.users[i].Role.Scope().Includes(t.Scope) {
		err = models.Explain(models.ErrInvalid, "the role does not allow that")
	}
	if err == nil {
		a.tokens = append(a.tokens, t)
	}
	return err
}

func (a *accounts) Token(_ context.Context, hash string) (models.Token, models.User, error) {
	defer a.lock()()
	for _, k := range a.tokens {
		if k.Hash == hash && (k.ExpiresAt.IsZero() || k.ExpiresAt.After(time.Now())) {
			i, err := a.find(k.User)
			return k, a.users[i], err
		}
	}
	return models.Token{}, models.User{}, models.ErrNotFound
}

func (a *accounts) Tokens(_ context.Context, name string) ([]models.Token, error) {
	defer a.lock()()
	return slices.DeleteFunc(slices.Clone(a.tokens), func(k models.Token) bool { return name != "" && k.User != name }), nil
}

func (a *accounts) RemoveToken(_ context.Context, name, id string) error {
	defer a.lock()()
	before := len(a.tokens)
	a.tokens = slices.DeleteFunc(a.tokens, func(k models.Token) bool { return k.ID == id && (name == "" || k.User == name) })
	if len(a.tokens) == before {
		return models.ErrNotFound
	}
	return nil
}

// token makes a token of a user and returns its secret.
func (a *accounts) token(user string, scope models.Scope, expires time.Time) string {
	defer a.lock()()
	secret, hash := NewToken()
	a.tokens = append(a.tokens, models.Token{ID: NewAccountID(), Hash: hash, User: user, Name: "of a test", Scope: scope, ExpiresAt: expires})
	return secret
}

// withAccounts makes a handler that asks for logins.
func withAccounts(access string, a *accounts) func(*Options) {
	return func(o *Options) { o.Access, o.Accounts = access, a }
}

// session is the header of a browser in which somebody is logged in; nobody for "".
func session(secret string) []string {
	if secret == "" {
		return nil
	}
	return []string{"Cookie", (&http.Cookie{Name: cookieName, Value: secret}).String()}
}
