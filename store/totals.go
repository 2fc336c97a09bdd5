package store

import (
	"context"
	"fmt"

	"github.com/earshot/earshot/models"
)

// ShowTotals adds up what the archive has of each show that has an episode.
func (s *Store) ShowTotals(ctx context.Context) (map[models.ShowID]models.ShowTotals, error) {
	var rows []struct {
		ShowID models.ShowID
		State  models.EpisodeState
		N      int
		MS     int64 `bun:"ms"`
		Bytes  int64
	}
	err := s.e.read.NewRaw(`SELECT show_id, state, count(*) AS n, sum(media_bytes) AS bytes,
			sum(CASE WHEN media_duration_ms > 0 THEN media_duration_ms ELSE enclosure_duration_ms END) AS ms
		FROM episodes GROUP BY show_id, state`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("adding up the shows: %w", s.e.explain(err))
	}
	totals := map[models.ShowID]models.ShowTotals{}
	for _, r := range rows {
		t := totals[r.ShowID]
		t.Episodes += r.N
		t.AudioMS += r.MS
		t.Bytes += r.Bytes
		switch r.State { //nolint:exhaustive // the others are on their way
		case models.EpisodeDone:
			t.Done += r.N
		case models.EpisodeFailed:
			t.Failed += r.N
		}
		totals[r.ShowID] = t
	}
	return totals, nil
}

// StoredBytes says how much the catalogue takes, and how much all recordings do, each counted once.
func (s *Store) StoredBytes(ctx context.Context) (b models.StoredBytes, err error) {
	if err = s.e.read.NewRaw(s.e.size).Scan(ctx, &b.Catalogue); err == nil {
		err = s.e.read.NewRaw(`SELECT coalesce(sum(bytes), 0) FROM (
			SELECT max(media_bytes) AS bytes FROM episodes WHERE media_key <> '' GROUP BY media_key) files`).Scan(ctx, &b.Recordings)
	}
	if err != nil {
		return b, fmt.Errorf("adding up what is stored: %w", s.e.explain(err))
	}
	return b, nil
}

// Twins lists other episodes that have the same recording, the first that was here first.
func (s *Store) Twins(ctx context.Context, id models.EpisodeID) ([]models.Episode, error) {
	const most = 20
	var rows []episodeRow
	err := s.e.read.NewSelect().Model(&rows).Where("media_sha256 <> ''").
		Where("media_sha256 = (SELECT media_sha256 FROM episodes WHERE id = ?)", id).Where("id <> ?", id).
		Order("created_at", "id").Limit(most).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for the same recording: %w", s.e.explain(err))
	}
	return modelsOf(rows)
}

// modelsOf turns rows into episodes.
func modelsOf(rows []episodeRow) ([]models.Episode, error) {
	episodes := make([]models.Episode, len(rows))
	for i := range rows {
		var err error
		if episodes[i], err = rows[i].model(); err != nil {
			return nil, fmt.Errorf("reading the episode %s: %w", rows[i].ID, err)
		}
	}
	return episodes, nil
}
