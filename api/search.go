package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// anyText makes a query that holds bytes of no character one that the index can print back.
func anyText(q string) string { return strings.ToValidUTF8(q, "\uFFFD") }

type searchInput struct {
	Query   string      `query:"q" required:"true" maxLength:"1000" doc:"What to look for; any text is a valid query" example:"\"error budgets\" OR on-call"`
	Sort    models.Sort `query:"sort" enum:"relevance,newest,oldest" default:"relevance" doc:"Order of the episodes"`
	Limit   int         `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Episodes to return"`
	Offset  int         `query:"offset" minimum:"0" maximum:"1000000" default:"0" doc:"Episodes to skip"`
	Moments int         `query:"moments" minimum:"1" maximum:"1000" default:"5" doc:"Greatest number of moments to return with each episode"`

	MomentsOffset int    `query:"moments_offset" minimum:"-1" maximum:"10000000" default:"0" doc:"0: the best moments. -1: the first ones as they are spoken. More: as they are spoken, after skipping so many. With episode, this pages through all that one episode has"`
	EpisodeID     string `query:"episode" maxLength:"16" doc:"Search in this episode only"`
	Facets        bool   `query:"facets" doc:"Count the matching episodes by show, year, speaker and language"`
	Strict        bool   `query:"strict" doc:"Only what is typed: neither other spellings of names, nor what sounds like them, nor, where nothing matches, what comes nearest"`
}

func (s *server) registerSearch(h huma.API) {
	op := get("search", "/api/v1/search", "Find what was said")
	op.Errors = []int{http.StatusNotFound}
	register(s, h, searching(op), s.search)

	complete := get("complete", "/api/v1/complete", "Ways to go on with a query that is being typed")
	register(s, h, searching(complete), s.complete)

	mentions := get("get-mentions", "/api/v1/mentions", "Matches of a query over time")
	register(s, h, searching(mentions), s.mentions)
}

// searching describes an operation that searches.
func searching(op huma.Operation) huma.Operation {
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusServiceUnavailable)
	return op
}

func (s *server) search(ctx context.Context, in *searchInput) (*struct{ Body Results }, error) {
	q := models.Query{
		Text: anyText(in.Query), Sort: in.Sort, Limit: in.Limit, Offset: in.Offset,
		Moments: in.Moments, MomentsOffset: in.MomentsOffset, EpisodeID: models.EpisodeID(in.EpisodeID),
		Facets: in.Facets, Strict: in.Strict,
	}
	if q.EpisodeID != "" {
		if err := validEpisodeID(in.EpisodeID); err != nil {
			return nil, err
		}
	}
	results, err := s.answer(ctx, q)
	if err != nil {
		return nil, err
	}
	return &struct{ Body Results }{results}, nil
}

// answer answers a query with the episodes that are found.
func (s *server) answer(ctx context.Context, q models.Query) (Results, error) {
	found, err := s.Searcher.Search(ctx, q)
	if err != nil {
		return Results{}, fmt.Errorf("searching %q: %w", q.Text, err)
	}
	ids := make([]models.EpisodeID, len(found.Hits))
	for i, hit := range found.Hits {
		ids[i] = hit.EpisodeID
	}
	episodes, err := s.inShort(ctx, ids)
	if err != nil {
		return Results{}, err
	}
	out := newResults(found)
	for _, hit := range found.Hits {
		e, ok := episodes[hit.EpisodeID]
		if !ok { // deleted a moment ago: the index follows the catalogue
			continue
		}
		out.Hits = append(out.Hits, newHit(hit, e))
	}
	return out, nil
}

type completeInput struct {
	Query string `query:"q" required:"true" maxLength:"1000" doc:"The query as far as it is typed" example:"show:micro ensp"`
	Limit int    `query:"limit" minimum:"1" maximum:"50" default:"8" doc:"Greatest number of completions"`
}

// Completions are ways to go on with a query.
type Completions struct {
	Completions []models.Completion `json:"completions" doc:"Best first; query is the whole query with the completion in place of its last word"`
}

func (s *server) complete(ctx context.Context, in *completeInput) (*struct{ Body Completions }, error) {
	list, err := s.Searcher.Complete(ctx, models.Query{Text: anyText(in.Query), Limit: in.Limit})
	if err != nil {
		return nil, fmt.Errorf("completing %q: %w", in.Query, err)
	}
	return &struct{ Body Completions }{Completions{notNil(list)}}, nil
}

type mentionsInput struct {
	Query  string `query:"q" required:"true" maxLength:"1000" doc:"What to look for; any text is a valid query" example:"enspiral"`
	Strict bool   `query:"strict" doc:"Where nothing matches, do not count what comes nearest"`
}

func (s *server) mentions(ctx context.Context, in *mentionsInput) (*struct{ Body models.Mentions }, error) {
	m, err := s.Searcher.Mentions(ctx, models.Query{Text: anyText(in.Query), Strict: in.Strict})
	if err != nil {
		return nil, fmt.Errorf("counting the mentions of %q: %w", in.Query, err)
	}
	m.Months = notNil(m.Months)
	return &struct{ Body models.Mentions }{m}, nil
}
