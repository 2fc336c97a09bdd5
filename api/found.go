package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// How much of what was found is told.
const (
	mostSkipped   = 50
	mostPreviewed = 20
)

// Preview is what was found at an address, or in a list of feeds.
type Preview struct {
	Show  *PreviewShow  `json:"show,omitempty" doc:"Absent where there is a list of feeds"`
	Feeds []PreviewFeed `json:"feeds" doc:"Of a list of feeds"`
}

// PreviewFeed is a feed in a list.
type PreviewFeed struct {
	Title string `json:"title" doc:"As the list calls it"`
	URL   string `json:"url" doc:"As the list has it"`
}

// PreviewShow is a show that could be added.
type PreviewShow struct {
	ID          models.ShowID    `json:"id" doc:"That it would have, or has"`
	Title       string           `json:"title"`
	Author      string           `json:"author,omitempty"`
	Description string           `json:"description,omitempty" doc:"Plain text"`
	Language    string           `json:"language,omitempty" doc:"As published"`
	Link        string           `json:"link,omitempty"`
	Known       bool             `json:"known" doc:"It is in the archive already"`
	Private     bool             `json:"private" doc:"Its server was told a password or token, which is kept for it"`
	Locked      bool             `json:"locked" doc:"The publisher asks other hosting companies not to import it"`
	Total       int              `json:"total" doc:"Episodes that the feed offers"`
	AudioMS     int64            `json:"audio_ms" doc:"Length of all, as far as the feed says it"`
	Added       int              `json:"added" doc:"Episodes that would be fetched"`
	AddedMS     int64            `json:"added_ms" doc:"Length of these, as far as the feed says it"`
	Here        int              `json:"here" doc:"Episodes that are in the archive"`
	Unwanted    int              `json:"unwanted" doc:"Episodes that the settings leave out"`
	Transcripts int              `json:"transcripts" doc:"Episodes of which the publisher offers a transcript"`
	Oldest      *time.Time       `json:"oldest,omitempty" doc:"When the first of them was published"`
	Newest      []PreviewEpisode `json:"newest" doc:"The newest 20, or all"`
	Skipped     []models.Skip    `json:"skipped" doc:"What does not become an episode, and why; the first 50"`
}

// PreviewEpisode is an episode that a feed offers.
type PreviewEpisode struct {
	Title       string     `json:"title"`
	PublishedAt *time.Time `json:"published_at,omitempty"`
	DurationMS  int64      `json:"duration_ms,omitempty"`
	Added       bool       `json:"added" doc:"It would be fetched"`
}

func (s *server) previewShow(ctx context.Context, in *previewInput) (*struct{ Body Preview }, error) {
	out := &struct{ Body Preview }{Preview{Feeds: []PreviewFeed{}}}
	if in.Body.OPML != "" {
		feeds, err := s.Sources.Feeds(in.Body.OPML)
		if err != nil {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		out.Body.Feeds = previewFeeds(feeds)
		return out, nil
	}
	found, err := s.found(ctx, in.Body.Address)
	var list interface {
		error
		Subscriptions() []models.Subscription
	}
	if errors.As(err, &list) {
		out.Body.Feeds = previewFeeds(list.Subscriptions())
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	was, known, err := s.known(ctx, found.Show.ID)
	if err != nil {
		return nil, err
	}
	found.Show.Settings = was.Settings
	if err := s.checked(in.Body.Settings, &found.Show.Settings, found.Show.Source.Kind); err != nil {
		return nil, err
	}
	saved, err := s.Owner.Plan(ctx, found.Show, found.Episodes)
	if err != nil {
		return nil, err
	}
	out.Body.Show = newPreview(found, saved, known, in.Body.All)
	return out, nil
}

func previewFeeds(feeds []models.Subscription) []PreviewFeed {
	out := make([]PreviewFeed, len(feeds))
	for i, f := range feeds {
		out[i] = PreviewFeed{f.Title, string(f.Location)} // whoever gave the list has it
	}
	return out
}

func newPreview(found models.Listing, saved models.Saved, here, all bool) *PreviewShow {
	w := found.Show
	p := &PreviewShow{
		ID: w.ID, Title: w.Title, Author: w.Author, Description: plainText(w.Description), Language: w.Language, Link: webLink(w.Link), Known: here,
		Private: !w.Source.Access.IsZero(), Locked: w.Locked, Total: len(found.Episodes), Here: saved.Unchanged + saved.Updated,
		Unwanted: saved.Unwanted, Newest: []PreviewEpisode{}, Skipped: firstOf(found.Skipped, mostSkipped),
	}
	added := make(map[models.EpisodeID]bool, len(saved.NewEpisodes))
	for _, id := range saved.NewEpisodes {
		added[id] = true
	}
	episodes := slices.Clone(found.Episodes)
	slices.SortStableFunc(episodes, func(a, b models.Episode) int { return b.PublishedAt.Compare(a.PublishedAt) })
	for i, e := range episodes {
		p.AudioMS += e.Enclosure.DurationMS
		if added[e.ID] {
			p.Added++
			p.AddedMS += e.Enclosure.DurationMS
		}
		if len(e.Transcripts) > 0 {
			p.Transcripts++
		}
		if at := known(e.PublishedAt); at != nil {
			p.Oldest = at
		}
		if all || i < mostPreviewed {
			p.Newest = append(p.Newest, PreviewEpisode{e.Title, known(e.PublishedAt), e.Enclosure.DurationMS, added[e.ID]})
		}
	}
	return p
}
