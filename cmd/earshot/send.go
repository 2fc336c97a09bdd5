package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/api/remote"
	"github.com/earshot/earshot/models"
)

// sending is recordings on their way to a server. They become a collection there with the title of their folder. An episode of a
// collection is known by the content of its recording, so that what is there already is not sent again.
type sending struct {
	r      elsewhere
	title  string // of the collection; "" for the one of all recordings added one by one
	bars   *bars
	before []api.Upload // what was sent in the last days
	later  int          // recordings that the server has, and has yet to take in
	out    added
}

// send adds the recordings of a listing.
func (r elsewhere) send(ctx context.Context, found models.Listing, o adding) (added, error) {
	s := &sending{r: r}
	if found.Show.Source.Kind == models.SourceFolder {
		s.title = found.Show.Title
	}
	s.out = added{show: models.Collection(s.title), skipped: found.Skipped}
	known, err := r.Show(ctx, s.out.show.ID)
	isNew := errors.Is(err, models.ErrNotFound)
	if err != nil && !isNew {
		return s.out, err
	}
	change, err := o.settings.change(o.cmd, known.Settings)
	if err != nil {
		return s.out, err
	}
	wanted := known.Settings
	if change != nil {
		change.Apply(&wanted)
		if err := errors.Join(r.checkSettings(ctx, wanted), wanted.CheckFor(models.SourceFiles)); err != nil {
			return s.out, err
		}
	}
	missing, err := s.missing(ctx, found.Episodes, isNew)
	if err != nil {
		return s.out, err
	}
	if o.dryRun {
		for _, e := range missing {
			s.out.fresh++
			s.out.titles = append(s.out.titles, e.Title)
		}
		return s.out, nil
	}
	settle := func() error {
		if change == nil {
			return nil
		}
		_, err := r.ChangeShow(ctx, s.out.show.ID, remote.Wish{Settings: change})
		if err == nil {
			change = nil
		}
		return err
	}
	if !isNew {
		if err := settle(); err != nil {
			return s.out, err
		}
	}
	if len(missing) == 0 {
		return s.out, nil
	}
	if s.before, err = r.Uploads(ctx); err != nil {
		return s.out, err
	}
	s.bars = newBars(o.cmd.ErrOrStderr())
	defer s.bars.close()
	for i, e := range missing {
		err := s.one(ctx, i+1, len(missing), e)
		if err == nil && len(s.out.episodes) > 0 { // there is such a show from now on
			err = settle()
		}
		if err != nil {
			s.bars.say(fmt.Sprintf("%d of %s sent: give the same command again to go on, also in the middle of one", i, count(len(missing), "recording")))
			return s.out, err
		}
	}
	if s.later > 0 {
		if err := settle(); errors.Is(err, models.ErrNotFound) {
			return s.out, models.Explain(models.ErrConflict, "the server has yet to take the first recording in, and has no settings for it before: give the same command again later")
		} else if err != nil {
			return s.out, err
		}
	}
	switch first := s.out.skipped; {
	case len(first) == 0, len(s.out.episodes) > 0, s.later > 0 && s.title != "":
		return s.out, nil
	case s.title == "": // the one that was named
		return s.out, models.Explain(models.ErrUnusable, "%s: %s", first[0].Name, first[0].Reason)
	default:
		return s.out, models.Explain(models.ErrUnusable, "nothing of %s could be added; %s: %s", visible(s.title), first[0].Name, first[0].Reason)
	}
}

// missing returns the episodes that the archive does not have, and counts the others.
func (s *sending) missing(ctx context.Context, episodes []models.Episode, isNew bool) ([]models.Episode, error) {
	has := map[models.EpisodeID]bool{}
	if !isNew {
		all, err := s.r.Episodes(ctx, models.EpisodeFilter{ShowID: s.out.show.ID})
		if err != nil {
			return nil, err
		}
		for _, e := range all { // these bytes may mend one that failed without them
			has[e.ID] = e.State != models.EpisodeFailed || e.Reason == models.ReasonCancelled ||
				e.Media.Bytes > 0 && !strings.Contains(e.Reason, models.ReasonMediaGone)
		}
	}
	var missing []models.Episode
	for _, e := range episodes {
		if e.ID = models.NewEpisodeID(s.out.show.ID, e.GUID); has[e.ID] {
			s.out.unchanged++
			s.out.episodes = append(s.out.episodes, e)
			continue
		}
		missing = append(missing, e)
	}
	return missing, nil
}

// one sends a recording. One that cannot be read, or that the server refuses, is left out.
func (s *sending) one(ctx context.Context, n, of int, e models.Episode) error {
	path := string(e.Enclosure.Location)
	name := filepath.Base(path)
	skip := func(reason string) error {
		s.out.skipped = append(s.out.skipped, models.Skip{Name: name, Reason: reason})
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return skip(cause(err).Error())
	}
	defer f.Close()
	if e.Enclosure.Bytes == 0 {
		return skip("it is empty")
	}
	if st, err := f.Stat(); err != nil || st.Size() != e.Enclosure.Bytes {
		return skip("it changed while it was read: add it again")
	}
	title := fmt.Sprintf("%d/%d %s", n, of, visible(name))
	if s.bars.progress == nil {
		s.bars.say("sending " + title)
	}
	bar := s.bars.add(title, e.Enclosure.Bytes, unitBytes)
	defer bar.done()
	up, err := s.r.Send(ctx, remote.Recording{Name: name, Show: s.title, SHA256: e.GUID, Bytes: e.Enclosure.Bytes, Body: f}, s.before, bar.set)
	switch {
	case errors.Is(err, models.ErrUnusable):
		return skip(err.Error())
	case err != nil:
		return fmt.Errorf("sending %s: %w", name, err)
	case up.State == api.UploadRefused:
		return skip(up.Reason)
	case up.State == api.UploadReading:
		s.later++
		return skip("it has arrived, and the server has yet to take it in, which it does by itself; where that takes more than an hour, its log says why")
	case up.EpisodeID != "" && up.EpisodeID != string(e.ID):
		return skip("it changed while it was sent: add it again")
	case up.State == api.UploadKnown:
		s.out.unchanged++
	default:
		s.out.fresh++
	}
	s.out.episodes = append(s.out.episodes, e)
	return nil
}

// cause is an error of the operating system without the path, which stands beside it.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
