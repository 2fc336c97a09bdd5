package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// User is somebody who can log in.
type User struct {
	Name      string      `json:"name" example:"ada"`
	Role      models.Role `json:"role" enum:"reader,editor,admin" doc:"reader: search, read and listen. editor: also add, upload, correct, and direct the queue. admin: also users, settings and models"`
	CreatedAt time.Time   `json:"created_at" format:"date-time"`
	SeenAt    *time.Time  `json:"seen_at,omitempty" format:"date-time" doc:"When they, or a token of theirs, were here last, to some minutes; absent: never"`
}

// Users is the list of all users.
type Users struct {
	Users []User `json:"users" doc:"By name"`
}

// NewUser is somebody who shall be able to log in.
type NewUser struct {
	Name     string      `json:"name" minLength:"1" maxLength:"100" doc:"Letters a to z, digits, and . - _ @ +; an e-mail address will do" example:"ada"`
	Role     models.Role `json:"role" enum:"reader,editor,admin"`
	Password string      `json:"password" minLength:"10" maxLength:"1000" doc:"The user can change it"`
}

// UserChange is what shall be different of a user.
type UserChange struct {
	Role     models.Role `json:"role,omitempty" enum:"reader,editor,admin"`
	Password string      `json:"password,omitempty" minLength:"10" maxLength:"1000" doc:"Ends all sessions and tokens of the user"`
}

type userInput struct {
	Name string `path:"name" maxLength:"100" doc:"Name of a user"`
}

func (s *server) registerUsers(h huma.API) {
	register(s, h, asking(needAdmin, get("list-users", "/api/v1/users", "Who can log in")), s.users)

	add := asking(needAdmin, huma.Operation{
		OperationID: "add-user", Method: http.MethodPost, Path: "/api/v1/users", Summary: "Let somebody log in", DefaultStatus: http.StatusCreated,
		Errors: []int{http.StatusServiceUnavailable},
	})
	register(s, h, add, s.addUser)

	edit := asking(needAdmin, huma.Operation{
		OperationID: "change-user", Method: http.MethodPatch, Path: "/api/v1/users/{name}", Summary: "Give a user another role or another password",
		Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
	})
	register(s, h, edit, s.changeUser)

	remove := asking(needAdmin, huma.Operation{
		OperationID: "remove-user", Method: http.MethodDelete, Path: "/api/v1/users/{name}", Summary: "Remove a user, with their sessions and tokens",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound},
	})
	register(s, h, remove, func(ctx context.Context, in *userInput) (*struct{}, error) {
		if err := s.hasAccounts(); err != nil {
			return nil, err
		}
		return nil, s.Accounts.RemoveUser(ctx, in.Name)
	})
}

// hasAccounts is an error where nobody can log in.
func (s *server) hasAccounts() error {
	if s.Accounts == nil {
		return huma.Error404NotFound("nobody can log in here")
	}
	return nil
}

func newUser(u models.User) User {
	return User{Name: u.Name, Role: u.Role, CreatedAt: u.CreatedAt, SeenAt: known(u.SeenAt)}
}

func (s *server) users(ctx context.Context, _ *struct{}) (*struct{ Body Users }, error) {
	out := &struct{ Body Users }{Users{Users: []User{}}}
	if s.Accounts == nil {
		return out, nil
	}
	users, err := s.Accounts.Users(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the users: %w", err)
	}
	for _, u := range users {
		out.Body.Users = append(out.Body.Users, newUser(u))
	}
	return out, nil
}

func (s *server) addUser(ctx context.Context, in *struct{ Body NewUser }) (*struct{ Body User }, error) {
	if err := s.hasAccounts(); err != nil {
		return nil, err
	}
	name, err := models.UserName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	if err := models.CheckPassword(name, in.Body.Password); err != nil {
		return nil, err
	}
	hash, err := s.passwords.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, s.busy(ctx, err)
	}
	if err := s.Accounts.AddUser(ctx, models.User{Name: name, Role: in.Body.Role}, hash); err != nil {
		return nil, err
	}
	return s.user(ctx, name)
}

func (s *server) user(ctx context.Context, name string) (*struct{ Body User }, error) {
	u, _, err := s.Accounts.Password(ctx, name)
	return &struct{ Body User }{newUser(u)}, err
}

func (s *server) changeUser(ctx context.Context, in *struct {
	Name string `path:"name" maxLength:"100" doc:"Name of a user"`
	Body UserChange
},
) (*struct{ Body User }, error) {
	if err := s.hasAccounts(); err != nil {
		return nil, err
	}
	if in.Body.Password != "" {
		if err := models.CheckPassword(in.Name, in.Body.Password); err != nil {
			return nil, err
		}
	}
	if in.Body.Role != "" {
		if err := s.Accounts.SetRole(ctx, in.Name, in.Body.Role); err != nil {
			return nil, err
		}
	}
	if in.Body.Password != "" {
		hash, err := s.passwords.Hash(ctx, in.Body.Password)
		if err != nil {
			return nil, s.busy(ctx, err)
		}
		if err := s.Accounts.ResetPassword(ctx, in.Name, hash); err != nil {
			return nil, err
		}
	}
	return s.user(ctx, in.Name)
}
