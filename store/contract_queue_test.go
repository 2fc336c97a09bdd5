package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
)

func uniqueJobs(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	show := aShow("Systems")
	id := mustSave(t, s, show, episodesOf(show, 1)).NewEpisodes[0]
	for range 3 {
		must(t, s.Enqueue(ctx, models.DownloadJob{EpisodeID: id}))
		must(t, s.Enqueue(ctx, models.PollJob{ShowID: show.ID}))
	}
	if st, _ := s.Status(ctx); st.Queue["download"] != 1 || st.Queue["poll"] != 1 {
		t.Fatalf("the queue: %v", st.Queue)
	}
	h := hold(t, s, quickly())
	for range 2 {
		a := h.take(t)
		must(t, s.Enqueue(ctx, a.job)) // while it runs
		a.finish(nil)
	}
	eventually(t, "both are over", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
	// A finished job can come again.
	must(t, s.Enqueue(ctx, models.DownloadJob{EpisodeID: id}))
	if st, _ := s.Status(ctx); st.Queue["download"] != 1 {
		t.Fatalf("the queue then: %v", st.Queue)
	}
	h.take(t).finish(nil)
	wantError(t, s.Enqueue(ctx, models.DownloadJob{EpisodeID: "nothing"}), models.ErrNotFound)
	wantError(t, s.Enqueue(ctx, models.PollJob{ShowID: "nothing"}), models.ErrNotFound)
	wantError(t, s.Enqueue(ctx, "nothing"), models.ErrInvalid)
}

func retryWithBackoff(c clause) {
	t, s := c.t, c.s
	o := quickly()
	asked := make(chan string, 10)
	o.Backoff = func(kind string, failures int) time.Duration {
		asked <- fmt.Sprint(kind, " ", failures)
		return 300 * time.Millisecond
	}
	h := hold(t, s, o)
	id, a := anEpisode(t, s, h)
	must(t, s.SetState(t.Context(), a.lease, id, models.EpisodeDownloading))
	start := time.Now()
	a.finish(errors.New("503 from the server"))
	b := h.take(t)
	if waited := time.Since(start); waited < 250*time.Millisecond {
		t.Errorf("the second attempt came after %v", waited)
	}
	if b.lease.JobID != a.lease.JobID || b.lease.Attempt != 2 || b.lease.Last {
		t.Errorf("the second attempt: %+v", b.lease)
	}
	e, err := s.Episode(t.Context(), id)
	must(t, err)
	if e.State != models.EpisodeQueued || !strings.Contains(e.Reason, "503") {
		t.Errorf("while it waits the episode is %s, %q", e.State, e.Reason)
	}
	must(t, s.SetState(t.Context(), b.lease, id, models.EpisodeDownloading))
	if e, _ := s.Episode(t.Context(), id); e.Reason != "" {
		t.Errorf("while it runs again: %q", e.Reason)
	}
	b.finish(errors.New("503 again"))
	h.take(t).finish(nil)
	for i := 1; i <= 2; i++ {
		if got := receive(t, "a back-off", asked); got != fmt.Sprint("download ", i) {
			t.Errorf("asked for the back-off of %s", got)
		}
	}
}

func giveUpAtLast(c clause) {
	t, s := c.t, c.s
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	for n := 1; ; n++ {
		if a.lease.Last {
			if n != downloadKind().attempts {
				t.Fatalf("attempt %d is the last", n)
			}
			break
		}
		a.finish(fmt.Errorf("failure %d", n))
		a = h.take(t)
	}
	a.finish(errors.New("the server is gone"))
	eventually(t, "the episode failed", func() bool { return stateOf(t, s, id) == models.EpisodeFailed })
	e, err := s.Episode(t.Context(), id)
	must(t, err)
	st, err := s.Status(t.Context())
	must(t, err)
	if e.Reason != "the server is gone" || len(st.Failures) != 1 || st.Failures[0].EpisodeID != id || st.Failures[0].Reason != e.Reason ||
		st.Failures[0].At.IsZero() || st.Queue["download"] != 0 {
		t.Fatalf("%+v, %+v", e, st)
	}
}

func unusableNotRetried(c clause) {
	t, s := c.t, c.s
	h := hold(t, s, quickly())
	for i, sentinel := range []error{models.ErrUnusable, models.ErrInvalid} {
		show := aShow(fmt.Sprint("Show ", i))
		id := mustSave(t, s, show, episodesOf(show, 1)).NewEpisodes[0]
		a := h.take(t)
		must(t, s.SetState(t.Context(), a.lease, id, models.EpisodeDownloading))
		a.finish(fmt.Errorf("it is a web page: %w", sentinel))
		eventually(t, "the episode failed", func() bool { return stateOf(t, s, id) == models.EpisodeFailed })
		if e, _ := s.Episode(t.Context(), id); !strings.HasPrefix(e.Reason, "it is a web page") {
			t.Errorf("the reason is %q", e.Reason)
		}
	}
	if idle, err := s.Idle(t.Context()); err != nil || !idle {
		t.Errorf("idle %v, %v", idle, err)
	}
}

func panicIsFailure(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	mustSave(t, s, show, episodesOf(show, 1))
	attempts := make(chan int, 10)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- s.Work(ctx, Handlers{Download: func(_ context.Context, l models.Lease, _ models.DownloadJob, _ Report) error {
			attempts <- l.Attempt
			if l.Attempt == 1 {
				var none []int
				_ = none[l.Attempt]
			}
			return nil
		}}, quickly())
	}()
	for want := 1; want <= 2; want++ {
		if got := receive(t, "an attempt", attempts); got != want {
			t.Fatalf("attempt %d, want %d", got, want)
		}
	}
	eventually(t, "the job is over", func() bool { idle, err := s.Idle(t.Context()); must(t, err); return idle })
	cancel()
	must(t, receive(t, "the end", done))
}

func retryByHand(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	wantError(t, s.Retry(ctx, id), models.ErrConflict)
	wantError(t, s.Retry(ctx, "nothing"), models.ErrNotFound)
	must(t, s.FailEpisode(ctx, a.lease, id, "gone"))
	a.finish(fmt.Errorf("410: %w", models.ErrUnusable))
	idle := func() bool { idle, err := s.Idle(ctx); must(t, err); return idle }
	eventually(t, "the job is over", idle)
	if e, _ := s.Episode(ctx, id); e.State != models.EpisodeFailed || e.Reason != "gone" {
		t.Fatalf("failed by its handler: %s, %q", e.State, e.Reason)
	}

	must(t, s.Retry(ctx, id))
	a = h.take(t) // the download again
	must(t, s.SaveMedia(ctx, a.lease, id, storeAudio(t, s, "audio"), ""))
	a.finish(nil)
	b := h.take(t)
	b.finish(fmt.Errorf("no audio in it: %w", models.ErrUnusable))
	eventually(t, "the episode failed", func() bool { return stateOf(t, s, id) == models.EpisodeFailed })

	must(t, s.Retry(ctx, id))
	again := h.take(t) // its audio is here: the transcription
	if again.job != any(models.TranscribeJob{EpisodeID: id}) {
		t.Fatalf("took %+v", again.job)
	}
	if e, _ := s.Episode(ctx, id); e.State != models.EpisodeDownloaded || e.Reason != "" {
		t.Fatalf("after the retry: %s, %q", e.State, e.Reason)
	}
	again.finish(nil)
}

func poll(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	show := aShow("Systems")
	episodes := episodesOf(show, 3)
	mustSave(t, s, show, episodes[:2])
	must(t, s.DeleteEpisode(ctx, episodes[0].ID))
	must(t, s.Enqueue(ctx, models.PollJob{ShowID: show.ID}))
	o := quickly()
	h := hold(t, s, o)
	var a *held
	for a == nil {
		if got := h.take(t); got.job == any(models.PollJob{ShowID: show.ID}) {
			a = got
		} else {
			got.finish(nil)
		}
	}
	show.Source.ETag = `"1"`
	saved, err := s.Polled(ctx, a.lease, models.Listing{Show: show, Episodes: episodes})
	must(t, err)
	if len(saved.NewEpisodes) != 1 || saved.NewEpisodes[0] != episodes[2].ID || saved.Unchanged != 1 {
		t.Fatalf("polled: %+v", saved)
	}
	got, err := s.Show(ctx, show.ID)
	must(t, err)
	if got.Source.ETag != `"1"` || got.Source.PolledAt.IsZero() {
		t.Fatalf("remembered: %+v", got.Source)
	}
	// Added again by hand, without knowing what was remembered.
	mustSave(t, s, aShow("Systems"), nil)
	if got, _ := s.Show(ctx, show.ID); got.Source.ETag != `"1"` {
		t.Fatalf("forgotten: %+v", got.Source)
	}
	a.finish(fmt.Errorf("the feed is a web page now: %w", models.ErrInvalid))
	eventually(t, "the show's failure can be seen", func() bool {
		st, err := s.Status(ctx)
		must(t, err)
		return len(st.Failures) == 1 && st.Failures[0].ShowID == show.ID && strings.Contains(st.Failures[0].Reason, "web page")
	})
}

func pollsDue(c clause) {
	t, s := c.t, c.s
	now := time.Now()
	s.now = func() time.Time { return now.Add(-3 * time.Hour) } // when they were added
	due, folder, later, gone := aShow("Due"), aShow("Folder"), aShow("Later"), aShow("Gone")
	folder.Source.Kind = models.SourceFolder
	folder.ID = models.NewShowID(folder.Source)
	later.Source.NextPollAt = now.Add(time.Minute)
	for _, show := range []models.Show{due, folder, later, gone} {
		mustSave(t, s, show, nil)
	}
	s.now = time.Now
	must(t, s.Enqueue(t.Context(), models.PollJob{ShowID: gone.ID}))
	ctx, stop := context.WithCancel(t.Context())
	failing := make(chan error, 1)
	go func() {
		failing <- s.Work(ctx, Handlers{Poll: func(ctx context.Context, l models.Lease, job models.PollJob, _ Report) error {
			defer stop()
			return s.PollFailed(ctx, l, job.ShowID, models.PollFailure{Reason: "it was removed for good", Ended: true})
		}}, quickly())
	}()
	must(t, receive(t, "the feed that is gone was looked at", failing))
	o := quickly()
	o.PollFeeds = true
	h := hold(t, s, o)
	a := h.take(t)
	if a.job != any(models.PollJob{ShowID: due.ID}) {
		t.Fatalf("polls %+v", a.job)
	}
	if st, _ := s.Status(t.Context()); st.Queue["poll"] != 1 {
		t.Fatalf("the queue: %v", st.Queue)
	}
	must(t, s.PollFailed(t.Context(), a.lease, due.ID, models.PollFailure{Reason: "the server is down", Next: now.Add(time.Hour)}))
	a.finish(errors.New("the server is down"))
	eventually(t, "the failure is written", func() bool {
		show, err := s.Show(t.Context(), due.ID)
		must(t, err)
		return show.Source.Failures == 1 && show.Source.Problem == "the server is down" && show.Source.NextPollAt.UnixMilli() == now.Add(time.Hour).UnixMilli()
	})
	eventually(t, "nothing waits: a poll that failed is due later, and is not tried again at once", func() bool {
		idle, err := s.Idle(t.Context())
		must(t, err)
		return idle
	})
	// Read by hand, a feed that was gone is looked at again.
	mustSave(t, s, gone, nil)
	if show, err := s.Show(t.Context(), gone.ID); err != nil || !show.Source.EndedAt.IsZero() || show.Source.Problem != "" {
		t.Errorf("%+v, %v", show.Source, err)
	}
}

// What a feed no longer has stays, is marked, and is as before when it returns.
func missingEpisodesStay(c clause) {
	t, s := c.t, c.s
	show := aShow("Systems")
	episodes := episodesOf(show, 3)
	mustSave(t, s, show, episodes)
	h := hold(t, s, quickly())
	poll := func(found models.Listing) {
		t.Helper()
		must(t, s.Enqueue(t.Context(), models.PollJob{ShowID: show.ID}))
		a := h.take(t)
		for a.job != any(models.PollJob{ShowID: show.ID}) {
			a.finish(nil)
			a = h.take(t)
		}
		_, err := s.Polled(t.Context(), a.lease, found)
		must(t, err)
		a.finish(nil)
		eventually(t, "the poll is over", func() bool {
			st, err := s.Status(t.Context())
			must(t, err)
			return st.Queue["poll"] == 0
		})
	}
	marked := func() (missing int) {
		t.Helper()
		all, err := s.Episodes(t.Context(), models.EpisodeFilter{ShowID: show.ID})
		must(t, err)
		if len(all) != 3 {
			t.Fatalf("%d episodes are left", len(all))
		}
		for _, e := range all {
			if !e.MissingAt.IsZero() {
				missing++
			}
		}
		return missing
	}
	for _, step := range []struct {
		found models.Listing
		want  int
	}{
		{models.Listing{Show: show, Episodes: episodes[1:], Partial: true}, 0},
		{models.Listing{Show: show, Episodes: episodes[1:]}, 1},
		{models.Listing{Show: show, Partial: true}, 1},
		{models.Listing{Show: show, Episodes: episodes}, 0},
	} {
		poll(step.found)
		if got := marked(); got != step.want {
			t.Errorf("%d episodes are marked as missing, want %d", got, step.want)
		}
	}
}

func status(c clause) {
	t, s := c.t, c.s
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	a.report(500, 1000)
	eventually(t, "the progress can be seen", func() bool {
		st, err := s.Status(t.Context())
		must(t, err)
		if len(st.Running) != 1 {
			return false
		}
		r := st.Running[0]
		return r.JobID == a.lease.JobID && r.Kind == "download" && r.EpisodeID == id && r.ShowID == aShow("Systems").ID &&
			r.Title == "Episode 0" && r.Done == 500 && r.Total == 1000 && !r.StartedAt.IsZero()
	})
	if idle, _ := s.Idle(t.Context()); idle {
		t.Error("idle while a job runs")
	}
	a.finish(nil)
	eventually(t, "nothing runs", func() bool {
		st, err := s.Status(t.Context())
		must(t, err)
		return len(st.Running) == 0 && st.Queue["download"] == 0
	})
}
