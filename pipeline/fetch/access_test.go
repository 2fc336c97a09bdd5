package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// What a server wants to be told goes to that server alone, whoever redirects where, and nobody learns the address with its
// token either.
func TestAccessStaysOnItsServer(t *testing.T) {
	told := func(r *http.Request) string {
		return fmt.Sprintf("<rss>X-Token=%s Authorization=%s Referer=%s Cookie=%s</rss>", r.Header.Get("X-Token"), r.Header.Get("Authorization"), r.Referer(), r.Header.Get("Cookie"))
	}
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if text := told(r); text != "<rss>X-Token= Authorization= Referer= Cookie=</rss>" {
			t.Errorf("another server was told %s", text)
		}
	})
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/private/token/away":
			http.Redirect(w, r, other, http.StatusMovedPermanently)
		case "/private/token/here":
			http.Redirect(w, r, "/feed", http.StatusFound)
		default:
			_, _ = fmt.Fprint(w, told(r))
		}
	}))
	t.Cleanup(own.Close)
	c := client(t, Options{})
	access, err := models.NewAccess(models.Location(own.URL), map[string]string{"X-Token": "secret1", "Authorization": "Bearer secret2"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/feed": true, "/private/token/here": true, "/private/token/away": false} { // what was told
		p, err := c.Page(t.Context(), models.Source{Location: models.Location(own.URL + path), Access: access})
		body := string(p.Body)
		if err != nil || strings.Contains(body, "secret1") != want || strings.Contains(body, "Bearer secret2") != want || strings.Contains(body, "token") {
			t.Errorf("%s: the server was told %s, %v", path, body, err)
		}
	}
	withPassword := models.Location(strings.Replace(own.URL, "http://", "http://ann:pw@", 1) + "/private/token/away")
	if _, err := c.Page(t.Context(), models.Source{Location: withPassword}); err != nil {
		t.Error(err)
	}
	if _, err := c.Download(t.Context(), Recording{Location: models.Location(other), Access: access}, &memory{}, nil); !errors.Is(err, models.ErrUnusable) {
		t.Errorf("an empty recording on another server: %v", err)
	}
}
