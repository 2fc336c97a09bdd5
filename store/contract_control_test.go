package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// newestFirst: whatever is added when, and however an attempt ended, the episodes that were published last come first.
func newestFirst(c clause) {
	t, s := c.t, c.s
	one, two := aShow("One"), aShow("Two")
	episodes, others := episodesOf(one, 3), episodesOf(two, 2)
	others[0].PublishedAt = episodes[2].PublishedAt.Add(time.Hour)
	others[1].PublishedAt = time.Time{} // unknown: last
	mustSave(t, s, one, episodes)
	mustSave(t, s, two, others)
	o := quickly()
	o.Downloads = 1
	h := hold(t, s, o)
	first := h.take(t)
	first.finish(errors.New("not now")) // and comes back before the others
	want := []models.EpisodeID{others[0].ID, episodes[2].ID, episodes[1].ID, episodes[0].ID, others[1].ID}
	if about := first.job; about != any(models.DownloadJob{EpisodeID: want[0]}) {
		t.Fatalf("the first is %+v", about)
	}
	second := h.take(t)
	second.finish(nil)
	seen := []models.EpisodeID{want[0]}
	if id := second.job.(models.DownloadJob).EpisodeID; id != want[0] {
		seen = append(seen, id)
	}
	for len(seen) < len(want) {
		a := h.take(t)
		if id := a.job.(models.DownloadJob).EpisodeID; !slices.Contains(seen, id) {
			seen = append(seen, id)
		}
		a.finish(nil)
	}
	if !slices.Equal(seen, want) {
		t.Errorf("taken: %v, want %v", seen, want)
	}
}

// waitingInOrder lists the episodes whose jobs wait for their turn, as they will be taken.
func waitingInOrder(t *testing.T, s *Store) []models.EpisodeID {
	t.Helper()
	var ids []models.EpisodeID
	must(t, s.e.read.NewSelect().Table("river_job").ColumnExpr(s.e.target).Where("state = 'available'").
		Where("scheduled_at < ?", s.e.stamp(positionsEnd())).Order("priority", "scheduled_at", "id").Scan(t.Context(), &ids))
	return ids
}

// doThisNow: an urgent episode is next with its download and its transcription, which takes the place of another one.
func doThisNow(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	show := aShow("Systems")
	episodes := episodesOf(show, 4)
	mustSave(t, s, show, episodes)
	o := quickly()
	o.Downloads = 1
	h := hold(t, s, o)
	// next does the downloads until a transcription comes, and returns what was downloaded.
	next := func() (transcription *held, downloads []models.EpisodeID) {
		t.Helper()
		for {
			a := h.take(t)
			if _, ok := a.job.(models.DownloadJob); !ok {
				return a, downloads
			}
			downloads = append(downloads, fetched(t, s, a))
		}
	}
	must(t, s.Now(ctx, episodes[1].ID))
	running, downloads := next()
	if running.job != any(models.TranscribeJob{EpisodeID: episodes[1].ID}) || downloads[0] != episodes[1].ID {
		t.Fatalf("%v is downloaded, %+v starts", downloads, running.job)
	}
	must(t, s.SetState(ctx, running.lease, episodes[1].ID, models.EpisodeTranscribing))
	must(t, notUrgent(ctx, s, episodes[1].ID))              // as if it had not been asked for
	for id := models.EpisodeID(""); id != episodes[0].ID; { // the oldest one is the last
		id = fetched(t, s, h.take(t))
	}
	// The transcription of the oldest one starts, and the other one makes room.
	must(t, s.Now(ctx, episodes[0].ID))
	receive(t, "the order to stop", running.ctx.Done())
	if cause := context.Cause(running.ctx); !errors.Is(cause, errSetAside) {
		t.Errorf("stopped because of: %v", cause)
	}
	b, _ := next()
	if b.job != any(models.TranscribeJob{EpisodeID: episodes[0].ID}) {
		t.Errorf("%+v starts", b.job)
	}
	if got := stateOf(t, s, episodes[1].ID); got != models.EpisodeDownloaded {
		t.Errorf("the one that made room is %s", got)
	}
	b.finish(nil)
	// The one that made room goes on then, and that was no failure of it.
	var again *held
	for again == nil {
		if b := h.take(t); b.job == running.job {
			again = b
		} else {
			b.finish(nil)
		}
	}
	if again.lease.JobID != running.lease.JobID || again.lease.Attempt != 2 || again.lease.Last {
		t.Errorf("%+v after %+v", again.lease, running.lease)
	}
	again.finish(nil)
	wantError(t, s.Now(ctx, "nothing"), models.ErrNotFound)
	eventually(t, "nothing is left to do", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
	wantError(t, s.Now(ctx, episodes[0].ID), models.ErrConflict)
}

// fetched does a download.
func fetched(t *testing.T, s *Store, a *held) models.EpisodeID {
	t.Helper()
	id := a.job.(models.DownloadJob).EpisodeID
	must(t, s.SaveMedia(t.Context(), a.lease, id, storeAudio(t, s, string(id)), ""))
	a.finish(nil)
	return id
}

func notUrgent(ctx context.Context, s *Store, id models.EpisodeID) error {
	return s.write(ctx, "taking it back", func(ctx context.Context, tx bun.Tx) error { return setUrgent(ctx, tx, id, 0) })
}

// pauseQueue: what runs is set aside, nothing starts, and all goes on later.
func pauseQueue(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	must(t, s.SetState(ctx, a.lease, id, models.EpisodeDownloading))
	must(t, s.Pause(ctx, ""))
	must(t, s.Pause(ctx, ""))
	receive(t, "the order to stop", a.ctx.Done())
	eventually(t, "the episode waits", func() bool { return stateOf(t, s, id) == models.EpisodeQueued })
	must(t, s.Now(ctx, id)) // stays paused all the same
	st, err := s.Status(ctx)
	must(t, err)
	if len(st.Holds) != 1 || st.Holds[0].Kind != models.HoldPaused || st.Queue["download"] != 1 || st.Workers != 1 || len(st.Running) != 0 {
		t.Fatalf("while paused: %+v", st)
	}
	select {
	case b := <-h.got:
		t.Fatalf("while paused %+v starts", b.job)
	case <-time.After(300 * time.Millisecond): // the queue is asked every 100 ms
	}
	must(t, s.Resume(ctx, ""))
	b := h.take(t)
	if b.lease.JobID != a.lease.JobID || b.lease.Attempt != 2 {
		t.Errorf("%+v after %+v", b.lease, a.lease)
	}
	b.finish(nil)
	if st, _ := s.Status(ctx); len(st.Holds) != 0 {
		t.Errorf("then: %+v", st.Holds)
	}
}

// pauseShow: nothing of the show starts, also what is added meanwhile; other shows go on, and what is asked for does.
func pauseShow(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	quiet, other := aShow("Quiet"), aShow("Other")
	episodes := episodesOf(quiet, 3)
	mustSave(t, s, quiet, episodes[:2])
	must(t, s.Pause(ctx, quiet.ID))
	mustSave(t, s, quiet, episodes)
	mustSave(t, s, other, episodesOf(other, 1))
	wantError(t, s.Pause(ctx, "nothing"), models.ErrNotFound)
	if got, err := s.Show(ctx, quiet.ID); err != nil || got.PausedAt.IsZero() {
		t.Fatalf("%+v, %v", got.PausedAt, err)
	}
	if got := waitingInOrder(t, s); len(got) != 1 {
		t.Fatalf("waiting: %v", got)
	}
	h := hold(t, s, quickly())
	a := h.take(t)
	if got := a.job.(models.DownloadJob).EpisodeID; got != models.NewEpisodeID(other.ID, "guid-0") {
		t.Fatalf("%s starts", got)
	}
	must(t, s.Now(ctx, episodes[0].ID))
	b := h.take(t)
	if got := b.job.(models.DownloadJob).EpisodeID; got != episodes[0].ID {
		t.Fatalf("%s starts", got)
	}
	must(t, s.Pause(ctx, other.ID))
	receive(t, "the order to stop", a.ctx.Done())
	must(t, s.Resume(ctx, other.ID))
	a = h.take(t)
	a.finish(nil)
	b.finish(nil)
	must(t, s.Resume(ctx, quiet.ID))
	h.take(t).finish(nil)
	h.take(t).finish(nil)
	eventually(t, "all is over", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
}

func cancelOne(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	must(t, s.SetState(ctx, a.lease, id, models.EpisodeDownloading))
	must(t, s.Cancel(ctx, id))
	receive(t, "the order to stop", a.ctx.Done())
	if idle, err := s.Idle(ctx); err != nil || !idle {
		t.Fatalf("idle %v, %v", idle, err)
	}
	if e, _ := s.Episode(ctx, id); e.State != models.EpisodeFailed || e.Reason != models.ReasonCancelled {
		t.Fatalf("it is %s, %q", e.State, e.Reason)
	}
	if n, err := s.RetryAll(ctx); n != 0 || err != nil {
		t.Fatalf("%d are retried, %v", n, err)
	}
	wantError(t, s.Cancel(ctx, id), models.ErrConflict)
	wantError(t, s.Cancel(ctx, "nothing"), models.ErrNotFound)

	must(t, s.Retry(ctx, id))
	h.take(t).finish(nil)
}

// quietHours: transcriptions wait for their end, downloads and what is urgent do not.
func quietHours(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	at := time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC)
	clock := make(chan time.Time, 1)
	clock <- at
	s.now = func() time.Time { now := <-clock; clock <- now; return now }
	set := func(to time.Time) { <-clock; clock <- to }
	o := quickly()
	var err error
	o.Quiet, err = models.ParseQuietHours("22:00-07:00")
	must(t, err)
	show := aShow("Systems")
	episodes := episodesOf(show, 2)
	mustSave(t, s, show, episodes)
	h := hold(t, s, o)
	for range 2 {
		fetched(t, s, h.take(t))
	}
	must(t, s.Now(ctx, episodes[0].ID))
	if a := h.take(t); a.job != any(models.TranscribeJob{EpisodeID: episodes[0].ID}) {
		t.Fatalf("%+v starts", a.job)
	} else {
		a.finish(nil)
	}
	st, err := s.Status(ctx)
	must(t, err)
	if len(st.Holds) != 1 || st.Holds[0].Kind != models.HoldQuiet || !st.Holds[0].Until.Equal(at.Add(8*time.Hour)) {
		t.Fatalf("%+v", st.Holds)
	}
	set(at.Add(8 * time.Hour))
	a := h.take(t)
	set(at.Add(24 * time.Hour))
	receive(t, "the order to stop", a.ctx.Done())
	eventually(t, "it waits", func() bool { return stateOf(t, s, episodes[1].ID) == models.EpisodeDownloaded })
	set(at.Add(32 * time.Hour))
	h.take(t).finish(nil)
}

// diskFull: nothing starts while there is too little space, an attempt that finds none has not failed, and all goes on by
// itself.
func diskFull(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	s.room.minFree = 1 << 61
	show := aShow("Systems")
	id := mustSave(t, s, show, episodesOf(show, 1)).NewEpisodes[0]
	h := hold(t, s, quickly())
	eventually(t, "the status says so", func() bool {
		st, err := s.Status(ctx)
		must(t, err)
		return len(st.Holds) == 1 && st.Holds[0].Kind == models.HoldDisk && st.Workers == 1
	})
	select {
	case b := <-h.got:
		t.Fatalf("%+v starts on a full disk", b.job)
	case <-time.After(300 * time.Millisecond):
	}
	h.end(t)
	s.room.minFree = 0
	h = hold(t, s, quickly())
	for n := 1; n <= 2*downloadKind().attempts; n++ {
		a := h.take(t)
		if a.lease.Last {
			t.Fatalf("attempt %d is the last", n)
		}
		a.finish(fmt.Errorf("write /x: %w", syscall.ENOSPC))
		eventually(t, "the job waits", func() bool { return len(waitingInOrder(t, s)) == 1 })
		s.room.mu.Lock()
		if s.room.wait == 0 {
			t.Error("nobody noticed")
		}
		s.room.wait, s.room.tryNext = shortestFull, time.Now() // there is space again
		s.room.mu.Unlock()
	}
	if e, _ := s.Episode(ctx, id); e.State == models.EpisodeFailed {
		t.Errorf("failed: %s", e.Reason)
	}
	h.take(t).finish(nil)
}

// databaseGone: an attempt that loses the database in the middle has not failed.
func databaseGone(c clause) {
	t, s := c.t, c.s
	if s.e.clock == "" {
		return // the database is here
	}
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	for range 2 * downloadKind().attempts {
		if a.lease.Last {
			t.Fatalf("attempt %d is the last", a.lease.Attempt)
		}
		err := s.write(t.Context(), "losing the connection", func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "SELECT pg_terminate_backend(pg_backend_pid())") // as a restart does
			return err
		})
		if err == nil {
			t.Fatal("the connection is still there")
		}
		a.finish(fmt.Errorf("storing it: %w", err))
		a = h.take(t)
	}
	a.finish(nil)
	if e, err := s.Episode(t.Context(), id); err != nil || e.State == models.EpisodeFailed {
		t.Errorf("%s, %v", e.Reason, err)
	}
}

// deadWorkers: a worker is dead when it does not beat any more, not when clocks differ or jump.
func deadWorkers(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	clock := make(chan time.Duration, 1)
	clock <- 0
	s.now = func() time.Time { d := <-clock; clock <- d; return time.Now().Add(d) } // before anybody asks for it
	h := hold(t, s, quickly())
	_, a := anEpisode(t, s, h)
	observer := &crew{Store: s, o: hastily().withDefaults(), id: "observer", peers: peers{}}
	observer.o.DeadAfter = 400 * time.Millisecond // the other beats every 100
	look := func() {
		t.Helper()
		must(t, s.write(ctx, "looking", func(ctx context.Context, tx bun.Tx) error { return observer.greet(ctx, tx, nil) }))
		must(t, observer.bury(ctx))
	}
	for _, jump := range []time.Duration{0, 5 * time.Hour, -5 * time.Hour, 0} {
		<-clock
		clock <- jump
		start := time.Now()
		for time.Since(start) < 500*time.Millisecond {
			look()
			var beats int64
			must(t, s.e.read.NewRaw("SELECT beat_at FROM workers WHERE id <> 'observer'").Scan(ctx, &beats))
			eventually(t, "the other beats", func() bool {
				var now int64
				must(t, s.e.read.NewRaw("SELECT beat_at FROM workers WHERE id <> 'observer'").Scan(ctx, &now))
				return now != beats
			})
		}
		if a.ctx.Err() != nil {
			t.Fatalf("the job was taken from a worker that lives, with the clock %v off", jump)
		}
	}
	a.finish(nil)
}

// samePlace: the jobs of a worker that was where this one is now come here at once.
func samePlace(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	mustSave(t, s, show, episodesOf(show, 1))
	_, err := s.e.write.Exec(`INSERT INTO workers (id, beat_at, place) VALUES ('dead', 1, 'here')`)
	must(t, err)
	by := `jsonb('["dead"]')`
	if s.e.clock != "" {
		by = `ARRAY['dead']`
	}
	_, err = s.e.write.Exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_by = ` + by)
	must(t, err)
	o := quickly()
	o.DeadAfter, o.Place = time.Hour, "here"
	h := hold(t, s, o)
	a := h.take(t)
	if a.lease.Attempt != 2 {
		t.Errorf("%+v", a.lease)
	}
	a.finish(nil)
}

func TestPlaces(t *testing.T) {
	at := func(year int) int64 { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC).UnixMilli() }
	order := []position{
		positionOf(0, at(2026), 1), positionOf(at(2030), at(2026)+1000, 0), positionOf(at(9999), 0, 0), positionOf(at(2026)+1000, 0, 0), positionOf(at(2026), 0, 0),
		positionOf(at(1999), 0, 0), positionOf(0, 0, 0),
	}
	for i, p := range order {
		if i > 0 && (p.priority < order[i-1].priority || p.priority == order[i-1].priority && !p.at.After(order[i-1].at)) {
			t.Errorf("%d: %v is not after %v", i, p, order[i-1])
		}
		if !p.at.Before(positionsEnd()) {
			t.Errorf("%v is no place", p)
		}
	}
}

// clockPutBack: a job that waits for its next attempt does not wait for as long as the clock was put back.
func clockPutBack(c clause) {
	t, s := c.t, c.s
	clock := make(chan time.Duration, 1)
	clock <- 0
	s.now = func() time.Time { d := <-clock; clock <- d; return time.Now().Add(d) }
	<-clock
	clock <- 5 * time.Hour
	o := quickly()
	o.Backoff = func(string, int) time.Duration { return 10 * time.Minute }
	h := hold(t, s, o)
	id, a := anEpisode(t, s, h)
	a.finish(errors.New("503"))
	eventually(t, "it waits", func() bool {
		e, err := s.Episode(t.Context(), id)
		must(t, err)
		return e.Reason != ""
	})
	<-clock
	clock <- 0
	b := h.take(t)
	if b.lease.JobID != a.lease.JobID || b.lease.Attempt != 2 {
		t.Errorf("%+v after %+v", b.lease, a.lease)
	}
	b.finish(nil)
}
