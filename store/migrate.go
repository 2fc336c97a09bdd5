package store

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateTimeout bounds the wait for another process that migrates the same data folder.
const migrateTimeout = 2 * time.Minute

// migrate brings the catalogue's and the queue's tables to this program's version, one process at a time. Tables of a
// newer version are left alone: [models.ErrNewerData].
func (s *Store) migrate(ctx context.Context, dir string) error {
	return s.migrating(ctx, dir, func(ctx context.Context, p *goose.Provider, has, target int64) error {
		s.e.version = target
		if has > target {
			return newerTables(has, target)
		}
		queue, err := rivermigrate.New(s.e.jobs, &rivermigrate.Config{Logger: slog.New(quiet{s.log.Handler()})})
		if err != nil {
			return err
		}
		if err := s.queueNotNewer(ctx, queue.AllVersions()); err != nil {
			return err
		}
		if _, err := p.Up(ctx); err != nil {
			return err
		}
		_, err = queue.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
}

// migrating lets one process at a time change the tables of a data folder: do, which is told which version they have and which one
// this program knows.
func (s *Store) migrating(ctx context.Context, dir string, do func(ctx context.Context, p *goose.Provider, has, target int64) error) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	unlock, err := s.e.migrating(ctx, dir)
	if err != nil {
		return err
	}
	defer unlock()
	p, err := s.migrations()
	if err != nil {
		return err
	}
	has, target, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	return do(ctx, p, has, target)
}

// migrations is what brings the catalogue's tables from one version to another.
func (s *Store) migrations() (*goose.Provider, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(s.e.goose, s.e.write.DB, wordsFS{sub, s.e.words}, goose.WithDisableGlobalRegistry(true))
}

// migrateTo makes the catalogue's tables, which have nothing of an owner's in them, those of a version. One that this program
// does not know is [models.ErrNewerData].
func (s *Store) migrateTo(ctx context.Context, dir string, version int64) error {
	return s.migrating(ctx, dir, func(ctx context.Context, p *goose.Provider, has, target int64) error {
		var err error
		s.e.version = max(has, version)
		switch {
		case version > target:
			return newerTables(version, target)
		case has > target:
			return newerTables(has, target)
		case has > version:
			_, err = p.DownTo(ctx, version)
		default:
			_, err = p.UpTo(ctx, version)
		}
		return err
	})
}

// newestVersion is the version of the catalogue's tables.
const newestVersion = "SELECT max(version_id) FROM goose_db_version WHERE is_applied"

// notNewer returns [models.ErrNewerData] when a newer program has migrated the archive since this one opened it.
func (s *Store) notNewer(ctx context.Context, tx bun.Tx) error {
	var has int64
	err := tx.NewRaw(newestVersion).Scan(ctx, &has)
	if err == nil && has > s.e.version {
		return newerTables(has, s.e.version)
	}
	return err
}

func newerTables(has, known int64) error {
	return fmt.Errorf("%w (its tables have version %d, this program knows %d)", models.ErrNewerData, has, known)
}

// queueNotNewer returns [models.ErrNewerData] when the queue's tables have a version that this program does not know.
func (s *Store) queueNotNewer(ctx context.Context, known []rivermigrate.Migration) error {
	exec := s.e.jobs.GetExecutor()
	exists, err := exec.TableExists(ctx, &riverdriver.TableExistsParams{Table: "river_migration"})
	if err != nil || !exists {
		return err
	}
	// The first of River's own versions have no lines; a set-up that was interrupted may have stopped there.
	lines, err := exec.ColumnExists(ctx, &riverdriver.ColumnExistsParams{Table: "river_migration", Column: "line"})
	if err != nil || !lines {
		return err
	}
	has, err := exec.MigrationGetByLine(ctx, &riverdriver.MigrationGetByLineParams{Line: riverdriver.MigrationLineMain})
	if err != nil {
		return err
	}
	for _, m := range has {
		if m.Version > known[len(known)-1].Version {
			return fmt.Errorf("%w (its queue has version %d)", models.ErrNewerData, m.Version)
		}
	}
	return nil
}

// wordsFS fills the engine's words into the migrations.
type wordsFS struct {
	fs.FS
	words *strings.Replacer
}

// Open opens a migration with the engine's words filled in, or a folder as it is.
func (f wordsFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	b, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	return filled{file, bytes.NewBufferString(f.words.Replace(string(b)))}, nil
}

type filled struct {
	fs.File
	text io.Reader
}

func (f filled) Read(p []byte) (int, error) { return f.text.Read(p) }
