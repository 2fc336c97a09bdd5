package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// A recording that is no longer wanted is let go of in two steps, so that a crash leaves nothing behind and takes nothing away: the
// transaction that lets go of it notes its key, and the file is removed after that, at the next start at the latest, unless an
// episode has it by then.

// unwantedRow is a recording whose file is to be removed.
type unwantedRow struct {
	bun.BaseModel `bun:"unwanted_media,alias:u"`

	ID       int64 `bun:",pk,autoincrement"`
	MediaKey string
}

// release lets go of an episode's recording where its show keeps the text only and all is done that needs the recording: the
// transcript, the wanted translation, and the look at the times of a transcript by others. One that could not be fetched
// once more stays, and so does one whose translation failed, for a retry. So does what may be the only copy there is: of a local
// file that is not seen to be there still, and of what its feed no longer has.
func (s *Store) release(ctx context.Context, tx bun.Tx, id models.EpisodeID) error {
	r, err := episodeByID(ctx, tx, id)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil || r.State != models.EpisodeDone || r.MediaKey == "" || r.TranslationWanted || r.TranslationWarning != "" ||
		r.storedBefore() != "" {
		return err
	}
	w, err := show(ctx, tx, r.ShowID)
	if err != nil || w.Settings.Keep != models.KeepText || w.Settings.CheckFor(w.Source.Kind) != nil {
		return err
	}
	if jobs, err := s.jobsOf(ctx, tx, id); err != nil || len(jobs) > 0 {
		return err
	}
	if t, err := currentRow(ctx, tx, id, models.TaskTranscribe); err != nil || t == nil || !t.Complete {
		return err
	}
	if r.MissingAt != 0 || !w.Source.EndedAt.IsZero() || !s.keptElsewhere(r) {
		return nil
	}
	if err := s.unwanted(ctx, tx, r.MediaKey); err != nil {
		return err
	}
	return updateEpisode(ctx, tx, &episodeRow{ID: id, UpdatedAt: toMS(s.now())}, "media_key", "media_bytes", "updated_at")
}

// keptElsewhere reports whether a recording is not on this machine's disks, or is there as it was when it was copied.
func (s *Store) keptElsewhere(r *episodeRow) bool {
	if !filepath.IsAbs(r.EnclosureLocation) {
		return true
	}
	info, err := os.Stat(r.EnclosureLocation)
	return err == nil && info.Mode().IsRegular() && info.Size() == r.MediaBytes && (!s.e.shared || r.Place == s.place)
}

// unwanted notes recordings that an episode does not have any more.
func (s *Store) unwanted(ctx context.Context, tx bun.Tx, keys ...string) error {
	return chunks(keys, 500, func(keys []string) error {
		rows := make([]unwantedRow, len(keys))
		for i, key := range keys {
			rows[i].MediaKey = key
		}
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
}

// dropUnwanted removes the files of the recordings that are no longer wanted. What fails is tried again the next time.
func (s *Store) dropUnwanted(ctx context.Context) error {
	var rows []unwantedRow
	if err := s.e.read.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return s.e.explain(err)
	}
	failed := make([]error, len(rows))
	for i, r := range rows {
		failed[i] = s.dropMedia(ctx, &r)
	}
	return errors.Join(failed...)
}

// dropMedia removes a stored file that no episode has. Of a file on the disk nobody can begin to have it meanwhile: that is written
// in a turn too, and looks whether the file is there. A bucket is not waited for in a turn: who stores the same recording in that
// very moment is told to do so once more: stillThere.
func (s *Store) dropMedia(ctx context.Context, r *unwantedRow) error {
	path, err := s.media.path(r.MediaKey)
	if err != nil {
		return err
	}
	used := false
	err = s.write(ctx, "removing a recording", func(ctx context.Context, tx bun.Tx) (err error) {
		used, err = inUse(ctx, tx, r.MediaKey)
		if err != nil || !used && s.media.bucket != nil {
			return err
		}
		if !used {
			err = errors.Join(remove(path), s.dropped(r.MediaKey))
		}
		return errors.Join(err, r.settled(ctx, tx))
	})
	if err != nil || used || s.media.bucket == nil {
		return err
	}
	if err := errors.Join(s.media.bucket.remove(ctx, r.MediaKey), s.dropped(r.MediaKey)); err != nil {
		return err
	}
	return s.write(ctx, "noting that a recording was removed", r.settled)
}

// inUse reports whether an episode has a recording, or was made for it. Each question has an index.
func inUse(ctx context.Context, tx bun.Tx, key string) (bool, error) {
	episodes := func() *bun.SelectQuery { return tx.NewSelect().Model((*episodeRow)(nil)) }
	used, err := episodes().Where("media_key = ?", key).Where("media_key <> ''").Exists(ctx)
	if err != nil || used {
		return used, err
	}
	return episodes().Where("enclosure_location = ?", storedPrefix+key).Where("enclosure_location LIKE 'media:%'").Exists(ctx)
}

// stillThere returns an error, after which whoever stored a recording does it once more, where one that nothing needed was
// removed, or is being removed, before an episode could have it.
func (s *Store) stillThere(ctx context.Context, tx bun.Tx, key string) error {
	there, err := s.media.Has(ctx, key)
	if err == nil && there && s.media.bucket != nil {
		var going bool
		going, err = tx.NewSelect().Model((*unwantedRow)(nil)).Where("media_key = ?", key).Exists(ctx)
		there = !going
	}
	if err == nil && !there {
		err = fmt.Errorf("the recording %s was removed before it could be recorded", key)
	}
	return err
}

// settled forgets that the file is to be removed.
func (r *unwantedRow) settled(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewDelete().Model(r).WherePK().Exec(ctx)
	return err
}
