package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

func fencing(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	tr, err := s.StartTranscript(ctx, a.lease, models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper})
	must(t, err)
	show := aShow("Systems")
	media := storeAudio(t, s, "other audio")
	other := a.lease
	for name, lease := range map[string]models.Lease{
		"the next attempt": {JobID: other.JobID, Attempt: other.Attempt + 1}, "an earlier attempt": {JobID: other.JobID, Attempt: other.Attempt - 1},
		"another job": {JobID: other.JobID + 1, Attempt: other.Attempt}, "no job": {},
	} {
		for what, err := range map[string]error{
			"SetState":         s.SetState(ctx, lease, id, models.EpisodeDone),
			"SaveMedia":        s.SaveMedia(ctx, lease, id, media, ""),
			"AppendSegments":   s.AppendSegments(ctx, lease, part(tr.ID, "en", nil, 1000)),
			"FinishTranscript": s.FinishTranscript(ctx, lease, finished(tr.ID, 1000, "")),
			"FailEpisode":      s.FailEpisode(ctx, lease, id, "x"),
			"StartTranscript":  second(s.StartTranscript(ctx, lease, models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper})),
			"PollFailed":       s.PollFailed(ctx, lease, show.ID, models.PollFailure{Reason: "late"}),
			"Polled":           second(s.Polled(ctx, lease, models.Listing{Show: show, Partial: true})),
		} {
			if !errors.Is(err, models.ErrLeaseLost) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
	if got := stateOf(t, s, id); got != models.EpisodeTranscribing {
		t.Fatalf("the episode is %s", got)
	}
	must(t, s.AppendSegments(ctx, a.lease, part(tr.ID, "en", nil, 1000)))
	a.finish(nil)
	// A job that is over is held by nobody.
	eventually(t, "the job is over", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
	wantError(t, s.AppendSegments(ctx, a.lease, part(tr.ID, "en", nil, 2000)), models.ErrLeaseLost)
}

func second[T any](_ T, err error) error { return err }

// lateResults lets a job be taken from an attempt that is only slow: it is told to stop, its results and its end are
// dropped, and the attempt that replaced it decides.
func lateResults(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	show := aShow("Systems")
	id := mustSave(t, s, show, episodesOf(show, 1)).NewEpisodes[0]
	started, second, first := make(chan models.Lease, 1), make(chan *held, 1), make(chan error, 1)
	wctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- s.Work(wctx, Handlers{Download: func(ctx context.Context, l models.Lease, j models.DownloadJob, r Report) error {
			if l.Attempt == 1 { // does not listen
				started <- l
				return <-first
			}
			a := &held{ctx: ctx, lease: l, end: make(chan error)}
			second <- a
			return <-a.end
		}}, quickly())
	}()
	stale := receive(t, "the first attempt", started)
	takeAway(t, s)
	b := receive(t, "the second attempt", second)
	if b.lease.Attempt != 2 {
		t.Fatalf("the second attempt: %+v", b.lease)
	}
	first <- nil // "done", says the first attempt
	wantError(t, s.SetState(ctx, stale, id, models.EpisodeDone), models.ErrLeaseLost)
	// Were the first attempt's end taken for the second's, this write would be refused.
	tick := time.NewTicker(50 * time.Millisecond) // River writes the ends of jobs in batches, as often as that
	defer tick.Stop()
	for range 15 {
		must(t, s.SetState(ctx, b.lease, id, models.EpisodeDownloading))
		<-tick.C
	}
	b.end <- fmt.Errorf("not audio: %w", models.ErrUnusable)
	eventually(t, "the second attempt decides", func() bool { return stateOf(t, s, id) == models.EpisodeFailed })
	cancel()
	must(t, receive(t, "the end", done))
}

// lossesAreNoFailures takes a job away as often as it may fail: that was not its fault, and it may still fail as often.
func lossesAreNoFailures(c clause) {
	t, s := c.t, c.s
	h := hold(t, s, quickly())
	_, a := anEpisode(t, s, h)
	for last := 0; last < downloadKind().attempts; {
		// Not always the next number: a job that is taken before its worker's row is back is lost once more.
		if a.lease.Attempt <= last || a.lease.Last {
			t.Fatalf("after attempt %d: %+v", last, a.lease)
		}
		last = a.lease.Attempt
		takeAway(t, s)
		receive(t, "the order to stop", a.ctx.Done())
		a = h.take(t)
	}
	a.finish(errors.New("a real failure"))
	a = h.take(t)
	if a.lease.Last {
		t.Errorf("after one failure: %+v", a.lease)
	}
	a.finish(nil)
}

// takeAway gives running jobs back to the queue, as if their worker were dead.
func takeAway(t *testing.T, s *Store) {
	t.Helper()
	undertaker := &crew{Store: s, o: quickly()}
	taken := 0
	eventually(t, "a job is taken away", func() bool { // on Postgres a beat may come between the worker's row and its jobs
		must(t, s.write(t.Context(), "reaping", func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.NewRaw("DELETE FROM workers").Exec(ctx); err != nil {
				return err
			}
			jobs, err := undertaker.lostJobs(ctx, tx, s.e.lock)
			if err != nil {
				return err
			}
			for _, job := range jobs { // not looked for once more: a beat may have come since
				if err := undertaker.takeBack(ctx, tx, job); err != nil {
					return err
				}
			}
			taken += len(jobs)
			return nil
		}))
		return taken > 0
	})
}

func stopSoftly(c clause) {
	t, s := c.t, c.s
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	must(t, s.SetState(t.Context(), a.lease, id, models.EpisodeDownloading))
	start := time.Now()
	h.stop()
	select {
	case <-a.ctx.Done():
	case <-time.After(patience):
		t.Fatal("the handler is not told to stop")
	}
	h.end(t)
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("stopping took %v", took)
	}
	// The interruption is nobody's failure: the job waits, and a new attempt has a new number.
	if e, _ := s.Episode(t.Context(), id); e.State != models.EpisodeQueued || e.Reason != "" {
		t.Errorf("the episode is %s, %q", e.State, e.Reason)
	}
	wantError(t, s.SetState(t.Context(), a.lease, id, models.EpisodeDone), models.ErrLeaseLost)
	h = hold(t, s, quickly())
	b := h.take(t)
	// Not always the next number: the worker that ends may have taken the job once more, and given it back before it began.
	if b.lease.JobID != a.lease.JobID || b.lease.Attempt <= a.lease.Attempt {
		t.Errorf("the next attempt: %+v after %+v", b.lease, a.lease)
	}
	b.finish(nil)
}

func stuckHandlers(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	mustSave(t, s, show, episodesOf(show, 1))
	o := quickly()
	o.Grace = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	started, release, over := make(chan models.Lease, 1), make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- s.Work(ctx, Handlers{Download: func(_ context.Context, l models.Lease, _ models.DownloadJob, _ Report) error {
			defer close(over)
			started <- l
			<-release
			return nil
		}}, o)
	}()
	stuck := receive(t, "the attempt", started)
	cancel()
	if err := receive(t, "the end", done); err == nil || !strings.Contains(err.Error(), "did not stop") {
		t.Fatalf("with a stuck handler: %v", err)
	}
	h := hold(t, s, quickly()) // gets the job at once
	b := h.take(t)
	if b.lease.JobID != stuck.JobID || b.lease.Attempt != 2 {
		t.Fatalf("%+v after %+v", b.lease, stuck)
	}
	close(release)
	receive(t, "the stuck handler's end", over)
	b.finish(nil)
}
