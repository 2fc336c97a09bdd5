package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// What is private is remembered for ever, also of episodes that are no longer there: one that comes back is as private as it was, and so
// is a recording that another episode brings.

type privateRow struct {
	bun.BaseModel `bun:"private_passages,alias:v"`

	ID        int64 `bun:",pk,autoincrement"`
	EpisodeID models.EpisodeID
	StartMS   int64 `bun:"start_ms"`
	EndMS     int64 `bun:"end_ms"`
	Reason    string
	UntilAt   int64
	Ended     bool
	Audio     string
	UserName  string
	CreatedAt int64
	LiftedAt  int64
	LiftedBy  string
}

func (r *privateRow) model() models.Private {
	return models.Private{
		ID: r.ID, EpisodeID: r.EpisodeID, Span: models.Span{StartMS: r.StartMS, EndMS: r.EndMS}, Reason: r.Reason, Until: fromMS(r.UntilAt),
		Audio: r.Audio, By: r.UserName, At: fromMS(r.CreatedAt), LiftedAt: fromMS(r.LiftedAt), LiftedBy: r.LiftedBy,
	}
}

func privateModels(rows []*privateRow) []models.Private {
	out := make([]models.Private, len(rows))
	for i, r := range rows {
		out[i] = r.model()
	}
	return out
}

// privateIn returns the passages of episodes that nobody has lifted, in order of time: those that were marked in them, and those of their
// recordings, whichever episode they were marked in.
func privateIn(ctx context.Context, db bun.IDB, ids []models.EpisodeID) (map[models.EpisodeID][]models.Private, error) {
	found := map[models.EpisodeID][]models.Private{}
	err := chunks(ids, 500, func(ids []models.EpisodeID) error {
		var rows []struct {
			privateRow

			Of models.EpisodeID
		}
		err := db.NewRaw(`SELECT v.*, e.id AS "of" FROM private_passages v JOIN episodes e ON e.id = v.episode_id WHERE v.lifted_at = 0 AND e.id IN (?)
			UNION SELECT v.*, e.id AS "of" FROM private_passages v JOIN episodes e ON e.media_sha256 = v.audio
				WHERE v.lifted_at = 0 AND v.audio <> '' AND e.media_sha256 <> '' AND e.id IN (?)
			ORDER BY start_ms, id`, bun.List(ids), bun.List(ids)).Scan(ctx, &rows)
		for _, r := range rows {
			found[r.Of] = append(found[r.Of], r.model())
		}
		return err
	})
	return found, err
}

// PrivateIn returns the passages of episodes that are kept back now, in order of time: those that were marked in them, and those of their
// recordings, whichever episode they were marked in.
func (s *Store) PrivateIn(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID][]models.Private, error) {
	found, err := privateIn(ctx, s.e.read, ids)
	if err != nil {
		return nil, fmt.Errorf("reading what is private: %w", s.e.explain(err))
	}
	now := s.now()
	for id, list := range found {
		found[id] = slices.DeleteFunc(list, func(p models.Private) bool { return !p.Holds(now) })
	}
	return found, nil
}

// PrivateOf is PrivateIn for one episode.
func (s *Store) PrivateOf(ctx context.Context, id models.EpisodeID) ([]models.Private, error) {
	found, err := s.PrivateIn(ctx, []models.EpisodeID{id})
	return found[id], err
}

// privateChanged tells the index, which follows at once, that what is private has changed in the episode of a passage, and in all that
// have its recording.
func (s *Store) privateChanged(ctx context.Context, tx bun.Tx, r *privateRow) error {
	var ids []models.EpisodeID
	err := tx.NewRaw("SELECT id FROM episodes WHERE id = ? OR media_sha256 <> '' AND media_sha256 = ? ORDER BY id", r.EpisodeID, r.Audio).Scan(ctx, &ids)
	if err != nil {
		return err
	}
	return s.byHand(ctx, tx, ids...)
}

// SetPrivate keeps a passage of an episode's recording from everybody, from now on.
func (s *Store) SetPrivate(ctx context.Context, p models.Private) (models.Private, error) {
	p.Reason = models.Line(p.Reason)
	if err := p.Check(s.now()); err != nil {
		return p, err
	}
	err := s.write(ctx, "keeping a passage private", func(ctx context.Context, tx bun.Tx) error {
		e, err := episodeByID(ctx, tx, p.EpisodeID)
		if err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*privateRow)(nil)).Where("episode_id = ?", p.EpisodeID).Where("lifted_at = 0").Where("NOT ended").Count(ctx)
		if err != nil {
			return err
		}
		if n >= models.MaxPrivate {
			return models.Explain(models.ErrInvalid, "an episode can have %d private passages: make all of it private", models.MaxPrivate)
		}
		row := &privateRow{
			EpisodeID: p.EpisodeID, StartMS: p.StartMS, EndMS: p.EndMS, Reason: clean(p.Reason), UntilAt: toMS(p.Until), Audio: e.MediaSHA256, UserName: p.By, CreatedAt: toMS(s.now()),
		}
		if _, err := tx.NewInsert().Model(row).Returning("id").Exec(ctx); err != nil {
			return err
		}
		p = row.model()
		return s.privateChanged(ctx, tx, row)
	})
	return p, err
}

// LiftPrivate gives a passage back to everybody. One that was lifted already stays as it is.
func (s *Store) LiftPrivate(ctx context.Context, id int64, by string) (p models.Private, err error) {
	err = s.write(ctx, "lifting what is private", func(ctx context.Context, tx bun.Tx) error {
		row := &privateRow{ID: id}
		if err := tx.NewSelect().Model(row).WherePK().Scan(ctx); err != nil {
			return missing(err, "private passage", id)
		}
		if row.LiftedAt == 0 {
			row.LiftedAt, row.LiftedBy = toMS(s.now()), by
			if _, err := tx.NewUpdate().Model(row).Column("lifted_at", "lifted_by").WherePK().Exec(ctx); err != nil {
				return err
			}
		}
		p = row.model()
		return s.privateChanged(ctx, tx, row)
	})
	return p, err
}

// PrivateLog returns passages that are or were private, newest first, those with numbers below before (0: all), at most limit.
func (s *Store) PrivateLog(ctx context.Context, before int64, limit int) ([]models.Private, error) {
	var rows []*privateRow
	q := s.e.read.NewSelect().Model(&rows).Order("id DESC").Limit(int64(limit))
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading what is and was private: %w", s.e.explain(err))
	}
	return privateModels(rows), nil
}

// EndPrivate gives back what was private until a time that has passed, and returns how many passages that were.
func (s *Store) EndPrivate(ctx context.Context) (ended int, err error) {
	now := toMS(s.now())
	due := func(db bun.IDB, rows *[]*privateRow) error {
		return db.NewSelect().Model(rows).Where("until_at > 0 AND NOT ended").Where("until_at <= ?", now).Order("id").Scan(ctx)
	}
	var rows []*privateRow
	if err := due(s.e.read, &rows); err != nil || len(rows) == 0 {
		return 0, s.e.explain(err)
	}
	err = s.write(ctx, "ending what was private", func(ctx context.Context, tx bun.Tx) error {
		rows = nil
		if err := due(tx, &rows); err != nil {
			return err
		}
		for _, r := range rows {
			r.Ended = true
			if _, err := tx.NewUpdate().Model(r).Column("ended").WherePK().Exec(ctx); err != nil {
				return err
			}
			if err := s.privateChanged(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	return len(rows), err
}
