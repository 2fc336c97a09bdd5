package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

type showRow struct {
	bun.BaseModel `bun:"shows,alias:s"`

	ID             models.ShowID `bun:",pk"`
	Title          string
	Author         string
	Description    string
	Language       string
	Link           string
	ImageURL       string `bun:"image_url"`
	Cover          string // of covers: written by SaveDetails and SaveShowCover
	CoverURL       string `bun:"cover_url"`
	People         string
	FeedGUID       string `bun:"feed_guid"`
	Medium         string
	Locked         bool
	Settings       string // written when the show is new, and by SetShowSettings
	SourceKind     models.SourceKind
	SourceLocation string
	Secrets        string // models.Access: written when the show is new, and by SetShowAccess
	ETag           string `bun:"etag"`
	LastModified   string
	PolledAt       int64
	NextPollAt     int64
	PollFailures   int64
	EndedAt        int64
	Fingerprint    string
	Problem        string
	ProblemAt      int64
	PausedAt       int64
	VisibleTo      models.Visibility // written when the show is new, and by SetShowVisibility
	CreatedAt      int64
	UpdatedAt      int64
}

type episodeRow struct {
	bun.BaseModel `bun:"episodes,alias:e"`

	ID                models.EpisodeID `bun:",pk"`
	ShowID            models.ShowID
	GUID              string `bun:"guid"`
	Title             string
	Notes             string
	Link              string
	PublishedAt       int64
	Season            int64
	Number            int64
	People            string
	EnclosureLocation string
	EnclosureType     string
	EnclosureBytes    int64
	TranscriptLinks   string
	ChaptersURL       string `bun:"chapters_url"`
	Chapters          string // written by SaveDetails and SaveChapters
	Cover             string
	MissingAt         int64
	FetchedLocation   string
	FetchedType       string
	FetchedBytes      int64
	FetchAgain        bool
	Fingerprint       string
	State             models.EpisodeState
	Reason            string
	FailedAt          int64
	MediaWarning      string
	TranscriptWarning string
	MediaKey          string
	MediaSHA256       string `bun:"media_sha256"`
	MediaBytes        int64
	MediaType         string
	MediaDurationMS   int64 `bun:"media_duration_ms"`
	// EnclosureDurationMS is as published.
	EnclosureDurationMS int64 `bun:"enclosure_duration_ms"`
	TranslationWanted   bool
	TranslationWarning  string
	UrgentAt            int64
	ImportWarning       string
	Place               string // where the file is: see places.go
	CreatedAt           int64
	UpdatedAt           int64
}

type transcriptRow struct {
	bun.BaseModel `bun:"transcripts,alias:t"`

	ID            int64 `bun:",pk,autoincrement"`
	EpisodeID     models.EpisodeID
	Source        models.TranscriptSource
	Task          models.TranscriptTask
	Model         string
	AskedLanguage string
	Language      string
	Prompt        string
	MediaSHA256   string `bun:"media_sha256"`
	DurationMS    int64  `bun:"duration_ms"`
	CursorMS      int64  `bun:"cursor_ms"`
	SegmentCount  int64
	Complete      bool
	IsCurrent     bool
	Warning       string
	Report        string
	Origin        string
	CreatedAt     int64
	ChosenAt      int64 // written by ChooseTranscript
}

type segmentRow struct {
	bun.BaseModel `bun:"segments,alias:g"`

	TranscriptID int64 `bun:",pk"`
	Position     int64 `bun:",pk"`
	StartMS      int64 `bun:"start_ms"`
	EndMS        int64 `bun:"end_ms"`
	Speaker      string
	Doubtful     bool
	Text         string
	Words        []byte
}

type changeRow struct {
	bun.BaseModel `bun:"changes,alias:c"`

	EpisodeID models.EpisodeID `bun:",pk"`
	Seq       int64
	Deleted   bool
}

// fingerprint returns a short hash of v: equal for equal values.
func fingerprint(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:16]), nil
}

func packPeople(people []models.Person) (string, error) {
	out := make([]models.Person, 0, len(people))
	for _, p := range people {
		out = append(out, models.Person{Name: clean(p.Name), Role: clean(p.Role)})
	}
	b, err := json.Marshal(out)
	return string(b), err
}

// noLinks is how the lack of links to transcripts, and of chapters, is stored.
const noLinks = "null"

// packLinks gives nil for no links when they are read again: an empty JSON list would be another value than none.
func packLinks(links []models.TranscriptLink) (string, error) {
	if len(links) == 0 {
		return noLinks, nil
	}
	out := make([]models.TranscriptLink, len(links))
	for i, l := range links {
		out[i] = models.TranscriptLink{URL: clean(l.URL), Type: clean(l.Type), Language: clean(l.Language), Rel: clean(l.Rel)}
	}
	b, err := json.Marshal(out)
	return string(b), err
}

// stored reads a list of a row; nothing was asked for, or is there, where it is "".
func stored[T any](what, text string) ([]T, error) {
	if text == "" || text == "[]" {
		return nil, nil
	}
	var list []T
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("reading the stored %s: %w", what, err)
	}
	return list, nil
}

// newShowRow is a show's row; nextPoll, in ms since 1970, is when a feed is due that does not say so itself.
func newShowRow(s models.Show, now, nextPoll int64) (*showRow, error) {
	people, err := packPeople(s.People)
	if err != nil {
		return nil, err
	}
	if err := s.Settings.CheckFor(s.Source.Kind); err != nil {
		return nil, err
	}
	settings, err := packSettings(s.Settings)
	if err != nil {
		return nil, err
	}
	secrets, err := s.Source.Access.Reveal()
	if err != nil {
		return nil, err
	}
	r := &showRow{
		Settings: settings,
		ID:       s.ID, Title: clean(s.Title), Author: clean(s.Author), Description: clean(s.Description),
		Language: clean(s.Language), Link: clean(s.Link), ImageURL: clean(s.ImageURL), People: people,
		FeedGUID: clean(s.FeedGUID), Medium: clean(s.Medium), Locked: s.Locked,
		SourceKind: s.Source.Kind, SourceLocation: clean(string(s.Source.Location)), Secrets: secrets, ETag: clean(s.Source.ETag),
		LastModified: clean(s.Source.LastModified), PolledAt: toMS(s.Source.PolledAt), NextPollAt: toMS(s.Source.NextPollAt), CreatedAt: now, UpdatedAt: now,
	}
	if r.VisibleTo = s.VisibleTo; r.VisibleTo == "" {
		r.VisibleTo = models.VisibleToEveryone
	}
	if r.NextPollAt == 0 && r.SourceKind == models.SourceFeed {
		r.NextPollAt = nextPoll
	}
	r.Fingerprint, err = fingerprint([]string{
		r.Title, r.Author, r.Description, r.Language, r.Link, r.ImageURL, r.People, string(r.SourceKind), r.SourceLocation,
	})
	return r, err
}

// packSettings refuses settings that are not valid.
func packSettings(s models.ShowSettings) (string, error) {
	if err := s.Check(); err != nil {
		return "", err
	}
	b, err := json.Marshal(s)
	return string(b), err
}

func (r *showRow) model() (models.Show, error) {
	people, err := stored[models.Person]("people", r.People)
	var settings models.ShowSettings
	if jerr := json.Unmarshal([]byte(r.Settings), &settings); jerr != nil {
		err = errors.Join(err, fmt.Errorf("reading the stored settings: %w", jerr))
	}
	// Archives of earlier versions have the password in the location.
	location, access := models.SplitAccess(models.Location(r.SourceLocation))
	if access.IsZero() {
		var aerr error
		access, aerr = models.StoredAccess(r.Secrets)
		err = errors.Join(err, aerr)
	}
	return models.Show{
		ID: r.ID, Title: r.Title, Author: r.Author, Description: r.Description, Language: r.Language, Link: r.Link,
		ImageURL: r.ImageURL, Cover: r.Cover, CoverURL: r.CoverURL, People: people, Settings: settings,
		FeedGUID: r.FeedGUID, Medium: r.Medium, Locked: r.Locked,
		Source: models.Source{
			Kind: r.SourceKind, Location: location, Access: access, ETag: r.ETag, LastModified: r.LastModified,
			PolledAt: fromMS(r.PolledAt), NextPollAt: fromMS(r.NextPollAt), Failures: int(r.PollFailures), EndedAt: fromMS(r.EndedAt), Problem: r.Problem,
		},
		VisibleTo: r.VisibleTo, PausedAt: fromMS(r.PausedAt), CreatedAt: fromMS(r.CreatedAt), UpdatedAt: fromMS(r.UpdatedAt),
	}, err
}

func newEpisodeRow(show models.ShowID, e models.Episode, now int64) (*episodeRow, error) {
	people, err := packPeople(e.People)
	if err != nil {
		return nil, err
	}
	links, err := packLinks(e.Transcripts)
	if err != nil {
		return nil, err
	}
	r := &episodeRow{
		TranscriptLinks: links, ChaptersURL: clean(e.ChaptersURL), Chapters: noLinks,
		ID: e.ID, ShowID: show, GUID: clean(e.GUID), Title: clean(e.Title), Notes: clean(e.Notes), Link: clean(e.Link),
		PublishedAt: toMS(e.PublishedAt), Season: int64(e.Season), Number: int64(e.Number), People: people,
		EnclosureLocation: clean(string(e.Enclosure.Location)), EnclosureType: clean(e.Enclosure.Type),
		EnclosureBytes: e.Enclosure.Bytes, EnclosureDurationMS: max(0, e.Enclosure.DurationMS), State: models.EpisodeQueued, CreatedAt: now, UpdatedAt: now,
	}
	r.Fingerprint, err = fingerprint([]any{r.Title, r.Notes, r.Link, r.PublishedAt, r.Season, r.Number, r.People})
	return r, err
}

func (r *episodeRow) model() (models.Episode, error) {
	people, err := stored[models.Person]("people", r.People)
	links, lerr := stored[models.TranscriptLink]("links to transcripts", r.TranscriptLinks)
	chapters, cerr := stored[models.Chapter]("chapters", r.Chapters)
	err = errors.Join(err, lerr, cerr)
	return models.Episode{
		ID: r.ID, ShowID: r.ShowID, GUID: r.GUID, Title: r.Title, Notes: r.Notes, Link: r.Link,
		PublishedAt: fromMS(r.PublishedAt), Season: int(r.Season), Number: int(r.Number), People: people,
		Enclosure:   r.offer(),
		Transcripts: links, ChaptersURL: r.ChaptersURL, Chapters: chapters, Cover: r.Cover, MissingAt: fromMS(r.MissingAt),
		State: r.State, Reason: r.why(),
		Media: models.Media{
			Key: r.MediaKey, SHA256: r.MediaSHA256, Bytes: r.MediaBytes, ContentType: r.MediaType,
			DurationMS: r.MediaDurationMS, From: r.from(),
		},
		FetchAgain: r.FetchAgain,
		CreatedAt:  fromMS(r.CreatedAt), UpdatedAt: fromMS(r.UpdatedAt),
	}, err
}

// from is what the source offered when the audio was fetched.
func (r *episodeRow) from() models.Enclosure {
	return models.Enclosure{Location: models.Location(r.FetchedLocation), Type: r.FetchedType, Bytes: r.FetchedBytes}
}

// offer is what the source offers now.
func (r *episodeRow) offer() models.Enclosure {
	return models.Enclosure{
		Location: models.Location(r.EnclosureLocation), Type: r.EnclosureType, Bytes: r.EnclosureBytes, DurationMS: r.EnclosureDurationMS,
	}
}

// why joins what there is to say about an episode: a failure alone, or the warnings about its audio and transcripts.
func (r *episodeRow) why() string {
	if r.Reason != "" {
		return r.Reason
	}
	var warnings []string
	if !strings.Contains(r.TranscriptWarning, r.MediaWarning) {
		warnings = append(warnings, r.MediaWarning)
	}
	replaced := ""
	if r.offer().Replaces(r.from()) {
		replaced = "the publisher replaced the audio after it was fetched: earshot retranscribe --fetch takes the new one"
	}
	for _, w := range []string{r.TranscriptWarning, r.TranslationWarning, r.ImportWarning, replaced} {
		if w != "" {
			warnings = append(warnings, w)
		}
	}
	return strings.Join(warnings, "; ")
}

func (r *transcriptRow) model() (models.Transcript, error) {
	var report models.Report
	if err := json.Unmarshal([]byte(r.Report), &report); err != nil {
		return models.Transcript{}, fmt.Errorf("reading the stored report of transcript %d: %w", r.ID, err)
	}
	var origin models.Origin
	if err := json.Unmarshal([]byte(r.Origin), &origin); err != nil {
		return models.Transcript{}, fmt.Errorf("reading the stored origin of transcript %d: %w", r.ID, err)
	}
	return models.Transcript{
		ID: r.ID, EpisodeID: r.EpisodeID, Source: r.Source, Task: r.Task, Model: r.Model, Language: r.Language, Prompt: r.Prompt,
		DurationMS: r.DurationMS, CursorMS: r.CursorMS, Complete: r.Complete, Warning: r.Warning, Report: report, Origin: origin,
		CreatedAt: fromMS(r.CreatedAt),
	}, nil
}

func packReport(r models.Report) (string, error) {
	b, err := json.Marshal(r)
	return string(b), err
}

func newSegmentRow(transcript, position int64, g models.Segment) *segmentRow {
	text := clean(g.Text)
	words := make([]models.Word, len(g.Words))
	for i, w := range g.Words {
		w.Text = clean(w.Text)
		words[i] = w
	}
	return &segmentRow{
		TranscriptID: transcript, Position: position, StartMS: g.StartMS, EndMS: g.EndMS, Speaker: clean(g.Speaker),
		Doubtful: g.Doubtful, Text: text, Words: encodeWords(g.StartMS, text, words),
	}
}

func (r *segmentRow) model() (models.Segment, error) {
	words, err := decodeWords(r.StartMS, r.Text, r.Words)
	return models.Segment{
		StartMS: r.StartMS, EndMS: r.EndMS, Text: r.Text, Speaker: r.Speaker, Doubtful: r.Doubtful, Words: words,
	}, err
}
