package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
)

// Media keeps audio files by their content. A file's key is "ab/abcd….mp3": the SHA-256 of its bytes under a folder of
// its first two characters, with the extension it was first stored with. The same bytes are stored once. Complete files
// are in a folder, or in a bucket that several machines share.
type Media struct {
	dir    string  // complete files
	tmp    string  // files being written, on the same file system
	bucket *bucket // in place of dir; nil: there is none
}

var (
	keyForm       = regexp.MustCompile(`^([0-9a-f]{2})/([0-9a-f]{64})(\.[a-z0-9]{1,8})?$`)
	extensionForm = regexp.MustCompile(`^\.[a-z0-9]{1,8}$`)
)

// abandonedAfter is the age at which a nameless unfinished file that nobody holds is swept.
const abandonedAfter = time.Hour

// openMedia opens the media of the data folder dir; address is that of a bucket, or "".
func openMedia(ctx context.Context, dir, address string, cache int64) (*Media, error) {
	m := &Media{dir: filepath.Join(dir, "media"), tmp: filepath.Join(dir, "tmp")}
	for _, d := range []string{m.dir, m.tmp} {
		if err := os.MkdirAll(d, 0o750); err != nil {
			return nil, fmt.Errorf("the folder cannot be created, check who owns the folders above it: %w", err)
		}
	}
	if err := m.sweep(); err != nil {
		return nil, err
	}
	if address != "" {
		var err error
		m.bucket, err = openBucket(ctx, address, filepath.Join(dir, "cache"), cache)
		return m, err
	}
	return m, nil
}

func (m *Media) close() error {
	if m.bucket == nil {
		return nil
	}
	return m.bucket.b.Close()
}

// sweep removes the unfinished files of processes that died, except downloads that can be resumed.
func (m *Media) sweep() error { return sweepAbandoned(m.tmp, "new-") }

// sweepAbandoned removes the files of a folder whose names begin so, and that nobody holds the lock on or has written to for long.
func sweepAbandoned(dir, prefix string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, d := range files {
		if !strings.HasPrefix(d.Name(), prefix) {
			continue
		}
		p := filepath.Join(dir, d.Name())
		info, err := os.Lstat(p)
		if err != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < abandonedAfter {
			continue
		}
		f, err := os.OpenFile(p, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if free, err := tryLock(f); err == nil && free {
			_ = os.Remove(p) // next time, then
		}
		_ = f.Close()
	}
	return nil
}

// Open opens a stored file for reading; one in a bucket is fetched first. A key that is malformed, or whose file is not
// there, is [models.ErrNotFound].
func (m *Media) Open(ctx context.Context, key string) (*os.File, error) {
	path, err := m.path(key)
	if err != nil {
		return nil, err
	}
	if m.bucket != nil {
		return m.bucket.open(ctx, key, m.tmp)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the audio file %s is missing: %w", key, models.ErrNotFound)
	}
	return f, err
}

// Reader opens a stored file for whoever needs a part of it, without fetching the rest. ctx must last as long as reading.
func (m *Media) Reader(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if m.bucket == nil {
		return m.Open(ctx, key)
	}
	if _, err := m.path(key); err != nil {
		return nil, err
	}
	return m.bucket.reader(ctx, key)
}

// size returns the length of a stored file in bytes.
func (m *Media) size(ctx context.Context, key string) (int64, error) {
	r, err := m.Reader(ctx, key)
	if err != nil {
		return 0, err
	}
	n, err := r.Seek(0, io.SeekEnd)
	return n, errors.Join(err, r.Close())
}

// Has reports whether a file is stored.
func (m *Media) Has(ctx context.Context, key string) (bool, error) {
	if m.bucket == nil {
		return m.has(key), nil
	}
	if _, err := m.path(key); err != nil {
		return false, nil //nolint:nilerr // it names none
	}
	is, err := m.bucket.b.Exists(ctx, key)
	return is, m.bucket.explain(key, err)
}

// path returns where a key's file is. Keys come back from outside: only the one form is followed.
func (m *Media) path(key string) (string, error) {
	f := keyForm.FindStringSubmatch(key)
	if f == nil || f[1] != f[2][:2] {
		return "", fmt.Errorf("%q does not name an audio file: %w", key, models.ErrNotFound)
	}
	return filepath.Join(m.dir, f[1], f[2]+f[3]), nil
}

// Create begins a new file of unknown content. It is gone when it is closed without [Partial.Commit], or when the process
// dies. hint says in errors what is being stored.
func (m *Media) Create(ctx context.Context, hint string) (*Partial, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(m.tmp, "new-*")
	if err != nil {
		return nil, fmt.Errorf("storing %s: %w", hint, explainDisk(m.tmp, err))
	}
	p := newPartial(m, f, hint)
	p.fleeting = true
	if ok, err := tryLock(f); err != nil || !ok {
		return nil, errors.Join(fmt.Errorf("storing %s: the new file cannot be locked: %w", hint, err), p.Close())
	}
	return p, nil
}

// Partial opens the unfinished audio of an episode, a new one where there is none. Only one at a time can be open, in
// this process or another. What was written in an earlier run is there; see [Partial.Validator].
func (m *Media) Partial(ctx context.Context, id models.EpisodeID) (*Partial, error) {
	if !models.ValidID(string(id)) {
		return nil, fmt.Errorf("%w: %q is no episode", models.ErrInvalid, id)
	}
	path := m.partialPath(id)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("storing the audio of episode %s: %w", id, explainDisk(m.tmp, err))
		}
		if ok, err := tryLock(f); err != nil || !ok {
			return nil, errors.Join(fmt.Errorf("the audio of episode %s is being written by another job", id), err, f.Close())
		}
		// Between opening and locking, the file's last holder may have moved it to the stored files, which must not be
		// touched.
		if same(f, path) {
			p := newPartial(m, f, "the audio of episode "+string(id))
			if err := p.restore(); err != nil {
				return nil, errors.Join(err, p.f.Close())
			}
			return p, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

func (m *Media) partialPath(id models.EpisodeID) string {
	return filepath.Join(m.tmp, "episode-"+string(id)+".part")
}

// forget removes an episode's unfinished audio.
func (m *Media) forget(id models.EpisodeID) error {
	if !models.ValidID(string(id)) {
		return nil
	}
	path := m.partialPath(id)
	return errors.Join(remove(path), remove(path+".json"))
}

// unfinished returns the unfinished recordings of episodes that nobody has written to for a while, with the time of the last byte.
func (m *Media) unfinished(since time.Duration) (map[models.EpisodeID]time.Time, error) {
	paths, err := filepath.Glob(m.partialPath("*"))
	found := map[models.EpisodeID]time.Time{}
	for _, p := range paths {
		id := models.EpisodeID(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(p), "episode-"), ".part"))
		if info, err := os.Stat(p); err == nil && time.Since(info.ModTime()) >= since && models.ValidID(string(id)) {
			found[id] = info.ModTime()
		}
	}
	return found, err
}

// abandon removes an episode's unfinished recording, unless somebody writes it.
func (m *Media) abandon(id models.EpisodeID) error {
	f, err := os.OpenFile(m.partialPath(id), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if free, err := tryLock(f); err != nil || !free {
		return err
	}
	return m.forget(id)
}

func same(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Lstat(path)
	return err == nil && os.SameFile(a, b)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// place moves a synced file of size bytes to where its content belongs, and returns its key.
func (m *Media) place(ctx context.Context, path, sum, ext string, size int64) (string, error) {
	ext = strings.ToLower(ext)
	if ext != "" && !strings.HasPrefix(ext, ".") {
		ext = "." + ext
	}
	if !extensionForm.MatchString(ext) {
		ext = ""
	}
	if m.bucket != nil {
		return m.bucket.put(ctx, path, sum, ext, size)
	}
	dir := filepath.Join(m.dir, sum[:2])
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	stored, err := filepath.Glob(filepath.Join(dir, sum+"*"))
	if err != nil {
		return "", err
	}
	for _, s := range stored {
		key := sum[:2] + "/" + filepath.Base(s)
		if info, err := os.Stat(s); err == nil && info.Size() == size && keyForm.MatchString(key) {
			return key, os.Remove(path)
		}
	}
	name := sum + ext
	if err := os.Rename(path, filepath.Join(dir, name)); err != nil {
		return "", err
	}
	return sum[:2] + "/" + name, errors.Join(syncDir(dir), syncDir(m.dir))
}
