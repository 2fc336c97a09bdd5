package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/earshot/earshot/models"
)

// candidate is a file of a folder that may be a recording.
type candidate struct {
	path string
	name string // within the folder, with slashes
	size int64
	// modified is when it was written to last, as its file system says it.
	modified time.Time
}

// folder lists the recordings of a folder.
func (r *Resolver) folder(ctx context.Context, dir string) (Found, error) {
	show := models.Show{Title: filepath.Base(dir), Source: models.Source{Kind: models.SourceFolder, Location: models.Location(dir)}}
	if show.Title == string(filepath.Separator) || show.Title == "." {
		show.Title = "Folder"
	}
	show.ID = models.NewShowID(show.Source)
	found := Found{Show: show}
	files, skipped, err := r.walk(ctx, dir)
	found.Skipped = skipped
	if err != nil {
		return found, err
	}
	results, err := r.readAll(ctx, files)
	if err != nil {
		return found, fmt.Errorf("reading the folder %s: %w", dir, err)
	}
	first := map[string]string{} // GUID → the file that has it
	for i, res := range results {
		switch twin, again := first[res.episode.GUID]; {
		case res.skip != "":
			found.Skipped = append(found.Skipped, models.Skip{Name: files[i].name, Reason: res.skip})
		case again:
			found.Skipped = append(found.Skipped, models.Skip{Name: files[i].name, Reason: "it is the same recording as " + twin})
		default:
			first[res.episode.GUID] = files[i].name
			found.Episodes = append(found.Episodes, complete(show.ID, res.episode))
		}
	}
	return found, nil
}

// reading is what came of reading a file: an episode without a show, or why it is none.
type reading struct {
	episode models.Episode
	skip    string
}

// readAll reads files, several at the same time. The readings are in the order of the files.
func (r *Resolver) readAll(ctx context.Context, files []candidate) ([]reading, error) {
	results := make([]reading, len(files))
	meter := r.meter(files)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.o.Parallel)
	for i, f := range files {
		group.Go(func() error {
			e, err := r.read(ctx, f.path, meter.of(f))
			meter.finish(f)
			var path *fs.PathError // the file went away, may not be read, cannot be read
			switch {
			case errors.Is(err, models.ErrUnusable), errors.As(err, &path):
				results[i].skip = reasonOf(err)
				return nil
			default:
				results[i].episode = e
				return err
			}
		})
	}
	return results, group.Wait()
}

// reasonOf is why a file is left out, as the end of a sentence about it.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, models.ErrUnusable):
		return err.Error()
	case errors.Is(err, fs.ErrNotExist):
		return "it disappeared while it was being read"
	default:
		return "it cannot be read: " + cause(err).Error()
	}
}

// walk lists the files of a folder that may be recordings, in natural order, and the unreadable ones.
func (r *Resolver) walk(ctx context.Context, dir string) (files []candidate, skipped []models.Skip, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(dir, path)
		if relErr != nil {
			return relErr
		}
		name := filepath.ToSlash(rel)
		if err != nil {
			if path == dir {
				return models.Explain(models.ErrInvalid, "the folder %s cannot be read: %w", dir, cause(err))
			}
			skipped = append(skipped, models.Skip{Name: name, Reason: "it cannot be read: " + cause(err).Error()})
			return nil
		}
		if path != dir && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || kindOf(name) == other {
			return nil
		}
		st, err := os.Stat(path) // follows a link, as the owner's player would
		switch {
		case err != nil:
			skipped = append(skipped, models.Skip{Name: name, Reason: "it cannot be read: " + cause(err).Error()})
		case st.Mode().IsRegular():
			files = append(files, candidate{path: path, name: name, size: st.Size(), modified: st.ModTime()})
		}
		if len(files) > r.o.MaxFiles {
			return models.Explain(models.ErrInvalid, "the folder %s holds more than %d files: add its subfolders one by one", dir, r.o.MaxFiles)
		}
		return nil
	})
	slices.SortFunc(files, func(a, b candidate) int { return naturally(a.name, b.name) })
	return files, skipped, err
}

// meter adds up what several goroutines have read.
type meter struct {
	mu    sync.Mutex
	tell  func(name string, done, total int64)
	done  map[string]int64 // bytes of the files that are being read, by path
	sum   int64            // bytes of the files that are finished
	total int64
}

func (r *Resolver) meter(files []candidate) *meter {
	m := &meter{tell: r.o.Progress, done: map[string]int64{}}
	for _, f := range files {
		m.total += f.size
	}
	return m
}

// of returns what to call with the number of bytes of f that have been read.
func (m *meter) of(f candidate) func(int64) {
	return func(n int64) { m.set(f, n, false) }
}

func (m *meter) finish(f candidate) { m.set(f, f.size, true) }

func (m *meter) set(f candidate, n int64, finished bool) {
	if m.tell == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done[f.path] = min(n, f.size)
	if finished {
		delete(m.done, f.path)
		m.sum += f.size
	}
	done := m.sum
	for _, n := range m.done {
		done += n
	}
	m.tell(f.name, done, m.total)
}
