package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// storedPrefix begins the location of a recording that was stored before its episode was: the key follows.
const storedPrefix = "media:"

// DeleteShow removes a show with all that the archive has of it: episodes, transcripts, jobs, and the stored recordings that no
// other show's episode has too. An attempt that is running loses its lease. Files that the recordings were copied from stay where
// they are. A crash right after the removal can leave recordings behind that nothing names any more; they do no harm. It returns
// how many episodes there were.
func (s *Store) DeleteShow(ctx context.Context, id models.ShowID) (int, error) {
	var episodes []episodeRow
	err := s.write(ctx, "removing a show", func(ctx context.Context, tx bun.Tx) error {
		if _, err := show(ctx, tx, id); err != nil {
			return err
		}
		if err := tx.NewSelect().Model(&episodes).Column("id", "media_key").Where("show_id = ?", id).Order("id").Scan(ctx); err != nil {
			return err
		}
		ids := make([]models.EpisodeID, len(episodes))
		targets := []string{string(id)}
		for i, e := range episodes {
			ids[i] = e.ID
			targets = append(targets, string(e.ID))
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
		return s.changed(ctx, tx, true, ids...)
	})
	if err != nil {
		return 0, err
	}
	keys := map[string]bool{}
	for _, e := range episodes {
		if err := s.media.forget(e.ID); err != nil {
			s.log.WarnContext(ctx, "a partial download could not be removed", "episode_id", e.ID, "error", err)
		}
		if e.MediaKey != "" {
			keys[e.MediaKey] = true
		}
	}
	for key := range keys {
		if err := s.dropMedia(ctx, key); err != nil {
			s.log.WarnContext(ctx, "a recording of a removed show could not be removed", "show_id", id, "key", key, "error", err)
		}
	}
	return len(episodes), nil
}

// dropMedia removes a stored file that no episode has. Of a file on the disk nobody can begin to have it meanwhile: that is written
// in a turn too, and looks whether the file is there. A bucket is not waited for in a turn: who stores the same recording in that
// very moment finds it missing, and fetches it once more.
func (s *Store) dropMedia(ctx context.Context, key string) error {
	path, err := s.media.path(key)
	if err != nil {
		return err
	}
	used := false
	err = s.write(ctx, "removing a recording", func(ctx context.Context, tx bun.Tx) (err error) {
		used, err = tx.NewSelect().Model((*episodeRow)(nil)).Where("media_key = ? OR enclosure_location = ?", key, storedPrefix+key).Exists(ctx)
		if err != nil || used || s.media.bucket != nil {
			return err
		}
		return remove(path)
	})
	if err != nil || used || s.media.bucket == nil {
		return err
	}
	return s.media.bucket.remove(ctx, key)
}
