package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// BenchmarkDoubts lists the first page of what is in doubt, and counts it, in an archive of a thousand hours: a thousand episodes, in each
// of which thirty passages are.
func BenchmarkDoubts(b *testing.B) {
	s, err := Open(b.Context(), b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	show := aShow("Systems")
	saved, err := s.SaveShow(b.Context(), show, episodesOf(show, 1000))
	if err != nil {
		b.Fatal(err)
	}
	var rows []doubtRow
	for i, id := range saved.NewEpisodes {
		for k := range 30 {
			rows = append(rows, doubtRow{EpisodeID: id, StartMS: int64(k) * 100_000, EndMS: int64(k)*100_000 + 20_000, Doubt: models.DoubtDecoder, Said: fmt.Sprint("words ", k), Worth: int64(i*7919+k*104729) % 30_000})
		}
	}
	err = s.write(b.Context(), "filling", func(ctx context.Context, tx bun.Tx) error {
		return chunks(rows, 500, func(rows []doubtRow) error { _, err := tx.NewInsert().Model(&rows).Exec(ctx); return err })
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		list, err := s.Doubts(b.Context(), models.ReviewFilter{Limit: 50})
		if err != nil || len(list) != 50 {
			b.Fatal(len(list), err)
		}
		if n, err := s.CountDoubts(b.Context(), models.ReviewFilter{}); err != nil || n.Passages != models.MostReviewed {
			b.Fatal(n, err)
		}
	}
}
