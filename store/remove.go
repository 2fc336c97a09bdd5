package store

import (
	"cmp"
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// storedPrefix begins the location of a recording that was stored before its episode was: the key follows.
const storedPrefix = "media:"

// storedBefore is the key of a recording that was stored before its episode was, or "".
func (r *episodeRow) storedBefore() string {
	key, stored := strings.CutPrefix(r.EnclosureLocation, storedPrefix)
	if !stored {
		return ""
	}
	return key
}

// DeleteShow removes a show with all that the archive has of it: episodes, transcripts, jobs, what happened to them, and the stored
// recordings that no other show's episode has too. An attempt that is running loses its lease. Files that the recordings were copied from stay where
// they are. It returns how many episodes there were.
func (s *Store) DeleteShow(ctx context.Context, id models.ShowID) (int, error) {
	var episodes []episodeRow
	err := s.write(ctx, "removing a show", func(ctx context.Context, tx bun.Tx) error {
		if _, err := show(ctx, tx, id); err != nil {
			return err
		}
		if err := tx.NewSelect().Model(&episodes).Column("id", "media_key", "enclosure_location").Where("show_id = ?", id).Order("id").Scan(ctx); err != nil {
			return err
		}
		ids := make([]models.EpisodeID, len(episodes))
		var keys []string
		targets := []string{string(id)}
		for i, e := range episodes {
			ids[i] = e.ID
			targets = append(targets, string(e.ID))
			if key := cmp.Or(e.MediaKey, e.storedBefore()); key != "" {
				keys = append(keys, key)
			}
		}
		err := chunks(targets, 500, func(targets []string) error {
			_, err := tx.NewDelete().Table("river_job").Where(s.e.target+" IN (?)", bun.List(targets)).Exec(ctx)
			if err == nil {
				_, err = tx.NewDelete().Table("progress").Where("episode_id IN (?) OR show_id IN (?)", bun.List(targets), bun.List(targets)).Exec(ctx)
			}
			return err
		})
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model(&showRow{ID: id}).WherePK().Exec(ctx); err != nil { // its episodes go with it
			return err
		}
		// What happened to them has their titles, and nobody could tell any more whom those are for.
		if _, err := tx.NewRaw("DELETE FROM events WHERE "+s.e.concerns+" = ?", id).Exec(ctx); err != nil {
			return err
		}
		if err := s.unwanted(ctx, tx, keys...); err != nil {
			return err
		}
		return s.changed(ctx, tx, true, ids...)
	})
	if err != nil {
		return 0, err
	}
	for _, e := range episodes {
		if err := s.media.forget(e.ID); err != nil {
			s.log.WarnContext(ctx, "a partial download could not be removed", "episode_id", e.ID, "error", err)
		}
	}
	if err := s.dropUnwanted(ctx); err != nil {
		s.log.WarnContext(ctx, "recordings of a removed show could not be removed, they will be when work starts again", "show_id", id, "error", err)
	}
	return len(episodes), nil
}
