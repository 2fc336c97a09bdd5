// Package pipeline takes an episode from its source to its transcript.
//
// The listing shows the way: poll.go looks at a show's source for new episodes, import.go reads a transcript that others made,
// download.go stores an episode's audio, transcribe.go turns the audio into segments. Each file is one job of the queue. A job's result and the next job are
// written in one transaction of the store, under the lease of its attempt: a job that is killed at any line runs again and
// goes on from what is stored, and one that lost its lease writes nothing.
//
// The tools are in the folders: source and feed read what an owner points at, fetch speaks HTTP, captions reads transcripts, audio runs ffmpeg, whisper
// decodes, weights keeps the models.
package pipeline

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/fetch"
	"github.com/earshot/earshot/pipeline/vocabulary"
	"github.com/earshot/earshot/pipeline/whisper"
)

// Catalogue is what the pipeline needs of the store. Writes under a lease fail with models.ErrLeaseLost when it is lost.
type Catalogue interface {
	Show(ctx context.Context, id models.ShowID) (models.Show, error)
	Episode(ctx context.Context, id models.EpisodeID) (models.Episode, error)
	// Episodes lists episodes, newest publication first.
	Episodes(ctx context.Context, f models.EpisodeFilter) ([]models.Episode, error)
	// EpisodesByID returns those of the episodes that exist.
	EpisodesByID(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID]models.Episode, error)
	Polled(ctx context.Context, lease models.Lease, found models.Listing) (models.Saved, error)
	PollFailed(ctx context.Context, lease models.Lease, id models.ShowID, f models.PollFailure) error
	SetState(ctx context.Context, lease models.Lease, id models.EpisodeID, state models.EpisodeState) error
	SaveMedia(ctx context.Context, lease models.Lease, id models.EpisodeID, media models.Media, warning string) error
	// PrivateOf returns what is kept from everybody of an episode.
	PrivateOf(ctx context.Context, id models.EpisodeID) ([]models.Private, error)
	// SaveDetails records what a recording tells beside the words, SaveChapters the publisher's chapters, SaveShowCover the
	// picture that was found at an address, nil for none.
	SaveDetails(ctx context.Context, lease models.Lease, id models.EpisodeID, d models.Details) error
	SaveChapters(ctx context.Context, lease models.Lease, id models.EpisodeID, chapters []models.Chapter) error
	SaveShowCover(ctx context.Context, lease models.Lease, id models.ShowID, address string, jpeg []byte) error
	StartTranscript(ctx context.Context, lease models.Lease, t models.Transcript) (models.Transcript, error)
	AppendSegments(ctx context.Context, lease models.Lease, part models.TranscriptPart) error
	FinishTranscript(ctx context.Context, lease models.Lease, done models.Transcript) error
	// Original returns the current transcript of a task as it was made, Imported the one that was not made here; models.ErrNotFound when
	// there is none.
	Original(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error)
	Imported(ctx context.Context, id models.EpisodeID) (models.Transcript, error)
	SaveImport(ctx context.Context, lease models.Lease, t models.Transcript, done bool) error
	RejectImport(ctx context.Context, lease models.Lease, id models.EpisodeID, why string) error
}

// Sources looks at a show's source.
type Sources interface {
	// Look lists what a show's source offers now, as a listing of that show. Validators of the last look save work: when nothing
	// is new, the listing has the show as it is and no episodes, and is partial. have says whether all of some episodes are in
	// the archive: a feed of several pages is not read further than that.
	Look(ctx context.Context, show models.Show, have func([]models.Episode) (bool, error)) (models.Listing, error)
}

// Media stores recordings.
type Media interface {
	Open(ctx context.Context, key string) (*os.File, error)
	Has(ctx context.Context, key string) (bool, error)
	// Partial opens the unfinished audio of an episode, with what an earlier attempt left of it.
	Partial(ctx context.Context, id models.EpisodeID) (Partial, error)
}

// Partial is a recording that is being stored.
type Partial interface {
	fetch.Partial
	// Commit makes the bytes a stored recording and returns its key, hash and size.
	Commit(ctx context.Context, ext string) (models.Media, error)
	Discard() error
	Close() error
	// File is where the bytes are, to be read.
	File() *os.File
}

// Listening makes what listeners get beside a recording, so that the first of them need not wait. title says in errors which
// recording it is.
type Listening interface {
	// Prepare makes it with silence in the stretches held.
	Prepare(ctx context.Context, of models.Media, title string, held []models.Span) error
}

// Options holds the tools of a [Pipeline] and its settings.
type Options struct {
	Catalogue   Catalogue
	Sources     Sources
	Media       Media
	Listening   Listening // nil: it is made when it is asked for
	Fetch       *fetch.Client
	Probe       *audio.Tool
	Transcriber *whisper.Transcriber
	Weights     Weights
	Way         Way
	// WayWith says how to decode with a model that a show asks for in place of Way's, by its name; an error says what to do about
	// one that is not installed or does not fit into memory.
	WayWith  func(ctx context.Context, model string) (Way, error)
	Language string // for shows without one of their own: a code of whisper's, models.LanguageAuto (also "") or LanguageMixed
	// Vocabulary lists names and words to expect in every show, the most important ones first.
	Vocabulary []string
	// Known returns what people said about names, as far as it counts in a show; nil: nobody said anything.
	Known func(ctx context.Context, show models.ShowID) (vocabulary.Known, error)
	Hints string // what the decoder is told to expect: models.HintsAuto (also ""), HintsWords or HintsOff
	// PollEvery is how long a feed that answers is left alone, and one that does not at first; 0: by the rhythm of its episodes.
	PollEvery time.Duration
	Logger    *slog.Logger
}

// Way is with what recordings are decoded.
type Way struct {
	Model    string // name of the weights, for example "base-q8_0"
	Decoders int    // chunks decoded at a time; 0 means one a core
	Threads  int    // of each decoder; 0 means 1
}

// Weights finds installed model files.
type Weights interface {
	// Path returns the file of an installed model, or an error that says how to get it.
	Path(name string) (string, error)
}

// Pipeline does the jobs of the queue.
type Pipeline struct{ o Options }

// New returns a pipeline.
func New(o Options) *Pipeline {
	if o.Language == "" {
		o.Language = models.LanguageAuto
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Pipeline{o}
}
