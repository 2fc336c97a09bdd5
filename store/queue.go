package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// kind is how jobs of a kind are queued, tried and given up. Each kind has its own queue, so that downloads do not wait
// behind transcriptions.
type kind struct {
	name     string
	attempts int                 // that may fail
	limit    time.Duration       // for one attempt; the handler watches its own progress, this is for one that hangs
	from, at models.EpisodeState // "" where the job leaves the episode's state alone
	task     models.TranscriptTask
}

// The kinds of job. from is the state of an episode that waits for the job, at the one while it runs.
func pollKind() kind {
	// One attempt: a poll that failed is due again later, see [Store.PollFailed].
	return kind{name: models.PollJob{}.Kind(), attempts: 1, limit: 30 * time.Minute}
}

func downloadKind() kind {
	return kind{
		name: models.DownloadJob{}.Kind(), attempts: 5, limit: 24 * time.Hour,
		from: models.EpisodeQueued, at: models.EpisodeDownloading,
	}
}

// importKind leaves the episode's state alone: its audio is on its way of its own.
func importKind() kind {
	return kind{name: models.ImportJob{}.Kind(), attempts: 5, limit: 30 * time.Minute}
}

func transcribeKind() kind {
	return kind{
		name: models.TranscribeJob{}.Kind(), attempts: 3, limit: 72 * time.Hour, // a day of audio on a slow machine
		from: models.EpisodeDownloaded, at: models.EpisodeTranscribing,
	}
}

// translateKind is the jobs of kind transcribe that make a second transcript: whatever becomes of them, the episode is done.
func translateKind() kind {
	k := transcribeKind()
	k.from, k.at, k.task = "", "", models.TaskTranslate
	return k
}

// rescueAfter is when River takes a running job for lost by itself. It must be longer than every limit; lost jobs are
// found much earlier by their worker's beat.
const rescueAfter = 96 * time.Hour

func kinds() []kind {
	return []kind{pollKind(), downloadKind(), importKind(), transcribeKind(), translateKind()}
}

// kindOf returns the kind of jobs that have a name, and a task where they transcribe ("" is [models.TaskTranscribe]).
func kindOf(name string, task models.TranscriptTask) (kind, bool) {
	if task == models.TaskTranscribe {
		task = ""
	}
	for _, k := range kinds() {
		if k.name == name && k.task == task {
			return k, true
		}
	}
	return kind{}, false
}

// defaultBackoff is the wait after the failures-th failed attempt (1 is the first): long enough for a server to come
// back, short enough for somebody who waits for `add --wait`.
func defaultBackoff(_ string, failures int) time.Duration {
	steps := []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}
	return steps[max(0, min(failures, len(steps))-1)]
}

// unfinished are the states of a job that is waiting or running.
func unfinished() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning,
		rivertype.JobStateScheduled,
	}
}

// waitingStates are those of a job that is waiting.
func waitingStates() []rivertype.JobState {
	return slices.DeleteFunc(unfinished(), func(state rivertype.JobState) bool { return state == rivertype.JobStateRunning })
}

// Enqueue adds a job, one of models' jobs, unless the same one is waiting or running already. What it is about must
// exist, else [models.ErrNotFound].
func (s *Store) Enqueue(ctx context.Context, job any) error {
	return s.write(ctx, "queueing a job", func(ctx context.Context, tx bun.Tx) error {
		var err error
		switch j := job.(type) {
		case models.PollJob:
			_, err = show(ctx, tx, j.ShowID)
		case models.DownloadJob:
			_, err = episodeByID(ctx, tx, j.EpisodeID)
		case models.ImportJob:
			_, err = episodeByID(ctx, tx, j.EpisodeID)
		case models.TranscribeJob:
			if _, err = episodeByID(ctx, tx, j.EpisodeID); err == nil && j.Task == models.TaskTranslate {
				return s.enqueueTranslation(ctx, tx, j.EpisodeID)
			}
			job = models.TranscribeJob{EpisodeID: j.EpisodeID}
		default:
			err = fmt.Errorf("%w: %T is no job", models.ErrInvalid, job)
		}
		if err != nil {
			return err
		}
		return s.enqueue(ctx, tx, job.(river.JobArgs)) //nolint:forcetypeassert // the ones above are
	})
}

func (s *Store) enqueue(ctx context.Context, tx bun.Tx, jobs ...river.JobArgs) error {
	return chunks(jobs, 1000, func(jobs []river.JobArgs) error {
		places, err := s.places(ctx, tx, jobs)
		if err != nil {
			return err
		}
		params := make([]river.InsertManyParams, len(jobs))
		for i, j := range jobs {
			k, ok := kindOf(j.Kind(), "")
			if !ok {
				return fmt.Errorf("%w: unknown kind of job %q", models.ErrInvalid, j.Kind())
			}
			queue := k.name
			if place := places[about(j)]; place != "" && k.name == downloadKind().name {
				queue = downloadQueue(place)
			}
			params[i] = river.InsertManyParams{Args: j, InsertOpts: &river.InsertOpts{
				Queue: queue, MaxAttempts: k.attempts,
				UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished()},
			}}
		}
		inserted, err := s.queue.InsertManyTx(ctx, tx.Tx, params)
		if err != nil {
			return err
		}
		var added []waitingJob
		for i, r := range inserted {
			if id := about(jobs[i]); id != "" && !r.UniqueSkippedAsDuplicate {
				added = append(added, waitingJob{r.Job.ID, id})
			}
		}
		return s.lineUp(ctx, tx, added)
	})
}

// enqueueTranslation queues the translation of an episode's audio, and forgets why an earlier one failed.
func (s *Store) enqueueTranslation(ctx context.Context, tx bun.Tx, id models.EpisodeID) error {
	r := &episodeRow{ID: id, TranslationWanted: true, UpdatedAt: toMS(s.now())}
	if err := updateEpisode(ctx, tx, r, "translation_wanted", "translation_warning", "updated_at"); err != nil {
		return err
	}
	return s.enqueue(ctx, tx, models.TranscribeJob{EpisodeID: id, Task: models.TaskTranslate})
}

// Idle reports whether no job is waiting or running. One that waits for its next attempt is waiting.
func (s *Store) Idle(ctx context.Context) (bool, error) {
	var one int
	err := s.e.read.NewSelect().Table("river_job").ColumnExpr("1").Where("state IN (?)", bun.List(unfinished())).Limit(1).Scan(ctx, &one)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking at the queue: %w", s.e.explain(err))
	}
	return false, nil
}

// enqueueDue queues a poll of every feed that is due.
func (s *Store) enqueueDue(ctx context.Context) error {
	return s.write(ctx, "queueing polls", func(ctx context.Context, tx bun.Tx) error {
		var due []models.ShowID
		err := tx.NewSelect().Model((*showRow)(nil)).Column("id").Where("source_kind = ?", models.SourceFeed).
			Where("next_poll_at <= ? AND ended_at = 0 AND paused_at = 0", toMS(s.now())).Scan(ctx, &due)
		if err != nil {
			return err
		}
		jobs := make([]river.JobArgs, len(due))
		for i, id := range due {
			jobs[i] = models.PollJob{ShowID: id}
		}
		return s.enqueue(ctx, tx, jobs...)
	})
}
