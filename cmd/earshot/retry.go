package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newRetryCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "retry",
		Short: "Put every failed episode back into the queue",
		Args:  arguments(cobra.NoArgs),
		RunE: c.onArchive(func(cmd *cobra.Command, a *archive) error {
			n, err := a.RetryAll(cmd.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s queued again\n", count(n, "episode"))
			return err
		}),
	}
}
