package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

type episodeInput struct {
	ID string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
}

type episodesInput struct {
	Paged

	ShowID string `query:"show" maxLength:"16" doc:"Only episodes of this show"`
	State  string `query:"state" enum:"queued,downloading,downloaded,transcribing,done,failed" doc:"Only episodes in this state"`
}

// Shows is the list of all shows.
type Shows struct {
	Shows []Show `json:"shows"`
}

// Episodes is a part of a list of episodes.
type Episodes struct {
	Episodes []Episode `json:"episodes" doc:"Newest publication first"`
	Next     string    `json:"next,omitempty" doc:"Cursor of the page that follows; absent from the last one"`
}

type transcriptInput struct {
	ID   string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Task string `query:"task" enum:"transcribe,translate" default:"transcribe" doc:"What was said as it was said, or in English"`
	Kept int64  `query:"kept" minimum:"0" doc:"Another one than the current: its id in the list of transcripts"`
}

func (s *server) registerShows(h huma.API) {
	op := get("list-shows", "/api/v1/shows", "All shows, by title")
	op.Errors = []int{http.StatusInternalServerError}
	register(s, h, op, func(ctx context.Context, _ *struct{}) (*struct{ Body Shows }, error) {
		shows, err := s.Catalogue.Shows(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the shows: %w", err)
		}
		told, err := s.tellShows(ctx, shows)
		return &struct{ Body Shows }{Shows{told}}, err
	})

	one := get("get-show", "/api/v1/shows/{id}", "One show")
	one.Errors = []int{http.StatusNotFound}
	register(s, h, one, func(ctx context.Context, in *showInput) (*struct{ Body Show }, error) {
		id, _, err := s.showOf(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		show, err := s.show(ctx, id)
		return &struct{ Body Show }{show}, err
	})
}

func (s *server) registerEpisodes(h huma.API) {
	list := get("list-episodes", "/api/v1/episodes", "Episodes, newest first")
	list.Errors = []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	register(s, h, list, s.episodes)

	one := get("get-episode", "/api/v1/episodes/{id}", "One episode")
	one.Errors = []int{http.StatusNotFound}
	register(s, h, one, s.episode)

	words := get("get-transcript", "/api/v1/episodes/{id}/transcript", "The current transcript of an episode, with word times")
	words.Errors = []int{http.StatusNotFound}
	register(s, h, words, s.transcript)
}

func (s *server) episodes(ctx context.Context, in *episodesInput) (*struct{ Body Episodes }, error) {
	if in.ShowID != "" && !models.ValidID(in.ShowID) {
		return nil, huma.Error404NotFound("there is no show with this identifier")
	}
	episodes, next, err := s.episodesFrom(ctx, in.Cursor, models.EpisodeFilter{ShowID: models.ShowID(in.ShowID), State: models.EpisodeState(in.State), Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	titles, err := s.Catalogue.ShowTitles(ctx)
	if err != nil {
		return nil, err
	}
	held, err := s.heldIn(ctx, episodes...)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body Episodes }{Episodes{Episodes: []Episode{}, Next: next}}
	for _, e := range episodes {
		out.Body.Episodes = append(out.Body.Episodes, newEpisode(e, titles[e.ShowID], held[e.ID]))
	}
	return out, nil
}

// episodesFrom reads a page of episodes, from a cursor on, and the cursor of the page that follows; "" where there is none.
func (s *server) episodesFrom(ctx context.Context, cursor string, f models.EpisodeFilter) (page []models.Episode, next string, err error) {
	if f.After, err = episodesAfter(cursor); err != nil {
		return nil, "", err
	}
	limit := f.Limit
	f.Limit++ // one more tells whether there are more
	if page, err = s.Catalogue.Episodes(ctx, f); err != nil {
		return nil, "", fmt.Errorf("reading episodes: %w", err)
	}
	return cutPage(page, limit, func(last models.Episode) (string, error) { return EpisodesCursor(last.Place()) })
}

func (s *server) episode(ctx context.Context, in *episodeInput) (*struct{ Body EpisodeDetail }, error) {
	if err := validEpisodeID(in.ID); err != nil {
		return nil, err
	}
	e, err := s.Catalogue.Episode(ctx, models.EpisodeID(in.ID))
	if err != nil {
		return nil, fmt.Errorf("reading episode %s: %w", in.ID, err)
	}
	show, err := s.Catalogue.Show(ctx, e.ShowID)
	if err != nil {
		return nil, fmt.Errorf("reading show %s: %w", e.ShowID, err)
	}
	held, err := s.heldOf(ctx, e)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body EpisodeDetail }{newEpisodeDetail(e, show.Title, held)}
	out.Body.SameAs, err = s.twins(ctx, e)
	return out, err
}

func (s *server) transcript(ctx context.Context, in *transcriptInput) (*struct{ Body Transcript }, error) {
	if err := validEpisodeID(in.ID); err != nil {
		return nil, err
	}
	c, err := s.chosenTranscript(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("reading the transcript of episode %s: %w", in.ID, err)
	}
	tasks, err := s.Catalogue.Tasks(ctx, c.EpisodeID)
	if err != nil {
		return nil, fmt.Errorf("reading which transcripts episode %s has: %w", in.ID, err)
	}
	e, err := s.Catalogue.Episode(ctx, c.EpisodeID)
	if err != nil {
		return nil, fmt.Errorf("reading episode %s: %w", in.ID, err)
	}
	held := c.Private
	if len(held) == 0 {
		if held, err = s.heldOf(ctx, e); err != nil {
			return nil, err
		}
	}
	t := newTranscript(c.Transcript, tasks, within(held, max(e.Media.DurationMS, c.DurationMS)))
	t.Edits, t.Unfit = countEdits(c.Edits)
	if callerOf(ctx).may(needWrite) {
		t.Changed = newChanged(c)
	}
	return &struct{ Body Transcript }{t}, nil
}

// chosenTranscript reads the current transcript with all that was said about it, or the one that is asked for.
func (s *server) chosenTranscript(ctx context.Context, in *transcriptInput) (models.Corrected, error) {
	task := models.TranscriptTask(in.Task)
	if s.Owner == nil || in.Kept == 0 && task == models.TaskTranslate {
		t, err := s.Catalogue.Transcript(ctx, models.EpisodeID(in.ID), task)
		return models.Corrected{Transcript: t}, err
	}
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return models.Corrected{}, err
	}
	if in.Kept == 0 {
		return s.Owner.Corrected(ctx, e.ID)
	}
	t, err := s.Owner.TranscriptByID(ctx, e.ID, in.Kept)
	return models.Corrected{Transcript: t}, err
}

// validEpisodeID says that there is no such episode where id cannot be an identifier at all.
func validEpisodeID(id string) error {
	if !models.ValidID(id) {
		return huma.Error404NotFound("there is no episode with this identifier")
	}
	return nil
}
