//go:build !stub

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
)

// Somebody who may change the archive does nothing to a show that is not for them, and learns nothing of it by trying.
func TestHiddenShowIsLeftAlone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	a, show, done := told(t)
	pub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<rss xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>X</title><podcast:guid>`+show.FeedGUID+
			`</podcast:guid><item><guid>9</guid><title>New</title><enclosure url="/9.mp3" type="audio/mpeg"/></item></channel></rss>`)
	}))
	t.Cleanup(pub.Close)
	other := models.Show{Source: models.Source{Kind: models.SourceFeed, Location: models.Location(pub.URL + "/hidden")}, Title: "Also hidden"}
	other.ID = models.NewShowID(other.Source)
	if _, err := a.SaveShow(ctx, other, nil); err != nil {
		t.Fatal(err)
	}
	for _, id := range []models.ShowID{show.ID, other.ID} {
		if err := a.SetShowVisibility(ctx, id, models.VisibleToAdmins); err != nil {
			t.Fatal(err)
		}
	}
	failing(t, a)
	secret, hash := api.NewToken()
	if err := a.AddUser(ctx, models.User{Name: "ed", Role: models.RoleEditor}, "x"); err != nil {
		t.Fatal(err)
	}
	if err := a.AddToken(ctx, models.Token{ID: api.NewAccountID(), Hash: hash, User: "ed", Name: "x", Scope: models.ScopeWrite}); err != nil {
		t.Fatal(err)
	}
	base := serveArchive(t, a, func(o *api.Options) {
		o.Access, o.Accounts, o.Owner, o.Sources = api.AccessLogin, a.Store, a.Store, sources{a}
	})
	before := stateOf(t, a)
	for _, c := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"/episodes/" + string(done) + "/fetch", "", http.StatusNotFound, "no such"},
		{"/episodes/" + string(done) + "/retranscribe", "", http.StatusNotFound, "no such"},
		{"/queue/retry", "", http.StatusAccepted, `"retried":0`},
		{"/shows/preview", `{"url":"` + pub.URL + `/hidden"}`, http.StatusUnprocessableEntity, "ask an admin"},
		{"/shows", `{"url":"` + pub.URL + `/hidden"}`, http.StatusUnprocessableEntity, "ask an admin"},
		{"/shows/preview", `{"url":"` + pub.URL + `/same-guid"}`, http.StatusUnprocessableEntity, "ask an admin"},
		{"/shows", `{"url":"` + pub.URL + `/same-guid"}`, http.StatusUnprocessableEntity, "ask an admin"},
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/v1"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if body := string(b); err != nil || res.StatusCode != c.status || !strings.Contains(body, c.says) || strings.Contains(body, "ystems") || strings.Contains(body, "idden") {
			t.Errorf("%s %s: %d %s, want %d with %q", c.path, c.body, res.StatusCode, body, c.status, c.says)
		}
		if after := stateOf(t, a); after != before {
			t.Errorf("%s %s changed %s to %s", c.path, c.body, before, after)
		}
	}
}

// failing waits until the recording that is not here has failed.
func failing(t *testing.T, a *archive) {
	t.Helper()
	work, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- workInVain(work, a) }()
	client{t: t}.eventually("it has failed", func() bool { return strings.Contains(stateOf(t, a), "Two failed") })
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// workInVain does the jobs of an archive as if no recording were one.
func workInVain(ctx context.Context, a *archive) error {
	unusable := func() error { return models.Explain(models.ErrUnusable, "it is no recording") }
	return a.Work(ctx, store.Handlers{
		Poll:       func(context.Context, models.Lease, models.PollJob, store.Report) error { return nil },
		Download:   func(context.Context, models.Lease, models.DownloadJob, store.Report) error { return unusable() },
		Import:     func(context.Context, models.Lease, models.ImportJob, store.Report) error { return nil },
		Transcribe: func(context.Context, models.Lease, models.TranscribeJob, store.Report) error { return unusable() },
	}, store.WorkOptions{Look: 100 * time.Millisecond})
}

// stateOf tells how far the episodes of an archive are.
func stateOf(t *testing.T, a *archive) string {
	t.Helper()
	all, err := a.Episodes(t.Context(), models.EpisodeFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	states := make([]string, len(all))
	for i, e := range all {
		states[i] = e.Title + " " + string(e.State)
	}
	return strings.Join(states, ", ")
}
