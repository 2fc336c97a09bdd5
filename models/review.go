package models

import (
	"slices"
	"time"
)

// Doubt says why a passage of a transcript may be wrong.
type Doubt string

// Why a passage may be wrong.
const (
	DoubtDecoder Doubt = "decoder" // the decoder's result looked bad, even after a second try
	DoubtLoop    Doubt = "loop"    // the same words come again and again
	DoubtName    Doubt = "name"    // a word that was heard once or twice, with little certainty, and sounds like a known name
	DoubtGap     Doubt = "gap"     // words are spread over too much time, or too little
	DoubtEdit    Doubt = "edit"    // a change that somebody made was not found again
)

// Review is a passage that somebody should listen to.
type Review struct {
	EpisodeID EpisodeID
	Doubt     Doubt
	Span
	Text  string
	Like  string  // DoubtName: the name that it sounds like; DoubtEdit: what somebody wrote
	Worth float64 // how many words a minute of listening would set right, about
}

// Confirmed is a passage that somebody listened to and found right.
type Confirmed struct {
	EpisodeID EpisodeID
	Span
	Doubt Doubt
	Text  string // as it was found right: other words there are in doubt again
	By    string
	At    time.Time
}

// ReviewPlace is where a passage stands among all that are in doubt, the most worth first.
type ReviewPlace struct {
	Worth     float64
	EpisodeID EpisodeID
	StartMS   int64
	Doubt     Doubt
}

// Place is where the passage stands in a list.
func (r Review) Place() ReviewPlace { return ReviewPlace{r.Worth, r.EpisodeID, r.StartMS, r.Doubt} }

// ReviewFilter chooses passages of a list, the most worth first.
type ReviewFilter struct {
	Hidden    []ShowID    // shows of which none are wanted
	EpisodeID EpisodeID   // "": of every episode
	After     ReviewPlace // only those that come after it; the zero value: from the first one
	Limit     int
}

// ReviewCount is how much there is to review.
type ReviewCount struct {
	Passages int // at most [MostReviewed]: more are not counted
	Unread   int // episodes that were not looked through since they changed
}

// MostReviewed bounds the counting of passages.
const MostReviewed = 10_000

// Doubts are the kinds of doubt.
func Doubts() []Doubt { return []Doubt{DoubtDecoder, DoubtLoop, DoubtName, DoubtGap, DoubtEdit} }

// Check returns an error that is [ErrInvalid] and says what is wrong with a passage that somebody found right.
func (c Confirmed) Check() error {
	switch {
	case !slices.Contains(Doubts(), c.Doubt):
		return Explain(ErrInvalid, "%q is no kind of doubt", c.Doubt)
	case c.StartMS < 0 || c.EndMS <= c.StartMS:
		return Explain(ErrInvalid, "a passage ends after it begins")
	case len(c.Text) > MaxReviewText:
		return Explain(ErrInvalid, "a passage can have %d bytes of text", MaxReviewText)
	}
	return nil
}

// MaxReviewText bounds the text of a passage, in bytes.
const MaxReviewText = 8000
