package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/correct"
)

type editRow struct {
	bun.BaseModel `bun:"edits,alias:d"`

	ID          int64 `bun:",pk,autoincrement"`
	EpisodeID   models.EpisodeID
	Kind        models.EditKind
	StartMS     int64  `bun:"start_ms"`
	EndMS       int64  `bun:"end_ms"`
	Was         string // models.Edit.Before
	Becomes     string // models.Edit.After
	WordsBefore string
	WordsAfter  string
	Audio       string
	RuleID      int64
	UserName    string
	CreatedAt   int64
	UndoneAt    int64
	UndoneBy    string
}

func (r *editRow) model() models.Edit {
	return models.Edit{
		ID: r.ID, EpisodeID: r.EpisodeID, Kind: r.Kind, Span: models.Span{StartMS: r.StartMS, EndMS: r.EndMS}, Before: r.Was, After: r.Becomes,
		Left: r.WordsBefore, Right: r.WordsAfter, Audio: r.Audio, RuleID: r.RuleID, By: r.UserName, At: fromMS(r.CreatedAt), UndoneAt: fromMS(r.UndoneAt), UndoneBy: r.UndoneBy,
	}
}

func (s *Store) newEditRow(id models.EpisodeID, e models.Edit) *editRow {
	return &editRow{
		EpisodeID: id, Kind: e.Kind, StartMS: e.StartMS, EndMS: e.EndMS, Was: clean(e.Before), Becomes: clean(e.After),
		WordsBefore: clean(e.Left), WordsAfter: clean(e.Right), Audio: e.Audio, RuleID: e.RuleID, UserName: e.By, CreatedAt: toMS(s.now()),
	}
}

// editsOf returns all edits of an episode, in the order in which they were made.
func editsOf(ctx context.Context, db bun.IDB, id models.EpisodeID) ([]models.Edit, error) {
	var rows []*editRow
	if err := db.NewSelect().Model(&rows).Where("episode_id = ?", id).Order("id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]models.Edit, len(rows))
	for i, r := range rows {
		out[i] = r.model()
	}
	return out, nil
}

// Edit makes changes to the transcript that an episode has now, one after the other, all or nothing. Before is what the person sees
// there; where somebody else has changed it meanwhile, the error is a [models.EditConflictError]. They are returned as they are stored:
// about the words that were transcribed.
func (s *Store) Edit(ctx context.Context, id models.EpisodeID, by string, changes []models.Edit) ([]models.Edit, error) {
	for i := range changes {
		changes[i].Before, changes[i].After = models.Line(changes[i].Before), models.Line(changes[i].After)
		if err := changes[i].Check(); err != nil {
			return nil, err
		}
	}
	var made []models.Edit
	err := s.write(ctx, "editing a transcript", func(ctx context.Context, tx bun.Tx) error {
		r, err := current(ctx, tx, id, models.TaskTranscribe)
		if err != nil {
			return err
		}
		t, l, err := s.laid(ctx, tx, r)
		if err != nil {
			return err
		}
		if len(l.Edits)+len(changes) > models.MaxEdits {
			return models.Explain(models.ErrInvalid, "a transcript can be changed %d times: more would make it slow to read", models.MaxEdits)
		}
		if made, err = correct.Resolve(t, l, changes); err != nil {
			return err
		}
		for i, e := range made {
			e.By = by
			row := s.newEditRow(id, e)
			if _, err := tx.NewInsert().Model(row).Returning("id").Exec(ctx); err != nil {
				return err
			}
			made[i] = row.model()
		}
		return s.byHand(ctx, tx, id)
	})
	return made, err
}

// UndoEdits takes edits of an episode back (undone), or makes them again. Those that are so already stay as they are.
func (s *Store) UndoEdits(ctx context.Context, id models.EpisodeID, by string, undone bool, edits ...int64) error {
	return s.write(ctx, "taking a change back", func(ctx context.Context, tx bun.Tx) error {
		var rows []*editRow
		err := tx.NewSelect().Model(&rows).Where("episode_id = ?", id).Where("id IN (?)", bun.List(edits)).Scan(ctx)
		if err != nil {
			return err
		}
		if len(rows) < len(edits) {
			return fmt.Errorf("changes of the episode %s: %w", id, models.ErrNotFound)
		}
		for _, r := range rows {
			if undone == (r.UndoneAt != 0) {
				continue
			}
			r.UndoneAt, r.UndoneBy = 0, ""
			if undone {
				r.UndoneAt, r.UndoneBy = toMS(s.now()), by
			}
			if _, err := tx.NewUpdate().Model(r).Column("undone_at", "undone_by").WherePK().Exec(ctx); err != nil {
				return err
			}
		}
		return s.byHand(ctx, tx, id)
	})
}

// ChooseTranscript makes one of an episode's complete transcripts the one that is read and searched, until a newer one is made.
func (s *Store) ChooseTranscript(ctx context.Context, id models.EpisodeID, transcript int64) error {
	return s.write(ctx, "choosing a transcript", func(ctx context.Context, tx bun.Tx) error {
		r := &transcriptRow{ID: transcript}
		if err := tx.NewSelect().Model(r).WherePK().Where("episode_id = ?", id).Where("task = ?", models.TaskTranscribe).Scan(ctx); err != nil {
			return missing(err, "transcript", transcript)
		}
		if !r.Complete {
			return models.Explain(models.ErrConflict, "this transcript is not complete: it can be chosen when it is")
		}
		if err := s.keepPlaces(ctx, tx, id); err != nil {
			return err
		}
		r.ChosenAt = toMS(s.now())
		if _, err := tx.NewUpdate().Model(r).Column("chosen_at").WherePK().Exec(ctx); err != nil {
			return err
		}
		if err := choose(ctx, tx, id); err != nil {
			return err
		}
		return s.byHand(ctx, tx, id)
	})
}
