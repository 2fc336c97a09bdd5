package api

import (
	"context"

	"github.com/earshot/earshot/models"
)

// Owner is what the API reads and changes of the catalogue for those who look after the archive.
type Owner interface {
	Editor
	Reviewer
	Passages

	// ShowTotals adds up what the archive has of each show that has an episode.
	ShowTotals(ctx context.Context) (map[models.ShowID]models.ShowTotals, error)
	// Recognise returns a listing as one of the show that it is of in the archive. Where that is, or may be, one of the hidden
	// ones, the error is [models.ErrNotFound] and names nothing.
	Recognise(ctx context.Context, found models.Listing, hidden ...models.ShowID) (models.Listing, error)
	// Plan returns what SaveShow would do.
	Plan(ctx context.Context, show models.Show, episodes []models.Episode) (models.Saved, error)
	// SaveShow stores a show with its settings, where it is new, and its episodes.
	SaveShow(ctx context.Context, show models.Show, episodes []models.Episode) (models.Saved, error)
	// SetShowSettings replaces the settings of a show.
	SetShowSettings(ctx context.Context, id models.ShowID, settings models.ShowSettings) error
	// SetShowSource gives a show another address and what its server wants to be told.
	SetShowSource(ctx context.Context, id models.ShowID, location models.Location, access models.Access) error
	// DeleteShow removes a show with all that the archive has of it, and returns how many episodes that were.
	DeleteShow(ctx context.Context, id models.ShowID) (int, error)
	// Enqueue adds a job unless the same one waits or runs.
	Enqueue(ctx context.Context, job any) error
	// Waiting lists the jobs that wait, in the order in which they are taken.
	Waiting(ctx context.Context, f models.WaitingFilter) ([]models.WaitingJob, error)
	// RetryAll retries what failed, but in the hidden shows, and returns how many episodes that are.
	RetryAll(ctx context.Context, hidden ...models.ShowID) (int, error)
	// Log tells what happened to the work on an episode, the newest first.
	Log(ctx context.Context, id models.EpisodeID) ([]models.Event, error)
	// Transcripts lists the transcripts of an episode, the newest first, without segments.
	Transcripts(ctx context.Context, id models.EpisodeID) ([]models.KeptTranscript, error)
	// TranscriptByID returns one of an episode's transcripts, or an error that is [models.ErrNotFound].
	TranscriptByID(ctx context.Context, id models.EpisodeID, transcript int64) (models.Transcript, error)
	// Twins lists other episodes with the same recording.
	Twins(ctx context.Context, id models.EpisodeID) ([]models.Episode, error)
	// FetchAgain queues an episode whose audio is to be fetched anew.
	FetchAgain(ctx context.Context, id models.EpisodeID) error
	// TranscribeAgain queues an episode for a new transcript, as the job says.
	TranscribeAgain(ctx context.Context, job models.TranscribeJob) error
}

// Sources finds out what is at addresses on the web. It reaches nothing else: neither files of this machine nor, unless its owner
// has allowed that, private networks. Its errors are sentences for people.
type Sources interface {
	// Look lists what is at an address; header has what its server wants to be told. An error with a method Subscriptions
	// says that there is a list of feeds.
	Look(ctx context.Context, address string, header map[string]string) (models.Listing, error)
	// Feeds reads a list of feeds (OPML).
	Feeds(opml string) ([]models.Subscription, error)
	// CheckSettings returns an error that is [models.ErrInvalid] for settings that cannot be worked with here.
	CheckSettings(settings models.ShowSettings) error
}
