package api

import (
	"context"
	"math"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// Reviewer knows which passages somebody should listen to.
type Reviewer interface {
	// Doubts lists passages that are in doubt, the most worth first.
	Doubts(ctx context.Context, f models.ReviewFilter) ([]models.Review, error)
	// CountDoubts counts what there is to review.
	CountDoubts(ctx context.Context, f models.ReviewFilter) (models.ReviewCount, error)
	// Confirm notes that somebody found a passage right.
	Confirm(ctx context.Context, c models.Confirmed) error
}

type reviewInput struct {
	Paged

	Episode string `query:"episode" maxLength:"16" doc:"Only passages of this episode"`
}

type confirmInput struct {
	Body Confirmation
}

// Confirmation is a passage that somebody listened to and found right.
type Confirmation struct {
	EpisodeID string       `json:"episode_id" minLength:"1" maxLength:"16"`
	StartMS   int64        `json:"start_ms" minimum:"0"`
	EndMS     int64        `json:"end_ms" minimum:"1"`
	Doubt     models.Doubt `json:"doubt" enum:"decoder,loop,name,gap,edit"`
	Text      string       `json:"text" maxLength:"8000" doc:"As in the list: where other words come to stand there, they are in doubt again"`
}

// Reviews is a part of what is to be reviewed.
type Reviews struct {
	Passages []Review `json:"passages" doc:"Those first of which a minute of listening sets most right"`
	Next     string   `json:"next,omitempty" doc:"Cursor of the page that follows; absent from the last one"`
	Left     int      `json:"left" doc:"All that are in doubt, at most 10,000"`
	Unread   int      `json:"unread" doc:"Episodes that were not looked through since they changed"`
}

// Review is a passage that somebody should listen to.
type Review struct {
	models.Span

	Episode   Episode      `json:"episode"`
	Doubt     models.Doubt `json:"doubt" enum:"decoder,loop,name,gap,edit" doc:"The decoder's result looks bad; the same words come again and again; a word sounds like a known name; words are spread over too much time, or too little; a change has lost its place"`
	Text      string       `json:"text"`
	Suggested string       `json:"suggested,omitempty" doc:"The name that it sounds like, or what somebody wrote"`
	Worth     float64      `json:"worth" doc:"How many words a minute of listening would set right, about"`
}

// reviewPlace is a place in the list of what is to be reviewed, as cursors have it.
type reviewPlace struct {
	Worth   float64          `json:"w"`
	ID      models.EpisodeID `json:"id"`
	StartMS int64            `json:"ms"`
	Doubt   models.Doubt     `json:"d"`
}

func (s *server) registerReview(h huma.API) {
	list := asking(needWrite, get("list-review", "/api/v1/review", "Passages that may be wrong, for somebody to listen to"))
	list.Errors = []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	register(s, h, list, s.review)
	confirm := change("confirm-review", "/api/v1/review/confirm", "Say that a passage is right as it is")
	confirm.DefaultStatus = http.StatusNoContent
	confirm.Errors = append(confirm.Errors, http.StatusUnprocessableEntity)
	register(s, h, confirm, s.confirm)
}

func (s *server) review(ctx context.Context, in *reviewInput) (*struct{ Body Reviews }, error) {
	const list = "review"
	var p reviewPlace
	err := readCursor(list, in.Cursor, &p, func() bool { return models.ValidID(string(p.ID)) && !math.IsInf(p.Worth, 0) && len(p.Doubt) < 20 })
	if err != nil {
		return nil, err
	}
	f := models.ReviewFilter{Limit: in.Limit + 1, After: models.ReviewPlace{Worth: p.Worth, EpisodeID: p.ID, StartMS: p.StartMS, Doubt: p.Doubt}}
	if in.Episode != "" {
		e, err := s.episodeOf(ctx, in.Episode)
		if err != nil {
			return nil, err
		}
		f.EpisodeID = e.ID
	}
	if f.Hidden, err = s.everything.hidden(ctx); err != nil {
		return nil, err
	}
	passages, err := s.Owner.Doubts(ctx, f)
	if err != nil {
		return nil, err
	}
	n, err := s.Owner.CountDoubts(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body Reviews }{Reviews{Passages: []Review{}, Left: n.Passages, Unread: n.Unread}}
	passages, out.Body.Next, err = cutPage(passages, in.Limit, func(last models.Review) (string, error) {
		return cursorTo(list, reviewPlace{last.Worth, last.EpisodeID, last.StartMS, last.Doubt})
	})
	if err != nil {
		return nil, err
	}
	out.Body.Passages, err = s.newReviews(ctx, passages)
	return out, err
}

// newReviews tells passages with their episodes.
func (s *server) newReviews(ctx context.Context, passages []models.Review) ([]Review, error) {
	ids := make([]models.EpisodeID, len(passages))
	for i, p := range passages {
		ids[i] = p.EpisodeID
	}
	episodes, err := s.inShort(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := []Review{}
	for _, p := range passages {
		if e, ok := episodes[p.EpisodeID]; ok { // else it was removed meanwhile
			out = append(out, Review{p.Span, e, p.Doubt, p.Text, p.Like, math.Round(p.Worth*10) / 10})
		}
	}
	return out, nil
}

func (s *server) confirm(ctx context.Context, in *confirmInput) (*struct{}, error) {
	e, err := s.episodeOf(ctx, in.Body.EpisodeID)
	if err != nil {
		return nil, err
	}
	c := models.Confirmed{
		EpisodeID: e.ID, Span: models.Span{StartMS: in.Body.StartMS, EndMS: in.Body.EndMS}, Doubt: in.Body.Doubt, Text: in.Body.Text, By: callerOf(ctx).name,
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	return nil, s.Owner.Confirm(ctx, c)
}
