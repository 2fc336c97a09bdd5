package store

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/earshot/earshot/store/pgtest"
)

// postgresServer serves this package's tests.
var postgresServer postgresForTests

type postgresForTests struct {
	pgtest.Server

	once     sync.Once
	template string
	err      error
}

// database makes a database with the tables of an empty archive: a copy of one that was migrated once.
func (p *postgresForTests) database(t *testing.T) string {
	t.Helper()
	p.once.Do(func() {
		address := p.Database(t, "")
		p.template = pgtest.Name(address)
		p.err = migrateOnce(context.WithoutCancel(t.Context()), address)
	})
	if p.template == "" {
		p.Database(t, "") // says why there is none
	}
	must(t, p.err)
	return p.Database(t, p.template)
}

func migrateOnce(ctx context.Context, address string) error {
	dir, err := os.MkdirTemp("", "earshot-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a test
	s, err := Open(ctx, dir, Options{Database: address})
	if err != nil {
		return err
	}
	return errors.Join(s.Close())
}

// place is where an archive is.
type place struct {
	dir, database string
}

func (p place) open(t *testing.T) *Store {
	t.Helper()
	return openWith(t, p.dir, Options{Database: p.database})
}

// elsewhere is the same archive as another machine has it: with a folder of its own where that is possible.
func (p place) elsewhere(t *testing.T) place {
	t.Helper()
	if p.database != "" {
		p.dir = t.TempDir()
	}
	return p
}

// onEachEngine runs a test for every engine, with a function that makes places for archives.
func onEachEngine(t *testing.T, test func(t *testing.T, at func(*testing.T) place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, func(t *testing.T) place { t.Helper(); return place{dir: t.TempDir()} })
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, func(t *testing.T) place { t.Helper(); return place{t.TempDir(), postgresServer.database(t)} })
	})
}
