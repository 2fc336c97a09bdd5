package store

import (
	"context"
	"errors"
	"testing"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// TestTwoWorkers lets two stores on one folder, as two processes have them, share a queue that a third one fills.
func TestTwoWorkers(t *testing.T) {
	onEachEngine(t, func(t *testing.T, at func(*testing.T) place) { t.Helper(); t.Parallel(); twoWorkers(t, at(t)) })
}

func twoWorkers(t *testing.T, p place) {
	t.Helper()
	a, b, adds := p.open(t), p.elsewhere(t).open(t), p.elsewhere(t).open(t)
	o := quickly()
	o.Downloads = 2
	ha, hb := hold(t, a, o), hold(t, b, o)
	show := aShow("Systems")
	ids := mustSave(t, adds, show, episodesOf(show, 6)).NewEpisodes
	// With two places each, both must take part before anything ends.
	first := []*held{ha.take(t), ha.take(t), hb.take(t), hb.take(t)}
	seen := map[models.EpisodeID]int{}
	count := func(h *held) {
		t.Helper()
		job, ok := h.job.(models.DownloadJob)
		if !ok {
			t.Fatalf("took %+v", h.job)
		}
		seen[job.EpisodeID]++
		h.finish(nil)
	}
	for _, h := range first {
		count(h)
	}
	for len(seen) < len(ids) {
		select {
		case h := <-ha.got:
			count(h)
		case h := <-hb.got:
			count(h)
		}
	}
	eventually(t, "the queue is empty", func() bool { idle, err := adds.Idle(t.Context()); must(t, err); return idle })
	for id, n := range seen {
		if n != 1 {
			t.Errorf("the episode %s was fetched %d times", id, n)
		}
	}
}

// TestCannotBeat blocks the archive for so long that a worker must think its jobs are given to others: it stops them, and
// they start again once the archive can be written.
func TestCannotBeat(t *testing.T) {
	onEachEngine(t, func(t *testing.T, at func(*testing.T) place) { t.Helper(); t.Parallel(); cannotBeat(t, at(t)) })
}

func cannotBeat(t *testing.T, p place) {
	t.Helper()
	s, blocker := p.open(t), p.open(t)
	h := hold(t, s, hastily())
	_, a := anEpisode(t, s, h)
	eventually(t, "all kinds of work have begun", func() bool {
		n, err := s.e.read.NewSelect().Table("river_queue").Count(t.Context())
		must(t, err)
		return n == int64(len(s.episodeQueues()))+1 // and the polls
	})
	must(t, blocker.sign(t.Context(), "blocking", func(ctx context.Context, tx bun.Tx) error {
		if p.database != "" { // in SQLite whoever writes blocks everybody
			if _, err := tx.ExecContext(ctx, "LOCK TABLE workers IN EXCLUSIVE MODE"); err != nil {
				return err
			}
		}
		receive(t, "the order to stop", a.ctx.Done())
		return nil
	}))
	if cause := context.Cause(a.ctx); !errors.Is(cause, models.ErrLeaseLost) {
		t.Errorf("stopped because of: %v", cause)
	}
	b := h.take(t)
	if b.lease.JobID != a.lease.JobID || b.lease.Attempt <= a.lease.Attempt || b.lease.Last {
		t.Errorf("%+v after %+v", b.lease, a.lease)
	}
	b.finish(nil)
}

// TestDeletedWhileRunning: an attempt is told to stop when its episode is deleted, and brings nothing back.
func TestDeletedWhileRunning(t *testing.T) {
	onEachEngine(t, func(t *testing.T, at func(*testing.T) place) { t.Helper(); t.Parallel(); deletedWhileRunning(t, at(t)) })
}

func deletedWhileRunning(t *testing.T, p place) {
	t.Helper()
	s := p.open(t)
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	unfinished, err := s.Media().Partial(t.Context(), id)
	must(t, err)
	must(t, unfinished.Close())
	must(t, s.DeleteEpisode(t.Context(), id))
	receive(t, "the order to stop", a.ctx.Done())
	if cause := context.Cause(a.ctx); !errors.Is(cause, models.ErrLeaseLost) {
		t.Errorf("stopped because of: %v", cause)
	}
	wantError(t, s.SaveMedia(t.Context(), a.lease, id, storeAudio(t, s, "late"), ""), models.ErrLeaseLost)
	eventually(t, "nothing is left of it", func() bool { idle, err := s.Idle(t.Context()); must(t, err); return idle })
	if left := unfinishedFiles(t, s.Media()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestJobThatKillsWorkers: a job that is lost again and again is given up, so that the rest can go on.
func TestJobThatKillsWorkers(t *testing.T) {
	onEachEngine(t, func(t *testing.T, at func(*testing.T) place) { t.Helper(); t.Parallel(); jobThatKillsWorkers(t, at(t)) })
}

func jobThatKillsWorkers(t *testing.T, p place) {
	t.Helper()
	ctx := t.Context()
	s := p.open(t)
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	_, err := s.e.write.NewRaw("UPDATE river_job SET attempt = ?, max_attempts = ? WHERE id = ?", maxLosses, maxLosses+5, a.lease.JobID).Exec(ctx)
	must(t, err)
	takeAway(t, s)
	e, err := s.Episode(ctx, id)
	must(t, err)
	if e.State != models.EpisodeFailed || e.Reason == "" {
		t.Errorf("the episode is %s, %q", e.State, e.Reason)
	}
	eventually(t, "the queue is empty", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
}
