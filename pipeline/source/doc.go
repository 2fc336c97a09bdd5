// Package source turns what an owner names (an address, a feed, a folder, a recording) into a show with its episodes, or
// says in one sentence why it cannot. It also looks again at the source of a show that is known.
//
//	http(s) address   a feed; a web page that names a feed (followed once); a recording
//	feed file         enclosures beside the file, or remote
//	folder            its recordings, with those of its subfolders, in natural order
//	recording         an episode of the show "Recordings", which all recordings added one by one share
//
// Invariants: the episode of a local recording has the SHA-256 of its content as GUID, so that renaming a file or adding
// it twice makes no second episode. Nothing is written. Hidden files are not looked at. What is left out is named with its
// reason, except for files that by their name cannot be recordings (pictures, texts).
package source
