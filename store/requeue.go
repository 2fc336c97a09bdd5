package store

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// requeueCounter says, while it exists, that the catalogue was restored and its jobs are still to be made: they are not in
// backups, because they follow from the states of the episodes.
const requeueCounter = "requeue"

func askToRequeue(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewRaw("INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO NOTHING", requeueCounter).Exec(ctx)
	return err
}

// requeue gives every episode of a restored archive that is under way its job. An archive that was not restored is left alone.
func (s *Store) requeue(ctx context.Context) error {
	asked, err := s.e.read.NewSelect().Table("counters").Where("name = ?", requeueCounter).Exists(ctx)
	if err != nil || !asked {
		return err
	}
	return s.write(ctx, "queueing what was under way", func(ctx context.Context, tx bun.Tx) error {
		n, err := affected(tx.NewDelete().Table("counters").Where("name = ?", requeueCounter).Exec(ctx))
		if err != nil || n == 0 { // another process has done it
			return err
		}
		var rows []episodeRow
		err = tx.NewSelect().Model(&rows).
			Where("state NOT IN (?, ?) OR translation_wanted OR transcript_links <> ?", models.EpisodeDone, models.EpisodeFailed, noLinks).
			Order("published_at DESC", "id").Scan(ctx)
		if err != nil {
			return err
		}
		imported, err := withImport(ctx, tx)
		if err != nil {
			return err
		}
		var jobs []river.JobArgs
		for i := range rows {
			its, err := s.jobsDue(ctx, tx, &rows[i], imported[rows[i].ID])
			if err != nil {
				return fmt.Errorf("queueing the episode %s: %w", rows[i].ID, err)
			}
			jobs = append(jobs, its...)
		}
		return s.enqueue(ctx, tx, jobs...)
	})
}

// jobsDue returns the jobs that follow from an episode's row, and puts the episode to waiting for them. Whether a recording is
// here is left to the job: where it is not, it is fetched again.
func (s *Store) jobsDue(ctx context.Context, tx bun.Tx, r *episodeRow, imported bool) (jobs []river.JobArgs, err error) {
	if r.TranscriptLinks != noLinks && !imported && r.ImportWarning == "" {
		jobs = append(jobs, models.ImportJob{EpisodeID: r.ID})
	}
	if r.TranslationWanted {
		jobs = append(jobs, models.TranscribeJob{EpisodeID: r.ID, Task: models.TaskTranslate})
	}
	state := r.State
	switch r.State {
	case models.EpisodeQueued, models.EpisodeDownloading:
		state = models.EpisodeQueued
		jobs = append(jobs, models.DownloadJob{EpisodeID: r.ID})
	case models.EpisodeDownloaded, models.EpisodeTranscribing:
		if has, herr := s.media.Has(ctx, r.MediaKey); herr == nil && !has {
			state = models.EpisodeQueued
			jobs = append(jobs, models.DownloadJob{EpisodeID: r.ID})
			break
		}
		state = models.EpisodeDownloaded
		jobs = append(jobs, models.TranscribeJob{EpisodeID: r.ID})
	case models.EpisodeDone, models.EpisodeFailed:
	}
	if state != r.State {
		err = updateEpisode(ctx, tx, &episodeRow{ID: r.ID, State: state, UpdatedAt: toMS(s.now())}, "state", "updated_at")
	}
	return jobs, err
}

// withImport returns the episodes that have a transcript by others.
func withImport(ctx context.Context, tx bun.Tx) (map[models.EpisodeID]bool, error) {
	var ids []models.EpisodeID
	err := tx.NewSelect().Table("transcripts").ColumnExpr("DISTINCT episode_id").Where("source <> ?", models.TranscriptWhisper).Scan(ctx, &ids)
	has := make(map[models.EpisodeID]bool, len(ids))
	for _, id := range ids {
		has[id] = true
	}
	return has, err
}
