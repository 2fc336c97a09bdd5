// Package correct lays over a transcript what people say about it: edits of words, segments and speakers, rules that write names
// right, and passages that are private. It is pure: the same transcript and the same layer give the same text, in this program
// and in every other one that reads the archive.
//
// The order is fixed:
//
//  1. Edits, in the order in which they were made. Each is about words as they stood then; in another transcript these are found
//     again by their time and by the words around them (see [models.EditFate] and locate.go).
//  2. Private passages: their words are gone before anything else can show them.
//  3. Rules, on the words that nobody edited. A rule looks at what was transcribed, never at what another rule wrote.
//
// What nothing was said about comes out as it went in, byte for byte.
package correct
