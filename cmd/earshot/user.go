package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/earshot/earshot/models"
)

func newUserCommand(c *config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Say who can log in, and what they may do",
		Long: `Say who can log in to the page, and what they may do: a reader searches, reads and listens; an editor also adds and uploads recordings,
corrects them and directs the queue; an admin also has users, settings and models. A running earshot serve knows of changes at once.`,
	}
	cmd.AddCommand(newUserAddCommand(c), newUserListCommand(c), newUserPasswordCommand(c), newUserRoleCommand(c), newUserRemoveCommand(c))
	return cmd
}

func newUserAddCommand(c *config) *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Let somebody log in; asks for a password, or reads it from standard input",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			u := models.User{Role: models.Role(role)}
			if u.Name, err = models.UserName(args[0]); err == nil {
				err = u.Role.Check()
			}
			if err != nil {
				return usageError{err}
			}
			secret, err := c.newPassword(cmd)
			if err != nil {
				return err
			}
			a, err := c.catalogue(cmd, c.open) // also the first thing that is done with an archive
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.close()) }()
			if err := a.addUser(cmd.Context(), u, secret); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s can log in as %s\n", u.Name, u.Role)
			return err
		},
	}
	cmd.Flags().StringVar(&role, "role", string(models.RoleReader), "what they may do: reader, editor or admin")
	return cmd
}

// onUser makes a command of what it does with the user who is its argument, and of what it then says of them.
func (c *config) onUser(use, short, said string, do func(ctx context.Context, cmd *cobra.Command, a catalogue, name string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := models.UserName(args[0])
			if err != nil {
				return usageError{err}
			}
			return c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
				users, err := a.Users(cmd.Context())
				if err != nil {
					return err
				}
				if !slices.ContainsFunc(users, func(u models.User) bool { return u.Name == name }) {
					return models.Explain(models.ErrNotFound, "there is no user %s: earshot user list shows who there is", name)
				}
				if err := do(cmd.Context(), cmd, a, name); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", name, said)
				return err
			})(cmd, nil)
		},
	}
}

func newUserPasswordCommand(c *config) *cobra.Command {
	return c.onUser("password NAME", "Give a user another password, log them out everywhere and end their tokens", "has another password, is logged out everywhere, and has no tokens any more",
		func(ctx context.Context, cmd *cobra.Command, a catalogue, name string) error {
			secret, err := c.newPassword(cmd)
			if err != nil {
				return err
			}
			return a.setPassword(ctx, name, secret)
		})
}

// newPassword asks for the password that a user shall have.
func (c *config) newPassword(cmd *cobra.Command) (string, error) {
	if c.Server != "" && c.Token == "" && c.TokenFile == "-" {
		return "", usageError{errors.New("standard input gives the password, and cannot give the token too: name a file with --token-file")}
	}
	return readPassword(cmd.InOrStdin(), cmd.ErrOrStderr())
}

func newUserRoleCommand(c *config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "role NAME ROLE",
		Short: "Say what a user may do: reader, editor or admin",
		Args:  arguments(cobra.ExactArgs(2)),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		role := models.Role(args[1])
		if err := role.Check(); err != nil {
			return usageError{err}
		}
		return c.onUser("", "", "is "+string(role)+" now", func(ctx context.Context, _ *cobra.Command, a catalogue, name string) error {
			return a.SetRole(ctx, name, role)
		}).RunE(cmd, args[:1])
	}
	return cmd
}

func newUserRemoveCommand(c *config) *cobra.Command {
	return c.onUser("remove NAME", "Remove a user, with their sessions and tokens", "is removed", func(ctx context.Context, _ *cobra.Command, a catalogue, name string) error {
		return a.RemoveUser(ctx, name)
	})
}

// listedUser is a user in the output of user list --json.
type listedUser struct {
	Name      string      `json:"name"`
	Role      models.Role `json:"role"`
	CreatedAt time.Time   `json:"created_at"`
	SeenAt    *time.Time  `json:"seen_at,omitempty"`
}

func newUserListCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List who can log in",
		Args:  arguments(cobra.NoArgs),
		RunE: c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
			users, err := a.Users(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				out := make([]listedUser, len(users))
				for i, u := range users {
					out[i] = listedUser{u.Name, u.Role, u.CreatedAt, sometime(u.SeenAt)}
				}
				return printJSON(cmd.OutOrStdout(), out)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, u := range users {
				fmt.Fprintf(w, "%s\t%s\t%s\n", u.Name, u.Role, lately("last here", u.SeenAt))
			}
			return w.Flush()
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// sometime is a time that may not be known.
func sometime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// lately says when something was last.
func lately(what string, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return what + " " + t.Local().Format("2006-01-02 15:04")
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// hiddenLine asks for a line that is not shown.
func hiddenLine(f *os.File, ask io.Writer, question string) (string, error) {
	_, _ = fmt.Fprint(ask, question)
	b, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(ask)
	return strings.TrimRight(string(b), "\r\n"), err
}
