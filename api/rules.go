package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// Naming is what the API reads and changes of names, and of the rules that write them right.
type Naming interface {
	// Rules returns all rules that were ever made, the oldest first.
	Rules(ctx context.Context) ([]models.Rule, error)
	// AddRule makes a rule. The index is told of the episodes that are reached.
	AddRule(ctx context.Context, r models.Rule, in models.Reach) (models.Rule, error)
	// UndoRule undoes a rule, or makes it hold again.
	UndoRule(ctx context.Context, rule int64, by string, undone bool, in models.Reach) error
	// RulePlaces returns where a rule would change words in the transcripts of some episodes.
	RulePlaces(ctx context.Context, r models.Rule, episodes []models.EpisodeID) ([]models.Place, error)
	// Names returns what people said about names.
	Names(ctx context.Context) ([]models.Name, error)
	// SetNames says something about names, all or nothing; one of which nothing is said is forgotten.
	SetNames(ctx context.Context, names ...models.Name) error
	// People returns those whom publishers name, with the number of episodes of each.
	People(ctx context.Context, hidden ...models.ShowID) (map[string]int, error)
}

// RuleOrder is a rule as somebody asks for it.
type RuleOrder struct {
	Right       string   `json:"right" minLength:"1" maxLength:"200" doc:"How the name is written" example:"Enspiral"`
	Wrong       []string `json:"wrong" minItems:"1" maxItems:"50" nullable:"false" doc:"What it was heard as: words that follow each other. Signs such as * mean nothing in them" example:"[\"in spiral\"]"`
	ShowID      string   `json:"show_id,omitempty" maxLength:"16" doc:"Only in this show; absent: in the whole archive, also in shows that whoever asks does not see"`
	MatchCase   bool     `json:"match_case,omitempty" doc:"Capitals count"`
	WithinWords bool     `json:"within_words,omitempty" doc:"A single word may be a part of a longer one; else whole words count, with or without a possessive"`
}

type previewRuleInput struct {
	Body struct {
		RuleOrder

		Cursor string `json:"cursor,omitempty" maxLength:"200" doc:"Where to go on: next of the page before"`
	}
}

type addRuleInput struct {
	Body struct {
		RuleOrder

		Except []models.Except `json:"except,omitempty" maxItems:"5000" nullable:"false" doc:"Places that are to stay as they are, as the preview has them"`
	}
}

type ruleInput struct {
	ID int64 `path:"id" minimum:"1" doc:"Number of a rule"`
}

// Rule is a rule as the log has it.
type Rule struct {
	ID          int64         `json:"id"`
	Right       string        `json:"right"`
	Wrong       []string      `json:"wrong"`
	ShowID      models.ShowID `json:"show_id,omitempty" doc:"In which it holds; absent: in all"`
	ShowTitle   string        `json:"show_title,omitempty"`
	MatchCase   bool          `json:"match_case"`
	WithinWords bool          `json:"within_words"`
	Places      int           `json:"places" doc:"That it changed when it was made, about"`
	Except      int           `json:"except" doc:"Places that it leaves alone"`
	By          string        `json:"by,omitempty" doc:"Who made it"`
	At          time.Time     `json:"at"`
	UndoneAt    *time.Time    `json:"undone_at,omitempty" doc:"Absent: it holds"`
	UndoneBy    string        `json:"undone_by,omitempty"`
}

// Rules is a part of the log of rules.
type Rules struct {
	Rules []Rule `json:"rules" doc:"The newest first"`
	Next  string `json:"next,omitempty" doc:"Cursor of the page that follows; absent from the last one"`
}

func (s *server) registerRules(h huma.API) {
	preview := huma.Operation{
		OperationID: "preview-rule", Method: http.MethodPost, Path: "/api/v1/rules/preview",
		Summary:     "Every place that a rule for a name would change, page by page, and what to beware of",
		Description: "Nothing is changed. A rule looks at what was transcribed, never at what another rule or a person wrote.",
		Errors:      []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}
	register(s, h, preview, s.previewRule)

	register(s, h, huma.Operation{
		OperationID: "add-rule", Method: http.MethodPost, Path: "/api/v1/rules", DefaultStatus: http.StatusCreated,
		Summary:     "Write a name right wherever it was heard as something else, in the transcripts that there are and in those that come",
		Description: "Transcripts as they were made stay as they are: the rule is laid over them, and can be undone in one step.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
	}, s.addRule)

	register(s, h, asking(needWrite, get("list-rules", "/api/v1/rules", "The rules for names, with who made them and when, and what was undone")), s.rules)

	for _, c := range []struct {
		id, what, summary string
		undone            bool
	}{
		{"undo-rule", "undo", "Take a rule back: all that it wrote is again as it was", true},
		{"redo-rule", "redo", "Let a rule hold again that was taken back", false},
	} {
		register(s, h, huma.Operation{
			OperationID: c.id, Method: http.MethodPost, Path: "/api/v1/rules/{id}/" + c.what, Summary: c.summary,
			Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
		}, func(ctx context.Context, in *ruleInput) (*struct{ Body Rule }, error) {
			return s.undoRule(ctx, in.ID, c.undone)
		})
	}
}

// rule reads an order. A show that whoever asks does not see is not there.
func (s *server) rule(ctx context.Context, o RuleOrder) (models.Rule, error) {
	r := models.Rule{
		Right: models.Line(o.Right), ShowID: models.ShowID(o.ShowID), MatchCase: o.MatchCase, WithinWords: o.WithinWords, By: callerOf(ctx).name,
	}
	for _, w := range o.Wrong {
		if w = models.Line(w); !slices.Contains(r.Wrong, w) {
			r.Wrong = append(r.Wrong, w)
		}
	}
	if err := r.Check(); err != nil {
		return r, err
	}
	if r.ShowID != "" {
		if _, _, err := s.showOf(ctx, o.ShowID); err != nil {
			return r, err
		}
	}
	return r, nil
}

// seenRules returns the rules, the newest first, without those of shows that whoever asks does not see.
func (s *server) seenRules(ctx context.Context) ([]models.Rule, error) {
	hidden, err := s.everything.hidden(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := s.Naming.Rules(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the rules for names: %w", err)
	}
	rules = slices.DeleteFunc(rules, func(r models.Rule) bool { return slices.Contains(hidden, r.ShowID) })
	slices.SortFunc(rules, func(a, b models.Rule) int { return int(b.ID - a.ID) })
	return rules, nil
}

// seenRule returns those rules, and the place of one of them by its number, or [models.ErrNotFound].
func (s *server) seenRule(ctx context.Context, id int64) (rules []models.Rule, at int, err error) {
	if rules, err = s.seenRules(ctx); err != nil {
		return nil, 0, err
	}
	if at = slices.IndexFunc(rules, func(r models.Rule) bool { return r.ID == id }); at < 0 {
		return nil, 0, fmt.Errorf("rule %d: %w", id, models.ErrNotFound)
	}
	return rules, at, nil
}

func (s *server) addRule(ctx context.Context, in *addRuleInput) (*struct{ Body Rule }, error) {
	r, err := s.rule(ctx, in.Body.RuleOrder)
	if err != nil {
		return nil, err
	}
	rules, err := s.seenRules(ctx)
	if err != nil {
		return nil, err
	}
	if err := inVain(r, rules); err != nil {
		return nil, err
	}
	if r.Except, err = s.exceptions(ctx, in.Body.Except); err != nil {
		return nil, err
	}
	reach, places, err := s.reached(ctx, r, rules)
	if err != nil {
		return nil, err
	}
	r.Places = max(0, places-len(r.Except))
	if r, err = s.Naming.AddRule(ctx, r, reach); err != nil {
		return nil, fmt.Errorf("making a rule for %q: %w", r.Right, err)
	}
	return s.ruleIs(ctx, r.ID)
}

// exceptions reads the places that a rule is to leave alone.
func (s *server) exceptions(ctx context.Context, list []models.Except) ([]models.Except, error) {
	var ids []models.EpisodeID
	for _, e := range list {
		if !models.ValidID(string(e.EpisodeID)) || e.StartMS < 0 || e.Before == "" || len(e.Before) > models.MaxRuleText {
			return nil, huma.Error422UnprocessableEntity("a place that is left out is given by its episode, its time and its words, as the preview has them")
		}
		if !slices.Contains(ids, e.EpisodeID) {
			ids = append(ids, e.EpisodeID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	there, err := s.Catalogue.EpisodesInShort(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading the episodes with places that are left out: %w", err)
	}
	if len(there) < len(ids) {
		return nil, huma.Error404NotFound("there is no episode, or no longer, with one of the places that are left out")
	}
	return list, nil
}

// reached finds what a rule may change, in all shows, and counts the places: the archive has to know, whoever may see it.
func (s *server) reached(ctx context.Context, r models.Rule, rules []models.Rule) (models.Reach, int, error) {
	said, err := s.index.Saying(ctx, models.Saying{Phrases: phrases(r, rules), WithinWords: r.WithinWords, ShowID: r.ShowID})
	if err != nil {
		return models.Reach{}, 0, fmt.Errorf("looking for what a rule for %q changes: %w", r.Right, err)
	}
	return models.Reach{Episodes: said.IDs(), Seq: said.Applied}, said.Places(), nil
}

// ruleIs tells a rule after it was changed, once searches know of it.
func (s *server) ruleIs(ctx context.Context, id int64) (*struct{ Body Rule }, error) {
	if err := s.index.Relearn(ctx); err != nil {
		return nil, fmt.Errorf("telling the index of a rule: %w", err)
	}
	rules, i, err := s.seenRule(ctx, id)
	if err != nil {
		return nil, err
	}
	titles, err := s.Catalogue.ShowTitles(ctx)
	return &struct{ Body Rule }{newRule(rules[i], titles)}, err
}

func (s *server) undoRule(ctx context.Context, id int64, undone bool) (*struct{ Body Rule }, error) {
	rules, i, err := s.seenRule(ctx, id)
	if err != nil {
		return nil, err
	}
	r := rules[i]
	var in models.Reach
	if undone {
		in, err = s.index.Ruled(ctx, id)
	} else {
		if err := inVain(r, slices.Delete(slices.Clone(rules), i, i+1)); err != nil {
			return nil, err
		}
		in, _, err = s.reached(ctx, r, rules)
	}
	if err != nil {
		return nil, err
	}
	if err := s.Naming.UndoRule(ctx, id, callerOf(ctx).name, undone, in); err != nil {
		return nil, fmt.Errorf("changing the rule for %q: %w", r.Right, err)
	}
	return s.ruleIs(ctx, id)
}

// rulesList is the name of the log of rules in cursors.
const rulesList = "rules"

func (s *server) rules(ctx context.Context, in *struct{ Paged }) (*struct{ Body Rules }, error) {
	before := int64(0)
	if err := readCursor(rulesList, in.Cursor, &before, func() bool { return before > 0 }); err != nil {
		return nil, err
	}
	rules, err := s.seenRules(ctx)
	if err != nil {
		return nil, err
	}
	if before > 0 {
		rules = slices.DeleteFunc(rules, func(r models.Rule) bool { return r.ID >= before })
	}
	titles, err := s.Catalogue.ShowTitles(ctx)
	if err != nil {
		return nil, err
	}
	page, next, err := cutPage(rules, in.Limit, func(last models.Rule) (string, error) { return cursorTo(rulesList, last.ID) })
	out := &struct{ Body Rules }{Rules{Rules: make([]Rule, len(page)), Next: next}}
	for i, r := range page {
		out.Body.Rules[i] = newRule(r, titles)
	}
	return out, err
}

func newRule(r models.Rule, titles map[models.ShowID]string) Rule {
	return Rule{
		ID: r.ID, Right: r.Right, Wrong: notNil(r.Wrong), ShowID: r.ShowID, ShowTitle: titles[r.ShowID], MatchCase: r.MatchCase, WithinWords: r.WithinWords,
		Places: r.Places, Except: len(r.Except), By: r.By, At: r.At, UndoneAt: known(r.UndoneAt), UndoneBy: r.UndoneBy,
	}
}
