package store

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store/pgtest"
)

// TestPostgresOpenAtOnce lets several machines set up one archive at the same moment: one migrates, the others wait.
func TestPostgresOpenAtOnce(t *testing.T) {
	address := postgresServer.Database(t, "")
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		dir := t.TempDir()
		wg.Go(func() {
			s, err := Open(t.Context(), dir, Options{Database: address})
			if err == nil {
				err = s.Close()
			}
			errs[i] = err
		})
	}
	wg.Wait()
	must(t, errors.Join(errs...))
}

// TestPostgresErrors: what is wrong is said in a sentence that names the database and never the password.
func TestPostgresErrors(t *testing.T) {
	good := postgresServer.database(t)
	for _, statement := range []string{"CREATE ROLE stranger LOGIN PASSWORD 'secret'", "CREATE ROLE locked NOLOGIN"} {
		must(t, postgresServer.Exec(t.Context(), statement))
	}
	as := func(user, database string) string {
		u, err := url.Parse(good)
		must(t, err)
		u.User = url.UserPassword(user, "hunter2")
		if database != "" {
			u.Path = "/" + database
		}
		return u.String()
	}
	for name, test := range map[string]struct{ address, want string }{
		"nobody listens":   {"postgres://postgres:hunter2@127.0.0.1:1/archive?connect_timeout=5", "the database archive at 127.0.0.1:1 cannot be reached"},
		"no such database": {as("postgres", "nowhere"), "does not exist, create it (createdb nowhere)"},
		"not let in":       {as("locked", ""), "does not let the user locked in"},
		"no rights":        {as("stranger", ""), "the user stranger may not do that"},
		"not an address":   {"postgres://postgres:hunter2@host:port/x", "is not like postgres://"},
		"another database": {"mysql://postgres:hunter2@localhost/x", "must begin with postgres://"},
		"a bad escape":     {"postgres://postgres:hunter2%zz@localhost/x", "is not like postgres://"},
	} {
		s, err := Open(t.Context(), t.TempDir(), Options{Database: test.address})
		if err == nil {
			must(t, s.Close())
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestNewerProgram: once a newer program has migrated an archive, one that has it open writes nothing, follows nothing and
// ends its work.
func TestNewerProgram(t *testing.T) {
	onEachEngine(t, func(t *testing.T, at func(*testing.T) place) {
		t.Helper()
		p := at(t)
		s, newer := p.open(t), p.elsewhere(t).open(t)
		done := make(chan error, 1)
		working := make(chan struct{}, 1)
		show := aShow("Systems")
		mustSave(t, s, show, episodesOf(show, 1))
		go func() {
			done <- s.Work(t.Context(), Handlers{Download: func(ctx context.Context, _ models.Lease, _ models.DownloadJob, _ Report) error {
				working <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			}}, quickly())
		}()
		receive(t, "a job", working)
		_, err := newer.e.write.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
		must(t, err)
		wantError(t, receive(t, "the end of the work", done), models.ErrNewerData)
		_, err = s.SaveShow(t.Context(), aShow("Another"), nil)
		wantError(t, err, models.ErrNewerData)
		_, err = s.LastChange(t.Context())
		wantError(t, err, models.ErrNewerData)
		_, err = Open(t.Context(), p.dir, Options{Database: p.database})
		wantError(t, err, models.ErrNewerData)
	})
}

// TestHear: a change on one machine is heard of on another.
func TestHear(t *testing.T) {
	p := place{t.TempDir(), postgresServer.database(t)}
	here, there := p.open(t), p.elsewhere(t).open(t)
	ctx, cancel := context.WithCancel(t.Context())
	heard, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		here.Hear(ctx, func() {
			select {
			case heard <- struct{}{}:
			case <-ctx.Done():
			}
		})
	}()
	receive(t, "that it listens", heard)
	show := aShow("Systems")
	mustSave(t, there, show, episodesOf(show, 1))
	receive(t, "the change", heard)
	// A connection that ends is made anew.
	must(t, postgresServer.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN "+
		changeChannel+"' AND datname = '"+pgtest.Name(p.database)+"'"))
	receive(t, "that it listens again", heard)
	cancel()
	receive(t, "the end", over)
}

// TestClocks: a worker whose clock is an hour off keeps its jobs, because beats are told by the database's clock.
func TestClocks(t *testing.T) {
	p := place{t.TempDir(), postgresServer.database(t)}
	s := p.open(t)
	h := hold(t, s, quickly())
	_, a := anEpisode(t, s, h)
	early := p.elsewhere(t).open(t)
	early.now = func() time.Time { return time.Now().Add(time.Hour) }
	c := &crew{Store: early, o: quickly().withDefaults(), id: "early"}
	must(t, c.beat(t.Context()))
	must(t, s.write(t.Context(), "looking", func(ctx context.Context, tx bun.Tx) error { return s.fence(ctx, tx, a.lease) }))
	a.finish(nil)
}
