package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newReindexCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "reindex",
		Short: "Build the search index anew from the catalogue",
		Args:  arguments(cobra.NoArgs),
		RunE: c.onArchive(func(cmd *cobra.Command, a *archive) (err error) {
			index, err := a.index(cmd.Context(), nil)
			if err != nil {
				return c.explainInUse(err)
			}
			defer func() { err = errors.Join(err, index.Close()) }()
			bars := newBars(cmd.ErrOrStderr())
			bar := bars.add("indexing", 0, unitChanges)
			err = index.Reindex(cmd.Context(), func(done, total int64) { bar.of(done, total) })
			bar.done()
			bars.close()
			return err
		}),
	}
}
