//go:build !stub

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
)

// TestRecordingsPutBack: an archive that was restored without its recordings is transcribed when they are put back, also where
// they can be fetched from nowhere else.
func TestRecordingsPutBack(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, folder := t.Context(), t.TempDir()
	tagged(t, filepath.Join(folder, "a.mp3"))
	a := quietArchive(t, &config{})
	found, err := a.resolver(nil, nil).Resolve(ctx, folder)
	must(err)
	_, err = a.SaveShow(ctx, found.Show, found.Episodes)
	must(err)
	downloadAll(t, a, 1)
	file := filepath.Join(t.TempDir(), "backup.tar")
	_, err = a.Backup(ctx, file, store.BackupOptions{NoMedia: true})
	must(err)
	must(os.RemoveAll(folder))

	b, err := store.OpenBackup(ctx, file, nil)
	must(err)
	restored := quietArchive(t, &config{})
	must(restored.close())
	_, err = b.Restore(ctx, restored.c.Data, store.RestoreOptions{Replace: true})
	must(err)
	c := config{Data: restored.c.Data, MediaCache: "1MB", MinFree: "0", MaxDownload: "1GB", log: restored.c.log}
	again, err := c.open(ctx)
	must(err)
	t.Cleanup(func() { _ = again.close() })
	episodes, err := again.Episodes(ctx, models.EpisodeFilter{})
	must(err)
	if len(episodes) != 1 || episodes[0].State != models.EpisodeQueued {
		t.Fatalf("without its recording: %+v", episodes)
	}
	must(os.CopyFS(filepath.Join(c.Data, "media"), os.DirFS(filepath.Join(a.c.Data, "media"))))
	downloadAll(t, again, 1)
}
