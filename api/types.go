package api

import (
	"cmp"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"github.com/earshot/earshot/models"
)

// Show is a show as the API tells it. Its source's location stays inside: it may hold a token or a private path.
type Show struct {
	ID          models.ShowID     `json:"id" example:"0123456789abcdef"`
	Title       string            `json:"title"`
	Author      string            `json:"author,omitempty"`
	Description string            `json:"description,omitempty" doc:"Plain text"`
	Language    string            `json:"language,omitempty" doc:"BCP 47, as published"`
	Link        string            `json:"link,omitempty" doc:"Web page of the show"`
	ImageURL    string            `json:"image_url,omitempty" doc:"Cover where the publisher keeps it; the page does not load it"`
	Cover       string            `json:"cover,omitempty" doc:"Address of the picture here; absent when there is none" example:"/api/v1/shows/0123456789abcdef/cover?v=0123456789ab"`
	Source      models.SourceKind `json:"source" enum:"feed,feed-file,folder,files"`
	People      []models.Person   `json:"people"`
	Paused      bool              `json:"paused" doc:"The owner paused it"`
	VisibleTo   models.Visibility `json:"visible_to" enum:"everyone,members,admins" doc:"Who may see it: all who may read, those who are logged in, or admins"`
	From        string            `json:"from,omitempty" doc:"The server of its feed, or the name of its file or folder"`
	Private     bool              `json:"private" doc:"Its server wants a password or token, which is kept here"`
	Problem     string            `json:"problem,omitempty" doc:"Why the last look at its feed failed"`
	Ended       bool              `json:"ended" doc:"Its feed is gone for good and is not looked at any more by itself"`
	PolledAt    *time.Time        `json:"polled_at,omitempty" doc:"When its feed was last read"`
	NextPollAt  *time.Time        `json:"next_poll_at,omitempty" doc:"When it is looked at again"`
	CreatedAt   *time.Time        `json:"created_at,omitempty" doc:"When it was added"`
	Settings    Settings          `json:"settings"`
	Episodes    Totals            `json:"episodes" doc:"What the archive has of it"`
}

// Totals is what the archive has of a show.
type Totals struct {
	All      int   `json:"all" doc:"Episodes"`
	Done     int   `json:"done" doc:"Transcribed"`
	OnTheWay int   `json:"on_the_way"`
	Failed   int   `json:"failed"`
	AudioMS  int64 `json:"audio_ms" doc:"Length of all, as far as known"`
	Bytes    int64 `json:"bytes" doc:"Of stored audio"`
}

// Episode is an episode without its notes.
type Episode struct {
	ID          models.EpisodeID    `json:"id" example:"0123456789abcdef"`
	ShowID      models.ShowID       `json:"show_id"`
	ShowTitle   string              `json:"show_title"`
	Title       string              `json:"title"`
	PublishedAt *time.Time          `json:"published_at,omitempty" doc:"Absent when unknown"`
	Season      int                 `json:"season,omitempty"`
	Number      int                 `json:"number,omitempty"`
	State       models.EpisodeState `json:"state" enum:"queued,downloading,downloaded,transcribing,done,failed"`
	Reason      string              `json:"reason,omitempty" doc:"Why the episode failed, or a warning about its audio"`
	DurationMS  int64               `json:"duration_ms,omitempty" doc:"Length as the audio file declares it; absent when unknown"`
	MediaType   string              `json:"media_type,omitempty" doc:"Media type of the stored audio; absent until it is stored"`
	MediaBytes  int64               `json:"media_bytes,omitempty"`
	NotKept     bool                `json:"audio_not_kept,omitempty" doc:"Its audio was not kept, as the settings of its show ask: there is the text only"`
	Private     bool                `json:"private,omitempty" doc:"All of it is kept private: nothing of it can be heard or read"`
	Version     string              `json:"audio_version,omitempty" doc:"Tells what is silent in the audio because it is private; absent where nothing is. Put it into the address of what is played, as v, so that no cache answers with what was there before"`
	Cover       string              `json:"cover,omitempty" doc:"Address of the picture of this recording; absent where it has none of its own: …/episodes/{id}/cover is then that of the show"`
}

// EpisodeDetail is all that the API tells of an episode.
type EpisodeDetail struct {
	Episode
	Notes  string          `json:"notes,omitempty" doc:"Show notes as plain text"`
	Link   string          `json:"link,omitempty" doc:"Web page of the episode"`
	People []models.Person `json:"people"`

	MissingAt *time.Time       `json:"missing_at,omitempty" doc:"When its feed was first seen without it"`
	Replaced  bool             `json:"replaced" doc:"The publisher replaced the audio after it was fetched; it can be fetched anew"`
	SameAs    []EpisodeRef     `json:"same_as" doc:"Other episodes that have the same recording"`
	Chapters  []models.Chapter `json:"chapters" doc:"In order of time; the publisher's, or those of the recording"`
}

// Transcript is the current transcript of an episode.
type Transcript struct {
	EpisodeID  models.EpisodeID        `json:"episode_id"`
	Source     models.TranscriptSource `json:"source" enum:"whisper,publisher,import"`
	Task       models.TranscriptTask   `json:"task" enum:"transcribe,translate"`
	Tasks      []models.TranscriptTask `json:"tasks" enum:"transcribe,translate" doc:"Tasks of which the episode has a transcript"`
	Model      string                  `json:"model,omitempty"`
	Language   string                  `json:"language,omitempty" doc:"ISO 639-1 of what is spoken, also of a translation; absent until detected"`
	Vocabulary string                  `json:"vocabulary,omitempty" doc:"The prompt that told the decoder which names to expect"`
	DurationMS int64                   `json:"duration_ms,omitempty" doc:"Length of the decoded audio; known when complete"`
	CursorMS   int64                   `json:"cursor_ms" doc:"Everything said before it is here"`
	Complete   bool                    `json:"complete"`
	Warning    string                  `json:"warning,omitempty"`
	Report     Report                  `json:"report" doc:"How the transcript was made"`
	Origin     *Origin                 `json:"origin,omitempty" doc:"Where the transcript comes from; absent for one that was made here"`
	Revision   string                  `json:"revision" doc:"Changes with the text, its times and speakers"`
	Edits      int                     `json:"edits" doc:"Changes that people made and that count"`
	Unfit      int                     `json:"unfit" doc:"Of them, those whose place was not found"`
	Changed    []ChangedWords          `json:"changed" doc:"What was transcribed where words are written otherwise; for those who may change it"`
	Private    []models.Span           `json:"private" doc:"What is kept from everybody, in order of time: its words are not among the segments"`
	Segments   []models.Segment        `json:"segments"`
}

// ChangedWords is what was transcribed where a person or a rule wrote something else.
type ChangedWords struct {
	models.Span

	Was string `json:"was"`
}

// Report tells how a transcript was made and how good it may be.
type Report struct {
	models.Report
	Speed float64 `json:"speed" doc:"Times real time; 0 when unknown"`
}

// Origin tells where a transcript that was not made here comes from. Of its address only the server is told: it may hold a token.
type Origin struct {
	From      string         `json:"from" doc:"The server, or the file's name"`
	Format    string         `json:"format" doc:"As the usual file name extension" example:"vtt"`
	SHA256    string         `json:"sha256" doc:"Of the file"`
	FetchedAt *time.Time     `json:"fetched_at,omitempty"`
	Timing    models.Timing  `json:"timing" enum:"words,cues,heard,none" doc:"Words have times of their own; share those of cues; have those at which they were heard in the audio; or have none and are spread over the recording"`
	Checked   bool           `json:"checked" doc:"The times were found to fit the audio, after being moved by shifts"`
	Shifts    []models.Shift `json:"shifts"`
	Heard     float64        `json:"heard" doc:"Share of the words heard in the audio that are in the transcript, 0 to 1; 0 when not checked"`
}

func newOrigin(t models.Transcript) *Origin {
	if t.Source == models.TranscriptWhisper {
		return nil
	}
	o := &Origin{
		From: cameFrom(models.Location(t.Origin.Location)), Format: t.Origin.Format, SHA256: t.Origin.SHA256, FetchedAt: known(t.Origin.FetchedAt), Timing: t.Origin.Timing,
		Checked: t.Origin.Audio != "", Shifts: notNil(t.Origin.Shifts), Heard: math.Round(t.Origin.Heard*100) / 100,
	}
	return o
}

// Hit is an episode that matches, with its best moments in order of time.
type Hit struct {
	Episode  Episode         `json:"episode"`
	Score    float64         `json:"score"`
	TitleHit bool            `json:"title_hit" doc:"The title or the notes match"`
	Total    int             `json:"total" doc:"Moments that match in this episode"`
	Moments  []models.Moment `json:"moments" doc:"Marks are ranges of Unicode code points of the snippet"`
}

// Results is the answer to a search.
type Results struct {
	Understood  string              `json:"understood" doc:"The query as it was answered"`
	Approximate bool                `json:"approximate" doc:"Nothing matches what was asked; this comes nearest: what sounds like it, or has most of the words. Ask with strict to have none of it"`
	Total       int                 `json:"total" doc:"Episodes that match, exact"`
	Also        []models.AlsoFound  `json:"also" doc:"What the names of the query were found as, beside what was typed: other spellings that people gave them, or what sounds like them. Ask with strict to have none of it"`
	Alike       int                 `json:"alike" doc:"Episodes, of all, that have only what sounds like a name; by relevance they come last"`
	Hits        []Hit               `json:"hits"`
	Facets      *models.Facets      `json:"facets,omitempty" doc:"Matching episodes by what they have in common; when asked for"`
	Suggestions []models.Suggestion `json:"suggestions" doc:"Other queries that may have been meant, best first"`
}

func newResults(r models.Results) Results {
	out := Results{
		Understood: r.Understood, Approximate: r.Approximate, Total: r.Total, Also: slices.Clone(r.Also), Alike: r.Alike, Hits: []Hit{}, Suggestions: notNil(r.Suggestions),
	}
	for i, a := range r.Also {
		out.Also[i].As = notNil(a.As)
	}
	out.Also = notNil(out.Also)
	if f := r.Facets; f != nil {
		out.Facets = &models.Facets{
			Shows: notNil(f.Shows), Years: notNil(f.Years), Speakers: notNil(f.Speakers), Languages: notNil(f.Languages),
		}
	}
	return out
}

// Status is the archive at a glance.
type Status struct {
	Version  string                      `json:"version"`
	Shows    int                         `json:"shows"`
	Episodes map[models.EpisodeState]int `json:"episodes" doc:"Episodes by state"`
	AudioMS  int64                       `json:"audio_ms" doc:"Length of all audio that is transcribed"`
	Queue    map[string]int              `json:"queue" doc:"Waiting and running jobs by kind"`
	Running  []models.JobProgress        `json:"running" doc:"Unit of done and total: bytes for a download, milliseconds of audio for a transcription"`
	Failures []models.Failure            `json:"failures" doc:"Newest first"`

	Speed     float64 `json:"speed" doc:"How many times faster than real time transcription goes, or went last; 0 when unknown"`
	WaitingMS int64   `json:"waiting_ms" doc:"Length of the audio that is still to be transcribed, partly estimated"`
	LeftMS    int64   `json:"left_ms" doc:"About how long that will take; 0 when unknown or when nothing waits"`

	FinishAt *time.Time `json:"finish_at,omitempty" doc:"About when that will be done, quiet hours included; absent when unknown"`
	Workers  int        `json:"workers" doc:"Processes that take jobs"`
	Holds    []Hold     `json:"holds" doc:"What holds the queue up"`

	Pulls []models.Pull `json:"pulls" doc:"Models that are being fetched, and those that could not be"`
}

// Hold is why jobs wait that could run.
type Hold struct {
	Kind   models.HoldKind `json:"kind" enum:"paused,quiet-hours,disk-full,file-elsewhere"`
	Reason string          `json:"reason" doc:"A sentence for people, with what to do"`
	Until  *time.Time      `json:"until,omitempty" doc:"Absent: until somebody ends it"`
}

func newShow(s models.Show) Show {
	b := Show{
		ID: s.ID, Title: s.Title, Author: s.Author, Description: plainText(s.Description), Language: s.Language,
		Link: webLink(s.Link), ImageURL: webLink(s.ImageURL), Cover: coverAddress("shows", s.ID, s.Cover), Source: s.Source.Kind, People: notNil(s.People), Paused: !s.PausedAt.IsZero(),
		VisibleTo: cmp.Or(s.VisibleTo, models.VisibleToEveryone),
		From:      cameFrom(s.Source.Location), Private: !s.Source.Access.IsZero(), Problem: s.Source.Problem, Ended: !s.Source.EndedAt.IsZero(),
		PolledAt: known(s.Source.PolledAt), CreatedAt: known(s.CreatedAt), Settings: newSettings(s.Settings),
	}
	if s.Source.Kind == models.SourceFiles { // it is nowhere
		b.From = ""
	}
	if s.Source.Kind == models.SourceFeed && !b.Ended && !b.Paused {
		b.NextPollAt = known(s.Source.NextPollAt)
	}
	return b
}

// cameFrom is as much of a location as anybody may read: folders of this machine are nobody's business.
func cameFrom(l models.Location) string {
	if l == "" || l.Remote() {
		return l.String()
	}
	return filepath.Base(string(l))
}

// newEpisode tells of an episode of which some stretches are held.
func newEpisode(e models.Episode, showTitle string, held []models.Span) Episode {
	b := Episode{
		ID: e.ID, ShowID: e.ShowID, ShowTitle: showTitle, Title: e.Title, Season: e.Season, Number: e.Number,
		State: e.State, Reason: e.Reason, Cover: coverAddress("episodes", e.ID, e.Cover), DurationMS: e.Media.DurationMS,
		NotKept: e.AudioNotKept(),
	}
	b.PublishedAt = known(e.PublishedAt)
	b.Private, b.Version = models.Whole(held), models.HeldName(held)
	switch {
	case e.Media.Key == "" || b.Private:
	case len(held) > 0:
		b.MediaType = "audio/mp4" // of a length that is known when it is made
	default:
		b.MediaType, _ = mediaType(e.Media.ContentType)
		b.MediaBytes = e.Media.Bytes
	}
	return b
}

func newEpisodeDetail(e models.Episode, showTitle string, held []models.Span) EpisodeDetail {
	link := webLink(e.Link)
	if len(held) > 0 {
		link = "" // where the publisher has it, what is private may be heard
	}
	return EpisodeDetail{
		Episode: newEpisode(e, showTitle, held), Notes: plainText(e.Notes), Link: link, People: notNil(e.People),
		MissingAt: known(e.MissingAt), Replaced: e.Media.Key != "" && e.Enclosure.Replaces(e.Media.From),
		Chapters: notNil(e.Chapters),
	}
}

func newTranscript(t models.Transcript, tasks []models.TranscriptTask, held []models.Span) Transcript {
	segments := notNil(t.Segments)
	for i := range segments {
		segments[i].Words = notNil(segments[i].Words)
	}
	return Transcript{
		EpisodeID: t.EpisodeID, Source: t.Source, Task: cmp.Or(t.Task, models.TaskTranscribe), Tasks: notNil(tasks),
		Vocabulary: t.Prompt, Report: Report{t.Report, math.Round(t.Report.Speed()*100) / 100}, Model: t.Model, Language: t.Language, DurationMS: t.DurationMS,
		CursorMS: t.CursorMS, Complete: t.Complete, Warning: t.Warning, Origin: newOrigin(t), Segments: segments,
		Revision: revisionOf(segments), Changed: []ChangedWords{}, Private: held,
	}
}

func newHit(h models.EpisodeHit, e Episode) Hit {
	moments := slices.Clone(notNil(h.Moments)) // others have the same answer
	for i := range moments {
		moments[i].Marks = notNil(moments[i].Marks)
	}
	return Hit{Episode: e, Score: h.Score, TitleHit: h.TitleHit, Total: h.Total, Moments: moments}
}

func (s *server) newStatus(st models.Status) Status {
	b := Status{
		Version: s.Version, Shows: st.Shows, Episodes: map[models.EpisodeState]int{}, AudioMS: st.AudioMS, Queue: st.Queue,
		Running: notNil(st.Running), Failures: notNil(st.Failures),
		Speed: st.Speed, WaitingMS: st.WaitingMS, LeftMS: st.LeftMS,
	}
	for _, state := range models.EpisodeStates() {
		b.Episodes[state] = st.Episodes[state]
	}
	b.FinishAt, b.Workers, b.Holds = known(st.FinishAt), st.Workers, make([]Hold, len(st.Holds))
	for i, hold := range st.Holds {
		b.Holds[i] = Hold{hold.Kind, hold.Reason, known(hold.Until)}
	}
	b.Pulls = s.pulls()
	if b.Queue == nil {
		b.Queue = map[string]int{}
	}
	return b
}

// pulls is what is known of models that are being fetched.
func (s *server) pulls() []models.Pull {
	if s.Weights == nil {
		return []models.Pull{}
	}
	return notNil(s.Weights.Pulls())
}

// known returns nil for a time that is not known.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// notNil returns s, or an empty list for none.
func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// webLink returns a published link if a browser may follow it, else "".
func webLink(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return s
}
