package models

import "time"

// PollFailure is how a poll of a feed failed, and what follows.
type PollFailure struct {
	Reason string    // for the owner
	Next   time.Time // when the feed is due again
	// Ended: the server said that the feed is gone for good. It is not polled by itself any more.
	Ended bool
}
