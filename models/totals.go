package models

import "time"

// ShowTotals is how much of a show the archive has.
type ShowTotals struct {
	Episodes int   // all of them
	Done     int   // transcribed
	Failed   int   // see their reasons; the others are on their way
	AudioMS  int64 // length of all episodes, as far as it is known
	Bytes    int64 // of stored audio
}

// WaitKind says what a job waits for.
type WaitKind string

// What a job can wait for.
const (
	WaitTurn   WaitKind = "turn"   // for those before it
	WaitAgain  WaitKind = "again"  // until it is tried again, see WaitingJob.Next
	WaitPaused WaitKind = "paused" // until its show is resumed
)

// WaitingJob is a job that waits.
type WaitingJob struct {
	Place     WaitingPlace
	Kind      string // as in Status.Queue
	Task      TranscriptTask
	EpisodeID EpisodeID // "" for a look at a show's feed
	ShowID    ShowID
	Title     string // of the episode, else of the show
	ShowTitle string
	Wait      WaitKind
	Next      time.Time // when it is tried again; zero unless Wait is WaitAgain
	Attempts  int       // so far
	Urgent    bool      // it was asked for before all others
	Reason    string    // what is known of why it is not done yet; "" for nothing
}

// WaitingPlace is where a job stands in the queue: by its priority, the highest of which is 1, then by a time that holds its place.
type WaitingPlace struct {
	Priority int
	At       time.Time
	JobID    int64
}

// WaitingFilter chooses jobs that wait, in the order in which they are taken.
type WaitingFilter struct {
	Hidden []ShowID     // shows of which none are wanted
	After  WaitingPlace // only those behind it; the zero value: from the first one
	Limit  int          // greatest number to return
}

// KeptTranscript is one of the transcripts of an episode, without its segments.
type KeptTranscript struct {
	Transcript
	Current bool // it is read and searched
}

// StoredBytes is how much the catalogue takes and how much recordings do, in bytes.
type StoredBytes struct {
	Catalogue  int64
	Recordings int64
}
