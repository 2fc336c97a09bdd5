package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newRetryCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "retry [EPISODE]",
		Short: "Put every failed episode, or one, back into the queue",
		Long: `Put every failed episode back into the queue, except those that were cancelled; or the one that is named by its identifier or a
part of its title.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return c.onEpisode(cmd, args[0], "is queued again", catalogue.Retry)
			}
			return c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
				n, err := a.RetryAll(cmd.Context())
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s queued again\n", count(n, "episode"))
				return err
			})(cmd, nil)
		},
	}
}
