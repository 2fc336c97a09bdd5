package search

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// sickSource is an archive that cannot give some of its episodes, or fails to begin at the beginning.
type sickSource struct {
	*archive
	sick       map[models.EpisodeID]bool
	noBeginner bool
}

func (s *sickSource) Document(ctx context.Context, id models.EpisodeID) (models.Document, error) {
	if s.sick[id] {
		return models.Document{}, errors.New("the transcript is malformed")
	}
	return s.archive.Document(ctx, id)
}

func (s *sickSource) Changes(ctx context.Context, after int64, limit int) ([]models.Change, error) {
	if s.noBeginner && after == 0 && limit == changesAtOnce {
		return nil, errors.New("the disk does not answer")
	}
	return s.archive.Changes(ctx, after, limit)
}

func sickIndex(t *testing.T, dir string, src *sickSource) *Index {
	t.Helper()
	x, err := Open(t.Context(), dir, src, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return x
}

// An episode that the catalogue cannot give does not keep the others out of the index, is not forgotten, and comes in when
// it can be read.
func TestAnUnreadableEpisodeStopsNoOther(t *testing.T) {
	src := &sickSource{archive: generated(6, 71)}
	ill := src.all()[2].Episode.ID
	src.sick = map[models.EpisodeID]bool{ill: true}
	dir := t.TempDir()
	x := sickIndex(t, dir, src)
	c, err := x.Check(t.Context(), CheckOptions{})
	if err != nil || len(c.Left) != 1 || c.Left[0].EpisodeID != ill || !c.Left[0].OfSource || c.Episodes != 5 || c.Waiting != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	closed(t, x)
	src.sick = nil
	x = sickIndex(t, dir, src) // what it owes outlives the process
	sound(t, x)
	src.sick = map[models.EpisodeID]bool{ill: true}
	if err := x.Reindex(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "1 of its episodes") {
		t.Errorf("building anew without an episode says %v", err)
	}
	src.sick = nil
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	sound(t, x)
	assertLikeNew(t, x, src.archive)
	closed(t, x)
}

// A source that can give nothing at all is waited for: the index does not run ahead of what it has.
func TestASourceThatGivesNothingIsWaitedFor(t *testing.T) {
	src := &sickSource{archive: generated(maxOwed+5, 72), sick: map[models.EpisodeID]bool{}}
	for _, d := range src.all() {
		src.sick[d.Episode.ID] = true
	}
	x, err := Open(t.Context(), t.TempDir(), src, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, x)
	if err := x.CatchUp(t.Context(), nil); err == nil || x.Applied() > maxOwed {
		t.Errorf("applied %d, %v", x.Applied(), err)
	}
	src.sick = nil
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	sound(t, x)
}

// What the catalogue cannot give is no reason to build an index anew, and what could not be built is not left behind.
func TestCheckDoesNotRepairWhatTheSourceCannotGive(t *testing.T) {
	src := &sickSource{archive: generated(6, 73)}
	dir := t.TempDir()
	x := sickIndex(t, dir, src)
	was := x.current.dir
	src.sick = map[models.EpisodeID]bool{src.all()[2].Episode.ID: true}
	c, err := x.Check(t.Context(), CheckOptions{Repair: true})
	if err != nil || len(c.Left) != 1 || !c.Left[0].OfSource {
		t.Errorf("%+v, %v", c, err)
	}
	if x.next != nil || x.current.dir != was {
		t.Errorf("%s serves, another is built: %v", x.current.dir, x.next != nil)
	}
	closed(t, x)

	spoilChecksums(t, was)
	x = sickIndex(t, dir, src)
	src.noBeginner = true
	if _, err := x.Check(t.Context(), CheckOptions{Repair: true}); err == nil {
		t.Error("it was built from a source that does not answer")
	}
	if x.next != nil {
		t.Error("an index that cannot be built goes on being built")
	}
	closed(t, x)
	if left, _ := filepath.Glob(filepath.Join(dir, indexPrefix+"*")); len(left) != 1 || left[0] != was {
		t.Errorf("indexes left: %v", left)
	}
}

// spoilChecksums changes the checksums of Bleve's files, which shows to a check only.
func spoilChecksums(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, bleveDir, "store", "*.zap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no segments: %v", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-1] ^= 1
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// restless is an archive of which an episode is another one each time that it is read.
type restless struct{ *archive }

func (s restless) Document(ctx context.Context, id models.EpisodeID) (models.Document, error) {
	d, err := s.archive.Document(ctx, id)
	d.Episode.Title = time.Now().String()
	return d, err
}

func TestCheckBuildsAnewOnce(t *testing.T) {
	a, dir := generated(3, 74), t.TempDir()
	x := opened(t, dir, a, Options{})
	was := x.current.dir
	closed(t, x)
	spoilChecksums(t, was)
	var log bytes.Buffer
	y, err := Open(t.Context(), dir, restless{a}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, y)
	if c, err := y.Check(t.Context(), CheckOptions{Repair: true}); err != nil || len(c.Left) == 0 {
		t.Errorf("%+v, %v", c, err)
	}
	if n := strings.Count(log.String(), "the new search index serves"); n != 1 {
		t.Errorf("it was built %d times:\n%s", n, &log)
	}
}

// A fault in Bleve's files that following meets is no end of the process: the index is built anew.
func TestFollowingSurvivesDamage(t *testing.T) {
	a, dir := generated(6, 75), t.TempDir()
	x := opened(t, dir, a, Options{})
	was := x.current.dir
	closed(t, x)
	y, err := Open(t.Context(), dir, a, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, y)
	files, err := filepath.Glob(filepath.Join(was, bleveDir, "store", "*.zap"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no segments: %v", err)
	}
	for _, f := range files {
		if err := os.Truncate(f, 0); err != nil {
			t.Fatal(err)
		}
	}
	a.put(say("Later", "something that was said since"))
	if err := y.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if y.current.dir == was {
		t.Error("the damaged index serves")
	}
	sound(t, y)
	assertLikeNew(t, y, a)
}

// An episode that cannot be indexed leaves nothing behind.
func TestAnEpisodeThatCannotBeIndexedLeavesNothing(t *testing.T) {
	x := opened(t, t.TempDir(), generated(2, 76), Options{})
	nameless := newArchive()
	nameless.docs[""] = say("Nameless", "nobody knows who said this")
	was := x.current.generation
	if err := x.current.apply(t.Context(), nameless, nil, models.Change{}); err == nil {
		t.Error("an episode without an id was indexed")
	}
	if files, _ := filepath.Glob(filepath.Join(x.current.tables.dir, "*"+tableSuffix)); len(files) != 2 || x.current.generation != was {
		t.Errorf("side tables of two episodes: %v", files)
	}
	sound(t, x)
}
