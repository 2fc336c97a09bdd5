//go:build !stub

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bareProgram is the real program without weights: it can do everything but transcribe.
func bareProgram(t *testing.T) *program {
	t.Helper()
	return &program{t, t.TempDir(), t.TempDir(), nil}
}

func TestDoctorFindsAndRepairs(t *testing.T) {
	t.Parallel()
	p := bareProgram(t)
	p.must("add", sample(t))
	if out := p.must("doctor"); !strings.Contains(out, "1 episode with 0 words compared: the search index is right") {
		t.Errorf("of a new archive it says %q", out)
	}
	tables, err := filepath.Glob(filepath.Join(p.data, "search", "index-*", "side", "*.tbl"))
	if err != nil || len(tables) != 1 {
		t.Fatalf("side tables %v, %v", tables, err)
	}
	if err := os.Truncate(tables[0], 60); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := p.run("doctor", "--check"); code != 1 || !strings.Contains(out, "(jfk): a side table is damaged") || !strings.Contains(errs, "without --check") {
		t.Errorf("looking: exit code %d: %s%s", code, out, errs)
	}
	if out := p.must("doctor"); !strings.Contains(out, "1 problem repaired") {
		t.Errorf("repairing, it says %q", out)
	}
	if out := p.must("doctor", "--check"); !strings.Contains(out, "the search index is right") {
		t.Errorf("afterwards it says %q", out)
	}
}

// An index that opening it threw away is not called right before it is built anew.
func TestDoctorOnlyLooksAtAnIndexThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	p := bareProgram(t)
	p.must("add", sample(t))
	p.must("doctor")
	metas, err := filepath.Glob(filepath.Join(p.data, "search", "index-*", "bleve", "index_meta.json"))
	if err != nil || len(metas) != 1 {
		t.Fatalf("indexes %v, %v", metas, err)
	}
	if err := os.Remove(metas[0]); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := p.run("doctor", "--check"); code != 1 || strings.Contains(out, "right") || !strings.Contains(out, "the search index has 1 problem") {
		t.Errorf("looking: exit code %d: %s%s", code, out, errs)
	}
	if out := p.must("doctor"); !strings.Contains(out, "the search index is right") {
		t.Errorf("repairing, it says %q", out)
	}
}

// While a server has the index, other commands say so, and what to do.
func TestOneProcessHasTheIndex(t *testing.T) {
	t.Parallel()
	p := bareProgram(t)
	p.must("add", sample(t))
	base := p.serve()
	for _, args := range [][]string{{"doctor"}, {"reindex"}, {"serve", "--listen", "127.0.0.1:0"}} {
		if _, errs, code := p.run(args...); code != 1 || !strings.Contains(errs, "the server at "+base+" has it open, stop it first") {
			t.Errorf("%v: exit code %d: %s", args, code, errs)
		}
	}
	if got := p.search("jfk"); got.Total != 1 {
		t.Errorf("searching through the server found %+v", got)
	}
}
