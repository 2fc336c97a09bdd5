package api

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// preview is what other programs are told of an episode, or a part of it, before anybody opens it.
type preview struct {
	Title       string
	Show        string
	Date        string // "2 January 2006"; "" when unknown
	Description string // a quote, or how the notes begin
	Quote       string // what is said in the part; "" without one
	At          string // where the part begins, as players write it; "" without one
	URL         string // absolute, of the page
	Embed       string // absolute
	OEmbed      string // absolute
	Audio       string // absolute, of the part; "" without one
	Play        string // path, for the embedded player
	Private     bool   // nothing of it may be heard or read
	Image       string // absolute; "" without one
}

// quoteLength bounds a quote, in characters.
const quoteLength = 300

// part is the part of an episode that an address names; empty without one. Where the end is zero, it goes on to the end of the
// episode.
type part struct{ startMS, endMS int64 }

// partOf reads "12.3" or "12.3-45.678", in seconds; a comma for the hyphen will do, as in media fragments.
func partOf(t string) part {
	from, to, _ := strings.Cut(strings.Replace(t, ",", "-", 1), "-")
	p := part{milliseconds(from), milliseconds(to)}
	if p.endMS <= p.startMS {
		p.endMS = 0
	}
	return p
}

// milliseconds reads seconds; 0 for what is no sensible time.
func milliseconds(s string) int64 {
	sec, err := strconv.ParseFloat(s, 64)
	if err != nil || !(sec > 0 && sec < 1e6) {
		return 0
	}
	return int64(math.Round(sec * 1000))
}

// String is the part as partOf reads it; "" for none.
func (p part) String() string {
	seconds := func(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) }
	switch {
	case p.endMS > 0:
		return seconds(p.startMS) + "-" + seconds(p.endMS)
	case p.startMS > 0:
		return seconds(p.startMS)
	}
	return ""
}

// query is the part as the end of an address.
func (p part) query() string {
	if s := p.String(); s != "" {
		return "?t=" + s
	}
	return ""
}

// preview tells of an episode to those who may read it: the context says who asks.
func (s *server) preview(ctx context.Context, base, id string, p part) (preview, error) {
	if !models.ValidID(id) || !callerOf(ctx).may(needRead) {
		return preview{}, fmt.Errorf("episode %q: %w", id, models.ErrNotFound)
	}
	e, err := s.Catalogue.Episode(ctx, models.EpisodeID(id))
	if err != nil {
		return preview{}, fmt.Errorf("reading episode %s: %w", id, err)
	}
	show, err := s.Catalogue.Show(ctx, e.ShowID)
	if err != nil {
		return preview{}, fmt.Errorf("reading show %s: %w", e.ShowID, err)
	}
	page := base + "/episodes/" + id + p.query()
	v := preview{
		Title: models.ShortLine(e.Title, 200), Show: models.ShortLine(show.Title, 200), URL: page, Embed: base + "/embed/" + id + p.query(),
		OEmbed: base + oembedPath + "?" + url.Values{"url": {page}}.Encode(),
	}
	if !e.PublishedAt.IsZero() {
		v.Date = e.PublishedAt.UTC().Format("2 January 2006")
	}
	held, err := s.heldOf(ctx, e)
	if err != nil {
		return preview{}, err
	}
	v.Private = models.Whole(held)
	if e.Media.Key != "" && !v.Private {
		v.Play = "/api/v1/episodes/" + id + playbackPath + versionQuery(held, "?")
		if t := strings.Replace(p.String(), "-", ",", 1); t != "" {
			v.Play += "#t=" + t
		}
	}
	if cover := cmp.Or(coverAddress("episodes", e.ID, e.Cover), coverAddress("shows", show.ID, show.Cover)); cover != "" {
		v.Image = base + cover
	}
	v.Description = shortened(models.Line(plainText(e.Notes)), quoteLength)
	if p.endMS > 0 {
		v.At = clock(p.startMS)
		if v.Quote, err = s.quote(ctx, e.ID, p); err != nil {
			return preview{}, err
		}
		if v.Quote != "" {
			v.Description = "“" + v.Quote + "”"
		}
		if v.Play != "" && p.endMS-p.startMS <= longestClip {
			v.Audio = base + "/api/v1/episodes/" + id + clipPath + fmt.Sprintf("?start=%d&end=%d", p.startMS, p.endMS) + versionQuery(held, "&")
		}
	}
	return v, nil
}

// versionQuery makes the address of audio another one where something is held, after ? or &.
func versionQuery(held []models.Span, after string) string {
	if len(held) == 0 {
		return ""
	}
	return after + "v=" + models.HeldName(held)
}

// quote is what is said in a part, shortened; "" where there is no transcript.
func (s *server) quote(ctx context.Context, id models.EpisodeID, p part) (string, error) {
	t, err := s.Catalogue.Transcript(ctx, id, models.TaskTranscribe)
	if isNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the transcript of episode %s: %w", id, err)
	}
	const slack = 30 // ms: times in addresses are rounded
	return shortened(models.Line(t.Between(p.startMS-slack, p.endMS-slack)), quoteLength), nil
}

// shortened cuts a text after so many characters, between words where there are any.
func shortened(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	s = string([]rune(s)[:most])
	if i := strings.LastIndexByte(s, ' '); i > len(s)/2 {
		s = s[:i]
	}
	return s + "…"
}

// origin is the address under which a browser knows the server, without a slash at its end.
func (s *server) origin(r *http.Request) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// The place in the page where what it says of itself stands, for programs that do not run it.
const (
	headBegins = "<!--head-->"
	headEnds   = "<!--/head-->"
)

// headForm is what the page says of itself at an episode's address.
const headForm = `<title>{{.Title}} · {{.Show}} · Earshot</title>
    <meta name="description" content="{{.Description}}" />
    <meta property="og:type" content="website" />
    <meta property="og:site_name" content="{{.Show}}" />
    <meta property="og:title" content="{{.Title}}{{with .At}}, {{.}}{{end}}" />
    <meta property="og:description" content="{{.Description}}{{with .Date}} ({{$.Show}}, {{.}}){{end}}" />
    <meta property="og:url" content="{{.URL}}" />
    {{- with .Image}}
    <meta property="og:image" content="{{.}}" />
    {{- end}}
    {{- with .Audio}}
    <meta property="og:audio" content="{{.}}" />
    <meta property="og:audio:type" content="audio/mp4" />
    {{- end}}
    <meta name="twitter:card" content="summary" />
    <link rel="canonical" href="{{.URL}}" />
    <link rel="alternate" type="application/json+oembed" href="{{.OEmbed}}" title="{{.Title}}" />`

// forms are the parsed templates of what is written for other programs.
type forms struct{ head, embed *template.Template }

func newForms() forms {
	return forms{template.Must(template.New("head").Parse(headForm)), template.Must(template.New("embed").Parse(embedForm))}
}

// serveView answers for the page: as it is, or for an episode with what it says to programs that only look.
func (s *server) serveView(p *page, w http.ResponseWriter, r *http.Request) {
	if id, ok := strings.CutPrefix(r.URL.Path, embedPath); ok && r.Method == http.MethodGet {
		s.serveEmbed(w, r, id)
		return
	}
	id, ok := strings.CutPrefix(r.URL.Path, "/episodes/")
	if !ok || !p.built() || r.Method != http.MethodGet || !isView(r.URL.Path) {
		p.ServeHTTP(w, r)
		return
	}
	v, err := s.preview(r.Context(), s.origin(r), id, partOf(r.URL.Query().Get("t")))
	if err != nil {
		if !isNotFound(err) {
			_ = s.problem(r.Context(), "page", err) // is logged; the page finds out for itself
		}
		p.ServeHTTP(w, r) // and says that there is no such episode, or lets people log in
		return
	}
	var head bytes.Buffer
	if err := s.forms.head.Execute(&head, v); err != nil {
		_ = s.problem(r.Context(), "page", err)
		p.ServeHTTP(w, r)
		return
	}
	p.serve(w, r, p.withHead(head.Bytes()))
}

// withHead is the page with another head.
func (p *page) withHead(head []byte) []byte {
	before, rest, ok := bytes.Cut(p.index, []byte(headBegins))
	_, after, ok2 := bytes.Cut(rest, []byte(headEnds))
	if !ok || !ok2 {
		return p.index
	}
	return bytes.Join([][]byte{before, head, after}, nil)
}
