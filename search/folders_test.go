package search

import (
	"os"
	"path/filepath"
	"testing"
)

// An index that was replaced and could not be removed, because the process was killed, does not come back.
func TestAReplacedIndexDoesNotComeBack(t *testing.T) {
	a, dir := generated(6, 61), t.TempDir()
	x := opened(t, dir, a, Options{})
	old := x.current.dir
	closed(t, x)
	keep := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(keep, os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	y, err := Open(t.Context(), dir, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := y.Reindex(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	fresh := y.current.dir
	closed(t, y)
	if err := os.CopyFS(old, os.DirFS(keep)); err != nil {
		t.Fatal(err)
	}
	z := opened(t, dir, a, Options{})
	if z.current.dir != fresh {
		t.Errorf("%s serves, and %s had replaced it", z.current.dir, fresh)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, indexPrefix+"*")); len(left) != 1 {
		t.Errorf("indexes left: %v", left)
	}
}

// Without a record of which index serves, the only one there is does, and is not built a second time.
func TestAnIndexWithoutARecordServes(t *testing.T) {
	a, dir := generated(6, 62), t.TempDir()
	x := opened(t, dir, a, Options{})
	was := x.current.dir
	closed(t, x)
	if err := os.Remove(filepath.Join(dir, currentFile)); err != nil {
		t.Fatal(err)
	}
	y, err := Open(t.Context(), dir, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, y)
	if y.current.dir != was || y.Applied() != a.seq || y.next != nil {
		t.Errorf("%s serves up to change %d, another is built: %v", y.current.dir, y.Applied(), y.next != nil)
	}
	if r, recorded, err := y.readRoles(); !recorded || r.serving != filepath.Base(was) || err != nil {
		t.Errorf("recorded: %v %+v, %v", recorded, r, err)
	}
}

// What a search finds damaged is rebuilt once, also where another index is being built already.
func TestADamagedIndexIsRebuiltOnce(t *testing.T) {
	x := opened(t, t.TempDir(), generated(6, 63), Options{})
	if err := x.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	building := x.next.dir
	if err := x.askOnce(t.Context(), nil, func(*evaluation) error { panic("damaged") }); err == nil {
		t.Error("damage is no error")
	}
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if x.current.dir != building || x.next != nil {
		t.Errorf("%s serves in place of %s, another is built: %v", x.current.dir, building, x.next != nil)
	}
}
