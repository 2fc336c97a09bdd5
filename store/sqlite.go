package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// openSQLite prepares the two pools on the database file at path. Nothing is read yet.
func openSQLite(path string) (*engine, error) {
	// It holds the passwords of private feeds. Where it cannot be made, opening it will say why.
	if f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_ = f.Close()
	}
	base := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)"
	w, err := sql.Open("sqlite", base+"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"+
		"&_pragma=journal_size_limit(67108864)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	// One connection: SQLite has one writer, and waiting for a turn in the pool is fairer than its busy handler.
	w.SetMaxOpenConns(1)
	r, err := sql.Open("sqlite", base+"&_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r.SetMaxOpenConns(8)
	r.SetMaxIdleConns(8)
	e := &engine{
		name:       path,
		write:      bun.NewDB(w, sqlitedialect.New()),
		read:       bun.NewDB(r, sqlitedialect.New()),
		jobs:       riversqlite.New(w),
		goose:      goose.DialectSQLite3,
		words:      strings.NewReplacer("{{ID}}", "INTEGER PRIMARY KEY AUTOINCREMENT", "{{JSON}}", "TEXT", "{{BYTES}}", "BLOB"),
		holder:     `coalesce(json_extract(attempted_by, '$[#-1]'), '')`,
		target:     `coalesce(json_extract(args, '$.episode_id'), json_extract(args, '$.show_id'), '')`,
		task:       `coalesce(json_extract(args, '$.task'), '')`,
		happened:   `json_extract(event, '$.episode_id')`,
		concerns:   `json_extract(event, '$.show_id')`,
		size:       `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`,
		view:       sql.TxOptions{ReadOnly: true},
		listTables: `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY rowid`,
		migrating: func(ctx context.Context, dir string) (func(), error) {
			unlock, err := lockFile(ctx, filepath.Join(dir, "earshot.lock"))
			if err != nil {
				return nil, fmt.Errorf("the folder cannot be written, check who owns it and its permissions: %w", err)
			}
			return unlock, nil
		},
		// The format in which River's driver writes times, which are compared as text.
		stamp:   func(t time.Time) any { return t.UTC().Round(time.Millisecond).Format("2006-01-02 15:04:05.000") },
		explain: func(err error) error { return explainSQLite(path, err) },
		close:   func() error { return errors.Join(r.Close(), w.Close()) },
	}
	e.signs = e.write
	e.faults = e.sqliteFaults
	return e, nil
}

// sqliteFaults is SQLite's own check: the structure of the file, and that every index agrees with its table.
func (e *engine) sqliteFaults(ctx context.Context) ([]string, error) {
	var faults []string
	err := e.read.NewRaw(fmt.Sprintf("PRAGMA integrity_check(%d)", checkMost)).Scan(ctx, &faults)
	return slices.DeleteFunc(faults, func(f string) bool { return f == "ok" }), err
}

// isDamage reports whether an error says that the file of the catalogue is damaged.
func isDamage(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// explainSQLite says in a sentence what is wrong with the database file and what to do, where the owner can do something.
func explainSQLite(path string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return explainDisk(path, err)
	}
	if isDamage(err) {
		return fmt.Errorf("%s is damaged or not an archive of Earshot, restore it from a backup or move it away to start afresh: %w", path, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk that holds %s is full, free some space and try again: %w", path, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fmt.Errorf("%s cannot be opened for writing, check who owns the folder and its permissions: %w", path, err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("reading or writing %s failed, check the disk: %w", path, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("another process kept %s locked for too long, try again: %w", path, err)
	}
	return err
}
