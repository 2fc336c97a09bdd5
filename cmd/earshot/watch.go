package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/source"
)

// watchFoldersEvery is how often the inbox and the watched folders are looked at. Events of the file system would be sooner, and
// do not come from network drives.
const watchFoldersEvery = 5 * time.Second

// folders watches the inbox and the folders of shows that are to be watched.
type folders struct {
	a       *archive
	inbox   string
	watches map[string]*source.Watch // by folder
	told    map[string]string        // what was last said to be wrong with a folder
}

// watchFolders adds what appears in the inbox, a folder of the data folder, and in watched folders, until ctx ends.
func (a *archive) watchFolders(ctx context.Context) error {
	inbox, err := filepath.Abs(filepath.Join(a.c.Data, "inbox"))
	if err == nil {
		err = os.MkdirAll(inbox, 0o755) //nolint:gosec // the owner's folder, with the usual rights
	}
	if err != nil {
		return err
	}
	w := &folders{a: a, inbox: inbox, watches: map[string]*source.Watch{}, told: map[string]string{}}
	tick := time.NewTicker(watchFoldersEvery)
	defer tick.Stop()
	for {
		w.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look looks at every folder once.
func (w *folders) look(ctx context.Context) {
	shows, err := w.a.Shows(ctx)
	if err != nil {
		w.tell(ctx, w.inbox, err)
		return
	}
	watched := map[string]*source.Watch{w.inbox: w.watches[w.inbox]}
	if watched[w.inbox] == nil {
		watched[w.inbox] = w.a.resolver(nil, nil).WatchInbox(w.inbox)
	}
	for _, s := range shows {
		if dir := string(s.Source.Location); s.Source.Kind == models.SourceFolder && s.Settings.Watch && dir != w.inbox {
			if watched[dir] = w.watches[dir]; watched[dir] == nil {
				watched[dir] = w.a.resolver(nil, nil).Watch(s)
			}
		}
	}
	w.watches = watched
	for dir, watch := range watched {
		err := watch.Look(ctx, time.Now(), func() (map[string]int64, error) { return w.have(ctx) }, func(found models.Listing) error { return w.save(ctx, dir, found) })
		w.tell(ctx, dir, err)
	}
}

// have returns the sizes of the local files that the archive has, by path.
func (w *folders) have(ctx context.Context) (map[string]int64, error) {
	episodes, err := w.a.Episodes(ctx, models.EpisodeFilter{})
	sizes := map[string]int64{}
	for _, e := range episodes {
		if !e.Enclosure.Location.Remote() {
			sizes[string(e.Enclosure.Location)] = e.Enclosure.Bytes
		}
	}
	return sizes, err
}

// save stores new episodes. A recording that the archive has from another place stays as it is.
func (w *folders) save(ctx context.Context, dir string, found models.Listing) error {
	for _, s := range found.Skipped {
		w.a.c.log.WarnContext(ctx, "a file in a watched folder is left out", slog.String("folder", dir), slog.String("file", s.Name), slog.String("reason", s.Reason))
	}
	fresh := found.Episodes[:0]
	known, err := w.a.EpisodesByID(ctx, identifiers(found.Episodes))
	if err != nil {
		return err
	}
	for _, e := range found.Episodes {
		if was, ok := known[e.ID]; !ok || was.State == models.EpisodeFailed {
			fresh = append(fresh, e)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	saved, err := w.a.SaveShow(ctx, found.Show, fresh)
	if err == nil {
		w.a.c.log.InfoContext(ctx, "recordings were added from a watched folder", slog.String("folder", dir), slog.Int("episodes", len(saved.NewEpisodes)))
	}
	return err
}

func identifiers(episodes []models.Episode) []models.EpisodeID {
	ids := make([]models.EpisodeID, len(episodes))
	for i, e := range episodes {
		ids[i] = e.ID
	}
	return ids
}

// tell logs what is wrong with a folder when that changes: an unplugged drive would be told of every few seconds.
func (w *folders) tell(ctx context.Context, dir string, err error) {
	text := ""
	if err != nil && ctx.Err() == nil {
		text = err.Error()
	}
	if text != "" && text != w.told[dir] {
		w.a.c.log.WarnContext(ctx, "a watched folder cannot be looked at; this is tried again", slog.String("folder", dir), slog.String("error", text))
	}
	w.told[dir] = text
}
