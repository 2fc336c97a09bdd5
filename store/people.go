package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// People returns those whom the publishers of shows that are not hidden name, with the number of episodes that name each: 0 for those who
// are named for a whole show alone.
func (s *Store) People(ctx context.Context, hidden ...models.ShowID) (map[string]int, error) {
	out := map[string]int{}
	for _, of := range []struct {
		table, show string
		each        int
	}{{"episodes", "show_id", 1}, {"shows", "id", 0}} {
		q := s.e.read.NewSelect().Table(of.table).Column("people").Where("people NOT IN ('', '[]', 'null')")
		if len(hidden) > 0 {
			q = q.Where("? NOT IN (?)", bun.Ident(of.show), bun.List(hidden))
		}
		var lists []string
		if err := q.Scan(ctx, &lists); err != nil {
			return nil, fmt.Errorf("reading whom publishers name: %w", s.e.explain(err))
		}
		for _, list := range lists {
			people, err := stored[models.Person]("people", list)
			if err != nil {
				return nil, err
			}
			for _, p := range people {
				if p.Name != "" && len(p.Name) <= models.MaxNameText {
					out[p.Name] += of.each
				}
			}
		}
	}
	return out, nil
}
