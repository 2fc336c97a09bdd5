package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Options says how to open a [Store].
type Options struct {
	// Database is the address of a Postgres database, as postgres://user:password@host:5432/name. Default: SQLite in the folder.
	Database string
	// Media is the address of a bucket for the recordings, as s3://bucket?endpoint=https://host&region=region. Default: files
	// in the folder.
	Media string
	// CacheBytes bounds the copies that are kept in the folder of what is in a bucket; default [DefaultCacheBytes].
	CacheBytes int64
	Logger     *slog.Logger     // default: nothing is logged
	Now        func() time.Time // the clock; default: time.Now
	// FirstPoll is how long after a feed was added it is looked at for the first time, by which its rhythm becomes known;
	// default 1 hour.
	FirstPoll time.Duration
	// MinFree is how many bytes must be free on the disk of the data folder for a job to start; 0: any number.
	MinFree int64
	// Dropped is called with the key of a recording whose file was removed, so that what was made of it here goes too; default:
	// nothing is.
	Dropped func(key string) error
}

// Store is an open archive. Its methods may be called from many goroutines.
type Store struct {
	dir   string
	e     *engine
	log   *slog.Logger
	now   func() time.Time
	media *Media
	queue *river.Client[*sql.Tx] // only inserts
	room  *room
	book  ruleBook

	dropped   func(key string) error
	firstPoll time.Duration
	place     string // see Place
}

// Open opens the archive in the folder dir, or the one in a database with the folder dir for what belongs to this machine,
// and creates or migrates it where needed. One of a newer version is refused with [models.ErrNewerData]. Other processes
// may have the same folder open, and on other machines the same database.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s, err := open(ctx, dir, o)
	if err != nil {
		if o.Database != "" {
			return nil, fmt.Errorf("opening the archive: %w", err)
		}
		return nil, fmt.Errorf("opening the data folder %s: %w", dir, err)
	}
	return s, nil
}

func open(ctx context.Context, dir string, o Options) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	media, err := openMedia(ctx, abs, o.Media, o.CacheBytes)
	if err != nil {
		return nil, explainDisk(abs, err)
	}
	e, err := openEngine(ctx, abs, o.Database)
	if err != nil {
		return nil, errors.Join(err, media.close())
	}
	if o.Dropped == nil {
		o.Dropped = func(string) error { return nil }
	}
	s := &Store{dropped: o.Dropped, dir: abs, e: e, log: o.Logger, now: o.Now, media: media, room: &room{dir: abs, minFree: o.MinFree}, firstPoll: cmp.Or(o.FirstPoll, time.Hour)}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(e.explain(err), s.Close())
	}
	return s, nil
}

func (s *Store) start(ctx context.Context) error {
	place, err := placeOf(ctx, s.dir)
	if err != nil {
		return err
	}
	s.place = place
	if err := s.migrate(ctx, s.dir); err != nil {
		return err
	}
	q, err := river.NewClient(s.e.jobs, &river.Config{Logger: slog.New(quiet{s.log.Handler()})})
	s.queue = q
	if err != nil {
		return err
	}
	return s.requeue(ctx)
}

// Close closes the archive. Calls of [Store.Work] must have returned.
func (s *Store) Close() error { return errors.Join(s.e.close(), s.media.close()) }

// Where says where the catalogue is, without secrets.
func (s *Store) Where() string { return s.e.name }

// Media returns the store of audio files.
func (s *Store) Media() *Media { return s.media }

// write runs fn in a transaction that may write. fn must use tx alone. Such transactions follow one another on every
// engine: what fn has read stays true until it ends, and only [fence] needs to lock what the queue writes by itself.
func (s *Store) write(ctx context.Context, doing string, fn func(context.Context, bun.Tx) error) error {
	return s.transact(ctx, s.e.write, s.e.turn, doing, fn)
}

// sign is write for what is small, belongs to this process alone, and must not wait behind a long write elsewhere.
func (s *Store) sign(ctx context.Context, doing string, fn func(context.Context, bun.Tx) error) error {
	return s.transact(ctx, s.e.signs, s.e.notMigrating, doing, fn)
}

// transact runs fn in a transaction on an archive that no newer program has migrated, after first, which may be nil.
func (s *Store) transact(ctx context.Context, db *bun.DB, first func(context.Context, bun.Tx) error, doing string, fn func(context.Context, bun.Tx) error) error {
	err := db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if first != nil {
			if err := first(ctx, tx); err != nil {
				return err
			}
		}
		if err := s.notNewer(ctx, tx); err != nil {
			return err
		}
		return fn(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, s.e.explain(err))
	}
	return nil
}

// read runs fn on one consistent view of the archive.
func (s *Store) read(ctx context.Context, doing string, fn func(context.Context, bun.Tx) error) error {
	if err := s.e.read.RunInTx(ctx, &s.e.view, fn); err != nil {
		return fmt.Errorf("%s: %w", doing, s.e.explain(err))
	}
	return nil
}

// missing turns "no rows" into [models.ErrNotFound] with the name of what is missing.
func missing(err error, what string, id any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s %v: %w", what, id, models.ErrNotFound)
	}
	return err
}

// chunks calls fn with at most size elements of all at a time.
func chunks[T any](all []T, size int, fn func([]T) error) error {
	for len(all) > 0 {
		n := min(size, len(all))
		if err := fn(all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// clean makes text storable: valid UTF-8 without NUL.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// maxReason bounds a reason, in bytes: enough for the last lines of a child's stderr.
const maxReason = 4000

func reason(s string) string {
	if len(s) > maxReason {
		s = s[:maxReason] + " …"
	}
	return clean(s)
}

func toMS(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// quiet keeps the libraries' chatter below warnings out of the log.
type quiet struct{ slog.Handler }

// Enabled reports whether level is at least a warning and wanted.
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// WithAttrs returns a handler with more attributes.
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

// WithGroup returns a handler with a group.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }

// lockFile takes the lock of the file at path, which is created where it is missing, and waits for it until ctx ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := tryLock(f)
		if ok {
			return func() { _ = f.Close() }, nil
		}
		if err == nil {
			select {
			case <-tick.C:
				continue
			case <-ctx.Done():
				err = fmt.Errorf("another process holds %s for too long: %w", path, ctx.Err())
			}
		}
		return nil, errors.Join(err, f.Close())
	}
}
