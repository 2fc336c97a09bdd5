package models

// Listing is what one look at a source offers: the show and its episodes, in the source's order, and what was left out.
type Listing struct {
	Show     Show
	Episodes []Episode
	Skipped  []Skip
	// Partial: the source may offer more than is listed here, so that nothing follows from what is not.
	Partial  bool
	NextPage Location // where a feed of several pages goes on (RFC 5005); "" at its end
	MovedTo  Location // where the feed says that it lives now (itunes:new-feed-url); "" when it does not say
}

// Of returns the listing as one of the show that is known by id: a show keeps its identifier, and its episodes theirs, when
// its feed moves.
func (l Listing) Of(id ShowID) Listing {
	if l.Show.ID == id {
		return l
	}
	l.Show.ID = id
	episodes := make([]Episode, len(l.Episodes))
	for i, e := range l.Episodes {
		e.ShowID, e.ID = id, NewEpisodeID(id, e.GUID)
		episodes[i] = e
	}
	l.Episodes = episodes
	return l
}

// Subscription is a feed in a list of feeds.
type Subscription struct {
	Title    string // as the list calls it
	Location Location
}

// Skip names one thing in a source that does not become an episode.
type Skip struct {
	Name   string `json:"name"`   // a title or a file name
	Reason string `json:"reason"` // one sentence without a full stop
}

// Page is the answer of a web server to a request for a feed, or for whatever an owner believes to be one.
type Page struct {
	URL          string // where the answer came from, after redirects
	Permanent    string // where the source now lives, when every redirect on the way was permanent; "" otherwise
	ContentType  string // as sent; never trusted
	ETag         string
	LastModified string
	NotModified  bool // the validators of the last look still hold; there is no body
	// Media: the answer is audio or video, of Bytes bytes (0: unknown). Its body was not read.
	Media bool
	Bytes int64
	Body  []byte
}
