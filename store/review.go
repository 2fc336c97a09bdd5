package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/doubt"
)

// What is in doubt is found by looking through one transcript after the other, once they are complete and again when they have
// changed, and kept, so that a list of the whole archive is a query. Of what became known since (a name, say) a transcript is not
// looked through again by itself.

type doubtRow struct {
	bun.BaseModel `bun:"doubts,alias:d"`

	EpisodeID models.EpisodeID `bun:",pk"`
	StartMS   int64            `bun:"start_ms,pk"`
	EndMS     int64            `bun:"end_ms"`
	Doubt     models.Doubt     `bun:",pk"`
	Said      string
	Suggested string
	Worth     int64
}

type confirmationRow struct {
	bun.BaseModel `bun:"confirmations,alias:o"`

	EpisodeID models.EpisodeID `bun:",pk"`
	StartMS   int64            `bun:"start_ms,pk"`
	EndMS     int64            `bun:"end_ms"`
	Doubt     models.Doubt     `bun:",pk"`
	Said      string
	UserName  string
	CreatedAt int64
}

type lookedThroughRow struct {
	bun.BaseModel `bun:"looked_through,alias:l"`

	EpisodeID models.EpisodeID `bun:",pk"`
	Seq       int64
}

// thousandths is the unit of a stored worth.
const thousandths = 1000

// Sounds finds the name among some that a word sounds like; "" where it sounds like none.
type Sounds func(names []string) (like func(word string) string)

// unread chooses episodes with a complete transcript that was not looked through since it changed.
func unread(db bun.IDB) *bun.SelectQuery {
	return db.NewSelect().TableExpr("changes AS c").Join("JOIN transcripts AS t ON t.episode_id = c.episode_id").
		Join("LEFT JOIN looked_through AS l ON l.episode_id = c.episode_id").
		Where("t.is_current").Where("t.complete").Where("t.task = ?", models.TaskTranscribe).Where("NOT c.deleted").
		Where("l.seq IS NULL OR l.seq < c.seq")
}

// LookThrough finds what is in doubt in the transcript that changed last of those that were not looked through since; done says
// that there is none. sounds may be nil.
func (s *Store) LookThrough(ctx context.Context, sounds Sounds) (done bool, err error) {
	var next lookedThroughRow
	err = unread(s.e.read).Column("c.episode_id", "c.seq").Order("c.seq DESC").Limit(1).Scan(ctx, &next.EpisodeID, &next.Seq)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for transcripts to look through: %w", s.e.explain(err))
	}
	c, err := s.Corrected(ctx, next.EpisodeID)
	if err != nil && !errors.Is(err, models.ErrNotFound) { // what was removed meanwhile
		// If it is the transcript that cannot be read, and not the catalogue, the others have their turn.
		s.log.ErrorContext(ctx, "a transcript cannot be looked through for what is in doubt", "episode", next.EpisodeID, "error", err)
	}
	var like func(string) string
	if sounds != nil {
		names, err := s.namesOf(ctx, next.EpisodeID)
		if err != nil {
			return false, err
		}
		like = sounds(names)
	}
	return false, s.keepDoubts(ctx, next, doubt.Find(c, like))
}

// How often is looked for what to look through, and how long it rests after each transcript: restFactor times as long as that took, so
// that it never takes more than a tenth of a core.
const (
	lookEvery  = 2 * time.Second
	restFactor = 9
	mostRest   = 10 * time.Second
)

// LookThroughAll looks through transcripts as they change, until ctx ends; then it returns nil. Trouble is logged, and what caused it
// tried again.
func (s *Store) LookThroughAll(ctx context.Context, sounds Sounds) error {
	seen := int64(-1)
	for {
		wait := lookEvery
		last, err := s.LastChange(ctx)
		if err == nil && last != seen {
			began := time.Now()
			var done bool
			if done, err = s.LookThrough(ctx, sounds); done {
				seen = last
			}
			wait = min(restFactor*time.Since(began), mostRest)
		}
		if errors.Is(err, models.ErrNewerData) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "transcripts cannot be looked through for what is in doubt: trying again", "error", err)
			wait = mostRest
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// keepDoubts stores what was found in a transcript, in the place of what was found before.
func (s *Store) keepDoubts(ctx context.Context, at lookedThroughRow, found []models.Review) error {
	rows := make([]doubtRow, len(found))
	for i, r := range found {
		rows[i] = doubtRow{
			EpisodeID: at.EpisodeID, StartMS: r.StartMS, EndMS: r.EndMS, Doubt: r.Doubt, Said: brief(r.Text), Suggested: brief(r.Like),
			Worth: int64(math.Round(r.Worth * thousandths)),
		}
	}
	return s.write(ctx, "keeping what is in doubt", func(ctx context.Context, tx bun.Tx) error {
		there, err := tx.NewSelect().Model((*episodeRow)(nil)).Where("id = ?", at.EpisodeID).Exists(ctx)
		if err != nil || !there {
			return err
		}
		if _, err := tx.NewDelete().Model((*doubtRow)(nil)).Where("episode_id = ?", at.EpisodeID).Exec(ctx); err != nil {
			return err
		}
		err = chunks(rows, 200, func(rows []doubtRow) error {
			_, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx) // two lost changes of the same word
			return err
		})
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&at).On("CONFLICT (episode_id) DO UPDATE").Set("seq = EXCLUDED.seq").Exec(ctx)
		return err
	})
}

// brief cuts what a passage says to what can be confirmed.
func brief(text string) string {
	return clean(text[:min(len(text), models.MaxReviewText)])
}

// namesOf returns the names that may be said in an episode: those that somebody has told, and the people that its feed names.
func (s *Store) namesOf(ctx context.Context, id models.EpisodeID) ([]string, error) {
	known, err := s.Names(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, n := range known {
		if !n.Ignored {
			names = append(append(names, n.Text), n.Aliases...)
		}
	}
	err = s.read(ctx, "reading whom an episode is with", func(ctx context.Context, tx bun.Tx) error {
		e, err := episode(ctx, tx, id)
		if err != nil {
			return err
		}
		w, err := show(ctx, tx, e.ShowID)
		for _, p := range append(e.People, w.People...) {
			names = append(names, p.Name)
		}
		return err
	})
	if errors.Is(err, models.ErrNotFound) {
		return names, nil
	}
	return names, err
}

// inDoubt chooses the passages in doubt that nobody has found right as they are now, and that are not kept from everybody.
func (s *Store) inDoubt(f models.ReviewFilter) *bun.SelectQuery {
	q := s.e.read.NewSelect().Model((*doubtRow)(nil)).Join("JOIN episodes AS e ON e.id = d.episode_id").
		Where("NOT EXISTS (SELECT 1 FROM confirmations AS o WHERE o.episode_id = d.episode_id AND o.start_ms = d.start_ms AND o.doubt = d.doubt AND o.said = d.said)").
		Where("NOT EXISTS (SELECT 1 FROM private_passages AS p WHERE (p.episode_id = d.episode_id OR p.audio <> '' AND p.audio = e.media_sha256)"+
			" AND p.lifted_at = 0 AND (p.until_at = 0 OR p.until_at > ?)"+
			// One of another recording cannot be placed: then all of the episode is private.
			" AND (p.audio <> e.media_sha256 OR p.start_ms < d.end_ms AND (p.end_ms = 0 OR p.end_ms > d.start_ms)))", toMS(s.now()))
	if len(f.Hidden) > 0 {
		q.Where("e.show_id NOT IN (?)", bun.List(f.Hidden))
	}
	if f.EpisodeID != "" {
		q.Where("d.episode_id = ?", f.EpisodeID)
	}
	return q
}

// Doubts lists passages that are in doubt, the most worth first.
func (s *Store) Doubts(ctx context.Context, f models.ReviewFilter) ([]models.Review, error) {
	var rows []doubtRow
	q := s.inDoubt(f)
	if f.After.EpisodeID != "" {
		worth := int64(math.Round(f.After.Worth * thousandths))
		q.Where("(d.worth, d.episode_id, d.start_ms, d.doubt) < (?, ?, ?, ?)", worth, f.After.EpisodeID, f.After.StartMS, f.After.Doubt)
	}
	err := q.Order("d.worth DESC", "d.episode_id DESC", "d.start_ms DESC", "d.doubt DESC").Limit(int64(f.Limit)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("listing what is in doubt: %w", s.e.explain(err))
	}
	out := make([]models.Review, len(rows))
	for i, r := range rows {
		out[i] = models.Review{
			EpisodeID: r.EpisodeID, Doubt: r.Doubt, Span: models.Span{StartMS: r.StartMS, EndMS: r.EndMS}, Text: r.Said, Like: r.Suggested,
			Worth: float64(r.Worth) / thousandths,
		}
	}
	return out, nil
}

// CountDoubts counts what there is to review.
func (s *Store) CountDoubts(ctx context.Context, f models.ReviewFilter) (n models.ReviewCount, err error) {
	passages, err := s.e.read.NewSelect().TableExpr("(?) AS x", s.inDoubt(f).ColumnExpr("1").Limit(models.MostReviewed)).Count(ctx)
	if err == nil {
		n.Passages = int(passages)
		var left int64
		if left, err = unread(s.e.read).Count(ctx); err == nil {
			n.Unread = int(left)
			return n, nil
		}
	}
	return n, fmt.Errorf("counting what is in doubt: %w", s.e.explain(err))
}

// Confirm notes that somebody has listened to a passage and found it right as it is. The place of a change that was not found is no
// such passage: it is undone.
func (s *Store) Confirm(ctx context.Context, c models.Confirmed) error {
	if err := c.Check(); err != nil {
		return err
	}
	row := &confirmationRow{
		EpisodeID: c.EpisodeID, StartMS: c.StartMS, EndMS: c.EndMS, Doubt: c.Doubt, Said: clean(c.Text), UserName: clean(c.By), CreatedAt: toMS(s.now()),
	}
	return s.write(ctx, "noting what was found right", func(ctx context.Context, tx bun.Tx) error {
		if _, err := episodeByID(ctx, tx, c.EpisodeID); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(row).On("CONFLICT (episode_id, start_ms, doubt) DO UPDATE").Set("end_ms = EXCLUDED.end_ms").
			Set("said = EXCLUDED.said").Set("user_name = EXCLUDED.user_name").Set("created_at = EXCLUDED.created_at").Exec(ctx)
		return err
	})
}

// Confirmations lists what somebody found right in an episode, in order of time.
func (s *Store) Confirmations(ctx context.Context, id models.EpisodeID) ([]models.Confirmed, error) {
	all, err := confirmations(ctx, s.e.read, id)
	if err != nil {
		return nil, fmt.Errorf("reading what was found right in the episode %s: %w", id, s.e.explain(err))
	}
	return all, nil
}

func confirmations(ctx context.Context, db bun.IDB, id models.EpisodeID) ([]models.Confirmed, error) {
	var rows []confirmationRow
	if err := db.NewSelect().Model(&rows).Where("episode_id = ?", id).Order("start_ms", "doubt").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]models.Confirmed, len(rows))
	for i, r := range rows {
		out[i] = models.Confirmed{
			EpisodeID: r.EpisodeID, Span: models.Span{StartMS: r.StartMS, EndMS: r.EndMS}, Doubt: r.Doubt, Text: r.Said, By: r.UserName, At: fromMS(r.CreatedAt),
		}
	}
	return out, nil
}

// doubtNoMore takes the mark from the segments of a transcript that somebody found right as they are.
func doubtNoMore(ctx context.Context, tx bun.IDB, c *models.Corrected) error {
	found, err := confirmations(ctx, tx, c.EpisodeID)
	if err != nil {
		return err
	}
	right := map[int64]string{}
	for _, o := range found {
		if o.Doubt == models.DoubtDecoder {
			right[o.StartMS] = o.Text
		}
	}
	for i, g := range c.Segments {
		if text, ok := right[g.StartMS]; ok && text == g.Text {
			c.Segments[i].Doubtful = false
		}
	}
	return nil
}
