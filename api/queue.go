package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

type showInput struct {
	ID string `path:"id" doc:"Identifier of a show" example:"0123456789abcdef"`
}

// registerQueue adds what an owner can do with the queue.
func (s *server) registerQueue(h huma.API) {
	pause := change("pause-queue", "/api/v1/queue/pause", "Hold up the queue until it is resumed; what runs stops within seconds and goes on later from where it was")
	pause.Errors = []int{http.StatusForbidden}
	register(s, h, pause, s.onQueue("pausing the queue", s.Catalogue.Pause))
	resume := change("resume-queue", "/api/v1/queue/resume", "Let the queue go on after a pause")
	resume.Errors = []int{http.StatusForbidden}
	register(s, h, resume, s.onQueue("resuming the queue", s.Catalogue.Resume))

	register(s, h, change("pause-show", "/api/v1/shows/{id}/pause", "Hold up a show until it is resumed; what runs of it stops within seconds, it is not looked at for new episodes"),
		s.onShow("pausing", s.Catalogue.Pause))
	register(s, h, change("resume-show", "/api/v1/shows/{id}/resume", "Let a show go on after a pause"), s.onShow("resuming", s.Catalogue.Resume))

	register(s, h, change("do-episode-now", "/api/v1/episodes/{id}/now", "Do an episode before all others, whatever the hours and though its show is paused; a transcription that runs makes room"),
		s.onEpisode("putting first", s.Catalogue.Now))
	register(s, h, change("cancel-episode", "/api/v1/episodes/{id}/cancel", "Take an episode out of the queue; if it has no transcript, it has failed and can be retried"),
		s.onEpisode("cancelling", s.Catalogue.Cancel))
	register(s, h, change("retry-episode", "/api/v1/episodes/{id}/retry", "Try again to fetch or transcribe a failed episode"),
		s.onEpisode("retrying", s.Catalogue.Retry))
}

// change describes an operation that changes what the workers do, which is soon seen in what it answers.
func change(id, path, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, DefaultStatus: http.StatusAccepted,
		Errors: []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}
}

// onQueue answers with the status after a change of the whole queue.
func (s *server) onQueue(doing string, do func(context.Context, models.ShowID) error) func(context.Context, *struct{}) (*struct{ Body Status }, error) {
	return func(ctx context.Context, _ *struct{}) (*struct{ Body Status }, error) {
		if err := do(ctx, ""); err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		return s.status(ctx, nil)
	}
}

// onShow answers with a show after a change of it.
func (s *server) onShow(doing string, do func(context.Context, models.ShowID) error) func(context.Context, *showInput) (*struct{ Body Show }, error) {
	return func(ctx context.Context, in *showInput) (*struct{ Body Show }, error) {
		if !models.ValidID(in.ID) {
			return nil, huma.Error404NotFound("there is no show with this identifier")
		}
		id := models.ShowID(in.ID)
		if err := do(ctx, id); err != nil {
			return nil, fmt.Errorf("%s the show %s: %w", doing, id, err)
		}
		show, err := s.show(ctx, id)
		return &struct{ Body Show }{show}, err
	}
}

// onEpisode answers with an episode after a change of it.
func (s *server) onEpisode(doing string, do func(context.Context, models.EpisodeID) error) func(context.Context, *episodeInput) (*struct{ Body EpisodeDetail }, error) {
	return func(ctx context.Context, in *episodeInput) (*struct{ Body EpisodeDetail }, error) {
		if err := validEpisodeID(in.ID); err != nil {
			return nil, err
		}
		if err := do(ctx, models.EpisodeID(in.ID)); err != nil {
			return nil, fmt.Errorf("%s the episode %s: %w", doing, in.ID, err)
		}
		return s.episode(ctx, in)
	}
}
