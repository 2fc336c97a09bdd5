package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

type nameRow struct {
	bun.BaseModel `bun:"names,alias:n"`

	Name      string `bun:",pk"`
	Kind      models.NameKind
	Aliases   string // JSON
	Ignored   bool
	Sure      bool
	UserName  string
	UpdatedAt int64
}

// Names returns what the owner said about names, in the order of the names.
func (s *Store) Names(ctx context.Context) ([]models.Name, error) {
	var rows []*nameRow
	if err := s.e.read.NewSelect().Model(&rows).Order("name").Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading the names: %w", s.e.explain(err))
	}
	out := make([]models.Name, len(rows))
	for i, r := range rows {
		aliases, err := stored[string]("aliases", r.Aliases)
		if err != nil {
			return nil, err
		}
		out[i] = models.Name{Text: r.Name, Kind: r.Kind, Aliases: aliases, Ignored: r.Ignored, Sure: r.Sure, By: r.UserName, At: fromMS(r.UpdatedAt)}
	}
	return out, nil
}

// SetNames replaces what is known about names, all or nothing; one that says nothing is forgotten.
func (s *Store) SetNames(ctx context.Context, names ...models.Name) error {
	for i := range names {
		names[i] = names[i].Tidy()
		if err := names[i].Check(); err != nil {
			return err
		}
	}
	return s.write(ctx, "saying what a name is", func(ctx context.Context, tx bun.Tx) error {
		for _, n := range names {
			if err := setName(ctx, tx, n, toMS(s.now())); err != nil {
				return err
			}
		}
		count, err := tx.NewSelect().Model((*nameRow)(nil)).Count(ctx)
		if err != nil {
			return err
		}
		if count > models.MaxNames {
			return models.Explain(models.ErrInvalid, "the archive can know %d names", models.MaxNames)
		}
		_, err = tx.NewRaw("UPDATE counters SET value = value + 1 WHERE name = ?", rulesCounter).Exec(ctx)
		return err
	})
}

func setName(ctx context.Context, tx bun.Tx, n models.Name, now int64) error {
	row := &nameRow{Name: clean(n.Text), Kind: n.Kind, Ignored: n.Ignored, Sure: n.Sure, UserName: n.By, UpdatedAt: now}
	if n.Kind == models.NameOther && len(n.Aliases) == 0 && !n.Ignored && !n.Sure {
		_, err := tx.NewDelete().Model(row).WherePK().Exec(ctx)
		return err
	}
	aliases, err := json.Marshal(n.Aliases)
	if err != nil {
		return err
	}
	row.Aliases = strings.ToValidUTF8(clean(string(aliases)), "")
	_, err = tx.NewInsert().Model(row).On("CONFLICT (name) DO UPDATE").Set("kind = EXCLUDED.kind").Set("aliases = EXCLUDED.aliases").
		Set("ignored = EXCLUDED.ignored").Set("sure = EXCLUDED.sure").Set("user_name = EXCLUDED.user_name").Set("updated_at = EXCLUDED.updated_at").Exec(ctx)
	return err
}

// NamesRevision returns a number that grows with every change of names and rules.
func (s *Store) NamesRevision(ctx context.Context) (int64, error) {
	n, err := counter(ctx, s.e.read, rulesCounter)
	if err != nil {
		return 0, fmt.Errorf("reading whether names changed: %w", s.e.explain(err))
	}
	return n, nil
}
