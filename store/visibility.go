package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// SetShowVisibility says who may see a show.
func (s *Store) SetShowVisibility(ctx context.Context, id models.ShowID, v models.Visibility) error {
	if err := v.Check(); err != nil {
		return err
	}
	return s.write(ctx, "setting who may see a show", func(ctx context.Context, tx bun.Tx) error {
		n, err := affected(tx.NewRaw("UPDATE shows SET visible_to = ? WHERE id = ?", v, id).Exec(ctx))
		if err == nil && n == 0 {
			return fmt.Errorf("show %s: %w", id, models.ErrNotFound)
		}
		if err != nil || v == models.VisibleToEveryone {
			return err
		}
		return unname(ctx, tx, id)
	})
}

// unname takes the names of a show and of its episodes out of what is said of the same recordings in other shows.
func unname(ctx context.Context, tx bun.Tx, id models.ShowID) error {
	var rows []episodeRow
	err := tx.NewSelect().Model(&rows).Column("id", "media_warning").Where("show_id <> ?", id).Where("media_warning <> ''").
		Where("media_sha256 IN (SELECT media_sha256 FROM episodes WHERE show_id = ? AND media_sha256 <> '')", id).Scan(ctx)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if before, _, named := strings.Cut(r.MediaWarning, sameRecording); named {
			if _, err := tx.NewRaw("UPDATE episodes SET media_warning = ? WHERE id = ?", before+sameRecording+"another one in the archive", r.ID).Exec(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// Hidden lists the shows that somebody does not see who sees as far as v, by identifier.
func (s *Store) Hidden(ctx context.Context, v models.Visibility) ([]models.ShowID, error) {
	beyond := v.Beyond()
	if len(beyond) == 0 {
		return nil, nil
	}
	var ids []models.ShowID
	// The first condition is that of the index.
	err := s.e.read.NewRaw("SELECT id FROM shows WHERE visible_to <> 'everyone' AND visible_to IN (?) ORDER BY id", bun.List(beyond)).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("reading which shows are hidden: %w", s.e.explain(err))
	}
	return ids, nil
}

// withhold takes what there is of some shows out of a status.
func (s *Store) withhold(ctx context.Context, tx bun.Tx, hidden []models.ShowID, st *models.Status) error {
	st.Running = slices.DeleteFunc(st.Running, func(r models.JobProgress) bool { return slices.Contains(hidden, r.ShowID) })
	return chunks(hidden, 500, func(hidden []models.ShowID) error {
		ids := bun.List(hidden)
		n, err := tx.NewSelect().Model((*showRow)(nil)).Where("id IN (?)", ids).Count(ctx)
		if err != nil {
			return err
		}
		st.Shows -= int(n)
		var counted []struct {
			Kind string
			N    int
		}
		err = tx.NewRaw("SELECT state AS kind, count(*) AS n FROM episodes WHERE show_id IN (?) GROUP BY state", ids).Scan(ctx, &counted)
		if err != nil {
			return err
		}
		for _, r := range counted {
			st.Episodes[models.EpisodeState(r.Kind)] -= r.N
		}
		counted = nil
		err = tx.NewRaw(`SELECT queue AS kind, count(*) AS n FROM river_job WHERE state IN (?)
			AND (`+s.e.target+` IN (?) OR `+s.e.target+` IN (SELECT id FROM episodes WHERE show_id IN (?))) GROUP BY queue`,
			bun.List(unfinished()), ids, ids).Scan(ctx, &counted)
		if err != nil {
			return err
		}
		for _, r := range counted {
			kind, _ := queueKind(r.Kind)
			st.Queue[kind] -= r.N
		}
		var ms int64
		err = tx.NewRaw(`SELECT coalesce(sum(duration_ms), 0) FROM transcripts WHERE is_current AND complete AND task = ?
			AND episode_id IN (SELECT id FROM episodes WHERE show_id IN (?))`, models.TaskTranscribe, ids).Scan(ctx, &ms)
		st.AudioMS -= ms
		return err
	})
}
