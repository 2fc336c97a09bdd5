package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/store"
)

func newWorkerCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "worker",
		Short: "Work through the queue, without the page and the search index",
		Long: `Work through the queue of an archive: look for new episodes, fetch them and transcribe them, until stopped.

On as many machines as you like, where the archive is in Postgres (EARSHOT_DATABASE_URL or DATABASE_URL). Each has a data folder of its own, for
the weights and for what it is working on.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			a, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.close()) }()
			fmt.Fprintf(cmd.ErrOrStderr(), "Earshot works through the queue of %s. Stop it with Ctrl-C.\n", a.Where())
			if c.DatabaseURL != "" && c.MediaURL == "" {
				fmt.Fprintln(cmd.ErrOrStderr(), "earshot: warning: the recordings are in this machine's data folder, where other machines cannot reach them: set media-url")
			}
			return a.workAloud(cmd.Context(), cmd.ErrOrStderr())
		},
	}
}

// workAloud works until ctx ends, and says what the owner should know about it.
func (a *archive) workAloud(ctx context.Context, out io.Writer) error {
	if _, err := a.checkTools(ctx); err != nil {
		fmt.Fprintln(out, "earshot: warning: the queue waits: "+oneLine(err.Error()))
	}
	a.say = func(line string) { fmt.Fprintln(out, "earshot: "+line) }
	return a.work(ctx, store.WorkOptions{PollFeeds: true})
}
