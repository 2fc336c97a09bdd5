package models

// Change says that what is searchable of an episode is different since sequence number Seq: its title, its notes, its
// chapters, its transcript, or its existence. Only the newest change of an episode is kept; following the sequence from zero visits
// every episode once.
type Change struct {
	Seq       int64
	EpisodeID EpisodeID
	Deleted   bool
}

// Document is all that the search index knows of an episode: read in one transaction, so that it is consistent.
type Document struct {
	Show       Show
	Episode    Episode
	Transcript Transcript // the current one with its segments; zero when there is none yet
	Rules      []int64    // that changed words of it
}
