package models

// Query is a search as somebody typed it, with how to present the results.
type Query struct {
	Text   string // the query language; any text is valid
	Limit  int    // episodes to return; 1 to 100, 0 means 20
	Offset int    // episodes to skip
	// Moments is the greatest number of moments to return with each episode; 1 to 1000, 0 means 5.
	Moments int
	// EpisodeID restricts the search to one episode when not empty.
	EpisodeID EpisodeID
}

// Results is the answer to a [Query].
type Results struct {
	Understood string       `json:"understood"` // the query printed back as it was understood
	Total      int          `json:"total"`      // episodes that match, exact
	Hits       []EpisodeHit `json:"hits"`
}

// EpisodeHit is an episode that matches.
type EpisodeHit struct {
	EpisodeID EpisodeID `json:"episode_id"`
	ShowID    ShowID    `json:"show_id"`
	Score     float64   `json:"score"`
	TitleHit  bool      `json:"title_hit"` // the title or the notes match
	Total     int       `json:"total"`     // moments that match in this episode, exact
	Moments   []Moment  `json:"moments"`   // the best ones, in order of time
}

// Moment is a place in an episode where the query matches.
type Moment struct {
	StartMS int64  `json:"start_ms"` // start of the first matched word
	EndMS   int64  `json:"end_ms"`   // end of the last matched word of the same match
	Snippet string `json:"snippet"`  // whole words around the match, as plain text
	Marks   []Mark `json:"marks"`    // the matched words within Snippet, in order
	Speaker string `json:"speaker,omitempty"`
}

// Mark is one matched word: a half-open range of Unicode code points [Start, End) of a snippet, and when it is said.
type Mark struct {
	Start   int   `json:"start"`
	End     int   `json:"end"`
	StartMS int64 `json:"start_ms"`
}
