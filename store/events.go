package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// keepEvents is how many of the newest events are kept: days of work, for those who were away.
const keepEvents = 10_000

// Events lists events with a number above after, the oldest first. Those that are no longer kept are missing.
func (s *Store) Events(ctx context.Context, after int64, limit int) ([]models.Event, error) {
	var texts []string
	err := s.e.read.NewRaw("SELECT event FROM events WHERE seq > ? ORDER BY seq LIMIT ?", after, limit).Scan(ctx, &texts)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", s.e.explain(err))
	}
	return unpackEvents(texts)
}

// eventsOf lists the newest events of an episode, the newest first.
func (s *Store) eventsOf(ctx context.Context, id models.EpisodeID, limit int) ([]models.Event, error) {
	var texts []string
	err := s.e.read.NewRaw("SELECT event FROM events WHERE "+s.e.happened+" = ? ORDER BY seq DESC LIMIT ?", id, limit).Scan(ctx, &texts)
	if err != nil {
		return nil, fmt.Errorf("reading the events of an episode: %w", s.e.explain(err))
	}
	return unpackEvents(texts)
}

func unpackEvents(texts []string) ([]models.Event, error) {
	events := make([]models.Event, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &events[i]); err != nil {
			return nil, fmt.Errorf("reading a stored event: %w", err)
		}
	}
	return events, nil
}

// LastEvent returns the number of the newest event, 0 for none.
func (s *Store) LastEvent(ctx context.Context) (seq int64, err error) {
	if err := s.e.read.NewRaw("SELECT value FROM counters WHERE name = 'event'").Scan(ctx, &seq); err != nil {
		return 0, fmt.Errorf("reading events: %w", s.e.explain(err))
	}
	return seq, nil
}

// Told returns the number of the last event that a follower of that name has dealt with; false when it never said so.
func (s *Store) Told(ctx context.Context, name string) (seq int64, known bool, err error) {
	err = s.e.read.NewRaw("SELECT value FROM counters WHERE name = ?", "told "+name).Scan(ctx, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("reading how far a follower of the events is: %w", s.e.explain(err))
	}
	return seq, true, nil
}

// SetTold remembers the number of the last event that a follower of that name has dealt with.
func (s *Store) SetTold(ctx context.Context, name string, seq int64) error {
	return s.write(ctx, "remembering how far a follower of the events is", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw("INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value",
			"told "+name, seq).Exec(ctx)
		return err
	})
}

// record writes an event in the transaction of what happened. Those who write follow one another, so numbers become visible
// in order.
func (s *Store) record(ctx context.Context, tx bun.Tx, e models.Event) error {
	if err := tx.NewRaw("UPDATE counters SET value = value + 1 WHERE name = 'event' RETURNING value").Scan(ctx, &e.Seq); err != nil {
		return err
	}
	e.At = s.now().UTC()
	var names struct {
		ShowID models.ShowID
		Title  string
	}
	var err error
	switch {
	case e.EpisodeID != "":
		err = tx.NewRaw("SELECT show_id, title FROM episodes WHERE id = ?", e.EpisodeID).Scan(ctx, &names)
		e.ShowID, e.Title = names.ShowID, names.Title
	case e.ShowID != "":
		err = tx.NewRaw("SELECT title FROM shows WHERE id = ?", e.ShowID).Scan(ctx, &e.Title)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := tx.NewRaw("INSERT INTO events (seq, event) VALUES (?, ?)", e.Seq, string(text)).Exec(ctx); err != nil {
		return err
	}
	_, err = tx.NewRaw("DELETE FROM events WHERE seq <= ?", e.Seq-keepEvents).Exec(ctx)
	return err
}

// recordJob writes what happened to an attempt. Looks at feeds are told of when they fail only: there is one a show and hour.
func (s *Store) recordJob(ctx context.Context, tx bun.Tx, kind models.EventKind, t *try, why string) error {
	if t.episode == "" && kind != models.EventJobFailed {
		return nil
	}
	return s.record(ctx, tx, models.Event{
		Kind: kind, JobID: t.lease.JobID, JobKind: t.kind.name, Attempt: t.lease.Attempt, Task: t.kind.task, EpisodeID: t.episode,
		ShowID: t.show, Reason: why,
	})
}
