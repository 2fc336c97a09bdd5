package weights

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// measuredHere leaves out what was measured on x86-64 where decoders take more: see decoderBytes.
func measuredHere(t *testing.T) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("measured on x86-64 only")
	}
}

func TestFootprintsAreThoseMeasured(t *testing.T) {
	measuredHere(t)
	for _, tc := range []struct {
		name string
		// bytes measured with one decoder in beam search with the full context, a full prompt and the longest text: 340 and 464 MB with the
		// encoder's attention as a whole, and what a hard recording has taken less since then
		least float64
	}{{"tiny", 329e6}, {"base", 421e6}} {
		m, err := Lookup(tc.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(m.Footprint().Needs(1)); got < tc.least || got > 1.2*tc.least {
			t.Errorf("%s: %.0f MB are said to be needed, %.0f were", tc.name, got/1e6, tc.least/1e6)
		}
	}
	for _, m := range Catalogue() {
		f := m.Footprint()
		if m.Kind == Speech && (f.Decoder < 150e6 || f.Needs(2) <= f.Needs(1) || f.Needs(1) > 6e9) {
			t.Errorf("%s: %+v", m.Name, f)
		}
	}
}

func TestDecodersAreReducedBeforeAModelIsRefused(t *testing.T) {
	f := Footprint{Weights: 100e6, Decoder: 300e6}
	for available, want := range map[int64]int{10e9: 8, 1100e6: 3, 501e6: 1, 499e6: 0, 0: 0} {
		if got := f.Fitting(available, 8); got != want {
			t.Errorf("%d of 8 fit into %d MB, not %d", got, available/1000000, want)
		}
	}
}

// putByHand writes a file of an official model's size that begins as a model does.
func putByHand(t *testing.T, dir, name string, header [11]int32) {
	t.Helper()
	m, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, m.FileName()))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(binary.Write(f, binary.LittleEndian, header), f.Truncate(m.Bytes), f.Close()); err != nil {
		t.Fatal(err)
	}
}

const ggmlMagic = 0x67676d6c

func TestAnInstalledModelTellsItsFootprintItself(t *testing.T) {
	dir := t.TempDir()
	putByHand(t, dir, "small", [11]int32{ggmlMagic, 51865, 1500, 768, 12, 12, 448, 768, 12, 12, 80})
	putByHand(t, dir, "tiny", [11]int32{ggmlMagic, -1})
	s := New(dir, Options{})
	m, err := Lookup("small")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Footprint("small"); err != nil || got != m.Footprint() {
		t.Errorf("%+v instead of %+v: %v", got, m.Footprint(), err)
	}
	if _, err := s.Footprint("tiny"); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("a header without sense: %v", err)
	}
	if _, err := s.Footprint("base"); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("a model that is not there: %v", err)
	}
}

func TestTheRefusalNamesInstalledModelsFirstAndOfTheSameLanguages(t *testing.T) {
	measuredHere(t)
	installed := []Installed{{Name: "tiny"}, {Name: "base-q5_1"}, {Name: "small", Problem: "damaged"}, {Name: "tiny.en"}}
	got := Fitting("large-v3", 1200e6, installed)
	if want := "base-q5_1 (installed), tiny (installed), large-v3-turbo-q5_0, small-q8_0"; strings.Join(got, ", ") != want {
		t.Errorf("%v instead of %s", got, want)
	}
	for _, name := range Fitting("medium.en", 1500e6, installed) {
		if !strings.Contains(name, ".en") {
			t.Errorf("%s is offered in place of medium.en", name)
		}
	}
	f := Footprint{Weights: 3e9, Decoder: 2e9}
	if err := DoesNotFit("large-v3", f, 100e6, "", nil); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "no other model fits") {
		t.Errorf("where nothing fits: %v", err)
	}
}

func TestASettingWithoutAFormLeavesTheChoice(t *testing.T) {
	dir := t.TempDir()
	s := New(dir, Options{})
	check := func(setting, want string) {
		t.Helper()
		if got := strings.Join(s.Variants(setting), " "); got != want {
			t.Errorf("%s may be %q instead of %q", setting, got, want)
		}
	}
	check("base", "base")
	h := [11]int32{ggmlMagic, 51865, 1500, 512, 8, 6, 448, 512, 8, 6, 80}
	putByHand(t, dir, "base", h)
	check("base", "base")
	check("base-q8_0", "base-q8_0")
	putByHand(t, dir, "base-q8_0", h)
	check("base", "base-q8_0 base")
	check("base-f16", "base")
	check("base-q8_0", "base-q8_0")
	check("base-q5_1", "base-q5_1")
	if got := s.Rivals("base-q8_0"); len(got) != 1 || got[0] != "base" {
		t.Errorf("the rivals of base-q8_0 are %v", got)
	}
	if got := s.Rivals("base-q5_1"); len(got) != 0 {
		t.Errorf("the rivals of base-q5_1 are %v", got)
	}
}
