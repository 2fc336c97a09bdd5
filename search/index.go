package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
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
// 4: documents are known by their ids alone; lengths of fields are counted in fours.
// 5: side tables count lengths of words in positions of the decoder.
// 6: passages are replaced by themselves; the head of an episode names its side table, which has sums of its passages.
const schema = 6

var (
	// ErrInUse means that another process has the index open. Ask that process (the server's API) instead.
	ErrInUse = errors.New("the search index is in use by another Earshot process")
	// ErrClosed means that the index has been closed.
	ErrClosed = errors.New("the search index is closed")
)

// Source is what the index follows.
type Source interface {
	// Changes returns the changes with a sequence number greater than after, in ascending order, at most limit. An episode
	// appears at most once in an answer, with its newest number: what is older is gone.
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
	// ByHand returns the number of the newest change that a person made. While Follow rests from what it has followed it looks at
	// it every Interval, and when it is woken, and goes on where searches do not see that change yet; nil: people wait, too.
	ByHand func(ctx context.Context) (int64, error)
	// Known tells which spellings mean the same; nil: none do.
	Known Known
	// Log receives what the owner should know; nil discards it.
	Log *slog.Logger
	// MaxTables is how many side tables are kept open, memory-mapped; 0 means 16384. Linux allows 65530 mappings.
	MaxTables int

	mapping      string // tests: in place of mappingText
	compactLeast int    // tests: in place of the constant
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

	learning  sync.Mutex // held while what is known of names is read
	spellings atomic.Pointer[spellings]

	mu      sync.Mutex
	current *shard // serves; nil when closed
	closing sync.WaitGroup

	mended []Finding // what Open found wrong and has set right, or will by following
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
	if o.compactLeast == 0 {
		o.compactLeast = compactLeast
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

// Applied returns the sequence number of the last change that searches see.
func (x *Index) Applied() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current == nil {
		return 0
	}
	return x.current.applied.Load()
}

// State names what searches see: while it is the same, so are the answers. It says nothing to another process.
func (x *Index) State() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current == nil {
		return ""
	}
	return filepath.Base(x.current.dir) + "@" + strconv.FormatInt(x.current.batches.Load(), 10) + x.spellings.Load().state()
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
