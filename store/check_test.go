package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

func TestCheckLooksAtTheRecordings(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	id, _ := downloaded(t, s, hold(t, s, quickly()))
	e, err := s.Episode(t.Context(), id)
	must(t, err)
	problems := func() map[models.EpisodeID]string {
		out := map[models.EpisodeID]string{}
		must(t, s.Check(t.Context(), func(id models.EpisodeID, problem string) { out[id] += problem }))
		return out
	}
	if got := problems(); len(got) != 0 {
		t.Errorf("of a whole archive: %v", got)
	}
	path := filepath.Join(dir, "media", e.Media.Key)
	must(t, os.Truncate(path, 3))
	if got := problems(); len(got) != 1 || !strings.Contains(got[id], "has 3 bytes") {
		t.Errorf("of a recording that is cut short: %v", got)
	}
	must(t, os.Remove(path))
	if got := problems(); len(got) != 1 || !strings.Contains(got[id], "missing") {
		t.Errorf("of a recording that is gone: %v", got)
	}
}

// A catalogue whose file is damaged says so, whatever the damage does to reading it.
func TestCheckLooksAtTheFile(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	must(t, err)
	show := aShow("Systems")
	mustSave(t, s, show, episodesOf(show, 200))
	must(t, s.Close())
	path := filepath.Join(dir, "earshot.db")
	b, err := os.ReadFile(path)
	must(t, err)
	const page = 4096
	for at := len(b) / 2 / page * page; at < len(b)/2+3*page; at += page {
		copy(b[at:at+200], make([]byte, 200))
	}
	must(t, os.WriteFile(path, b, 0o600))
	s, err = Open(t.Context(), dir, Options{})
	if err != nil {
		if !strings.Contains(err.Error(), "damaged") {
			t.Errorf("it does not open, and says %v", err)
		}
		return
	}
	defer s.Close() //nolint:errcheck // damaged
	var faults []string
	err = s.Check(t.Context(), func(_ models.EpisodeID, problem string) { faults = append(faults, problem) })
	if len(faults) == 0 && (err == nil || !strings.Contains(err.Error(), "damaged")) {
		t.Errorf("nothing is found: %v", err)
	}
}

// A catalogue that cannot be read to its end is a finding, and not the end of the check.
func TestCheckGoesOnInADamagedFile(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Options{})
	must(t, err)
	show := aShow("Systems")
	mustSave(t, s, show, episodesOf(show, 200))
	must(t, s.Close())
	s, err = Open(t.Context(), dir, Options{})
	must(t, err)
	defer s.Close() //nolint:errcheck // damaged
	path := filepath.Join(dir, "earshot.db")
	b, err := os.ReadFile(path)
	must(t, err)
	for at := 4096; at < len(b); at++ {
		b[at] = 0xa5
	}
	must(t, os.WriteFile(path, b, 0o600))
	var faults []string
	must(t, s.Check(t.Context(), func(_ models.EpisodeID, problem string) { faults = append(faults, problem) }))
	if len(faults) == 0 || !strings.Contains(faults[len(faults)-1], "cannot be looked at") {
		t.Errorf("found %q", faults)
	}
}
