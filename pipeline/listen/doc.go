// Package listen makes what listeners get beside a recording: how loud it is from start to end, a copy that every browser
// plays from the right moment, and parts of it as files of their own.
//
// # On disk
//
//	DIR/ab/abcd….mp3.peaks           one byte for each stretch of time
//	DIR/ab/abcd….mp3.play.mp4        the copy for playing; empty where the recording itself can be played
//	DIR/ab/abcd….mp3.1000-2500-0123456789abcdef.m4a   from one millisecond to another, with a hash of its title
//	DIR/ab/abcd….mp3.without-0123456789abcdef.…       the same with silence where something is private, by a hash of where
//
// abcd….mp3 is the last part of the recording's key in the media store. All of it is derived: it can be deleted at any time
// and is made again when it is asked for. The files used last are kept, up to a number of bytes, and those of recordings that
// are gone are not.
//
// Invariants: a file is there whole or not at all. What several ask for at the same time is made once, and given up when
// nobody waits for it any more. Of a recording of which something is private nothing is made but of the copy that is silent there, and
// listened to; what was made before is not found by its name, and removed.
package listen
