package models

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Role says what a user may do.
type Role string

// The roles, each with what the ones before it may do.
const (
	RoleReader Role = "reader" // search, read and listen
	RoleEditor Role = "editor" // add, upload, correct, and direct the queue
	RoleAdmin  Role = "admin"  // users, settings and models
)

// Roles lists the roles, the one that may do least first.
func Roles() []Role { return []Role{RoleReader, RoleEditor, RoleAdmin} }

// Check returns an error that is [ErrInvalid] for what is no role.
func (r Role) Check() error {
	if !slices.Contains(Roles(), r) {
		return Explain(ErrInvalid, "there is no role %q: use reader, editor or admin", string(r))
	}
	return nil
}

// Scope returns what a user with the role may do.
func (r Role) Scope() Scope {
	switch r {
	case RoleAdmin:
		return ScopeAdmin
	case RoleEditor:
		return ScopeWrite
	case RoleReader:
		return ScopeRead
	}
	return ScopeNone
}

// Scope is how much may be done: by a user, by the holder of a token, and what an operation asks for. Each includes those
// before it.
type Scope string

// The scopes.
const (
	ScopeNone  Scope = ""
	ScopeRead  Scope = "read"
	ScopeWrite Scope = "write"
	ScopeAdmin Scope = "admin"
)

// Scopes lists the scopes that a token may have, the smallest first.
func Scopes() []Scope { return []Scope{ScopeRead, ScopeWrite, ScopeAdmin} }

// Includes reports whether s is as much as need, or more.
func (s Scope) Includes(need Scope) bool {
	return slices.Index(Scopes(), s) >= slices.Index(Scopes(), need)
}

// Least returns the smaller of two scopes.
func (s Scope) Least(o Scope) Scope {
	if s.Includes(o) {
		return o
	}
	return s
}

// Check returns an error that is [ErrInvalid] for what no token may have.
func (s Scope) Check() error {
	if !slices.Contains(Scopes(), s) {
		return Explain(ErrInvalid, "a token cannot be for %q: use read, write or admin", string(s))
	}
	return nil
}

// User is somebody who can log in.
type User struct {
	Name      string // see [UserName]
	Role      Role
	CreatedAt time.Time
	SeenAt    time.Time // when one of the user's sessions or tokens was last used, to some minutes; zero: never
}

// maxUserName bounds the name of a user, in bytes. It may be an e-mail address.
const maxUserName = 100

// UserName returns a name in the one form in which it is stored and compared; the error is [ErrInvalid] for what is none. Only
// letters, digits and few signs: names that look alike are the same.
func UserName(typed string) (string, error) {
	name := strings.ToLower(strings.TrimSpace(typed))
	if name == "" || len(name) > maxUserName || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_@+") != "" {
		return "", Explain(ErrInvalid, "a user's name has up to %d of the letters a to z, digits, and . - _ @ +", maxUserName)
	}
	return name, nil
}

// Bounds of a password. NIST SP 800-63B asks for no more than a length; the upper one keeps hashing cheap to refuse.
const (
	minPassword = 10   // characters
	MaxPassword = 1000 // bytes
)

// CheckPassword returns an error that is [ErrInvalid] and says why a password is not good enough for a user.
func CheckPassword(user, password string) error {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return Explain(ErrInvalid, "a password has at least %d characters: a few words in a row are easy to remember", minPassword)
	case len(password) > MaxPassword || !utf8.ValidString(password):
		return Explain(ErrInvalid, "a password is text of at most %d bytes", MaxPassword)
	case strings.EqualFold(password, user) || strings.Count(password, password[:1]) == len(password):
		return Explain(ErrInvalid, "this password is the first that a stranger would try: choose another one")
	}
	return nil
}

// Session is a browser in which a user is logged in. Its secret is with the browser alone; Hash is what is kept of it.
type Session struct {
	ID        string // for lists; tells nothing of the secret
	Hash      string
	User      string
	Agent     string // what the browser calls itself, cut
	Address   string // from where the user logged in
	CreatedAt time.Time
	SeenAt    time.Time // to some minutes
	ExpiresAt time.Time // whatever happens
}

// Token lets a program in as a user. Its secret is shown once; Hash is what is kept of it.
type Token struct {
	ID        string
	Hash      string
	User      string
	Name      string // what it is for
	Scope     Scope  // never more than the user's role allows, whatever it says here
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	UsedAt    time.Time // to some minutes; zero: never
}

// maxTokenName bounds what a token is for, in characters.
const maxTokenName = 100

// Check returns an error that is [ErrInvalid] and says what is wrong with a new token.
func (t Token) Check() error {
	if n := utf8.RuneCountInString(t.Name); n == 0 || n > maxTokenName || strings.TrimSpace(t.Name) != t.Name {
		return Explain(ErrInvalid, "a token needs a name of up to %d characters that says what it is for", maxTokenName)
	}
	return t.Scope.Check()
}
