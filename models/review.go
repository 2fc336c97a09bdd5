package models

import "time"

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
	Like  string  // DoubtName: the name that it sounds like
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
