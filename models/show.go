package models

import (
	"net/url"
	"strings"
	"time"
)

// SourceKind says how the episodes of a show arrive.
type SourceKind string

// The kinds of source.
const (
	SourceFeed     SourceKind = "feed"      // a feed at an http or https URL; polled for new episodes
	SourceFeedFile SourceKind = "feed-file" // a feed in a local file
	SourceFolder   SourceKind = "folder"    // the audio files of a local folder
	SourceFiles    SourceKind = "files"     // audio files added one by one
)

// Show is a series of episodes: a podcast, a folder of recordings, a collection of uploads.
type Show struct {
	ID          ShowID
	Title       string
	Author      string
	Description string // as published: may hold HTML, never trusted
	Language    string // BCP 47 as published ("en-us"), "" when unknown
	Link        string // web page, "" or an absolute http(s) URL
	ImageURL    string // cover, "" or an absolute http(s) URL
	Source      Source
	People      []Person
	Settings    ShowSettings
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// ShowSettings are what the owner chose for a show. Polling never changes them. Stored as JSON: names of fields are for ever.
type ShowSettings struct {
	// Language is an ISO 639-1 code that whisper knows, LanguageAuto, LanguageMixed, or "" for the archive's setting.
	Language string `json:"language,omitempty"`
	// Vocabulary lists names and words to expect, the most important ones first.
	Vocabulary []string `json:"vocabulary,omitempty"`
	// Translate asks for a second transcript, in English, of episodes in other languages.
	Translate bool `json:"translate,omitempty"`
}

// Values of a setting "language" that are no codes.
const (
	LanguageAuto  = "auto"  // one language an episode, detected
	LanguageMixed = "mixed" // the language may change within an episode: detected for each chunk
)

// Source is where a show comes from, and what is remembered of the last look at it.
type Source struct {
	Kind SourceKind
	// Location is the feed's URL, or the absolute path of the feed file or folder; "" for SourceFiles.
	Location     string
	ETag         string    // validator of the last feed response
	LastModified string    // validator of the last feed response
	PolledAt     time.Time // zero: never
}

// Person is somebody whom the publisher names: a host, a guest.
type Person struct {
	Name string `json:"name"`
	Role string `json:"role,omitempty"` // lower case, "host" where the feed does not say
}

// NewShowID returns the identifier of the show that comes from a source. A feed keeps its identifier when only the
// scheme, the case of the host or a trailing slash of its URL changes.
func NewShowID(s Source) ShowID {
	loc := s.Location
	if s.Kind == SourceFeed {
		if u, err := url.Parse(loc); err == nil {
			u.Scheme, u.User, u.Fragment = "", nil, ""
			u.Host = strings.ToLower(u.Host)
			loc = strings.TrimRight(u.String(), "/")
		}
	}
	return ShowID(NewID("show", string(s.Kind), loc))
}
