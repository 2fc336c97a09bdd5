// Package store keeps the archive: the catalogue of shows, episodes and transcripts, the media files, and the queue of
// jobs.
//
// # On disk
//
//	DIR/earshot.db          the catalogue and the queue: SQLite in WAL mode (with -wal and -shm beside it while open)
//	DIR/cache/              copies of recordings that are in a bucket, the last used ones
//	DIR/earshot.lock        locked while migrations run, empty
//	DIR/media/ab/abcd….mp3  stored audio, named by its SHA-256
//	DIR/replaced-DATE-…/    a former catalogue in whose place a backup was restored
//	DIR/tmp/                files being written: episode-ID.part (resumable downloads, with .json beside) and new-*
//
// Several processes may have one data folder open: each opens the database with one connection that writes, shared with
// the queue, and a pool that can only read. Nothing is locked for longer than a transaction.
//
// # Invariants
//
//   - A result and the job that follows from it are written in one transaction.
//   - A result is written under a lease: the transaction first checks that the attempt still holds its job, so that an
//     attempt that was thought dead and comes back changes nothing. Attempts at a job are numbered upwards and a number
//     is never given twice.
//   - How an attempt ended (done, try again, failed) is written by this package under the same check, not by River,
//     whose completion looks at the state of the job only. See [Store.Work].
//   - A job that lost its worker goes back to the queue, and the loss does not count as a failed attempt. Nor does that it
//     was set aside, because of a pause, quiet hours, a full disk, or a database that went away.
//   - What an episode's jobs are in the queue's order follows from its row and its show's, see position.go.
//   - Every change of what is searchable takes the next number of the change sequence in its own transaction, from a
//     counter row that stays locked until that transaction ends: numbers become visible in order.
//   - A file below media is complete and never changes: it is written elsewhere, synced, and renamed.
//   - Segments of a transcript are only appended, together with the cursor, which only grows.
//
// # Choices
//
// synchronous is FULL: in WAL mode NORMAL may forget the last transactions when the power fails. A search index that had
// already followed those would then be ahead of the store, and would take the next changes, which reuse the numbers, for
// known ones. The price, one sync a commit, is small beside the work that a commit here stands for.
//
// Times of day are integer milliseconds since 1970 in UTC, 0 for "unknown": the same on every engine, and comparable.
//
// Words are stored per segment in a compact form (see words.go): 10,000 hours have 90 million words, which take about
// 8 bytes each this way, 0.7 GB, instead of 65 bytes each, 6 GB, as JSON, and decode without reflection.
//
// # Two engines
//
// The SQL is that of SQLite and Postgres both, with a few words replaced (see engine). With a Postgres database the catalogue
// and the queue are there, and the folder holds what belongs to one machine: unfinished downloads, and recordings unless
// they are in a bucket.
//
// Transactions that write follow one another on both: SQLite has one writer, and on Postgres they take an advisory lock first.
// So a transaction never sees another one's half, numbers of changes become visible in order, and code that is right on one
// engine is right on the other. What is small and belongs to one process alone, its signs of life, does not wait for that
// lock. All that is compared between workers is told by the database's clock or counted in beats. Every transaction that
// writes checks that no newer program has migrated the tables meanwhile.
package store
