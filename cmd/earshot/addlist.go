package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/earshot/earshot/models"
)

// addList adds the feeds of a list, each by itself, and returns their episodes: what is added stays when a later one fails, or when
// the program is stopped, and adding the list again goes on.
func addList(ctx context.Context, a catalogue, feeds []models.Subscription, o adding) ([]models.Episode, error) {
	if len(o.header) > 0 {
		return nil, models.Explain(models.ErrInvalid, "header fields are for one server: add the private feeds of the list one by one")
	}
	var episodes []models.Episode
	failed := 0
	for i, feed := range feeds {
		got, err := a.addFeed(ctx, feed, o)
		var list listError
		if errors.As(err, &list) {
			err = models.Explain(models.ErrInvalid, "it is a list of feeds itself: add it by itself")
		}
		if ctx.Err() != nil {
			fmt.Fprintf(o.cmd.ErrOrStderr(), "%d of %s were added: add the list again to go on\n", i-failed, count(len(feeds), "feed"))
			return nil, ctx.Err()
		}
		if err != nil {
			failed++
			fmt.Fprintf(o.cmd.OutOrStdout(), "failed: %s: %s\n", visible(feed.Title), visible(oneLine(err.Error())))
			continue
		}
		if err := got.print(o.cmd.OutOrStdout(), o.dryRun); err != nil {
			return nil, err
		}
		episodes = append(episodes, got.episodes...)
	}
	if failed > 0 {
		return nil, fmt.Errorf("%d of %s could not be added, see above; the others are in the archive", failed, count(len(feeds), "feed"))
	}
	return episodes, nil
}
