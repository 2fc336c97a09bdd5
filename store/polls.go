package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// PollFailed records under the lease of the job that looked why a show's source could not be read, and when it is due again.
func (s *Store) PollFailed(ctx context.Context, lease models.Lease, id models.ShowID, f models.PollFailure) error {
	return s.fenced(ctx, lease, "recording a failed poll", func(ctx context.Context, tx bun.Tx) error {
		now := toMS(s.now())
		q := tx.NewUpdate().Model((*showRow)(nil)).Set("problem = ?", reason(f.Reason)).Set("problem_at = ?", now).
			Set("poll_failures = poll_failures + 1").Set("next_poll_at = ?", toMS(f.Next)).Where("id = ?", id)
		if f.Ended {
			q = q.Set("ended_at = ?", now)
		}
		n, err := affected(q.Exec(ctx))
		if err == nil && n == 0 {
			return fmt.Errorf("show %s: %w", id, models.ErrNotFound)
		}
		return err
	})
}

// SetShowSource gives a show that comes from a feed another address and what its server wants to be told. The feed is due at once,
// also one that was gone. A show of recordings is [models.ErrConflict]: it would lose what tells that they are the only ones.
func (s *Store) SetShowSource(ctx context.Context, id models.ShowID, location models.Location, access models.Access) error {
	secrets, err := access.Reveal()
	if err != nil {
		return err
	}
	return s.write(ctx, "setting where a show comes from", func(ctx context.Context, tx bun.Tx) error {
		was, err := show(ctx, tx, id)
		if err != nil {
			return err
		}
		if k := was.Source.Kind; k != models.SourceFeed && k != models.SourceFeedFile {
			return models.Explain(models.ErrConflict, "%q has recordings of its own: add the feed as a show beside it", was.Title)
		}
		r := &showRow{ID: id, SourceKind: models.SourceFeed, SourceLocation: clean(string(location)), Secrets: secrets, NextPollAt: toMS(s.now())}
		_, err = tx.NewUpdate().Model(r).Column("source_kind", "source_location", "secrets", "etag", "last_modified", "next_poll_at",
			"poll_failures", "ended_at", "problem", "problem_at").WherePK().Exec(ctx)
		return err
	})
}

// Recognise returns the listing of a feed as one of the show that it belongs to: a show keeps its identifier when its feed moves.
// A feed that has the podcast:guid of a show whose feed is elsewhere is [models.ErrInvalid]: anybody can write that, and only
// the owner can tell whether it is the show's new home. Where the show is, or may be, one of the hidden ones, the error is
// [models.ErrNotFound] and names nothing of it.
func (s *Store) Recognise(ctx context.Context, found models.Listing, hidden ...models.ShowID) (models.Listing, error) {
	known := func(id models.ShowID) error {
		if slices.Contains(hidden, id) {
			return fmt.Errorf("the show of %s: %w", found.Show.Source.Location, models.ErrNotFound)
		}
		return nil
	}
	if found.Show.Source.Kind != models.SourceFeed {
		return found, known(found.Show.ID)
	}
	var rows []showRow
	err := s.e.read.NewSelect().Model(&rows).Where("source_kind = ?", models.SourceFeed).
		Where("id = ? OR source_location = ? OR (feed_guid <> '' AND feed_guid = ?)", found.Show.ID, string(found.Show.Source.Location), found.Show.FeedGUID).Scan(ctx)
	if err != nil {
		return found, fmt.Errorf("looking for the show of a feed: %w", s.e.explain(err))
	}
	for _, r := range rows {
		if r.SourceLocation == string(found.Show.Source.Location) {
			return found.Of(r.ID), known(r.ID)
		}
	}
	for _, r := range rows {
		if err := known(r.ID); err != nil {
			return found, err
		}
		if r.ID != found.Show.ID {
			return found, models.Explain(models.ErrInvalid, "%q is in the archive already, from %s: where this is its new address, earshot shows set --feed gives it to the show", r.Title, models.Location(r.SourceLocation))
		}
	}
	return found, nil
}
