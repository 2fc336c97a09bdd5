package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// recording is an episode whose audio is stored, and the stretches of it that are kept from everybody: not of all of it.
type recording struct {
	models.Episode

	held []models.Span
}

// tag tells what is heard of the recording from all else that may be.
func (r recording) tag() string {
	if len(r.held) == 0 {
		return r.Media.SHA256
	}
	return r.Media.SHA256 + "-without-" + models.HeldName(r.held)
}

// recorded returns an episode whose audio is stored and may be heard, at least in part. Who opens audio asks here.
func (s *server) recorded(ctx context.Context, id string) (recording, error) {
	if err := validEpisodeID(id); err != nil {
		return recording{}, err
	}
	e, err := s.Catalogue.Episode(ctx, models.EpisodeID(id))
	if err != nil {
		return recording{}, fmt.Errorf("reading episode %s: %w", id, err)
	}
	passages, err := s.Catalogue.PrivateIn(ctx, []models.EpisodeID{e.ID})
	if err != nil {
		return recording{}, fmt.Errorf("reading what is private in episode %s: %w", id, err)
	}
	held := models.Held(passages[e.ID], e.Media.SHA256, time.Now())
	switch {
	case models.Whole(held):
		return recording{}, privateWhole(ctx, e, passages[e.ID])
	case e.AudioNotKept():
		return recording{}, huma.Error410Gone("the audio of this episode was not kept, as the settings of its show ask: transcribing it again fetches it anew")
	case e.Media.Key == "":
		return recording{}, huma.Error404NotFound("the audio of this episode is not here yet")
	}
	return recording{e, held}, nil
}

// privateWhole is what those are told who want to hear a recording of which nothing may be heard. Others than those who can change
// that are told nothing.
func privateWhole(ctx context.Context, e models.Episode, passages []models.Private) error {
	if !callerOf(ctx).may(needWrite) {
		return fmt.Errorf("the audio of episode %s: %w", e.ID, models.ErrNotFound)
	}
	lost := slices.ContainsFunc(passages, func(p models.Private) bool { return p.Lost(e.Media.SHA256) && p.Holds(time.Now()) })
	if lost {
		return huma.Error404NotFound("all of this recording is kept private: a passage of it was marked as private, and the recording was replaced after that. " +
			"Mark the passage anew in the recording that is here now, or lift it")
	}
	return huma.Error404NotFound("all of this recording is kept private, until that is lifted")
}

// heldOf returns the stretches of an episode that are kept from everybody.
func (s *server) heldOf(ctx context.Context, e models.Episode) ([]models.Span, error) {
	held, err := s.heldIn(ctx, e)
	return held[e.ID], err
}

// heldIn returns the stretches of episodes that are kept from everybody, of those that have some.
func (s *server) heldIn(ctx context.Context, episodes ...models.Episode) (map[models.EpisodeID][]models.Span, error) {
	ids := make([]models.EpisodeID, len(episodes))
	for i, e := range episodes {
		ids[i] = e.ID
	}
	passages, err := s.Catalogue.PrivateIn(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading what is private: %w", err)
	}
	held, now := map[models.EpisodeID][]models.Span{}, time.Now()
	for _, e := range episodes {
		if spans := models.Held(passages[e.ID], e.Media.SHA256, now); len(spans) > 0 {
			held[e.ID] = spans
		}
	}
	return held, nil
}

// within returns what is held as far as a recording goes, where that is known.
func within(held []models.Span, durationMS int64) []models.Span {
	out := make([]models.Span, 0, len(held))
	for _, s := range held {
		if s.EndMS >= models.Forever {
			s.EndMS = max(durationMS, s.StartMS)
		}
		out = append(out, s)
	}
	return out
}
