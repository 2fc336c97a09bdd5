package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/earshot/earshot/models"
)

// s3 is an S3 server in this process that can be made to fail, and counts the bytes that it gives.
type s3 struct {
	address string // of a bucket
	given   atomic.Int64
	refuse  atomic.Bool // what is put
	asked   func()      // whether an object is there; nil: nobody listens
	backend *s3mem.Backend
}

func newS3(t *testing.T) *s3 {
	t.Helper()
	s := &s3{backend: s3mem.New()}
	must(t, s.backend.CreateBucket("archive"))
	inner := gofakes3.New(s.backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.refuse.Load() && r.Method == http.MethodPut {
			_, _ = io.CopyN(io.Discard, r.Body, 1000) // part of it arrives
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		if s.asked != nil && r.Method == http.MethodHead {
			s.asked()
		}
		inner.ServeHTTP(&countingWriter{w, &s.given}, r)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s.address = "s3://archive?region=us-east-1&use_path_style=true&endpoint=" + server.URL
	return s
}

type countingWriter struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.n.Add(int64(len(b)))
	return w.ResponseWriter.Write(b)
}

func bucketMedia(t *testing.T, s *s3, cache int64) *Media {
	t.Helper()
	m, err := openMedia(t.Context(), t.TempDir(), s.address, cache)
	must(t, err)
	t.Cleanup(func() { must(t, m.close()) })
	return m
}

func storeBytes(t *testing.T, m *Media, b []byte) models.Media {
	t.Helper()
	p, err := m.Create(t.Context(), "a test")
	must(t, err)
	defer p.Close() //nolint:errcheck // committed
	_, err = p.Write(b)
	must(t, err)
	stored, err := p.Commit(t.Context(), "mp3")
	must(t, err)
	return stored
}

// TestBucket: what one machine stores is there for another, as a whole and in parts, and only what is asked for is fetched.
func TestBucket(t *testing.T) {
	s := newS3(t)
	here, there := bucketMedia(t, s, 0), bucketMedia(t, s, 0)
	audio := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	stored := storeBytes(t, here, audio)
	if left := unfinishedFiles(t, here); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if again := storeBytes(t, there, audio); again != stored {
		t.Errorf("the same bytes once more are %+v, not %+v", again, stored)
	}
	if is, err := there.Has(t.Context(), stored.Key); err != nil || !is {
		t.Errorf("has: %v, %v", is, err)
	}
	r, err := there.Reader(t.Context(), stored.Key)
	must(t, err)
	s.given.Store(0)
	size, err := r.Seek(0, io.SeekEnd)
	must(t, err)
	_, err = r.Seek(-20, io.SeekEnd)
	must(t, err)
	end, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if size != int64(len(audio)) || string(end) != "cdef0123456789abcdef" {
		t.Errorf("%d bytes that end with %q", size, end)
	}
	if n := s.given.Load(); n > 1000 {
		t.Errorf("for the last 20 bytes %d were fetched", n)
	}
	third := bucketMedia(t, s, 0)
	f, err := third.Open(t.Context(), stored.Key)
	must(t, err)
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, audio) {
		t.Errorf("the copy has %d bytes, %v", len(got), err)
	}
	s.given.Store(0)
	g, err := third.Open(t.Context(), stored.Key)
	must(t, err)
	must(t, g.Close())
	if n := s.given.Load(); n != 0 {
		t.Errorf("for a copy that is here %d bytes were fetched", n)
	}
}

// TestBucketCacheIsBounded: copies that were used longest ago go first, and what is open stays readable.
func TestBucketCacheIsBounded(t *testing.T) {
	s := newS3(t)
	m := bucketMedia(t, s, 2500)
	var stored []models.Media
	for _, c := range "abcd" {
		stored = append(stored, storeBytes(t, m, bytes.Repeat([]byte(string(c)), 1000)))
	}
	if n := sizeOf(t, m.bucket.cache); n != 2000 {
		t.Errorf("%d bytes are kept of at most 2500", n)
	}
	f, err := m.Open(t.Context(), stored[0].Key)
	must(t, err)
	defer f.Close()
	for _, other := range stored[1:] {
		g, err := m.Open(t.Context(), other.Key)
		must(t, err)
		must(t, g.Close())
	}
	if got, err := io.ReadAll(f); err != nil || string(got) != strings.Repeat("a", 1000) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

func sizeOf(t *testing.T, dir string) (sum int64) {
	t.Helper()
	must(t, filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return err
	}))
	return sum
}

// TestBucketTrouble: an upload that fails leaves nothing in the bucket and what was downloaded here; bytes that are not
// those that were stored are refused; what is missing is not found.
func TestBucketTrouble(t *testing.T) {
	s := newS3(t)
	m := bucketMedia(t, s, 0)
	id := models.NewEpisodeID("show", "guid")
	p, err := m.Partial(t.Context(), id)
	must(t, err)
	must(t, p.Reset("v"))
	_, err = p.Write([]byte("audio"))
	must(t, err)
	s.refuse.Store(true)
	if _, err := p.Commit(t.Context(), "mp3"); err == nil || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Errorf("a refused upload: %v", err)
	}
	must(t, p.Close())
	s.refuse.Store(false)
	p, err = m.Partial(t.Context(), id)
	must(t, err)
	if p.Size() != 5 || p.Validator() != "v" {
		t.Errorf("%d bytes are left, %q", p.Size(), p.Validator())
	}
	stored, err := p.Commit(t.Context(), "mp3")
	must(t, err)

	_, err = s.backend.DeleteObject("archive", stored.Key)
	must(t, err)
	_, err = s.backend.PutObject("archive", stored.Key, map[string]string{}, strings.NewReader("other"), 5, nil)
	must(t, err)
	there := bucketMedia(t, s, 0)
	if _, err := there.Open(t.Context(), stored.Key); err == nil || !strings.Contains(err.Error(), "other bytes") {
		t.Errorf("other bytes: %v", err)
	}
	if left := unfinishedFiles(t, there); len(left) != 0 || sizeOf(t, there.bucket.cache) != 0 {
		t.Errorf("left behind: %v", left)
	}
	missing := strings.Repeat("ab", 32)
	_, err = there.Open(t.Context(), "ab/"+missing+".mp3")
	wantError(t, err, models.ErrNotFound)
	_, err = there.Reader(t.Context(), "ab/"+missing+".mp3")
	wantError(t, err, models.ErrNotFound)
	_, err = there.Open(t.Context(), "../secret")
	wantError(t, err, models.ErrNotFound)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bucketMedia(t, s, 0).Open(ctx, stored.Key); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, address := range []string{"gs://archive", "s3://", "s3://key:secret@archive", "s3://archive/folder", "/media"} {
		if _, err := openMedia(t.Context(), t.TempDir(), address, 0); !errors.Is(err, models.ErrInvalid) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
