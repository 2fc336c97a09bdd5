package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// A worker says every beatEvery that it lives, and looks then at what others say. One that is silent for deadAfter is taken for dead.
// Until its last sign is seen, its silence noticed, and its jobs taken by whoever asks next, two beats, that silence and one look at
// the queue pass at most: its jobs go on elsewhere within backAfter.
const (
	beatEvery = 2 * time.Second
	deadAfter = 9 * time.Second
	backAfter = 15 * time.Second
)

// peers is when each other worker was last seen to beat, by the monotonic clock of this one: a worker is dead when it does
// not beat for a while, not when the times that it writes are old. Clocks of machines differ, and jump.
type peers map[string]seen

type seen struct {
	beatAt int64 // as the worker wrote it
	at     time.Time
}

// saying is what a worker says of itself beside that it lives. Stored as JSON.
type saying struct {
	Quiet string        `json:"quiet,omitempty"`
	Holds []models.Hold `json:"holds,omitempty"`
	// Place is where files are that this one can bring, OnlyHere that it does nothing else.
	Place    string `json:"place,omitempty"`
	OnlyHere bool   `json:"only_here,omitempty"`
}

// greet writes that this worker is alive, and what it has to say.
func (c *crew) greet(ctx context.Context, tx bun.Tx, holds []models.Hold) error {
	said := saying{Quiet: c.o.Quiet.String(), OnlyHere: c.o.OnlyHere}
	if c.e.shared {
		said.Place = c.place
	}
	for _, h := range holds {
		if h.Kind != models.HoldPaused { // everybody sees that
			said.Holds = append(said.Holds, h)
		}
	}
	text, err := json.Marshal(said)
	if err != nil {
		return err
	}
	now, err := c.beatClock(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.NewRaw(`INSERT INTO workers (id, beat_at, place, said) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET beat_at = EXCLUDED.beat_at, said = EXCLUDED.said`,
		c.id, now, c.o.Place, string(text)).Exec(ctx)
	return err
}

// beatClock is the time in ms since 1970 that beats are told in: that of the database where it has one.
func (s *Store) beatClock(ctx context.Context, db bun.IDB) (now int64, err error) {
	if s.e.clock == "" {
		return s.now().UnixMilli(), nil
	}
	err = db.NewRaw("SELECT "+s.e.clock).Scan(ctx, &now)
	return now, err
}

// bury removes the workers that are dead, and returns the jobs of those that are gone to the queue.
func (c *crew) bury(ctx context.Context) error {
	dead, err := c.dead(ctx)
	if err != nil {
		return c.e.explain(err)
	}
	if len(dead) == 0 { // the usual case writes nothing
		if jobs, err := c.lostJobs(ctx, c.e.read, ""); err != nil || len(jobs) == 0 {
			return c.e.explain(err)
		}
	}
	return c.write(ctx, "taking jobs from workers that are gone", func(ctx context.Context, tx bun.Tx) error {
		for _, id := range dead {
			c.log.WarnContext(ctx, "a worker is dead", "worker", id)
			if _, err := tx.NewRaw("DELETE FROM workers WHERE id = ?", id).Exec(ctx); err != nil {
				return err
			}
		}
		return c.reap(ctx, tx)
	})
}

// dead lists the workers that are dead.
func (c *crew) dead(ctx context.Context) (ids []string, err error) {
	var rows []workerRow
	err = c.e.read.NewSelect().Table("workers").Column("id", "beat_at", "place").Where("id <> ?", c.id).Order("id").Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	first := len(c.peers) == 0
	now := peers{c.id: {}}
	for _, r := range rows {
		s, known := c.peers[r.ID]
		if !known || s.beatAt != r.BeatAt {
			s = seen{r.BeatAt, time.Now()}
		}
		now[r.ID] = s
		replaced := first && c.o.Place != "" && r.Place == c.o.Place
		if replaced || time.Since(s.at) >= c.o.DeadAfter {
			ids = append(ids, r.ID)
		}
	}
	c.peers = now
	return ids, nil
}

// workerRow is what is known of a worker.
type workerRow struct {
	ID     string
	BeatAt int64
	Place  string
	Said   string
}

// alive returns the workers that seem to live, by the clock on the wall: good enough to be shown.
func (s *Store) alive(ctx context.Context, tx bun.Tx) (ids []string, said []saying, err error) {
	var rows []workerRow
	now, err := s.beatClock(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	err = tx.NewSelect().Table("workers").Column("id", "beat_at", "said").
		Where("beat_at > ? AND beat_at < ?", now-deadAfter.Milliseconds(), now+deadAfter.Milliseconds()).Order("id").Scan(ctx, &rows)
	for _, r := range rows {
		var one saying
		if jerr := json.Unmarshal([]byte(r.Said), &one); jerr != nil {
			return nil, nil, fmt.Errorf("reading what the worker %s says: %w", r.ID, jerr)
		}
		ids, said = append(ids, r.ID), append(said, one)
	}
	return ids, said, err
}
