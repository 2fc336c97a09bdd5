package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"github.com/earshot/earshot/models"
)

// The endings of the files.
const (
	peaksEnding = ".peaks"
	playEnding  = ".play.mp4"
	cutEnding   = ".m4a"
)

var (
	nameForm = regexp.MustCompile(`^[0-9a-z]{2,64}(\.[a-z0-9]{1,8})?$`)
	fileForm = regexp.MustCompile(`^([0-9a-z]{2,64}(?:\.[a-z0-9]{1,8})?)(\.without-[0-9a-f]{16})?(?:\.peaks|\.play\.mp4|\.[0-9]+-[0-9]+-[0-9a-f]{16}\.m4a)$`)
)

// shelf is the folder of what was made.
type shelf struct {
	dir  string
	most int64 // bytes
}

// without is the part of a file's name that tells which stretches of a recording are silent in it.
func without(held []models.Span) string {
	if len(held) == 0 {
		return ""
	}
	return ".without-" + models.HeldName(held)
}

// path returns where a recording's file with an ending is.
func (s shelf) path(m models.Media, ending string) (string, error) {
	name := path.Base(m.Key)
	if dir := path.Dir(m.Key); !nameForm.MatchString(name) || dir != "." && dir != name[:2] {
		return "", fmt.Errorf("%q does not name an audio file: %w", m.Key, models.ErrNotFound)
	}
	return filepath.Join(s.dir, name[:2], name+ending), nil
}

// forget removes what was made of a recording.
func (s shelf) forget(m models.Media) error {
	return s.remove(m, func(string) bool { return true })
}

// forgetOthers removes what was made of a recording, but what is silent in the stretches held and nowhere else.
func (s shelf) forgetOthers(m models.Media, held []models.Span) error {
	return s.remove(m, func(silent string) bool { return silent != without(held) })
}

// remove removes what was made of a recording where going says so of the part of its name that tells what is silent in it.
func (s shelf) remove(m models.Media, going func(silent string) bool) error {
	path, err := s.path(m, ".")
	if err != nil {
		return err
	}
	made, err := filepath.Glob(path + "*")
	for _, p := range made {
		if of := fileForm.FindStringSubmatch(filepath.Base(p)); of != nil && !going(of[2]) {
			continue
		}
		if rerr := os.Remove(p); !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

// open opens a file that was made, and notes that it is used; nil where it has not been made.
func (s shelf) open(path string) (*os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	if err != nil {
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // that it be removed later is only better
	return f, nil
}

// put makes a file: whole, or not at all.
func (s shelf) put(path string, fill func(f *os.File) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o600), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return err
	}
	defer f.Cleanup() //nolint:errcheck // does nothing once it is in its place; otherwise the sweep removes it
	if err := fill(f.File); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// tidy removes the files of recordings that are gone, remains of what was not finished, and what was used longest ago until
// the rest has room.
func (s shelf) tidy(ctx context.Context, has func(ctx context.Context, key string) (bool, error)) error {
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was made
	}
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // only read through
	type file struct {
		path string
		size int64
		used time.Time
	}
	var files []file
	var sum int64
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		of := fileForm.FindStringSubmatch(d.Name())
		if of == nil {
			if time.Since(info.ModTime()) < time.Hour {
				return nil // somebody writes it
			}
			return root.Remove(path)
		}
		there, err := has(ctx, of[1][:2]+"/"+of[1])
		if err != nil {
			return err
		}
		if !there {
			return root.Remove(path)
		}
		sum += info.Size()
		if !strings.HasSuffix(path, peaksEnding) { // they are small and asked for with every episode
			files = append(files, file{path, info.Size(), info.ModTime()})
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process tidies up too: next time
	}
	if err != nil {
		return err
	}
	slices.SortFunc(files, func(a, b file) int { return a.used.Compare(b.used) })
	for _, f := range files {
		if sum <= s.most {
			break
		}
		if err := root.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		sum -= f.size
	}
	return nil
}
