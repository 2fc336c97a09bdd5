package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// has gives an episode a recording, as far as that matters here.
func has(t *testing.T, s *Store, id models.EpisodeID, audio string) {
	t.Helper()
	must(t, s.write(t.Context(), "a test", func(ctx context.Context, tx bun.Tx) error {
		return updateEpisode(ctx, tx, &episodeRow{ID: id, MediaSHA256: audio}, "media_sha256")
	}))
}

// privateNow is what is private in an episode.
func privateNow(t *testing.T, s *Store, id models.EpisodeID) []models.Span {
	t.Helper()
	passages, err := s.PrivateOf(t.Context(), id)
	must(t, err)
	spans := make([]models.Span, len(passages))
	for i, p := range passages {
		spans[i] = p.Span
	}
	return spans
}

// toldOf returns of which episodes the index was told since a change.
func toldOf(ctx context.Context, t *testing.T, s *Store, since int64) (ids []models.EpisodeID) {
	t.Helper()
	changes, err := s.Changes(ctx, since, 0)
	must(t, err)
	for _, c := range changes {
		ids = append(ids, c.EpisodeID)
	}
	slices.Sort(ids)
	return ids
}

func private(c clause) {
	t, s, ctx := c.t, c.s, c.t.Context()
	show, other := aShow("Interviews"), aShow("Copies")
	episodes := episodesOf(show, 2)
	ids := mustSave(t, s, show, episodes).NewEpisodes
	twin := mustSave(t, s, other, episodesOf(other, 1)).NewEpisodes[0]
	id := ids[0]
	has(t, s, id, "aaaa")
	has(t, s, twin, "aaaa")
	has(t, s, ids[1], "bbbb")
	both := []models.EpisodeID{id, twin}
	slices.Sort(both)
	last := func() int64 { t.Helper(); n, err := s.LastChange(ctx); must(t, err); return n }

	// A passage is private in every episode that has its recording, and the index is told of all of them.
	before := last()
	second, err := s.SetPrivate(ctx, models.Private{EpisodeID: id, Span: models.Span{StartMS: 5000, EndMS: 6000}, Reason: "a\x00 name", By: "ann"})
	must(t, err)
	if told := toldOf(ctx, t, s, before); !slices.Equal(told, both) {
		t.Errorf("the index is told of %v, want %v", told, both)
	}
	if second.ID == 0 || second.Audio != "aaaa" || second.Reason != "a name" || second.At.IsZero() {
		t.Errorf("%+v", second)
	}
	first, err := s.SetPrivate(ctx, models.Private{EpisodeID: twin, Span: models.Span{StartMS: 1000, EndMS: 2000}})
	must(t, err)
	want := []models.Span{{StartMS: 1000, EndMS: 2000}, {StartMS: 5000, EndMS: 6000}}
	for _, of := range both {
		if got := privateNow(t, s, of); !slices.Equal(got, want) {
			t.Errorf("in %s: %v, want %v", of, got, want)
		}
	}
	if got := privateNow(t, s, ids[1]); len(got) > 0 {
		t.Errorf("in another recording: %v", got)
	}

	// With another recording the episode has what was marked in it, which cannot be placed, and nothing of the one before.
	has(t, s, id, "cccc")
	passages, err := s.PrivateOf(ctx, id)
	must(t, err)
	if len(passages) != 1 || passages[0].ID != second.ID || !models.Whole(models.Held(passages, "cccc", time.Now())) {
		t.Errorf("%+v", passages)
	}
	has(t, s, id, "aaaa")

	// An episode that is removed and comes back has not become public by that.
	_, err = s.DeleteShow(ctx, show.ID)
	must(t, err)
	if got := privateNow(t, s, twin); !slices.Equal(got, want) {
		t.Errorf("the other show was removed: %v", got)
	}
	mustSave(t, s, show, episodes)
	if got := privateNow(t, s, id); !slices.Equal(got, want[1:]) {
		t.Errorf("it came back: %v", got)
	}
	has(t, s, id, "aaaa")

	before = last()
	lifted, err := s.LiftPrivate(ctx, first.ID, "bob")
	must(t, err)
	if told := toldOf(ctx, t, s, before); lifted.LiftedBy != "bob" || lifted.LiftedAt.IsZero() || !slices.Equal(told, both) {
		t.Errorf("%+v, told %v", lifted, told)
	}
	if got := privateNow(t, s, id); !slices.Equal(got, want[1:]) {
		t.Errorf("%v", got)
	}
	if _, err := s.LiftPrivate(ctx, 999, ""); !errors.Is(err, models.ErrNotFound) {
		t.Errorf("one that never was: %v", err)
	}
	log, err := s.PrivateLog(ctx, 0, 10)
	must(t, err)
	if len(log) != 2 || log[0].ID != first.ID || log[0].LiftedBy != "bob" || log[1].Reason != "a name" || log[1].By != "ann" {
		t.Errorf("%+v", log)
	}
	if log, err = s.PrivateLog(ctx, first.ID, 10); err != nil || len(log) != 1 {
		t.Errorf("%+v %v", log, err)
	}
	for _, p := range []models.Private{{EpisodeID: "0000000000000000", Span: models.Span{EndMS: 5}}, {EpisodeID: id, Span: models.Span{StartMS: 5, EndMS: 5}}, {EpisodeID: id, Until: time.Now().Add(-time.Hour)}} {
		if _, err := s.SetPrivate(ctx, p); !errors.Is(err, models.ErrNotFound) && !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// An embargo ends in the moment that it names, and the index is told of it once.
func embargo(c clause) {
	t, s, ctx := c.t, c.s, c.t.Context()
	show := aShow("Interviews")
	ids := mustSave(t, s, show, episodesOf(show, 2)).NewEpisodes
	now := time.Now()
	s.now = func() time.Time { return now }
	for _, p := range []models.Private{{EpisodeID: ids[0], Until: now.Add(time.Hour)}, {EpisodeID: ids[1], Until: now.Add(2 * time.Hour)}} {
		_, err := s.SetPrivate(ctx, p)
		must(t, err)
	}
	end := func(want int, told ...models.EpisodeID) {
		t.Helper()
		before, err := s.LastChange(ctx)
		must(t, err)
		if n, err := s.EndPrivate(ctx); err != nil || n != want {
			t.Errorf("%d ended, %v, want %d", n, err, want)
		}
		if got := toldOf(ctx, t, s, before); !slices.Equal(got, told) {
			t.Errorf("the index is told of %v, want %v", got, told)
		}
	}
	end(0)
	now = now.Add(time.Hour)
	if len(privateNow(t, s, ids[0])) != 0 || len(privateNow(t, s, ids[1])) != 1 {
		t.Errorf("an hour later: %v, %v", privateNow(t, s, ids[0]), privateNow(t, s, ids[1]))
	}
	end(1, ids[0])
	end(0)
}

// One more than can be is refused, and what was lifted or is over makes room.
func privateLimit(c clause) {
	t, s, ctx := c.t, c.s, c.t.Context()
	show := aShow("Interviews")
	id := mustSave(t, s, show, episodesOf(show, 1)).NewEpisodes[0]
	rows := make([]*privateRow, models.MaxPrivate)
	for i := range rows {
		rows[i] = &privateRow{EpisodeID: id, StartMS: int64(i), EndMS: int64(i) + 1}
	}
	must(t, s.write(ctx, "a test", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	}))
	p := models.Private{EpisodeID: id, Span: models.Span{StartMS: 5000, EndMS: 6000}}
	if _, err := s.SetPrivate(ctx, p); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("%v", err)
	}
	_, err := s.LiftPrivate(ctx, rows[0].ID, "")
	must(t, err)
	_, err = s.SetPrivate(ctx, p)
	must(t, err)
}
