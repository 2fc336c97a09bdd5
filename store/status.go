package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// maxFailures is how many failures [Store.Status] lists.
const maxFailures = 100

// Status returns the archive at a glance, whichever process is working on it, as if there were none of the hidden shows. How much
// audio waits, and how long that takes, is of all.
func (s *Store) Status(ctx context.Context, hidden ...models.ShowID) (models.Status, error) {
	st := models.Status{Episodes: map[models.EpisodeState]int{}, Queue: map[string]int{}, Running: []models.JobProgress{}, Failures: []models.Failure{}, Holds: []models.Hold{}}
	err := s.read(ctx, "reading the status", func(ctx context.Context, tx bun.Tx) error {
		atPlaces, err := counts(ctx, tx, &st)
		if err != nil {
			return err
		}
		workers, said, err := s.alive(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.holding(ctx, tx, said, &st); err != nil {
			return err
		}
		waiting := elsewhere(atPlaces, said) // which holds up nothing else
		said = slices.DeleteFunc(said, func(w saying) bool { return w.OnlyHere })
		st.Workers = len(said)
		if err := s.running(ctx, tx, workers, &st); err != nil {
			return err
		}
		if err := outlook(ctx, tx, &st); err != nil {
			return err
		}
		st.FinishAt = s.finish(said, st)
		st.Holds = append(st.Holds, waiting...)
		if err := failures(ctx, tx, hidden, &st); err != nil {
			return err
		}
		return s.withhold(ctx, tx, hidden, &st)
	})
	return st, err
}

// counts fills in how many there are of everything, and returns how many downloads wait for places.
func counts(ctx context.Context, tx bun.Tx, st *models.Status) (atPlaces map[string]int, err error) {
	n, err := tx.NewSelect().Model((*showRow)(nil)).Count(ctx)
	if err != nil {
		return nil, err
	}
	st.Shows = int(n)
	var states []struct {
		State models.EpisodeState
		N     int
	}
	if err := tx.NewSelect().Table("episodes").Column("state").ColumnExpr("count(*) AS n").Group("state").Scan(ctx, &states); err != nil {
		return nil, err
	}
	for _, r := range states {
		st.Episodes[r.State] = r.N
	}
	var queued []struct {
		Kind string
		N    int
	}
	err = tx.NewSelect().Table("river_job").ColumnExpr("queue AS kind").ColumnExpr("count(*) AS n"). // the index has the queue
														Where("state IN (?)", bun.List(unfinished())).Group("queue").Scan(ctx, &queued)
	if err != nil {
		return nil, err
	}
	atPlaces = map[string]int{}
	for _, r := range queued {
		kind, place := queueKind(r.Kind)
		st.Queue[kind] += r.N
		if place != "" {
			atPlaces[place] = r.N
		}
	}
	return atPlaces, tx.NewSelect().Model((*transcriptRow)(nil)).ColumnExpr("coalesce(sum(duration_ms), 0)").
		Where("is_current").Where("complete").Where("task = ?", models.TaskTranscribe).Scan(ctx, &st.AudioMS)
}

// holding lists what holds the queue up: the owner, the disk here, and what workers say.
func (s *Store) holding(ctx context.Context, tx bun.Tx, said []saying, st *models.Status) error {
	at, err := pausedAt(ctx, tx)
	if err != nil {
		return err
	}
	if at > 0 {
		st.Holds = append(st.Holds, paused())
	}
	if h, full := s.room.noRoom(ctx); full {
		st.Holds = append(st.Holds, h)
	}
	for _, w := range said {
		for _, h := range w.Holds {
			if !slices.ContainsFunc(st.Holds, func(x models.Hold) bool { return x.Kind == h.Kind }) {
				st.Holds = append(st.Holds, h)
			}
		}
	}
	return nil
}

// running lists the attempts whose row of progress belongs to a job that really runs, at a worker that lives.
func (s *Store) running(ctx context.Context, tx bun.Tx, workers []string, st *models.Status) error {
	if len(workers) == 0 {
		return nil
	}
	var rows []struct {
		JobID     int64
		Kind      string
		EpisodeID models.EpisodeID
		ShowID    models.ShowID
		Title     string
		Task      models.TranscriptTask
		Done      int64
		Total     int64
		Began     int64
		StartedAt int64
		ToldAt    int64
	}
	err := tx.NewRaw(`SELECT p.job_id, p.kind, p.episode_id, coalesce(e.show_id, p.show_id) AS show_id,
			coalesce(e.title, s.title, '') AS title, p.task, p.done, p.total, p.began, p.started_at, p.told_at
		FROM progress p
		JOIN river_job j ON j.id = p.job_id AND j.attempt = p.attempt
		LEFT JOIN episodes e ON e.id = p.episode_id
		LEFT JOIN shows s ON s.id = p.show_id
		WHERE j.state = ? AND `+s.e.holder+` IN (?)
		ORDER BY p.started_at, p.job_id`, rivertype.JobStateRunning, bun.List(workers)).Scan(ctx, &rows)
	for _, r := range rows {
		st.Running = append(st.Running, models.JobProgress{
			JobID: r.JobID, Kind: r.Kind, EpisodeID: r.EpisodeID, ShowID: r.ShowID, Title: r.Title, Task: r.Task,
			Done: r.Done, Total: r.Total, Began: r.Began, StartedAt: fromMS(r.StartedAt), ToldAt: fromMS(r.ToldAt),
		})
	}
	return err
}

// failures lists what failed last, but of the hidden shows.
func failures(ctx context.Context, tx bun.Tx, hidden []models.ShowID, st *models.Status) error {
	newest := func(of any, show, at string) *bun.SelectQuery {
		q := tx.NewSelect().Model(of).OrderExpr(at + " DESC").Limit(maxFailures)
		if len(hidden) > 0 {
			q = q.Where(show+" NOT IN (?)", bun.List(hidden))
		}
		return q
	}
	var episodes []episodeRow
	err := newest(&episodes, "show_id", "failed_at").Column("id", "show_id", "title", "reason", "failed_at").Where("state = ?", models.EpisodeFailed).Scan(ctx)
	if err != nil {
		return err
	}
	var translations []episodeRow
	err = newest(&translations, "show_id", "updated_at").Column("id", "show_id", "title").ColumnExpr("translation_warning AS reason").
		ColumnExpr("updated_at AS failed_at").Where("translation_warning <> '' AND state <> ?", models.EpisodeFailed).Scan(ctx)
	if err != nil {
		return err
	}
	for _, e := range slices.Concat(episodes, translations) {
		st.Failures = append(st.Failures, models.Failure{
			EpisodeID: e.ID, ShowID: e.ShowID, Title: e.Title, Reason: e.Reason, At: fromMS(e.FailedAt),
		})
	}
	var shows []showRow
	err = newest(&shows, "id", "problem_at").Column("id", "title", "problem", "problem_at").Where("problem <> ''").Scan(ctx)
	if err != nil {
		return err
	}
	for _, w := range shows {
		st.Failures = append(st.Failures, models.Failure{ShowID: w.ID, Title: w.Title, Reason: w.Problem, At: fromMS(w.ProblemAt)})
	}
	slices.SortStableFunc(st.Failures, func(a, b models.Failure) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.EpisodeID, b.EpisodeID))
	})
	st.Failures = st.Failures[:min(len(st.Failures), maxFailures)]
	return nil
}
