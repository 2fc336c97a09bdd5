package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// ArchiveName is a name of the archive.
type ArchiveName struct {
	Text     string          `json:"text"`
	Kind     models.NameKind `json:"kind" enum:",person,group,place" doc:"Empty: not known. Who speaks, and whom a publisher names, is a person unless somebody says otherwise"`
	Aliases  []string        `json:"aliases" doc:"Other ways to say or write it that are right: a search for one finds all"`
	Ignored  bool            `json:"ignored" doc:"Somebody says that it is no name"`
	Sure     bool            `json:"sure" doc:"Somebody says that it is one: the decoder is told to expect it"`
	Episodes int             `json:"episodes" doc:"That say it, as far as it is written like a name there, or have it in their title, notes, chapters or people"`
}

// ArchiveNames is a part of the list of names.
type ArchiveNames struct {
	Names []ArchiveName `json:"names" doc:"Those in the most episodes first"`
	Total int           `json:"total" doc:"Names that there are of this kind"`
	Next  string        `json:"next,omitempty" doc:"Cursor of the page that follows; absent from the last one"`
}

// NameDetail is a name with where it is said and what it may have been heard as.
type NameDetail struct {
	ArchiveName

	Places   int         `json:"places" doc:"Where it is said, in any of its spellings"`
	SaidIn   int         `json:"said_in" doc:"Episodes that say it"`
	Said     []RuleWords `json:"said" doc:"Its spellings, and how often each is said"`
	Misheard []Misheard  `json:"misheard" doc:"What it may have been heard as, the most likely first: by its sound, and by where it is said"`
}

// Misheard is something that may be a name that was heard as something else.
type Misheard struct {
	Said     string       `json:"said"`
	Places   int          `json:"places"`
	Episodes int          `json:"episodes"`
	Likeness float64      `json:"likeness" doc:"From 0 to 1"`
	First    []MisheardAt `json:"first" doc:"The first places, to listen to"`
}

// MisheardAt is a place where something is said.
type MisheardAt struct {
	Episode Episode       `json:"episode"`
	Moment  models.Moment `json:"moment"`
}

type namesInput struct {
	Paged

	Query  string `query:"q" maxLength:"200" doc:"Only names that have this in them"`
	Kind   string `query:"kind" enum:"person,group,place,other,ignored" doc:"Only names of this kind; other: whose kind is not known; ignored: what somebody says is no name, which is left out else"`
	Unsure bool   `query:"unsure" doc:"Only names of which nobody has said anything"`
}

type nameInput struct {
	Name string `path:"name" maxLength:"200" doc:"A name, as it is written" example:"Enspiral"`
}

type setNameInput struct {
	Name string `path:"name" maxLength:"200" doc:"A name, as it is written" example:"Enspiral"`
	Body struct {
		Kind    models.NameKind `json:"kind,omitempty" enum:",person,group,place"`
		Aliases []string        `json:"aliases,omitempty" maxItems:"50" nullable:"false" doc:"All of them"`
		Ignored bool            `json:"ignored,omitempty"`
		Sure    bool            `json:"sure,omitempty"`
	}
}

type mergeNameInput struct {
	Name string `path:"name" maxLength:"200" doc:"A name, as it is written" example:"Enspiral"`
	Body struct {
		Into string `json:"into" minLength:"1" maxLength:"200" doc:"The name that this one is another spelling of"`
	}
}

func (s *server) registerNames(h huma.API) {
	register(s, h, get("list-names", "/api/v1/names", "Names of the archive: of people that publishers name, who speaks, and what is written like a name in what is said, in titles, notes and chapters"), s.names)
	one := get("get-name", "/api/v1/names/{name}", "Where a name is said, and what it may have been heard as")
	one.Errors = []int{http.StatusNotFound}
	register(s, h, one, s.name)
	register(s, h, huma.Operation{
		OperationID: "set-name", Method: http.MethodPut, Path: "/api/v1/names/{name}", Summary: "Say what a name is: its kind, its other spellings, that it is one, or none",
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, s.setName)
	register(s, h, huma.Operation{
		OperationID: "merge-name", Method: http.MethodPost, Path: "/api/v1/names/{name}/merge", Summary: "Say that a name is another spelling of another one",
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, s.mergeName)
}

// allNames puts together what was found, whom publishers name and what people said about it, by what whoever asks may see.
func (s *server) allNames(ctx context.Context) ([]ArchiveName, error) {
	hidden, err := s.everything.hidden(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.Searcher.Names(ctx)
	if err != nil {
		return nil, err
	}
	people, err := s.Naming.People(ctx, hidden...)
	if err != nil {
		return nil, fmt.Errorf("reading whom publishers name: %w", err)
	}
	told, err := s.Naming.Names(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the names: %w", err)
	}
	g := gathered{at: map[string]int{}}
	for _, f := range found {
		n := g.name(f.Text)
		n.Episodes = f.Episodes
		if f.Speaker {
			n.Kind = models.NamePerson
		}
	}
	for text, episodes := range people {
		n := g.name(text)
		n.Kind, n.Episodes = models.NamePerson, max(n.Episodes, episodes)
	}
	g.tell(told, callerOf(ctx).sees == models.VisibleToAdmins)
	slices.SortStableFunc(g.names, func(a, b ArchiveName) int {
		return cmp.Or(cmp.Compare(b.Episodes, a.Episodes), cmp.Compare(a.Text, b.Text))
	})
	return g.names, nil
}

// gathered is the names that are known, each once, whatever its case.
type gathered struct {
	names []ArchiveName
	at    map[string]int
}

func (g *gathered) name(text string) *ArchiveName {
	key := strings.ToLower(text)
	i, ok := g.at[key]
	if !ok {
		i = len(g.names)
		g.at[key] = i
		g.names = append(g.names, ArchiveName{Text: text, Aliases: []string{}})
	}
	return &g.names[i]
}

// tell adds what people said about names. Those that are nowhere in what may be seen are told only to those who see everything: they
// may be of a show that is hidden.
func (g *gathered) tell(told []models.Name, all bool) {
	var gone []string
	for _, t := range told {
		if _, known := g.at[strings.ToLower(t.Text)]; !known && !all {
			continue
		}
		n := g.name(t.Text)
		n.Text, n.Aliases, n.Ignored, n.Sure = t.Text, notNil(t.Aliases), t.Ignored, t.Sure
		if t.Kind != models.NameOther {
			n.Kind = t.Kind
		}
		for _, a := range t.Aliases {
			gone = append(gone, strings.ToLower(a))
		}
	}
	g.names = slices.DeleteFunc(g.names, func(n ArchiveName) bool {
		return slices.Contains(gone, strings.ToLower(n.Text)) && len(n.Aliases) == 0
	})
}

// namesList is the name of the list of names in cursors.
const namesList = "names"

func (s *server) names(ctx context.Context, in *namesInput) (*struct{ Body ArchiveNames }, error) {
	skip := 0
	if err := readCursor(namesList, in.Cursor, &skip, func() bool { return skip > 0 }); err != nil {
		return nil, err
	}
	all, err := s.allNames(ctx)
	if err != nil {
		return nil, err
	}
	query := strings.ToLower(models.Line(in.Query))
	all = slices.DeleteFunc(all, func(n ArchiveName) bool {
		has := func(text string) bool { return strings.Contains(strings.ToLower(text), query) }
		return n.Ignored != (in.Kind == "ignored") || in.Kind == "other" && n.Kind != models.NameOther ||
			in.Kind != "" && in.Kind != "other" && in.Kind != "ignored" && n.Kind != models.NameKind(in.Kind) ||
			in.Unsure && (n.Sure || n.Ignored || len(n.Aliases) > 0) || !has(n.Text) && !slices.ContainsFunc(n.Aliases, has)
	})
	total := len(all)
	skip = min(skip, total)
	page, next, err := cutPage(all[skip:], in.Limit, func(ArchiveName) (string, error) { return cursorTo(namesList, skip+in.Limit) })
	return &struct{ Body ArchiveNames }{ArchiveNames{notNil(page), total, next}}, err
}

// nameOf returns a name that is known to the archive, or one that is not, to be known.
func (s *server) nameOf(ctx context.Context, text string) (ArchiveName, error) {
	if text = models.Line(text); text == "" {
		return ArchiveName{}, huma.Error404NotFound("there is no such name")
	}
	all, err := s.allNames(ctx)
	if err != nil {
		return ArchiveName{}, err
	}
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		if i := slices.IndexFunc(all, func(n ArchiveName) bool { return same(n.Text, text) }); i >= 0 {
			return all[i], nil
		}
	}
	return ArchiveName{Text: text, Aliases: []string{}}, nil
}

func (s *server) name(ctx context.Context, in *nameInput) (*struct{ Body NameDetail }, error) {
	n, err := s.nameOf(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out := NameDetail{ArchiveName: n, Said: []RuleWords{}}
	said, err := s.Searcher.Saying(ctx, models.Saying{Phrases: append([]string{n.Text}, n.Aliases...)})
	if err != nil {
		return nil, err
	}
	out.Places, out.SaidIn = said.Places(), len(said.Episodes)
	out.Episodes = max(out.Episodes, out.SaidIn)
	for _, p := range said.Phrases {
		out.Said = append(out.Said, RuleWords{p.Text, p.Places, p.Episodes})
	}
	out.Misheard, err = s.misheard(ctx, n)
	return &struct{ Body NameDetail }{out}, err
}

// misheard tells what a name may have been heard as.
func (s *server) misheard(ctx context.Context, n ArchiveName) ([]Misheard, error) {
	found, err := s.Searcher.Misheard(ctx, n.Text)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(m models.Misheard) bool {
		return slices.ContainsFunc(n.Aliases, func(a string) bool { return strings.EqualFold(a, m.Said) })
	})
	var ids []models.EpisodeID
	for _, m := range found {
		for _, at := range m.First {
			ids = append(ids, at.EpisodeID)
		}
	}
	episodes, err := s.inShort(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Misheard, len(found))
	for i, m := range found {
		out[i] = Misheard{m.Said, m.Places, m.Episodes, m.Likeness, []MisheardAt{}}
		for _, at := range m.First {
			if e, ok := episodes[at.EpisodeID]; ok { // else it was deleted a moment ago
				out[i].First = append(out[i].First, MisheardAt{e, at.Moment})
			}
		}
	}
	return out, nil
}

func (s *server) setName(ctx context.Context, in *setNameInput) (*struct{ Body NameDetail }, error) {
	n := models.Name{Text: in.Name, Kind: in.Body.Kind, Aliases: in.Body.Aliases, Ignored: in.Body.Ignored, Sure: in.Body.Sure, By: callerOf(ctx).name}
	if err := s.saveNames(ctx, n); err != nil {
		return nil, err
	}
	return s.name(ctx, &nameInput{in.Name})
}

func (s *server) saveNames(ctx context.Context, names ...models.Name) error {
	if err := s.Naming.SetNames(ctx, names...); err != nil {
		return fmt.Errorf("saying what %q is: %w", names[0].Text, err)
	}
	if err := s.index.Relearn(ctx); err != nil {
		return fmt.Errorf("telling the index of a name: %w", err)
	}
	return nil
}

func (s *server) mergeName(ctx context.Context, in *mergeNameInput) (*struct{ Body NameDetail }, error) {
	from, err := s.nameOf(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	into, err := s.nameOf(ctx, in.Body.Into)
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(from.Text, into.Text) {
		return nil, models.Explain(models.ErrInvalid, "%q is the same name already", into.Text)
	}
	by := callerOf(ctx).name
	n := models.Name{
		Text: into.Text, Kind: cmp.Or(into.Kind, from.Kind), Aliases: slices.Concat(into.Aliases, []string{from.Text}, from.Aliases), Sure: true, By: by,
	}
	if err := s.saveNames(ctx, n, models.Name{Text: from.Text, By: by}); err != nil { // what was said of it is said of the other one now
		return nil, err
	}
	return s.name(ctx, &nameInput{n.Text})
}
