//go:build !stub

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
)

// An archive that others reach has an admin, or does not start.
func TestSettleAccess(t *testing.T) {
	for _, c := range []struct {
		name, access, listen, public string
		open                         bool // to the network
		roles                        []models.Role
		secret                       string // in the environment
		want, says                   string
	}{
		{name: "at home", listen: "localhost:8080", want: api.AccessOpen},
		{name: "at home, by number", listen: "[::1]:8080", want: api.AccessOpen},
		{name: "at home, with a user", listen: "localhost:8080", roles: []models.Role{models.RoleAdmin}, want: api.AccessLogin},
		{name: "at home, with a user, open", access: "open", listen: "127.0.0.1:8080", roles: []models.Role{models.RoleAdmin}, want: api.AccessOpen},
		{name: "at home, with nobody who could log in", access: "login", listen: "localhost:8080", says: "earshot user add NAME --role admin"},
		{name: "public", listen: ":8080", says: "EARSHOT_ADMIN_PASSWORD"},
		{name: "public, reading", access: "read", listen: "0.0.0.0:8080", says: "earshot user add"},
		{name: "public, with a reader alone", listen: "0.0.0.0:8080", roles: []models.Role{models.RoleReader}, says: "has no admin yet"},
		{name: "public, with an admin", listen: "192.168.1.5:8080", roles: []models.Role{models.RoleReader, models.RoleAdmin}, want: api.AccessLogin},
		{name: "public, reading, with an admin", access: "read", listen: "[::]:8080", roles: []models.Role{models.RoleAdmin}, want: api.AccessRead},
		{name: "public and open", access: "open", listen: ":8080", roles: []models.Role{models.RoleAdmin}, says: "--open-to-network"},
		{name: "public and open, and meant", access: "open", listen: ":8080", open: true, want: api.AccessOpen},
		{name: "behind a proxy here", listen: "localhost:8080", public: "https://archive.example.org", says: "through https://archive.example.org"},
		{name: "in a container", listen: ":8080", secret: "a few words in a row", want: api.AccessLogin},
		{name: "in a container, badly", listen: ":8080", secret: "short", says: "at least 10 characters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("EARSHOT_ADMIN_PASSWORD", c.secret)
			cfg := &config{Data: t.TempDir(), Access: c.access, Listen: c.listen, PublicURL: c.public, OpenToNetwork: c.open, MediaCache: "1GB", MinFree: "0", MaxDownload: "1GB"}
			a, err := cfg.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer a.close() //nolint:errcheck // a test
			for i, role := range c.roles {
				if err := a.AddUser(t.Context(), models.User{Name: string(rune('a' + i)), Role: role}, "x"); err != nil {
					t.Fatal(err)
				}
			}
			got, err := a.settleAccess(t.Context())
			if got != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %q, %v; want %q, or an error with %q", got, err, c.want, c.says)
			}
		})
	}
}

// Users and tokens by the commands, and a server that knows them at once; commands on its machine need neither.
func TestUsersOfTheProgram(t *testing.T) {
	p := &program{t, t.TempDir(), t.TempDir(), nil}
	with := func(input string, args ...string) (string, int) {
		t.Helper()
		var out bytes.Buffer
		cmd := p.command(t.Context(), args...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &out
		_ = cmd.Run() // its exit code says how it ended
		return out.String(), cmd.ProcessState.ExitCode()
	}
	for _, c := range []struct {
		input string
		args  []string
		code  int
		says  string
	}{
		{"correct horse battery\n", []string{"user", "add", "Ada", "--role", "admin"}, 0, "ada can log in as admin"},
		{"correct horse battery", []string{"user", "add", "ada"}, 1, "already"},
		{"", []string{"user", "add", "bob"}, 1, "no password came"},
		{"short", []string{"user", "add", "bob"}, 1, "at least 10"},
		{"correct horse bob\r\n", []string{"user", "add", "bob", "--role", "owner"}, 2, "no role"},
		{"correct horse bob\r\n", []string{"user", "add", "bob"}, 0, "as reader"},
		{"", []string{"user", "role", "bob", "editor"}, 0, "bob is editor now"},
		{"", []string{"user", "role", "ada", "reader"}, 1, "last admin"},
		{"another of bob", []string{"user", "password", "bob"}, 0, "another password"},
		{"", []string{"user", "remove", "eve"}, 1, "there is no user eve"},
		{"", []string{"token", "add", "x"}, 2, "--user"},
		{"", []string{"token", "add", "x", "--user", "bob", "--scope", "admin"}, 1, "does not allow"},
		{"", []string{"token", "remove", "x"}, 1, "no token"},
	} {
		if out, code := with(c.input, c.args...); code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%v: %d %s, want %d with %q", c.args, code, out, c.code, c.says)
		}
	}
	p.env = []string{"EARSHOT_NO_WORK=true"}
	base := p.serve() // with users it asks for a login, also at home
	get := func(token string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/v1/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	cmd := p.command(context.WithoutCancel(t.Context()), "token", "add", "a script", "--user", "ada", "--scope", "admin")
	secret, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(secret))
	if none, good := get("earshot_forged"), get(token); none != http.StatusUnauthorized || good != http.StatusOK {
		t.Errorf("without a token %d, with one %d", none, good)
	}
	if info, err := os.Stat(announcementPath(p.data)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read how to get in: %v %v", info, err)
	}
	p.search("anything")
	var tokens []listedToken
	if err := json.Unmarshal([]byte(p.must("token", "list", "--json")), &tokens); err != nil || len(tokens) != 1 || tokens[0].Name != "a script" || tokens[0].UsedAt == nil {
		t.Fatalf("%v %+v", err, tokens)
	}
	p.must("token", "remove", tokens[0].ID)
	if got := get(token); got != http.StatusUnauthorized {
		t.Errorf("after it was removed: %d", got)
	}
}
