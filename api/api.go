// Package api serves the archive to people and programs: a JSON API described by OpenAPI, the stored audio, a stream of
// events, and the embedded page.
//
// Paths:
//
//	/                              the page; also at /shows/{id}, /queue, /models, /names, /review and /episodes/{id}, which tells other programs of it
//	/embed/{id}                    a small player of an episode, or a part of it, for pages elsewhere
//	/assets/…                      its parts, named by content and cached for ever
//	/api/v1/search                 episodes with the moments at which a query matches
//	/api/v1/search/feed.xml        the newest mentions of a query for feed readers
//	/api/v1/complete, …/mentions   ways to go on with a query, and its matches month by month
//	/api/v1/shows, …/episodes…     the catalogue; …/transcript with words, …/media with byte ranges, …/retry
//	…/playback, …/peaks, …/clip.m4a  what to play, how loud it is, a part of it
//	…/edits, …/edits/undo, …/redo  what people changed in a transcript; …/transcripts/compare two of them side by side
//	/api/v1/review…                passages that may be wrong, and those that somebody found right
//	/api/v1/oembed                 how to show an episode in a page elsewhere
//	…/episodes/{id}/private        what is kept from everybody; /api/v1/private-log what ever was
//	…/cover                        the picture of a show or an episode
//	…/feed.xml, …/transcript.vtt, …/chapters.json the same for other programs: a podcast feed for each show, transcripts as files
//	/api/v1/shows/preview          what is at an address; shows can be added, set, looked at and removed
//	/api/v1/queue…                 what waits; pause and resume; also of a show; an episode can be done now, cancelled, retried
//	/api/v1/names…, …/rules…       names of the archive, and rules that write them right wherever they were heard as something else
//	/api/v1/models…, …/storage     the weights of this machine, and what the archive takes on it
//	/api/v1/uploads…               files that people send, in pieces, by the tus protocol
//	/api/v1/status, …/events       how far the work has come, once or as it changes
//	/api/v1/session, …/tokens      logging in and out, a user's password, browsers and tokens; …/users for admins
//	/api/v1/openapi.json           the description of all this, which /docs shows to people
//	/metrics                       numbers for Prometheus, for this machine only unless it is allowed
//	/healthz                       whether catalogue and index answer
//
// Invariants: every error is application/problem+json and made in errors.go; causes of internal errors go to the log only;
// all text leaves as text (published HTML is reduced to plain text here, snippets carry marks as offsets); every answer
// bears the headers of guard.go, so that a browser runs nothing that was not built into the page; the location of a feed
// or file never leaves, because it may hold a secret. Lists are never null.
//
// The package knows the catalogue, the index and the stored audio by the small interfaces below; cmd wires them.
package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/earshot/earshot/api/password"
	"github.com/earshot/earshot/models"
)

// Catalogue is what the API reads of the catalogue, and what it changes of the queue.
type Catalogue interface {
	// Shows returns every show, by title.
	Shows(ctx context.Context) ([]models.Show, error)
	// ShowTitles returns the title of every show.
	ShowTitles(ctx context.Context) (map[models.ShowID]string, error)
	// Show returns one show, or an error that is [models.ErrNotFound].
	Show(ctx context.Context, id models.ShowID) (models.Show, error)
	// Episodes returns the episodes that a filter chooses, newest publication first.
	Episodes(ctx context.Context, f models.EpisodeFilter) ([]models.Episode, error)
	// Episode returns one episode, or an error that is [models.ErrNotFound].
	Episode(ctx context.Context, id models.EpisodeID) (models.Episode, error)
	// EpisodesInShort returns those of the named episodes that exist, without notes, people, chapters and links.
	EpisodesInShort(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID]models.Episode, error)
	// Transcript returns the current transcript of an episode for a task with its segments, or an error that is
	// [models.ErrNotFound].
	Transcript(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error)
	// PrivateIn returns the passages of episodes that are kept from everybody, in order of time.
	PrivateIn(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID][]models.Private, error)
	// Tasks returns the tasks of which an episode has a current transcript.
	Tasks(ctx context.Context, id models.EpisodeID) ([]models.TranscriptTask, error)
	// Cover returns a stored picture by its name, a JPEG, or an error that is [models.ErrNotFound].
	Cover(ctx context.Context, name string) ([]byte, error)
	// Hidden lists the shows that somebody does not see who sees as far as v.
	Hidden(ctx context.Context, v models.Visibility) ([]models.ShowID, error)
	// SetShowVisibility says who may see a show.
	SetShowVisibility(ctx context.Context, id models.ShowID, v models.Visibility) error
	// Status returns the archive at a glance, as if there were none of the hidden shows.
	Status(ctx context.Context, hidden ...models.ShowID) (models.Status, error)
	// Events lists what happened after an event's number, the oldest first.
	Events(ctx context.Context, after int64, limit int) ([]models.Event, error)
	// LastEvent returns the number of the newest event.
	LastEvent(ctx context.Context) (int64, error)
	// Retry puts the work on a failed episode back into the queue.
	Retry(ctx context.Context, id models.EpisodeID) error
	// Now puts an episode before all others in the queue.
	Now(ctx context.Context, id models.EpisodeID) error
	// Cancel takes an episode out of the queue.
	Cancel(ctx context.Context, id models.EpisodeID) error
	// Pause holds up a show, or the whole queue for "", until Resume.
	Pause(ctx context.Context, id models.ShowID) error
	// Resume lets a show, or the queue for "", go on.
	Resume(ctx context.Context, id models.ShowID) error
}

// Searcher finds the moments at which something was said.
type Searcher interface {
	// State names what searches see: while it is the same, so are the answers.
	State() string
	Search(ctx context.Context, q models.Query) (models.Results, error)
	// Complete returns ways to go on with the last word of a query that is being typed, best first, at most the query's limit.
	Complete(ctx context.Context, q models.Query) ([]models.Completion, error)
	// Mentions counts the episodes and moments that match a query, by month of publication.
	Mentions(ctx context.Context, q models.Query) (models.Mentions, error)
	// Saying finds every episode in which one of some phrases is said.
	Saying(ctx context.Context, q models.Saying) (models.Said, error)
	// Ruled returns the episodes in which a rule changed words, as far as the index has followed.
	Ruled(ctx context.Context, rule int64) (models.Reach, error)
	// Names lists the names that are said, or written about an episode, as if there were none of the hidden shows.
	Names(ctx context.Context, hidden ...models.ShowID) ([]models.FoundName, error)
	// Misheard finds what a name may have been heard as, as if there were none of the hidden shows.
	Misheard(ctx context.Context, name string, hidden ...models.ShowID) ([]models.Misheard, error)
	// Relearn makes searches go by what people said about names until now.
	Relearn(ctx context.Context) error
}

// Media opens stored audio by its key, for as long as ctx lasts; the error is [models.ErrNotFound] where there is none.
type Media interface {
	Reader(ctx context.Context, key string) (io.ReadSeekCloser, error)
}

// Options says what the API serves. Catalogue, Searcher, Media, Listening and Logger are required.
type Options struct {
	Catalogue Catalogue
	Searcher  Searcher
	Media     Media
	Listening Listening
	Logger    *slog.Logger
	// Owner changes the catalogue, and Sources finds what is to be added; both nil where nothing of that is offered.
	Owner   Owner
	Sources Sources
	// Naming keeps names, and the rules that write them right; nil where nothing of that is offered.
	Naming Naming
	// Weights keeps the models of this machine; nil where nothing is told of them.
	Weights Weights
	// Storage says how much the archive takes; nil where nobody knows.
	Storage func(context.Context) (models.Storage, error)
	// Uploads takes files; nil where none are taken.
	Uploads *Uploads
	// Version of the program, shown in /api/v1/status and the OpenAPI description; "" means "dev".
	Version string
	// Bind is the address that the server listens on, as host:port; "" means a loopback address. It decides which Host
	// headers are answered, see AllowedHosts.
	Bind string
	// AllowedHosts names hosts, without port, by which the server may be addressed besides localhost, 127.0.0.1, ::1 and
	// the hosts of Bind and PublicURL. Requests for other hosts are refused, so that a web page elsewhere cannot read the archive
	// by pointing its own name here. "*" answers for every host; it is implied when Bind names no host or an unspecified
	// address (":8080", "0.0.0.0:8080") and nothing else says a name, because the machine's names are then not known; where
	// something does, addresses in numbers, which no other site can have, are answered as well.
	AllowedHosts []string
	// Access says what those may do who are not logged in: AccessOpen (also ""), AccessRead or AccessLogin.
	Access string
	// UntilAdmin says that Access, which is open, was not chosen: it is login as soon as there is an admin who can log in.
	UntilAdmin bool
	// Accounts keeps who can log in; nil where nobody can, which only AccessOpen makes sense of.
	Accounts Accounts
	// LocalSecret is a token for the commands on this machine, which may do everything; "" for none. It begins like every token.
	LocalSecret string
	// PublicURL is the address by which browsers reach the server through a proxy: its host is answered for, and where it is
	// https, cookies are for https alone. "" where there is none.
	PublicURL string
	// TrustedProxies are the addresses and networks of proxies whose word is taken for where a request comes from.
	TrustedProxies []string
	// Seen waits until searches see all that people have changed by now; nil: nobody waits for that.
	Seen func(ctx context.Context) error
	// Exporting says that transcripts are exported into a folder as they change.
	Exporting bool
	// Metrics says to whom /metrics answers: "local" (also "") to this machine, "all" to everybody who reaches the server,
	// "off" to nobody.
	Metrics string
}

// New returns the handler of everything that the program serves. It takes part in a graceful stop when it is run by
// [Serve].
func New(o Options) (http.Handler, error) {
	if o.Catalogue == nil || o.Searcher == nil || o.Media == nil || o.Listening == nil || o.Logger == nil {
		return nil, errors.New("api: Catalogue, Searcher, Media, Listening and Logger are required")
	}
	if (o.Owner == nil) != (o.Sources == nil) {
		return nil, errors.New("api: Owner and Sources go together")
	}
	if (o.UntilAdmin || o.Access != AccessOpen && o.Access != "") && o.Accounts == nil {
		return nil, errors.New("api: Accounts are required where somebody has to log in")
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.Access == "" {
		o.Access = AccessOpen
	}
	r, _, err := newRouter(o)
	if err != nil {
		return nil, err
	}
	return guard(o, r)
}

// server is what the operations share.
type server struct {
	Options            // with the catalogue and the index as they are for whoever asks
	everything visible // what those are made of
	index      Searcher
	hub        *hub
	gate       *gate
	passwords  *password.Hasher
	forms      forms
}

// newRouter returns the routes without the guards around them, and their description.
func newRouter(o Options) (http.Handler, huma.API, error) {
	s := &server{Options: o, everything: visible{o.Catalogue, remember(takeTurns(o.Searcher), rememberMoments)}, index: o.Searcher, hub: newHub(o.Catalogue, o.Logger), gate: newGate(o), passwords: password.New(), forms: newForms()}
	s.Catalogue, s.Searcher = s.everything, s.everything
	s.hub.pulls = s.pulls
	gin.SetMode(gin.ReleaseMode) // the debug mode prints to standard output
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.UseRawPath = true // the name AC/DC, written AC%2FDC, is one part of an address
	m := newMeter(o)
	if err := r.SetTrustedProxies(o.TrustedProxies); err != nil {
		return nil, nil, fmt.Errorf("the proxies that are trusted: %w", err)
	}
	r.Use(accessLog(o.Logger), m.count, recoverPanic(o.Logger), s.gate.check)
	r.NoMethod(func(c *gin.Context) {
		writeProblem(c.Writer, http.StatusMethodNotAllowed, "this address does not answer to "+c.Request.Method)
	})
	page, err := newPage()
	if err != nil {
		return nil, nil, err
	}
	r.NoRoute(func(c *gin.Context) {
		if strings.HasPrefix(c.Request.URL.Path, "/api/") {
			writeProblem(c.Writer, http.StatusNotFound, "there is nothing at this address; see /api/v1/openapi.json for what there is")
			return
		}
		s.serveView(page, c.Writer, c.Request)
	})

	cfg := huma.DefaultConfig("Earshot", o.Version)
	cfg.Info.Description = "Everything said in an archive of recordings, findable by word, playable from that word. " +
		"Times inside a recording are milliseconds from the start of the stored audio; times of day are UTC. " +
		"Errors are application/problem+json (RFC 9457)."
	cfg.OpenAPIPath = descriptionPath
	cfg.DocsPath, cfg.SchemasPath = "", "" // the stock pages load scripts from elsewhere
	cfg.CreateHooks = nil                  // no "$schema" in bodies
	cfg.RejectUnknownQueryParameters = true
	h := humagin.New(r, cfg)
	h.UseMiddleware(strictQuery(h))

	s.registerSearch(h)
	s.registerSearchFeed(h)
	s.registerShows(h)
	s.registerEpisodes(h)
	s.registerTranscriptFiles(h)
	s.registerFeed(h)
	s.registerCovers(h)
	s.registerMedia(h)
	s.registerListening(h)
	s.registerEmbedding(h)
	s.registerQueue(h)
	if s.Owner != nil {
		s.registerOwner(h)
	}
	if s.Naming != nil {
		s.registerRules(h)
		s.registerNames(h)
	}
	if s.Weights != nil {
		s.registerWeights(h)
	}
	if s.Storage != nil {
		s.registerStorage(h)
	}
	s.registerStatus(h)
	s.registerSession(h)
	s.registerUsers(h)
	s.registerTokens(h)
	s.registerVisibility(h)
	s.registerEvents(h)
	if s.Uploads != nil {
		s.registerUploads(h)
		s.Uploads.routes(r, s.everything)
	}
	m.register(r)
	completeDescription(h.OpenAPI())
	describeSecurity(h.OpenAPI())
	s.gate.learn(h.OpenAPI())
	return r, h, nil
}

// descriptionPath is where the description of the API is, but for its ending.
const descriptionPath = "/api/v1/openapi"

// register adds an operation whose errors are translated by [server.problem]. It needs what its method says, unless [asking] says
// otherwise.
func register[I, O any](s *server, h huma.API, op huma.Operation, f func(context.Context, *I) (*O, error)) {
	op = withNeed(op)
	huma.Register(h, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, s.problem(ctx, op.OperationID, err)
		}
		return out, nil
	})
}

// get describes a reading operation.
func get(id, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary}
}
