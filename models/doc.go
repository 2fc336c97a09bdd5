// Package models holds the nouns that every room of Earshot speaks: shows, episodes, transcripts, jobs, changes, queries
// and hits, with their validation and invariants.
//
// It imports the standard library only. Times inside a recording are integer milliseconds from the start of the stored
// audio; times of day are UTC. Identifiers are stable: they are hashes of where a thing came from (see [NewID]), so that a
// link to a moment stays valid when the archive is rebuilt.
package models
