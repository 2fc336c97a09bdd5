package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// allowed says what every operation needs, and how it is asked so that it does no harm. An operation that is not here fails the
// test: somebody has to think of who may.
var allowed = map[string]struct {
	need need
	path string // with what is not for everybody where something is read, with what is not there where something is changed
	body string
	only string // what an answer has for admins alone; "" where that is what all answers are looked through for
}{
	"search":          {needRead, "/api/v1/search?q=bigger+OR+budget&facets=true", "", hiddenMark},
	"get-search-feed": {needRead, "/api/v1/search/feed.xml?q=bigger+OR+budget", "", hiddenMark},
	"complete":        {needRead, "/api/v1/complete?q=classif", "", hiddenMark},
	"get-mentions":    {needRead, "/api/v1/mentions?q=bigger", "", `"episodes":1`},

	"list-shows":     {needRead, "/api/v1/shows", "", hiddenMark},
	"get-show":       {needRead, "/api/v1/shows/SHOW", "", hiddenMark},
	"list-episodes":  {needRead, "/api/v1/episodes", "", hiddenMark},
	"get-episode":    {needRead, "/api/v1/episodes/EPISODE", "", hiddenMark},
	"get-transcript": {needRead, "/api/v1/episodes/EPISODE/transcript", "", hiddenMark},
	"get-media":      {needRead, "/api/v1/episodes/EPISODE/media", "", ""},
	"head-media":     {needRead, "/api/v1/episodes/EPISODE/media", "", ""},

	"get-transcript-json": {needRead, "/api/v1/episodes/EPISODE/transcript.json", "", hiddenMark},
	"get-transcript-md":   {needRead, "/api/v1/episodes/EPISODE/transcript.md", "", hiddenMark},
	"get-transcript-srt":  {needRead, "/api/v1/episodes/EPISODE/transcript.srt", "", hiddenMark},
	"get-transcript-txt":  {needRead, "/api/v1/episodes/EPISODE/transcript.txt", "", hiddenMark},
	"get-transcript-vtt":  {needRead, "/api/v1/episodes/EPISODE/transcript.vtt", "", hiddenMark},
	"get-peaks":           {needRead, "/api/v1/episodes/EPISODE/peaks", "", ""},
	"get-playback":        {needRead, "/api/v1/episodes/EPISODE/playback", "", ""},
	"get-clip":            {needRead, "/api/v1/episodes/EPISODE/clip.m4a?start=0&end=400", "", ""},
	"get-chapters":        {needRead, "/api/v1/episodes/EPISODE/chapters.json", "", ""},
	"get-episode-cover":   {needRead, "/api/v1/episodes/EPISODE/cover", "", ""},
	"get-show-cover":      {needRead, "/api/v1/shows/SHOW/cover", "", ""},
	"get-oembed":          {needRead, "/api/v1/oembed?url=http%3A%2F%2Flocalhost%3A8080%2Fepisodes%2FEPISODE", "", hiddenMark},
	"get-feed":            {needRead, "/api/v1/shows/SHOW/feed.xml", "", hiddenMark},

	"pause-queue":    {needWrite, "/api/v1/queue/pause", "", ""},
	"resume-queue":   {needWrite, "/api/v1/queue/resume", "", ""},
	"pause-show":     {needWrite, "/api/v1/shows/SHOW/pause", "", ""},
	"resume-show":    {needWrite, "/api/v1/shows/SHOW/resume", "", ""},
	"do-episode-now": {needWrite, "/api/v1/episodes/EPISODE/now", "", ""},
	"cancel-episode": {needWrite, "/api/v1/episodes/NOTHING/cancel", "", ""},
	"retry-episode":  {needWrite, "/api/v1/episodes/EPISODE/retry", "", ""},

	"preview-show":         {needWrite, "/api/v1/shows/preview", `{"url":"https://example.org/x"}`, ""},
	"add-show":             {needWrite, "/api/v1/shows", `{"url":"https://example.org/x"}`, ""},
	"change-show":          {needWrite, "/api/v1/shows/NOTHING", `{"settings":{}}`, ""},
	"remove-show":          {needWrite, "/api/v1/shows/NOTHING", "", ""},
	"poll-show":            {needWrite, "/api/v1/shows/NOTHING/poll", "", ""},
	"list-queue":           {needRead, "/api/v1/queue", "", hiddenMark},
	"retry-all":            {needWrite, "/api/v1/queue/retry", "", ""},
	"get-episode-log":      {needRead, "/api/v1/episodes/EPISODE/log", "", hiddenMark},
	"list-transcripts":     {needRead, "/api/v1/episodes/EPISODE/transcripts", "", `"id":`},
	"fetch-episode":        {needWrite, "/api/v1/episodes/NOTHING/fetch", "", ""},
	"retranscribe-episode": {needWrite, "/api/v1/episodes/NOTHING/retranscribe", "", ""},

	"list-private":     {needWrite, "/api/v1/episodes/EPISODE/private", "", hiddenMark},
	"set-private":      {needWrite, "/api/v1/episodes/NOTHING/private", `{"start_ms":0}`, ""},
	"lift-private":     {needWrite, "/api/v1/episodes/NOTHING/private/1/lift", "", ""},
	"list-private-log": {needAdmin, "/api/v1/private-log", "", hiddenMark},

	"list-names":   {needRead, "/api/v1/names", "", `"Eve"`},
	"get-name":     {needRead, "/api/v1/names/bigger", "", `"episodes":1`},
	"set-name":     {needWrite, "/api/v1/names/Nothing", `{"sure":true}`, ""},
	"merge-name":   {needWrite, "/api/v1/names/Nothing/merge", `{"into":"Nobody"}`, ""},
	"preview-rule": {needWrite, "/api/v1/rules/preview", `{"right":"Larger","wrong":["bigger"]}`, hiddenMark},
	"add-rule":     {needWrite, "/api/v1/rules", `{"right":"Other","wrong":["nothing of the kind"]}`, ""},
	"list-rules":   {needWrite, "/api/v1/rules", "", hiddenMark},
	"undo-rule":    {needWrite, "/api/v1/rules/1/undo", "", ""},
	"redo-rule":    {needWrite, "/api/v1/rules/1/redo", "", ""},

	"edit-transcript":     {needWrite, "/api/v1/episodes/NOTHING/edits", `{"changes":[{"kind":"text","start_ms":1,"end_ms":2,"before":"a","after":"b"}]}`, ""},
	"list-edits":          {needWrite, "/api/v1/episodes/EPISODE/edits", "", `"edits":`},
	"undo-edits":          {needWrite, "/api/v1/episodes/NOTHING/edits/undo", `{"ids":[1]}`, ""},
	"redo-edits":          {needWrite, "/api/v1/episodes/NOTHING/edits/redo", `{"ids":[1]}`, ""},
	"compare-transcripts": {needRead, "/api/v1/episodes/EPISODE/transcripts/compare?left=1&right=1", "", hiddenMark},
	"choose-transcript":   {needWrite, "/api/v1/episodes/NOTHING/transcripts/1/choose", "", ""},
	"list-review":         {needWrite, "/api/v1/review", "", hiddenMark},
	"confirm-review":      {needWrite, "/api/v1/review/confirm", `{"episode_id":"0000000000000000","start_ms":0,"end_ms":1,"doubt":"decoder","text":""}`, ""},

	"list-models":  {needRead, "/api/v1/models", "", ""},
	"pull-model":   {needAdmin, "/api/v1/models/nothing/pull", "", ""},
	"stop-pull":    {needAdmin, "/api/v1/models/nothing/stop", "", ""},
	"remove-model": {needAdmin, "/api/v1/models/nothing", "", ""},
	"get-storage":  {needRead, "/api/v1/storage", "", ""},

	"list-uploads": {needWrite, "/api/v1/uploads", "", hiddenMark},
	"get-upload":   {needWrite, "/api/v1/uploads/0123456789abcdef0123456789abcdef", "", hiddenMark},

	"get-status":    {needRead, "/api/v1/status", "", hiddenMark},
	"stream-events": {needRead, "/api/v1/events", "", ""},
	"get-health":    {needNothing, "/healthz", "", ""},

	"get-session":     {needNothing, "/api/v1/session", "", ""},
	"log-in":          {needNothing, "/api/v1/session", `{"user":"reader","password":"` + passwordOf("reader") + `"}`, ""},
	"log-out":         {needNothing, "/api/v1/session", "", ""},
	"change-password": {needSession, "/api/v1/session/password", `{"current":"wrong","new":"another password"}`, ""},
	"list-sessions":   {needSession, "/api/v1/sessions", "", ""},
	"end-session":     {needSession, "/api/v1/sessions/0123456789abcdef", "", ""},

	"list-users":  {needAdmin, "/api/v1/users", "", ""},
	"add-user":    {needAdmin, "/api/v1/users", `{"name":"no name","role":"reader","password":"a good password"}`, ""},
	"change-user": {needAdmin, "/api/v1/users/nobody", `{"role":"admin"}`, ""},
	"remove-user": {needAdmin, "/api/v1/users/nobody", "", ""},

	"list-tokens":  {needSession, "/api/v1/tokens", "", ""},
	"add-token":    {needSession, "/api/v1/tokens", `{"name":"x","scope":"read"}`, ""},
	"remove-token": {needSession, "/api/v1/tokens/0123456789abcdef", "", ""},

	"set-show-visibility": {needAdmin, "/api/v1/shows/NOTHING/visibility", `{"visible_to":"everyone"}`, ""},
}

// hiddenMark is in all that there is of the hidden show, and in nothing else.
const hiddenMark = "lassified"

// Operations that are not the description's.
var tusOperations = []struct{ method, path string }{
	{"POST", "/api/v1/uploads"},
	{"HEAD", "/api/v1/uploads/0123456789abcdef0123456789abcdef"},
	{"PATCH", "/api/v1/uploads/0123456789abcdef0123456789abcdef"},
	{"DELETE", "/api/v1/uploads/0123456789abcdef0123456789abcdef"},
	{"OPTIONS", "/api/v1/uploads"},
}

// person is somebody who asks.
type person struct {
	name   string
	header []string
	scope  models.Scope // as the mode "login" has it
	logged bool
	sees   models.Visibility
}

// firstBytes ends a request with the first bytes of its answer: streams have no other end.
type firstBytes struct {
	*httptest.ResponseRecorder
	stop context.CancelFunc
}

func (f firstBytes) Write(p []byte) (int, error) {
	defer f.stop()
	return f.ResponseRecorder.Write(p)
}

func askOnce(t *testing.T, h http.Handler, method, path, body string, header []string) (int, string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := httptest.NewRequestWithContext(ctx, method, "http://localhost:8080"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := firstBytes{httptest.NewRecorder(), stop}
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// Everybody may do what the table says and nothing else, in every mode; and nobody is told anything of a show that is not for
// them, by any operation.
func TestWhoMayDoWhat(t *testing.T) {
	a, _ := library(t)
	secret := a.addShow("Classified matters")
	must(t, a.SetShowVisibility(t.Context(), secret, models.VisibleToAdmins))
	hidden := a.addEpisode(t, secret, "The classified budget", "Eve: The classified budget is bigger than the error budget.")
	a.private = []models.Private{{ID: 1, EpisodeID: hidden, Span: models.Span{StartMS: 5500, EndMS: 5600}, Reason: "a classified witness", Audio: a.episodes[len(a.episodes)-1].Media.SHA256}}
	failed := a.addEpisode(t, secret, "Classified and lost", "Eve: Classified.")
	a.change(failed, func(e *models.Episode) { e.State, e.Reason = models.EpisodeFailed, "classified reasons" })
	a.running = append(a.running, models.JobProgress{JobID: 7, Kind: "transcribe", EpisodeID: hidden, ShowID: secret, Title: "The classified budget"})
	a.happen(models.Event{Kind: models.EventJobStarted, EpisodeID: hidden, ShowID: secret, Title: "The classified budget"})
	recordings := models.Collection("") // where an upload goes that names no collection
	recordings.VisibleTo, recordings.Title = models.VisibleToAdmins, "Classified recordings"
	a.shows = append(a.shows, recordings)
	o := a.options(t)
	named, served := fixable(a)
	named.rules = []models.Rule{{ID: 1, Right: "Classified", Wrong: []string{"glassy fight"}, ShowID: secret}}
	served(&o)

	for _, mode := range []string{AccessOpen, AccessRead, AccessLogin} {
		t.Run(mode, func(t *testing.T) {
			users := newAccounts(t)
			o := o
			withAccounts(mode, users)(&o)
			up, err := NewUploads(UploadOptions{Dir: t.TempDir(), Logger: o.Logger})
			must(t, err)
			must(t, up.shelf.settle(Upload{ID: "1123456789abcdef0123456789abcdef", Name: "classified.mp3", State: UploadAdded, EpisodeID: "0000000000000000", Title: "Classified, and removed", UpdatedAt: time.Now()}))
			must(t, up.shelf.settle(Upload{ID: "2123456789abcdef0123456789abcdef", Name: "classified.mp3", State: UploadRefused, Reason: "classified.mp3 is no recording", UpdatedAt: time.Now()}))
			must(t, up.shelf.settle(Upload{ID: "0123456789abcdef0123456789abcdef", Name: "classified.mp3", State: UploadAdded, EpisodeID: string(hidden), Title: "The classified budget", UpdatedAt: time.Now()}))
			o.Uploads, o.Owner, o.Sources, o.Weights = up, owned{a}, nowhere{}, noWeights{}
			o.Storage = func(context.Context) (models.Storage, error) { return models.Storage{}, nil }
			h, err := New(o)
			must(t, err)
			_, described, err := newRouter(o)
			must(t, err)

			people := []person{
				{"anonymous", nil, models.ScopeNone, false, ""},
				{"reader", session("reader"), models.ScopeRead, true, models.VisibleToMembers},
				{"editor", session("editor"), models.ScopeWrite, true, models.VisibleToMembers},
				{"admin", session("admin"), models.ScopeAdmin, true, models.VisibleToAdmins},
				{"forged cookie", session("forged"), models.ScopeNone, false, ""},
				{"admin's reading token", []string{"Authorization", "Bearer " + users.token("admin", models.ScopeRead, time.Time{})}, models.ScopeRead, false, models.VisibleToAdmins},
				{"reader's token of old", []string{"Authorization", "Bearer " + users.token("reader", models.ScopeAdmin, time.Now().Add(time.Hour))}, models.ScopeRead, false, models.VisibleToMembers},
			}
			for i := range people {
				if p := &people[i]; len(p.header) == 0 || p.header[0] == "Cookie" { // a token counts for what it is, whatever all may
					switch mode {
					case AccessOpen:
						p.scope, p.sees = models.ScopeAdmin, models.VisibleToAdmins
					case AccessRead:
						if p.scope == models.ScopeNone {
							p.scope, p.sees = models.ScopeRead, models.VisibleToEveryone
						}
					}
				}
			}
			known := map[string]bool{}
			for path, item := range described.OpenAPI().Paths {
				for _, op := range operationsOf(item) {
					known[op.OperationID] = true
					want, ok := allowed[op.OperationID]
					if !ok {
						t.Errorf("%s %s (%s) is a new operation: say in the table of this test who may call it", op.Method, path, op.OperationID)
						continue
					}
					if got := needOf(op); got != want.need {
						t.Errorf("%s says that it needs %q, want %q", op.OperationID, got, want.need)
					}
					asked := strings.NewReplacer("EPISODE", string(hidden), "SHOW", string(secret), "NOTHING", "0000000000000000").Replace(want.path)
					for _, p := range people {
						if op.OperationID == "log-in" && p.name != "anonymous" || op.OperationID == "log-out" && p.logged {
							continue // the others still need their sessions
						}
						status, body := askOnce(t, h, op.Method, asked, want.body, p.header)
						p.check(t, op.OperationID, want.need, want.only, status, body)
					}
				}
			}
			for id := range allowed {
				if !known[id] {
					t.Errorf("there is no operation %s any more", id)
				}
			}
			for _, op := range tusOperations {
				for _, p := range people {
					status, body := askOnce(t, h, op.method, op.path, "", p.header)
					p.check(t, op.method+" "+op.path, needWrite, "", status, body)
				}
			}
			for what, token := range map[string]string{
				"forged": "earshot_" + strings.Repeat("A", 43), "expired": users.token("admin", models.ScopeAdmin, time.Now().Add(-time.Second)), "empty": "earshot_",
			} {
				if status, body := askOnce(t, h, "GET", "/api/v1/shows", "", []string{"Authorization", "Bearer " + token, "Cookie", session("admin")[1]}); status != http.StatusUnauthorized {
					t.Errorf("a token that is %s, beside a good cookie: %d %s", what, status, body)
				}
			}
			for _, free := range []string{"/", "/docs", "/api/v1/openapi.json", "/episodes/" + string(hidden), "/embed/" + string(hidden)} {
				status, body := askOnce(t, h, "GET", free, "", nil)
				if status == http.StatusUnauthorized || status == http.StatusForbidden || mode != AccessOpen && strings.Contains(body, hiddenMark) {
					t.Errorf("%s is closed, or tells of what is hidden: %d %s", free, status, body)
				}
			}
		})
	}
}

// check compares an answer with what somebody may.
func (p person) check(t *testing.T, op string, n need, only string, status int, body string) {
	t.Helper()
	may := p.scope.Includes(models.Scope(n))
	if n == needSession {
		may = p.logged
	}
	refused := status == http.StatusUnauthorized || status == http.StatusForbidden
	if may == refused {
		t.Errorf("%s by %s: %d %.200s", op, p.name, status, body)
	}
	if somebody := p.scope != models.ScopeNone || p.logged; refused && !somebody && status != http.StatusUnauthorized {
		t.Errorf("%s by %s, who could log in: %d", op, p.name, status)
	}
	all := p.sees == models.VisibleToAdmins
	if !all && (strings.Contains(body, hiddenMark) || only != "" && strings.Contains(body, only)) {
		t.Errorf("%s tells %s of what is hidden: %s", op, p.name, body)
	}
	if all && may && !strings.Contains(body, only) {
		t.Errorf("%s does not tell %s of what is for admins: %d %s", op, p.name, status, body)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A browser of an admin, of a member and of a stranger are told different things of the same show, at once when that changes.
func TestVisibilityChanges(t *testing.T) {
	a, first := library(t)
	users := newAccounts(t)
	h := newHandler(t, a, withAccounts(AccessRead, users))
	show := string(a.episodes[0].ShowID)
	for _, c := range []struct {
		to                        models.Visibility
		stranger, reader, editors bool
	}{
		{models.VisibleToMembers, false, true, true}, {models.VisibleToAdmins, false, false, false}, {models.VisibleToEveryone, true, true, true},
	} {
		if status, body := askOnce(t, h, "PUT", "/api/v1/shows/"+show+"/visibility", `{"visible_to":"`+string(c.to)+`"}`, session("admin")); status != http.StatusOK || !strings.Contains(body, string(c.to)) {
			t.Fatalf("%d %s", status, body)
		}
		for who, sees := range map[string]bool{"": c.stranger, "reader": c.reader, "editor": c.editors, "admin": true} {
			for _, path := range []string{"/api/v1/episodes/" + string(first), "/api/v1/episodes/" + string(first) + "/transcript", "/api/v1/episodes/" + string(first) + "/media"} {
				if status, _ := askOnce(t, h, "GET", path, "", session(who)); (status == http.StatusOK) != sees || !sees && status != http.StatusNotFound {
					t.Errorf("visible to %s, %s by %q: %d", c.to, path, who, status)
				}
			}
			_, body := askOnce(t, h, "GET", "/api/v1/search?q=%22error+budget%22&facets=true", "", session(who))
			var res Results
			must(t, json.Unmarshal([]byte(body), &res))
			if (res.Total > 0) != sees || (len(res.Facets.Shows) > 0) != sees {
				t.Errorf("visible to %s, search by %q: %s", c.to, who, body)
			}
			_, body = askOnce(t, h, "GET", "/api/v1/status", "", session(who))
			var st Status
			must(t, json.Unmarshal([]byte(body), &st))
			if (st.Shows == 2) != sees || (len(st.Failures) == 1) != sees {
				t.Errorf("visible to %s, status for %q: %s", c.to, who, body)
			}
		}
	}
}
