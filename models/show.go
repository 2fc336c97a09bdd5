package models

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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
	Cover       string // names the stored picture, "" for none
	CoverURL    string // where that picture was last looked for
	Source      Source
	People      []Person
	FeedGUID    string // podcast:guid, the same wherever the feed lives; "" when unknown
	Medium      string // podcast:medium in lower case, "" for "podcast"
	Locked      bool   // podcast:locked: the publisher does not want it imported by other hosting companies
	Settings    ShowSettings
	VisibleTo   Visibility
	PausedAt    time.Time // when the owner paused it; zero: it is not
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// RecordingsTitle is the title of the show of recordings that were added one by one.
const RecordingsTitle = "Recordings"

// longestCollection bounds the title of a collection, in characters.
const longestCollection = 200

// Collection is the show of the recordings that are added under a title; "" is the one of all others.
func Collection(title string) Show {
	show := Show{Title: cmp.Or(ShortLine(title, longestCollection), RecordingsTitle), Source: Source{Kind: SourceFiles}}
	if show.Title != RecordingsTitle {
		show.Source.Location = Location(strings.ToLower(show.Title))
	}
	show.ID = NewShowID(show.Source)
	return show
}

// ShowSettings are what the owner chose for a show. Polling never changes them. Stored as JSON: names of fields are for ever.
type ShowSettings struct {
	// Language is an ISO 639-1 code that whisper knows, LanguageAuto, LanguageMixed, or "" for the archive's setting.
	Language string `json:"language,omitempty"`
	// Vocabulary lists names and words to expect, the most important ones first.
	Vocabulary []string `json:"vocabulary,omitempty"`
	// Hints says what the decoder is told to expect: one of the values below, "" for the archive's setting.
	Hints string `json:"hints,omitempty"`
	// Translate asks for a second transcript, in English, of episodes in other languages.
	Translate bool `json:"translate,omitempty"`
	// Watch adds what appears in the show's folder by itself.
	Watch bool `json:"watch,omitempty"`
	// Transcripts says what becomes of transcripts that the publisher offers or that lie beside a recording: one of the values
	// below, "" for TranscriptsOwn.
	Transcripts string `json:"transcripts,omitempty"`
	// Model names the weights that the show is transcribed with, "" for the archive's.
	Model string `json:"model,omitempty"`
	// Keep says what stays of an episode once its transcript is complete: one of the values below, "" for KeepAudio.
	Keep string `json:"keep,omitempty"`
	// Episodes chooses which episodes come into the archive; nil: all.
	Episodes *EpisodeChoice `json:"episodes,omitempty"`
}

// Values of a setting "language" that are no codes.
const (
	LanguageAuto  = "auto"  // one language an episode, detected
	LanguageMixed = "mixed" // the language may change within an episode: detected for each chunk
)

// Values of a setting "hints".
const (
	HintsAuto  = "auto"  // names from titles, notes and people, and the owner's vocabulary
	HintsWords = "words" // the owner's vocabulary only
	HintsOff   = "off"   // nothing
)

// Values of a setting "transcripts". Whatever it is, a transcript that others made is used at once, until there is a better one.
const (
	// TranscriptsOwn: every episode is transcribed here, and that transcript is used.
	TranscriptsOwn = "own"
	// TranscriptsPublisher: an episode whose transcript by others fits the audio is not transcribed here.
	TranscriptsPublisher = "publisher"
	// TranscriptsBoth: every episode is transcribed here, and the transcript by others is used where it fits the audio.
	TranscriptsBoth = "both"
)

// Values of a setting "keep".
const (
	// KeepAudio: the recording stays beside its transcript.
	KeepAudio = "audio"
	// KeepText: the archive's copy of the recording is removed once the transcript, the wanted translation and the look at a transcript by
	// others are done; it is fetched anew where it is needed again. The owner's own files stay where they are.
	KeepText = "text"
)

// modelForm is what the name of a model may look like; whether there is such a model is not known here.
var modelForm = regexp.MustCompile(`^([0-9a-z][0-9a-z._-]{0,63})?$`)

// Bounds of a vocabulary: far more than a decoder can use.
const (
	maxVocabulary = 500
	maxExpression = 100 // characters
)

// Check returns an error that is ErrInvalid and says what is wrong with the settings. Whether a decoder knows the language
// is not checked.
func (s ShowSettings) Check() error {
	if l := s.Language; l != "" && l != LanguageAuto && l != LanguageMixed && !isCode(l) {
		return Explain(ErrInvalid, "%q is no language: use a code such as en, fr or de, auto or mixed", l)
	}
	if !slices.Contains([]string{"", HintsAuto, HintsWords, HintsOff}, s.Hints) {
		return Explain(ErrInvalid, "%q says nothing about hints: use auto, words or off", s.Hints)
	}
	if !slices.Contains([]string{"", TranscriptsOwn, TranscriptsPublisher, TranscriptsBoth}, s.Transcripts) {
		return Explain(ErrInvalid, "%q says nothing about transcripts: use own, publisher or both", s.Transcripts)
	}
	if !slices.Contains([]string{"", KeepAudio, KeepText}, s.Keep) {
		return Explain(ErrInvalid, "%q says nothing about what is kept: use audio or text", s.Keep)
	}
	if !modelForm.MatchString(s.Model) {
		return Explain(ErrInvalid, "%q is no name of a model: earshot models list shows the names", s.Model)
	}
	if s.Episodes != nil {
		if err := s.Episodes.check(); err != nil {
			return err
		}
	}
	return CheckVocabulary(s.Vocabulary)
}

// CheckFor returns an error that is ErrInvalid where the settings, each of which may be valid, cannot be those of a show that comes from
// such a source.
func (s ShowSettings) CheckFor(kind SourceKind) error {
	if s.Watch && kind != SourceFolder {
		return Explain(ErrInvalid, "only folders can be watched")
	}
	if s.Keep == KeepText && kind == SourceFiles {
		return Explain(ErrInvalid, "recordings that were uploaded or added one by one must be kept: the archive's copy may be the only one")
	}
	return nil
}

// PrefersOthers reports whether a transcript that others made is used before one that is made here.
func (s ShowSettings) PrefersOthers() bool {
	return s.Transcripts == TranscriptsPublisher || s.Transcripts == TranscriptsBoth
}

// CheckVocabulary returns an error that is ErrInvalid and says which expression of a word list cannot be used, and why.
func CheckVocabulary(words []string) error {
	if len(words) > maxVocabulary {
		return Explain(ErrInvalid, "a vocabulary has at most %d names and words, this one has %d: keep the most important ones", maxVocabulary, len(words))
	}
	for _, w := range words {
		switch {
		case strings.TrimSpace(w) != w || w == "":
			return Explain(ErrInvalid, "a vocabulary has an empty entry or spaces around one: %q", w)
		case utf8.RuneCountInString(w) > maxExpression:
			return Explain(ErrInvalid, "an entry of a vocabulary has at most %d characters: shorten %q", maxExpression, string([]rune(w)[:40])+"…")
		case !utf8.ValidString(w) || strings.ContainsFunc(w, unicode.IsControl) || strings.Contains(w, ","):
			return Explain(ErrInvalid, "an entry of a vocabulary is plain text of one line without commas: %q is not", w)
		}
	}
	return nil
}

// Words makes a vocabulary of text: entries end at commas, semicolons and line ends; empty ones and repetitions are left out.
func Words(text string) []string {
	var out []string
	seen := map[string]bool{}
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' }) {
		w = strings.Join(strings.Fields(w), " ")
		if w == "" || seen[strings.ToLower(w)] {
			continue
		}
		seen[strings.ToLower(w)] = true
		out = append(out, w)
	}
	return out
}

// isCode reports whether s has the form of whisper's language codes: ISO 639-1, or 639-2 where the former has none.
func isCode(s string) bool {
	return (len(s) == 2 || len(s) == 3) && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") == ""
}

// Source is where a show comes from, and what is remembered of the last look at it.
type Source struct {
	Kind SourceKind
	// Location is the feed's URL, or the absolute path of the feed file or folder; "" for SourceFiles.
	Location     Location
	Access       Access    // what the feed's server wants to be told
	ETag         string    // validator of the last feed response
	LastModified string    // validator of the last feed response
	PolledAt     time.Time // zero: never
	NextPollAt   time.Time // when a feed is due
	Failures     int       // polls that failed, in a row
	EndedAt      time.Time // when the server said that the feed is gone for good: it is polled no more; zero: it did not
	Problem      string    // why the last poll failed; "" when it did not
}

// Person is somebody whom the publisher names: a host, a guest.
type Person struct {
	Name string `json:"name"`
	Role string `json:"role,omitempty"` // lower case, "host" where the feed does not say
}

// NewShowID returns the identifier of the show that comes from a source. A feed keeps its identifier when only the
// scheme, the case of the host or a trailing slash of its URL changes.
func NewShowID(s Source) ShowID {
	loc := string(s.Location)
	if s.Kind == SourceFeed {
		if u, err := url.Parse(loc); err == nil {
			u.Scheme, u.User, u.Fragment = "", nil, ""
			u.Host = strings.ToLower(u.Host)
			loc = strings.TrimRight(u.String(), "/")
		}
	}
	return ShowID(NewID("show", string(s.Kind), loc))
}
