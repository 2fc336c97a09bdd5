package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/api/remote"
	"github.com/earshot/earshot/models"
)

// tokenKeeper has tokens: all of this archive, or those that the server gives to somebody who is logged in there.
type tokenKeeper interface {
	tokens(ctx context.Context) ([]models.Token, error)
	addToken(ctx context.Context, wish api.TokenWish) (t models.Token, secret string, err error)
	removeToken(ctx context.Context, id string) error
}

func newTokenCommand(c *config) *cobra.Command {
	var user string
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Let programs in: each with a token that stands for a user, as far as its scope goes",
		Long: `Let programs in: each with a token that stands for a user, as far as its scope goes.

With --server, you log in there for the moment: --user says who you are, and your password is asked for, or read from standard input.`,
	}
	cmd.PersistentFlags().StringVar(&user, "user", "", "whose tokens (default: of a new one the only user, where there is one; with --server, it must be said)")
	cmd.AddCommand(newTokenAddCommand(c, &user), newTokenListCommand(c, &user), newTokenRemoveCommand(c, &user))
	return cmd
}

// onTokens makes a command without arguments of what it does with the tokens of a user, or of all.
func (c *config) onTokens(user *string, run func(cmd *cobra.Command, k tokenKeeper) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		c.Token, c.TokenFile, c.withheld = "", "", false // a server lets in with a password
		return c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
			return a.withTokens(cmd, *user, func(k tokenKeeper) error { return run(cmd, k) })
		})(cmd, nil)
	}
}

// tokensHere has the tokens of this archive.
type tokensHere struct {
	a    *archive
	user string // as typed; "" for all
}

func (a *archive) withTokens(_ *cobra.Command, user string, run func(tokenKeeper) error) error {
	return run(tokensHere{a, user})
}

func (h tokensHere) tokens(ctx context.Context) ([]models.Token, error) {
	return h.a.Tokens(ctx, strings.ToLower(h.user))
}

func (h tokensHere) addToken(ctx context.Context, wish api.TokenWish) (t models.Token, secret string, err error) {
	secret, hash := api.NewToken()
	t = models.Token{ID: api.NewAccountID(), Hash: hash, Name: wish.Name, Scope: wish.Scope}
	if wish.Days > 0 {
		t.ExpiresAt = time.Now().AddDate(0, 0, wish.Days)
	}
	if t.User, err = h.owner(ctx); err != nil {
		return t, "", err
	}
	return t, secret, h.a.AddToken(ctx, t)
}

func (h tokensHere) removeToken(ctx context.Context, id string) error {
	return h.a.RemoveToken(ctx, strings.ToLower(h.user), id)
}

// owner is the user that is named, or the only one.
func (h tokensHere) owner(ctx context.Context) (string, error) {
	if h.user != "" {
		name, err := models.UserName(h.user)
		if err == nil {
			_, _, err = h.a.Password(ctx, name)
		}
		if errors.Is(err, models.ErrNotFound) {
			err = models.Explain(models.ErrNotFound, "there is no user %s: earshot user list shows who there is", name)
		}
		return name, err
	}
	users, err := h.a.Users(ctx)
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

// tokensElsewhere has the tokens of somebody who is logged in to a server: of all users, where that is an admin.
type tokensElsewhere struct {
	in    *remote.Client
	admin bool
}

// withTokens logs in with a password: a token makes no tokens.
func (r elsewhere) withTokens(cmd *cobra.Command, user string, run func(tokenKeeper) error) error {
	if user == "" {
		return usageError{errors.New("say with --user who you are there")}
	}
	secret, err := typePassword(cmd.InOrStdin(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	in, who, err := r.LogIn(cmd.Context(), user, secret)
	if err != nil {
		return err
	}
	defer func() {
		if err := in.LogOut(context.WithoutCancel(cmd.Context())); err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "earshot: warning: you stay logged in for a while: %s\n", oneLine(err.Error()))
		}
	}()
	return run(tokensElsewhere{in, who.Role == models.RoleAdmin})
}

func (e tokensElsewhere) tokens(ctx context.Context) ([]models.Token, error) {
	return e.in.Tokens(ctx, e.admin)
}

func (e tokensElsewhere) addToken(ctx context.Context, wish api.TokenWish) (models.Token, string, error) {
	return e.in.AddToken(ctx, wish)
}

func (e tokensElsewhere) removeToken(ctx context.Context, id string) error {
	return e.in.RemoveToken(ctx, id)
}

func newTokenAddCommand(c *config, user *string) *cobra.Command {
	var scope string
	var days int
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make a token and print it, this once; NAME says what it is for",
		Example: `  earshot token add "backup script" --scope read --days 365
  earshot token add laptop --server https://archive.example.org --user ada --scope write > ~/.config/earshot-token
  curl -H "Authorization: Bearer $EARSHOT_TOKEN" https://archive.example.org/api/v1/shows`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			wish := api.TokenWish{Name: strings.TrimSpace(args[0]), Scope: models.Scope(scope), Days: days}
			if days < 0 {
				return usageError{errors.New("--days is a number of days, 0 for ever")}
			}
			if err := (models.Token{Name: wish.Name, Scope: wish.Scope}).Check(); err != nil {
				return usageError{err}
			}
			return c.onTokens(user, func(cmd *cobra.Command, k tokenKeeper) error {
				t, secret, err := k.addToken(cmd.Context(), wish)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "A token of %s for %s, %s. It is shown this once:\n", t.User, t.Scope, expiry(t.ExpiresAt))
				_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
				return err
			})(cmd, nil)
		},
	}
	cmd.Flags().StringVar(&scope, "scope", string(models.ScopeRead), "what it allows: read, write (also add, upload, correct, direct the queue) or admin (everything)")
	cmd.Flags().IntVar(&days, "days", 0, "days after which it expires (default: never)")
	return cmd
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

func newTokenListCommand(c *config, user *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the tokens, without their secrets",
		Args:  arguments(cobra.NoArgs),
		RunE: c.onTokens(user, func(cmd *cobra.Command, k tokenKeeper) error {
			tokens, err := k.tokens(cmd.Context())
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

func newTokenRemoveCommand(c *config, user *string) *cobra.Command {
	return &cobra.Command{
		Use:   "remove ID",
		Short: "End a token; earshot token list shows their identifiers",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onTokens(user, func(cmd *cobra.Command, k tokenKeeper) error {
				if err := k.removeToken(cmd.Context(), args[0]); errors.Is(err, models.ErrNotFound) {
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
