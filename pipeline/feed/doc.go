// Package feed reads podcast feeds: RSS 0.9 to 2.0, RDF and Atom, with the iTunes and Podcasting 2.0 namespaces.
//
// Parsing is gofeed's. Around it stands what feeds in the wild need: every encoding is turned into clean UTF-8 first; one
// pass over the tokens refuses what would cost too much (depth, number of items, text in crumbs) and learns which prefix
// stands for which namespace, because gofeed names extensions by the prefix that the feed happens to use.
//
// Invariants: whatever comes in, the answer is a listing or an error of which errors.Is(err, models.ErrInvalid) holds,
// whose text is one sentence that names the thing. Episodes of a listing have different GUIDs, a title, and an enclosure
// at an absolute http(s) URL or, for a feed in a local file, at the absolute path of a file in the feed's own folder.
// All text is valid UTF-8 without control characters; titles and names are plain text, notes may hold HTML.
package feed
