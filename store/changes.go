package store

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Changes returns the changes after number after, in order, at most limit of them (1 to 10,000; 0 means 1,000). A change
// of an episode that changed again since is left out: only its newest number counts.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]models.Change, error) {
	if limit <= 0 {
		limit = 1000
	}
	var rows []changeRow
	err := s.e.read.NewSelect().Model(&rows).Where("seq > ?", after).Order("seq").Limit(int64(min(limit, 10000))).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading changes: %w", s.e.explain(err))
	}
	changes := make([]models.Change, len(rows))
	for i, r := range rows {
		changes[i] = models.Change{Seq: r.Seq, EpisodeID: r.EpisodeID, Deleted: r.Deleted}
	}
	return changes, nil
}

// LastChange returns the number of the newest change, 0 in an empty archive. [models.ErrNewerData] says that a newer program
// has migrated the archive meanwhile: this one must not go on.
func (s *Store) LastChange(ctx context.Context) (int64, error) {
	var last, version int64
	err := s.e.read.NewRaw("SELECT value, ("+newestVersion+") FROM counters WHERE name = 'change'").Scan(ctx, &last, &version)
	if err == nil && version > s.e.version {
		err = newerTables(version, s.e.version)
	}
	if err != nil {
		return 0, fmt.Errorf("reading the newest change: %w", s.e.explain(err))
	}
	return last, nil
}

// Hear calls heard soon after every change that anybody makes, until ctx ends. What is heard may come late or twice, and
// where the engine cannot tell, nothing is: look from time to time as well.
func (s *Store) Hear(ctx context.Context, heard func()) {
	if s.e.listen == nil {
		return
	}
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		err := s.e.listen(ctx, func() { wait = time.Second; heard() })
		if ctx.Err() != nil {
			return
		}
		s.log.WarnContext(ctx, "the connection on which changes are announced has ended, trying again", "error", s.e.explain(err), "wait", wait)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// changed gives the episodes the next numbers of the change sequence. The counter's row stays locked until tx ends, so
// that nobody can see a number before all smaller ones can be seen.
func (s *Store) changed(ctx context.Context, tx bun.Tx, deleted bool, ids ...models.EpisodeID) error {
	if len(ids) == 0 {
		return nil
	}
	var last int64
	err := tx.NewRaw("UPDATE counters SET value = value + ? WHERE name = 'change' RETURNING value", len(ids)).Scan(ctx, &last)
	if err != nil {
		return fmt.Errorf("numbering a change: %w", err)
	}
	rows := make([]changeRow, len(ids))
	for i, id := range ids {
		rows[i] = changeRow{EpisodeID: id, Seq: last - int64(len(ids)-1-i), Deleted: deleted}
	}
	if s.e.announce != nil {
		if err := s.e.announce(ctx, tx); err != nil {
			return fmt.Errorf("announcing a change: %w", err)
		}
	}
	return chunks(rows, 500, func(rows []changeRow) error {
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT (episode_id) DO UPDATE").
			Set("seq = EXCLUDED.seq").Set("deleted = EXCLUDED.deleted").Exec(ctx)
		return err
	})
}

// Document returns all that the search index needs of an episode, as it was at one moment.
func (s *Store) Document(ctx context.Context, id models.EpisodeID) (models.Document, error) {
	var d models.Document
	err := s.read(ctx, "reading an episode for the index", func(ctx context.Context, tx bun.Tx) error {
		e, err := episode(ctx, tx, id)
		if err != nil {
			return err
		}
		show, err := show(ctx, tx, e.ShowID)
		if err != nil {
			return err
		}
		d = models.Document{Show: show, Episode: e}
		r, err := currentRow(ctx, tx, id, models.TaskTranscribe)
		if err != nil || r == nil {
			return err
		}
		c, err := s.corrected(ctx, tx, r)
		d.Transcript, d.Rules = c.Transcript, c.Rules()
		return err
	})
	return d, err
}
