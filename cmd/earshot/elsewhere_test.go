//go:build !stub

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline"
)

// order gives a command in this process and returns what it printed, also on standard error.
func order(ctx context.Context, input string, args ...string) (out, errs string, err error) {
	root := newRootCommand() //nolint:contextcheck // the command gets it below
	var o, e bytes.Buffer
	root.SetIn(strings.NewReader(input))
	root.SetOut(&o)
	root.SetErr(&e)
	root.SetArgs(queryArguments(root, args))
	err = root.ExecuteContext(ctx)
	return o.String(), e.String(), err
}

// far is an archive that asks everybody to log in, and its server.
type far struct {
	t      *testing.T
	a      *archive
	url    string
	done   models.EpisodeID
	tokens map[models.Scope]string // files
	// in the way of each request to the server, nil for nothing
	before atomic.Pointer[func(w http.ResponseWriter, r *http.Request, next http.Handler)]
}

func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{t: t, tokens: map[models.Scope]string{}}
	f.a, _, f.done = told(t)
	f.a.c.Models = t.TempDir()
	ctx := t.Context()
	if err := f.a.addUser(ctx, models.User{Name: "ada", Role: models.RoleAdmin}, "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	for _, scope := range models.Scopes() {
		_, secret, err := tokensHere{f.a, "ada"}.addToken(ctx, api.TokenWish{Name: "a test", Scope: scope})
		if err != nil {
			t.Fatal(err)
		}
		f.tokens[scope] = filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(f.tokens[scope], []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	index, err := f.a.index(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = index.Close() })
	if err := index.CatchUp(ctx, nil); err != nil {
		t.Fatal(err)
	}
	uploads, err := api.NewUploads(api.UploadOptions{
		Dir: filepath.Join(f.a.c.Data, "uploads"), Logger: f.a.c.log, Receiver: pipeline.Receiver{Shows: f.a.Store, Media: media{f.a.Media()}, Probe: f.a.tool},
	})
	if err != nil {
		t.Fatal(err)
	}
	const local = "earshot_of_this_machine"
	h, err := api.New(api.Options{
		Catalogue: f.a.Store, Owner: f.a.Store, Sources: sources{f.a}, Weights: f.a.c.newDesk(), Searcher: index, Media: f.a.Media(), Listening: f.a.listening(),
		Uploads: uploads, Logger: f.a.c.log, Access: api.AccessLogin, Accounts: f.a.Store, LocalSecret: local,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before := f.before.Load(); before != nil {
			(*before)(w, r, h)
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	f.url = s.URL
	forget, err := announce(f.a.c.Data, announcement{s.URL, local}) // for commands on its machine
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(forget)
	return f
}

// with adds to a command what makes it one to the server.
func (f *far) with(scope models.Scope, args ...string) []string {
	return append([]string{args[0], "--server", f.url, "--token-file", f.tokens[scope]}, args[1:]...)
}

// must gives a command to the server that has to succeed.
func (f *far) must(args ...string) string {
	f.t.Helper()
	out, errs, err := order(f.t.Context(), "", f.with(models.ScopeAdmin, args...)...)
	if err != nil {
		f.t.Fatalf("%v: %v\n%s%s", args, err, out, errs)
	}
	return out
}

// What commands print of a server is what they print on its machine.
func TestTheSameFromElsewhere(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	f.must("shows", "set", "systems", "--vocabulary", "Enspiral, Ana", "--newest", "3", "--hints", "words")
	if got := f.must("shows", "set", "systems", "--vocabulary", "", "--since", "2024-01-02", "--visible-to", "members"); !strings.Contains(got, "the newest 3") || !strings.Contains(got, "since 2024-01-02") || strings.Contains(got, "Enspiral") {
		t.Errorf("the settings are %s", got)
	}
	for _, args := range [][]string{
		{"status"}, {"status", "--json"}, {"shows"}, {"shows", "--json"}, {"search", "budgets", "--facets"}, {"search", "budgets", "--json"}, {"search", "--all", string(f.done), "error"},
		{"search", "-nothing"}, {"user", "list", "--json"}, {"models", "list"}, {"retry"}, {"pause"}, {"resume"}, {"pause", "systems"}, {"shows"},
		{"resume", "systems"}, {"shows", "poll", "systems"}, {"retranscribe", string(f.done)}, {"now", "One"}, {"cancel", "One"}, {"status"},
	} {
		here, _, err := order(t.Context(), "", append([]string{args[0], "--data", f.a.c.Data, "--models", f.a.c.Models}, args[1:]...)...)
		there, _, theirs := order(t.Context(), "", f.with(models.ScopeAdmin, args...)...)
		switch {
		case slices.Contains([]string{"retry", "retranscribe", "now", "cancel"}, args[0]): // done twice, which the second time may be too much
			if err != nil || theirs != nil && !errors.Is(theirs, models.ErrConflict) {
				t.Errorf("%v: %v here, %v from elsewhere", args, err, theirs)
			}
		case err != nil || theirs != nil || there != here || here == "":
			t.Errorf("%v prints here %q %v, from elsewhere %q %v", args, here, err, there, theirs)
		}
	}
	here, there := t.TempDir(), t.TempDir()
	formats := "txt,srt,vtt,json,tsv,md,podcast.json"
	if out := f.must("export", "--to", there, "--formats", formats); !strings.Contains(out, "7 files written, 0 unchanged, 1 episode without") {
		t.Errorf("exporting says %q", out)
	}
	if out := f.must("export", "--to", there, "--formats", formats, "systems"); !strings.Contains(out, "0 files written, 7 unchanged") {
		t.Errorf("exporting again says %q", out)
	}
	if _, _, err := order(t.Context(), "", "export", "--data", f.a.c.Data, "--to", here, "--formats", formats); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(here, "*", "*"))
	if err != nil || len(files) != 7 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		want, err := os.ReadFile(path)
		rel, _ := filepath.Rel(here, path)
		got, theirs := os.ReadFile(filepath.Join(there, rel))
		if err != nil || theirs != nil || !bytes.Equal(want, got) {
			t.Errorf("%s: %s %v, from elsewhere %s %v", rel, want, err, got, theirs)
		}
	}
	if out := f.must("shows", "remove", "systems", "--yes"); !strings.Contains(out, "is removed, with 2 episodes") {
		t.Errorf("removing says %q", out)
	}
}

// What a token does not allow is told, and so is what no server does.
func TestRefusedFromElsewhere(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	for _, c := range []struct {
		scope models.Scope
		args  []string
		says  string
	}{
		{models.ScopeRead, []string{"status"}, ""},
		{models.ScopeRead, []string{"pause"}, "the scope write"},
		{models.ScopeRead, []string{"add", "https://example.org/feed.xml"}, "the scope write"},
		{models.ScopeWrite, []string{"pause"}, ""},
		{models.ScopeWrite, []string{"user", "list"}, "the scope admin"},
		{models.ScopeWrite, []string{"models", "rm", "base"}, "the scope admin"},
		{models.ScopeWrite, []string{"shows", "set", "systems", "--visible-to", "admins"}, "the scope admin"},
		{models.ScopeWrite, []string{"shows", "set", "systems", "--language", "xx"}, "no language"},
		{models.ScopeWrite, []string{"shows", "remove", "systems"}, "--yes"},
		{models.ScopeWrite, []string{"now", "nothing of the kind"}, "there is no episode"},
		{models.ScopeAdmin, []string{"retry", "One"}, "nothing to retry"},
		{models.ScopeAdmin, []string{"user", "remove", "eve"}, "there is no user eve"},
		{models.ScopeAdmin, []string{"user", "role", "ada", "reader"}, "last admin"},
		{models.ScopeAdmin, []string{"user", "add", "bob"}, "no password came"},
		{models.ScopeAdmin, []string{"token", "list"}, "--user"},
		{models.ScopeAdmin, []string{"token", "list", "--user", "ada"}, "no password came"},
		{models.ScopeAdmin, []string{"models", "verify", "base"}, "without --server"},
		{models.ScopeAdmin, []string{"models", "pull", "bse"}, "base"},
		{models.ScopeAdmin, []string{"export", "--beside"}, "the machine where the archive is"},
		{models.ScopeAdmin, []string{"serve"}, "earshot serve is for the machine where the archive is"},
		{models.ScopeAdmin, []string{"backup", "x.tar"}, "without --server"},
		{models.ScopeAdmin, []string{"restore", "x.tar"}, "without --server"},
		{models.ScopeAdmin, []string{"worker"}, "without --server"},
		{models.ScopeAdmin, []string{"doctor"}, "without --server"},
		{models.ScopeAdmin, []string{"reindex"}, "without --server"},
		{models.ScopeAdmin, []string{"transcribe", "x.mp3"}, "without --server"},
		{models.ScopeAdmin, []string{"models", "calibrate"}, "without --server"},
		{models.ScopeAdmin, []string{"shows", "export", "x.opml"}, "without --server"},
	} {
		out, _, err := order(t.Context(), "", f.with(c.scope, c.args...)...)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, %v: %q %v, want %q", c.scope, c.args, out, err, c.says)
		}
	}
}

// Users are let in from elsewhere, and tokens made with a password, which is typed.
func TestAccountsFromElsewhere(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	in := func(input string, args ...string) (string, error) {
		out, _, err := order(t.Context(), input, f.with(models.ScopeAdmin, args...)...)
		return strings.TrimSpace(out), err
	}
	for _, c := range []struct {
		input string
		args  []string
		says  string
	}{
		{"correct horse bob\n", []string{"user", "add", "bob"}, "bob can log in as reader"},
		{"", []string{"user", "role", "bob", "editor"}, "bob is editor now"},
		{"another of bob\n", []string{"user", "password", "bob"}, "bob has another password"},
	} {
		if out, err := in(c.input, c.args...); err != nil || !strings.Contains(out, c.says) {
			t.Errorf("%v: %q %v", c.args, out, err)
		}
	}
	if _, err := in("correct horse bob\n", "token", "add", "laptop", "--user", "bob"); err == nil || !strings.Contains(err.Error(), "name or the password is wrong") {
		t.Errorf("with the password before: %v", err)
	}
	token, err := in("another of bob\n", "token", "add", "laptop", "--user", "bob", "--scope", "write", "--days", "1")
	if err != nil || !strings.HasPrefix(token, "earshot_") {
		t.Fatalf("%q %v", token, err)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := order(t.Context(), "", "pause", "--server", f.url, "--token-file", file); err != nil {
		t.Errorf("with the new token: %v", err)
	}
	if out, err := in("correct horse battery", "token", "list", "--user", "ada"); err != nil || strings.Count(out, "\n") != 3 || !strings.Contains(out, "laptop") {
		t.Errorf("an admin sees the tokens %s %v", out, err)
	}
	out, err := in("another of bob\n", "token", "list", "--user", "bob")
	if err != nil || strings.Count(out, "\n") != 0 {
		t.Errorf("bob sees the tokens %s %v", out, err)
	}
	id, _, _ := strings.Cut(out, " ")
	if _, err := in("another of bob\n", "token", "remove", id, "--user", "bob"); err != nil {
		t.Error(err)
	}
	if _, _, err := order(t.Context(), "", "status", "--server", f.url, "--token-file", file); err == nil || !strings.Contains(err.Error(), "does not take the token") {
		t.Errorf("with a token that was removed: %v", err)
	}
	if _, errs, err := order(t.Context(), "another of bob\n", "token", "list", "--user", "bob", "--server", f.url, "--token-file", "-"); err != nil {
		t.Errorf("the password is taken for a token: %s%v", errs, err)
	}
	if _, _, err := order(t.Context(), "correct horse eve\n", "user", "add", "eve", "--server", f.url, "--token-file", "-"); err == nil || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("one standard input for two: %v", err)
	}
	if sessions, err := f.a.Sessions(t.Context(), "bob"); err != nil || len(sessions) != 0 {
		t.Errorf("bob is still logged in: %v %v", sessions, err)
	}
	if _, err := in("", "user", "remove", "bob"); err != nil {
		t.Error(err)
	}
}

// The server looks at what is on the web; a list of feeds is added one by one.
func TestAddFromElsewhere(t *testing.T) {
	t.Parallel()
	var password atomic.Value
	password.Store("hush")
	pub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/list":
			_, _ = fmt.Fprintf(w, `<opml><body><outline text="A" xmlUrl="http://%[1]s/a"/><outline text="Gone" xmlUrl="http://%[1]s/private"/></body></opml>`, r.Host)
		case r.URL.Path == "/private" && r.Header.Get("X-Token") != password.Load():
			w.WriteHeader(http.StatusForbidden)
		default:
			_, _ = fmt.Fprintf(w, `<rss><channel><title>Show %s</title><item><guid>1</guid><title>Talk 1</title><enclosure url="/1.mp3" type="audio/mpeg"/></item><item><guid>2</guid><title>Talk 2</title><enclosure url="/2.mp3" type="audio/mpeg"/></item></channel></rss>`, r.URL.Path)
		}
	}))
	t.Cleanup(pub.Close)
	f := newFar(t)
	header := filepath.Join(t.TempDir(), "header")
	if err := os.WriteFile(header, []byte("X-Token: hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "feeds.opml")
	if err := os.WriteFile(list, []byte(`<opml><body><outline text="C" xmlUrl="`+pub.URL+`/c"/><outline text="A file" xmlUrl="/etc/passwd"/></body></opml>`), 0o600); err != nil {
		t.Fatal(err)
	}
	feedFile := filepath.Join(t.TempDir(), "feed.xml")
	if err := os.WriteFile(feedFile, []byte(`<rss><channel><title>X</title><item><guid>1</guid><enclosure url="https://example.org/1.mp3" type="audio/mpeg"/></item></channel></rss>`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		says []string
		ends string // the error
	}{
		{[]string{pub.URL + "/b", "--dry-run"}, []string{"Show /b: 2 episodes would be added", "  + Talk 1", "  + Talk 2"}, ""},
		{[]string{pub.URL + "/b", "--newest", "1", "--language", "fr"}, []string{"Show /b: 1 episode added, 1 not wanted"}, ""},
		{[]string{pub.URL + "/b"}, []string{"Show /b: 0 episodes added, 1 known already, 1 not wanted"}, ""},
		{[]string{pub.URL + "/list"}, []string{"Show /a: 2 episodes added", "failed: Gone: "}, "1 of 2 feeds"},
		{[]string{list}, []string{"Show /c: 2 episodes added", "failed: A file: its address is not on the web"}, "1 of 2 feeds"},
		{[]string{pub.URL + "/private"}, nil, "403"},
		{[]string{pub.URL + "/private", "--header-file", header}, []string{"Show /private: 2 episodes added"}, ""},
		{[]string{feedFile}, nil, "give the address of the feed"},
		{[]string{filepath.Join(t.TempDir(), "nothing")}, nil, "there is no file or folder"},
		{[]string{pub.URL + "/b", "--if-empty", "--dry-run"}, nil, ""},
	} {
		out, errs, err := order(t.Context(), "", f.with(models.ScopeWrite, append([]string{"add"}, c.args...)...)...)
		if (err == nil) != (c.ends == "") || err != nil && !strings.Contains(err.Error(), c.ends) {
			t.Errorf("%v: %s%s%v, want %q", c.args, out, errs, err, c.ends)
		}
		for _, want := range c.says {
			if !strings.Contains(out, want) {
				t.Errorf("%v says %q, want %q", c.args, out, want)
			}
		}
	}
	password.Store("another")
	if err := os.WriteFile(header, []byte("X-Token: another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := f.must("add", pub.URL+"/private", "--header-file", header); !strings.Contains(out, "2 known already") {
		t.Errorf("with another password: %s", out)
	}
	shows, err := f.a.Shows(t.Context())
	i := slices.IndexFunc(shows, func(s models.Show) bool { return s.Title == "Show /private" })
	if err != nil || i < 0 {
		t.Fatal(shows, err)
	}
	if stored, err := shows[i].Source.Access.Reveal(); err != nil || !strings.Contains(stored, "another") {
		t.Errorf("the password that was given last is not stored: %v", err)
	}
	if out := f.must("shows"); !strings.Contains(out, "language fr; the newest 1") {
		t.Errorf("the shows are %s", out)
	}
}

// Recordings are sent, go on after a connection that breaks and after a command that was stopped, and are not sent again.
func TestSendingFromElsewhere(t *testing.T) {
	t.Parallel()
	recording, err := os.ReadFile(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "Talks")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"0 empty.mp3": nil, "1 one.mp3": recording, "2 two.mp3": append(bytes.Clone(recording), make([]byte, 417)...), "3 three.mp3": append(bytes.Clone(recording), make([]byte, 834)...),
		"4 not audio.mp3": []byte("this is no recording"), "twin.mp3": recording, "notes.txt": []byte("left out"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := newFar(t)
	if out := f.must("add", folder, "--dry-run"); !strings.Contains(out, "Talks: 3 episodes would be added") || !strings.Contains(out, "  + 2 two") {
		t.Errorf("a dry run says %s", out)
	}
	half := int64(len(recording) / 2)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var sent, pieces atomic.Int64
	// The first piece breaks in the middle; so does the second recording, where the command is stopped.
	before := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method != http.MethodPatch || !strings.HasPrefix(r.URL.Path, "/api/v1/uploads/") {
			next.ServeHTTP(w, r)
			return
		}
		body := io.Reader(r.Body)
		n := pieces.Add(1)
		breaks := n == 1 || n == 3
		if breaks {
			body = io.MultiReader(io.LimitReader(r.Body, half), broken{})
		}
		r.Body = io.NopCloser(&counter{body, &sent})
		next.ServeHTTP(w, r)
		if n == 3 {
			stop()
		}
		if breaks {
			panic(http.ErrAbortHandler)
		}
	}
	f.before.Store(&before)
	out, errs, err := order(ctx, "", f.with(models.ScopeWrite, "add", folder, "--language", "en")...)
	if !errors.Is(err, context.Canceled) || !strings.Contains(errs, "1 of 3 recordings sent: give the same command again") {
		t.Fatalf("stopped: %s%s %v", out, errs, err)
	}
	out, errs, err = order(t.Context(), "", f.with(models.ScopeWrite, "add", folder)...)
	if err != nil || !strings.Contains(out, "Talks: 2 episodes added, 1 known already") || !strings.Contains(out, "twin.mp3: it is the same recording as 1 one.mp3") || !strings.Contains(out, "  - 4 not audio.mp3: ") {
		t.Errorf("gone on: %s%s %v", out, errs, err)
	}
	all := int64(3*len(recording) + 417 + 834)
	if sent.Load() != all {
		t.Errorf("%d bytes were sent of recordings with %d", sent.Load(), all)
	}
	if out := f.must("cancel", "2 two"); !strings.Contains(out, "2 two") {
		t.Errorf("cancelling says %s", out)
	}
	if out := f.must("add", folder); !strings.Contains(out, "0 episodes added, 3 known already") || sent.Load() != all {
		t.Errorf("again: %s, %d bytes of %d", out, sent.Load(), all)
	}
	if out := f.must("status"); !strings.Contains(out, "failed: 2 two: cancelled") {
		t.Errorf("what was cancelled comes back: %s", out)
	}
	show, err := f.a.Show(t.Context(), models.Collection("Talks").ID)
	if err != nil || show.Settings.Language != "en" {
		t.Errorf("the show is %+v %v", show, err)
	}
	if out := f.must("add", filepath.Join(folder, "1 one.mp3")); !strings.Contains(out, "Recordings: 1 episode added") {
		t.Errorf("one file: %s", out)
	}
	if _, _, err := order(t.Context(), "", f.with(models.ScopeWrite, "add", filepath.Join(folder, "4 not audio.mp3"))...); !errors.Is(err, models.ErrUnusable) {
		t.Errorf("a file that is no recording: %v", err)
	}
	all = sent.Load()
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "one.mp3"), recording, 0o600); err != nil {
		t.Fatal(err)
	}
	for setting, says := range map[string]string{"--language=xx": "no language", "--model=no-such-model": "no-such-model"} {
		if _, _, err := order(t.Context(), "", f.with(models.ScopeWrite, "add", other, setting)...); err == nil || !strings.Contains(err.Error(), says) || sent.Load() != all {
			t.Errorf("%s: %v, %d bytes were sent of %d", setting, err, sent.Load(), all)
		}
	}
	if _, _, err := order(t.Context(), "", f.with(models.ScopeWrite, "add", folder, "--watch")...); err == nil || !strings.Contains(err.Error(), "only folders can be watched") {
		t.Errorf("a folder that shall be watched: %v", err)
	}
}

// broken is the end of a connection.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// counter counts what is read.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// A token in earshot.toml goes to the server that stands there, and one of the environment to that of the environment or, where there is
// none, of the flag.
func TestWhichToken(t *testing.T) {
	var got string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"shows":[]}`)
	})
	mine, other := httptest.NewServer(handler), httptest.NewServer(handler)
	defer mine.Close()
	defer other.Close()
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(filepath.Join(data, "earshot.toml"), []byte("server = '"+mine.URL+"'\ntoken = 'settings'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(" file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "earshot.toml"), []byte("server = '"+other.URL+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		server, env, envFile string
		args                 []string
		want                 string
		warns                bool
	}{
		{"", "", "", nil, "Bearer settings", false},
		{"", "", "", []string{"--server", other.URL}, "", false},
		{"", "", "", []string{"--server", mine.URL + "/"}, "Bearer settings", false},
		{"", "environment", file, nil, "Bearer settings", false},
		{"", "environment", file, []string{"--data", foreign}, "", true},
		{"", "", file, []string{"--data", foreign}, "", true},
		{"", "environment", "", []string{"--server", other.URL}, "Bearer environment", false},
		{"", "environment", "", []string{"--token-file", file}, "Bearer file", false},
		{"", "", file, []string{"--server", other.URL}, "Bearer file", false},
		{other.URL, "environment", file, nil, "Bearer environment", false},
		{other.URL, "", file, []string{"--server", other.URL + "/"}, "Bearer file", false},
		{other.URL, "", "", nil, "", false},
		{other.URL, "environment", "", []string{"--server", mine.URL}, "Bearer settings", false},
		{other.URL, "environment", "", []string{"--server", mine.URL, "--data", t.TempDir()}, "", true},
		{mine.URL + "/", "environment", "", nil, "Bearer environment", false},
	} {
		t.Setenv("EARSHOT_SERVER", c.server)
		t.Setenv("EARSHOT_TOKEN", c.env)
		t.Setenv("EARSHOT_TOKEN_FILE", c.envFile)
		if out, errs, err := order(t.Context(), "", append([]string{"shows", "--data", data}, c.args...)...); err != nil || got != c.want || strings.Contains(errs, "stays here") != c.warns {
			t.Errorf("%q %q %v: the server was told %q, want %q (%s%s%v)", c.env, c.envFile, c.args, got, c.want, out, errs, err)
		}
	}
	t.Setenv("EARSHOT_SERVER", "")
	t.Setenv("EARSHOT_TOKEN", "")
	t.Setenv("EARSHOT_TOKEN_FILE", "")
	if _, _, err := order(t.Context(), "", "shows", "--data", data, "--token-file", filepath.Join(data, "none")); err == nil {
		t.Error("a token file that is missing is no error")
	}
	if err := os.WriteFile(filepath.Join(foreign, "earshot.toml"), []byte("server = '"+other.URL+"'\ntoken-file = '"+file+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = ""
	if _, _, err := order(t.Context(), "", "shows", "--data", foreign); err == nil || got != "" || !strings.Contains(err.Error(), "cannot stand in earshot.toml") {
		t.Errorf("another's settings name a file of mine: %v, and the server was told %q", err, got)
	}
	if _, errs, err := order(t.Context(), "", "shows", "--server", "http://nowhere.invalid", "--token-file", file); err == nil || !strings.Contains(errs, "everybody on the way to http://nowhere.invalid can read the token") {
		t.Errorf("a token that others can read: %s%v", errs, err)
	}
}

// With --wait, a command watches until the server's queue is empty.
func TestWaitFromElsewhere(t *testing.T) {
	t.Parallel()
	f := newFar(t)
	failing(t, f.a)
	work, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- workInVain(work, f.a) }()
	out, errs, err := order(t.Context(), "", f.with(models.ScopeWrite, "retranscribe", "One", "--wait")...)
	if err == nil || !strings.Contains(out, "1 episode queued") || !strings.Contains(err.Error(), "One could not be transcribed: it is no recording") {
		t.Errorf("%s%s%v", out, errs, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
