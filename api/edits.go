package api

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// Editor keeps what people change in transcripts.
type Editor interface {
	// Corrected returns the current transcript of an episode as it is read, with what became of all changes.
	Corrected(ctx context.Context, id models.EpisodeID) (models.Corrected, error)
	// Edit makes changes, all or none. The error is a [models.EditConflictError] where other words stand there by now.
	Edit(ctx context.Context, id models.EpisodeID, by string, changes []models.Edit) ([]models.Edit, error)
	// UndoEdits takes changes back, or lets them count again.
	UndoEdits(ctx context.Context, id models.EpisodeID, by string, undone bool, edits ...int64) error
	// ChooseTranscript makes one of an episode's transcripts the current one, because somebody says that it is better.
	ChooseTranscript(ctx context.Context, id models.EpisodeID, transcript int64) error
}

// mostChanges is how many changes can be made or undone at a time.
const mostChanges = 200

// Change is what somebody wants to be otherwise in a transcript.
type Change struct {
	Kind    models.EditKind `json:"kind" enum:"text,split,join,speaker,rename" doc:"Words are written otherwise; a segment begins at a word, or goes on in the one before it; somebody else says words; a speaker is called otherwise everywhere"`
	StartMS int64           `json:"start_ms,omitempty" minimum:"0" doc:"Start of the first word; nothing for rename"`
	EndMS   int64           `json:"end_ms,omitempty" minimum:"0" doc:"End of the last word"`
	Before  string          `json:"before" maxLength:"4000" doc:"The words as they are read now, joined by spaces: one for split and join; the speaker's name for rename"`
	After   string          `json:"after,omitempty" maxLength:"4000" doc:"The words as they are to be, empty for none; for speaker and rename the name, empty for nobody's"`
}

// Edit is a change that somebody made.
type Edit struct {
	Change

	ID       int64           `json:"id"`
	By       string          `json:"by,omitempty" doc:"Who made it; absent where nobody logs in"`
	RuleID   int64           `json:"rule_id,omitempty" doc:"The rule that changed the words in an earlier transcript; absent from what a person wrote"`
	At       time.Time       `json:"at"`
	UndoneAt *time.Time      `json:"undone_at,omitempty"`
	UndoneBy string          `json:"undone_by,omitempty"`
	Fate     models.EditFate `json:"fate" enum:"applied,found,satisfied,unfit,waiting,undone" doc:"It stands where it was made, or where its words were found in another transcript; the transcript says so by itself; its place was not found, or is not transcribed yet; it was undone"`
	Now      *models.Span    `json:"now,omitempty" doc:"Where it stands"`
	Private  bool            `json:"private,omitempty" doc:"It is about words that are kept from everybody: they are not told"`
}

// Edits is a part of the history of a transcript.
type Edits struct {
	Edits []Edit `json:"edits" doc:"The newest first"`
	Next  string `json:"next,omitempty" doc:"Cursor of the page that follows; absent from the last one"`
	Unfit int    `json:"unfit" doc:"All of this episode whose place was not found"`
}

// Edited is what changes have made of a transcript.
type Edited struct {
	Made     []Edit `json:"made" doc:"Those that were asked for"`
	Revision string `json:"revision" doc:"Of the transcript as it is now"`
	Edits    int    `json:"edits" doc:"Changes that count"`
	Unfit    int    `json:"unfit" doc:"Of them, those whose place was not found"`
}

// EditProblem says that a change cannot be made because other words stand there by now.
type EditProblem struct { //nolint:errname // the body of an answer: its name is that of the schema
	huma.ErrorModel

	Wanted Change           `json:"wanted"`
	Now    []models.Segment `json:"now" doc:"What stands there now"`
}

type editInput struct {
	ID   string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Body struct {
		Changes []Change `json:"changes" minItems:"1" maxItems:"200" doc:"All are made, or none"`
	}
}

type historyInput struct {
	Paged

	ID   string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Fate string `query:"fate" enum:"applied,found,satisfied,unfit,waiting,undone" doc:"Only those of which this became"`
}

type undoInput struct {
	ID   string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Body struct {
		IDs []int64 `json:"ids" minItems:"1" maxItems:"200" doc:"Changes of this episode"`
	}
}

// registerEdits adds what people change in transcripts.
func (s *server) registerEdits(h huma.API) {
	edit := change("edit-transcript", "/api/v1/episodes/{id}/edits", "Change words, segments or speakers of a transcript; nothing is lost, every change can be undone")
	edit.DefaultStatus = http.StatusOK
	edit.Errors = append(slices.DeleteFunc(edit.Errors, func(status int) bool { return status == http.StatusConflict }), http.StatusUnprocessableEntity)
	schemas := h.OpenAPI().Components.Schemas
	edit.Responses = map[string]*huma.Response{"409": {Description: "Other words stand there by now", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: &huma.Schema{OneOf: []*huma.Schema{
			schemas.Schema(reflect.TypeFor[EditProblem](), true, "EditProblem"), schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "ErrorModel"),
		}}},
	}}}
	register(s, h, edit, s.edit)

	history := asking(needWrite, get("list-edits", "/api/v1/episodes/{id}/edits", "What was changed in a transcript, by whom, and what became of it"))
	history.Errors = []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	register(s, h, history, s.history)

	for _, undo := range []struct {
		id, path, summary string
		undone            bool
	}{
		{"undo-edits", "undo", "Take changes of a transcript back", true},
		{"redo-edits", "redo", "Let changes of a transcript count again", false},
	} {
		op := change(undo.id, "/api/v1/episodes/{id}/edits/"+undo.path, undo.summary)
		op.DefaultStatus = http.StatusOK
		op.Errors = append(op.Errors, http.StatusUnprocessableEntity)
		register(s, h, op, func(ctx context.Context, in *undoInput) (*struct{ Body Edited }, error) {
			return s.undo(ctx, in, undo.undone)
		})
	}
}

func (s *server) edit(ctx context.Context, in *editInput) (*struct{ Body Edited }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	changes := make([]models.Edit, len(in.Body.Changes))
	for i, c := range in.Body.Changes {
		changes[i] = c.model()
		if err := changes[i].Check(); err != nil {
			return nil, err
		}
	}
	made, err := s.Owner.Edit(ctx, e.ID, callerOf(ctx).name, changes)
	if conflict := (*models.EditConflictError)(nil); errors.As(err, &conflict) {
		return nil, newEditProblem(conflict)
	}
	if err != nil {
		return nil, fmt.Errorf("changing the transcript of episode %s: %w", e.ID, err)
	}
	ids := make([]int64, len(made))
	for i, m := range made {
		ids[i] = m.ID
	}
	return s.edited(ctx, e.ID, ids)
}

func (s *server) undo(ctx context.Context, in *undoInput, undone bool) (*struct{ Body Edited }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.Owner.UndoEdits(ctx, e.ID, callerOf(ctx).name, undone, in.Body.IDs...); err != nil {
		return nil, fmt.Errorf("undoing changes of episode %s: %w", e.ID, err)
	}
	return s.edited(ctx, e.ID, in.Body.IDs)
}

// edited tells what has become of a transcript, and of some changes.
func (s *server) edited(ctx context.Context, id models.EpisodeID, made []int64) (*struct{ Body Edited }, error) {
	c, err := s.Owner.Corrected(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading the changed transcript of episode %s: %w", id, err)
	}
	out := &struct{ Body Edited }{Edited{Made: []Edit{}, Revision: revisionOf(c.Segments)}}
	out.Body.Edits, out.Body.Unfit = countEdits(c.Edits)
	for _, r := range c.Edits {
		if slices.Contains(made, r.ID) {
			out.Body.Made = append(out.Body.Made, newEdit(r))
		}
	}
	return out, nil
}

func (s *server) history(ctx context.Context, in *historyInput) (*struct{ Body Edits }, error) {
	const list = "edits"
	var before int64
	if err := readCursor(list, in.Cursor, &before, func() bool { return before > 0 }); err != nil {
		return nil, err
	}
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.Owner.Corrected(ctx, e.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the history of episode %s: %w", e.ID, err)
	}
	out := &struct{ Body Edits }{Edits{Edits: []Edit{}}}
	_, out.Body.Unfit = countEdits(c.Edits)
	wanted := slices.DeleteFunc(slices.Clone(c.Edits), func(r models.EditRecord) bool {
		return before > 0 && r.ID >= before || in.Fate != "" && r.Fate != models.EditFate(in.Fate)
	})
	slices.Reverse(wanted)
	wanted, out.Body.Next, err = cutPage(wanted, in.Limit, func(last models.EditRecord) (string, error) { return cursorTo(list, last.ID) })
	for _, r := range wanted {
		out.Body.Edits = append(out.Body.Edits, newEdit(r))
	}
	return out, err
}

func (c Change) model() models.Edit {
	return models.Edit{Kind: c.Kind, Span: models.Span{StartMS: c.StartMS, EndMS: c.EndMS}, Before: c.Before, After: c.After}
}

func newChange(e models.Edit) Change { return Change{e.Kind, e.StartMS, e.EndMS, e.Before, e.After} }

// newEdit tells a change. Its words are gone already where they are kept from everybody.
func newEdit(r models.EditRecord) Edit {
	e := Edit{
		Change: newChange(r.Edit), ID: r.ID, By: r.By, RuleID: r.RuleID, At: r.At.UTC(), UndoneAt: known(r.UndoneAt), UndoneBy: r.UndoneBy, Fate: r.Fate,
		Private: r.Kind != models.EditRename && r.Before == "",
	}
	if r.Now != (models.Span{}) {
		e.Now = &r.Now
	}
	return e
}

func newEditProblem(c *models.EditConflictError) *EditProblem {
	p := &EditProblem{Wanted: newChange(c.Wanted), Now: notNil(c.Now)}
	p.Title, p.Status, p.Detail = http.StatusText(http.StatusConflict), http.StatusConflict, c.Error()
	for i := range p.Now {
		p.Now[i].Words = notNil(p.Now[i].Words)
	}
	return p
}

// countEdits counts the changes that count, and those of them whose place was not found.
func countEdits(edits []models.EditRecord) (count, unfit int) {
	for _, r := range edits {
		if r.Fate != models.FateUndone {
			count++
		}
		if r.Fate == models.FateUnfit {
			unfit++
		}
	}
	return count, unfit
}

// newChanged tells what was transcribed where words are written otherwise now, in order of time.
func newChanged(c models.Corrected) []ChangedWords {
	out := []ChangedWords{}
	for _, r := range c.Edits {
		if r.Kind == models.EditText && r.Now != (models.Span{}) {
			out = append(out, ChangedWords{r.Now, r.Before})
		}
	}
	for _, p := range c.Places {
		out = append(out, ChangedWords{p.Span, p.Before})
	}
	out = slices.DeleteFunc(out, func(w ChangedWords) bool { return w.Was == "" }) // kept from everybody
	slices.SortStableFunc(out, func(a, b ChangedWords) int { return cmp.Compare(a.StartMS, b.StartMS) })
	return out
}

// revisionOf names a text with its times and speakers: another one has another name.
func revisionOf(segments []models.Segment) string {
	h := fnv.New64a()
	for _, s := range segments {
		fmt.Fprintf(h, "%d %d %q %t %q\n", s.StartMS, s.EndMS, s.Speaker, s.Doubtful, s.Text)
		for _, w := range s.Words {
			fmt.Fprintf(h, "%d %d %s %s\n", w.StartMS, w.EndMS, w.Text, w.By)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
