package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// SaveShow stores a show and its episodes. A new episode is queued for download in the same transaction, one whose
// published fields changed is updated, all others are left alone, those of the show that are not in episodes too. An
// episode that was deleted comes back. Episodes without an identifier get the one of their GUID.
//
// A show without an identifier or title, or an episode with a malformed identifier, is [models.ErrInvalid]. The settings of a new show
// are stored, those of a known one stay as they are.
func (s *Store) SaveShow(ctx context.Context, show models.Show, episodes []models.Episode) (models.Saved, error) {
	var saved models.Saved
	err := s.write(ctx, "saving the show "+show.Title, func(ctx context.Context, tx bun.Tx) error {
		d, err := s.compare(ctx, tx, show, episodes)
		if err != nil {
			return err
		}
		saved = d.saved()
		return s.apply(ctx, tx, d)
	})
	return saved, err
}

// Plan returns what [Store.SaveShow] would do, without doing it.
func (s *Store) Plan(ctx context.Context, show models.Show, episodes []models.Episode) (models.Saved, error) {
	var saved models.Saved
	err := s.read(ctx, "comparing the show "+show.Title, func(ctx context.Context, tx bun.Tx) error {
		d, err := s.compare(ctx, tx, show, episodes)
		saved = d.saved()
		return err
	})
	return saved, err
}

// Polled stores what a look at a show's source brought, under the lease of the job that looked: as [Store.SaveShow],
// but episodes that were deleted here stay deleted, and those that a listing which is not partial lacks stay and are marked.
// After an answer of "not modified", pass a partial listing without episodes.
func (s *Store) Polled(ctx context.Context, lease models.Lease, found models.Listing) (models.Saved, error) {
	var saved models.Saved
	err := s.write(ctx, "saving the show "+found.Show.Title, func(ctx context.Context, tx bun.Tx) error {
		if err := s.fence(ctx, tx, lease); err != nil {
			return err
		}
		d, err := s.compare(ctx, tx, found.Show, found.Episodes)
		if err != nil {
			return err
		}
		if err := d.leaveDeleted(ctx, tx); err != nil {
			return err
		}
		if !found.Partial {
			if err := mark(ctx, tx, d.missing, d.show.UpdatedAt); err != nil {
				return err
			}
		}
		if d.show.PolledAt == 0 {
			d.show.PolledAt = toMS(s.now())
		}
		saved = d.saved()
		return s.apply(ctx, tx, d)
	})
	return saved, err
}

// Shows returns all shows by title.
func (s *Store) Shows(ctx context.Context) ([]models.Show, error) {
	var rows []showRow
	if err := s.e.read.NewSelect().Model(&rows).OrderExpr("lower(title), id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading the shows: %w", s.e.explain(err))
	}
	shows := make([]models.Show, len(rows))
	for i := range rows {
		var err error
		if shows[i], err = rows[i].model(); err != nil {
			return nil, fmt.Errorf("reading the show %s: %w", rows[i].ID, err)
		}
	}
	return shows, nil
}

// ShowTitles returns the title of every show.
func (s *Store) ShowTitles(ctx context.Context) (map[models.ShowID]string, error) {
	var rows []showRow
	if err := s.e.read.NewSelect().Model(&rows).Column("id", "title").Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading the titles of the shows: %w", s.e.explain(err))
	}
	titles := make(map[models.ShowID]string, len(rows))
	for _, r := range rows {
		titles[r.ID] = r.Title
	}
	return titles, nil
}

// Show returns a show, or [models.ErrNotFound].
func (s *Store) Show(ctx context.Context, id models.ShowID) (models.Show, error) {
	m, err := show(ctx, s.e.read, id)
	if err != nil {
		return m, fmt.Errorf("reading a show: %w", s.e.explain(err))
	}
	return m, nil
}

func show(ctx context.Context, db bun.IDB, id models.ShowID) (models.Show, error) {
	r := showRow{ID: id}
	if err := db.NewSelect().Model(&r).WherePK().Scan(ctx); err != nil {
		return models.Show{}, missing(err, "show", id)
	}
	return r.model()
}

// SetShowSettings replaces what the owner chose for a show. Settings that are not valid are [models.ErrInvalid]. What is
// transcribed already stays as it is, see [Store.Retranscribe].
func (s *Store) SetShowSettings(ctx context.Context, id models.ShowID, settings models.ShowSettings) error {
	packed, err := packSettings(settings)
	if err != nil {
		return err
	}
	return s.write(ctx, "setting a show's settings", func(ctx context.Context, tx bun.Tx) error {
		w, err := show(ctx, tx, id)
		if err == nil {
			err = settings.CheckFor(w.Source.Kind)
		}
		if err != nil {
			return err
		}
		// Its feed is read anew soon: other episodes may be wanted now.
		_, err = tx.NewUpdate().Model(&showRow{ID: id, Settings: packed, NextPollAt: toMS(s.now())}).
			Column("settings", "etag", "last_modified", "next_poll_at").WherePK().Exec(ctx)
		if err != nil {
			return err
		}
		return s.chooseAgain(ctx, tx, id)
	})
}

// difference is what a show's source says that the archive does not.
type difference struct {
	show        *showRow
	showIsNew   bool
	showChanged bool // in what is published, not in what is remembered of the last look
	added       []*episodeRow
	updated     []*episodeRow
	searchable  []models.EpisodeID // those of updated whose searchable fields changed
	offered     []models.EpisodeID // those of added and updated that are offered with a transcript or chapters, or with others than before
	moved       []*episodeRow      // those of updated whose files are on another machine now
	unchanged   int
	unwanted    int                // by the owner's choice
	missing     []models.EpisodeID // here and not in the source, since this look
	returned    []models.EpisodeID // in the source again
}

func (d *difference) saved() models.Saved {
	if d == nil {
		return models.Saved{}
	}
	saved := models.Saved{NewShow: d.showIsNew, Updated: len(d.updated), Unchanged: d.unchanged, Unwanted: d.unwanted}
	for _, e := range d.added {
		saved.NewEpisodes = append(saved.NewEpisodes, e.ID)
	}
	return saved
}

// compare finds the difference between the archive and a show with its episodes. It does not write.
func (s *Store) compare(ctx context.Context, db bun.IDB, show models.Show, episodes []models.Episode) (*difference, error) {
	if !models.ValidID(string(show.ID)) || show.Title == "" {
		return nil, fmt.Errorf("%w: a show needs an identifier and a title", models.ErrInvalid)
	}
	now := toMS(s.now())
	r, err := newShowRow(show, now, now+s.firstPoll.Milliseconds())
	if err != nil {
		return nil, err
	}
	d := &difference{show: r}
	var was []showRow
	if err := db.NewSelect().Model(&was).Column("id", "fingerprint", "settings", "people", "secrets", "created_at").Where("id = ?", show.ID).Scan(ctx); err != nil {
		return nil, err
	}
	d.showIsNew = len(was) == 0
	d.showChanged = !d.showIsNew && was[0].Fingerprint != r.Fingerprint

	known, err := knownEpisodes(ctx, db, show.ID)
	if err != nil {
		return nil, err
	}
	settings, added := show.Settings, s.now()
	if !d.showIsNew {
		stored, err := was[0].model()
		if err != nil {
			return nil, err
		}
		settings, added = stored.Settings, stored.CreatedAt
	}
	episodes = slices.Clone(episodes)
	for i, e := range episodes {
		if e.ID == "" && e.GUID != "" {
			episodes[i].ID = models.NewEpisodeID(show.ID, e.GUID)
		}
	}
	chosen := cmp.Or(settings.Episodes, &models.EpisodeChoice{}).Choose(episodes, added)
	for _, e := range episodes {
		if !models.ValidID(string(e.ID)) {
			return nil, fmt.Errorf("%w: the episode %q has neither an identifier nor a GUID", models.ErrInvalid, e.Title)
		}
		r, err := newEpisodeRow(show.ID, e, now)
		if err != nil {
			return nil, err
		}
		r.Place = s.placeOfFile(e.Enclosure.Location)
		if _, here := known[r.ID]; !here && !chosen[r.ID] {
			d.unwanted++
			continue
		}
		d.sort(r, known)
	}
	for id, was := range known {
		if was != nil && was.MissingAt == 0 {
			d.missing = append(d.missing, id)
		}
	}
	slices.SortStableFunc(d.added, func(a, b *episodeRow) int { return int(max(-1, min(1, b.PublishedAt-a.PublishedAt))) })
	return d, nil
}

// sort puts an episode where it belongs, and makes sure that its second mention in the same list counts for nothing.
func (d *difference) sort(r *episodeRow, known map[models.EpisodeID]*episodeRow) {
	was, ok := known[r.ID]
	known[r.ID] = nil
	if was != nil && was.MissingAt != 0 {
		d.returned = append(d.returned, r.ID)
	}
	if ok && was != nil && was.ChaptersURL != r.ChaptersURL && r.TranscriptLinks == was.TranscriptLinks {
		d.offered = append(d.offered, r.ID)
	}
	if r.TranscriptLinks != noLinks && (!ok || was != nil && was.TranscriptLinks != r.TranscriptLinks) {
		d.offered = append(d.offered, r.ID)
	}
	if was != nil && was.Place != r.Place {
		d.moved = append(d.moved, r)
	}
	switch {
	case ok && was == nil: // mentioned before
	case !ok:
		d.added = append(d.added, r)
	case was.Fingerprint != r.Fingerprint:
		d.updated = append(d.updated, r)
		d.searchable = append(d.searchable, r.ID)
	case was.EnclosureLocation != r.EnclosureLocation || was.EnclosureType != r.EnclosureType || was.EnclosureBytes != r.EnclosureBytes ||
		was.EnclosureDurationMS != r.EnclosureDurationMS || was.TranscriptLinks != r.TranscriptLinks || was.ChaptersURL != r.ChaptersURL || was.Place != r.Place:
		d.updated = append(d.updated, r)
	default:
		d.unchanged++
	}
}

// knownEpisodes returns what is compared of a show's episodes.
func knownEpisodes(ctx context.Context, db bun.IDB, id models.ShowID) (map[models.EpisodeID]*episodeRow, error) {
	var rows []*episodeRow
	err := db.NewSelect().Model(&rows).
		Column("id", "fingerprint", "enclosure_location", "enclosure_type", "enclosure_bytes", "enclosure_duration_ms",
			"transcript_links", "chapters_url", "missing_at", "place").
		Where("show_id = ?", id).Scan(ctx)
	known := make(map[models.EpisodeID]*episodeRow, len(rows))
	for _, r := range rows {
		known[r.ID] = r
	}
	return known, err
}

// mark notes since when the source lacks episodes; 0: it has them.
func mark(ctx context.Context, tx bun.Tx, ids []models.EpisodeID, since int64) error {
	return chunks(ids, 500, func(ids []models.EpisodeID) error {
		_, err := tx.NewUpdate().Model((*episodeRow)(nil)).Set("missing_at = ?", since).Where("id IN (?)", bun.List(ids)).Exec(ctx)
		return err
	})
}

// leaveDeleted takes the episodes that were deleted here off those to be added.
func (d *difference) leaveDeleted(ctx context.Context, db bun.IDB) error {
	gone := map[models.EpisodeID]bool{}
	err := chunks(d.added, 500, func(rows []*episodeRow) error {
		ids := make([]models.EpisodeID, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		var deleted []changeRow
		err := db.NewSelect().Model(&deleted).Where("episode_id IN (?)", bun.List(ids)).Where("deleted").Scan(ctx)
		for _, c := range deleted {
			gone[c.EpisodeID] = true
		}
		return err
	})
	d.added = slices.DeleteFunc(d.added, func(r *episodeRow) bool { return gone[r.ID] })
	d.offered = slices.DeleteFunc(d.offered, func(id models.EpisodeID) bool { return gone[id] })
	return err
}

// apply writes a difference, the jobs of its new episodes, and its changes.
func (s *Store) apply(ctx context.Context, tx bun.Tx, d *difference) error {
	if err := errors.Join(applyShow(ctx, tx, d), mark(ctx, tx, d.returned, 0)); err != nil {
		return err
	}
	for _, r := range slices.Concat(d.added, d.updated) {
		if key := r.storedBefore(); key != "" {
			if err := s.stillThere(ctx, tx, key); err != nil {
				return err
			}
		}
	}
	bump := d.searchable
	if d.showChanged { // its name is part of what is searchable of every episode
		bump = nil
		if err := tx.NewSelect().Model((*episodeRow)(nil)).Column("id").Where("show_id = ?", d.show.ID).Scan(ctx, &bump); err != nil {
			return err
		}
	}
	for _, r := range d.updated {
		_, err := tx.NewUpdate().Model(r).Column("guid", "title", "notes", "link", "published_at", "season", "number", "people",
			"enclosure_location", "enclosure_type", "enclosure_bytes", "enclosure_duration_ms", "transcript_links", "chapters_url",
			"place", "fingerprint", "updated_at").WherePK().Exec(ctx)
		if err != nil {
			return err
		}
	}
	if err := s.move(ctx, tx, d.moved); err != nil {
		return err
	}
	err := chunks(d.added, 200, func(rows []*episodeRow) error {
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	jobs := make([]river.JobArgs, 0, len(d.offered)+len(d.added))
	for _, id := range d.offered {
		jobs = append(jobs, models.ImportJob{EpisodeID: id})
	}
	for _, r := range d.added {
		bump = append(bump, r.ID)
		jobs = append(jobs, models.DownloadJob{EpisodeID: r.ID})
	}
	if err := s.recordAdded(ctx, tx, d); err != nil {
		return err
	}
	return errors.Join(s.enqueue(ctx, tx, jobs...), s.changed(ctx, tx, false, bump...))
}

func applyShow(ctx context.Context, tx bun.Tx, d *difference) error {
	if d.showIsNew {
		_, err := tx.NewInsert().Model(d.show).Exec(ctx)
		return err
	}
	columns := []string{"problem", "problem_at", "poll_failures", "ended_at"} // the source could be read
	// What was remembered of the last look is replaced only by a newer look: adding a feed again by hand may not know it.
	if d.show.PolledAt != 0 {
		columns = append(columns, "etag", "last_modified", "polled_at", "next_poll_at", "feed_guid", "medium", "locked")
	}
	if _, err := tx.NewUpdate().Model(d.show).Column(columns...).WherePK().Exec(ctx); err != nil {
		return err
	}
	if !d.showChanged {
		return nil
	}
	_, err := tx.NewUpdate().Model(d.show).Column("title", "author", "description", "language", "link", "image_url", "people",
		"source_kind", "source_location", "fingerprint", "updated_at").WherePK().Exec(ctx)
	return err
}

// recordAdded tells of the new episodes.
func (s *Store) recordAdded(ctx context.Context, tx bun.Tx, d *difference) error {
	if len(d.added) == 0 {
		return nil
	}
	e := models.Event{Kind: models.EventEpisodesAdded, ShowID: d.show.ID, Count: len(d.added)}
	if len(d.added) == 1 {
		e.EpisodeID = d.added[0].ID
	}
	return s.record(ctx, tx, e)
}
