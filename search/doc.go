// Package search finds what was said: it keeps a Bleve index of passages beside the store, follows the store's sequence
// of changes, and answers queries with episodes and the exact moments inside them.
//
// # Reading order
//
// analyze.go, stemmer.go and cjk.go turn spoken words into index terms; passage.go cuts an episode into passages; document.go
// makes the Bleve documents of an episode, of notes as html.go reads them, with the help of builder.go and field.go, and
// tablebuild.go its side table, which table.go reads (packed.go, stringlist.go and spelling.go are its parts).
//
// shard.go is one index directory on disk, tables.go its side tables and view.go one state of it, by episode; patience.go
// keeps Bleve quiet while the disk is full. follow.go, prepare.go and apply.go apply the store's changes, one group of
// episodes being prepared while the one before is written, and compact.go makes one segment of many; folders.go decides which
// directory serves, and index.go ties everything together.
//
// query.go, parse.go, atom.go, date.go and limits.go are the query language; sound.go, soundbook.go, saying.go and sounding.go
// know what sounds alike. eval.go, leaf.go, postings.go, dictionary.go, spot.go, verify.go, rank.go, near.go, moment.go and
// matched.go answer a query, split.go on several cores, fewer.go one that has too many words, and search.go puts the answer
// together. known.go has what people said about names, widen.go looks for their other spellings and what sounds like them, and
// likely.go tells names from ordinary words.
//
// Beside the answer: facts.go and facet.go count what matching episodes have in common; suggest.go knows what else may have
// been meant; names.go finds the names in an episode, complete.go and candidate.go complete what is being typed; mentions.go
// counts by month. said.go finds every episode with some phrases, for rules, harvest.go the names of the archive, and misheard.go what
// a name may have been heard as. golden_test.go judges the ranking.
//
// check.go compares what is there with the store, by inspect.go and fingerprint.go, and repairs it.
//
// # On disk
//
//	DIR/lock                          held (flock) by the one process that has the index open
//	DIR/CURRENT                       name of the directory that serves, and in a second line of the one that is being
//	                                  built to replace it; replaced by rename
//	DIR/index-v<schema>-<hash>[-<n>]  one index: bleve/ is Bleve's, side/EPISODE.GENERATION.tbl one side table per episode;
//	                                  one that CURRENT does not name is removed when the index is opened
//	DIR/damaged-<name>-<time>         an index that did not open, moved aside
//
// Everything here is derived from the store and may be deleted while no process runs: it is rebuilt by following the
// store from sequence number zero.
//
// # Invariants
//
//   - An episode is replaced in one Bleve batch, maybe with others, which also records the last applied sequence number: its head
//     always, its passages where they are not what the sums in its side table say is there. The new side table is on disk before
//     the batch and has a generation in its name that the head names, too, so a search reads the table that belongs to the
//     documents it sees, never an older or newer one.
//   - The index has the newest state of every episode up to the last applied number, but for those that it remembers as owed,
//     in the same batch: the store could not give them. They are tried again, and at most 64.
//   - A table is removed only when no search that could still see its documents is running. Tables that no document names
//     (a crash between table and batch) are removed when the index is opened.
//   - Both sides of every comparison, spoken words and typed words, go through the same tokeniser ([analyzer.tokens]).
//   - Counts are exact: episodes and moments are counted over all matches, never over the best few.
package search
