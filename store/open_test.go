package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

func TestOpenTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%41ü", "data")
	a, b := openAt(t, dir), openAt(t, dir)
	show := aShow("Systems")
	mustSave(t, a, show, episodesOf(show, 2))
	if saved := mustSave(t, b, show, episodesOf(show, 3)); len(saved.NewEpisodes) != 1 || saved.Unchanged != 2 {
		t.Fatalf("through the second: %+v", saved)
	}
	if all, err := a.Episodes(t.Context(), models.EpisodeFilter{}); err != nil || len(all) != 3 {
		t.Fatalf("through the first: %d, %v", len(all), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "earshot.db")); err != nil {
		t.Error(err)
	}
}

// TestOpenAtOnce lets several open a new folder at the same moment: one migrates, the others wait.
func TestOpenAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			s, err := Open(t.Context(), dir, Options{})
			if err == nil {
				err = s.Close()
			}
			errs[i] = err
		})
	}
	wg.Wait()
	must(t, errors.Join(errs...))
}

func TestOpenNewerData(t *testing.T) {
	for name, statement := range map[string]string{
		"catalogue": "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)",
		"queue":     "INSERT INTO river_migration (line, version) VALUES ('main', 9999)",
	} {
		dir := t.TempDir()
		s, err := Open(t.Context(), dir, Options{})
		must(t, err)
		_, err = s.e.write.Exec(statement)
		must(t, err)
		must(t, s.Close())
		if _, err := Open(t.Context(), dir, Options{}); !errors.Is(err, models.ErrNewerData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOpenAfterAnInterruptedSetUp: wherever setting up the queue's tables stopped, the next start finishes it.
func TestOpenAfterAnInterruptedSetUp(t *testing.T) {
	for version := 1; version < 6; version++ {
		dir := t.TempDir()
		e, err := openSQLite(filepath.Join(dir, "earshot.db"))
		must(t, err)
		m, err := rivermigrate.New(e.jobs, nil)
		must(t, err)
		_, err = m.Migrate(t.Context(), rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: version})
		must(t, err)
		must(t, e.close())
		s, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Errorf("stopped at version %d: %v", version, err)
			continue
		}
		must(t, s.Close())
	}
}

// TestOpenOlderData: what an archive of the first version holds is there after its migration, and the way back exists.
func TestOpenOlderData(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	must(t, err)
	show := aShow("Systems")
	id := mustSave(t, s, show, episodesOf(show, 1)).NewEpisodes[0]
	sub, err := fs.Sub(migrations, "migrations")
	must(t, err)
	p, err := goose.NewProvider(s.e.goose, s.e.write.DB, wordsFS{sub, s.e.words}, goose.WithDisableGlobalRegistry(true))
	must(t, err)
	_, err = p.DownTo(t.Context(), 1)
	must(t, err)
	_, err = s.e.write.Exec(`INSERT INTO transcripts (episode_id, source, model, asked_language, language, prompt, media_sha256, duration_ms, complete, is_current, created_at)
		VALUES (?, 'whisper', 'base', '', 'fr', '', '', 1000, TRUE, TRUE, 1)`, id)
	must(t, err)
	must(t, s.Close())

	s = openAt(t, dir)
	got, err := s.Transcript(t.Context(), id, models.TaskTranscribe)
	must(t, err)
	if !got.Complete || got.Task != models.TaskTranscribe || got.Language != "fr" || got.Report.Speed() != 0 {
		t.Errorf("the old transcript is %+v", got)
	}
	if w, err := s.Show(t.Context(), show.ID); err != nil || !reflect.DeepEqual(w.Settings, models.ShowSettings{}) {
		t.Errorf("the old show is %+v, %v", w, err)
	}
	if st, err := s.Status(t.Context()); err != nil || st.Speed != 0 || st.AudioMS != 1000 {
		t.Errorf("the status is %+v, %v", st, err)
	}
}

func TestOpenBadFolders(t *testing.T) {
	tmp := t.TempDir()
	file := filepath.Join(tmp, "file")
	must(t, os.WriteFile(file, []byte("x"), 0o600))
	notADatabase := filepath.Join(tmp, "text")
	must(t, os.MkdirAll(notADatabase, 0o750))
	must(t, os.WriteFile(filepath.Join(notADatabase, "earshot.db"), bytes.Repeat([]byte("this is no database "), 1000), 0o600))
	folder := filepath.Join(tmp, "folder")
	must(t, os.MkdirAll(filepath.Join(folder, "earshot.db"), 0o750))
	damaged := filepath.Join(tmp, "damaged")
	damage(t, damaged)
	for dir, want := range map[string]string{
		file: "cannot be created", filepath.Join(file, "below"): "cannot be created", notADatabase: "damaged or not an archive",
		folder: "cannot be opened", damaged: "damaged",
	} {
		s, err := Open(t.Context(), dir, Options{})
		if err == nil {
			_, err = s.Episodes(t.Context(), models.EpisodeFilter{})
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", filepath.Base(dir), err, want)
		}
	}
}

// damage makes an archive and overwrites all but the first page of its database.
func damage(t *testing.T, dir string) {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{})
	must(t, err)
	show := aShow("Systems")
	mustSave(t, s, show, episodesOf(show, 50))
	must(t, s.Close())
	path := filepath.Join(dir, "earshot.db")
	b, err := os.ReadFile(path)
	must(t, err)
	for i := 4096; i < len(b); i++ {
		b[i] = 0xa5
	}
	must(t, os.WriteFile(path, b, 0o600))
}

// TestDiskFull bounds the database's size as a full disk does.
func TestDiskFull(t *testing.T) {
	s := openAt(t, t.TempDir())
	var pages int
	must(t, s.e.write.QueryRow("PRAGMA page_count").Scan(&pages))
	_, err := s.e.write.Exec("PRAGMA max_page_count = ?", pages+2)
	must(t, err)
	show := aShow("Systems")
	_, err = s.SaveShow(t.Context(), show, episodesOf(show, 500))
	if err == nil || !strings.Contains(err.Error(), "is full, free some space") {
		t.Fatalf("on a full disk: %v", err)
	}
	// Nothing is half there, and it goes on once there is space.
	if shows, err := s.Shows(t.Context()); err != nil || len(shows) != 0 {
		t.Fatalf("%d shows, %v", len(shows), err)
	}
	_, err = s.e.write.Exec("PRAGMA max_page_count = 1000000")
	must(t, err)
	mustSave(t, s, show, episodesOf(show, 500))
}

// TestReadersCannotWrite: the pool that all reads use refuses to write.
func TestReadersCannotWrite(t *testing.T) {
	s := openAt(t, t.TempDir())
	err := s.read(t.Context(), "testing", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM shows")
		return err
	})
	if err == nil {
		t.Fatal("a reader wrote")
	}
	var mode, fk, sync string
	must(t, s.e.write.QueryRow("PRAGMA journal_mode").Scan(&mode))
	must(t, s.e.write.QueryRow("PRAGMA foreign_keys").Scan(&fk))
	must(t, s.e.write.QueryRow("PRAGMA synchronous").Scan(&sync))
	if mode != "wal" || fk != "1" || sync != "2" {
		t.Errorf("journal_mode %s, foreign_keys %s, synchronous %s", mode, fk, sync)
	}
}

// TestMigrationsAreWhole: no engine word is left unreplaced, no reference dangles.
func TestMigrationsAreWhole(t *testing.T) {
	s := openAt(t, t.TempDir())
	rows, err := s.e.write.QueryContext(t.Context(), "PRAGMA foreign_key_check")
	must(t, err)
	defer rows.Close() //nolint:errcheck // only read
	if rows.Next() {
		t.Error("a foreign key points nowhere")
	}
	must(t, rows.Err())
	var name string
	err = s.e.read.NewSelect().Table("sqlite_master").Column("name").Where("sql LIKE '%{{%'").Scan(t.Context(), &name)
	if !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("a word was not replaced in %s: %v", name, err)
	}
}
