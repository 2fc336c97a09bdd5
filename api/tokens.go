package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// Token lets a program in as a user.
type Token struct {
	ID        string       `json:"id"`
	User      string       `json:"user" doc:"As whom the program is let in"`
	Name      string       `json:"name" doc:"What it is for"`
	Scope     models.Scope `json:"scope" enum:"read,write,admin" doc:"What it allows, as far as the user's role does"`
	CreatedAt time.Time    `json:"created_at" format:"date-time"`
	ExpiresAt *time.Time   `json:"expires_at,omitempty" format:"date-time" doc:"Absent: it does not"`
	UsedAt    *time.Time   `json:"used_at,omitempty" format:"date-time" doc:"To some minutes; absent: never"`
}

// TokenList is a list of tokens, without their secrets.
type TokenList struct {
	Tokens []Token `json:"tokens" doc:"Newest first"`
}

// TokenWish is a token that shall be.
type TokenWish struct {
	Name  string       `json:"name" minLength:"1" maxLength:"100" doc:"What it is for" example:"backup script"`
	Scope models.Scope `json:"scope" enum:"read,write,admin"`
	Days  int          `json:"days,omitempty" minimum:"0" maximum:"3650" doc:"After so many days it expires; 0: never"`
}

// FreshToken is a new token with its secret.
type FreshToken struct {
	Token
	Secret string `json:"secret" doc:"To be sent as Authorization: Bearer SECRET. It is shown this once: what is kept of it cannot be turned back"`
}

func (s *server) registerTokens(h huma.API) {
	list := asking(needSession, get("list-tokens", "/api/v1/tokens", "One's own tokens; those of all users with all, for admins"))
	register(s, h, list, func(ctx context.Context, in *struct {
		All bool `query:"all" doc:"Of all users"`
	},
	) (*struct{ Body TokenList }, error) {
		name, err := s.whose(ctx, in.All)
		if err != nil {
			return nil, err
		}
		tokens, err := s.Accounts.Tokens(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("listing the tokens: %w", err)
		}
		out := &struct{ Body TokenList }{TokenList{Tokens: make([]Token, len(tokens))}}
		for i, t := range tokens {
			out.Body.Tokens[i] = newToken(t)
		}
		return out, nil
	})

	add := asking(needSession, huma.Operation{
		OperationID: "add-token", Method: http.MethodPost, Path: "/api/v1/tokens", Summary: "Make a token, which lets a program in as oneself", DefaultStatus: http.StatusCreated,
	})
	register(s, h, add, s.addToken)

	remove := asking(needSession, huma.Operation{
		OperationID: "remove-token", Method: http.MethodDelete, Path: "/api/v1/tokens/{id}", Summary: "End a token; an admin can end those of all users",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound},
	})
	register(s, h, remove, func(ctx context.Context, in *accountInput) (*struct{}, error) {
		who := callerOf(ctx)
		name := who.name
		if who.role == models.RoleAdmin {
			name = ""
		}
		return nil, s.Accounts.RemoveToken(ctx, name, in.ID)
	})
}

// whose returns of which user something is asked for, "" for all.
func (s *server) whose(ctx context.Context, all bool) (string, error) {
	who := callerOf(ctx)
	switch {
	case !all:
		return who.name, nil
	case who.role == models.RoleAdmin:
		return "", nil
	}
	return "", huma.Error403Forbidden("only an admin sees the tokens of others")
}

func newToken(t models.Token) Token {
	return Token{
		ID: t.ID, User: t.User, Name: t.Name, Scope: t.Scope, CreatedAt: t.CreatedAt, ExpiresAt: known(t.ExpiresAt), UsedAt: known(t.UsedAt),
	}
}

func (s *server) addToken(ctx context.Context, in *struct{ Body TokenWish }) (*struct{ Body FreshToken }, error) {
	secret, hash := NewToken()
	t := models.Token{
		ID: NewAccountID(), Hash: hash, User: callerOf(ctx).name, Name: strings.TrimSpace(in.Body.Name), Scope: in.Body.Scope, CreatedAt: time.Now().UTC(),
	}
	if in.Body.Days > 0 {
		t.ExpiresAt = t.CreatedAt.AddDate(0, 0, in.Body.Days)
	}
	if err := t.Check(); err != nil {
		return nil, err
	}
	if err := s.Accounts.AddToken(ctx, t); err != nil {
		return nil, err
	}
	return &struct{ Body FreshToken }{FreshToken{newToken(t), secret}}, nil
}
