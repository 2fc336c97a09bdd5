package api

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/correct"
	"github.com/earshot/earshot/models/doubt"
	"github.com/earshot/earshot/search"
)

// edited is an archive whose transcripts people change: changes are laid over them as the store does it, in memory.
type edited struct {
	owned

	said      sync.Mutex
	edits     map[models.EpisodeID][]models.Edit
	confirmed []models.Confirmed
	seqs      map[models.EpisodeID]int64
	kept      map[models.EpisodeID][]models.Transcript // beside the current ones
}

func newEdited(a *archive) *edited {
	e := &edited{owned: owned{a}, edits: map[models.EpisodeID][]models.Edit{}, seqs: map[models.EpisodeID]int64{}, kept: map[models.EpisodeID][]models.Transcript{}}
	for i, x := range a.episodes {
		e.seqs[x.ID] = int64(i + 1)
	}
	return e
}

// serve serves the archive with an index that follows it.
func (e *edited) serve(t *testing.T) func(*Options) {
	t.Helper()
	x, err := search.Open(t.Context(), t.TempDir(), e, search.Options{Interval: 50 * time.Millisecond})
	must(t, err)
	ended := make(chan error)
	go func() { ended <- x.Follow(t.Context()) }()
	t.Cleanup(func() {
		must(t, <-ended)
		must(t, x.Close())
	})
	return func(o *Options) { o.Catalogue, o.Searcher, o.Owner, o.Sources = e, x, e, nowhere{} }
}

func (e *edited) Corrected(ctx context.Context, id models.EpisodeID) (models.Corrected, error) {
	t, err := e.archive.Transcript(ctx, id, models.TaskTranscribe)
	if err != nil {
		return models.Corrected{}, err
	}
	e.said.Lock()
	defer e.said.Unlock()
	c := correct.Apply(t, correct.Layer{Edits: e.edits[id]})
	for i, s := range c.Segments {
		if slices.ContainsFunc(e.confirmed, func(o models.Confirmed) bool { return o.EpisodeID == id && o.StartMS == s.StartMS && o.Text == s.Text }) {
			c.Segments[i].Doubtful = false
		}
	}
	return c, nil
}

func (e *edited) Transcript(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error) {
	if task == models.TaskTranslate {
		return e.archive.Transcript(ctx, id, task)
	}
	c, err := e.Corrected(ctx, id)
	return c.Transcript, err
}

func (e *edited) Document(ctx context.Context, id models.EpisodeID) (models.Document, error) {
	d, err := e.archive.Document(ctx, id)
	if err == nil && d.Transcript.ID != 0 {
		d.Transcript, err = e.Transcript(ctx, id, models.TaskTranscribe)
	}
	return d, err
}

func (e *edited) Changes(_ context.Context, after int64, limit int) (out []models.Change, err error) {
	e.said.Lock()
	defer e.said.Unlock()
	for id, seq := range e.seqs {
		if seq > after {
			out = append(out, models.Change{Seq: seq, EpisodeID: id})
		}
	}
	slices.SortFunc(out, func(a, b models.Change) int { return int(a.Seq - b.Seq) })
	return out[:min(limit, len(out))], nil
}

func (e *edited) LastChange(context.Context) (last int64, err error) {
	e.said.Lock()
	defer e.said.Unlock()
	for _, seq := range e.seqs {
		last = max(last, seq)
	}
	return last, nil
}

func (e *edited) changed(id models.EpisodeID) {
	var last int64
	for _, seq := range e.seqs {
		last = max(last, seq)
	}
	e.seqs[id] = last + 1
}

func (e *edited) Edit(ctx context.Context, id models.EpisodeID, by string, changes []models.Edit) ([]models.Edit, error) {
	t, err := e.archive.Transcript(ctx, id, models.TaskTranscribe)
	if err != nil {
		return nil, err
	}
	e.said.Lock()
	defer e.said.Unlock()
	made, err := correct.Resolve(t, correct.Layer{Edits: e.edits[id]}, changes)
	if err != nil {
		return nil, err
	}
	for i := range made {
		made[i].ID, made[i].EpisodeID, made[i].By, made[i].At = int64(len(e.edits[id])+1), id, by, time.Now()
		e.edits[id] = append(e.edits[id], made[i])
	}
	e.changed(id)
	return made, nil
}

func (e *edited) UndoEdits(_ context.Context, id models.EpisodeID, by string, undone bool, ids ...int64) error {
	e.said.Lock()
	defer e.said.Unlock()
	for _, n := range ids {
		i := slices.IndexFunc(e.edits[id], func(x models.Edit) bool { return x.ID == n })
		if i < 0 {
			return fmt.Errorf("change %d: %w", n, models.ErrNotFound)
		}
		x := &e.edits[id][i]
		if x.UndoneAt, x.UndoneBy = (time.Time{}), ""; undone {
			x.UndoneAt, x.UndoneBy = time.Now(), by
		}
	}
	e.changed(id)
	return nil
}

func (e *edited) Transcripts(_ context.Context, id models.EpisodeID) ([]models.KeptTranscript, error) {
	defer e.lock()()
	all := []models.KeptTranscript{{Transcript: e.transcripts[id], Current: true}}
	for _, t := range e.kept[id] {
		all = append(all, models.KeptTranscript{Transcript: t})
	}
	return all, nil
}

func (e *edited) TranscriptByID(ctx context.Context, id models.EpisodeID, transcript int64) (models.Transcript, error) {
	all, _ := e.Transcripts(ctx, id)
	for _, t := range all {
		if t.ID == transcript {
			return t.Transcript, nil
		}
	}
	return models.Transcript{}, models.ErrNotFound
}

func (e *edited) ChooseTranscript(_ context.Context, id models.EpisodeID, transcript int64) error {
	defer e.lock()()
	i := slices.IndexFunc(e.kept[id], func(t models.Transcript) bool { return t.ID == transcript })
	if i < 0 {
		return models.ErrNotFound
	}
	e.kept[id][i], e.transcripts[id] = e.transcripts[id], e.kept[id][i]
	return nil
}

func (e *edited) Confirm(_ context.Context, c models.Confirmed) error {
	e.said.Lock()
	defer e.said.Unlock()
	e.confirmed = append(e.confirmed, c)
	return nil
}

// Doubts looks through everything each time.
func (e *edited) Doubts(ctx context.Context, f models.ReviewFilter) (out []models.Review, err error) {
	for _, x := range e.episodes {
		c, err := e.Corrected(ctx, x.ID)
		if err != nil || f.EpisodeID != "" && x.ID != f.EpisodeID {
			continue
		}
		out = append(out, doubt.Find(c, search.Alike([]string{"Enspiral"}))...)
	}
	e.said.Lock()
	defer e.said.Unlock()
	out = slices.DeleteFunc(out, func(r models.Review) bool {
		return slices.ContainsFunc(e.confirmed, func(c models.Confirmed) bool {
			return c.EpisodeID == r.EpisodeID && c.StartMS == r.StartMS && c.Text == r.Text
		})
	})
	return out[:min(f.Limit, len(out))], nil
}

func (e *edited) CountDoubts(ctx context.Context, f models.ReviewFilter) (models.ReviewCount, error) {
	f.Limit = models.MostReviewed
	found, err := e.Doubts(ctx, f)
	return models.ReviewCount{Passages: len(found)}, err
}
