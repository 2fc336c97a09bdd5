package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/earshot/earshot/models"
)

// owned is an archive with somebody who looks after it, as far as that needs no queue: what was never there is not found.
type owned struct{ *archive }

func (o owned) ShowTotals(context.Context) (map[models.ShowID]models.ShowTotals, error) {
	return map[models.ShowID]models.ShowTotals{}, nil
}

func (o owned) Recognise(_ context.Context, found models.Listing, hidden ...models.ShowID) (models.Listing, error) {
	if slices.Contains(hidden, found.Show.ID) {
		return models.Listing{}, models.ErrNotFound
	}
	return found, nil
}

func (o owned) Plan(_ context.Context, _ models.Show, episodes []models.Episode) (models.Saved, error) {
	return models.Saved{Unwanted: len(episodes)}, nil
}

func (o owned) SaveShow(ctx context.Context, show models.Show, episodes []models.Episode) (models.Saved, error) {
	return o.Plan(ctx, show, episodes)
}

func (o owned) SetShowSettings(ctx context.Context, id models.ShowID, _ models.ShowSettings) error {
	_, err := o.Show(ctx, id)
	return err
}

func (o owned) SetShowSource(ctx context.Context, id models.ShowID, _ models.Location, _ models.Access) error {
	_, err := o.Show(ctx, id)
	return err
}

func (o owned) DeleteShow(ctx context.Context, id models.ShowID) (int, error) {
	_, err := o.Show(ctx, id)
	return 0, err
}

func (o owned) Enqueue(_ context.Context, job any) error {
	return fmt.Errorf("%+v: %w", job, models.ErrNotFound)
}

// Waiting lists what is not done.
func (o owned) Waiting(_ context.Context, f models.WaitingFilter) (jobs []models.WaitingJob, err error) {
	defer o.lock()()
	for i, e := range o.episodes {
		if place := (models.WaitingPlace{Priority: 2, JobID: int64(i + 1)}); e.State != models.EpisodeDone && !slices.Contains(f.Hidden, e.ShowID) && place.JobID > f.After.JobID && len(jobs) < f.Limit {
			jobs = append(jobs, models.WaitingJob{Place: place, Kind: "download", EpisodeID: e.ID, ShowID: e.ShowID, Title: e.Title, Wait: models.WaitTurn})
		}
	}
	return jobs, nil
}

func (o owned) RetryAll(context.Context, ...models.ShowID) (int, error) { return 0, nil }

func (o owned) Log(_ context.Context, id models.EpisodeID) ([]models.Event, error) {
	defer o.lock()()
	return slices.DeleteFunc(slices.Clone(o.events), func(e models.Event) bool { return e.EpisodeID != id }), nil
}

func (o owned) Transcripts(_ context.Context, id models.EpisodeID) ([]models.KeptTranscript, error) {
	defer o.lock()()
	return []models.KeptTranscript{{Transcript: o.transcripts[id], Current: true}}, nil
}

func (o owned) TranscriptByID(ctx context.Context, id models.EpisodeID, _ int64) (models.Transcript, error) {
	return o.Transcript(ctx, id, models.TaskTranscribe)
}

func (o owned) Twins(context.Context, models.EpisodeID) ([]models.Episode, error) { return nil, nil }

func (o owned) FetchAgain(ctx context.Context, id models.EpisodeID) error {
	_, err := o.Episode(ctx, id)
	return err
}

func (o owned) TranscribeAgain(ctx context.Context, job models.TranscribeJob) error {
	return o.FetchAgain(ctx, job.EpisodeID)
}

// Nobody changes anything here; see edited.

func (o owned) Corrected(ctx context.Context, id models.EpisodeID) (models.Corrected, error) {
	t, err := o.Transcript(ctx, id, models.TaskTranscribe)
	return models.Corrected{Transcript: t}, err
}

func (o owned) Edit(context.Context, models.EpisodeID, string, []models.Edit) ([]models.Edit, error) {
	return nil, models.ErrNotFound
}

func (o owned) UndoEdits(context.Context, models.EpisodeID, string, bool, ...int64) error {
	return models.ErrNotFound
}

func (o owned) ChooseTranscript(context.Context, models.EpisodeID, int64) error {
	return models.ErrNotFound
}

func (o owned) Confirm(context.Context, models.Confirmed) error { return models.ErrNotFound }

// Doubts doubts the beginning of every transcript.
func (o owned) Doubts(_ context.Context, f models.ReviewFilter) (out []models.Review, err error) {
	defer o.lock()()
	for _, e := range o.episodes {
		if t := o.transcripts[e.ID]; len(t.Segments) > 0 && !slices.Contains(f.Hidden, e.ShowID) && len(out) < f.Limit {
			out = append(out, models.Review{EpisodeID: e.ID, Doubt: models.DoubtDecoder, Span: models.Span{EndMS: 1000}, Text: t.Segments[0].Text, Worth: 1})
		}
	}
	return out, nil
}

func (o owned) CountDoubts(ctx context.Context, f models.ReviewFilter) (models.ReviewCount, error) {
	f.Limit = models.MostReviewed
	found, err := o.Doubts(ctx, f)
	return models.ReviewCount{Passages: len(found)}, err
}

// nowhere is a web with nothing on it.
type nowhere struct{}

func (nowhere) Look(_ context.Context, address string, _ map[string]string) (models.Listing, error) {
	return models.Listing{}, models.Explain(models.ErrInvalid, "there is nothing at %s", address)
}

func (nowhere) Feeds(string) ([]models.Subscription, error) { return nil, nil }
func (nowhere) CheckSettings(s models.ShowSettings) error   { return s.Check() }

// noWeights is a machine without models.
type noWeights struct{}

func (noWeights) List(context.Context) ([]models.Weights, error) { return nil, nil }

func (noWeights) Pull(context.Context, string) error {
	return models.Explain(models.ErrInvalid, "there is no such model")
}
func (noWeights) Stop(string)                          {}
func (noWeights) Pulls() []models.Pull                 { return nil }
func (noWeights) Remove(context.Context, string) error { return models.ErrNotFound }
