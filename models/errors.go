package models

import "errors"

// The errors that rooms tell apart. Everything else is wrapped with what was being done to which thing.
var (
	// ErrNotFound: no such show, episode, transcript or media.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: what came from outside cannot be used; the message says why and what to do.
	ErrInvalid = errors.New("invalid")
	// ErrConflict: the thing is in a state in which this cannot be done; the message says which.
	ErrConflict = errors.New("not now")
	// ErrBusy: too much is being done already; it can be asked for again in a moment.
	ErrBusy = errors.New("too much at once")
	// ErrLeaseLost: another attempt at the job, or nobody, may write its results now.
	ErrLeaseLost = errors.New("this attempt no longer holds its job")
	// ErrNewerData: the archive was written by a newer version of Earshot.
	ErrNewerData = errors.New("the archive was written by a newer version of Earshot: update the program")
	// ErrUnusable: trying again cannot help (not audio, gone from the server); a job that fails with it is not retried.
	ErrUnusable = errors.New("unusable")
)
