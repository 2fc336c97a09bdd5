package models

import "time"

// Private is a passage of a recording that is kept from everybody: its words are in no text, export, feed or search, and the audio that
// is served is silent there. Those who may change things see that there is one, and can lift it.
type Private struct {
	ID        int64
	EpisodeID EpisodeID
	Span                // EndMS is 0 where it goes to the end of the recording
	Reason    string    // for those who look after the archive
	Until     time.Time // zero: for ever. From then on it is kept from nobody
	Audio     string    // SHA-256 of the recording that the times are of
	By        string    // name of the user, "" where nobody logs in
	At        time.Time
	LiftedAt  time.Time // zero: it holds
	LiftedBy  string
}

// Holds reports whether the passage is kept back at a time.
func (p Private) Holds(now time.Time) bool {
	return p.LiftedAt.IsZero() && (p.Until.IsZero() || now.Before(p.Until))
}

// Forever is the end of a stretch that goes to the end of a recording, whatever its length: a thousand hours.
const Forever int64 = 1000 * 3600 * 1000

// MaxPrivate is how many private passages an episode can have.
const MaxPrivate = 1000
