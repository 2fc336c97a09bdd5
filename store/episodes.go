package store

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Episodes lists episodes, the newest published first, those without a date last.
func (s *Store) Episodes(ctx context.Context, f models.EpisodeFilter) ([]models.Episode, error) {
	// Which ones is found in indexes: their rows are long, and those that are left out need not be read.
	q := s.e.read.NewSelect().Model((*episodeRow)(nil)).Column("id").Order("published_at DESC", "id DESC")
	if f.ShowID != "" {
		q = q.Where("show_id = ?", f.ShowID)
	}
	if len(f.Hidden) > 0 {
		q = q.Where("show_id NOT IN (?)", bun.List(f.Hidden))
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.After.ID != "" {
		q = q.Where("(published_at, id) < (?, ?)", toMS(f.After.PublishedAt), f.After.ID)
	}
	if f.Limit > 0 {
		q = q.Limit(int64(f.Limit))
	}
	var rows []episodeRow
	err := s.e.read.NewSelect().Model(&rows).Where("id IN (?)", q).Order("published_at DESC", "id DESC").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing episodes: %w", s.e.explain(err))
	}
	return modelsOf(rows)
}

// Episode returns an episode, or [models.ErrNotFound].
func (s *Store) Episode(ctx context.Context, id models.EpisodeID) (models.Episode, error) {
	e, err := episode(ctx, s.e.read, id)
	if err != nil {
		return e, fmt.Errorf("reading an episode: %w", s.e.explain(err))
	}
	return e, nil
}

func episode(ctx context.Context, db bun.IDB, id models.EpisodeID) (models.Episode, error) {
	r, err := episodeByID(ctx, db, id)
	if err != nil {
		return models.Episode{}, err
	}
	return r.model()
}

func episodeByID(ctx context.Context, db bun.IDB, id models.EpisodeID) (*episodeRow, error) {
	r := &episodeRow{ID: id}
	return r, missing(db.NewSelect().Model(r).WherePK().Scan(ctx), "episode", id)
}

// EpisodesByID returns those of the episodes that exist.
func (s *Store) EpisodesByID(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID]models.Episode, error) {
	return s.episodesByID(ctx, ids)
}

// EpisodesInShort returns those of the episodes that exist without what is long: notes, people, chapters, and links to transcripts.
func (s *Store) EpisodesInShort(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID]models.Episode, error) {
	return s.episodesByID(ctx, ids, "guid", "link", "notes", "people", "chapters_url", "chapters", "transcript_links", "fingerprint", "place")
}

func (s *Store) episodesByID(ctx context.Context, ids []models.EpisodeID, without ...string) (map[models.EpisodeID]models.Episode, error) {
	found := make(map[models.EpisodeID]models.Episode, len(ids))
	err := chunks(ids, 500, func(ids []models.EpisodeID) error {
		var rows []episodeRow
		if err := s.e.read.NewSelect().Model(&rows).ExcludeColumn(without...).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
			return err
		}
		for i := range rows {
			e, err := rows[i].model()
			if err != nil {
				return err
			}
			found[e.ID] = e
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading episodes: %w", s.e.explain(err))
	}
	return found, nil
}

// DeleteEpisode removes an episode with its transcripts and jobs; an attempt that is running loses its lease. A poll of
// the show does not bring it back. Its audio stays: other episodes may share the file.
func (s *Store) DeleteEpisode(ctx context.Context, id models.EpisodeID) error {
	err := s.write(ctx, "deleting an episode", func(ctx context.Context, tx bun.Tx) error {
		n, err := affected(tx.NewDelete().Model(&episodeRow{ID: id}).WherePK().Exec(ctx))
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("episode %s: %w", id, models.ErrNotFound)
		}
		if _, err := tx.NewDelete().Table("river_job").Where(s.e.target+" = ?", id).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Table("progress").Where("episode_id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.changed(ctx, tx, true, id)
	})
	if err != nil {
		return err
	}
	if err := s.media.forget(id); err != nil {
		s.log.WarnContext(ctx, "a partial download could not be removed", "episode_id", id, "error", err)
	}
	return nil
}

// Retranscribe queues an episode for a new transcript of a task ("" is [models.TaskTranscribe]), with the settings of now.
// The current one stays in use until the new one is complete. Audio that was not kept is fetched anew first. An episode whose audio is not here yet is [models.ErrConflict],
// and so are a translation of what has no transcript, and an episode that is being transcribed right now.
func (s *Store) Retranscribe(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) error {
	return s.TranscribeAgain(ctx, models.TranscribeJob{EpisodeID: id, Task: task})
}

// TranscribeAgain is [Store.Retranscribe] with what the job says in place of the settings; it takes the place of one that waits.
func (s *Store) TranscribeAgain(ctx context.Context, job models.TranscribeJob) error {
	id, task := job.EpisodeID, job.Task
	return s.write(ctx, "queueing an episode to be transcribed again", func(ctx context.Context, tx bun.Tx) error {
		r, err := episodeByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if e, err := r.model(); err != nil || e.AudioNotKept() {
			return cmp.Or(err, s.transcribeAnew(ctx, tx, r, job))
		}
		if !s.media.has(r.MediaKey) {
			return models.Explain(models.ErrConflict, "the audio of %q is not here yet: it will be transcribed once it is", r.Title)
		}
		if busy, err := s.transcribing(ctx, tx, id, task); err != nil || busy {
			return cmp.Or(err, models.Explain(models.ErrConflict, "%q is being transcribed now: ask again when that is finished", r.Title))
		}
		if task == models.TaskTranslate {
			if t, err := currentRow(ctx, tx, id, models.TaskTranscribe); err != nil || t == nil || !t.Complete {
				return cmp.Or(err, models.Explain(models.ErrConflict, "%q is not transcribed yet: it can be translated after that", r.Title))
			}
			return s.enqueueTranslation(ctx, tx, id)
		}
		// Where a job waits or runs already it stays the only one; its episode's state is its own.
		if r.State == models.EpisodeDone || r.State == models.EpisodeFailed {
			if err := setState(ctx, tx, id, models.EpisodeDownloaded, toMS(s.now())); err != nil {
				return err
			}
		}
		_, err = tx.NewDelete().Table("river_job").Where("kind = ?", job.Kind()).Where("state IN (?)", bun.List(waitingStates())).
			Where(s.e.target+" = ?", id).Where(s.e.task + " = ''").Exec(ctx)
		if err != nil {
			return err
		}
		return s.enqueue(ctx, tx, models.TranscribeJob{EpisodeID: id, Language: job.Language})
	})
}

// FetchAgain queues an episode whose audio is to be fetched anew and transcribed, because the publisher replaced it. What is
// here stays in use until then. An episode that a job is about already is [models.ErrConflict].
func (s *Store) FetchAgain(ctx context.Context, id models.EpisodeID) error {
	return s.write(ctx, "queueing an episode to be fetched again", func(ctx context.Context, tx bun.Tx) error {
		r, err := episodeByID(ctx, tx, id)
		if err != nil {
			return err
		}
		jobs, err := s.jobsOf(ctx, tx, id) // a download that has not ended yet would take the place of the new one
		if err != nil {
			return err
		}
		if r.State != models.EpisodeDone && r.State != models.EpisodeFailed || len(jobs) > 0 {
			return models.Explain(models.ErrConflict, "%q is on its way already, it is %s: ask again when that is finished", r.Title, r.State)
		}
		return s.fetchAgain(ctx, tx, id)
	})
}

func (s *Store) fetchAgain(ctx context.Context, tx bun.Tx, id models.EpisodeID) error {
	err := updateEpisode(ctx, tx, &episodeRow{ID: id, State: models.EpisodeQueued, FetchAgain: true, UpdatedAt: toMS(s.now())},
		"state", "reason", "failed_at", "fetch_again", "updated_at")
	if err != nil {
		return err
	}
	return s.enqueue(ctx, tx, models.DownloadJob{EpisodeID: id})
}

// transcribeAnew is [Store.TranscribeAgain] for an episode whose audio was not kept: it is fetched first, and transcribed as its
// show's settings say.
func (s *Store) transcribeAnew(ctx context.Context, tx bun.Tx, r *episodeRow, job models.TranscribeJob) error {
	switch {
	case job.Task == models.TaskTranslate:
		return models.Explain(models.ErrConflict, "the audio of %q was not kept: have its show translated (earshot shows set SHOW --translate) and transcribe it again", r.Title)
	case job.Language != "":
		return models.Explain(models.ErrConflict, "the audio of %q was not kept: choose the language in the settings of its show and transcribe it again", r.Title)
	}
	return s.fetchAgain(ctx, tx, r.ID)
}

// transcribing reports whether a job is at work on an episode's transcript of some kind: it has read its settings already.
func (s *Store) transcribing(ctx context.Context, tx bun.Tx, id models.EpisodeID, task models.TranscriptTask) (bool, error) {
	if task == models.TaskTranscribe {
		task = "" // as jobs have it
	}
	return tx.NewSelect().Table("river_job").Where("kind = ?", models.TranscribeJob{}.Kind()).Where("state = ?", rivertype.JobStateRunning).
		Where(s.e.target+" = ?", id).Where(s.e.task+" = ?", task).Exists(ctx)
}

// RetryAll retries every episode that failed, or whose translation did, and returns how many there are. Those that their
// owner cancelled are left alone.
func (s *Store) RetryAll(ctx context.Context, hidden ...models.ShowID) (int, error) {
	var rows []episodeRow
	err := s.e.read.NewSelect().Model(&rows).Column("id", "show_id").
		Where("state = ? AND reason <> ? OR translation_warning <> ''", models.EpisodeFailed, models.ReasonCancelled).Order("id").Scan(ctx)
	if err != nil {
		return 0, fmt.Errorf("looking for failed episodes: %w", s.e.explain(err))
	}
	rows = slices.DeleteFunc(rows, func(r episodeRow) bool { return slices.Contains(hidden, r.ShowID) })
	for _, r := range rows {
		if err := s.Retry(ctx, r.ID); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// Retry puts a failed episode back on its way: to transcription when its audio is here, else to the download. An episode
// that has not failed but whose translation has is translated again; any other is [models.ErrConflict].
func (s *Store) Retry(ctx context.Context, id models.EpisodeID) error {
	return s.write(ctx, "retrying an episode", func(ctx context.Context, tx bun.Tx) error {
		r, err := episodeByID(ctx, tx, id)
		if err != nil {
			return err
		}
		return s.retry(ctx, tx, r)
	})
}

func (s *Store) retry(ctx context.Context, tx bun.Tx, r *episodeRow) error {
	id := r.ID
	if r.State != models.EpisodeFailed && r.TranslationWarning != "" {
		return s.enqueueTranslation(ctx, tx, id)
	}
	if r.State != models.EpisodeFailed {
		return models.Explain(models.ErrConflict, "%q has not failed, it is %s: there is nothing to retry", r.Title, r.State)
	}
	if s.media.has(r.MediaKey) && !r.FetchAgain {
		if err := setState(ctx, tx, id, models.EpisodeDownloaded, toMS(s.now())); err != nil {
			return err
		}
		return s.enqueue(ctx, tx, models.TranscribeJob{EpisodeID: id})
	}
	if err := setState(ctx, tx, id, models.EpisodeQueued, toMS(s.now())); err != nil {
		return err
	}
	return s.enqueue(ctx, tx, models.DownloadJob{EpisodeID: id})
}

// has reports whether a recording is there. It is asked within transactions, so that a bucket is believed to have what the
// catalogue says it has: whoever reads it finds out.
func (m *Media) has(key string) bool {
	path, err := m.path(key)
	if err != nil || m.bucket != nil {
		return err == nil
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
