package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/earshot/earshot/models"
)

// schema is the version of the layout on disk and of how it is searched. An index of another schema cannot be searched;
// one of the same schema whose mapping differs can, and serves until the new one is built.
// 1: first version.
// 2: side tables know accented forms.
// 3: side tables are less than half as long.
const schema = 3

var (
	// ErrInUse means that another process has the index open. Ask that process (the server's API) instead.
	ErrInUse = errors.New("the search index is in use by another Earshot process")
	// ErrClosed means that the index has been closed.
	ErrClosed = errors.New("the search index is closed")
)

// Source is what the index follows.
type Source interface {
	// Changes returns the changes with a sequence number greater than after, in ascending order, at most limit.
	Changes(ctx context.Context, after int64, limit int) ([]models.Change, error)
	// LastChange returns the greatest sequence number given so far; 0 when there is none.
	LastChange(ctx context.Context) (int64, error)
	// Document returns the newest state of an episode; models.ErrNotFound when it is gone.
	Document(ctx context.Context, id models.EpisodeID) (models.Document, error)
}

// Options of [Open]. The zero value is good.
type Options struct {
	// Interval is how often Follow asks the source for changes; 0 means 500 ms.
	Interval time.Duration
	// Wake makes Follow ask at once when something arrives; nil is allowed. Bursts are taken together: Follow asks at most
	// once in a fifth of Interval.
	Wake <-chan struct{}
	// Log receives what the owner should know; nil discards it.
	Log *slog.Logger
	// MaxTables is how many side tables are kept open, memory-mapped; 0 means 16384. Linux allows 65530 mappings.
	MaxTables int

	mapping string // tests: in place of mappingText
}

// Index is the search index of an archive. Its methods are safe for concurrent use.
type Index struct {
	dir  string
	src  Source
	o    Options
	an   *analyzer
	lock *os.File

	follow sync.Mutex // held while changes are applied
	next   *shard     // being built beside the one that serves; under follow

	mu      sync.Mutex
	current *shard // serves; nil when closed
	closing sync.WaitGroup

	broken atomic.Bool // a search found the index that serves damaged
	mended []Finding   // what Open found wrong and has set right, or will by following
}

// Open opens the index in dir, making it when it is not there. An index that does not open is moved aside and rebuilt from
// the source by Follow or CatchUp, like one whose schema has changed. The error is [ErrInUse], at once, when another
// process has it open.
func Open(ctx context.Context, dir string, src Source, o Options) (*Index, error) {
	if o.Interval <= 0 {
		o.Interval = 500 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxTables <= 0 {
		o.MaxTables = 16384
	}
	if o.mapping == "" {
		o.mapping = mappingText()
	}
	an, err := newAnalyzer()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the search index: %w", err)
	}
	x := &Index{dir: dir, src: src, o: o, an: an}
	if x.lock, err = lockFile(filepath.Join(dir, "lock")); err != nil {
		return nil, err
	}
	if err := x.openShards(ctx); err != nil {
		return nil, errors.Join(explainDisk(err), x.lock.Close())
	}
	return x, nil
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the search index: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, fmt.Errorf("locking the search index: %w", err)
	}
	return f, nil
}

const (
	currentFile   = "CURRENT"
	indexPrefix   = "index-v"
	damagedPrefix = "damaged-"
)

// baseName is the name of an index of this program, without the number that tells rebuilds apart.
func (x *Index) baseName() string {
	sum := sha256.Sum256([]byte(x.o.mapping))
	return fmt.Sprintf("%s%d-%s", indexPrefix, schema, hex.EncodeToString(sum[:4]))
}

// isBase reports whether name is base, or base with a number.
func isBase(name, base string) bool {
	return name == base || strings.HasPrefix(name, base+"-")
}

// freeName returns a name for a new index that no folder has.
func (x *Index) freeName() (string, error) {
	base := x.baseName()
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		if _, err := os.Stat(filepath.Join(x.dir, name)); errors.Is(err, os.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", fmt.Errorf("naming a new index: %w", err)
		}
	}
}

// openShards decides which folder serves and which is being built, and removes the rest.
func (x *Index) openShards(ctx context.Context) error {
	pointer, err := os.ReadFile(filepath.Join(x.dir, currentFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("opening the search index: %w", err)
	}
	names, err := x.indexNames()
	if err != nil {
		return err
	}
	current := ""
	for _, n := range names {
		if n == strings.TrimSpace(string(pointer)) && strings.HasPrefix(n, fmt.Sprintf("%s%d-", indexPrefix, schema)) {
			current = n
		}
	}
	if current != "" {
		if x.current, err = x.openOrSetAside(ctx, current); err != nil {
			return err
		}
	}
	building := slices.IndexFunc(names, func(n string) bool { return n != current && isBase(n, x.baseName()) })
	switch {
	case x.current == nil && building >= 0: // a new index that was being built; it serves as far as it is
		if x.current, err = x.openOrSetAside(ctx, names[building]); err != nil {
			return err
		}
	case x.current != nil && building >= 0: // a new index that was being built goes on being built
		if x.next, err = x.openNext(ctx, names[building]); err != nil {
			return err
		}
	}
	if x.current != nil && !isBase(current, x.baseName()) {
		if x.next == nil {
			if x.next, err = x.newShard(ctx); err != nil {
				return err
			}
		}
		x.o.Log.InfoContext(ctx, "the search index is of an older kind: it serves while the new one is built", "old", current, "new", filepath.Base(x.next.dir))
	}
	if x.current == nil {
		if x.current, err = x.newShard(ctx); err != nil {
			return err
		}
	}
	x.current.refs = 1
	return x.settle(ctx, current)
}

// point records which index serves.
func (x *Index) point(name string) error {
	if err := writeAtomic(filepath.Join(x.dir, currentFile), []byte(name+"\n")); err != nil {
		return fmt.Errorf("recording which search index serves: %w", err)
	}
	return nil
}

// settle records which index serves, where pointer says otherwise, and removes the folders of others.
func (x *Index) settle(ctx context.Context, pointer string) error {
	name := filepath.Base(x.current.dir)
	if name != pointer { // an index that is as it was opens on a full disk, too
		if err := x.point(name); err != nil {
			return err
		}
	}
	names, err := x.indexNames()
	if err != nil {
		return err
	}
	for _, n := range names {
		if n == name || x.next != nil && n == filepath.Base(x.next.dir) {
			continue
		}
		x.o.Log.InfoContext(ctx, "removing an old search index", "name", n)
		if err := os.RemoveAll(filepath.Join(x.dir, n)); err != nil {
			return fmt.Errorf("removing an old search index: %w", err)
		}
	}
	return nil
}

func (x *Index) indexNames() ([]string, error) {
	entries, err := os.ReadDir(x.dir)
	if err != nil {
		return nil, fmt.Errorf("opening the search index: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), indexPrefix) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (x *Index) newShard(ctx context.Context) (*shard, error) {
	name, err := x.freeName()
	if err != nil {
		return nil, err
	}
	s, _, err := openShard(ctx, filepath.Join(x.dir, name), x.an, x.o.MaxTables)
	return s, err
}

// openNext opens an index that was being built; one that does not open is removed, and nil returned.
func (x *Index) openNext(ctx context.Context, name string) (*shard, error) {
	dir := filepath.Join(x.dir, name)
	s, missing, err := openShard(ctx, dir, x.an, x.o.MaxTables)
	if err == nil && len(missing) > 0 {
		err = errors.Join(fmt.Errorf("it lacks %d side tables", len(missing)), s.close())
	}
	if err == nil {
		return s, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	x.o.Log.WarnContext(ctx, "a search index that was being built cannot go on: removing it", "name", name, "error", err)
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("removing a search index that was being built: %w", err)
	}
	return nil, nil //nolint:nilnil // nil means: there is none
}

// openOrSetAside opens an index; one that does not open is renamed, and nil returned. Side tables that are missing are
// made again; where that fails, the first search that needs one tries once more.
func (x *Index) openOrSetAside(ctx context.Context, name string) (*shard, error) {
	s, missing, err := openShard(ctx, filepath.Join(x.dir, name), x.an, x.o.MaxTables)
	if err == nil {
		for _, k := range missing {
			err := s.apply(ctx, x.src, models.Change{EpisodeID: k.episode})
			x.o.Log.WarnContext(ctx, "a side table was missing and was made again", "episode", k.episode, "error", err)
			if err == nil {
				x.mended = append(x.mended, Finding{EpisodeID: k.episode, Problem: "its side table is missing"})
			}
		}
		return s, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	aside := damagedPrefix + name + "-" + time.Now().UTC().Format("20060102T150405.000")
	x.o.Log.ErrorContext(ctx, "the search index does not open: moving it aside and rebuilding it from the catalogue", "error", err, "moved_to", aside)
	if err := x.dropDamaged(); err != nil {
		return nil, err
	}
	if err := os.Rename(filepath.Join(x.dir, name), filepath.Join(x.dir, aside)); err != nil {
		return nil, fmt.Errorf("moving a damaged search index aside: %w", err)
	}
	x.mended = append(x.mended, Finding{Problem: "the index does not open: " + err.Error()})
	return nil, nil //nolint:nilnil // nil means: to be made anew
}

// dropDamaged removes indexes that were moved aside earlier: the newest is kept, for whoever wants to know why.
func (x *Index) dropDamaged() error {
	old, err := filepath.Glob(filepath.Join(x.dir, damagedPrefix+"*"))
	if err != nil {
		return fmt.Errorf("looking for damaged search indexes: %w", err)
	}
	for _, d := range old {
		if err := os.RemoveAll(d); err != nil {
			return fmt.Errorf("removing a damaged search index: %w", err)
		}
	}
	return nil
}

// acquire returns the index that serves; release must be called once.
func (x *Index) acquire() (s *shard, release func(), err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current == nil {
		return nil, nil, ErrClosed
	}
	s = x.current
	s.refs++
	return s, func() { x.release(s) }, nil
}

// release gives up a reference; the last one of a retired index closes and removes it.
func (x *Index) release(s *shard) {
	x.mu.Lock()
	s.refs--
	last := s.refs == 0
	x.mu.Unlock()
	if !last {
		return
	}
	defer x.closing.Done()
	if err := s.close(); err != nil {
		x.o.Log.Warn("closing a search index", "error", err)
	}
	if s.retired {
		if err := os.RemoveAll(s.dir); err != nil {
			x.o.Log.Warn("removing an old search index", "error", err)
		}
	}
}

// swap lets the index that was built beside serve. The follow lock is held.
func (x *Index) swap() error {
	if err := x.point(filepath.Base(x.next.dir)); err != nil {
		return err
	}
	x.mu.Lock()
	old := x.current
	if old == nil {
		x.mu.Unlock()
		return ErrClosed
	}
	x.next.refs = 1
	old.retired = true
	x.current, x.next = x.next, nil
	x.closing.Add(1)
	x.mu.Unlock()
	x.release(old)
	return nil
}

// Applied returns the sequence number of the last change that searches see.
func (x *Index) Applied() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current == nil {
		return 0
	}
	return x.current.applied.Load()
}

// Close waits for running searches, closes the index and lets other processes open it. Follow must have ended.
func (x *Index) Close() error {
	x.follow.Lock()
	defer x.follow.Unlock()
	x.mu.Lock()
	s := x.current
	x.current = nil
	if s != nil {
		x.closing.Add(1)
	}
	x.mu.Unlock()
	if s == nil {
		return nil
	}
	x.release(s)
	x.closing.Wait()
	var err error
	if x.next != nil {
		err = x.next.close()
		x.next = nil
	}
	return errors.Join(err, x.lock.Close())
}
