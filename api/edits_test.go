package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// post asks for a change as somebody who is logged in, and reads the answer if it is one.
func post[T any](t *testing.T, h http.Handler, who, path, body string) (status int, got T, text string) {
	t.Helper()
	status, text = askOnce(t, h, "POST", path, body, session(who))
	if status == http.StatusOK {
		must(t, json.Unmarshal([]byte(text), &got))
	}
	return status, got, text
}

func read[T any](t *testing.T, h http.Handler, who, path string) (got T) {
	t.Helper()
	status, body := askOnce(t, h, "GET", path, "", session(who))
	if status != http.StatusOK {
		t.Fatalf("%s for %s: %d %s", path, who, status, body)
	}
	must(t, json.Unmarshal([]byte(body), &got))
	return got
}

// rewriteBack writes the second word of the first episode otherwise.
func rewriteBack(after string) string {
	return fmt.Sprintf(`{"changes":[{"kind":"text","start_ms":400,"end_ms":750,"before":"back","after":%q}]}`, after)
}

func editable(t *testing.T) (e *edited, h http.Handler, episode string) {
	t.Helper()
	a, first := library(t)
	e = newEdited(a)
	h = newHandler(t, a, e.serve(t), withAccounts(AccessRead, newAccounts(t)))
	return e, h, "/api/v1/episodes/" + string(first)
}

func TestTranscriptsAreEdited(t *testing.T) {
	e, h, episode := editable(t)
	was := read[Transcript](t, h, "reader", episode+"/transcript")
	status, made, text := post[Edited](t, h, "editor", episode+"/edits", rewriteBack("home again"))
	if status != http.StatusOK || len(made.Made) != 1 || made.Made[0].By != "editor" || made.Made[0].Fate != models.FateApplied || made.Edits != 1 || made.Unfit != 0 {
		t.Fatalf("%d %s", status, text)
	}
	now := read[Transcript](t, h, "editor", episode+"/transcript")
	words := now.Segments[0].Words
	if now.Segments[0].Text != "Welcome home again to the show." || words[1].By != models.ByEdit || words[2].By != models.ByEdit || words[3].By != "" || words[1].StartMS != 400 || words[2].EndMS != 750 {
		t.Errorf("%+v", now.Segments[0])
	}
	if now.Revision == was.Revision || now.Revision != made.Revision || now.Edits != 1 || len(now.Changed) != 1 || now.Changed[0].Was != "back" {
		t.Errorf("revision %s after %s, answered %s; %d edits, changed %+v", now.Revision, was.Revision, made.Revision, now.Edits, now.Changed)
	}
	if told := read[Transcript](t, h, "reader", episode+"/transcript"); len(told.Changed) != 0 || told.Revision != now.Revision {
		t.Errorf("a reader is told what stood there: %+v", told.Changed)
	}

	// Somebody else has not seen it: what stands there now is told.
	status, _, text = post[Edited](t, h, "admin", episode+"/edits", rewriteBack("once more"))
	var conflict EditProblem
	must(t, json.Unmarshal([]byte(text), &conflict))
	if status != http.StatusConflict || conflict.Wanted.After != "once more" || len(conflict.Now) != 1 || !strings.Contains(conflict.Now[0].Text, "home again") || conflict.Detail == "" {
		t.Errorf("%d %s", status, text)
	}

	ids := fmt.Sprintf(`{"ids":[%d]}`, made.Made[0].ID)
	status, undone, text := post[Edited](t, h, "admin", episode+"/edits/undo", ids)
	if status != http.StatusOK || undone.Revision != was.Revision || undone.Edits != 0 || undone.Made[0].UndoneBy != "admin" || undone.Made[0].Fate != models.FateUndone {
		t.Errorf("%d %s", status, text)
	}
	if status, again, text := post[Edited](t, h, "admin", episode+"/edits/redo", ids); status != http.StatusOK || again.Revision != made.Revision || again.Made[0].UndoneAt != nil {
		t.Errorf("%d %s", status, text)
	}
	for _, path := range []string{episode + "/edits/undo", "/api/v1/episodes/" + string(e.episodes[1].ID) + "/edits/undo"} {
		body := ids
		if path == episode+"/edits/undo" {
			body = `{"ids":[4711]}`
		}
		if status, _, text := post[Edited](t, h, "editor", path, body); status != http.StatusNotFound {
			t.Errorf("a change of no, or of another, episode: %d %s", status, text)
		}
	}
}

// All of several changes are made, or none.
func TestEditsAreMadeTogether(t *testing.T) {
	e, h, episode := editable(t)
	both := `{"changes":[{"kind":"rename","before":"Maya","after":"Maja"},{"kind":"text","start_ms":400,"end_ms":750,"before":"forth","after":"home"}]}`
	if status, _, text := post[Edited](t, h, "editor", episode+"/edits", both); status != http.StatusConflict {
		t.Fatalf("%d %s", status, text)
	}
	if got := read[Transcript](t, h, "editor", episode+"/transcript"); got.Edits != 0 || got.Segments[0].Speaker != "Maya" {
		t.Errorf("%d changes of a request that was refused", got.Edits)
	}
	both = strings.Replace(both, "forth", "back", 1)
	if status, made, text := post[Edited](t, h, "editor", episode+"/edits", both); status != http.StatusOK || len(made.Made) != 2 {
		t.Errorf("%d %s", status, text)
	}
	if n := len(e.edits[e.episodes[0].ID]); n != 2 {
		t.Errorf("%d changes", n)
	}
}

func TestEditsAreChecked(t *testing.T) {
	_, h, episode := editable(t)
	change := func(kind, times, before, after string) string {
		return fmt.Sprintf(`{"changes":[{"kind":%q,%s,"before":%q,"after":%q}]}`, kind, times, before, after)
	}
	const times = `"start_ms":400,"end_ms":750`
	many := strings.Repeat(`{"kind":"rename","before":"Maya","after":"M"},`, mostChanges+1)
	for name, body := range map[string]string{
		"nothing":                 `{"changes":[]}`,
		"no body":                 ``,
		"no such kind":            change("delete", times, "back", ""),
		"ends before it begins":   change("text", `"start_ms":750,"end_ms":400`, "back", "x"),
		"before the beginning":    change("text", `"start_ms":-1,"end_ms":400`, "back", "x"),
		"too long":                change("text", times, "back", strings.Repeat("x", models.MaxEditText+1)),
		"too long in bytes":       change("text", times, "back", strings.Repeat("ß", models.MaxEditText-1)),
		"too many":                `{"changes":[` + strings.TrimSuffix(many, ",") + `]}`,
		"nobody is renamed":       change("rename", times, " ", "Maja"),
		"something else besides":  `{"changes":[{"kind":"rename","before":"Maya","after":"M","by":"admin"}]}`,
		"more than can be needed": `{"changes":[{"kind":"rename","before":"` + strings.Repeat("x", mostChanges*(2*models.MaxEditText+200)) + `"}]}`,
	} {
		if status, _, text := post[Edited](t, h, "editor", episode+"/edits", body); status < 400 || status >= 500 || status == http.StatusConflict {
			t.Errorf("%s: %d %.200s", name, status, text)
		}
	}
	for _, path := range []string{"/edits?limit=0", "/edits?limit=201", "/edits?fate=lost", "/edits?cursor=nonsense", "/transcripts/compare", "/transcripts/compare?left=0&right=1", "/transcripts/compare?left=x&right=1"} {
		if status, body := askOnce(t, h, "GET", episode+path, "", session("editor")); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, body := range []string{`{}`, `{"episode_id":"0123456789abcdef","start_ms":5,"end_ms":2,"doubt":"decoder","text":"x"}`, `{"episode_id":"../../etc","start_ms":0,"end_ms":2,"doubt":"mood","text":"x"}`} {
		if status, text := askOnce(t, h, "POST", "/api/v1/review/confirm", body, session("editor")); status != http.StatusUnprocessableEntity && status != http.StatusNotFound {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
}

// The history is told newest first, in pages, to those who may change it; and of a show that somebody does not see, nothing.
func TestHistoryOfEdits(t *testing.T) {
	e, h, episode := editable(t)
	for i, name := range []string{"Maja", "Maia", "Mia"} {
		before := []string{"Maya", "Maja", "Maia"}[i]
		body := fmt.Sprintf(`{"changes":[{"kind":"rename","before":%q,"after":%q}]}`, before, name)
		if status, _, text := post[Edited](t, h, "editor", episode+"/edits", body); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
	}
	var names []string
	for next, pages := "", 0; pages == 0 || next != ""; pages++ {
		page := read[Edits](t, h, "editor", episode+"/edits?limit=2&cursor="+next)
		for _, x := range page.Edits {
			names = append(names, x.After)
		}
		next = page.Next
	}
	if !slices.Equal(names, []string{"Mia", "Maia", "Maja"}) {
		t.Errorf("in this order: %v", names)
	}
	must(t, e.SetShowVisibility(t.Context(), e.episodes[0].ShowID, models.VisibleToAdmins))
	for _, path := range []string{"/edits", "/transcript", "/transcripts/compare?left=1&right=1"} {
		if status, body := askOnce(t, h, "GET", episode+path, "", session("editor")); status != http.StatusNotFound || strings.Contains(body, "Maja") {
			t.Errorf("of a show that is hidden, %s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/edits", "/edits/undo"} {
		body := rewriteBack("x")
		if path != "/edits" {
			body = `{"ids":[1]}`
		}
		if status, _, text := post[Edited](t, h, "editor", episode+path, body); status != http.StatusNotFound {
			t.Errorf("of a show that is hidden, %s: %d %s", path, status, text)
		}
	}
}

// Another transcript comes: what was written stands in it where its place is found, and is told where it is not.
func TestEditsOutliveTheirTranscript(t *testing.T) {
	e, h, episode := editable(t)
	certificate := startOf(e, "certificate.")
	body := `{"changes":[{"kind":"text","start_ms":400,"end_ms":750,"before":"back","after":"home"},
		{"kind":"text","start_ms":` + strconv.FormatInt(certificate, 10) + `,"end_ms":` + strconv.FormatInt(certificate+350, 10) + `,"before":"certificate.","after":"domain."}]}`
	if status, _, text := post[Edited](t, h, "editor", episode+"/edits", body); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	first := e.episodes[0].ID
	anew := strings.ReplaceAll(talk, "Welcome back", "Welcome beck")
	anew = strings.ReplaceAll(anew, "That was the night of the certificate. Everyone knew it would expire, and nobody owned it. Some mumbling here.", "Music.")
	e.lock()
	tr := e.transcripts[first]
	tr.Segments, tr.DurationMS = speak(anew)
	e.transcripts[first] = tr
	e.mu.Unlock()
	now := read[Transcript](t, h, "editor", episode+"/transcript")
	if now.Segments[0].Text != "Welcome home to the show." || now.Edits != 2 || now.Unfit != 1 {
		t.Errorf("%q, %d edits, %d of them fit no more", now.Segments[0].Text, now.Edits, now.Unfit)
	}
	unfit := read[Edits](t, h, "editor", episode+"/edits?fate=unfit")
	if len(unfit.Edits) != 1 || unfit.Edits[0].After != "domain." || unfit.Unfit != 1 {
		t.Errorf("%+v", unfit)
	}
	if status, dropped, text := post[Edited](t, h, "editor", episode+"/edits/undo", fmt.Sprintf(`{"ids":[%d]}`, unfit.Edits[0].ID)); status != http.StatusOK || dropped.Unfit != 0 {
		t.Errorf("%d %s", status, text)
	}
}

// startOf is when a word of the first episode begins, in ms.
func startOf(e *edited, word string) int64 {
	for _, s := range e.transcripts[e.episodes[0].ID].Segments {
		for _, w := range s.Words {
			if w.Text == word {
				return w.StartMS
			}
		}
	}
	return -1
}

func TestReviewIsListed(t *testing.T) {
	e, first := doubted(t)
	h := newHandler(t, e.archive, e.serve(t), withAccounts(AccessRead, newAccounts(t)))
	page := read[Reviews](t, h, "editor", "/api/v1/review?episode="+string(first))
	if page.Left != 4 || len(page.Passages) != 4 || page.Passages[0].Suggested != "Enspiral" || page.Passages[0].Episode.ID != first || page.Passages[0].Worth <= 0 {
		t.Fatalf("%+v", page)
	}
	p := page.Passages[1]
	body, err := json.Marshal(Confirmation{string(first), p.StartMS, p.EndMS, p.Doubt, p.Text})
	must(t, err)
	if status, text := askOnce(t, h, "POST", "/api/v1/review/confirm", string(body), session("editor")); status != http.StatusNoContent || e.confirmed[0].By != "editor" {
		t.Fatalf("%d %s %+v", status, text, e.confirmed)
	}
	if left := read[Reviews](t, h, "editor", "/api/v1/review?episode="+string(first)); left.Left != 3 {
		t.Errorf("%d are left", left.Left)
	}
	must(t, e.SetShowVisibility(t.Context(), e.episodes[0].ShowID, models.VisibleToAdmins))
	if status, text := askOnce(t, h, "GET", "/api/v1/review?episode="+string(first), "", session("editor")); status != http.StatusNotFound {
		t.Errorf("%d %s", status, text)
	}
	if status, text := askOnce(t, h, "POST", "/api/v1/review/confirm", string(body), session("editor")); status != http.StatusNotFound {
		t.Errorf("%d %s", status, text)
	}
}
