package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// Where several machines share an archive, the path of a local recording means something on one of them only: the one whose owner
// added it. Such an episode remembers the place, and its download waits in a queue that only workers there look into.

// placeForm is what a place may be called: it is part of the name of a queue.
var placeForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// placeOf returns the name of the data folder dir among all that share an archive, and gives it one where it has none: the
// machine's, for people, and something that no other folder has.
func placeOf(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "place")
	unlock, err := lockFile(ctx, path)
	if err != nil {
		return "", fmt.Errorf("naming the folder: %w", err)
	}
	defer unlock()
	was, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("naming the folder: %w", err)
	}
	if name := strings.TrimSpace(string(was)); placeForm.MatchString(name) && len(name) <= 40 {
		return name, nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	host = strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(fmt.Sprintf("%.24s", host)), "-"), "-")
	name := strings.Trim(host+"-"+strings.ToLower(rand.Text()[:8]), "-")
	return name, os.WriteFile(path, []byte(name+"\n"), 0o600)
}

// Place names this machine's data folder among all that share the archive.
func (s *Store) Place() string { return s.place }

// placeOfFile is where the recording at a location is, "" for one that every worker can reach.
func (s *Store) placeOfFile(location models.Location) string {
	if !s.e.shared || !filepath.IsAbs(string(location)) {
		return ""
	}
	return s.place
}

// downloadQueue is the queue of downloads that only workers at a place can do, "" for all others.
func downloadQueue(place string) string {
	if place == "" {
		return downloadKind().name
	}
	return downloadKind().name + "-" + place
}

// queueKind returns the kind of the jobs in a queue, and the place that it is for.
func queueKind(queue string) (kind, place string) {
	kind, place, _ = strings.Cut(queue, "-")
	return kind, place
}

// places returns where the files of those episodes are that are to be downloaded, as far as that is one place.
func (s *Store) places(ctx context.Context, tx bun.Tx, jobs []river.JobArgs) (map[models.EpisodeID]string, error) {
	var ids []models.EpisodeID
	for _, j := range jobs {
		if d, ok := j.(models.DownloadJob); ok && s.e.shared {
			ids = append(ids, d.EpisodeID)
		}
	}
	at := map[models.EpisodeID]string{}
	err := chunks(ids, 500, func(ids []models.EpisodeID) error {
		var rows []episodeRow
		err := tx.NewSelect().Model(&rows).Column("id", "place").Where("id IN (?)", bun.List(ids)).Where("place <> ''").Scan(ctx)
		for _, r := range rows {
			at[r.ID] = r.Place
		}
		return err
	})
	return at, err
}

// move puts the downloads of episodes whose files are at another place now into the queue of that place.
func (s *Store) move(ctx context.Context, tx bun.Tx, episodes []*episodeRow) error {
	for _, r := range episodes {
		_, err := tx.NewRaw("UPDATE river_job SET queue = ? WHERE kind = ? AND state IN (?) AND "+s.e.target+" = ?",
			downloadQueue(r.Place), downloadKind().name, bun.List([]rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
				rivertype.JobStateRunning, // by a worker that may be dead already
			}), r.ID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// elsewhere says what waits for places where nobody works.
func elsewhere(queued map[string]int, said []saying) []models.Hold {
	var out []models.Hold
	for place, n := range queued {
		if slices.ContainsFunc(said, func(w saying) bool { return w.Place == place }) {
			continue
		}
		wait := "1 recording waits"
		if n > 1 {
			wait = fmt.Sprintf("%d recordings wait", n)
		}
		out = append(out, models.Hold{Kind: models.HoldElsewhere, Reason: fmt.Sprintf(
			"%s until Earshot runs on %s again, where the files are: start it there, or add the files again on another machine", wait, place)})
	}
	slices.SortFunc(out, func(a, b models.Hold) int { return strings.Compare(a.Reason, b.Reason) })
	return out
}
