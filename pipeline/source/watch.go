package source

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
)

// settledAfter is for how long a file must not have changed, and not between two looks, before it is taken for complete.
const settledAfter = 5 * time.Second

// Watch looks at a folder again and again for recordings that appeared in it. It never writes into the folder. It belongs to
// one goroutine.
type Watch struct {
	r    *Resolver
	dir  string
	show func(name string) models.Show // that a file belongs to, by its name within the folder, with slashes
	seen map[string]sighting           // by path
}

// sighting is a file as it was at the last look.
type sighting struct {
	size     int64
	modified time.Time
	settled  bool // in the archive, or no recording: not read again unless it changes
}

// Watch returns a watch over the folder of a show.
func (r *Resolver) Watch(show models.Show) *Watch {
	return &Watch{r: r, dir: string(show.Source.Location), show: func(string) models.Show { return show }}
}

// WatchInbox returns a watch over a folder into which people put recordings: those of a subfolder belong to the collection of its
// name, all others to the recordings that are added one by one.
func (r *Resolver) WatchInbox(dir string) *Watch {
	return &Watch{r: r, dir: dir, show: func(name string) models.Show {
		title, _, inside := strings.Cut(name, "/")
		if !inside {
			title = ""
		}
		return collection(title, models.Episode{}).Show
	}}
}

// Look finds the recordings that are complete, by now, and that the archive does not have, and gives them to save, show by show.
// have tells the paths and sizes in bytes of the files that the archive has; it is asked only when there is something new. Files
// that still grow wait for the next look, as does what save does not store.
func (w *Watch) Look(ctx context.Context, now time.Time, have func() (map[string]int64, error), save func(Found) error) error {
	files, _, err := w.r.walk(ctx, w.dir)
	if err != nil {
		return err
	}
	seen := make(map[string]sighting, len(files))
	var fresh []candidate
	for _, f := range files {
		was, known := w.seen[f.path]
		same := known && was.size == f.size && was.modified.Equal(f.modified)
		seen[f.path] = sighting{f.size, f.modified, same && was.settled}
		// A time that lies in the future says nothing; then two looks must do.
		if quiet := now.Sub(f.modified); same && !was.settled && (quiet < 0 || quiet >= settledAfter) {
			fresh = append(fresh, f)
		}
	}
	w.seen = seen
	if len(fresh) == 0 {
		return nil
	}
	known, err := have()
	if err != nil {
		return err
	}
	unknown := fresh[:0]
	for _, f := range fresh {
		if size, ok := known[f.path]; ok && size == f.size {
			w.settle(f)
		} else {
			unknown = append(unknown, f)
		}
	}
	return w.add(ctx, unknown, save)
}

// add reads files and saves their episodes.
func (w *Watch) add(ctx context.Context, files []candidate, save func(Found) error) error {
	readings, err := w.r.readAll(ctx, files)
	if err != nil {
		return fmt.Errorf("reading the folder %s: %w", w.dir, err)
	}
	found := map[models.ShowID]*Found{}
	var order []models.ShowID
	members := map[models.ShowID][]candidate{}
	for i, f := range files {
		show := w.show(f.name)
		if found[show.ID] == nil {
			found[show.ID] = &Found{Show: show, Partial: true}
			order = append(order, show.ID)
		}
		to := found[show.ID]
		members[show.ID] = append(members[show.ID], f)
		if readings[i].skip != "" {
			to.Skipped = append(to.Skipped, models.Skip{Name: f.name, Reason: readings[i].skip})
			continue
		}
		to.Episodes = append(to.Episodes, complete(show.ID, readings[i].episode))
	}
	for _, id := range order {
		if err := save(*found[id]); err != nil {
			return err
		}
		for _, f := range members[id] {
			w.settle(f)
		}
	}
	return nil
}

func (w *Watch) settle(f candidate) { w.seen[f.path] = sighting{f.size, f.modified, true} }
