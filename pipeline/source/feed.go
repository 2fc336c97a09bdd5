package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/earshot/earshot/models"
)

// The limits of a feed of several pages: as much as one page may have, and requests that end.
const (
	maxPages     = 200
	maxPageBytes = 64 << 20 // of all pages together
	maxEpisodes  = 50_000
)

// lookAtFeed looks again at a feed on the web.
func (r *Resolver) lookAtFeed(ctx context.Context, show models.Show, have func([]models.Episode) (bool, error)) (Found, error) {
	page, err := r.o.Web.Page(ctx, show.Source)
	if err != nil {
		return Found{}, err
	}
	if page.NotModified {
		show.Source.Location = identity(show.Source, page.Permanent)
		return Found{Show: show, Partial: true}, nil
	}
	if page.Media {
		return Found{}, models.Explain(models.ErrInvalid, "the feed's address now gives a recording instead of a feed")
	}
	found, err := r.parse(show.Source, page)
	if err != nil {
		return Found{}, err
	}
	found = r.follow(ctx, found)
	if a, b := show.FeedGUID, found.Show.FeedGUID; a != "" && b != "" && a != b && found.Show.Source.Location != show.Source.Location {
		return Found{}, models.Explain(models.ErrInvalid, "the feed's address leads to another podcast now (%q): its podcast:guid is a different one", found.Show.Title)
	}
	return r.further(ctx, found.Of(show.ID), len(page.Body), have)
}

// parse reads the feed of a page. The feed is known by the address that it has moved to for good, if it has.
func (r *Resolver) parse(known models.Source, page models.Page) (Found, error) {
	known.Location = identity(known, page.Permanent)
	return r.o.Feeds.Parse(known, page)
}

// follow goes, once, to where a feed says that it lives now (itunes:new-feed-url). It stays where it is when there is no feed
// there, or one of another podcast, or one that points elsewhere itself: a mistake in that element must not lose a show.
func (r *Resolver) follow(ctx context.Context, found Found) Found {
	to := found.MovedTo
	if to == "" || to == found.Show.Source.Location {
		return found
	}
	known := found.Show.Source
	known.Location = identity(known, string(to))
	if known.Location == found.Show.Source.Location {
		return found // on a server that would not be told what this one wants to know
	}
	known.ETag, known.LastModified = "", ""
	page, err := r.o.Web.Page(ctx, known)
	if err != nil || page.Media {
		return found
	}
	moved, err := r.parse(known, page)
	switch {
	case err != nil, moved.MovedTo != "" && moved.MovedTo != to && moved.MovedTo != moved.Show.Source.Location:
		return found
	case !samePodcast(found, moved):
		return found
	}
	return moved
}

// samePodcast tells by the identifier that is made for it, else by an episode that both have.
func samePodcast(a, b Found) bool {
	if a.Show.FeedGUID != "" && b.Show.FeedGUID != "" {
		return a.Show.FeedGUID == b.Show.FeedGUID
	}
	has := map[string]bool{}
	for _, e := range a.Episodes {
		has[e.GUID] = true
	}
	for _, e := range b.Episodes {
		if has[e.GUID] {
			return true
		}
	}
	return false
}

// further adds the episodes of a feed's other pages (RFC 5005) until one has nothing that the archive lacks. size is that of
// the first page, in bytes. A page that is no part of a feed ends it; one that cannot be had for now is an error, because the
// next look would stop at the episodes that are known by then, and never come to it.
func (r *Resolver) further(ctx context.Context, found Found, size int, have func([]models.Episode) (bool, error)) (Found, error) {
	seen := map[models.Location]bool{found.Show.Source.Location: true}
	episodes := map[models.EpisodeID]bool{}
	for _, e := range found.Episodes {
		episodes[e.ID] = true
	}
	next, last := found.NextPage, found.Episodes
	for found.NextPage = ""; next != "" && !seen[next]; {
		if len(seen) >= maxPages || size > maxPageBytes || len(found.Episodes) > maxEpisodes {
			return cutShort(found, len(seen)+1, "it goes on for too long: what is on it and after it is left out"), nil
		}
		if all, err := have(last); all || err != nil {
			found.Partial = true
			return found, err
		}
		seen[next] = true
		more, bytes, err := r.nextPage(ctx, found.Show, next)
		switch {
		case errors.Is(err, models.ErrInvalid), errors.Is(err, models.ErrUnusable):
			return cutShort(found, len(seen), err.Error()), nil
		case err != nil:
			return Found{}, fmt.Errorf("reading page %d of the feed: %w", len(seen), err)
		}
		for _, e := range more.Episodes {
			if !episodes[e.ID] {
				episodes[e.ID] = true
				found.Episodes = append(found.Episodes, e)
			}
		}
		found.Skipped = append(found.Skipped, more.Skipped...)
		size += bytes
		next, last = more.NextPage, more.Episodes
	}
	return found, nil
}

// cutShort is a listing that lacks the pages of a feed from the number-th on.
func cutShort(found Found, number int, why string) Found {
	found.Partial = true
	found.Skipped = append(found.Skipped, models.Skip{Name: fmt.Sprintf("page %d of the feed", number), Reason: why})
	return found
}

// nextPage reads one more page of a show's feed, and tells its size in bytes.
func (r *Resolver) nextPage(ctx context.Context, show models.Show, at models.Location) (Found, int, error) {
	source := show.Source
	source.Location, source.ETag, source.LastModified = at, "", ""
	page, err := r.o.Web.Page(ctx, source)
	if err != nil {
		return Found{}, 0, err
	}
	if page.Media {
		return Found{}, 0, models.Explain(models.ErrInvalid, "it is a recording, not a part of a feed")
	}
	found, err := r.o.Feeds.Parse(source, page)
	return found.Of(show.ID), len(page.Body), err
}
