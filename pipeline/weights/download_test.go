package weights

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// site is a server of one file, real in ranges and validators, with faults to order.
type site struct {
	*httptest.Server
	mu     sync.Mutex
	data   []byte
	etag   string
	ranges []string // of the requests so far
	// fault may answer instead; it is told the number of the request, from 1.
	fault func(n int, w http.ResponseWriter, r *http.Request, data []byte) bool
}

func newSite(t *testing.T, data []byte) *site {
	t.Helper()
	s := &site{data: data, etag: `"one"`}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.ranges = append(s.ranges, r.Header.Get("Range"))
		n, data, etag, fault := len(s.ranges), s.data, s.etag, s.fault
		s.mu.Unlock()
		w.Header().Set("ETag", etag)
		if fault != nil && fault(n, w, r, data) {
			return
		}
		http.ServeContent(w, r, "model.bin", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(s.Close)
	return s
}

// half sends the first half of what was asked for and breaks the connection.
func half(w http.ResponseWriter, r *http.Request, data []byte) bool {
	w.Header().Set("Content-Length", "1000000")
	if r.Header.Get("Range") != "" {
		return false
	}
	_, _ = w.Write(data[:len(data)/2])
	panic(http.ErrAbortHandler)
}

// fixture is a model of random bytes, its site, and a store that fetches from there.
func fixture(t *testing.T) (*Store, *site, Model, string) {
	t.Helper()
	data := make([]byte, 1_000_000)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(data)
	srv := newSite(t, data)
	s := New(t.TempDir(), Options{Site: srv.URL})
	s.retryWait = time.Millisecond
	sum1 := sha1.Sum(data)
	m := Model{Name: "test", Path: "x/ggml-test.bin", Bytes: int64(len(data)), SHA256: sha256Hex(data), SHA1: hex.EncodeToString(sum1[:])}
	return s, srv, m, filepath.Join(t.TempDir(), "part")
}

func fetched(t *testing.T, path string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("what was fetched differs (%d bytes, %v)", len(got), err)
	}
}

func TestDownload(t *testing.T) {
	s, srv, m, path := fixture(t)
	var last Progress
	if err := s.download(t.Context(), m, path, func(p Progress) {
		if p.Stage == Downloading {
			last = p
		}
	}); err != nil {
		t.Fatal(err)
	}
	fetched(t, path, srv.data)
	if last.Done != m.Bytes || last.Total != m.Bytes {
		t.Errorf("progress ended with %+v", last)
	}
}

func TestDownloadGoesOnWhereItBroke(t *testing.T) {
	s, srv, m, path := fixture(t)
	srv.fault = func(n int, w http.ResponseWriter, r *http.Request, data []byte) bool {
		return n == 1 && half(w, r, data)
	}
	if err := s.download(t.Context(), m, path, func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	fetched(t, path, srv.data)
	if len(srv.ranges) != 2 || !strings.HasPrefix(srv.ranges[1], "bytes=") {
		t.Errorf("the requests asked for %q: the second should ask for the rest", srv.ranges)
	}
}

func TestDownloadResumesInANewProcess(t *testing.T) {
	s, srv, m, path := fixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.download(ctx, m, path, func(p Progress) {
		if p.Done > 300_000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || size(path) == 0 {
		t.Fatalf("cancelled with %d bytes there: %v", size(path), err)
	}
	have := size(path)
	if err := s.download(t.Context(), m, path, func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	fetched(t, path, srv.data)
	if want := []string{"", fmt.Sprintf("bytes=%d-", have)}; !slices.Equal(srv.ranges, want) {
		t.Errorf("the requests asked for %q, want %q", srv.ranges, want)
	}
}

func TestDownloadStartsAgainWhenTheFileChanged(t *testing.T) {
	s, srv, m, path := fixture(t)
	if err := os.WriteFile(path, bytes.Repeat([]byte("old "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(etagPath(path), []byte(`"zero"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.download(t.Context(), m, path, func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	fetched(t, path, srv.data)
}

func TestDownloadMendsAWrongPart(t *testing.T) {
	s, srv, m, path := fixture(t)
	if err := os.WriteFile(path, bytes.Repeat([]byte("bad "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(etagPath(path), []byte(srv.etag), 0o600); err != nil { // the site will send the rest: the sum is wrong
		t.Fatal(err)
	}
	if err := s.download(t.Context(), m, path, func(Progress) {}); err != nil {
		t.Fatal(err)
	}
	fetched(t, path, srv.data)
}

func TestDownloadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		fault    func(n int, w http.ResponseWriter, r *http.Request, data []byte) bool
		want     string
		requests int
	}{
		"other bytes": {func(_ int, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			_, _ = w.Write(bytes.Repeat([]byte("x"), len(data)))
			return true
		}, "checksum", 1},
		"another size": {func(_ int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			_, _ = w.Write([]byte("small"))
			return true
		}, "instead of 1000000", 1},
		"without end": {func(_ int, w http.ResponseWriter, _ *http.Request, data []byte) bool {
			w.(http.Flusher).Flush() // no length
			for range 100 {
				if _, err := w.Write(data); err != nil {
					return true
				}
			}
			return true
		}, "", 2}, // what was kept is wrong: fetched anew, a bounded number of times
		"not found": {func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
			http.NotFound(w, r)
			return true
		}, "404", 1},
		"a fault that lasts": {func(_ int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}, "503", maxRetries + 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, srv, m, path := fixture(t)
			srv.fault = c.fault
			err := s.download(t.Context(), m, path, func(Progress) {})
			if err == nil || !strings.Contains(err.Error(), c.want) || len(srv.ranges) < c.requests || len(srv.ranges) > maxRetries+1 {
				t.Errorf("after %d requests: %v", len(srv.ranges), err)
			}
			if size(path) > m.Bytes+1 {
				t.Errorf("%d bytes were kept", size(path))
			}
		})
	}
}

func TestDownloadGivesUpOnSilence(t *testing.T) {
	s, srv, m, path := fixture(t)
	s.stall = 50 * time.Millisecond
	release := make(chan struct{})
	defer close(release)
	srv.fault = func(n int, w http.ResponseWriter, r *http.Request, data []byte) bool {
		if n > 1 {
			return false
		}
		_, _ = w.Write(data[:1000])
		w.(http.Flusher).Flush()
		<-release
		return true
	}
	if err := s.download(t.Context(), m, path, func(Progress) {}); err != nil { // taken up again after the silence
		t.Fatal(err)
	}
	fetched(t, path, srv.data)
}

func TestPullFallsBackAndSaysWhy(t *testing.T) {
	s, srv, _, _ := fixture(t)
	srv.fault = func(_ int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
		http.NotFound(w, r)
		return true
	}
	s.o.Python = filepath.Join(t.TempDir(), "no-python")
	var notes []string
	_, err := s.Pull(t.Context(), "base", func(p Progress) {
		if p.Note != "" {
			notes = append(notes, p.Note)
		}
	})
	if err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), "pip") || !strings.Contains(err.Error(), "model base") {
		t.Errorf("the error is %v", err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "trying the mirror") {
		t.Errorf("the notes are %q", notes)
	}
	if _, err := s.Pull(t.Context(), "large-v3", nil); err == nil || !strings.Contains(err.Error(), "the mirror: it does not have large-v3") {
		t.Errorf("a model that the mirror lacks: %v", err)
	}
	if _, err := s.Pull(t.Context(), "base-q4_0", nil); !errors.Is(err, errNoTool) {
		t.Errorf("quantising without the tool: %v", err)
	}
}
