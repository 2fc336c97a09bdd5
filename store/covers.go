package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Covers are kept in the catalogue, by their content: they are small, few, and every node and every backup needs them.

type coverRow struct {
	bun.BaseModel `bun:"covers,alias:v"`

	SHA256 string `bun:"sha256,pk"`
	JPEG   []byte `bun:"jpeg"`
}

// maxCover bounds a cover, in bytes: ten times what one of package cover has.
const maxCover = 2 << 20

// SaveDetails records what a recording and its publisher tell of it. The cover of a folder is that of its first recording with one.
func (s *Store) SaveDetails(ctx context.Context, lease models.Lease, id models.EpisodeID, d models.Details) error {
	packed, err := packChapters(d.Chapters)
	if err != nil {
		return err
	}
	return s.fenced(ctx, lease, "recording what a recording tells", func(ctx context.Context, tx bun.Tx) error {
		r, err := episodeByID(ctx, tx, id)
		if err != nil {
			return err
		}
		sum, err := keepCover(ctx, tx, d.Cover)
		if err != nil {
			return err
		}
		was := r.Cover
		r.Cover = sum
		if err := updateEpisode(ctx, tx, r, "cover"); err != nil {
			return err
		}
		if err := s.saveChapters(ctx, tx, r, packed); err != nil {
			return err
		}
		if sum != "" {
			_, err = tx.NewUpdate().Model(&showRow{ID: r.ShowID, Cover: sum}).Column("cover").WherePK().
				Where("cover = '' AND source_kind = ?", models.SourceFolder).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return dropCover(ctx, tx, was)
	})
}

// SaveChapters records what the publisher's chapters are now.
func (s *Store) SaveChapters(ctx context.Context, lease models.Lease, id models.EpisodeID, chapters []models.Chapter) error {
	packed, err := packChapters(chapters)
	if err != nil {
		return err
	}
	return s.fenced(ctx, lease, "recording chapters", func(ctx context.Context, tx bun.Tx) error {
		r, err := episodeByID(ctx, tx, id)
		if err != nil {
			return err
		}
		return s.saveChapters(ctx, tx, r, packed)
	})
}

// saveChapters tells the index where chapters are others: it knows the names in them.
func (s *Store) saveChapters(ctx context.Context, tx bun.Tx, r *episodeRow, packed string) error {
	if r.Chapters == packed {
		return nil
	}
	r.Chapters = packed
	if err := updateEpisode(ctx, tx, r, "chapters"); err != nil {
		return err
	}
	return s.changed(ctx, tx, false, r.ID)
}

// SaveShowCover records the picture that was found at an address for a show, nil for none.
func (s *Store) SaveShowCover(ctx context.Context, lease models.Lease, id models.ShowID, address string, jpeg []byte) error {
	return s.fenced(ctx, lease, "recording a show's cover", func(ctx context.Context, tx bun.Tx) error {
		was, err := show(ctx, tx, id)
		if err != nil {
			return err
		}
		sum, err := keepCover(ctx, tx, jpeg)
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(&showRow{ID: id, Cover: sum, CoverURL: clean(address)}).Column("cover", "cover_url").WherePK().Exec(ctx); err != nil {
			return err
		}
		return dropCover(ctx, tx, was.Cover)
	})
}

// Cover returns a stored picture, a JPEG, or [models.ErrNotFound].
func (s *Store) Cover(ctx context.Context, name string) ([]byte, error) {
	r := coverRow{SHA256: name}
	if err := s.e.read.NewSelect().Model(&r).WherePK().Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading a cover: %w", s.e.explain(missing(err, "cover", name)))
	}
	return r.JPEG, nil
}

// keepCover stores a picture and returns its name, "" for none.
func keepCover(ctx context.Context, tx bun.Tx, jpeg []byte) (string, error) {
	if len(jpeg) == 0 {
		return "", nil
	}
	if len(jpeg) > maxCover {
		return "", models.Explain(models.ErrInvalid, "a cover of %d bytes is too large", len(jpeg))
	}
	sum := sha256.Sum256(jpeg)
	r := coverRow{SHA256: hex.EncodeToString(sum[:]), JPEG: jpeg}
	_, err := tx.NewInsert().Model(&r).On("CONFLICT (sha256) DO NOTHING").Exec(ctx)
	return r.SHA256, err
}

// dropCover removes a picture that nothing has any more.
func dropCover(ctx context.Context, tx bun.Tx, name string) error {
	if name == "" {
		return nil
	}
	_, err := tx.NewRaw(`DELETE FROM covers WHERE sha256 = ? AND NOT EXISTS (SELECT 1 FROM episodes WHERE cover = ?)
		AND NOT EXISTS (SELECT 1 FROM shows WHERE cover = ?)`, name, name, name).Exec(ctx)
	return err
}

// packChapters gives nil for no chapters when they are read again.
func packChapters(chapters []models.Chapter) (string, error) {
	out := make([]models.Chapter, len(chapters))
	for i, c := range chapters {
		c.Title, c.Link = clean(c.Title), clean(c.Link)
		out[i] = c
	}
	if len(out) == 0 {
		return noLinks, nil
	}
	b, err := json.Marshal(out)
	return string(b), err
}
