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
	missing, err := s.missing(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, "queueing what was under way", func(ctx context.Context, tx bun.Tx) error {
		n, err := affected(tx.NewDelete().Table("counters").Where("name = ?", requeueCounter).Exec(ctx))
		if err != nil || n == 0 { // another process has done it
			return err
		}
		rows, err := underWay(ctx, tx)
		if err != nil {
			return err
		}
		imported, err := withImport(ctx, tx)
		if err != nil {
			return err
		}
		var jobs []river.JobArgs
		for i := range rows {
			its, err := s.jobsDue(ctx, tx, &rows[i], imported[rows[i].ID], missing[rows[i].MediaKey])
			if err != nil {
				return fmt.Errorf("queueing the episode %s: %w", rows[i].ID, err)
			}
			jobs = append(jobs, its...)
		}
		return s.enqueue(ctx, tx, jobs...)
	})
}

// underWay returns the episodes that a restored archive may owe a job.
func underWay(ctx context.Context, db bun.IDB) (rows []episodeRow, err error) {
	err = db.NewSelect().Model(&rows).
		Where("state NOT IN (?, ?) OR translation_wanted OR transcript_links <> ?", models.EpisodeDone, models.EpisodeFailed, noLinks).
		Order("published_at DESC", "id").Scan(ctx)
	return rows, err
}

// missing returns the keys of the recordings that episodes under way need and that are not here. A bucket is asked for each of
// them, for longer than a database lets a transaction be idle. One that cannot be asked for is taken to be here: its job will
// say what is wrong.
func (s *Store) missing(ctx context.Context) (map[string]bool, error) {
	rows, err := underWay(ctx, s.e.read)
	if err != nil {
		return nil, s.e.explain(err)
	}
	missing := map[string]bool{}
	for i := range rows {
		r := &rows[i]
		if _, asked := missing[r.MediaKey]; asked || !r.TranslationWanted && r.State != models.EpisodeDownloaded && r.State != models.EpisodeTranscribing {
			continue
		}
		has, err := s.media.Has(ctx, r.MediaKey)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		missing[r.MediaKey] = err == nil && !has
	}
	return missing, nil
}

// jobsDue returns the jobs that follow from an episode's row, and puts the episode to waiting for them. A recording that is
// missing is fetched again first; its translation follows from that.
func (s *Store) jobsDue(ctx context.Context, tx bun.Tx, r *episodeRow, imported, missing bool) (jobs []river.JobArgs, err error) {
	fetchFirst := r.TranslationWanted && missing && r.storedBefore() == "" // an upload is nowhere else
	if r.TranscriptLinks != noLinks && !imported && r.ImportWarning == "" {
		jobs = append(jobs, models.ImportJob{EpisodeID: r.ID})
	}
	if r.TranslationWanted && !fetchFirst {
		jobs = append(jobs, models.TranscribeJob{EpisodeID: r.ID, Task: models.TaskTranslate})
	}
	state := r.State
	switch r.State {
	case models.EpisodeQueued, models.EpisodeDownloading:
		state = models.EpisodeQueued
		jobs = append(jobs, models.DownloadJob{EpisodeID: r.ID})
	case models.EpisodeDownloaded, models.EpisodeTranscribing:
		if missing {
			state = models.EpisodeQueued
			jobs = append(jobs, models.DownloadJob{EpisodeID: r.ID})
			break
		}
		state = models.EpisodeDownloaded
		jobs = append(jobs, models.TranscribeJob{EpisodeID: r.ID})
	case models.EpisodeDone:
		if fetchFirst {
			state = models.EpisodeQueued
			jobs = append(jobs, models.DownloadJob{EpisodeID: r.ID})
		}
	case models.EpisodeFailed:
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
