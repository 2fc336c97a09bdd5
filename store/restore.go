package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// RestoreOptions says where a backup goes.
type RestoreOptions struct {
	Options // of the archive to be
	// Replace moves an archive that is in the folder aside.
	Replace bool
	// Derived names folders in the data folder that belong to the former archive and can be made anew: they are removed.
	Derived []string
	// Progress, which may be nil, is told how far the recordings and the catalogue have come, both in bytes of the file.
	Progress func(what Progressing, done, total int64)
}

// Restored tells what became of a backup.
type Restored struct {
	Recordings int      // that are in the archive's media now
	Damaged    []string // names of recordings that were damaged when the backup was made: they are left out
	Aside      string   // where the former archive is now, "" for none
}

// Restore makes an archive of a backup, in the data folder dir or in a database. The former archive stays as it is until the
// new one is complete; recordings are only added. [Open] puts what was under way back into the queue.
//
// A place that has an archive is [models.ErrInvalid] without Replace, and with it where the archive is in use, or in a database.
func (b *BackupFile) Restore(ctx context.Context, dir string, o RestoreOptions) (Restored, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Restored{}, err
	}
	r := &restoration{b: b, o: o, dir: dir}
	if err := r.run(ctx); err != nil {
		return r.done, fmt.Errorf("restoring %s: %w", b.path, explainDisk(dir, err))
	}
	return r.done, nil
}

// restoration is a backup that is being restored.
type restoration struct {
	b     *BackupFile
	o     RestoreOptions
	dir   string
	media *Media
	done  Restored
}

func (r *restoration) run(ctx context.Context) (err error) {
	if err := os.MkdirAll(r.dir, 0o750); err != nil {
		return err
	}
	if r.media, err = openMedia(ctx, r.dir, r.o.Media, r.o.CacheBytes); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.media.close()) }()
	if r.o.Database != "" {
		return r.intoDatabase(ctx)
	}
	return r.intoFolder(ctx)
}

// intoFolder builds the catalogue beside, and puts it in its place when it is complete. The lock of the folder keeps every
// other program from opening it meanwhile.
func (r *restoration) intoFolder(ctx context.Context) (err error) {
	waiting, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	unlock, err := lockFile(waiting, filepath.Join(r.dir, "earshot.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	place := filepath.Join(r.dir, "earshot.db")
	if err := r.free(ctx, place); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(r.media.tmp, "restore-*"))
	if err != nil {
		return err
	}
	for _, l := range left { // of restorations that died
		if err := os.RemoveAll(l); err != nil {
			return err
		}
	}
	beside := filepath.Join(r.media.tmp, "restore-"+rand.Text())
	if err := os.Mkdir(beside, 0o700); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(beside)) }()
	if err := r.recordings(ctx); err != nil {
		return err
	}
	if err := r.build(ctx, beside); err != nil {
		return err
	}
	for _, d := range r.o.Derived {
		if err := os.RemoveAll(filepath.Join(r.dir, d)); err != nil {
			return err
		}
	}
	if err := r.moveAside(place); err != nil {
		return err
	}
	return errors.Join(os.Rename(filepath.Join(beside, "earshot.db"), place), syncDir(r.dir))
}

// free makes sure that there is no archive at place, or that it may be moved aside: complete in one file, because nobody has
// it open. A file that SQLite does not understand may be moved as well.
func (r *restoration) free(ctx context.Context, place string) error {
	if _, err := os.Lstat(place); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if !r.o.Replace {
		return models.Explain(models.ErrInvalid, "there is an archive in %s already: choose an empty folder, or move the archive aside with --replace", r.dir)
	}
	e, err := openSQLite(place)
	if err != nil {
		return err
	}
	var busy, log, moved int
	err = e.write.NewRaw("PRAGMA wal_checkpoint(TRUNCATE)").Scan(ctx, &busy, &log, &moved)
	if isDamage(err) {
		err = nil
	}
	if err := errors.Join(err, e.close()); err != nil {
		return e.explain(err)
	}
	// The last one who closes an archive removes this file.
	if _, err := os.Lstat(place + "-wal"); err == nil || busy != 0 {
		return r.inUse()
	}
	return nil
}

func (r *restoration) inUse() error {
	return models.Explain(models.ErrInvalid, "the archive in %s is in use: stop earshot serve, and whatever else has it open, and try again", r.dir)
}

// moveAside keeps the former archive under another name. At no moment is there none in its place. What SQLite keeps beside an
// archive goes too, also that of one which somebody moved away without it: it would be taken for the new archive's.
func (r *restoration) moveAside(place string) error {
	_, err := os.Lstat(place)
	former := err == nil
	var beside []string
	for _, end := range []string{"-wal", "-shm", "-journal"} {
		if _, err := os.Lstat(place + end); err == nil {
			beside = append(beside, end)
		}
	}
	if former && slices.Contains(beside, "-wal") { // somebody has opened it since it was free
		return r.inUse()
	}
	if !former && len(beside) == 0 {
		return nil
	}
	aside, err := os.MkdirTemp(r.dir, "replaced-"+r.o.Now().UTC().Format("20060102-150405-*"))
	if err != nil {
		return err
	}
	r.done.Aside = aside
	to := filepath.Join(aside, "earshot.db")
	if former {
		if err = os.Link(place, to); err != nil {
			err = os.Rename(place, to) // a file system without links
		}
	}
	for _, end := range beside {
		err = errors.Join(err, os.Rename(place+end, to+end))
	}
	return errors.Join(err, syncDir(aside))
}

// build makes the catalogue of the backup in an empty folder.
func (r *restoration) build(ctx context.Context, beside string) error {
	e, err := openSQLite(filepath.Join(beside, "earshot.db"))
	if err != nil {
		return err
	}
	s := &Store{dir: beside, e: e, log: slog.New(slog.DiscardHandler), now: r.o.Now, media: r.media}
	err = s.migrateTo(ctx, beside, r.b.head.Tables)
	if err == nil {
		err = r.load(ctx, s)
	}
	if err == nil {
		_, err = e.write.NewRaw("PRAGMA wal_checkpoint(TRUNCATE)").Exec(ctx)
	}
	return errors.Join(err, e.close())
}

// intoDatabase fills a database that has no archive in one transaction.
func (r *restoration) intoDatabase(ctx context.Context) (err error) {
	e, err := openEngine(ctx, r.dir, r.o.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(e.explain(err), e.close()) }()
	s := &Store{dir: r.dir, e: e, log: slog.New(slog.DiscardHandler), now: r.o.Now, media: r.media}
	if err := s.empty(ctx); err != nil {
		return err
	}
	if err := r.recordings(ctx); err != nil {
		return err
	}
	if err := s.migrateTo(ctx, r.dir, r.b.head.Tables); err != nil {
		return err
	}
	return r.load(ctx, s)
}

// empty makes sure that there is no archive in a database.
func (s *Store) empty(ctx context.Context) error {
	return s.read(ctx, "looking for an archive", s.vacant)
}

// vacant makes sure that those tables that are there have nothing of an owner's in them.
func (s *Store) vacant(ctx context.Context, tx bun.Tx) error {
	there, err := s.e.tables(ctx, tx)
	if err != nil {
		return err
	}
	for _, table := range []string{"shows", "changes", "users", "tokens"} {
		if !slices.Contains(there, table) {
			continue // it is of an older version
		}
		has, err := tx.NewSelect().Table(table).Exists(ctx)
		if err != nil {
			return err
		}
		if has {
			return models.Explain(models.ErrInvalid, "there is an archive in %s already: restore into another database, and use that one then", s.Where())
		}
	}
	return nil
}

// errAllLoaded ends the reading of a backup after its catalogue. What follows can take hours to be read, and a database
// breaks off a transaction that is idle for so long.
var errAllLoaded = errors.New("the catalogue is complete")

// load writes the catalogue, and that what was under way belongs into the queue.
func (r *restoration) load(ctx context.Context, s *Store) error {
	return s.write(ctx, "restoring the catalogue", func(ctx context.Context, tx bun.Tx) error {
		if err := s.vacant(ctx, tx); err != nil {
			return err
		}
		l, err := newLoader(ctx, s.e, tx)
		if err != nil {
			return err
		}
		err = r.b.each(ctx, ProgressCatalogue, nil, func(name string, size int64, in io.Reader) error {
			switch {
			case partForm.MatchString(name):
			case l.rows > 0:
				return errAllLoaded
			default:
				return nil
			}
			text, err := readAll(in, size, maxPart)
			if err == nil {
				err = l.part(ctx, text)
			}
			r.tell(ProgressCatalogue, l.rows, r.b.head.Rows)
			return err
		})
		if err != nil && !errors.Is(err, errAllLoaded) {
			return err
		}
		if l.rows != r.b.head.Rows {
			return errForeign("it has %d rows of %d", l.rows, r.b.head.Rows)
		}
		if s.e.filled != nil {
			if err := s.e.filled(ctx, tx, l.tables); err != nil {
				return err
			}
		}
		return askToRequeue(ctx, tx)
	})
}

func (r *restoration) recordings(ctx context.Context) error {
	if !r.b.head.Media {
		return nil
	}
	return r.b.each(ctx, ProgressMedia, r.o.Progress, func(name string, size int64, in io.Reader) error {
		key, ok := strings.CutPrefix(name, backupMedia)
		if !ok {
			return nil
		}
		sound, err := r.media.restore(ctx, key, size, in)
		switch {
		case err != nil:
			return err
		case sound:
			r.done.Recordings++
		default:
			r.done.Damaged = append(r.done.Damaged, key)
		}
		return nil
	})
}

func (r *restoration) tell(what Progressing, done, total int64) {
	if r.o.Progress != nil {
		r.o.Progress(what, done, total)
	}
}

// restore stores a recording under its key, unless it is there with the bytes that the key names. sound says that the bytes are those that the key names;
// others are not stored.
func (m *Media) restore(ctx context.Context, key string, size int64, r io.Reader) (sound bool, err error) {
	to, err := m.path(key)
	if err != nil {
		return false, err
	}
	if m.sound(ctx, key, size) {
		return true, nil
	}
	p, err := m.Create(ctx, "the recording "+key)
	if err != nil {
		return false, err
	}
	defer p.Close() //nolint:errcheck // what is moved away is no longer its own
	if _, err := copyTelling(ctx, p, r, func(int64) {}); err != nil {
		return false, err
	}
	if hex.EncodeToString(p.sum.Sum(nil)) != sumOf(key) {
		return false, nil
	}
	if err := p.f.Sync(); err != nil {
		return false, err
	}
	if m.bucket != nil {
		return true, m.bucket.explain(key, m.bucket.upload(ctx, p.f.Name(), key, size))
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return false, err
	}
	return true, errors.Join(os.Rename(p.f.Name(), to), syncDir(filepath.Dir(to)), syncDir(m.dir))
}

// sound reports whether a stored file has so many bytes, and those that its key names.
func (m *Media) sound(ctx context.Context, key string, size int64) bool {
	if has, err := m.size(ctx, key); err != nil || has != size {
		return false
	}
	r, err := m.Reader(ctx, key)
	if err != nil {
		return false
	}
	defer r.Close() //nolint:errcheck // only read
	h := sha256.New()
	_, err = copyTelling(ctx, h, r, func(int64) {})
	return err == nil && hex.EncodeToString(h.Sum(nil)) == sumOf(key)
}
