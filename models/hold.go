package models

import "time"

// HoldKind says what holds the queue up.
type HoldKind string

// What can hold the queue up.
const (
	HoldPaused HoldKind = "paused"      // the owner paused it; nothing starts until it is resumed
	HoldQuiet  HoldKind = "quiet-hours" // transcriptions wait for the end of the quiet hours, except urgent ones
	HoldDisk   HoldKind = "disk-full"   // nothing starts until there is space again
	// HoldElsewhere: recordings whose files are on a machine where nobody works wait for it; all else goes on.
	HoldElsewhere HoldKind = "file-elsewhere"
)

// Hold is why jobs wait that could run.
type Hold struct {
	Kind   HoldKind  `json:"kind"`
	Reason string    `json:"reason"`         // a sentence for people, with what to do
	Until  time.Time `json:"until,omitzero"` // zero: until somebody ends it
}
