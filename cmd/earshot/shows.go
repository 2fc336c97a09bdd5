package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
)

func newShowsCommand(c *config) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "shows",
		Short: "List the shows and their settings",
		Args:  arguments(cobra.NoArgs),
		RunE: c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
			shows, err := a.Shows(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), listed(shows))
			}
			b := &strings.Builder{}
			for _, s := range shows {
				b.WriteString(describeShow(s))
			}
			_, err = io.WriteString(cmd.OutOrStdout(), b.String())
			return err
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(newShowsSetCommand(c), newShowsPollCommand(c), newShowsRemoveCommand(c), newShowsExportCommand(c))
	return cmd
}

func newShowsSetCommand(c *config) *cobra.Command {
	var flags settingsFlags
	var address, visibleTo string
	cmd := &cobra.Command{
		Use:   "set SHOW",
		Short: "Choose what comes of a show and how it is transcribed; SHOW is its identifier or a part of its title",
		Long: `Choose what comes of a show and how it is transcribed. SHOW is its identifier or a part of its title that no other show has.

What is chosen counts for what is transcribed from now on; earshot retranscribe SHOW does the rest again.`,
		Example: `  earshot shows set "Radio Ambulante" --language es --translate
  earshot shows set microsolidarity --vocabulary "Enspiral, Richard D. Bartlett"`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: c.onShow(func(cmd *cobra.Command, a catalogue, show models.Show) error {
			ctx := cmd.Context()
			change, err := flags.change(cmd, show.Settings)
			if err != nil {
				return err
			}
			header, err := flags.header(cmd)
			if err != nil {
				return err
			}
			moves := header != nil || address != ""
			if change == nil && !moves && visibleTo == "" {
				return usageError{errors.New("nothing to set: earshot shows set --help lists what there is")}
			}
			if change != nil {
				if show, err = a.changeShow(ctx, show, change); err != nil {
					return err
				}
			}
			if moves {
				if show, err = a.moveShow(ctx, show, address, header); err != nil {
					return err
				}
			}
			if visibleTo != "" {
				show.VisibleTo = models.Visibility(visibleTo)
				if err := a.SetShowVisibility(ctx, show.ID, show.VisibleTo); err != nil {
					return err
				}
			}
			_, err = io.WriteString(cmd.OutOrStdout(), describeShow(show))
			return err
		}),
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&visibleTo, "visible-to", "", "who may see the show: everyone (who may read), members (who are logged in), admins; for others it is not there")
	cmd.Flags().StringVar(&address, "feed", "", "address of the show's feed, where it has another one now; it may hold a name and a password")
	return cmd
}

func newShowsRemoveCommand(c *config) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "remove SHOW",
		Short: "Remove a show with its episodes, transcripts and stored recordings; files that were copied stay where they are",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: c.onShow(func(cmd *cobra.Command, a catalogue, show models.Show) error {
			if !yes {
				return usageError{fmt.Errorf("this removes %s (%s) with all that the archive has of it, for good: say so with --yes", visible(show.Title), show.ID)}
			}
			n, err := a.DeleteShow(cmd.Context(), show.ID)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is removed, with %s\n", visible(show.Title), count(n, "episode"))
			return err
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking back")
	return cmd
}

func newShowsPollCommand(c *config) *cobra.Command {
	return &cobra.Command{
		Use:   "poll SHOW",
		Short: "Look for new episodes of a show now; a running earshot serve does it",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: c.onShow(func(cmd *cobra.Command, a catalogue, show models.Show) error {
			if err := a.Poll(cmd.Context(), show.ID); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s will be looked at\n", visible(show.Title))
			return err
		}),
	}
}

// onShow makes a command of what it does with the show that its first argument names.
func (c *config) onShow(run func(cmd *cobra.Command, a catalogue, show models.Show) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return c.onCatalogue(func(cmd *cobra.Command, a catalogue) error {
			show, err := findShow(cmd.Context(), a, args[0])
			if err != nil {
				return err
			}
			return run(cmd, a, show)
		})(cmd, nil)
	}
}

// findShow returns the show that has a name: an identifier, a title, or a part of one title only.
func findShow(ctx context.Context, a catalogue, called string) (models.Show, error) {
	shows, err := a.Shows(ctx)
	if err != nil {
		return models.Show{}, err
	}
	return pickOne(shows, called, fmt.Sprintf("there is no show %q: earshot shows lists what there is", visible(called)),
		func(s models.Show) (string, string) { return string(s.ID), s.Title })
}

// pickOne is [pick] where only one may be meant; missing says that there is none.
func pickOne[T any](all []T, called, missing string, of func(T) (id, title string)) (one T, err error) {
	found := pick(all, called, of)
	switch len(found) {
	case 0:
		return one, models.Explain(models.ErrNotFound, "%s", missing)
	case 1:
		return found[0], nil
	}
	return one, models.Explain(models.ErrInvalid, "%q can mean %s: give more of the title, or the identifier", visible(called),
		titles(found, func(t T) string { _, title := of(t); return title }))
}

// pick returns those of all that have a name: the one with the identifier, else those with the title, else those with it in
// their title.
func pick[T any](all []T, called string, of func(T) (id, title string)) []T {
	called = strings.ToLower(strings.TrimSpace(called))
	var whole, part []T
	for _, t := range all {
		id, title := of(t)
		title = strings.ToLower(title)
		switch {
		case id == called:
			return []T{t}
		case title == called:
			whole = append(whole, t)
		case called != "" && strings.Contains(title, called):
			part = append(part, t)
		}
	}
	if len(whole) > 0 {
		return whole
	}
	return part
}

// titles names a few of many.
func titles[T any](all []T, title func(T) string) string {
	const few = 4
	names := make([]string, 0, few)
	for _, t := range all[:min(few, len(all))] {
		names = append(names, fmt.Sprintf("%q", visible(title(t))))
	}
	if more := len(all) - few; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// listedShow is a show in the output of shows --json.
type listedShow struct {
	ID        models.ShowID       `json:"id"`
	Title     string              `json:"title"`
	Settings  models.ShowSettings `json:"settings"`
	VisibleTo models.Visibility   `json:"visible_to"`
}

func listed(shows []models.Show) []listedShow {
	out := make([]listedShow, len(shows))
	for i, s := range shows {
		out[i] = listedShow{s.ID, s.Title, s.Settings, s.VisibleTo}
	}
	return out
}

func describeChoice(c models.EpisodeChoice) (said []string) {
	if c.Newest > 0 {
		said = append(said, fmt.Sprintf("the newest %d and what comes after", c.Newest))
	}
	if c.Since != "" {
		said = append(said, "since "+c.Since)
	}
	if len(c.Words) > 0 {
		said = append(said, "titles with "+visible(strings.Join(c.Words, ", ")))
	}
	return said
}

func describeShow(s models.Show) string {
	said := []string{"language " + cmp.Or(s.Settings.Language, "as the archive's")}
	if s.Settings.Translate {
		said = append(said, "translated into English")
	}
	if s.Settings.Transcripts != "" {
		said = append(said, "transcripts "+s.Settings.Transcripts)
	}
	if s.Settings.Model != "" {
		said = append(said, "model "+s.Settings.Model)
	}
	if s.Settings.Keep == models.KeepText {
		said = append(said, "keeps the text only")
	}
	if s.Settings.Hints != "" {
		said = append(said, "hints "+s.Settings.Hints)
	}
	if n := len(s.Settings.Vocabulary); n > 0 {
		said = append(said, fmt.Sprintf("vocabulary of %d: %s", n, visible(strings.Join(s.Settings.Vocabulary, ", "))))
	}
	if s.Settings.Watch {
		said = append(said, "watched")
	}
	if c := s.Settings.Episodes; c != nil {
		said = append(said, describeChoice(*c)...)
	}
	if !s.Source.EndedAt.IsZero() {
		said = append(said, "its feed is gone")
	}
	if !s.PausedAt.IsZero() {
		said = append(said, "paused")
	}
	if s.VisibleTo != models.VisibleToEveryone {
		said = append(said, "visible to "+string(s.VisibleTo)+" only")
	}
	return fmt.Sprintf("%s  %s\n  %s\n", s.ID, visible(s.Title), strings.Join(said, "; "))
}
