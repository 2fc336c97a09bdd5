package pipeline

import (
	"context"
	"fmt"

	"github.com/earshot/earshot/models"
)

// Poll looks at a show's source and stores what is new; new episodes get their download jobs in the same transaction.
func (p *Pipeline) Poll(ctx context.Context, lease models.Lease, job models.PollJob, _ func(done, total int64)) error {
	show, err := p.o.Catalogue.Show(ctx, job.ShowID)
	if err != nil {
		return fmt.Errorf("polling show %s: %w", job.ShowID, err)
	}
	found, unchanged, err := p.o.Sources.Look(ctx, show.Source)
	if err != nil {
		return fmt.Errorf("looking for new episodes of %q: %w", show.Title, err)
	}
	if unchanged {
		found.Show = show
	}
	saved, err := p.o.Catalogue.Polled(ctx, lease, found.Show, found.Episodes)
	if err != nil {
		return fmt.Errorf("storing the episodes of %q: %w", show.Title, err)
	}
	p.o.Logger.InfoContext(ctx, "polled", "show", show.ID, "new", len(saved.NewEpisodes), "updated", saved.Updated, "skipped", len(found.Skipped))
	return nil
}
