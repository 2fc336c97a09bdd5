package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// engine is all that differs between databases.
type engine struct {
	name string // for messages: where the catalogue is, without secrets
	// write has one connection: those who write here wait for it in turn. See turn.
	write *bun.DB
	read  *bun.DB // cannot write
	// signs is for what is small and must not wait behind a long write: the signs of life of workers. It may be write.
	signs *bun.DB
	jobs  riverdriver.Driver[*sql.Tx]
	goose goose.Dialect
	words *strings.Replacer // for the migrations

	shared bool // between machines, each with a folder of its own

	holder string // SQL: the identifier of the worker that last took a river_job
	target string // SQL: the episode or show that a river_job is about
	task   string // SQL: the task of a river_job that transcribes, "" for none
	clock  string // SQL: ms since 1970 by the clock that all workers share; "" where that is this machine's
	// happened is SQL: the episode that an event is about.
	happened string
	concerns string // SQL: the show that an event is about, or whose episode
	size     string // SQL: asks how many bytes the catalogue takes
	lock     string // SQL: ends a selection of rows that must stay as they are until the transaction ends; "" where all do

	view sql.TxOptions // of a transaction that sees the archive as it was at one moment
	// turn makes the transactions that write follow one another, in all processes, where the engine does not do so by
	// itself; nil where it does. It ends with the transaction.
	turn func(context.Context, bun.Tx) error
	// notMigrating keeps others from migrating until tx ends, for what writes out of turn; nil where it cannot.
	notMigrating func(ctx context.Context, tx bun.Tx) error
	// migrating keeps other processes from migrating the archive in the folder dir, and from writing, until unlock is called.
	migrating  func(ctx context.Context, dir string) (unlock func(), err error)
	listTables string // SQL: the names of all tables, in the order in which they were made
	// filled is called with the tables into which rows with identifiers of their own were written, so that the next ones get
	// greater ones; nil where that is so by itself.
	filled func(ctx context.Context, tx bun.Tx, tables []string) error

	// faults looks for damage in what the engine keeps, and describes each fault in a clause.
	faults func(context.Context) ([]string, error)
	// announce tells other processes, when tx is committed, that there are changes; nil where that is not possible.
	announce func(ctx context.Context, tx bun.Tx) error
	// listen calls heard once it listens, and whenever there are changes, until ctx ends or something fails; nil where that
	// is not possible.
	listen func(ctx context.Context, heard func()) error
	// explain turns a failure of the engine into a sentence for the owner of the archive.
	explain func(error) error
	// stamp is a time as the queue's tables hold it.
	stamp func(time.Time) any
	close func() error

	version int64 // of the catalogue's tables, as this program knows them
}

// openEngine prepares the database at an address, "" for the one in the folder dir.
func openEngine(ctx context.Context, dir, address string) (*engine, error) {
	switch {
	case address == "":
		return openSQLite(filepath.Join(dir, "earshot.db"))
	case isPostgres(address):
		return openPostgres(ctx, address)
	}
	return nil, models.Explain(models.ErrInvalid, "the address of the database must begin with postgres://")
}

// awayError says that the database went away in the middle of what was to be done with it. That is nobody's failure.
type awayError struct{ error }

// Unwrap returns what happened.
func (e awayError) Unwrap() error { return e.error }

func isAway(err error) bool {
	var away awayError
	return errors.As(err, &away)
}

// explainDisk says that the disk is full, or a file too large for it, where that is what err means.
func explainDisk(path string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("the disk that holds %s is full, free some space and try again: %w", path, err)
	}
	if errors.Is(err, syscall.EFBIG) {
		return models.Explain(models.ErrUnusable, "files may not be as large as this one in %s: raise the limit (ulimit -f, or that of the file system) and try again: %w", path, err)
	}
	return err
}
