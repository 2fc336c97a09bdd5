package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
)

func newRetranscribeCommand(c *config) *cobra.Command {
	var wait, translate, fetch bool
	cmd := &cobra.Command{
		Use:   "retranscribe SHOW|EPISODE",
		Short: "Transcribe a show or an episode again, with the settings of now",
		Long: `Transcribe a show or an episode again, with the settings of now. It is named by its identifier or by a part of its title
that nothing else has.

The old transcript stays, and is searched, until the new one is complete. With --translate only the translation into English
is made, of what is transcribed already. With --fetch the audio is fetched anew first.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
				episodes, err := findEpisodes(cmd.Context(), a, args[0])
				if err != nil {
					return err
				}
				task := models.TaskTranscribe
				if translate {
					task = models.TaskTranslate
				}
				again := func(ctx context.Context, id models.EpisodeID) error { return a.Retranscribe(ctx, id, task) }
				if fetch {
					again = a.FetchAgain
				}
				queued, err := queueAll(cmd.Context(), episodes, again)
				if err != nil {
					return err
				}
				line := count(len(queued), "episode") + " queued"
				if left := len(episodes) - len(queued); left > 0 {
					line += fmt.Sprintf(", %d not ready for it left out", left)
				}
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), line); err != nil || !wait {
					return err
				}
				return finish(cmd.Context(), cmd.ErrOrStderr(), a, queued)
			})(cmd, nil)
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "work the queue to its end and show progress")
	cmd.Flags().BoolVar(&fetch, "fetch", false, "fetch the audio anew, because the publisher replaced it")
	cmd.Flags().BoolVar(&translate, "translate", false, "make only the translation into English")
	cmd.MarkFlagsMutuallyExclusive("fetch", "translate")
	return cmd
}

// queueAll queues episodes. Of several, those that are not ready for it are left out; of one, that is an error.
func queueAll(ctx context.Context, episodes []models.Episode, queue func(context.Context, models.EpisodeID) error) ([]models.Episode, error) {
	var queued []models.Episode
	for _, e := range episodes {
		err := queue(ctx, e.ID)
		if errors.Is(err, models.ErrConflict) && len(episodes) > 1 {
			continue
		}
		if err != nil {
			return queued, err
		}
		queued = append(queued, e)
	}
	return queued, nil
}

// findEpisodes returns the episodes of the show that has a name, or the episode that has it. Where both can be meant, a
// whole title counts more than a part of one, and a show more than its episodes.
func findEpisodes(ctx context.Context, a catalogue, called string) ([]models.Episode, error) {
	shows, err := a.Shows(ctx)
	if err != nil {
		return nil, err
	}
	foundShows := pick(shows, called, func(s models.Show) (string, string) { return string(s.ID), s.Title })
	if len(foundShows) == 1 {
		return a.Episodes(ctx, models.EpisodeFilter{ShowID: foundShows[0].ID})
	}
	if e, err := byID(ctx, called, a.Episode); !errors.Is(err, models.ErrNotFound) {
		return []models.Episode{e}, err
	}
	all, err := a.Episodes(ctx, models.EpisodeFilter{})
	if err != nil {
		return nil, err
	}
	found := pick(all, called, func(e models.Episode) (string, string) { return string(e.ID), e.Title })
	switch {
	case len(foundShows) == 0 && len(found) == 1:
		return found, nil
	case len(foundShows)+len(found) == 0:
		return nil, models.Explain(models.ErrNotFound, "there is no show or episode %q", visible(called))
	case len(foundShows) > 0:
		return nil, models.Explain(models.ErrInvalid, "%q can mean %s: give more of the title, or the identifier", visible(called), titles(foundShows, func(s models.Show) string { return s.Title }))
	}
	return nil, models.Explain(models.ErrInvalid, "%q can mean %s: give more of the title, or the identifier", visible(called), titles(found, func(e models.Episode) string { return e.Title }))
}
