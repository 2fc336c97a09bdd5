package remote_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/api/remote"
	"github.com/earshot/earshot/models"
)

const secret = "earshot_secret"

func newClient(t *testing.T, url, token string) *remote.Client {
	t.Helper()
	c, err := remote.New(remote.Options{URL: url, Token: token, Version: "2.0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// What goes wrong is told in a sentence that says what to do.
func TestWhatGoesWrong(t *testing.T) {
	t.Parallel()
	problem := func(status int, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				_, _ = io.WriteString(w, `{"status":"ok","version":"1.0"}`)
				return
			}
			w.Header().Set("Content-Type", "application/problem+json")
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	page := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>Mine</title>")
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		token   string
		kind    error
		says    []string
	}{
		"no token":       {problem(401, `{"detail":"log in first"}`), "", nil, []string{"EARSHOT_TOKEN", "earshot token add NAME --user YOU --server http://"}},
		"a bad token":    {problem(401, `{"detail":"it has expired"}`), secret, nil, []string{"does not take the token: it has expired"}},
		"a small scope":  {problem(403, `{"detail":"ada may not do this: it needs of a token the scope write"}`), secret, nil, []string{"the scope write"}},
		"not there":      {problem(404, `{"detail":"there is no such thing here"}`), "", models.ErrNotFound, []string{"no such thing"}},
		"a path too far": {problem(404, `{"detail":"there is nothing at this address"}`), "", nil, []string{"is not Earshot (404 Not Found): check the address"}},
		"not now":        {problem(409, `{"detail":"nothing to do"}`), "", models.ErrConflict, []string{"nothing to do"}},
		"not like this":  {problem(422, `{"detail":"validation failed","errors":[{"message":"too long","location":"body.q"}]}`), "", models.ErrInvalid, []string{"q: too long"}},
		"an old server":  {problem(404, `{"detail":"there is nothing at this address; see /api/v1/openapi.json"}`), "", nil, []string{"Earshot of version 1.0", "this is version 2.0"}},
		"an old server, in a part": {problem(422, `{"detail":"validation failed","errors":[{"message":"unexpected property","location":"body.x"}]}`), "", nil,
			[]string{"version 1.0"}},
		"too busy":       {problem(429, `{"detail":"slow down"}`, "Retry-After", "3600"), secret, nil, []string{"slow down (again in 1h0m0s)"}},
		"another page":   {page, secret, nil, []string{"is not Earshot"}},
		"a broken proxy": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad", http.StatusBadGateway) }, "", nil, []string{"502 Bad Gateway"}},
		"somewhere else": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://other.example.org/x/api/v1/shows", http.StatusFound)
		}, secret, nil, []string{"sends requests on to https://other.example.org/x"}},
		"an answer, half": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"shows":[`)
		}, "", nil, []string{"unexpected EOF"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(c.handler)
			defer s.Close()
			_, err := newClient(t, s.URL, c.token).Shows(t.Context())
			if err == nil || c.kind != nil && !errors.Is(err, c.kind) {
				t.Fatalf("the error is %v", err)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("it says %q, want %q", err, want)
				}
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the token is told: %v", err)
			}
		})
	}
}

func TestWhatIsNotReached(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	selfSigned := httptest.NewTLSServer(http.NotFoundHandler())
	defer selfSigned.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for url, want := range map[string]string{
		closed.URL:     "nothing listens there",
		selfSigned.URL: "certificate of " + selfSigned.URL + " is not trusted",
		strings.Replace(plain.URL, "http://", "https://", 1): "does not speak https: is its address http://",
		"http://nowhere.invalid":                             "there is no machine nowhere.invalid",
	} {
		if _, err := newClient(t, url, "").Shows(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newClient(t, hanging.URL, "").Shows(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted request is %v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "archive.example.org", "ftp://example.org", "https://", "https://ada:pw@example.org", "https://example.org/?q=x", "https://example.org/#x"} {
		if _, err := remote.New(remote.Options{URL: url}); !errors.Is(err, models.ErrInvalid) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := remote.New(remote.Options{URL: "https://example.org", Token: "a\nb"}); err == nil {
		t.Error("a token of two lines is taken")
	}
	for url, want := range map[string]bool{"http://example.org": true, "https://example.org": false, "http://localhost:8080": false, "http://[::1]:8080": false, "http://10.0.0.1": true} {
		if got := newClient(t, url, "").Exposed(); got != want {
			t.Errorf("a token to %s is exposed: %v", url, got)
		}
	}
}

// A token goes to the server that was named, below the path where a proxy has it, and a server that is busy is asked again.
func TestTokenAndPath(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another server was asked") }))
	defer other.Close()
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case r.URL.Path == "/archive/api/v1/status":
			http.Redirect(w, r, other.URL+"/api/v1/status", http.StatusTemporaryRedirect)
		case r.URL.Path != "/archive/api/v1/shows" || r.Header.Get("Authorization") != "Bearer "+secret:
			t.Errorf("asked for %s with %q", r.URL.Path, r.Header.Get("Authorization"))
		case asked == 1:
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"detail":"slow down"}`)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"shows":[{"id":"0123456789abcdef","title":"A"}],"new field":1}`)
		}
	}))
	defer s.Close()
	c := newClient(t, s.URL+"/archive/", secret)
	shows, err := c.Shows(t.Context())
	if err != nil || len(shows) != 1 || shows[0].Title != "A" || asked != 2 {
		t.Errorf("%v %v, asked %d times", shows, err, asked)
	}
	if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), other.URL) {
		t.Errorf("a redirect is %v", err)
	}
}

// What will never be taken is tried once.
func TestSendTooLarge(t *testing.T) {
	t.Parallel()
	for tus, want := range map[string]string{"1.0.0": "larger than what the server takes", "": "client_max_body_size"} {
		asked := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Tus-Resumable", tus)
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}))
		_, err := newClient(t, s.URL, "").Send(t.Context(), remote.Recording{Name: "a", Bytes: 1, Body: strings.NewReader("a")}, nil, func(int64) {})
		s.Close()
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, models.ErrUnusable) != (tus != "") || asked != 1 {
			t.Errorf("tus %q: %v, asked %d times", tus, err, asked)
		}
	}
}

// An answer that comes before a piece was read ends the sending: nothing reads the recording after that.
func TestSendAnsweredEarly(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("Location", "/api/v1/uploads/new")
			w.WriteHeader(http.StatusCreated)
			return
		}
		if r.Method == http.MethodHead { // after a connection that broke before the answer was read
			w.Header().Set("Upload-Offset", "0")
			return
		}
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	}))
	defer s.Close()
	told := int64(0) // without a lock
	body := make([]byte, 8<<20)
	_, err := newClient(t, s.URL, "").Send(t.Context(), remote.Recording{Name: "a", Bytes: int64(len(body)), Body: bytes.NewReader(body)}, nil, func(n int64) { told = n })
	if err == nil || !strings.Contains(err.Error(), "client_max_body_size") || told > int64(len(body)) {
		t.Errorf("%v after %d bytes", err, told)
	}
}

// An upload that the server forgot is begun anew, and one that it has goes on where it is.
func TestSendGoesOn(t *testing.T) {
	t.Parallel()
	const text = "what was said, in ten words or a few more"
	sum := sha256.Sum256([]byte(text))
	file := remote.Recording{Name: "a.mp3", Show: "S", SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(text)), Body: strings.NewReader(text)}
	for id, begins := range map[string]bool{"": true, "forgotten": true, "half": false} {
		begun, got := false, ""
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Tus-Resumable", "1.0.0")
			switch {
			case r.Method == http.MethodPost:
				begun = true
				w.Header().Set("Location", "https://elsewhere.example.org/files/new")
				w.WriteHeader(http.StatusCreated)
			case r.Method == http.MethodHead && r.URL.Path == "/api/v1/uploads/half":
				got = text[:10]
				w.Header().Set("Upload-Offset", "10")
			case r.Method == http.MethodHead:
				w.WriteHeader(http.StatusNotFound)
			default:
				b, _ := io.ReadAll(r.Body)
				got += string(b)
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"state":"added","episode_id":"x"}`)
			}
		}))
		before := []api.Upload{{ID: id, State: api.UploadArriving, Show: file.Show, SHA256: file.SHA256, Bytes: file.Bytes}}
		if id == "" {
			before = nil
		}
		up, err := newClient(t, s.URL, "").Send(t.Context(), file, before, func(int64) {})
		s.Close()
		if err != nil || up.State != "added" || got != text || begun != begins {
			t.Errorf("%q: %v %+v, got %q, begun %v", id, err, up, got, begun)
		}
	}
}

// What a server refused is not sent to it again. What it cannot take in yet, or has not read yet, is not either.
func TestSendNotAgain(t *testing.T) {
	t.Parallel()
	const text = "what was said"
	file := remote.Recording{Name: "a.mp3", SHA256: "abc", Bytes: int64(len(text)), Body: strings.NewReader(text)}
	for _, before := range []string{"", api.UploadReading, api.UploadRefused} {
		var asked []string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.Method)
			switch r.Method {
			case http.MethodPost:
				w.Header().Set("Location", "/api/v1/uploads/new")
				w.WriteHeader(http.StatusCreated)
			case http.MethodHead:
				w.Header().Set("Upload-Offset", strconv.Itoa(len(text)))
			case http.MethodPatch:
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = io.WriteString(w, `{"detail":"it is kept"}`)
			default:
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"state":"reading"}`)
			}
		}))
		list, want, state := []api.Upload{{ID: "old", State: before, SHA256: file.SHA256, Bytes: file.Bytes}}, "HEAD GET", api.UploadReading
		switch before {
		case "":
			list, want = nil, "POST PATCH GET"
		case api.UploadRefused:
			want, state = "", api.UploadRefused
		}
		up, err := newClient(t, s.URL, "").Send(t.Context(), file, list, func(int64) {})
		s.Close()
		if got := strings.Join(asked, " "); err != nil || up.State != state || got != want {
			t.Errorf("%q: %+v %v after %s, want %s", before, up, err, got, want)
		}
	}
}

// What a server calls things becomes part of the names of files.
func TestIdentifiers(t *testing.T) {
	t.Parallel()
	answer := `{"shows":[{"id":"../../x"}],"episodes":[],"next":"again"}`
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	defer s.Close()
	c := newClient(t, s.URL, "")
	if _, err := c.Shows(t.Context()); err == nil {
		t.Error("a show has an identifier that is none")
	}
	if list, err := c.Episodes(t.Context(), models.EpisodeFilter{}); err != nil || len(list) != 0 || asked != 2 {
		t.Errorf("a list without an end: %v %v, asked %d times", list, err, asked)
	}
	answer = `{"id":"../../x","episodes":[{"id":"0123456789abcdef","show_id":"../../x"}]}`
	_, show := c.Show(t.Context(), "0123456789abcdef")
	_, episode := c.Episode(t.Context(), "0123456789abcdef")
	_, list := c.Episodes(t.Context(), models.EpisodeFilter{})
	if show == nil || episode == nil || list == nil {
		t.Errorf("identifiers that are none: %v, %v, %v", show, episode, list)
	}
}
