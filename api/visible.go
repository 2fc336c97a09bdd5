package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/earshot/earshot/models"
)

// visible is a catalogue and an index as they are for whoever asks, as the context says: shows that are not for them are not
// there, and nothing is there for somebody who may not read. Operations know this one alone, so that none can forget to ask.
//
// It has every method by its own hand: one that is new to the interfaces must be given a thought here.
type visible struct {
	all   Catalogue
	index Searcher
}

// hidden lists the shows that whoever asks does not see. It is an error to ask without being allowed to.
func (v visible) hidden(ctx context.Context) ([]models.ShowID, error) {
	who := callerOf(ctx)
	if who.sees == "" {
		return nil, fmt.Errorf("nobody who may read: %w", models.ErrNotFound)
	}
	return v.all.Hidden(ctx, who.sees)
}

// show says [models.ErrNotFound] where a show is hidden.
func (v visible) show(ctx context.Context, id models.ShowID) error {
	hidden, err := v.hidden(ctx)
	if err == nil && slices.Contains(hidden, id) {
		err = fmt.Errorf("show %s: %w", id, models.ErrNotFound)
	}
	return err
}

// episode says [models.ErrNotFound] where the show of an episode is hidden.
func (v visible) episode(ctx context.Context, id models.EpisodeID) error {
	hidden, err := v.hidden(ctx)
	if err != nil || len(hidden) == 0 {
		return err
	}
	e, err := v.all.Episode(ctx, id)
	if err == nil && slices.Contains(hidden, e.ShowID) {
		err = fmt.Errorf("episode %s: %w", id, models.ErrNotFound)
	}
	return err
}

func (v visible) Hidden(ctx context.Context, far models.Visibility) ([]models.ShowID, error) {
	return v.all.Hidden(ctx, far)
}

func (v visible) Shows(ctx context.Context) ([]models.Show, error) {
	hidden, err := v.hidden(ctx)
	if err != nil {
		return nil, err
	}
	shows, err := v.all.Shows(ctx)
	return slices.DeleteFunc(shows, func(s models.Show) bool { return slices.Contains(hidden, s.ID) }), err
}

func (v visible) ShowTitles(ctx context.Context) (map[models.ShowID]string, error) {
	hidden, err := v.hidden(ctx)
	if err != nil {
		return nil, err
	}
	titles, err := v.all.ShowTitles(ctx)
	for _, id := range hidden {
		delete(titles, id)
	}
	return titles, err
}

func (v visible) Show(ctx context.Context, id models.ShowID) (models.Show, error) {
	if err := v.show(ctx, id); err != nil {
		return models.Show{}, err
	}
	return v.all.Show(ctx, id)
}

func (v visible) SetShowVisibility(ctx context.Context, id models.ShowID, to models.Visibility) error {
	if err := v.show(ctx, id); err != nil {
		return err
	}
	return v.all.SetShowVisibility(ctx, id, to)
}

func (v visible) Episodes(ctx context.Context, f models.EpisodeFilter) ([]models.Episode, error) {
	hidden, err := v.hidden(ctx)
	if err != nil {
		return nil, err
	}
	f.Hidden = hidden
	return v.all.Episodes(ctx, f)
}

func (v visible) Episode(ctx context.Context, id models.EpisodeID) (models.Episode, error) {
	if err := v.episode(ctx, id); err != nil {
		return models.Episode{}, err
	}
	return v.all.Episode(ctx, id)
}

func (v visible) EpisodesInShort(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID]models.Episode, error) {
	hidden, err := v.hidden(ctx)
	if err != nil {
		return nil, err
	}
	found, err := v.all.EpisodesInShort(ctx, ids)
	for id, e := range found {
		if slices.Contains(hidden, e.ShowID) {
			delete(found, id)
		}
	}
	return found, err
}

// Cover is found by a name that only those have who see its show or episode: it is made of the picture.
func (v visible) Cover(ctx context.Context, name string) ([]byte, error) {
	if _, err := v.hidden(ctx); err != nil {
		return nil, err
	}
	return v.all.Cover(ctx, name)
}

func (v visible) Transcript(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error) {
	if err := v.episode(ctx, id); err != nil {
		return models.Transcript{}, err
	}
	return v.all.Transcript(ctx, id, task)
}

// PrivateIn tells of episodes that were seen.
func (v visible) PrivateIn(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID][]models.Private, error) {
	if _, err := v.hidden(ctx); err != nil {
		return nil, err
	}
	return v.all.PrivateIn(ctx, ids)
}

func (v visible) Tasks(ctx context.Context, id models.EpisodeID) ([]models.TranscriptTask, error) {
	if err := v.episode(ctx, id); err != nil {
		return nil, err
	}
	return v.all.Tasks(ctx, id)
}

func (v visible) Status(ctx context.Context, also ...models.ShowID) (models.Status, error) {
	hidden, err := v.hidden(ctx)
	if err != nil {
		return models.Status{}, err
	}
	return v.all.Status(ctx, append(hidden, also...)...)
}

// Events leaves out what is about hidden shows, and goes on until there is something to tell or nothing left.
func (v visible) Events(ctx context.Context, after int64, limit int) ([]models.Event, error) {
	hidden, err := v.hidden(ctx)
	if err != nil {
		return nil, err
	}
	for {
		events, err := v.all.Events(ctx, after, limit)
		if err != nil || len(events) == 0 || callerOf(ctx).sees == models.VisibleToAdmins {
			return events, err
		}
		after = events[len(events)-1].Seq
		seen := slices.DeleteFunc(events, func(e models.Event) bool {
			return slices.Contains(hidden, e.ShowID) || e.EpisodeID != "" && e.ShowID == "" // of an episode that is no longer there
		})
		if len(seen) > 0 {
			return seen, nil
		}
	}
}

func (v visible) LastEvent(ctx context.Context) (int64, error) { return v.all.LastEvent(ctx) }

func (v visible) Retry(ctx context.Context, id models.EpisodeID) error {
	return v.onEpisode(ctx, id, v.all.Retry)
}

func (v visible) Now(ctx context.Context, id models.EpisodeID) error {
	return v.onEpisode(ctx, id, v.all.Now)
}

func (v visible) Cancel(ctx context.Context, id models.EpisodeID) error {
	return v.onEpisode(ctx, id, v.all.Cancel)
}

func (v visible) onEpisode(ctx context.Context, id models.EpisodeID, do func(context.Context, models.EpisodeID) error) error {
	if err := v.episode(ctx, id); err != nil {
		return err
	}
	return do(ctx, id)
}

func (v visible) Pause(ctx context.Context, id models.ShowID) error {
	return v.onShow(ctx, id, v.all.Pause)
}

func (v visible) Resume(ctx context.Context, id models.ShowID) error {
	return v.onShow(ctx, id, v.all.Resume)
}

func (v visible) onShow(ctx context.Context, id models.ShowID, do func(context.Context, models.ShowID) error) error {
	if err := v.show(ctx, id); err != nil {
		return err
	}
	return do(ctx, id)
}

func (v visible) State() string { return v.index.State() }

func (v visible) Search(ctx context.Context, q models.Query) (res models.Results, err error) {
	if q.Hidden, err = v.hidden(ctx); err != nil {
		return res, err
	}
	return v.index.Search(ctx, q)
}

func (v visible) Complete(ctx context.Context, q models.Query) (list []models.Completion, err error) {
	if q.Hidden, err = v.hidden(ctx); err != nil {
		return nil, err
	}
	return v.index.Complete(ctx, q)
}

func (v visible) Mentions(ctx context.Context, q models.Query) (m models.Mentions, err error) {
	if q.Hidden, err = v.hidden(ctx); err != nil {
		return m, err
	}
	return v.index.Mentions(ctx, q)
}

func (v visible) Saying(ctx context.Context, q models.Saying) (said models.Said, err error) {
	if q.Hidden, err = v.hidden(ctx); err != nil {
		return said, err
	}
	return v.index.Saying(ctx, q)
}

func (v visible) Ruled(ctx context.Context, rule int64) (models.Reach, error) {
	return v.index.Ruled(ctx, rule) // what a rule changes, it changes in all shows
}

func (v visible) Names(ctx context.Context, also ...models.ShowID) ([]models.FoundName, error) {
	hidden, err := v.hidden(ctx)
	if err != nil {
		return nil, err
	}
	return v.index.Names(ctx, append(hidden, also...)...)
}

func (v visible) Misheard(ctx context.Context, name string, also ...models.ShowID) ([]models.Misheard, error) {
	hidden, err := v.hidden(ctx)
	if err != nil {
		return nil, err
	}
	return v.index.Misheard(ctx, name, append(hidden, also...)...)
}

func (v visible) Relearn(ctx context.Context) error { return v.index.Relearn(ctx) }
