package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
)

func newRetryCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "retry",
		Short: "Put every failed episode back into the queue",
		Args:  arguments(cobra.NoArgs),
		RunE: c.onArchive(func(cmd *cobra.Command, a *archive) error {
			failed, err := a.Episodes(cmd.Context(), models.EpisodeFilter{State: models.EpisodeFailed})
			if err != nil {
				return err
			}
			for _, e := range failed {
				if err := a.Retry(cmd.Context(), e.ID); err != nil {
					return fmt.Errorf("retrying %q: %w", e.Title, err)
				}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s queued again\n", count(len(failed), "episode"))
			return err
		}),
	}
}
