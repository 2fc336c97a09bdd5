package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/api/remote"
	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
)

func newAddCommand(c *config) *cobra.Command {
	var wait, dryRun, ifEmpty bool
	var flags settingsFlags
	cmd := &cobra.Command{
		Use:   "add SOURCE",
		Short: "Add a podcast feed (address or file), a list of feeds (OPML), a folder of recordings, or an audio file",
		Long: `Add a podcast feed (address or file), a list of feeds (OPML), a folder of recordings, or an audio file.

Its episodes are queued; a running "earshot serve" fetches and transcribes them, or this command with --wait. Adding the
same source again adds what is new and changes nothing else, except what --language, --vocabulary, --hints, --translate,
--model, --keep and --watch say of the show.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			ctx := cmd.Context()
			a, err := c.catalogue(cmd, c.open)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.close()) }()
			if ifEmpty {
				if shows, err := a.Shows(ctx); err != nil || len(shows) > 0 {
					return err
				}
			}
			o := adding{cmd: cmd, settings: &flags, dryRun: dryRun, wait: wait}
			if o.header, err = flags.header(cmd); err != nil {
				return err
			}
			got, err := a.addSource(ctx, args[0], o)
			var list listError
			switch {
			case errors.As(err, &list):
				got.episodes, err = addList(ctx, a, list.Subscriptions(), o)
			case err == nil:
				err = got.print(cmd.OutOrStdout(), dryRun)
			}
			if err != nil || !wait || dryRun {
				return err
			}
			return finish(ctx, cmd.ErrOrStderr(), a, got.episodes)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&wait, "wait", false, "work the queue to its end and show progress")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print what would be added, or why not, and change nothing")
	cmd.Flags().BoolVar(&ifEmpty, "if-empty", false, "do nothing when the archive has a show already")
	return cmd
}

// adding is how something is added.
type adding struct {
	cmd      *cobra.Command // whose flags are the settings
	settings *settingsFlags
	header   map[string]string // what the server of a feed wants to be told
	dryRun   bool              // only say what would be added
	wait     bool              // the episodes are wanted, to watch them
}

// added is what came of adding something, or would.
type added struct {
	show                                models.Show
	fresh, updated, unchanged, unwanted int
	titles                              []string // of what would be new
	skipped                             []models.Skip
	episodes                            []models.Episode
}

// listError says that what was named is a list of feeds.
type listError interface {
	error
	Subscriptions() []models.Subscription
}

func (a *archive) addSource(ctx context.Context, named string, o adding) (added, error) {
	found, err := a.resolve(ctx, o.cmd.ErrOrStderr(), named, o.header)
	if err != nil {
		return added{}, err
	}
	return a.take(ctx, found, o)
}

func (a *archive) addFeed(ctx context.Context, feed models.Subscription, o adding) (added, error) {
	found, err := a.resolver(nil, nil).Subscribed(ctx, feed)
	if err != nil {
		return added{}, err
	}
	return a.take(ctx, found, o)
}

// take stores the show and the episodes of a source. Of a show that is known, the settings are changed that were given, and what its
// server wants to be told where that was given anew: it has just let us in with that.
func (a *archive) take(ctx context.Context, found models.Listing, o adding) (added, error) {
	found, err := a.Recognise(ctx, found)
	if err != nil {
		return added{}, err
	}
	known, err := a.Show(ctx, found.Show.ID)
	isNew := errors.Is(err, models.ErrNotFound)
	if err != nil && !isNew {
		return added{}, err
	}
	found.Show.Settings = known.Settings
	change, err := o.settings.change(o.cmd, known.Settings)
	if err == nil && change != nil {
		err = a.apply(change, &found.Show)
	}
	if err != nil {
		return added{}, err
	}
	if o.dryRun {
		saved, err := a.Plan(ctx, found.Show, found.Episodes)
		return newAdded(found, saved), err
	}
	if !isNew && change != nil {
		if err := a.SetShowSettings(ctx, found.Show.ID, found.Show.Settings); err != nil {
			return added{}, err
		}
	}
	if access := found.Show.Source.Access; !isNew && !access.IsZero() && !access.Equal(known.Source.Access) {
		if err := a.SetShowSource(ctx, found.Show.ID, found.Show.Source.Location, access); err != nil {
			return added{}, err
		}
	}
	saved, err := a.SaveShow(ctx, found.Show, found.Episodes)
	return newAdded(found, saved), err
}

func newAdded(found models.Listing, saved models.Saved) added {
	out := added{
		show: found.Show, fresh: len(saved.NewEpisodes), updated: saved.Updated, unchanged: saved.Unchanged, unwanted: saved.Unwanted,
		skipped: found.Skipped, episodes: found.Episodes,
	}
	fresh := map[models.EpisodeID]bool{}
	for _, id := range saved.NewEpisodes {
		fresh[id] = true
	}
	for _, e := range found.Episodes {
		if fresh[e.ID] {
			out.titles = append(out.titles, e.Title)
		}
	}
	return out
}

// resolve finds out what a source is and reads it, with a bar for large folders.
func (a *archive) resolve(ctx context.Context, out io.Writer, arg string, header map[string]string) (models.Listing, error) {
	reading := newBars(out)
	defer reading.close()
	bar := reading.add("reading", 0, unitBytes)
	return a.resolver(func(_ string, done, total int64) { bar.of(done, total) }, header).Resolve(ctx, arg)
}

// print says what was added, or, of a dry run, would be.
func (d added) print(out io.Writer, dryRun bool) error {
	b := &strings.Builder{}
	verb := "added"
	if dryRun {
		verb = "would be added"
	}
	fmt.Fprintf(b, "%s: %s %s", visible(d.show.Title), count(d.fresh, "episode"), verb)
	if d.updated > 0 {
		fmt.Fprintf(b, ", %d with new details", d.updated)
	}
	if d.unchanged > 0 {
		fmt.Fprintf(b, ", %d known already", d.unchanged)
	}
	if d.unwanted > 0 {
		fmt.Fprintf(b, ", %d not wanted", d.unwanted)
	}
	b.WriteString("\n")
	for _, s := range d.skipped {
		fmt.Fprintf(b, "  - %s: %s\n", visible(s.Name), visible(s.Reason))
	}
	if dryRun {
		for _, title := range d.titles {
			fmt.Fprintf(b, "  + %s\n", visible(title))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// watchEvery is how often the progress of the queue is read.
const watchEvery = 300 * time.Millisecond

// watchElsewhereEvery is how often a server is asked how far it is.
const watchElsewhereEvery = time.Second

// watchPatience is how long a server that is watched may not answer: it is started again, perhaps.
const watchPatience = time.Minute

// finish works the queue to its end, or watches another process do so, and says what became of the episodes that were
// added.
func finish(ctx context.Context, out io.Writer, a catalogue, added []models.Episode) error {
	if err := a.canWork(ctx); err != nil {
		return err
	}
	w := &watcher{a: a, bars: newBars(out), running: map[int64]*bar{}, added: added}
	working, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() { worked <- a.workOff(working, func(line string) { w.bars.say("earshot: " + line) }) }()
	every := watchEvery
	if _, far := a.(elsewhere); far {
		every = watchElsewhereEvery
	}
	for answered := time.Now(); ; {
		done, err := w.look(ctx)
		switch {
		case err == nil:
			answered = time.Now()
		case remote.Passes(err) && time.Since(answered) < watchPatience:
			err = nil
		}
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
		case <-time.After(every):
		case <-ctx.Done():
			err := <-worked // what is decoded is stored
			w.bars.close()
			w.bars.sayPlain("what is not done stays in the queue")
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

func (a *archive) canWork(ctx context.Context) error {
	_, err := a.checkTools(ctx)
	return err
}

func (a *archive) workOff(ctx context.Context, say func(string)) error {
	a.say = say
	return a.work(ctx, store.WorkOptions{Backoff: func(_ string, failures int) time.Duration { return time.Duration(failures) * 2 * time.Second }})
}

// watcher shows running jobs as bars, or finished episodes as lines where there is no terminal.
type watcher struct {
	a       catalogue
	bars    *bars
	running map[int64]*bar
	added   []models.Episode
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
	return len(st.Queue) == 0, nil
}

// verdict names the episodes that failed.
func (w *watcher) verdict(ctx context.Context) error {
	failed := 0
	var last models.Episode
	for _, e := range w.added {
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
		w.bars.sayPlain(count(len(w.added), "episode") + " transcribed and ready to be searched")
		return nil
	case len(w.added) == 1:
		return fmt.Errorf("%s could not be transcribed: %s", last.Title, last.Reason)
	}
	return fmt.Errorf("%d of %d episodes failed, see above; the others are in the archive", failed, len(w.added))
}
