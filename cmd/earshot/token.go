package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
)

func newTokenCommand(c *config) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Let programs in: each with a token that stands for a user, as far as its scope goes",
	}
	cmd.AddCommand(newTokenAddCommand(c), newTokenListCommand(c), newTokenRemoveCommand(c))
	return cmd
}

func newTokenAddCommand(c *config) *cobra.Command {
	var user, scope string
	var days int
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make a token and print it, this once; NAME says what it is for",
		Example: `  earshot token add "backup script" --scope read --days 365
  curl -H "Authorization: Bearer $EARSHOT_TOKEN" https://archive.example.org/api/v1/shows`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			secret, hash := api.NewToken()
			t := models.Token{ID: api.NewAccountID(), Hash: hash, Name: strings.TrimSpace(args[0]), Scope: models.Scope(scope)}
			if days < 0 {
				return usageError{errors.New("--days is a number of days, 0 for ever")}
			}
			if days > 0 {
				t.ExpiresAt = time.Now().AddDate(0, 0, days)
			}
			if err := t.Check(); err != nil {
				return usageError{err}
			}
			return c.onArchive(func(cmd *cobra.Command, a *archive) (err error) {
				if t.User, err = a.tokenUser(cmd, user); err != nil {
					return err
				}
				if err := a.AddToken(cmd.Context(), t); err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "A token of %s for %s, %s. It is shown this once:\n", t.User, t.Scope, expiry(t.ExpiresAt))
				_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
				return err
			})(cmd, nil)
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "as whom the program is let in (default: the only user, where there is one)")
	cmd.Flags().StringVar(&scope, "scope", string(models.ScopeRead), "what it allows: read, write (also add, upload, correct, direct the queue) or admin (everything)")
	cmd.Flags().IntVar(&days, "days", 0, "days after which it expires (default: never)")
	return cmd
}

// tokenUser is the user that is named, or the only one.
func (a *archive) tokenUser(cmd *cobra.Command, typed string) (string, error) {
	if typed != "" {
		name, err := models.UserName(typed)
		if err == nil {
			_, _, err = a.Password(cmd.Context(), name)
		}
		if errors.Is(err, models.ErrNotFound) {
			err = models.Explain(models.ErrNotFound, "there is no user %s: earshot user list shows who there is", name)
		}
		return name, err
	}
	users, err := a.Users(cmd.Context())
	switch {
	case err != nil:
		return "", err
	case len(users) == 0:
		return "", errors.New("a token stands for a user, and there is none yet: make one with earshot user add")
	case len(users) > 1:
		return "", usageError{errors.New("there are several users: say with --user for which of them the token stands")}
	}
	return users[0].Name, nil
}

func expiry(t time.Time) string {
	if t.IsZero() {
		return "without an end"
	}
	return "until " + t.Local().Format("2006-01-02 15:04")
}

// listedToken is a token in the output of token list --json.
type listedToken struct {
	ID        string       `json:"id"`
	User      string       `json:"user"`
	Name      string       `json:"name"`
	Scope     models.Scope `json:"scope"`
	CreatedAt time.Time    `json:"created_at"`
	ExpiresAt *time.Time   `json:"expires_at,omitempty"`
	UsedAt    *time.Time   `json:"used_at,omitempty"`
}

func newTokenListCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the tokens, without their secrets",
		Args:  arguments(cobra.NoArgs),
		RunE: c.onArchive(func(cmd *cobra.Command, a *archive) error {
			tokens, err := a.Tokens(cmd.Context(), "")
			if err != nil {
				return err
			}
			if asJSON {
				out := make([]listedToken, len(tokens))
				for i, t := range tokens {
					out[i] = listedToken{t.ID, t.User, t.Name, t.Scope, t.CreatedAt, sometime(t.ExpiresAt), sometime(t.UsedAt)}
				}
				return printJSON(cmd.OutOrStdout(), out)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, t := range tokens {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.User, t.Scope, visible(t.Name), expiry(t.ExpiresAt), lately("used", t.UsedAt))
			}
			return w.Flush()
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newTokenRemoveCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "remove ID",
		Short: "End a token; earshot token list shows their identifiers",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onArchive(func(cmd *cobra.Command, a *archive) error {
				if err := a.RemoveToken(cmd.Context(), "", args[0]); errors.Is(err, models.ErrNotFound) {
					return models.Explain(models.ErrNotFound, "there is no token %s: earshot token list shows which there are", visible(args[0]))
				} else if err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "the token is removed: what has it is let in no more")
				return err
			})(cmd, nil)
		},
	}
}
