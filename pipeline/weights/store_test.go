package weights

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/weights/convert"
)

// vadFile is a VAD model that whisper.cpp would load: the right structure, all weights zero.
func vadFile(t *testing.T) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for i, n := range []int{264192, 198144, 512, 98304, 256, 49152, 256, 98304, 512, 262144, 262144, 2048, 2048, 512, 4} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("vad/data/%d", i), Method: zip.Store})
		if err == nil {
			_, err = f.Write(make([]byte, n))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	in := convert.Input{Model: bytes.NewReader(archive.Bytes()), Size: int64(archive.Len())}
	if err := convert.Silero(t.Context(), &out, in, [3]int{6, 2, 0}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// testModel is a model of the catalogue under whose name the tests install files of their own.
const testModel = "silero-v5.1.2"

// pullBytes installs data as testModel, as Pull does with what a source gave.
func pullBytes(t *testing.T, s *Store, data []byte) (Installed, error) {
	t.Helper()
	m, err := Lookup(testModel)
	if err != nil {
		t.Fatal(err)
	}
	return s.exclusively(t.Context(), m, nil, func(func(Progress)) (made, string, error) {
		file := filepath.Join(s.workDir(m.Name), "new")
		return made{file: file, sha256: sha256Hex(data), bytes: int64(len(data)), source: Mirror, from: []string{"a==1"}}, "", writeSynced(file, data)
	})
}

func TestInstallListVerifyRemove(t *testing.T) {
	s := New(t.TempDir(), Options{})
	const name = testModel
	if _, err := s.Path(name); !errors.Is(err, models.ErrNotFound) || !strings.Contains(err.Error(), "earshot models pull "+name) {
		t.Errorf("Path of a model that is not there: %v", err)
	}
	data := vadFile(t)
	in, err := pullBytes(t, s, data)
	if err != nil || !in.Fresh || in.Official {
		t.Fatalf("installing: %+v, %v", in, err)
	}
	path, err := s.Path(name)
	if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, data) {
		t.Errorf("Path gives %s, %v, %v", path, err, readErr)
	}
	list, err := s.List()
	if err != nil || len(list) != 1 || list[0].Name != name || list[0].Source != Mirror || list[0].SHA256 != sha256Hex(data) || list[0].Problem != "" {
		t.Errorf("List gives %+v, %v", list, err)
	}
	if err := s.Verify(t.Context(), name); err != nil {
		t.Errorf("Verify: %v", err)
	}
	if again, err := pullBytes(t, s, []byte("never asked for")); err != nil || again.Fresh {
		t.Errorf("a second pull: %+v, %v", again, err)
	}
	if entries, _ := os.ReadDir(s.workDir(name)); len(entries) > 0 {
		t.Errorf("work is left behind: %v", entries)
	}
	if err := s.Remove(t.Context(), name); err != nil {
		t.Errorf("Remove: %v", err)
	}
	if err := s.Remove(t.Context(), name); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("Remove of what is not there: %v", err)
	}
	if files, _ := filepath.Glob(filepath.Join(s.dir, "ggml-*")); len(files) > 0 {
		t.Errorf("files are left behind: %v", files)
	}
}

func TestDamageIsNamed(t *testing.T) {
	const name = testModel
	data := vadFile(t)
	flipped := bytes.Clone(data)
	flipped[len(flipped)-100] ^= 1
	for what, change := range map[string]struct {
		data  []byte
		quick bool // seen by Path already
	}{
		"cut off":      {data[:1000], true},
		"empty":        {nil, true},
		"not a model":  {bytes.Repeat([]byte("<html>"), len(data)/6+1)[:len(data)], true},
		"one bit":      {flipped, false},
		"longer":       {append(bytes.Clone(data), 0), true},
		"inner length": {append(append(bytes.Clone(data[:106]), 99), data[107:]...), false},
	} {
		t.Run(what, func(t *testing.T) {
			s := New(t.TempDir(), Options{})
			in, err := pullBytes(t, s, data)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(in.Path, change.data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, pathErr := s.Path(name)
			for which, err := range map[string]error{"Path": pathErr, "Verify": s.Verify(t.Context(), name)} {
				if which == "Path" && !change.quick {
					continue
				}
				if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), in.Path[len(s.dir)+1:]) || !strings.Contains(err.Error(), "earshot models pull "+name) {
					t.Errorf("%s: %v", which, err)
				}
			}
			if list, err := s.List(); err != nil || (list[0].Problem != "") != change.quick {
				t.Errorf("List: %+v, %v", list, err)
			}
			if again, err := pullBytes(t, s, data); err != nil || !again.Fresh {
				t.Errorf("pulling again: %+v, %v", again, err)
			}
			if err := s.Verify(t.Context(), name); err != nil {
				t.Errorf("after pulling again: %v", err)
			}
		})
	}
}

func TestFilesPutThereByHand(t *testing.T) {
	s := New(t.TempDir(), Options{})
	data := vadFile(t) // of the official size, but not the official file
	if err := os.WriteFile(filepath.Join(s.dir, "ggml-silero-v6.2.0.bin"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Path("silero-v6.2.0"); err != nil {
		t.Errorf("a file of the right size: %v", err)
	}
	if err := s.Verify(t.Context(), "silero-v6.2.0"); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("Verify of a file that is not the official one: %v", err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "ggml-base-q4_0.bin"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Path("base-q4_0"); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("a file of which nothing is known: %v", err)
	}
}

func TestNamesCannotLeaveTheFolder(t *testing.T) {
	s := New(t.TempDir(), Options{})
	for _, name := range []string{"../x", "a/../../x", "/etc/passwd", "", ".work", "a b", strings.Repeat("a", 100)} {
		_, pathErr := s.Path(name)
		_, pullErr := s.Pull(t.Context(), name, nil)
		_, importErr := s.Import(t.Context(), name, t.TempDir(), nil)
		for _, err := range []error{pathErr, pullErr, importErr, s.Remove(t.Context(), name), s.Verify(t.Context(), name)} {
			if !errors.Is(err, models.ErrInvalid) {
				t.Errorf("%.20q: %v", name, err)
			}
		}
	}
}

func TestOneAtATime(t *testing.T) {
	dir := t.TempDir()
	data := vadFile(t)
	m, err := Lookup("silero-v6.2.0")
	if err != nil {
		t.Fatal(err)
	}
	var made1 atomic.Int32
	started, release := make(chan struct{}), make(chan struct{})
	waiting := make(chan struct{})
	get := func(s *Store) func(func(Progress)) (made, string, error) {
		return func(func(Progress)) (made, string, error) {
			made1.Add(1)
			close(started)
			<-release
			file := filepath.Join(s.workDir(m.Name), "new")
			return made{file: file, sha256: sha256Hex(data), bytes: int64(len(data))}, "", writeSynced(file, data)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		s := New(dir, Options{})
		if in, err := s.exclusively(t.Context(), m, nil, get(s)); err != nil || !in.Fresh {
			t.Errorf("the first: %+v, %v", in, err)
		}
	})
	<-started
	wg.Go(func() {
		s := New(dir, Options{})
		var once sync.Once
		in, err := s.exclusively(t.Context(), m, func(p Progress) {
			if p.Stage == Waiting {
				once.Do(func() { close(waiting) })
			}
		}, get(s))
		if err != nil || in.Fresh {
			t.Errorf("the second: %+v, %v", in, err)
		}
	})
	<-waiting
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(dir, Options{}).Pull(cancelled, m.Name, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with an ended context: %v", err)
	}
	close(release)
	wg.Wait()
	if n := made1.Load(); n != 1 {
		t.Errorf("the model was made %d times", n)
	}
}

func TestImportNeedsAModel(t *testing.T) {
	s := New(t.TempDir(), Options{})
	folder := t.TempDir()
	if _, err := s.Import(t.Context(), "mine", folder, nil); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("an empty folder: %v", err)
	}
	for name, text := range map[string]string{"model.bin": "not weights at all", "tokenizer.json": "{}"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Import(t.Context(), "mine", folder, nil); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("a folder with other files: %v", err)
	}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("something was installed: %v, %v", list, err)
	}
}

func TestAFullDiskSaysWhatToDo(t *testing.T) {
	err := explain(fmt.Errorf("writing: %w", &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), "models")
	if !strings.Contains(err.Error(), "free some space for models") {
		t.Errorf("the error is %v", err)
	}
}
