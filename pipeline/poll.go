package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/fetch"
)

// Poll looks at a show's source and stores what is new; new episodes get their download jobs in the same transaction, and
// the show the time of its next poll.
func (p *Pipeline) Poll(ctx context.Context, lease models.Lease, job models.PollJob, _ func(done, total int64)) error {
	show, err := p.o.Catalogue.Show(ctx, job.ShowID)
	if err != nil {
		return fmt.Errorf("polling show %s: %w", job.ShowID, err)
	}
	found, err := p.o.Sources.Look(ctx, show, func(episodes []models.Episode) (bool, error) { return p.have(ctx, episodes) })
	if err != nil {
		return p.pollFailed(ctx, lease, show, err)
	}
	published, err := p.published(ctx, found)
	if err != nil {
		return fmt.Errorf("finding the rhythm of %q: %w", show.Title, err)
	}
	now := time.Now()
	found.Show.Source.NextPollAt = now.Add(spread(cmp.Or(p.o.PollEvery, interval(now, published))))
	saved, err := p.o.Catalogue.Polled(ctx, lease, found)
	if err != nil {
		return fmt.Errorf("storing the episodes of %q: %w", show.Title, err)
	}
	show.ImageURL = found.Show.ImageURL
	if err := p.showCover(ctx, lease, show, show.Cover == ""); err != nil {
		return err
	}
	if found.Show.Source.Location != show.Source.Location {
		p.o.Logger.InfoContext(ctx, "a feed has moved for good", "show_id", show.ID, "from", show.Source.Location, "to", found.Show.Source.Location)
	}
	p.o.Logger.InfoContext(ctx, "polled", "show_id", show.ID, "job_id", lease.JobID, "new", len(saved.NewEpisodes), "updated", saved.Updated, "skipped", len(found.Skipped),
		"next", found.Show.Source.NextPollAt)
	return nil
}

// have reports whether all of some episodes are in the archive.
func (p *Pipeline) have(ctx context.Context, episodes []models.Episode) (bool, error) {
	ids := make([]models.EpisodeID, len(episodes))
	for i, e := range episodes {
		ids[i] = e.ID
	}
	known, err := p.o.Catalogue.EpisodesByID(ctx, ids)
	return len(known) == len(episodes), err
}

// published returns when the show's newest episodes were published, as its source says now or did before.
func (p *Pipeline) published(ctx context.Context, found models.Listing) ([]time.Time, error) {
	episodes := found.Episodes
	if len(episodes) == 0 {
		var err error
		episodes, err = p.o.Catalogue.Episodes(ctx, models.EpisodeFilter{ShowID: found.Show.ID, Limit: rhythmOf + 1})
		if err != nil {
			return nil, err
		}
	}
	dates := make([]time.Time, 0, len(episodes))
	for _, e := range episodes {
		dates = append(dates, e.PublishedAt)
	}
	return dates, nil
}

// pollFailed writes down when the feed is due again, and returns why it could not be read.
func (p *Pipeline) pollFailed(ctx context.Context, lease models.Lease, show models.Show, err error) error {
	err = fmt.Errorf("looking for new episodes of %q: %w", show.Title, err)
	if ctx.Err() != nil {
		return err // told to stop
	}
	var status *fetch.StatusError
	answered := errors.As(err, &status)
	wait := spread(patience(cmp.Or(p.o.PollEvery, minInterval), show.Source.Failures+1, answered || errors.Is(err, models.ErrUnusable) || errors.Is(err, models.ErrInvalid)))
	failure := models.PollFailure{}
	if answered {
		wait = max(wait, status.RetryAfter)
		if failure.Ended = status.Gone(); failure.Ended {
			err = models.Explain(models.ErrUnusable, "%w; it is not looked at again by itself: give the show its new address with earshot shows set --feed, or try with earshot shows poll", err)
		}
	}
	failure.Reason, failure.Next = err.Error(), time.Now().Add(wait)
	if serr := p.o.Catalogue.PollFailed(ctx, lease, show.ID, failure); serr != nil {
		return errors.Join(err, serr)
	}
	return err
}
