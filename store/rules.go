package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/correct"
)

type ruleRow struct {
	bun.BaseModel `bun:"rules,alias:u"`

	ID          int64 `bun:",pk,autoincrement"`
	ShowID      models.ShowID
	Becomes     string // models.Rule.Right
	Heard       string // JSON: models.Rule.Wrong
	MatchCase   bool
	WithinWords bool
	Places      int64
	UserName    string
	CreatedAt   int64
	UndoneAt    int64
	UndoneBy    string
}

type exceptionRow struct {
	bun.BaseModel `bun:"rule_exceptions,alias:x"`

	RuleID    int64            `bun:",pk"`
	EpisodeID models.EpisodeID `bun:",pk"`
	StartMS   int64            `bun:"start_ms,pk"`
	Was       string
}

func (r *ruleRow) model() (models.Rule, error) {
	wrong, err := stored[string]("rule", r.Heard)
	return models.Rule{
		ID: r.ID, ShowID: r.ShowID, Right: r.Becomes, Wrong: wrong, MatchCase: r.MatchCase, WithinWords: r.WithinWords,
		Places: int(r.Places), By: r.UserName, At: fromMS(r.CreatedAt), UndoneAt: fromMS(r.UndoneAt), UndoneBy: r.UndoneBy,
	}, err
}

// readRules returns the rules, oldest first: all, or those that hold.
func readRules(ctx context.Context, db bun.IDB, holding bool) ([]models.Rule, error) {
	var rows []*ruleRow
	q := db.NewSelect().Model(&rows).Order("id")
	if holding {
		q = q.Where("undone_at = 0")
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	var exceptions []exceptionRow
	if err := db.NewSelect().Model(&exceptions).Order("rule_id", "episode_id", "start_ms").Scan(ctx); err != nil {
		return nil, err
	}
	except := map[int64][]models.Except{}
	for _, x := range exceptions {
		except[x.RuleID] = append(except[x.RuleID], models.Except{EpisodeID: x.EpisodeID, StartMS: x.StartMS, Before: x.Was})
	}
	out := make([]models.Rule, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.model(); err != nil {
			return nil, err
		}
		out[i].Except = except[r.ID]
	}
	return out, nil
}

// Rules returns all rules, those that were undone among them, oldest first.
func (s *Store) Rules(ctx context.Context) (list []models.Rule, err error) {
	err = s.read(ctx, "reading the rules", func(ctx context.Context, tx bun.Tx) error {
		list, err = readRules(ctx, tx, false)
		return err
	})
	return list, err
}

// readToAdd is in how many episodes a rule may be looked for before it holds: whoever makes it waits for that. Where the index found more,
// somewhat more is told to it than has to be.
const readToAdd = 32

// AddRule lets a rule hold, in what is there and in what comes. The episodes that it may change are told to the index. Its Places count as
// they are where they are not counted here.
func (s *Store) AddRule(ctx context.Context, r models.Rule, in models.Reach) (models.Rule, error) {
	r.Right = models.Line(r.Right)
	for i, w := range r.Wrong {
		r.Wrong[i] = models.Line(w)
	}
	if err := r.Check(); err != nil {
		return r, err
	}
	heard, err := json.Marshal(r.Wrong)
	if err != nil {
		return r, err
	}
	touched, err := s.touched(ctx, &r, in)
	if err != nil {
		return r, err
	}
	err = s.write(ctx, "adding a rule", func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*ruleRow)(nil)).Where("undone_at = 0").Count(ctx)
		if err != nil {
			return err
		}
		if n >= models.MaxRules {
			return models.Explain(models.ErrInvalid, "there are %d rules: undo those that are not needed", n)
		}
		if r.ShowID != "" {
			if _, err := show(ctx, tx, r.ShowID); err != nil {
				return err
			}
		}
		row := &ruleRow{
			ShowID: r.ShowID, Becomes: clean(r.Right), Heard: clean(string(heard)), MatchCase: r.MatchCase, WithinWords: r.WithinWords,
			Places: int64(r.Places), UserName: r.By, CreatedAt: toMS(s.now()),
		}
		if _, err := tx.NewInsert().Model(row).Returning("id").Exec(ctx); err != nil {
			return err
		}
		r.ID, r.At = row.ID, fromMS(row.CreatedAt)
		rows := make([]*exceptionRow, len(r.Except))
		for i, x := range r.Except {
			rows[i] = &exceptionRow{RuleID: r.ID, EpisodeID: x.EpisodeID, StartMS: x.StartMS, Was: clean(x.Before)}
		}
		err = chunks(rows, 500, func(rows []*exceptionRow) error {
			_, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
		return s.ruled(ctx, tx, r.ID, touched, in.Seq)
	})
	return r, err
}

// UndoRule takes a rule back (undone), or lets it hold again. The index is told of the episodes: those that are reached, which are those
// whose words it has changed, or those that it may change.
func (s *Store) UndoRule(ctx context.Context, rule int64, by string, undone bool, in models.Reach) error {
	var r models.Rule
	err := s.read(ctx, "reading a rule", func(ctx context.Context, tx bun.Tx) (err error) {
		row := &ruleRow{ID: rule}
		if err := tx.NewSelect().Model(row).WherePK().Scan(ctx); err != nil {
			return missing(err, "rule", rule)
		}
		r, err = row.model()
		return err
	})
	if err != nil {
		return err
	}
	touched := in.Episodes
	if !undone {
		if touched, err = s.touched(ctx, &r, in); err != nil {
			return err
		}
	}
	return s.write(ctx, "taking a rule back", func(ctx context.Context, tx bun.Tx) error {
		row := &ruleRow{ID: rule}
		if undone {
			row.UndoneAt, row.UndoneBy = toMS(s.now()), by
		}
		n, err := affected(tx.NewUpdate().Model(row).Column("undone_at", "undone_by").WherePK().Where("(undone_at = 0) = ?", undone).Exec(ctx))
		if err != nil || n == 0 { // somebody else was first
			return err
		}
		return s.ruled(ctx, tx, rule, touched, in.Seq)
	})
}

// ruled tells the index, and everybody who remembers the rules, that one is different. Beside the episodes that it touches those count
// that have changed since the index was asked, and those whose transcripts of before it has changed.
func (s *Store) ruled(ctx context.Context, tx bun.Tx, rule int64, touched []models.EpisodeID, since int64) error {
	if _, err := tx.NewRaw("UPDATE counters SET value = value + 1 WHERE name = ?", rulesCounter).Exec(ctx); err != nil {
		return err
	}
	var later []models.EpisodeID
	if err := tx.NewSelect().Model((*changeRow)(nil)).Column("episode_id").Where("seq > ?", since).Where("NOT deleted").Scan(ctx, &later); err != nil {
		return err
	}
	var kept []models.EpisodeID
	// The index of the rows with a rule is used where the query says that it wants no others.
	if err := tx.NewSelect().Model((*editRow)(nil)).Distinct().Column("episode_id").Where("rule_id = ? AND rule_id > 0", rule).Scan(ctx, &kept); err != nil {
		return err
	}
	touched = slices.Concat(touched, later, kept)
	slices.Sort(touched)
	there, err := stillThere(ctx, tx, slices.Compact(touched))
	if err != nil {
		return err
	}
	return s.byHand(ctx, tx, there...)
}

// stillThere returns those of the episodes that are not deleted: the index may not know it yet.
func stillThere(ctx context.Context, tx bun.Tx, ids []models.EpisodeID) (there []models.EpisodeID, err error) {
	err = chunks(ids, 500, func(ids []models.EpisodeID) error {
		var some []models.EpisodeID
		err := tx.NewSelect().Model((*episodeRow)(nil)).Column("id").Where("id IN (?)", bun.List(ids)).Order("id").Scan(ctx, &some)
		there = append(there, some...)
		return err
	})
	return there, err
}

// readers is how many transcripts are read at a time.
const readers = 4

// touched returns those of the episodes in which a rule changes words, and counts its places. Where the index found many, its word is taken
// for both, unless capitals count: it knows none.
func (s *Store) touched(ctx context.Context, r *models.Rule, in models.Reach) ([]models.EpisodeID, error) {
	if !r.MatchCase && len(in.Episodes) > readToAdd {
		return in.Episodes, nil
	}
	holding := *r
	holding.UndoneAt = time.Time{}
	places, err := s.placesOf(ctx, holding, nil, in.Episodes)
	if err != nil {
		return nil, err
	}
	r.Places = len(places)
	var out []models.EpisodeID
	for _, p := range places {
		out = append(out, p.EpisodeID)
	}
	return out, nil
}

// keepPlaces keeps where rules change the current transcript of an episode, which is about to be replaced: in the next one the names may be heard
// as something else again.
func (s *Store) keepPlaces(ctx context.Context, tx bun.Tx, id models.EpisodeID) error {
	r, err := currentRow(ctx, tx, id, models.TaskTranscribe)
	if err != nil || r == nil || !r.Complete {
		return err
	}
	t, l, err := s.laid(ctx, tx, r)
	if err != nil {
		return err
	}
	kept := correct.Keep(t, l)
	kept = kept[:min(len(kept), max(0, models.MaxEdits-len(l.Edits)))]
	rows := make([]*editRow, len(kept))
	for i, e := range kept {
		rows[i] = s.newEditRow(id, e)
	}
	return chunks(rows, 200, func(rows []*editRow) error {
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
}

// RulePlaces returns the places at which a rule changes words of some episodes, or would, in the order of the episodes and of
// time. Those that are left out are not among them.
func (s *Store) RulePlaces(ctx context.Context, r models.Rule, episodes []models.EpisodeID) ([]models.Place, error) {
	r.ID, r.UndoneAt = cmp.Or(r.ID, candidate), time.Time{}
	others, err := s.rules(ctx, s.e.read)
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", s.e.explain(err))
	}
	all := others.With(r)
	if others.Empty() {
		all = nil
	}
	return s.placesOf(ctx, r, all, episodes)
}

// placesOf returns the places of a rule alone in episodes, and, where all is not nil, says which of them others among all have.
func (s *Store) placesOf(ctx context.Context, r models.Rule, all *correct.Rules, episodes []models.EpisodeID) ([]models.Place, error) {
	alone := correct.NewRules([]models.Rule{r})
	found := make([][]models.Place, len(episodes))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i, id := range episodes {
		g.Go(func() (err error) {
			found[i], err = s.placesIn(ctx, id, alone, all)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// candidate is the number of a rule that is not stored: none has it.
const candidate = -1

// placesIn returns the places of a rule in an episode, which is there alone and among all; all is nil where there are no others.
func (s *Store) placesIn(ctx context.Context, id models.EpisodeID, alone, all *correct.Rules) (places []models.Place, err error) {
	err = s.read(ctx, "looking for the places of a rule", func(ctx context.Context, tx bun.Tx) error {
		row, err := currentRow(ctx, tx, id, models.TaskTranscribe)
		if err != nil || row == nil {
			return err
		}
		t, l, err := s.laid(ctx, tx, row)
		if err != nil {
			return err
		}
		l.Rules = alone
		if places = correct.Apply(t, l).Places; len(places) == 0 {
			return nil
		}
		if all == nil {
			return nil
		}
		l.Rules = all
		kept := correct.Apply(t, l).Places
		for i, p := range places {
			places[i].Taken = !slices.ContainsFunc(kept, func(k models.Place) bool { return k.RuleID == p.RuleID && k.Span == p.Span })
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("episode %s: %w", id, err)
	}
	return places, nil
}
