package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// claims: one at a time has what is claimed, until it lets it go or the time is over.
func claims(c clause) {
	t, s := c.t, c.s
	claim := func(holder string, while time.Duration, want bool) {
		t.Helper()
		if mine, err := s.Claim(t.Context(), "a", holder, while); err != nil || mine != want {
			t.Errorf("%s: %v, %v, want %v", holder, mine, err, want)
		}
	}
	claim("one", time.Minute, true)
	claim("two", time.Minute, false)
	claim("one", time.Minute, true)
	claim("one", 0, false)
	claim("two", time.Minute, true)
	claim("one", 0, false) // who has lost it gives nothing back
	claim("one", time.Minute, false)
	for _, until := range []int64{0, 1 << 60} { // it is over, and of another time
		_, err := s.e.write.NewRaw("UPDATE claims SET until = ?, holder = 'two'", until).Exec(t.Context())
		must(t, err)
		claim("one", time.Minute, true)
	}
}

// eventsInOrder: what happens to the queue is told once, in order, with what it happened to.
func eventsInOrder(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := anEpisode(t, s, h)
	a.finish(errors.New("503"))
	a = h.take(t)
	must(t, s.Pause(ctx, ""))
	must(t, s.Pause(ctx, "")) // nothing new
	receive(t, "the order to stop", a.ctx.Done())
	must(t, s.Resume(ctx, ""))
	a = h.take(t)
	a.finish(fmt.Errorf("a web page: %w", models.ErrUnusable))
	eventually(t, "it failed", func() bool { return stateOf(t, s, id) == models.EpisodeFailed })
	events, err := s.Events(ctx, 0, 100)
	must(t, err)
	var got []string
	for i, e := range events {
		if e.Seq != int64(i+1) || e.At.IsZero() {
			t.Errorf("%+v", e)
		}
		said := string(e.Kind)
		if e.EpisodeID != "" {
			said += " " + e.Title
		}
		if e.Reason != "" {
			said += ": " + e.Reason
		}
		got = append(got, said)
	}
	want := []string{
		"episodes-added Episode 0", "job-started Episode 0", "job-retried Episode 0: 503", "job-started Episode 0", "queue-paused",
		"job-returned Episode 0", "queue-resumed", "job-started Episode 0", "job-failed Episode 0: a web page: unusable",
	}
	if i := slices.Index(got, "queue-resumed"); i >= 0 && got[i-1] != "job-returned Episode 0" { // the attempt ends in its own time
		j := slices.Index(got, "job-returned Episode 0")
		got[i], got[j] = got[j], got[i]
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if later, _ := s.Events(ctx, 7, 1); len(later) != 1 || later[0].Seq != 8 || later[0].JobKind != "download" || later[0].JobID == 0 {
		t.Errorf("%+v", later)
	}
	if last, err := s.LastEvent(ctx); last != 9 || err != nil {
		t.Errorf("%d, %v", last, err)
	}
	if _, known, err := s.Told(ctx, "somebody"); known || err != nil {
		t.Errorf("%v, %v", known, err)
	}
	must(t, s.SetTold(ctx, "somebody", 3))
	must(t, s.SetTold(ctx, "somebody", 4))
	if seq, known, err := s.Told(ctx, "somebody"); seq != 4 || !known || err != nil {
		t.Errorf("%d, %v, %v", seq, known, err)
	}
}

// fewEvents: old events make room.
func fewEvents(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	must(t, s.write(ctx, "counting on", func(ctx context.Context, tx bun.Tx) error {
		if err := s.record(ctx, tx, models.Event{Kind: models.EventQueuePaused}); err != nil {
			return err
		}
		if _, err := tx.NewRaw("UPDATE counters SET value = ? WHERE name = 'event'", keepEvents).Exec(ctx); err != nil {
			return err
		}
		return s.record(ctx, tx, models.Event{Kind: models.EventQueueResumed})
	}))
	events, err := s.Events(ctx, 0, 10)
	must(t, err)
	if len(events) != 1 || events[0].Seq != keepEvents+1 {
		t.Errorf("%+v", events)
	}
}
