package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/earshot/earshot/models"
)

// checkMost bounds how many faults of the catalogue's file are listed.
const checkMost = 20

// Check looks for damage in the catalogue's file, and for recordings that are missing or have another length than they were
// stored with. found is called with each: an episode's identifier, "" for the file, and what is wrong, as a clause. None of
// it can be repaired from within; the error says why Check could not come to an end. Damage that keeps the file from being read
// is no error: what can be looked at still is.
func (s *Store) Check(ctx context.Context, found func(id models.EpisodeID, problem string)) error {
	faults, err := s.e.faults(ctx)
	if err != nil {
		if !isDamage(err) {
			return fmt.Errorf("checking the catalogue: %w", s.e.explain(err))
		}
		faults = append(faults, s.e.explain(err).Error())
	}
	for _, f := range faults {
		found("", f)
	}
	episodes, err := s.Episodes(ctx, models.EpisodeFilter{})
	if isDamage(err) {
		found("", "the recordings cannot be looked at: "+err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range episodes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.Media.Key == "" {
			continue
		}
		if problem := s.media.problem(ctx, e.Media); problem != "" {
			found(e.ID, problem)
		}
	}
	return nil
}

// problem says what is wrong with a stored file, and "" where nothing is.
func (m *Media) problem(ctx context.Context, want models.Media) string {
	size, err := m.size(ctx, want.Key)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return "its recording is missing: media/" + want.Key
	case err != nil:
		return "its recording cannot be read: " + err.Error()
	case size != want.Bytes:
		return fmt.Sprintf("its recording has %d bytes and was stored with %d: media/%s", size, want.Bytes, want.Key)
	}
	return ""
}
