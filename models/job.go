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

// ImportJob reads the transcript that the publisher offers of an episode, or that lies beside its file.
type ImportJob struct {
	EpisodeID EpisodeID `json:"episode_id" river:"unique"`
}

// TranscribeJob turns an episode's stored audio into a transcript. Only one for each task is waiting or running at a time.
type TranscribeJob struct {
	EpisodeID EpisodeID `json:"episode_id" river:"unique"`
	// Task is "" for TaskTranscribe: jobs of earlier versions have none.
	Task TranscriptTask `json:"task,omitempty" river:"unique"`
	// Language is what the owner says is spoken, as a show's setting, in place of that; "" leaves it to the settings.
	Language string `json:"language,omitempty"`
}

// Kind names the job in the queue.
func (PollJob) Kind() string { return "poll" }

// Kind names the job in the queue.
func (DownloadJob) Kind() string { return "download" }

// Kind names the job in the queue.
func (ImportJob) Kind() string { return "import" }

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
	JobID     int64          `json:"job_id"`
	Kind      string         `json:"kind"`
	EpisodeID EpisodeID      `json:"episode_id,omitempty"`
	ShowID    ShowID         `json:"show_id,omitempty"`
	Title     string         `json:"title"`
	Task      TranscriptTask `json:"task,omitempty"` // TaskTranslate for a translation, else ""
	// Done and Total have the job's unit: bytes for a download, milliseconds of audio for a transcription. Total is 0 when
	// unknown.
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
	// Began is what was done already when this attempt started: an earlier one had stored it.
	Began     int64     `json:"began"`
	StartedAt time.Time `json:"started_at"`
	ToldAt    time.Time `json:"told_at"` // when Done was last told; StartedAt before that
}

// Speed is how many units a millisecond this attempt does; for a transcription, how many times faster than real time it
// is. 0 when it has done nothing yet.
func (p JobProgress) Speed() float64 {
	took := p.ToldAt.Sub(p.StartedAt).Milliseconds()
	if took <= 0 || p.Done <= p.Began {
		return 0
	}
	return float64(p.Done-p.Began) / float64(took)
}

// Status is the archive at a glance.
type Status struct {
	Shows    int                  `json:"shows"`
	Episodes map[EpisodeState]int `json:"episodes"`
	AudioMS  int64                `json:"audio_ms"` // total length of complete transcripts' audio
	Queue    map[string]int       `json:"queue"`    // waiting and running jobs by kind
	Running  []JobProgress        `json:"running"`
	Failures []Failure            `json:"failures"` // newest first, at most 100
	// Speed is how many times faster than real time transcription goes: what is running, else the latest transcripts. 0
	// when there are none.
	Speed float64 `json:"speed"`
	// WaitingMS is the length of all audio that waits for transcription or is being transcribed, as far as it is not
	// stored; an unknown length counts as the mean of the known ones.
	WaitingMS int64 `json:"waiting_ms"`
	// LeftMS is about how long transcribing all that will take at that speed; 0 when nothing waits or nothing is known.
	LeftMS int64 `json:"left_ms"`
	// FinishAt is about when that will be done, quiet hours included; zero when nothing waits, nothing is known, or the queue
	// is held up by something without an end.
	FinishAt time.Time `json:"finish_at,omitzero"`
	Workers  int       `json:"workers"` // processes that take jobs
	Holds    []Hold    `json:"holds"`   // what holds the queue up
}

// Failure is an episode or a show that could not be fetched or transcribed, and why.
type Failure struct {
	EpisodeID EpisodeID `json:"episode_id,omitempty"`
	ShowID    ShowID    `json:"show_id,omitempty"`
	Title     string    `json:"title"`
	Reason    string    `json:"reason"`
	At        time.Time `json:"at"`
}
