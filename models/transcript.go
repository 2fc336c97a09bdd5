package models

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// TranscriptSource says who made a transcript.
type TranscriptSource string

// The sources of a transcript.
const (
	TranscriptWhisper   TranscriptSource = "whisper"   // made here from the audio
	TranscriptPublisher TranscriptSource = "publisher" // offered by the feed
	TranscriptImport    TranscriptSource = "import"    // given by the owner
)

// Transcript is one complete reading of an episode. An episode may have several; one of them is current.
type Transcript struct {
	ID         int64
	EpisodeID  EpisodeID
	Source     TranscriptSource
	Task       TranscriptTask // the zero value means TaskTranscribe
	Model      string         // for example "base-q8_0"; "" when not made by a model
	Language   string         // ISO 639-1 as whisper names it ("en"); "" until detected. What is spoken, also of a translation
	Prompt     string         // the vocabulary given to the decoder
	DurationMS int64          // length of the decoded audio; known when Complete
	CursorMS   int64          // every word that begins before it is stored; decoding resumes there
	Complete   bool
	Warning    string // what the reader should know: "no speech", "audio ends early"; "" otherwise
	Report     Report
	Origin     Origin // of a transcript that was not made here
	CreatedAt  time.Time
	Segments   []Segment
}

// Origin tells where a transcript that was not made here comes from, and how its times fit the stored audio. Stored as JSON:
// names of fields are for ever.
type Origin struct {
	Location  string    `json:"location,omitempty"` // an absolute http(s) URL, which may hold a token, or the path of a file
	Format    string    `json:"format,omitempty"`   // as the usual file name extension, for example "vtt"
	SHA256    string    `json:"sha256,omitempty"`   // of the file, in lower-case hexadecimal
	FetchedAt time.Time `json:"fetched_at,omitzero"`
	Timing    Timing    `json:"timing,omitempty"`
	// Audio is the SHA-256 of the stored audio that the times were found to fit, "" while they are not checked.
	Audio string `json:"audio,omitempty"`
	// Shifts is how times were moved to fit the audio, in order of time; a cut between two of them is where a stretch was put in
	// or taken out, such as an advertisement.
	Shifts []Shift `json:"shifts,omitempty"`
	// Heard is the share of words heard in the audio, 0 to 1, that stand in the transcript too, where that was looked at.
	Heard float64 `json:"heard,omitempty"`
}

// Shift moves the times of a transcript from a moment on.
type Shift struct {
	FromMS int64 `json:"from_ms"` // in the file
	ByMS   int64 `json:"by_ms"`   // what is added to its times
}

// TranscriptPart is what is stored of a transcript at a time, while it is being made.
type TranscriptPart struct {
	TranscriptID int64
	Language     string // as detected, "" to leave it
	Segments     []Segment
	CursorMS     int64  // every word that begins before it is stored with this part
	Report       Report // on the whole transcript so far
}

// TranscriptTask is what a decoder was asked to write down.
type TranscriptTask string

// The tasks of a decoder.
const (
	TaskTranscribe TranscriptTask = "transcribe" // what was said, in the language that was spoken
	TaskTranslate  TranscriptTask = "translate"  // what was said, in English
)

// Segment is a stretch of speech with its text, at most one decoding chunk long.
type Segment struct {
	StartMS  int64  `json:"start_ms"`
	EndMS    int64  `json:"end_ms"`
	Text     string `json:"text"`
	Speaker  string `json:"speaker,omitempty"`  // "" when unknown
	Doubtful bool   `json:"doubtful,omitempty"` // the decoder's result looked bad, even after a second try
	Words    []Word `json:"words"`
}

// Word is one spoken word with the punctuation that follows or precedes it, without spaces.
type Word struct {
	StartMS     int64   `json:"start_ms"`
	EndMS       int64   `json:"end_ms"`
	Text        string  `json:"text"`
	Probability float32 `json:"probability"` // 0 to 1, mean over the word's tokens
	// By is "" for what was transcribed, [ByEdit] or [ByRule]. It is not stored.
	By string `json:"by,omitempty"`
}

// Who wrote a word, if not the decoder.
const (
	ByEdit = "edit" // a person
	ByRule = "rule" // a rule
)

// Part returns the segment with its words from one number up to another, not included, of which there must be one at least.
func (s Segment) Part(from, to int) Segment {
	glue := " "
	if !strings.Contains(s.Text, " ") { // a language that is written without: a word is a character there
		glue = ""
	}
	s.Words = s.Words[from:to:to]
	s.StartMS, s.EndMS, s.Text = s.Words[0].StartMS, s.Words[len(s.Words)-1].EndMS, JoinWords(s.Words, glue)
	return s
}

// JoinWords writes words one after the other with glue between: a space, or "" for languages that write none.
func JoinWords(words []Word, glue string) string {
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = w.Text
	}
	return strings.Join(parts, glue)
}

// Text joins the segments' texts with single spaces.
func (t Transcript) Text() string {
	parts := make([]string, 0, len(t.Segments))
	for _, s := range t.Segments {
		if s.Text != "" {
			parts = append(parts, s.Text)
		}
	}
	return strings.Join(parts, " ")
}

// Between is what is said from a moment on and before another one: the words that begin there.
func (t Transcript) Between(startMS, endMS int64) string {
	var parts []string
	for _, s := range t.Segments {
		if s.EndMS < startMS || s.StartMS >= endMS {
			continue
		}
		from, _ := slices.BinarySearchFunc(s.Words, startMS, func(w Word, ms int64) int { return cmp.Compare(w.StartMS, ms) })
		to, _ := slices.BinarySearchFunc(s.Words, endMS, func(w Word, ms int64) int { return cmp.Compare(w.StartMS, ms) })
		switch {
		case from < to:
			parts = append(parts, s.Part(from, to).Text)
		case len(s.Words) == 0:
			parts = append(parts, s.Text)
		}
	}
	return strings.Join(parts, " ")
}

// Lines is a stretch as far as the segments go that it meets: where words have no times of their own, nobody knows where in a segment
// one is said.
func (t Transcript) Lines(span Span) Span {
	lines := span
	for _, s := range t.Segments {
		if s.EndMS <= span.StartMS || span.EndMS != 0 && s.StartMS >= span.EndMS {
			continue
		}
		lines.StartMS = min(lines.StartMS, s.StartMS)
		if span.EndMS != 0 {
			lines.EndMS = max(lines.EndMS, s.EndMS)
		}
	}
	return lines
}

// Timing says where the times of a transcript's words come from.
type Timing string

// The ways in which words have times.
const (
	TimingWords Timing = "words" // each word has its own
	TimingCues  Timing = "cues"  // a cue's time is shared by its words, by their lengths
	TimingNone  Timing = "none"  // the text has no times: its words are spread over the recording
	TimingHeard Timing = "heard" // the words were found in what was heard in the audio
)
