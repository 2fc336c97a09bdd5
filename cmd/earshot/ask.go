package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/api/remote"
	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/search"
)

// found is a result for printing and for --json. It has the fields of the API's answer that a reader needs.
type found struct {
	Understood  string              `json:"understood"`
	Approximate bool                `json:"approximate"`
	Total       int                 `json:"total"`
	Also        []models.AlsoFound  `json:"also"`
	Alike       int                 `json:"alike"`
	Hits        []foundHit          `json:"hits"`
	Facets      *models.Facets      `json:"facets,omitempty"`
	Suggestions []models.Suggestion `json:"suggestions"`
}

type foundHit struct {
	Episode  foundEpisode    `json:"episode"`
	Score    float64         `json:"score"`
	TitleHit bool            `json:"title_hit"`
	Total    int             `json:"total"`
	Moments  []models.Moment `json:"moments"`
}

type foundEpisode struct {
	ID          models.EpisodeID `json:"id"`
	ShowID      models.ShowID    `json:"show_id"`
	ShowTitle   string           `json:"show_title"`
	Title       string           `json:"title"`
	PublishedAt *time.Time       `json:"published_at,omitempty"`
}

// asker answers queries: the index, or the server that has it open.
type asker func(ctx context.Context, q models.Query) (found, error)

// search asks what f wants to know.
func (c *config) search(cmd *cobra.Command, f func(a catalogue, ask asker) error) (err error) {
	ctx := cmd.Context()
	if c.Server != "" {
		r, err := c.reach(cmd)
		if err != nil {
			return err
		}
		defer r.Close()
		return f(r, r.ask)
	}
	a, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	index, err := a.index(ctx, nil)
	if errors.Is(err, search.ErrInUse) {
		return f(a, func(ctx context.Context, q models.Query) (found, error) { return searchServer(ctx, c.Data, q) })
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	if err := index.CatchUp(ctx, nil); err != nil {
		return fmt.Errorf("bringing the index up to date: %w", err)
	}
	return f(a, func(ctx context.Context, q models.Query) (found, error) {
		results, err := index.Search(ctx, q)
		if err != nil {
			return found{}, err
		}
		return a.describe(ctx, results)
	})
}

// everything asks for all moments of the one episode that q is restricted to.
func (ask asker) everything(ctx context.Context, q models.Query) (found, error) {
	q.Moments, q.MomentsOffset = 1000, -1
	got, err := ask(ctx, q)
	if err != nil || len(got.Hits) == 0 {
		return got, err
	}
	hit := &got.Hits[0]
	for len(hit.Moments) < hit.Total {
		q.MomentsOffset = len(hit.Moments)
		next, err := ask(ctx, q)
		if err != nil {
			return got, err
		}
		if len(next.Hits) == 0 || len(next.Hits[0].Moments) == 0 {
			break // it has become another transcript meanwhile
		}
		hit.Moments = append(hit.Moments, next.Hits[0].Moments...)
	}
	return got, nil
}

// describe adds the titles to results.
func (a *archive) describe(ctx context.Context, r models.Results) (found, error) {
	out := found{
		Understood: r.Understood, Approximate: r.Approximate, Total: r.Total, Also: append([]models.AlsoFound{}, r.Also...), Alike: r.Alike, Hits: []foundHit{}, Facets: r.Facets,
		Suggestions: append([]models.Suggestion{}, r.Suggestions...),
	}
	ids := make([]models.EpisodeID, len(r.Hits))
	for i, h := range r.Hits {
		ids[i] = h.EpisodeID
	}
	episodes, err := a.EpisodesInShort(ctx, ids)
	if err != nil {
		return out, err
	}
	shows, err := a.Shows(ctx)
	if err != nil {
		return out, err
	}
	titles := map[models.ShowID]string{}
	for _, s := range shows {
		titles[s.ID] = s.Title
	}
	for _, h := range r.Hits {
		e, ok := episodes[h.EpisodeID]
		if !ok {
			continue // deleted a moment ago
		}
		f := foundEpisode{ID: e.ID, ShowID: e.ShowID, ShowTitle: titles[e.ShowID], Title: e.Title}
		if !e.PublishedAt.IsZero() {
			f.PublishedAt = &e.PublishedAt
		}
		out.Hits = append(out.Hits, foundHit{Episode: f, Score: h.Score, TitleHit: h.TitleHit, Total: h.Total, Moments: h.Moments})
	}
	return out, nil
}

// ask asks the server.
func (r elsewhere) ask(ctx context.Context, q models.Query) (got found, err error) {
	err = r.Search(ctx, q, &got)
	return got, err
}

// searchServer asks the running server for what the index in its hands holds.
func searchServer(ctx context.Context, data string, q models.Query) (found, error) {
	server, err := announced(data)
	if err != nil {
		return found{}, fmt.Errorf("the search index is in use by another command: try again in a moment (%w)", err)
	}
	r, err := remote.New(remote.Options{URL: server.URL, Token: server.Token, Version: version})
	if err != nil {
		return found{}, err
	}
	defer r.Close()
	got, err := elsewhere{r}.ask(ctx, q)
	if err != nil {
		return found{}, fmt.Errorf("the search index is in use by another command, and its server did not answer: try again in a moment (%w)", err)
	}
	return got, nil
}
