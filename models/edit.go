package models

import (
	"slices"
	"strings"
	"time"
)

// Span is a stretch of a recording, in milliseconds from its start. The end is not part of it.
type Span struct {
	StartMS int64 `json:"start_ms"`
	EndMS   int64 `json:"end_ms"`
}

// Meets reports whether two stretches have a moment in common.
func (s Span) Meets(o Span) bool { return s.StartMS < o.EndMS && o.StartMS < s.EndMS }

// EditKind says what somebody changed in a transcript.
type EditKind string

// What can be changed.
const (
	EditText    EditKind = "text"    // words are written otherwise, or taken out where nothing takes their place
	EditSplit   EditKind = "split"   // a segment begins at a word
	EditJoin    EditKind = "join"    // the segment that begins at a word goes on in the one before it
	EditSpeaker EditKind = "speaker" // somebody else says the words
	EditRename  EditKind = "rename"  // a speaker is called otherwise, wherever they speak
)

// Edit is one change that somebody made to the transcript of an episode. The transcript itself never changes: edits are laid over it,
// in the order of their numbers, and over another transcript of the episode too, where what they are about is found again.
type Edit struct {
	ID        int64
	EpisodeID EpisodeID
	Kind      EditKind
	Span      // of the words that it is about, where they were; zero for EditRename
	// Before is those words as they were: one word for EditSplit and EditJoin; for EditSpeaker all that is said, cut to [MaxEditContext]; for EditRename the
	// name of the speaker.
	Before string
	After  string // the words as they are to be, "" for none; the name of the speaker, "" for nobody's
	// Left and Right are the words around them as they were, by which they are found in another transcript.
	Left, Right string
	Audio       string // SHA-256 of the recording that the times are of
	// RuleID is the rule that changed the words in an earlier transcript of the episode, 0 for an edit by a person: the place is known, whatever
	// the name is heard as the next time. It counts while the rule holds.
	RuleID   int64
	By       string // name of the user, "" where nobody logs in
	At       time.Time
	UndoneAt time.Time // zero: it counts
	UndoneBy string
}

// TakesOut reports whether words are taken out, and nothing takes their place.
func (e Edit) TakesOut() bool { return e.Kind == EditText && e.After == "" }

// The limits of an edit.
const (
	MaxEditText    = 4000   // bytes of Before and of After
	MaxEditContext = 200    // bytes of Left and of Right
	MaxEdits       = 20_000 // of one episode
)

// EditFate is what became of an edit in the transcript that an episode has now.
type EditFate string

// What can become of an edit.
const (
	FateApplied   EditFate = "applied"   // it stands where it was made
	FateFound     EditFate = "found"     // it stands where its words were found in another transcript
	FateSatisfied EditFate = "satisfied" // the transcript says so by itself
	FateUnfit     EditFate = "unfit"     // its place was not found: somebody has to decide
	FateWaiting   EditFate = "waiting"   // its place is not transcribed yet
	FateUndone    EditFate = "undone"
)

// EditRecord is an edit with what became of it.
type EditRecord struct {
	Edit
	Fate EditFate
	Now  Span // where it stands; zero unless it is applied or found
}

// EditConflictError is why a change cannot be made as it was meant: what it is about was changed meanwhile. It is [ErrConflict].
type EditConflictError struct {
	Wanted Edit
	Now    []Segment // what stands there now
}

func (e *EditConflictError) Error() string {
	return "somebody changed these words meanwhile: look at what they are now, and say again what they are to be"
}

// Unwrap makes it an [ErrConflict].
func (e *EditConflictError) Unwrap() error { return ErrConflict }

// Check returns an error that is [ErrInvalid] and says what is wrong with an edit as it comes from outside.
func (e Edit) Check() error {
	switch e.Kind {
	case EditText, EditSpeaker:
		if e.EndMS <= e.StartMS {
			return Explain(ErrInvalid, "the words of a change end after they begin")
		}
	case EditSplit, EditJoin:
	case EditRename:
		if strings.TrimSpace(e.Before) == "" {
			return Explain(ErrInvalid, "to rename a speaker, say how they are called now")
		}
	default:
		return Explain(ErrInvalid, "%q is no kind of change: there are %s", e.Kind, strings.Join(kindsOfEdits(), ", "))
	}
	if e.StartMS < 0 {
		return Explain(ErrInvalid, "a time before the start of the recording")
	}
	if len(e.Before) > MaxEditText || len(e.After) > MaxEditText {
		return Explain(ErrInvalid, "a change can have %d bytes of text: change less at a time", MaxEditText)
	}
	return nil
}

func kindsOfEdits() []string {
	return []string{string(EditText), string(EditSplit), string(EditJoin), string(EditSpeaker), string(EditRename)}
}

// Corrected is a transcript with all that people said about it.
type Corrected struct {
	Transcript
	Edits   []EditRecord // all of the episode, in the order in which they were made
	Private []Span       // what is kept from everybody, in order of time, as far as the recording is known to go
	// Places is where rules have changed words.
	Places []Place
}

// Rules lists the rules that have changed words.
func (c Corrected) Rules() (ids []int64) {
	for _, p := range c.Places {
		if !slices.Contains(ids, p.RuleID) {
			ids = append(ids, p.RuleID)
		}
	}
	return ids
}

// Unfit returns the edits whose place was not found.
func (c Corrected) Unfit() []EditRecord {
	return slices.DeleteFunc(slices.Clone(c.Edits), func(r EditRecord) bool { return r.Fate != FateUnfit })
}
