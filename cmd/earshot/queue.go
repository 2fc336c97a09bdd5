package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/webhook"
)

// queueSettings are how the queue works on this machine.
type queueSettings struct {
	quiet     models.QuietHours
	minFree   int64         // bytes
	pollEvery time.Duration // 0: by the rhythm of each show
}

// queue reads the settings of the queue.
func (c *config) queue() (q queueSettings, err error) {
	if q.quiet, err = models.ParseQuietHours(c.QuietHours); err != nil {
		return q, err
	}
	free, err := humanize.ParseBytes(c.MinFree)
	if err != nil || free > 1<<60 {
		return q, models.Explain(models.ErrInvalid, "%q is no amount of disk space for min-free: write it as 500MB or 2GB, or 0", c.MinFree)
	}
	q.minFree = int64(free)
	if c.PollEvery != "" {
		if q.pollEvery, err = time.ParseDuration(c.PollEvery); err != nil || q.pollEvery < time.Second {
			return q, models.Explain(models.ErrInvalid, "%q is no time between two looks at a feed for poll-every: write it as 30m or 2h", c.PollEvery)
		}
	}
	return q, nil
}

// listOf reads a setting that is text with commas, or a list.
func listOf(setting any) []string {
	var all []string
	switch v := setting.(type) {
	case string:
		all = strings.Split(v, ",")
	case []any:
		for _, x := range v {
			all = append(all, fmt.Sprint(x))
		}
	}
	var out []string
	for _, s := range all {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// webhooks makes who tells the addresses of what happens.
func (c *config) webhooks(log webhook.Log) (*webhook.Caller, error) {
	allow := c.WebhookAllow
	if c.AllowPrivate {
		allow = []string{"*"}
	}
	return webhook.New(webhook.Options{Log: log, Logger: c.log, URLs: c.Webhooks, Secret: c.WebhookSecret, Allow: allow, Version: version})
}

func newPauseCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "pause [SHOW]",
		Short: "Hold up the queue, or one show, until it is resumed",
		Long: `Hold up the queue, or one show, until earshot resume. What is running stops within seconds and goes on later from where it
was. SHOW is its identifier or a part of its title. A show that is paused is not looked at for new episodes either; an episode of it that
is asked for with earshot now is done all the same.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onShowOrQueue(cmd, args, "paused", catalogue.Pause)
		},
	}
}

func newResumeCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "resume [SHOW]",
		Short: "Let the queue, or one show, go on after a pause",
		Args:  arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onShowOrQueue(cmd, args, "resumed", catalogue.Resume)
		},
	}
}

// onShowOrQueue does something with the show that is named, or with the queue where none is.
func (c *config) onShowOrQueue(cmd *cobra.Command, args []string, done string, do func(catalogue, context.Context, models.ShowID) error) error {
	return c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
		var show models.Show
		what := "the queue"
		if len(args) > 0 {
			var err error
			if show, err = findShow(cmd.Context(), a, args[0]); err != nil {
				return err
			}
			what = visible(show.Title)
		}
		if err := do(a, cmd.Context(), show.ID); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", what, done)
		return err
	})(cmd, nil)
}

func newNowCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "now EPISODE",
		Short: "Do an episode before all others",
		Long: `Do an episode before all others. Its download and its transcription are the next to start; a transcription that is running makes
room and goes on later. Neither quiet hours nor its show's pause hold it up. EPISODE is its identifier or a part of its title.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onEpisode(cmd, args[0], "is next", catalogue.Now)
		},
	}
}

func newCancelCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel EPISODE",
		Short: "Take an episode out of the queue",
		Long: `Take an episode out of the queue; if it is being worked on, that stops within seconds. earshot retry EPISODE takes it in again and
goes on from where it was. EPISODE is its identifier or a part of its title.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.onEpisode(cmd, args[0], "is cancelled", catalogue.Cancel)
		},
	}
}

// onEpisode does something with the one episode that is named.
func (c *config) onEpisode(cmd *cobra.Command, called, done string, do func(catalogue, context.Context, models.EpisodeID) error) error {
	return c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
		e, err := findEpisode(cmd.Context(), a, called)
		if err != nil {
			return err
		}
		if err := do(a, cmd.Context(), e.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", visible(e.Title), done)
		return err
	})(cmd, nil)
}

// byID returns what has an identifier, without a look at all that there is; [models.ErrNotFound] is nothing to complain of.
func byID[ID ~string, T any](ctx context.Context, called string, one func(context.Context, ID) (T, error)) (thing T, err error) {
	if called = strings.ToLower(strings.TrimSpace(called)); !models.ValidID(called) {
		return thing, models.ErrNotFound
	}
	return one(ctx, ID(called))
}

// findEpisode returns the one episode that has a name.
func findEpisode(ctx context.Context, a catalogue, called string) (models.Episode, error) {
	if e, err := byID(ctx, called, a.Episode); !errors.Is(err, models.ErrNotFound) {
		return e, err
	}
	all, err := a.Episodes(ctx, models.EpisodeFilter{})
	if err != nil {
		return models.Episode{}, err
	}
	return pickOne(all, called, fmt.Sprintf("there is no episode %q", visible(called)), func(e models.Episode) (string, string) { return string(e.ID), e.Title })
}
