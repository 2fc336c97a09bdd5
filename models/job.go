package models

import "time"

// PollJob looks at a show's source for new episodes. Only one per show is waiting or running at a time.
type PollJob struct {
	ShowID ShowID `json:"show_id" river:"unique"`
}

// DownloadJob stores an episode's audio.
type DownloadJob struct {
	EpisodeID EpisodeID `json:"episode_id" river:"unique"`
}

// TranscribeJob turns an episode's stored audio into its current transcript.
type TranscribeJob struct {
	EpisodeID EpisodeID `json:"episode_id" river:"unique"`
}

// Kind names the job in the queue.
func (PollJob) Kind() string { return "poll" }

// Kind names the job in the queue.
func (DownloadJob) Kind() string { return "download" }

// Kind names the job in the queue.
func (TranscribeJob) Kind() string { return "transcribe" }

// Lease is the right of one attempt at a job to write its results. The store refuses a write under a lease that is no
// longer held (the job was cancelled, or handed to another attempt) with [ErrLeaseLost].
type Lease struct {
	JobID   int64
	Attempt int  // 1 for the first
	Last    bool // no further attempt follows if this one fails
}

// JobProgress is what a running job tells about itself.
type JobProgress struct {
	JobID     int64     `json:"job_id"`
	Kind      string    `json:"kind"`
	EpisodeID EpisodeID `json:"episode_id,omitempty"`
	ShowID    ShowID    `json:"show_id,omitempty"`
	Title     string    `json:"title"`
	// Done and Total have the job's unit: bytes for a download, milliseconds of audio for a transcription. Total is 0 when
	// unknown.
	Done      int64     `json:"done"`
	Total     int64     `json:"total"`
	StartedAt time.Time `json:"started_at"`
}

// Status is the archive at a glance.
type Status struct {
	Shows    int                  `json:"shows"`
	Episodes map[EpisodeState]int `json:"episodes"`
	AudioMS  int64                `json:"audio_ms"` // total length of complete transcripts' audio
	Queue    map[string]int       `json:"queue"`    // waiting and running jobs by kind
	Running  []JobProgress        `json:"running"`
	Failures []Failure            `json:"failures"` // newest first, at most 100
}

// Failure is an episode or a show that could not be fetched or transcribed, and why.
type Failure struct {
	EpisodeID EpisodeID `json:"episode_id,omitempty"`
	ShowID    ShowID    `json:"show_id,omitempty"`
	Title     string    `json:"title"`
	Reason    string    `json:"reason"`
	At        time.Time `json:"at"`
}
