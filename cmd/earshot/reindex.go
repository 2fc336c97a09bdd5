package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/search"
)

func newReindexCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "reindex",
		Short: "Build the search index anew from the catalogue",
		Args:  arguments(cobra.NoArgs),
		RunE: c.onArchive(func(cmd *cobra.Command, a *archive) (err error) {
			index, err := a.index(cmd.Context())
			if errors.Is(err, search.ErrInUse) {
				return fmt.Errorf("stop the running server first: %w", err)
			}
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, index.Close()) }()
			bars := newBars(cmd.ErrOrStderr())
			bar := bars.add("indexing", 0, unitEpisodes)
			err = index.Reindex(cmd.Context(), func(done, total int64) { bar.of(done, total) })
			bar.done()
			bars.close()
			return err
		}),
	}
}
