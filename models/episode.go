package models

import (
	"net/url"
	"time"
)

// EpisodeState is how far an episode has come on its way from a source to the search index.
type EpisodeState string

// The states of an episode, in order.
const (
	EpisodeQueued       EpisodeState = "queued"       // known; its audio is not here yet
	EpisodeDownloading  EpisodeState = "downloading"  // its audio is being fetched
	EpisodeDownloaded   EpisodeState = "downloaded"   // its audio is stored and waits for transcription
	EpisodeTranscribing EpisodeState = "transcribing" // segments are arriving
	EpisodeDone         EpisodeState = "done"         // its transcript is complete
	EpisodeFailed       EpisodeState = "failed"       // see Episode.Reason
)

// EpisodeStates lists every state in the order of an episode's way.
func EpisodeStates() []EpisodeState {
	return []EpisodeState{EpisodeQueued, EpisodeDownloading, EpisodeDownloaded, EpisodeTranscribing, EpisodeDone, EpisodeFailed}
}

// Episode is one recording.
type Episode struct {
	ID          EpisodeID
	ShowID      ShowID
	GUID        string // the publisher's identifier, or the content hash of a local file
	Title       string
	Notes       string    // show notes as published: may hold HTML, never trusted
	Link        string    // web page, "" or an absolute http(s) URL
	PublishedAt time.Time // zero: unknown
	Season      int       // 0: unknown
	Number      int       // 0: unknown
	People      []Person
	Enclosure   Enclosure
	Transcripts []TranscriptLink // that the publisher offers
	ChaptersURL string           // of a JSON chapters file, "" or an absolute http(s) URL
	Chapters    []Chapter        // in order of time; the publisher's, or those of the recording
	Cover       string           // names the picture of the recording itself, "" for none
	State       EpisodeState
	Reason      string    // why State is EpisodeFailed, or a warning (a truncated file); "" otherwise
	FetchAgain  bool      // the owner asked for the audio anew
	Media       Media     // zero until the audio is stored
	MissingAt   time.Time // when the feed was first seen without the episode; zero while it is there
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Enclosure is the audio as the source offers it.
type Enclosure struct {
	// Location is an http(s) URL, or the absolute path of a local file for shows whose source is local.
	Location Location
	Type     string // media type as published; never trusted
	Bytes    int64  // length as published; 0 when unknown, often wrong
	// DurationMS is the length of the audio as published; 0 when unknown, often wrong.
	DurationMS int64
}

// TranscriptLink is a transcript that the publisher offers for download (podcast:transcript). Stored as JSON: names of fields
// are for ever.
type TranscriptLink struct {
	URL      string `json:"url"`                // absolute http(s) URL; may hold a token
	Type     string `json:"type,omitempty"`     // media type as published, in lower case; never trusted
	Language string `json:"language,omitempty"` // BCP 47, "" for that of the show
	Rel      string `json:"rel,omitempty"`      // "captions" where its times are meant for captions
}

// Media is the stored audio: the bytes that were transcribed, and that are served.
type Media struct {
	Key         string // name in the media store; "" when nothing is stored: not yet, or, where SHA256 is known, not any more
	SHA256      string // lower-case hexadecimal
	Bytes       int64
	ContentType string // as probed, for example "audio/mpeg"
	DurationMS  int64  // as declared by the container; 0 when it does not say
	// From is what the source offered when the bytes were fetched; another offer now means that the publisher replaced them.
	From Enclosure
}

// Reasons of failed episodes that others know by them.
const (
	ReasonCancelled = "cancelled: retry it to have it after all" // its owner no longer wanted it
	ReasonMediaGone = "the recording is no longer in the archive's media: upload it again"
)

// AudioNotKept reports whether the audio was removed once all was done that needed it, as the show's settings ask.
func (e Episode) AudioNotKept() bool {
	return e.Media.Key == "" && e.Media.SHA256 != "" && (e.State == EpisodeDone || e.State == EpisodeFailed)
}

// Replaces reports whether an enclosure offers another recording than a former one did, as far as feeds can be trusted: by
// their lengths where both say one, else by their types and the paths of their addresses. A feed that moves, or that counts
// its listeners, changes addresses without changing recordings.
func (e Enclosure) Replaces(former Enclosure) bool {
	const least = 1000 // feeds that do not know the length say 0, 1 or 100
	if former.Location == "" || !e.Location.Remote() {
		return false
	}
	if e.Bytes >= least && former.Bytes >= least {
		return e.Bytes != former.Bytes
	}
	a, aerr := url.Parse(string(e.Location))
	b, berr := url.Parse(string(former.Location))
	return aerr == nil && berr == nil && (a.Path != b.Path || e.Type != former.Type)
}

// NewEpisodeID returns the identifier of the episode that the publisher calls guid within a show.
func NewEpisodeID(show ShowID, guid string) EpisodeID {
	return EpisodeID(NewID("episode", string(show), guid))
}

// EpisodeFilter chooses episodes of a list, newest publication first.
type EpisodeFilter struct {
	ShowID ShowID       // "": of every show
	Hidden []ShowID     // shows of which none are wanted
	State  EpisodeState // "": in every state
	Limit  int          // greatest number to return; 0 means all
	After  EpisodePlace // only those that come after it; the zero value: from the first one
}

// EpisodePlace is where an episode stands among all others, newest publication first. It stays there while others come and go.
type EpisodePlace struct {
	PublishedAt time.Time // zero when unknown
	ID          EpisodeID
}

// Place is where the episode stands in a list.
func (e Episode) Place() EpisodePlace { return EpisodePlace{e.PublishedAt, e.ID} }
