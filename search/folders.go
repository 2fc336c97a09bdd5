package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

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

// roles says which folder serves and which is being built to replace it. "" means none.
type roles struct{ serving, building string }

// readRoles reads what was recorded last, and reports whether anything was.
func (x *Index) readRoles() (r roles, recorded bool, err error) {
	b, err := os.ReadFile(filepath.Join(x.dir, currentFile))
	if errors.Is(err, os.ErrNotExist) {
		return roles{}, false, nil
	}
	if err != nil {
		return roles{}, false, fmt.Errorf("opening the search index: %w", err)
	}
	serving, building, _ := strings.Cut(string(b), "\n")
	return roles{strings.TrimSpace(serving), strings.TrimSpace(building)}, true, nil
}

// record writes down the roles at once for both.
func (x *Index) record(r roles) error {
	text := r.serving + "\n"
	if r.building != "" {
		text += r.building + "\n"
	}
	if err := writeAtomic(filepath.Join(x.dir, currentFile), []byte(text)); err != nil {
		return fmt.Errorf("recording which search index serves: %w", err)
	}
	return nil
}

// openShards opens the folder that serves and the one that is being built, and removes the rest. A folder without a role
// may be one that another has replaced, because it was damaged, and must not come back.
func (x *Index) openShards(ctx context.Context) error {
	was, recorded, err := x.readRoles()
	if err != nil {
		return err
	}
	names, err := x.indexNames()
	if err != nil {
		return err
	}
	serving := was.serving
	if !recorded && len(names) == 1 {
		serving = names[0]
	}
	if slices.Contains(names, serving) && strings.HasPrefix(serving, fmt.Sprintf("%s%d-", indexPrefix, schema)) {
		if x.current, err = x.openOrSetAside(ctx, serving); err != nil {
			return err
		}
	}
	if slices.Contains(names, was.building) && isBase(was.building, x.baseName()) {
		if x.current == nil { // it serves as far as it is
			x.current, err = x.openOrSetAside(ctx, was.building)
		} else {
			x.next, err = x.openNext(ctx, was.building)
		}
		if err != nil {
			return err
		}
	}
	if x.current == nil {
		if x.current, err = x.newShard(ctx); err != nil {
			return err
		}
	}
	x.current.refs = 1
	if serving := filepath.Base(x.current.dir); !isBase(serving, x.baseName()) {
		if x.next == nil {
			if x.next, err = x.newShard(ctx); err != nil {
				return err
			}
		}
		x.o.Log.InfoContext(ctx, "the search index is of an older kind: it serves while the new one is built", "old", serving, "new", filepath.Base(x.next.dir))
	}
	return x.settle(ctx, was)
}

// settle records the roles, where they were others, and removes the folders without one.
func (x *Index) settle(ctx context.Context, was roles) error {
	now := roles{serving: filepath.Base(x.current.dir)}
	if x.next != nil {
		now.building = filepath.Base(x.next.dir)
	}
	if now != was { // an index that is as it was opens on a full disk, too
		if err := x.record(now); err != nil {
			return err
		}
	}
	names, err := x.indexNames()
	if err != nil {
		return err
	}
	for _, n := range names {
		if n == now.serving || n == now.building {
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
	return x.makeShard(ctx, name)
}

func (x *Index) makeShard(ctx context.Context, name string) (*shard, error) {
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
			err := s.renew(ctx, x.src, k.episode)
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

// buildBeside begins a new index beside the one that serves; one that was being built is given up. The follow lock is held.
func (x *Index) buildBeside(ctx context.Context) error {
	if err := x.giveUp(); err != nil {
		return err
	}
	name, err := x.freeName()
	if err != nil {
		return err
	}
	serving, err := x.serving()
	if err != nil {
		return err
	}
	if err := x.record(roles{serving, name}); err != nil {
		return err
	}
	x.next, err = x.makeShard(ctx, name)
	return err
}

// giveUp removes the index that is being built, if there is one. The follow lock is held.
func (x *Index) giveUp() error {
	if x.next == nil {
		return nil
	}
	serving, err := x.serving()
	if err != nil {
		return err
	}
	if err := x.record(roles{serving: serving}); err != nil {
		return err
	}
	old := x.next
	x.next = nil
	old.retired = true
	x.closing.Add(1)
	old.refs = 1
	x.release(old)
	return nil
}

// serving returns the name of the folder that serves.
func (x *Index) serving() (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.current == nil {
		return "", ErrClosed
	}
	return filepath.Base(x.current.dir), nil
}

// swap lets the index that was built beside serve. The follow lock is held.
func (x *Index) swap() error {
	if err := x.record(roles{serving: filepath.Base(x.next.dir)}); err != nil {
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
