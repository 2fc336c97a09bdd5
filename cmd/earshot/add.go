package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
)

func newAddCommand(c *config) *cobra.Command {
	var wait, dryRun, ifEmpty bool
	flags := settingsFlags{c: c}
	cmd := &cobra.Command{
		Use:   "add SOURCE",
		Short: "Add a podcast feed (address or file), a list of feeds (OPML), a folder of recordings, or an audio file",
		Long: `Add a podcast feed (address or file), a list of feeds (OPML), a folder of recordings, or an audio file.

Its episodes are queued; a running "earshot serve" fetches and transcribes them, or this command with --wait. Adding the
same source again adds what is new and changes nothing else, except what --language, --vocabulary, --hints, --translate,
--model, --keep and --watch say of the show.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			a, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.close()) }()
			if ifEmpty {
				if shows, err := a.Shows(cmd.Context()); err != nil || len(shows) > 0 {
					return err
				}
			}
			header, err := flags.header(cmd)
			if err != nil {
				return err
			}
			found, err := a.resolve(cmd.Context(), cmd.ErrOrStderr(), args[0], header)
			var list interface {
				error
				Subscriptions() []models.Subscription
			}
			if errors.As(err, &list) {
				return a.addList(cmd, list.Subscriptions(), listOptions{settings: &flags, header: header, dryRun: dryRun, wait: wait})
			}
			if err == nil {
				found, err = a.Recognise(cmd.Context(), found)
			}
			if err != nil {
				return err
			}
			given, err := flags.apply(cmd, &found.Show)
			if err != nil {
				return err
			}
			if dryRun {
				return a.plan(cmd.Context(), cmd.OutOrStdout(), found)
			}
			if given {
				if err := a.settle(cmd, &flags, found.Show.ID); err != nil {
					return err
				}
			}
			if err := a.admit(cmd.Context(), found.Show); err != nil {
				return err
			}
			if err := a.add(cmd.Context(), cmd.OutOrStdout(), found); err != nil || !wait {
				return err
			}
			return a.finish(cmd.Context(), cmd.ErrOrStderr(), found)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&wait, "wait", false, "work the queue to its end and show progress")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be added, or why not, and change nothing")
	cmd.Flags().BoolVar(&ifEmpty, "if-empty", false, "do nothing when the archive has a show already")
	return cmd
}

// settle changes the settings of a show that is known already; a new one is stored with its own.
func (a *archive) settle(cmd *cobra.Command, flags *settingsFlags, id models.ShowID) error {
	known, err := a.Show(cmd.Context(), id)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := flags.apply(cmd, &known); err != nil {
		return err
	}
	return a.SetShowSettings(cmd.Context(), id, known.Settings)
}

// admit stores what the server of a feed that is known already wants to be told, where it was given anew: it has just let us in
// with that.
func (a *archive) admit(ctx context.Context, show models.Show) error {
	known, err := a.Show(ctx, show.ID)
	if errors.Is(err, models.ErrNotFound) {
		return nil // it is stored with it
	}
	access := show.Source.Access
	if err != nil || access.IsZero() || access.Equal(known.Source.Access) {
		return err
	}
	return a.SetShowSource(ctx, show.ID, show.Source.Location, access)
}

// resolve finds out what a source is and reads it, with a bar for large folders.
func (a *archive) resolve(ctx context.Context, out io.Writer, arg string, header map[string]string) (models.Listing, error) {
	reading := newBars(out)
	defer reading.close()
	bar := reading.add("reading", 0, unitBytes)
	return a.resolver(func(_ string, done, total int64) { bar.of(done, total) }, header).Resolve(ctx, arg)
}

// add stores a source's show and episodes.
func (a *archive) add(ctx context.Context, out io.Writer, found models.Listing) error {
	saved, err := a.SaveShow(ctx, found.Show, found.Episodes)
	if err != nil {
		return err
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s: %s added", visible(found.Show.Title), count(len(saved.NewEpisodes), "episode"))
	writeRest(b, saved, found.Skipped)
	_, err = io.WriteString(out, b.String())
	return err
}

// plan prints what add would do.
func (a *archive) plan(ctx context.Context, out io.Writer, found models.Listing) error {
	saved, err := a.Plan(ctx, found.Show, found.Episodes)
	if err != nil {
		return err
	}
	fresh := map[models.EpisodeID]bool{}
	for _, id := range saved.NewEpisodes {
		fresh[id] = true
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s: %s would be added", visible(found.Show.Title), count(len(saved.NewEpisodes), "episode"))
	writeRest(b, saved, found.Skipped)
	for _, e := range found.Episodes {
		if fresh[e.ID] {
			fmt.Fprintf(b, "  + %s\n", visible(e.Title))
		}
	}
	_, err = io.WriteString(out, b.String())
	return err
}

// writeRest ends the line that says what is new, and names what was left out.
func writeRest(b *strings.Builder, saved models.Saved, skipped []models.Skip) {
	if saved.Updated > 0 {
		fmt.Fprintf(b, ", %d with new details", saved.Updated)
	}
	if saved.Unchanged > 0 {
		fmt.Fprintf(b, ", %d known already", saved.Unchanged)
	}
	if saved.Unwanted > 0 {
		fmt.Fprintf(b, ", %d not wanted", saved.Unwanted)
	}
	b.WriteString("\n")
	for _, s := range skipped {
		fmt.Fprintf(b, "  - %s: %s\n", visible(s.Name), visible(s.Reason))
	}
}

// watchEvery is how often the progress of the queue is read.
const watchEvery = 300 * time.Millisecond

// finish works the queue to its end, or watches another process do so, and says what became of the episodes that were
// added.
func (a *archive) finish(ctx context.Context, out io.Writer, added models.Listing) error {
	if _, err := a.checkTools(ctx); err != nil {
		return err
	}
	w := &watcher{a: a, bars: newBars(out), running: map[int64]*bar{}, added: added}
	a.say = func(line string) { w.bars.say("earshot: " + line) }
	working, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() {
		worked <- a.work(working, store.WorkOptions{Backoff: func(_ string, failures int) time.Duration { return time.Duration(failures) * 2 * time.Second }})
	}()
	for {
		done, err := w.look(ctx)
		if done || err != nil {
			stop()
			err = errors.Join(err, <-worked)
			w.bars.close()
			if err != nil {
				return err
			}
			return w.verdict(ctx)
		}
		select {
		case <-time.After(watchEvery):
		case <-ctx.Done():
			err := <-worked // what is decoded is stored
			w.bars.close()
			return errors.Join(ctx.Err(), err)
		case err := <-worked:
			w.bars.close()
			if err == nil {
				err = errors.New("the work stopped before the queue was empty: start it again to go on")
			}
			return err
		}
	}
}

// watcher shows running jobs as bars, or finished episodes as lines where there is no terminal.
type watcher struct {
	a       *archive
	bars    *bars
	running map[int64]*bar
	added   models.Listing
}

// look reads the queue once; done says that it is empty.
func (w *watcher) look(ctx context.Context) (done bool, err error) {
	st, err := w.a.Status(ctx)
	if err != nil {
		return false, err
	}
	seen := map[int64]bool{}
	for _, r := range st.Running {
		seen[r.JobID] = true
		b := w.running[r.JobID]
		if b == nil {
			u := unitBytes
			if r.Kind == (models.TranscribeJob{}).Kind() {
				u = unitAudio
			}
			b = w.bars.resume(r.Title, r.Done, r.Total, u)
			w.running[r.JobID] = b
			if w.bars.progress == nil && r.Kind == (models.TranscribeJob{}).Kind() {
				verb := "transcribing "
				if r.Task == models.TaskTranslate {
					verb = "translating "
				}
				w.bars.say(verb + visible(r.Title))
			}
		}
		b.of(r.Done, r.Total)
	}
	for id, b := range w.running {
		if !seen[id] {
			b.done()
			delete(w.running, id)
		}
	}
	return w.a.Idle(ctx)
}

// verdict names the episodes that failed.
func (w *watcher) verdict(ctx context.Context) error {
	failed := 0
	var last models.Episode
	for _, e := range w.added.Episodes {
		now, err := w.a.Episode(ctx, e.ID)
		if err != nil {
			return err
		}
		switch {
		case now.State == models.EpisodeFailed:
			failed++
			last = now
			w.bars.sayPlain("failed: " + visible(now.Title) + ": " + visible(oneLine(now.Reason)))
		case now.Reason != "":
			w.bars.sayPlain("warning: " + visible(now.Title) + ": " + visible(oneLine(now.Reason)))
		}
	}
	switch {
	case failed == 0:
		w.bars.sayPlain(count(len(w.added.Episodes), "episode") + " transcribed and ready to be searched")
		return nil
	case len(w.added.Episodes) == 1:
		return fmt.Errorf("%s could not be transcribed: %s", last.Title, last.Reason)
	}
	return fmt.Errorf("%d of %d episodes failed, see above; the others are in the archive", failed, len(w.added.Episodes))
}
