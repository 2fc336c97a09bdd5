package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
)

// listOptions is how the feeds of a list are added.
type listOptions struct {
	settings     *settingsFlags
	header       map[string]string
	dryRun, wait bool
}

// addList adds the feeds of a list, each by itself: what is added stays when a later one fails, or when the program is stopped,
// and adding the list again goes on.
func (a *archive) addList(cmd *cobra.Command, feeds []models.Subscription, o listOptions) error {
	if len(o.header) > 0 {
		return models.Explain(models.ErrInvalid, "header fields are for one server: add the private feeds of the list one by one")
	}
	var added models.Listing
	failed := 0
	for i, feed := range feeds {
		found, err := a.addListed(cmd, feed, o)
		if cmd.Context().Err() != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of %s were added: add the list again to go on\n", i-failed, count(len(feeds), "feed"))
			return cmd.Context().Err()
		}
		if err != nil {
			failed++
			fmt.Fprintf(cmd.OutOrStdout(), "failed: %s: %s\n", visible(feed.Title), visible(oneLine(err.Error())))
			continue
		}
		added.Episodes = append(added.Episodes, found.Episodes...)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %s could not be added, see above; the others are in the archive", failed, count(len(feeds), "feed"))
	}
	if o.wait && !o.dryRun {
		return a.finish(cmd.Context(), cmd.ErrOrStderr(), added)
	}
	return nil
}

// addListed adds one feed of a list.
func (a *archive) addListed(cmd *cobra.Command, feed models.Subscription, o listOptions) (models.Listing, error) {
	found, err := a.resolver(nil, nil).Subscribed(cmd.Context(), feed)
	var list interface{ Subscriptions() []models.Subscription }
	if errors.As(err, &list) {
		return found, models.Explain(models.ErrInvalid, "it is a list of feeds itself: add it by itself")
	}
	if err == nil {
		found, err = a.Recognise(cmd.Context(), found)
	}
	if err != nil {
		return found, err
	}
	given, err := o.settings.apply(cmd, &found.Show)
	if err != nil {
		return found, err
	}
	if o.dryRun {
		return found, a.plan(cmd.Context(), cmd.OutOrStdout(), found)
	}
	if given {
		if err := a.settle(cmd, o.settings, found.Show.ID); err != nil {
			return found, err
		}
	}
	if err := a.admit(cmd.Context(), found.Show); err != nil {
		return found, err
	}
	return found, a.add(cmd.Context(), cmd.OutOrStdout(), found)
}
