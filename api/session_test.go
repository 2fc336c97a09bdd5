package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// send sends JSON, from an address of the test's choice.
func send(t *testing.T, h http.Handler, from, method, path, body string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost:8080"+path, strings.NewReader(body))
	r.RemoteAddr = from + ":1234"
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func login(name, password string) string {
	b, err := json.Marshal(Login{User: name, Password: password})
	if err != nil {
		panic(err)
	}
	return string(b)
}

const loginPath = "/api/v1/session"

// A login begins a session with a secret that nobody chose, in a cookie that scripts, other sites and, behind https, networks do
// not see; the one before ends with it, and all others with a new password.
func TestSessions(t *testing.T) {
	a, _ := library(t)
	users := newAccounts(t)
	h := newHandler(t, a, withAccounts(AccessLogin, users))
	https := newHandler(t, a, withAccounts(AccessLogin, users), func(o *Options) { o.PublicURL = "https://archive.example.org" })

	old := "editor" // a session that the browser has, or was given by somebody else
	res := send(t, h, "192.0.2.1", "POST", loginPath, login(" Editor", passwordOf("editor")), session(old)...)
	defer res.Body.Close()
	cookies := res.Cookies()
	if res.StatusCode != http.StatusOK || len(cookies) != 1 {
		t.Fatalf("%d %v", res.StatusCode, cookies)
	}
	c := cookies[0]
	if c.Name != "earshot" || len(c.Value) != 43 || c.Value == old || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure || c.Domain != "" || c.MaxAge <= 0 {
		t.Errorf("%+v", c)
	}
	who := func(secret string) (s Session) {
		t.Helper()
		_, body := askOnce(t, h, "GET", loginPath, "", session(secret))
		must(t, json.Unmarshal([]byte(body), &s))
		return s
	}
	if s := who(c.Value); s.User != "editor" || s.Role != models.RoleEditor || s.May != models.ScopeWrite || s.Sees != models.VisibleToMembers || !s.LoggedIn {
		t.Errorf("%+v", s)
	}
	if s := who(old); s.LoggedIn || s.May != models.ScopeNone {
		t.Errorf("the session before goes on: %+v", s)
	}
	for _, kept := range users.sessions {
		if strings.Contains(fmt.Sprintf("%+v", kept), c.Value) {
			t.Errorf("the secret is kept: %+v", kept)
		}
	}
	secure := send(t, https, "192.0.2.1", "POST", loginPath, login("reader", passwordOf("reader")), "Host", "archive.example.org")
	defer secure.Body.Close()
	if c := secure.Cookies(); len(c) != 1 || c[0].Name != "__Host-earshot" || !c[0].Secure {
		t.Errorf("behind https: %+v", c)
	}
	// Another site's page cannot log anybody in or out, nor use a session.
	for _, method := range []string{"POST", "DELETE"} {
		if res := send(t, h, "192.0.2.1", method, loginPath, login("reader", passwordOf("reader")), append(session(c.Value), "Sec-Fetch-Site", "cross-site")...); res.StatusCode != http.StatusForbidden || len(res.Cookies()) > 0 {
			t.Errorf("%s from another site: %d", method, res.StatusCode)
		}
	}
	if res := send(t, h, "192.0.2.1", "POST", "/api/v1/queue/pause", "", append(session(c.Value), "Origin", "https://evil.example")...); res.StatusCode != http.StatusForbidden {
		t.Errorf("a change from another site: %d", res.StatusCode)
	}
	token := users.token("editor", models.ScopeWrite, time.Time{})
	if res := send(t, h, "192.0.2.1", "POST", "/api/v1/queue/pause", "", "Authorization", "Bearer "+token, "Origin", "https://tool.example"); res.StatusCode != http.StatusAccepted {
		t.Errorf("a change with a token: %d", res.StatusCode)
	}

	// A podcast player gives a token as a password; that is nothing which another site's page could not send.
	player := httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost:8080/api/v1/shows", nil)
	player.SetBasicAuth("anybody", token)
	if res := send(t, h, "192.0.2.1", "GET", "/api/v1/shows", "", "Authorization", player.Header.Get("Authorization")); res.StatusCode != http.StatusOK {
		t.Errorf("a podcast player: %d", res.StatusCode)
	}
	if res := send(t, h, "192.0.2.1", "POST", "/api/v1/queue/pause", "", "Authorization", player.Header.Get("Authorization"), "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusForbidden {
		t.Errorf("a token as a password, sent from another site: %d", res.StatusCode)
	}

	// A new password needs the one until now, ends the other sessions, and goes on with a new one.
	other := send(t, h, "192.0.2.2", "POST", loginPath, login("editor", passwordOf("editor"))).Cookies()[0].Value
	change := func(current, next string) *http.Response {
		t.Helper()
		return send(t, h, "192.0.2.1", "POST", "/api/v1/session/password", `{"current":"`+current+`","new":"`+next+`"}`, session(c.Value)...)
	}
	for _, wrong := range [][2]string{{"not this one", "long enough, and new"}, {passwordOf("editor"), "too short"}, {passwordOf("editor"), "aaaaaaaaaaaa"}} {
		if res := change(wrong[0], wrong[1]); res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", wrong, res.StatusCode)
		}
	}
	res = change(passwordOf("editor"), "long enough, and new")
	if res.StatusCode != http.StatusOK || len(res.Cookies()) != 1 {
		t.Fatalf("%d %v", res.StatusCode, res.Cookies())
	}
	if who(other).LoggedIn || who(c.Value).LoggedIn || !who(res.Cookies()[0].Value).LoggedIn {
		t.Error("sessions outlive the password, or the one that changed it does not")
	}
	out := send(t, h, "192.0.2.1", "DELETE", loginPath, "", session(res.Cookies()[0].Value)...)
	if gone := out.Cookies(); out.StatusCode != http.StatusOK || len(gone) != 1 || gone[0].MaxAge >= 0 || who(res.Cookies()[0].Value).LoggedIn {
		t.Errorf("after logging out: %d %v", out.StatusCode, gone)
	}
}

// Whoever guesses is told nothing, not even by the time that it takes, and has to wait; others do not.
func TestGuessing(t *testing.T) {
	a, _ := library(t)
	h := newHandler(t, a, withAccounts(AccessRead, newAccounts(t)))
	answers := map[string]bool{}
	for _, name := range []string{"admin", "nobody", "no/name", strings.Repeat("x", 100)} {
		res := send(t, h, "192.0.2.9", "POST", loginPath, login(name, "a wrong password"))
		body := new(strings.Builder)
		_, err := fmt.Fprint(body, res.StatusCode, res.Header.Get("WWW-Authenticate"))
		must(t, err)
		var problem struct{ Detail string }
		must(t, json.NewDecoder(res.Body).Decode(&problem))
		answers[body.String()+problem.Detail] = true
	}
	if len(answers) != 1 {
		t.Errorf("guesses are answered in different ways: %v", answers)
	}
	// Who does not wait for the answer has guessed all the same.
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range loginsAtOnce {
		r := httptest.NewRequestWithContext(gone, "POST", "http://localhost:8080"+loginPath, strings.NewReader(login("nobody", "x")))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = "192.0.2.9:5"
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	res := send(t, h, "192.0.2.9", "POST", loginPath, login("nobody", "x"))
	if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || res.StatusCode != http.StatusTooManyRequests || after < 1 || after > 60 {
		t.Errorf("%d, Retry-After is %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	if res := send(t, h, "192.0.2.10", "POST", loginPath, login("admin", passwordOf("admin"))); res.StatusCode != http.StatusOK {
		t.Errorf("somebody else, elsewhere: %d", res.StatusCode)
	}
	// Whom it makes wait does not make others wait, who have the name: however often it is tried from there.
	for range 2 * namesAtOnce {
		send(t, h, "192.0.2.9", "POST", loginPath, login("editor", "x"))
	}
	if res := send(t, h, "192.0.2.10", "POST", loginPath, login("editor", passwordOf("editor"))); res.StatusCode != http.StatusOK {
		t.Errorf("the one whose name was tried, elsewhere: %d", res.StatusCode)
	}
	// Addresses of one network are one place; what a request says of its own origin is not believed.
	if res := send(t, h, "192.0.2.9", "POST", loginPath, login("reader", passwordOf("reader")), "X-Forwarded-For", "198.51.100.7"); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("with another address in a header: %d", res.StatusCode)
	}
	for address, want := range map[string]string{
		"192.0.2.9": "192.0.2.9", "::ffff:192.0.2.9": "192.0.2.9", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "nonsense": "nonsense",
	} {
		if got := networkOf(address); got != want {
			t.Errorf("%s is of %s, want %s", address, got, want)
		}
	}
}

// A server that is open because nothing was chosen asks for a login once somebody has made an admin, and stays so.
func TestOpenUntilThereIsAnAdmin(t *testing.T) {
	a, _ := library(t)
	users := newAccounts(t)
	all := users.users
	users.users = users.users[:1] // a reader, who could not let anybody in
	o := a.options(t)
	withAccounts(AccessOpen, users)(&o)
	o.UntilAdmin = true
	g := newGate(o)
	may := func() bool { return g.anybody(t.Context(), caller{}).may(needAdmin) }
	later := func() { g.first.asked = g.first.asked.Add(-firstAdminEvery) }
	if all[0].Role != models.RoleReader || !may() {
		t.Fatal("it is closed before there is an admin")
	}
	users.users = all
	if later(); may() || g.access(t.Context()) != AccessLogin {
		t.Error("it is open although there is an admin")
	}
	users.users = all[:1]
	if later(); may() {
		t.Error("it is open again")
	}
}

// Users and tokens as an admin has them through the API.
func TestUsersAndTokens(t *testing.T) {
	a, _ := library(t)
	users := newAccounts(t)
	h := newHandler(t, a, withAccounts(AccessLogin, users))
	admin := session("admin")
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/api/v1/users", `{"name":"Ada@Example.org","role":"editor","password":"long walks by day"}`, 201, `"name":"ada@example.org","role":"editor"`},
		{"POST", "/api/v1/users", `{"name":"ada@example.org","role":"editor","password":"long walks by day"}`, 422, "already"},
		{"POST", "/api/v1/users", `{"name":"a b","role":"editor","password":"long walks by day"}`, 422, "letters"},
		{"POST", "/api/v1/users", `{"name":"bob","role":"owner","password":"long walks by day"}`, 422, "role"},
		{"POST", "/api/v1/users", `{"name":"bob","role":"reader","password":"short"}`, 422, "password"},
		{"PATCH", "/api/v1/users/ada@example.org", `{"role":"reader"}`, 200, `"reader"`},
		{"PATCH", "/api/v1/users/ada@example.org", `{"password":"ada@example.org"}`, 422, "stranger"},
		{"PATCH", "/api/v1/users/ada@example.org", `{"password":"another long one"}`, 200, "ada"},
		{"PATCH", "/api/v1/users/eve", `{"password":"another long one"}`, 404, "no such"},
		{"GET", "/api/v1/users", "", 200, "ada@example.org"},
		{"DELETE", "/api/v1/users/ada@example.org", "", 204, ""},
		{"DELETE", "/api/v1/users/ada@example.org", "", 404, "no such"},
		{"POST", "/api/v1/tokens", `{"name":" a script ","scope":"read","days":30}`, 201, `"name":"a script"`},
		{"POST", "/api/v1/tokens", `{"name":"   ","scope":"read"}`, 422, "name"},
		{"POST", "/api/v1/tokens", `{"name":"x","scope":"all"}`, 422, "scope"},
	} {
		if status, body := askOnce(t, h, c.method, c.path, c.body, admin); status != c.status || !strings.Contains(body, c.says) || strings.Contains(body, "argon2") {
			t.Errorf("%s %s %s: %d %s, want %d with %s", c.method, c.path, c.body, status, body, c.status, c.says)
		}
	}
	var made FreshToken
	_, body := askOnce(t, h, "POST", "/api/v1/tokens", `{"name":"mine","scope":"write"}`, session("editor"))
	must(t, json.Unmarshal([]byte(body), &made))
	bearer := []string{"Authorization", "Bearer " + made.Secret}
	if status, body := askOnce(t, h, "POST", "/api/v1/queue/pause", "", bearer); status != http.StatusAccepted {
		t.Errorf("%d %s", status, body)
	}
	if status, body := askOnce(t, h, "POST", "/api/v1/tokens", `{"name":"more","scope":"admin"}`, session("editor")); status != http.StatusUnprocessableEntity {
		t.Errorf("an editor's token for everything: %d %s", status, body)
	}
	if _, body := askOnce(t, h, "GET", "/api/v1/tokens", "", session("editor")); !strings.Contains(body, made.ID) || strings.Contains(body, made.Secret) || strings.Contains(body, "a script") {
		t.Errorf("an editor's tokens: %s", body)
	}
	if status, _ := askOnce(t, h, "GET", "/api/v1/tokens?all=true", "", session("editor")); status != http.StatusForbidden {
		t.Errorf("an editor asks for all tokens: %d", status)
	}
	if status, _ := askOnce(t, h, "DELETE", "/api/v1/tokens/"+made.ID, "", session("reader")); status != http.StatusNotFound {
		t.Errorf("a reader removes an editor's token: %d", status)
	}
	if status, _ := askOnce(t, h, "DELETE", "/api/v1/tokens/"+made.ID, "", admin); status != http.StatusNoContent {
		t.Errorf("an admin removes it: %d", status)
	}
	if status, _ := askOnce(t, h, "GET", "/api/v1/shows", "", bearer); status != http.StatusUnauthorized {
		t.Errorf("a token that was removed: %d", status)
	}
}
