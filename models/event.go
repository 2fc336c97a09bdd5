package models

import "time"

// EventKind says what happened.
type EventKind string

// What can happen.
const (
	EventEpisodesAdded EventKind = "episodes-added" // Count of them, of one show; EpisodeID where it is one
	EventJobStarted    EventKind = "job-started"
	EventJobFinished   EventKind = "job-finished"
	EventJobRetried    EventKind = "job-retried"  // an attempt failed and another one follows
	EventJobReturned   EventKind = "job-returned" // it was set aside, or lost its worker, and goes on later
	EventJobFailed     EventKind = "job-failed"   // no attempt follows
	EventQueuePaused   EventKind = "queue-paused" // the whole one, or that of the show
	EventQueueResumed  EventKind = "queue-resumed"
)

// Event is something that happened to the queue. Stored as JSON: names of fields are for ever.
type Event struct {
	Seq       int64          `json:"seq"` // numbers of events grow in the order in which they happened
	At        time.Time      `json:"at"`
	Kind      EventKind      `json:"kind"`
	JobID     int64          `json:"job_id,omitempty"`
	JobKind   string         `json:"job_kind,omitempty"` // as in Status.Queue
	Attempt   int            `json:"attempt,omitempty"`
	Task      TranscriptTask `json:"task,omitempty"` // TaskTranslate for a translation, else ""
	EpisodeID EpisodeID      `json:"episode_id,omitempty"`
	ShowID    ShowID         `json:"show_id,omitempty"`
	Title     string         `json:"title,omitempty"` // of the episode, else of the show
	Count     int            `json:"count,omitempty"`
	Reason    string         `json:"reason,omitempty"`
}
