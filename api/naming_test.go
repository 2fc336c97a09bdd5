package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/correct"
)

// naming is an archive whose names can be set right. What its rules write is in what is read of its transcripts; the index does not
// follow.
type naming struct {
	*archive

	rules []models.Rule
	names []models.Name
	reach []models.Reach // of each change
}

// fixable serves an archive with names that can be set right.
func fixable(a *archive) (*naming, func(*Options)) {
	n := &naming{archive: a}
	return n, func(o *Options) { o.Catalogue, o.Naming = n, n }
}

func (n *naming) Rules(context.Context) ([]models.Rule, error) {
	defer n.lock()()
	return slices.Clone(n.rules), n.fail
}

func (n *naming) AddRule(ctx context.Context, r models.Rule, in models.Reach) (models.Rule, error) {
	places, err := n.RulePlaces(ctx, r, in.Episodes)
	if err != nil {
		return r, err
	}
	defer n.lock()()
	r.ID, r.Places, r.At = int64(len(n.rules)+1), len(places), time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC)
	n.rules, n.reach = append(n.rules, r), append(n.reach, in)
	return r, n.fail
}

func (n *naming) UndoRule(_ context.Context, rule int64, by string, undone bool, in models.Reach) error {
	defer n.lock()()
	r := &n.rules[rule-1]
	r.UndoneAt, r.UndoneBy = time.Time{}, ""
	if undone {
		r.UndoneAt, r.UndoneBy = time.Date(2026, 5, 2, 8, 0, 0, 0, time.UTC), by
	}
	n.reach = append(n.reach, in)
	return n.fail
}

func (n *naming) Names(context.Context) ([]models.Name, error) {
	defer n.lock()()
	return slices.Clone(n.names), n.fail
}

func (n *naming) SetNames(_ context.Context, names ...models.Name) error {
	defer n.lock()()
	for i := range names {
		names[i] = names[i].Tidy()
		if err := names[i].Check(); err != nil {
			return err
		}
	}
	for _, name := range names {
		n.names = append(slices.DeleteFunc(n.names, func(o models.Name) bool { return o.Text == name.Text }), name)
	}
	return n.fail
}

func (n *naming) People(_ context.Context, hidden ...models.ShowID) (map[string]int, error) {
	defer n.lock()()
	out := map[string]int{}
	for _, e := range n.episodes {
		for _, p := range e.People {
			if !slices.Contains(hidden, e.ShowID) {
				out[p.Name]++
			}
		}
	}
	return out, n.fail
}

func (n *naming) RulePlaces(_ context.Context, r models.Rule, episodes []models.EpisodeID) (out []models.Place, err error) {
	defer n.lock()()
	r.ID = -1
	alone := correct.NewRules([]models.Rule{r})
	all := correct.NewRules(n.rules).With(r)
	for _, id := range episodes {
		kept := n.laidOver(id, n.transcripts[id], all).Places
		for _, p := range n.laidOver(id, n.transcripts[id], alone).Places {
			p.Taken = !slices.ContainsFunc(kept, func(k models.Place) bool { return k.RuleID == p.RuleID && k.Span == p.Span })
			out = append(out, p)
		}
	}
	return out, n.fail
}

// laidOver lays rules over a transcript.
func (n *naming) laidOver(id models.EpisodeID, t models.Transcript, rules *correct.Rules) models.Corrected {
	i := slices.IndexFunc(n.episodes, func(e models.Episode) bool { return e.ID == id })
	return correct.Apply(t, correct.Layer{Show: n.episodes[i].ShowID, Rules: rules})
}

// Transcript is the archive's with the rules that hold laid over it.
func (n *naming) Transcript(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error) {
	t, err := n.archive.Transcript(ctx, id, task)
	if err != nil {
		return t, err
	}
	defer n.lock()()
	return n.laidOver(id, t, correct.NewRules(n.rules)).Transcript, nil
}

// misheardLibrary is an archive in which a name was heard as something else.
func misheardLibrary(t *testing.T) (a *archive, first, second models.EpisodeID) {
	t.Helper()
	a = newArchive(t)
	talks, garden := a.addShow("Practical Systems"), a.addShow("The Patient Garden")
	first = a.addEpisode(t, talks, "Money in networks", "Ana: We met Enspiral in spring.\nJon: And in spiral they share money.\nAna: The stairs go up in spiral lines.")
	second = a.addEpisode(t, garden, "Networks that grow", "Ana: Today in spiral again. Then Enspiral and the Inspirall people of Anna.")
	a.change(second, func(e *models.Episode) { e.People = []models.Person{{Name: "Richard D. Bartlett"}, {Name: "Ana"}} })
	return a, first, second
}

func TestARuleIsPreviewedMadeAndUndone(t *testing.T) {
	a, first, second := misheardLibrary(t)
	n, served := fixable(a)
	h := newHandler(t, a, served)
	order := `"right": " Enspiral ", "wrong": ["in  spiral", "Inspirall"]`
	var p RulePreview
	told(t, h, "POST", "/api/v1/rules/preview", "{"+order+"}", &p)
	if p.Places != 4 || p.Episodes != 2 || p.Approximate || p.Next != "" || len(p.Found) != 2 || len(p.Found[0].Places) != 2 || len(p.Warnings) != 0 {
		t.Fatalf("%+v", p)
	}
	if pl := p.Found[0].Places[0]; pl.Before != "in spiral" || pl.After != "Enspiral" || !strings.HasSuffix(pl.Left, " And") || !strings.HasPrefix(pl.Right, "they share") || p.Found[0].Episode.ID != first {
		t.Errorf("%+v", pl)
	}
	if p.Said[0] != (RuleWords{"in spiral", 3, 2}) || p.Said[1].Places != 1 {
		t.Errorf("how often it is said: %+v", p.Said)
	}
	out := p.Found[0].Places[1] // the stairs
	var made Rule
	told(t, h, "POST", "/api/v1/rules", fmt.Sprintf(`{%s, "except": [{"episode_id": %q, "start_ms": %d, "before": %q}]}`, order, first, out.StartMS, out.Before), &made)
	if made.ID != 1 || made.Right != "Enspiral" || made.Places != 3 || made.Except != 1 || made.UndoneAt != nil {
		t.Errorf("%+v", made)
	}
	if r := n.reach[0]; r.Seq != 2 || !slices.Equal(r.Episodes, []models.EpisodeID{first, second}) {
		t.Errorf("the index is told of %+v", r)
	}
	text := func() string {
		_, body := ask(t, h, "GET", "/api/v1/episodes/"+string(first)+"/transcript.txt")
		return body
	}
	if got := text(); !strings.Contains(got, "And Enspiral they share") || !strings.Contains(got, "go up in spiral lines") {
		t.Errorf("fixed: %s", got)
	}
	for _, step := range []struct{ do, has string }{{"undo", "And in spiral they share"}, {"redo", "And Enspiral they share"}} {
		var made Rule
		told(t, h, "POST", "/api/v1/rules/1/"+step.do, "", &made)
		if got := text(); !strings.Contains(got, step.has) || (made.UndoneAt != nil) != (step.do == "undo") {
			t.Errorf("%s: %+v %s", step.do, made, got)
		}
	}
	var log Rules
	told(t, h, "GET", "/api/v1/rules", "", &log)
	if len(log.Rules) != 1 || log.Rules[0].ID != 1 || log.Next != "" {
		t.Errorf("%+v", log)
	}
}

func TestRulesThatMakeNoSenseAreRefused(t *testing.T) {
	a, first, _ := misheardLibrary(t)
	_, served := fixable(a)
	h := newHandler(t, a, served)
	told(t, h, "POST", "/api/v1/rules", `{"right": "Enspiral", "wrong": ["in spiral"]}`, &Rule{})
	for _, c := range []struct {
		body   string
		status int
	}{
		{`{"right": "", "wrong": ["x"]}`, 422},
		{`{"right": "  ", "wrong": ["lines"]}`, 422},
		{`{"right": "Enspiral", "wrong": []}`, 422},
		{`{"right": "Enspiral", "wrong": [""]}`, 422},
		{`{"right": "Enspiral", "wrong": [".*"]}`, 422},
		{`{"right": "Enspiral", "wrong": ["Enspiral"]}`, 422},
		{`{"right": "` + strings.Repeat("x", 201) + `", "wrong": ["lines"]}`, 422},
		{`{"right": "Enspiral", "wrong": ["` + strings.Repeat("x", 201) + `"]}`, 422},
		{`{"right": "Enspiral", "wrong": ["in"], "within_words": true}`, 422},
		{`{"right": "Other", "wrong": ["IN SPIRAL"]}`, 409},
		{`{"right": "Enspiral", "wrong": ["lines"], "show_id": "0000000000000000"}`, 404},
		{`{"right": "Enspiral", "wrong": ["lines"], "show_id": "x"}`, 404},
		{`{"right": "Enspiral", "wrong": ["lines"], "except": [{"episode_id": "0000000000000000", "start_ms": 0, "before": "lines"}]}`, 404},
		{`{"right": "Enspiral", "wrong": ["lines"], "except": [{"episode_id": "` + string(first) + `", "start_ms": -1, "before": "lines"}]}`, 422},
	} {
		if status, body := askOnce(t, h, "POST", "/api/v1/rules", c.body, nil); status != c.status {
			t.Errorf("%s: %d %s", c.body, status, body)
		}
	}
	for _, id := range []string{"2", "0", "x", "99999999999999999999"} {
		if status, body := askOnce(t, h, "POST", "/api/v1/rules/"+id+"/undo", "", nil); status != 404 && status != 422 {
			t.Errorf("undoing %s: %d %s", id, status, body)
		}
	}
	if status, body := askOnce(t, h, "POST", "/api/v1/rules/preview", `{"right": "Enspiral", "wrong": ["lines"], "cursor": "bad"}`, nil); status != 422 {
		t.Errorf("%d %s", status, body)
	}
}

func TestDangerousRulesAreWarnedOf(t *testing.T) {
	a, _, _ := misheardLibrary(t)
	for i := range 12 {
		a.addEpisode(t, a.shows[0].ID, fmt.Sprint("Weather ", i), "Ana: It rains on the hill.")
	}
	n, served := fixable(a)
	n.rules = []models.Rule{{ID: 1, Right: "Enspiral", Wrong: []string{"in spiral"}}, {ID: 2, Right: "gone", Wrong: []string{"rains"}, UndoneAt: time.Now()}}
	n.names = []models.Name{{Text: "Anna", Aliases: []string{"Annie"}}}
	h := newHandler(t, a, served)
	for _, c := range []struct{ right, wrong, kind, of string }{
		{"Reigns", "rains", "frequent", ""},
		{"Hannah", "annie", "name", "Anna"},
		{"Inspirall", "enspiral", "name", "Enspiral"},
		{"In Spiral", "lines", "chain", "Enspiral"},
		{"Inspirall", "in spiral", "same", "Enspiral"},
		{"Enspiral network", "network", "within", "Enspiral network"},
		{"Kaicamp", "hill country", "", ""},
	} {
		var p RulePreview
		told(t, h, "POST", "/api/v1/rules/preview", fmt.Sprintf(`{"right": %q, "wrong": [%q]}`, c.right, c.wrong), &p)
		if got := len(p.Warnings); got > 1 || got == 0 != (c.kind == "") || got == 1 && (p.Warnings[0].Kind != c.kind || p.Warnings[0].Of != c.of) {
			t.Errorf("%s for %s: %+v", c.right, c.wrong, p.Warnings)
		}
	}
}

// Places come page by page, and none is told twice or left out.
func TestPlacesOfARuleComeInPages(t *testing.T) {
	a := newArchive(t)
	show := a.addShow("Practical Systems")
	for i := range 60 {
		a.addEpisode(t, show, fmt.Sprint("Part ", i), "Ana: It is in spiral, and in spiral, and in spiral.")
	}
	_, served := fixable(a)
	h := newHandler(t, a, served)
	seen, cursor, pages := map[string]bool{}, "", 0
	for ; pages < 10; pages++ {
		var p RulePreview
		told(t, h, "POST", "/api/v1/rules/preview", fmt.Sprintf(`{"right": "Enspiral", "wrong": ["in spiral"], "cursor": %q}`, cursor), &p)
		if p.Places != 180 || p.Episodes != 60 || !p.Approximate {
			t.Fatalf("%d places in %d episodes", p.Places, p.Episodes)
		}
		for _, f := range p.Found {
			for _, pl := range f.Places {
				seen[fmt.Sprint(f.Episode.ID, pl.StartMS)] = true
			}
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if len(seen) != 180 || pages == 0 {
		t.Errorf("%d places in %d pages", len(seen), pages+1)
	}
}

func TestNamesAndTheirMisHearings(t *testing.T) {
	a, _, _ := misheardLibrary(t)
	_, served := fixable(a)
	h := newHandler(t, a, served)
	var list ArchiveNames
	told(t, h, "GET", "/api/v1/names", "", &list)
	kinds := map[string]models.NameKind{}
	for _, n := range list.Names {
		kinds[n.Text] = n.Kind
	}
	if list.Names[0].Text != "Ana" && list.Names[0].Text != "Enspiral" || kinds["Ana"] != models.NamePerson || kinds["Richard D. Bartlett"] != models.NamePerson || kinds["Enspiral"] != "" {
		t.Errorf("%+v", list)
	}
	var one NameDetail
	told(t, h, "GET", "/api/v1/names/enspiral", "", &one)
	said := map[string]int{}
	for _, m := range one.Misheard {
		said[m.Said] = m.Places
		if len(m.First) == 0 || m.First[0].Episode.Title == "" || m.First[0].Moment.Snippet == "" {
			t.Errorf("%+v", m)
		}
	}
	if one.Text != "Enspiral" || one.Places != 2 || one.Episodes != 2 || said["in spiral"] != 3 || said["Inspirall"] != 1 {
		t.Errorf("%+v", one)
	}
	told(t, h, "PUT", "/api/v1/names/Enspiral", `{"kind": "group", "aliases": ["Inspirall", " Inspirall"], "sure": true}`, &one)
	if one.Kind != models.NameGroup || !one.Sure || !slices.Equal(one.Aliases, []string{"Inspirall"}) || one.Places != 3 || slices.ContainsFunc(one.Misheard, func(m Misheard) bool { return m.Said == "Inspirall" }) {
		t.Errorf("%+v", one)
	}
	told(t, h, "GET", "/api/v1/names?kind=group", "", &list)
	if list.Total != 1 || list.Names[0].Text != "Enspiral" {
		t.Errorf("%+v", list)
	}
	told(t, h, "POST", "/api/v1/names/Anna/merge", `{"into": "Ana"}`, &one)
	if one.Text != "Ana" || !slices.Equal(one.Aliases, []string{"Anna"}) || one.Kind != models.NamePerson {
		t.Errorf("%+v", one)
	}
	told(t, h, "GET", "/api/v1/names?q=ann", "", &list)
	if list.Total != 1 || list.Names[0].Text != "Ana" {
		t.Errorf("%+v", list)
	}
	told(t, h, "PUT", "/api/v1/names/Ana", `{"ignored": true}`, &one)
	told(t, h, "GET", "/api/v1/names?kind=ignored", "", &list)
	if list.Total != 1 || !list.Names[0].Ignored {
		t.Errorf("%+v", list)
	}
	for path, body := range map[string]string{
		"/api/v1/names/" + strings.Repeat("x", 201): "{}", "/api/v1/names/...": "{}", "/api/v1/names/Ana": `{"kind": "planet"}`,
		"/api/v1/names/Ben": `{"aliases": ["` + strings.Repeat("x", 201) + `"]}`,
	} {
		if status, text := askOnce(t, h, "PUT", path, body, nil); status != 422 {
			t.Errorf("%s %s: %d %s", path, body, status, text)
		}
	}
}

// told reads an answer that must be one.
func told(t *testing.T, h http.Handler, method, path, body string, into any) {
	t.Helper()
	status, text := askOnce(t, h, method, path, body, nil)
	if status >= http.StatusMultipleChoices {
		t.Fatalf("%s %s %s: %d %s", method, path, body, status, text)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
}

func TestANameMayHaveAnySign(t *testing.T) {
	a, _, _ := misheardLibrary(t)
	n, served := fixable(a)
	h := newHandler(t, a, served)
	for i, name := range []string{"AC/DC", "100% Kai", "What? #1", "N+1", "Käte/Kåi"} {
		var put, got NameDetail
		told(t, h, "PUT", "/api/v1/names/"+url.PathEscape(name), `{"sure": true}`, &put)
		told(t, h, "GET", "/api/v1/names/"+url.PathEscape(name), "", &got)
		if put.Text != name || got.Text != name || !got.Sure || n.names[i].Text != name {
			t.Errorf("%s: %+v, %+v, %+v", name, put.ArchiveName, got.ArchiveName, n.names)
		}
	}
}
