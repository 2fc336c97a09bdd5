package store

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// backedUp is a backup of an archive that [halfway] made, open for reading.
func backedUp(t *testing.T, s *Store) (*BackupFile, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "archive.tar")
	_, err := s.Backup(t.Context(), file, BackupOptions{})
	must(t, err)
	b, err := OpenBackup(t.Context(), file, nil)
	must(t, err)
	return b, file
}

// TestRestoreBesideLeftovers: what SQLite left of an archive that somebody moved away is not taken for the new one's.
func TestRestoreBesideLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	must(t, err)
	mustSave(t, s, aShow("Former"), nil)
	b, _ := backedUp(t, s)
	mustSave(t, s, aShow("Latter"), nil)
	place := filepath.Join(dir, "earshot.db")
	wal, err := os.ReadFile(place + "-wal")
	must(t, err)
	must(t, s.Close())
	must(t, os.Remove(place))
	must(t, os.WriteFile(place+"-wal", wal, 0o600))
	must(t, os.WriteFile(place+"-journal", wal, 0o600))
	done, err := b.Restore(t.Context(), dir, RestoreOptions{})
	must(t, err)
	shows, err := openAt(t, dir).Shows(t.Context())
	must(t, err)
	if len(shows) != 1 || shows[0].Title != "Former" {
		t.Errorf("after the leftovers: %+v", shows)
	}
	if kept, err := os.ReadFile(filepath.Join(done.Aside, "earshot.db-wal")); err != nil || !bytes.Equal(kept, wal) {
		t.Errorf("the leftovers are not kept: %v", err)
	}
}

// TestRestoreOfRecordings: a stored file with other bytes is written anew, and the transaction that loads the catalogue does
// not wait until the recordings are read.
func TestRestoreOfRecordings(t *testing.T) {
	t.Parallel()
	s := openAt(t, t.TempDir())
	id, _ := halfway(t, s)
	key := episodeOf(t, s, id).Media.Key
	b, file := backedUp(t, s)
	to := t.TempDir()
	rotten := filepath.Join(to, "media", filepath.FromSlash(key))
	want := "audio of " + string(id)
	must(t, os.MkdirAll(filepath.Dir(rotten), 0o750))
	must(t, os.WriteFile(rotten, bytes.ToUpper([]byte(want)), 0o600))
	done, err := b.Restore(t.Context(), to, RestoreOptions{})
	must(t, err)
	if got, err := os.ReadFile(rotten); err != nil || string(got) != want || done.Recordings != 1 {
		t.Errorf("%q, %v, %+v", got, err, done)
	}

	whole, err := os.ReadFile(file)
	must(t, err)
	at := bytes.Index(whole, []byte(want))
	must(t, os.WriteFile(file, whole[:at+3], 0o600)) // nobody can read on from here
	if err := b.each(t.Context(), ProgressMedia, nil, func(_ string, _ int64, r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }); err == nil {
		t.Fatal("the file can be read to its end")
	}
	r := &restoration{b: b, o: RestoreOptions{Options: Options{Now: time.Now}}}
	must(t, r.build(t.Context(), t.TempDir()))
}

// TestRestoreOverUsers: who can log in counts as an archive.
func TestRestoreOverUsers(t *testing.T) {
	t.Parallel()
	s := openAt(t, t.TempDir())
	must(t, s.empty(t.Context()))
	addUser(t, s, "ada", models.RoleAdmin)
	wantError(t, s.empty(t.Context()), models.ErrInvalid)
}

// TestRestoredTranslationWithoutRecording: a translation that has nothing to be made of waits for the download.
func TestRestoredTranslationWithoutRecording(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openAt(t, t.TempDir())
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	a.finish(models.Explain(models.ErrUnusable, "not this time"))
	eventually(t, "it has failed", func() bool { return stateOf(t, s, id) == models.EpisodeFailed })
	key := episodeOf(t, s, id).Media.Key
	path, err := s.Media().path(key)
	must(t, err)
	must(t, os.Remove(path))
	must(t, s.write(ctx, "a test", func(ctx context.Context, tx bun.Tx) error {
		r := &episodeRow{ID: id, State: models.EpisodeDone, TranslationWanted: true}
		return errors.Join(updateEpisode(ctx, tx, r, "state", "translation_wanted"), askToRequeue(ctx, tx))
	}))
	must(t, s.requeue(ctx))
	d := h.take(t)
	if d.job != any(models.DownloadJob{EpisodeID: id}) {
		t.Fatalf("took %+v", d.job)
	}
	must(t, s.SaveMedia(ctx, d.lease, id, storeAudio(t, s, "audio of "+string(id)), ""))
	d.finish(nil)
	var jobs []any
	for range 2 {
		a := h.take(t)
		jobs = append(jobs, a.job)
		a.finish(models.Explain(models.ErrUnusable, "not this time"))
	}
	for _, want := range []any{models.TranscribeJob{EpisodeID: id}, models.TranscribeJob{EpisodeID: id, Task: models.TaskTranslate}} {
		if !slices.Contains(jobs, want) {
			t.Errorf("%+v is not in the queue: %+v", want, jobs)
		}
	}
}

// TestRequeueAsksOutsideTransactions: a bucket is slow, and a database ends a transaction that waits for it.
func TestRequeueAsksOutsideTransactions(t *testing.T) {
	remote := newS3(t)
	s := openWith(t, t.TempDir(), Options{Media: remote.address})
	id, _ := halfway(t, s)
	must(t, s.write(t.Context(), "a test", askToRequeue))
	var asked, inUse atomic.Int64
	remote.asked = func() {
		asked.Add(1)
		inUse.Add(int64(s.e.write.Stats().InUse))
	}
	must(t, s.requeue(t.Context()))
	if got := stateOf(t, s, id); got != models.EpisodeDownloaded || asked.Load() == 0 || inUse.Load() != 0 {
		t.Errorf("%s; asked %d times, %d of them in a transaction", got, asked.Load(), inUse.Load())
	}
}

// TestBackupWhileRecordingsGo: a recording that its episode has let go of since the catalogue was written is no fault, and
// neither is what a backup that was killed has left.
func TestBackupWhileRecordingsGo(t *testing.T) {
	t.Parallel()
	s := openAt(t, t.TempDir())
	id, _ := halfway(t, s)
	path, err := s.Media().path(episodeOf(t, s, id).Media.Key)
	must(t, err)
	dir := filepath.Join(t.TempDir(), "the [old] ones")
	must(t, os.Mkdir(dir, 0o700))
	killed, running := filepath.Join(dir, unfinishedBackup+"1"), filepath.Join(dir, unfinishedBackup+"2")
	for _, f := range []string{killed, running} {
		must(t, os.WriteFile(f, nil, 0o600))
	}
	must(t, os.Chtimes(killed, time.Time{}, time.Now().Add(-2*abandonedAfter)))
	file := filepath.Join(dir, "archive.tar")
	done, err := s.Backup(t.Context(), file, BackupOptions{Progress: func(what Progressing, n, total int64) {
		if what != ProgressCatalogue || n != total {
			return
		}
		must(t, os.Remove(path))
		must(t, s.write(t.Context(), "a test", func(ctx context.Context, tx bun.Tx) error {
			return updateEpisode(ctx, tx, &episodeRow{ID: id}, "media_key")
		}))
	}})
	must(t, err)
	if done.Recordings != 0 || len(done.Unreadable) != 0 {
		t.Errorf("%+v", done)
	}
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) != 2 || left[0].Name() != filepath.Base(running) || left[1].Name() != "archive.tar" {
		t.Errorf("left: %v", left)
	}
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		if strings.HasPrefix(h.Name, backupMedia) {
			t.Errorf("it has %s", h.Name)
		}
	}
}
