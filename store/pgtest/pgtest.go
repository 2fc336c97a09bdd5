//go:build unix

// Package pgtest runs a Postgres server for tests: Debian's package, in a folder of its own, for as long as the tests of one
// package run. It trades safety for speed and must not hold anything that matters.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a Postgres server that starts when it is first asked for. The zero value is ready.
type Server struct {
	once sync.Once
	err  error
	dir  string // holds the data and the socket
	cmd  *exec.Cmd
	n    int
	mu   sync.Mutex
}

// MissingError says why a server cannot be had on this machine.
type MissingError struct{ Reason string }

// Error is the reason and what to do.
func (m MissingError) Error() string {
	return m.Reason + " (Debian and Ubuntu: apt-get install postgresql)"
}

// Database makes a new database as a copy of template ("" for an empty one) and returns its address. The test is skipped
// where Postgres is not installed, unless CI is set.
func (s *Server) Database(tb testing.TB, template string) string {
	tb.Helper()
	s.once.Do(func() { s.err = s.start() })
	var missing MissingError
	if errors.As(s.err, &missing) && os.Getenv("CI") == "" {
		tb.Skip(s.err)
	}
	if s.err != nil {
		tb.Fatal(s.err)
	}
	s.mu.Lock()
	s.n++
	name := fmt.Sprintf("test%d", s.n)
	s.mu.Unlock()
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template
	}
	if err := s.Exec(tb.Context(), statement); err != nil {
		tb.Fatal(err)
	}
	return s.address(name)
}

// Exec runs a statement as the superuser, outside of the tests' databases.
func (s *Server) Exec(ctx context.Context, statement string) error {
	c, err := pgx.Connect(ctx, s.address("postgres"))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

// Name returns the name of the database at an address.
func Name(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path[1:]
}

func (s *Server) address(database string) string {
	return "postgres://postgres@/" + database + "?" + url.Values{"host": {s.dir}}.Encode()
}

// Stop ends the server and removes what it kept.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // at once: nothing is to be kept
		_ = s.cmd.Wait()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

func (s *Server) start() error {
	bin, err := programs()
	if err != nil {
		return err
	}
	who, err := servant()
	if err != nil {
		return err
	}
	// The path of a socket has at most 107 bytes: a test's own folder may be too deep.
	if s.dir, err = os.MkdirTemp("", "earshot-pg-"); err != nil {
		return err
	}
	if who != nil {
		if err := os.Chown(s.dir, int(who.Uid), int(who.Gid)); err != nil {
			return err
		}
	}
	data := filepath.Join(s.dir, "data")
	log, err := os.Create(s.log())
	if err != nil {
		return err
	}
	defer log.Close()
	program := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...) //nolint:noctx // ended by Stop, or with this process
		cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
		cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
		cmd.SysProcAttr = attributes(who)
		return cmd
	}
	// The C library's "C" collation makes databases quickly and sorts as Go does.
	initdb := program("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--no-instructions")
	if err := initdb.Run(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, s.said())
	}
	s.cmd = program("postgres", "-D", data, "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off",
		"-c", "full_page_writes=off", "-c", "max_connections=400", "-c", "shared_buffers=32MB", "-c", "autovacuum=off", "-c", "wal_level=minimal",
		"-c", "max_wal_senders=0", "-c", "max_wal_size=4GB")
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("starting Postgres: %w", err)
	}
	return s.answers()
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

func (s *Server) said() []byte {
	b, _ := os.ReadFile(s.log()) // whatever there is
	return b
}

// answers waits until the server takes connections.
func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.Exec(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the Postgres server does not answer: %w: %s", err, s.said())
		}
	}
}

// programs finds the folder of the server's programs, which Debian keeps off the PATH, of the newest version.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", MissingError{"the Postgres server is not installed"}
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

func version(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

// servant is whom the server runs as where that cannot be this user: it refuses to be root's. nil means this user.
func servant() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // as said
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
		if uerr == nil && gerr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, MissingError{"Postgres does not run as root, and there is no user postgres"}
}
