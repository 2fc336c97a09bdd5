package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/correct"
)

// What people say about transcripts is laid over them whenever they are read, so that nothing they say changes what was transcribed,
// and all of it holds for the transcripts that come later.

// ruleBook remembers the rules as they are looked for, until one changes.
type ruleBook struct {
	mu       sync.Mutex
	revision int64
	ready    *correct.Rules
}

// counter returns the value of a counter.
func counter(ctx context.Context, db bun.IDB, name string) (n int64, err error) {
	err = db.NewRaw("SELECT value FROM counters WHERE name = ?", name).Scan(ctx, &n)
	return n, err
}

// rules returns the rules that hold, as they are at the moment of a transaction.
func (s *Store) rules(ctx context.Context, tx bun.IDB) (*correct.Rules, error) {
	revision, err := counter(ctx, tx, rulesCounter)
	if err != nil {
		return nil, err
	}
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	if s.book.ready == nil || s.book.revision != revision {
		list, err := readRules(ctx, tx, true)
		if err != nil {
			return nil, err
		}
		s.book.revision, s.book.ready = revision, correct.NewRules(list)
	}
	return s.book.ready, nil
}

// layer is what is laid over the transcripts of an episode that are of a recording; of translations, edits are not.
func (s *Store) layer(ctx context.Context, tx bun.IDB, r *transcriptRow, t models.Transcript) (correct.Layer, error) {
	e := new(episodeRow)
	if err := tx.NewSelect().Model(e).Column("show_id", "media_sha256").Where("id = ?", r.EpisodeID).Scan(ctx); err != nil {
		return correct.Layer{}, missing(err, "episode", r.EpisodeID)
	}
	l := correct.Layer{Show: e.ShowID, Audio: cmp.Or(r.MediaSHA256, e.MediaSHA256)}
	passages, err := privateIn(ctx, tx, []models.EpisodeID{r.EpisodeID})
	if err != nil {
		return l, err
	}
	l.Private = t.HeldIn(models.Held(passages[r.EpisodeID], e.MediaSHA256, s.now()), r.MediaSHA256, e.MediaSHA256)
	if r.Task != models.TaskTranslate {
		if l.Edits, err = editsOf(ctx, tx, r.EpisodeID); err != nil {
			return l, err
		}
	}
	if l.Rules, err = s.rules(ctx, tx); err != nil {
		return l, err
	}
	l.Edits = slices.DeleteFunc(l.Edits, func(e models.Edit) bool { return e.RuleID != 0 && !l.Rules.Hold(e.RuleID) })
	return l, nil
}

// corrected returns a transcript with all that people said about it.
func (s *Store) corrected(ctx context.Context, tx bun.IDB, r *transcriptRow) (models.Corrected, error) {
	t, l, err := s.laid(ctx, tx, r)
	if err != nil {
		return models.Corrected{}, err
	}
	c := correct.Apply(t, l)
	return c, doubtNoMore(ctx, tx, &c)
}

// laid returns a transcript as it was made, and what is laid over it.
func (s *Store) laid(ctx context.Context, tx bun.IDB, r *transcriptRow) (models.Transcript, correct.Layer, error) {
	t, err := r.whole(ctx, tx)
	if err != nil {
		return t, correct.Layer{}, err
	}
	l, err := s.layer(ctx, tx, r, t)
	return t, l, err
}

// whole is a transcript with its segments, as it was made.
func (r *transcriptRow) whole(ctx context.Context, db bun.IDB) (models.Transcript, error) {
	t, err := r.model()
	if err != nil {
		return t, err
	}
	t.Segments, err = segments(ctx, db, r)
	return t, err
}

// Corrected returns the current transcript of an episode with what became of all that people said about it, or
// [models.ErrNotFound].
func (s *Store) Corrected(ctx context.Context, id models.EpisodeID) (c models.Corrected, err error) {
	err = s.read(ctx, "reading a transcript", func(ctx context.Context, tx bun.Tx) error {
		r, err := current(ctx, tx, id, models.TaskTranscribe)
		if err != nil {
			return err
		}
		c, err = s.corrected(ctx, tx, r)
		return err
	})
	return c, err
}

// Original returns an episode's current transcript as it was made, for what goes on with it. Nobody else is to see it: it has what is private.
func (s *Store) Original(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (t models.Transcript, err error) {
	err = s.read(ctx, "reading a transcript", func(ctx context.Context, tx bun.Tx) error {
		r, err := current(ctx, tx, id, task)
		if err != nil {
			return err
		}
		t, err = r.whole(ctx, tx)
		return err
	})
	return t, err
}

// Names of counters.
const (
	rulesCounter = "rules"   // grows with every change of rules and names
	handCounter  = "by_hand" // the number of the newest change that a person made
)

// byHand gives episodes the next numbers of the change sequence because of what a person did, who waits to see it.
func (s *Store) byHand(ctx context.Context, tx bun.Tx, ids ...models.EpisodeID) error {
	if err := s.changed(ctx, tx, false, ids...); err != nil {
		return err
	}
	_, err := tx.NewRaw("UPDATE counters SET value = (SELECT value FROM counters WHERE name = 'change') WHERE name = ?", handCounter).Exec(ctx)
	return err
}

// ByHand returns the number of the newest change that a person made, 0 for none.
func (s *Store) ByHand(ctx context.Context) (int64, error) {
	n, err := counter(ctx, s.e.read, handCounter)
	if err != nil {
		return 0, fmt.Errorf("reading the newest change by hand: %w", s.e.explain(err))
	}
	return n, nil
}
