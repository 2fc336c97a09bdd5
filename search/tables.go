package search

import (
	"container/list"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	mmap "github.com/blevesearch/mmap-go"

	"github.com/earshot/earshot/models"
)

// gate lets searches run freely and delays what would pull something from under them (removing a table that an older
// snapshot still names, unmapping one) until every search that was running at that time has ended.
type gate struct {
	mu     sync.Mutex
	epoch  uint64
	active map[uint64]int // running searches by the epoch in which they began
	later  []delayed      // by epoch, ascending
}

type delayed struct {
	epoch uint64
	do    func()
}

func newGate() *gate { return &gate{active: map[uint64]int{}} }

// enter begins a search; the returned function ends it.
func (g *gate) enter() (leave func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.epoch
	g.active[e]++
	return func() {
		g.mu.Lock()
		if g.active[e]--; g.active[e] == 0 {
			delete(g.active, e)
		}
		g.sweep()
	}
}

// after runs do when all searches that are running now have ended.
func (g *gate) after(do func()) {
	g.mu.Lock()
	g.later = append(g.later, delayed{g.epoch, do})
	g.epoch++
	g.sweep()
}

// sweep is called with the lock held and releases it.
func (g *gate) sweep() {
	oldest := g.epoch
	for e := range g.active {
		oldest = min(oldest, e)
	}
	n := 0
	for n < len(g.later) && g.later[n].epoch < oldest {
		n++
	}
	ready := g.later[:n:n]
	g.later = g.later[n:]
	g.mu.Unlock()
	for _, d := range ready {
		d.do()
	}
}

// tableKey names the side table of one generation of an episode.
type tableKey struct {
	episode    models.EpisodeID
	generation uint64
}

const tableSuffix = ".tbl"

func (k tableKey) file() string {
	return string(k.episode) + "." + strconv.FormatUint(k.generation, 36) + tableSuffix
}

// damagedError says that an episode's side table cannot be used and has to be made again.
type damagedError struct {
	key tableKey
	err error
}

func (e *damagedError) Error() string { return "side table " + e.key.file() + ": " + e.err.Error() }
func (e *damagedError) Unwrap() error { return e.err }

// tables opens side tables, memory-mapped, and keeps the most recently used ones open.
type tables struct {
	dir  string
	most int // open at a time
	gate *gate

	mu     sync.Mutex
	open   map[tableKey]*list.Element // of *openTable
	recent *list.List                 // most recent first
}

type openTable struct {
	key tableKey
	t   *table
	mem mmap.MMap
}

func newTables(dir string, most int, g *gate) *tables {
	return &tables{dir: dir, most: most, gate: g, open: map[tableKey]*list.Element{}, recent: list.New()}
}

// get returns a table, which may be used until the caller leaves the gate. The error is a *damagedError when the file is
// missing or damaged.
func (s *tables) get(key tableKey) (*table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.open[key]; ok {
		s.recent.MoveToFront(e)
		return e.Value.(*openTable).t, nil
	}
	mem, err := mapFile(filepath.Join(s.dir, key.file()))
	if err == nil {
		var t *table
		if t, err = readTable(mem); err == nil && t.meta.Episode != key.episode {
			err = fmt.Errorf("%w: it is another episode's", errTable)
		}
		if err == nil {
			s.open[key] = s.recent.PushFront(&openTable{key, t, mem})
			for s.recent.Len() > s.most {
				s.forget(s.recent.Back())
			}
			return t, nil
		}
		_ = mem.Unmap()
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, errTable) {
		return nil, &damagedError{key, err}
	}
	return nil, fmt.Errorf("opening side table %s: %w", key.file(), err)
}

func mapFile(path string) (mmap.MMap, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < tableHeader {
		return nil, fmt.Errorf("%w: it is cut short", errTable)
	}
	return mmap.Map(f, mmap.RDONLY, 0)
}

// forget closes a table once no search uses it. The lock is held.
func (s *tables) forget(e *list.Element) {
	o := s.recent.Remove(e).(*openTable)
	delete(s.open, o.key)
	s.gate.after(func() { _ = o.mem.Unmap() })
}

// remove closes and deletes tables once no search can see them.
func (s *tables) remove(keys []tableKey) {
	s.mu.Lock()
	for _, k := range keys {
		if e, ok := s.open[k]; ok {
			s.forget(e)
		}
	}
	s.mu.Unlock()
	s.gate.after(func() {
		for _, k := range keys {
			_ = os.Remove(filepath.Join(s.dir, k.file()))
		}
	})
}

// closeAll unmaps everything; no search may be running.
func (s *tables) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.recent.Len() > 0 {
		s.forget(s.recent.Back())
	}
}

// write stores tables: beside, synced, renamed, and the folder synced. Where that fails, none of them is left.
func (s *tables) write(all map[tableKey][]byte) error {
	for key, data := range all {
		if err := replaceFile(filepath.Join(s.dir, key.file()), data); err != nil {
			for k := range all { // what cannot be deleted now is deleted when the index is opened
				_ = os.Remove(filepath.Join(s.dir, k.file()))
			}
			return fmt.Errorf("writing the side table of episode %s: %w", key.episode, err)
		}
	}
	if err := syncDir(s.dir); err != nil {
		return fmt.Errorf("writing side tables: %w", err)
	}
	return nil
}

// keep deletes all files of the folder that are not tables of wanted, and returns the wanted ones that are missing.
func (s *tables) keep(wanted map[tableKey]bool) (missing []tableKey, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("listing side tables: %w", err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	for k := range wanted {
		if !names[k.file()] {
			missing = append(missing, k)
		}
		delete(names, k.file())
	}
	for name := range names {
		if strings.HasSuffix(name, tableSuffix) || strings.HasSuffix(name, partSuffix) {
			if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
				return nil, fmt.Errorf("removing a side table that nothing uses: %w", err)
			}
		}
	}
	return missing, nil
}

const partSuffix = ".part"

// writeAtomic replaces a file: beside, synced, renamed, and the folder synced.
func writeAtomic(path string, data []byte) error {
	if err := replaceFile(path, data); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// replaceFile is writeAtomic without syncing the folder.
func replaceFile(path string, data []byte) error {
	f, err := os.OpenFile(path+partSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(path+partSuffix, path)
	}
	if err != nil {
		_ = os.Remove(path + partSuffix)
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
