package models

// Sort is the order of the episodes of [Results].
type Sort string

// The orders. Ties are broken by time of publication, then by id, so that pages never overlap.
const (
	SortRelevance Sort = "relevance" // best first; "" means the same
	SortNewest    Sort = "newest"    // last published first; undated episodes last
	SortOldest    Sort = "oldest"    // first published first; undated episodes last
)

// Query is a search as somebody typed it, with how to present the results.
type Query struct {
	Text   string // the query language; any text is valid
	Sort   Sort
	Limit  int // episodes to return; 1 to 100, 0 means 20
	Offset int // episodes to skip
	// Moments is the greatest number of moments to return with each episode; 1 to 1000, 0 means 5.
	Moments int
	// MomentsOffset skips moments, which are then returned in spoken order instead of the best ones: with EpisodeID it pages
	// through everything that one episode has. -1 means from the first, in spoken order; 0 means the best ones.
	MomentsOffset int
	// EpisodeID restricts the search to one episode when not empty.
	EpisodeID EpisodeID
	// Hidden are shows that whoever asks may not see: the answer is that of an archive without them.
	Hidden []ShowID
	// Facets asks for [Results.Facets].
	Facets bool
	// Strict keeps the search from answering with what comes near where nothing matches, from suggesting other queries, and from looking
	// for other spellings of names and what sounds like them.
	Strict bool
}

// Results is the answer to a [Query].
type Results struct {
	Understood string `json:"understood"` // the query printed back as it was answered
	// Approximate says that nothing matches what was asked, and that these results are of what comes nearest: of words that
	// sound like those that were typed (Understood then holds sounds: where a word was), or of most of the words.
	Approximate bool `json:"approximate"`
	Total       int  `json:"total"` // episodes that match, exact
	// Also lists what the names of the query were looked for as beside what was typed.
	Also []AlsoFound `json:"also,omitempty"`
	// Alike counts the episodes that have only what sounds like a name of the query. By relevance they come last; a strict query
	// leaves them out.
	Alike       int          `json:"alike,omitempty"`
	Hits        []EpisodeHit `json:"hits"`
	Facets      *Facets      `json:"facets,omitempty"`
	Suggestions []Suggestion `json:"suggestions,omitempty"` // other queries that may have been meant, best first
}

// AlsoFound is what a name of a query was looked for as.
type AlsoFound struct {
	Typed  string   `json:"typed"`
	As     []string `json:"as"`     // other spellings that people gave it, or that it was heard as
	Sounds bool     `json:"sounds"` // what sounds like it was looked for, too
}

// Facets counts the matching episodes by what they have in common, each list with the greatest counts first.
type Facets struct {
	Shows []FacetCount `json:"shows"` // Value is the show's id, Label its title
	Years []FacetCount `json:"years"` // newest first; episodes without a date are not counted
	// Speakers are those who say it, or, where very many passages match, those who speak where it is said.
	Speakers  []FacetCount `json:"speakers"`
	Languages []FacetCount `json:"languages"` // Value is the language's code
}

// FacetCount is one value of a facet.
type FacetCount struct {
	Value    string `json:"value"`
	Label    string `json:"label"`
	Episodes int    `json:"episodes"`
	Query    string `json:"query"` // what to add to the query to see only these: show:…, year:…, speaker:…, lang:…
	// Narrowed is the whole query with it added; "" where that would be longer than a query may be.
	Narrowed string `json:"narrowed"`
}

// SuggestionKind says why a query is suggested.
type SuggestionKind string

// The kinds of suggestions.
const (
	SuggestSpelling SuggestionKind = "spelling" // a word that few or no episodes say is near one that many say
	SuggestSounds   SuggestionKind = "sounds"   // more episodes say what sounds like it
)

// Suggestion is another query that may have been meant.
type Suggestion struct {
	Kind  SuggestionKind `json:"kind"`
	Query string         `json:"query"`
	Total int            `json:"total"` // episodes that match it, exact
}

// EpisodeHit is an episode that matches.
type EpisodeHit struct {
	EpisodeID EpisodeID `json:"episode_id"`
	ShowID    ShowID    `json:"show_id"`
	Score     float64   `json:"score"`
	TitleHit  bool      `json:"title_hit"` // the title or the notes match
	Total     int       `json:"total"`     // moments that match in this episode, exact
	Moments   []Moment  `json:"moments"`   // the best ones, or a page of all, in order of time
}

// Moment is a place in an episode where the query matches.
type Moment struct {
	StartMS int64  `json:"start_ms"` // start of the first matched word
	EndMS   int64  `json:"end_ms"`   // end of the last matched word of the same match
	Snippet string `json:"snippet"`  // whole words around the match, as plain text
	Marks   []Mark `json:"marks"`    // the matched words within Snippet, in order
	Speaker string `json:"speaker,omitempty"`
	// MatchedAs lists what was said where that differs from what was typed: by fuzzy~ and sounds:.
	MatchedAs []MatchedAs `json:"matched_as,omitempty"`
}

// Mark is one matched word: a half-open range of Unicode code points [Start, End) of a snippet, and when it is said.
type Mark struct {
	Start   int   `json:"start"`
	End     int   `json:"end"`
	StartMS int64 `json:"start_ms"`
}

// MatchedAs says that something was found as something else.
type MatchedAs struct {
	Typed string `json:"typed"`
	Said  string `json:"said"`
}

// CompletionKind says what a completion is.
type CompletionKind string

// The kinds of completions.
const (
	CompleteWord    CompletionKind = "word"    // a word that is said
	CompleteName    CompletionKind = "name"    // a name that is said, of one word or several
	CompleteSpeaker CompletionKind = "speaker" // somebody who speaks
	CompleteTitle   CompletionKind = "title"   // the title of an episode
	CompleteShow    CompletionKind = "show"    // the title of a show
)

// Completion is a way to go on with what is being typed.
type Completion struct {
	Kind      CompletionKind `json:"kind"`
	Text      string         `json:"text"`                 // what is meant, as it is written
	Query     string         `json:"query"`                // the whole query with it in place of the last word
	Episodes  int            `json:"episodes"`             // episodes that have it
	EpisodeID EpisodeID      `json:"episode_id,omitempty"` // of titles
}

// Mentions counts where a query matches over time.
type Mentions struct {
	Understood  string `json:"understood"`
	Approximate bool   `json:"approximate"` // see [Results.Approximate]
	// Base is the query in a form to which a filter, such as year:2019, can be added with a space between; "" where there
	// is none.
	Base    string          `json:"base"`
	Months  []MonthMentions `json:"months"`  // every month from the first to the last with a match, in order
	Undated MonthMentions   `json:"undated"` // episodes without a date; Month is ""
}

// MonthMentions counts what was published in one month (UTC).
type MonthMentions struct {
	Month    string `json:"month"`    // YYYY-MM
	Episodes int    `json:"episodes"` // that match
	Moments  int    `json:"moments"`  // in all of them, exact
	Of       int    `json:"of"`       // episodes published in that month, matching or not
}
