package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

func mediaAt(t *testing.T, dir string) *Media {
	t.Helper()
	m, err := openMedia(t.Context(), dir, "", 0)
	must(t, err)
	return m
}

func contentOf(t *testing.T, m *Media, key string) string {
	t.Helper()
	f, err := m.Open(t.Context(), key)
	must(t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	must(t, err)
	return string(b)
}

// unfinished returns the names of the files that are being written.
func unfinishedFiles(t *testing.T, m *Media) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(m.tmp)
	must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestMediaByContent(t *testing.T) {
	m := mediaAt(t, t.TempDir())
	write := func(content, ext string) models.Media {
		t.Helper()
		p, err := m.Create(t.Context(), "a test")
		must(t, err)
		_, err = io.Copy(p, strings.NewReader(content))
		must(t, err)
		got, err := p.Commit(t.Context(), ext)
		must(t, err)
		must(t, p.Close())
		return got
	}
	sum := sha256.Sum256([]byte("audio"))
	want := hex.EncodeToString(sum[:])
	a := write("audio", ".MP3")
	if a.SHA256 != want || a.Bytes != 5 || a.Key != want[:2]+"/"+want+".mp3" || contentOf(t, m, a.Key) != "audio" {
		t.Fatalf("stored %+v", a)
	}
	if b := write("audio", "m4a"); b != a {
		t.Errorf("the same bytes again: %+v", b)
	}
	if c := write("other", "../../x"); c.Key != c.SHA256[:2]+"/"+c.SHA256 || contentOf(t, m, c.Key) != "other" {
		t.Errorf("with a hostile extension: %+v", c)
	}
	if left := unfinishedFiles(t, m); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	// A stored file that was damaged is replaced by the next one with the same content.
	path, err := m.path(a.Key)
	must(t, err)
	must(t, os.WriteFile(path, []byte("aud"), 0o600))
	if b := write("audio", "mp3"); contentOf(t, m, b.Key) != "audio" {
		t.Error("the damaged file stays")
	}
}

func TestMediaCreateLeavesNothing(t *testing.T) {
	m := mediaAt(t, t.TempDir())
	p, err := m.Create(t.Context(), "a test")
	must(t, err)
	_, err = p.Write([]byte("half"))
	must(t, err)
	must(t, p.Close())
	must(t, p.Close())
	q, err := m.Create(t.Context(), "a test")
	must(t, err)
	_, err = q.Commit(t.Context(), "mp3")
	wantError(t, err, models.ErrUnusable) // empty
	must(t, q.Discard())
	if left := unfinishedFiles(t, m); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestMediaKeys(t *testing.T) {
	dir := t.TempDir()
	m := mediaAt(t, dir)
	must(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600))
	sum := strings.Repeat("ab", 32)
	for _, key := range []string{
		"", "secret", "../secret", "ab/../../secret", "/etc/passwd", "ab/" + sum + "/../../../secret", "ab/" + sum + ".mp3\x00",
		"cd/" + sum, "ab/" + sum + "..", "ab/" + strings.ToUpper(sum), "ab/" + sum + ".mp3", `ab\` + sum,
	} {
		f, err := m.Open(t.Context(), key)
		if err == nil {
			t.Errorf("%q opened %s", key, f.Name())
			continue
		}
		wantError(t, err, models.ErrNotFound)
	}
}

func TestPartialResumes(t *testing.T) {
	dir := t.TempDir()
	m := mediaAt(t, dir)
	id := models.NewEpisodeID("show", "guid")
	p, err := m.Partial(t.Context(), id)
	must(t, err)
	if p.Size() != 0 || p.Validator() != "" {
		t.Fatalf("new: %d bytes of %q", p.Size(), p.Validator())
	}
	must(t, p.Reset(`"v1"`))
	_, err = p.Write([]byte("first "))
	must(t, err)
	if _, err := m.Partial(t.Context(), id); err == nil {
		t.Fatal("two can write the same audio")
	}
	must(t, p.Close())

	m = mediaAt(t, dir) // another run
	p, err = m.Partial(t.Context(), id)
	must(t, err)
	if p.Size() != 6 || p.Validator() != `"v1"` {
		t.Fatalf("resumed: %d bytes of %q", p.Size(), p.Validator())
	}
	_, err = p.Write([]byte("second"))
	must(t, err)
	got, err := p.Commit(t.Context(), "mp3")
	must(t, err)
	sum := sha256.Sum256([]byte("first second"))
	if got.SHA256 != hex.EncodeToString(sum[:]) || got.Bytes != 12 || contentOf(t, m, got.Key) != "first second" {
		t.Fatalf("stored %+v", got)
	}
	if left := unfinishedFiles(t, m); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := p.Commit(t.Context(), "mp3"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a second commit: %v", err)
	}
	_, err = m.Partial(t.Context(), "../../x")
	wantError(t, err, models.ErrInvalid)
}

// TestSame: a file that was moved to the stored ones between opening and locking is not written to.
func TestSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "part")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	if !same(f, path) {
		t.Error("a file is not itself")
	}
	must(t, os.Rename(path, path+".stored"))
	if same(f, path) {
		t.Error("a file that was moved away is still taken for the partial one")
	}
	must(t, os.WriteFile(path, nil, 0o600))
	if same(f, path) {
		t.Error("another file is taken for the one that was opened")
	}
}

// TestPartialAfterCrash: only bytes that were certainly on the disk are resumed, and a new entity starts over.
func TestPartialAfterCrash(t *testing.T) {
	dir := t.TempDir()
	m := mediaAt(t, dir)
	id := models.NewEpisodeID("show", "guid")
	p, err := m.Partial(t.Context(), id)
	must(t, err)
	must(t, p.Reset(`"v1"`))
	big := strings.Repeat("x", syncEvery)
	_, err = io.WriteString(p, big)
	must(t, err)
	_, err = io.WriteString(p, "not synced")
	must(t, err)
	must(t, p.f.Close()) // all that a killed process does

	p, err = m.Partial(t.Context(), id)
	must(t, err)
	if p.Size() != syncEvery || p.Validator() != `"v1"` {
		t.Fatalf("after a crash: %d bytes of %q", p.Size(), p.Validator())
	}
	must(t, p.Reset(`"v2"`))
	_, err = io.WriteString(p, "new")
	must(t, err)
	got, err := p.Commit(t.Context(), "mp3")
	must(t, err)
	if contentOf(t, m, got.Key) != "new" {
		t.Error("the new entity is mixed with the old")
	}

	p, err = m.Partial(t.Context(), id)
	must(t, err)
	_, err = io.WriteString(p, "again")
	must(t, err)
	must(t, p.Close())
	must(t, os.WriteFile(m.partialPath(id)+".json", []byte("{broken"), 0o600))
	p, err = m.Partial(t.Context(), id)
	must(t, err)
	if p.Size() != 0 {
		t.Errorf("%d bytes of unknown origin are resumed", p.Size())
	}
	must(t, p.Discard())
	if left := unfinishedFiles(t, m); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	m := mediaAt(t, dir)
	held, err := m.Create(t.Context(), "a test")
	must(t, err)
	old := time.Now().Add(-2 * abandonedAfter)
	dead, young, part := filepath.Join(m.tmp, "new-dead"), filepath.Join(m.tmp, "new-young"), filepath.Join(m.tmp, "episode-x.part")
	for _, p := range []string{dead, young, part} {
		must(t, os.WriteFile(p, []byte("x"), 0o600))
	}
	for _, p := range []string{dead, part, held.f.Name()} {
		must(t, os.Chtimes(p, old, old))
	}
	mediaAt(t, dir)
	for p, want := range map[string]bool{dead: false, young: true, part: true, held.f.Name(): true} {
		if _, err := os.Stat(p); (err == nil) != want {
			t.Errorf("%s: there is %v, want %v", filepath.Base(p), err == nil, want)
		}
	}
	must(t, held.Close())
}

// TestPartialOnAFullDisk: some of the last bytes make room, all others stay, and what comes later fits.
func TestPartialOnAFullDisk(t *testing.T) {
	m := mediaAt(t, t.TempDir())
	p, err := m.Partial(t.Context(), models.NewEpisodeID("show", "guid"))
	must(t, err)
	must(t, p.Reset(`"v1"`))
	audio := bytes.Repeat([]byte("0123456789abcdef"), 5*syncEvery/32) // two and a half syncs
	for b := range slices.Chunk(audio, 1<<20) {
		_, err = p.Write(b)
		must(t, err)
	}
	must(t, p.makeRoom())
	if p.Size() != syncEvery || p.Validator() != `"v1"` {
		t.Fatalf("%d bytes of %q are left, want %d", p.Size(), p.Validator(), syncEvery)
	}
	must(t, p.makeRoom()) // finds nothing more to give up
	must(t, p.Close())
	p, err = m.Partial(t.Context(), models.NewEpisodeID("show", "guid"))
	must(t, err)
	if p.Size() != syncEvery {
		t.Fatalf("%d bytes are resumed", p.Size())
	}
	must(t, p.makeRoom()) // what was there before this attempt stays
	_, err = p.Write(audio[p.Size():])
	must(t, err)
	stored, err := p.Commit(t.Context(), "mp3")
	must(t, err)
	if sum := sha256.Sum256(audio); stored.SHA256 != hex.EncodeToString(sum[:]) || contentOf(t, m, stored.Key) != string(audio) {
		t.Errorf("stored %+v", stored)
	}
	if err := p.wrap(&os.PathError{Op: "write", Path: "x", Err: syscall.EFBIG}); isFull(err) || !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), "ulimit") {
		t.Errorf("a file that is too large: %v", err)
	}
}

// TestUnfinishedRecordings: those that nobody will finish in this folder are removed, and no others.
func TestUnfinishedRecordings(t *testing.T) {
	s := openAt(t, t.TempDir())
	show := aShow("Systems")
	ids := mustSave(t, s, show, episodesOf(show, 4)).NewEpisodes
	kept, brought, ancient, young := ids[0], ids[1], ids[2], ids[3]
	_, err := s.e.write.NewRaw("UPDATE episodes SET media_key = 'x' WHERE id IN (?)", bun.List([]models.EpisodeID{brought, young})).Exec(t.Context())
	must(t, err)
	gone := models.NewEpisodeID(show.ID, "gone")
	for id, age := range map[models.EpisodeID]time.Duration{kept: 2 * abandonedAfter, brought: 2 * abandonedAfter, gone: 2 * abandonedAfter, ancient: 2 * unfinishedFor, young: 0} {
		p, err := s.media.Partial(t.Context(), id)
		must(t, err)
		must(t, p.Close())
		must(t, os.Chtimes(s.media.partialPath(id), time.Now(), time.Now().Add(-age)))
	}
	must(t, os.WriteFile(filepath.Join(s.media.tmp, "episode-.part"), nil, 0o600)) // no episode's
	held, err := s.media.Partial(t.Context(), brought)
	must(t, err)
	must(t, s.sweep(t.Context()))
	for id, want := range map[models.EpisodeID]bool{kept: true, brought: true, gone: false, ancient: false, young: true} {
		if _, err := os.Stat(s.media.partialPath(id)); (err == nil) != want {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
	must(t, held.Close())
	must(t, os.Chtimes(s.media.partialPath(brought), time.Now(), time.Now().Add(-2*abandonedAfter)))
	must(t, s.sweep(t.Context()))
	if _, err := os.Stat(s.media.partialPath(brought)); err == nil {
		t.Error("it is still there after whoever wrote it has gone")
	}
}
