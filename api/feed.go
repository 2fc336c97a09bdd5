package api

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// The feed of a show gives it back to programs that play podcasts: the audio as it is stored here, with transcripts and
// chapters. It says nothing of where the show comes from: the address of a private feed, and identifiers and links made of it,
// are as good as a password.
const (
	feedEpisodes = 200 // in one page of a feed
	feedType     = "application/rss+xml; charset=utf-8"
)

// The elements of a feed (RSS 2.0, https://www.rssboard.org/rss-specification; Apple's and Podcasting 2.0's namespaces). A prefix in a
// name is written as it is.
type rssFeed struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	ITunes  string     `xml:"xmlns:itunes,attr"`
	Podcast string     `xml:"xmlns:podcast,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string      `xml:"title"`
	Link        string      `xml:"link"`
	Description string      `xml:"description"`
	Language    string      `xml:"language,omitempty"`
	Generator   string      `xml:"generator"`
	Built       string      `xml:"lastBuildDate,omitempty"`
	Links       []atomLink  `xml:"atom:link"`
	Author      string      `xml:"itunes:author,omitempty"`
	Image       *itunesHref `xml:"itunes:image"`
	Block       string      `xml:"itunes:block"`
	GUID        string      `xml:"podcast:guid,omitempty"`
	Medium      string      `xml:"podcast:medium,omitempty"`
	Locked      string      `xml:"podcast:locked,omitempty"`
	People      []rssPerson `xml:"podcast:person"`
	Items       []rssItem   `xml:"item"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type itunesHref struct {
	Href string `xml:"href,attr"`
}

type rssPerson struct {
	Role string `xml:"role,attr,omitempty"`
	Name string `xml:",chardata"`
}

type rssItem struct {
	Title       string          `xml:"title"`
	Link        string          `xml:"link,omitempty"`
	Description string          `xml:"description,omitempty"`
	GUID        rssGUID         `xml:"guid"`
	Published   string          `xml:"pubDate,omitempty"`
	Enclosure   rssEnclosure    `xml:"enclosure"`
	Duration    string          `xml:"itunes:duration,omitempty"`
	Season      int             `xml:"itunes:season,omitempty"`
	Number      int             `xml:"itunes:episode,omitempty"`
	Image       *itunesHref     `xml:"itunes:image"`
	Transcripts []rssTranscript `xml:"podcast:transcript"`
	Chapters    *rssChapters    `xml:"podcast:chapters"`
	People      []rssPerson     `xml:"podcast:person"`
}

type rssGUID struct {
	Permanent string `xml:"isPermaLink,attr"`
	ID        string `xml:",chardata"`
}

type rssEnclosure struct {
	URL    string `xml:"url,attr"`
	Length int64  `xml:"length,attr"`
	Type   string `xml:"type,attr"`
}

type rssTranscript struct {
	URL      string `xml:"url,attr"`
	Type     string `xml:"type,attr"`
	Language string `xml:"language,attr,omitempty"`
	Rel      string `xml:"rel,attr,omitempty"`
}

type rssChapters struct {
	URL  string `xml:"url,attr"`
	Type string `xml:"type,attr"`
}

type feedInput struct {
	Asked

	ID          string `path:"id" doc:"Identifier of a show" example:"0123456789abcdef"`
	Cursor      string `query:"cursor" maxLength:"200" doc:"Where to go on; the feed says it in its link to the next page"`
	IfNoneMatch string `header:"If-None-Match" doc:"ETag of the feed at hand"`
}

func (s *server) registerFeed(h huma.API) {
	op := get("get-feed", "/api/v1/shows/{id}/feed.xml", "A show as a podcast feed, with transcripts")
	op.Description = "RSS 2.0 with the elements of iTunes and Podcasting 2.0, of the episodes whose audio is here, newest first. Its addresses are those of this server: " +
		"set public-url where others reach it by another one. It tells nothing of where the show comes from."
	op.Errors = []int{http.StatusNotFound}
	op.Responses = map[string]*huma.Response{
		"200": {Description: "The feed", Content: map[string]*huma.MediaType{"application/rss+xml": {}}},
		"304": {Description: "The feed at hand is current"},
	}
	register(s, h, op, s.feed)
}

func (s *server) feed(ctx context.Context, in *feedInput) (*fileOutput, error) {
	if !models.ValidID(in.ID) {
		return nil, huma.Error404NotFound("there is no show with this identifier")
	}
	show, err := s.Catalogue.Show(ctx, models.ShowID(in.ID))
	if err != nil {
		return nil, fmt.Errorf("reading show %s: %w", in.ID, err)
	}
	episodes, next, err := s.episodesFrom(ctx, in.Cursor, models.EpisodeFilter{ShowID: show.ID, Limit: feedEpisodes})
	if err != nil {
		return nil, err
	}
	held, err := s.heldIn(ctx, episodes...)
	if err != nil {
		return nil, err
	}
	w := feedWriter{base: s.origin(in.request), secrets: secretsOf(show.Source.Location), version: s.Version, held: held}
	text, err := xml.MarshalIndent(w.feed(show, episodes, in.Cursor, next), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the feed of show %s: %w", in.ID, err)
	}
	return s.shared(&fileOutput{ContentType: feedType, Body: append([]byte(xml.Header), text...)}, in.IfNoneMatch), nil
}

// feedWriter makes a feed of what the archive has.
type feedWriter struct {
	base    string   // address of the server
	secrets []string // what no text may hold
	version string
	held    map[models.EpisodeID][]models.Span // what is kept from everybody
}

func (w feedWriter) feed(show models.Show, episodes []models.Episode, cursor, next string) rssFeed {
	self := w.base + "/api/v1/shows/" + string(show.ID) + "/feed.xml"
	c := rssChannel{
		Title: w.text(show.Title), Link: cmp.Or(w.link(show.Link), w.base+"/"), Language: show.Language, Generator: "Earshot " + w.version,
		Description: cmp.Or(w.text(plainText(show.Description)), w.text(show.Title)), Author: w.text(show.Author),
		Block: "Yes", // directories list what publishers publish, not copies
		GUID:  w.text(show.FeedGUID), Medium: show.Medium, People: w.people(show.People),
		Links: []atomLink{{"self", "application/rss+xml", at(self, cursor)}},
	}
	if next != "" {
		c.Links = append(c.Links, atomLink{"next", "application/rss+xml", at(self, next)})
	}
	if show.Cover != "" {
		c.Image = &itunesHref{w.base + coverAddress("shows", show.ID, show.Cover)}
	}
	if show.Locked {
		c.Locked = "yes"
	}
	changed := show.UpdatedAt
	for _, e := range episodes {
		if e.Media.Key == "" || models.Whole(w.held[e.ID]) {
			continue // there is nothing to listen to here, not yet or not for anybody
		}
		c.Items = append(c.Items, w.item(e))
		if e.UpdatedAt.After(changed) {
			changed = e.UpdatedAt
		}
	}
	if !changed.IsZero() {
		c.Built = changed.Format(time.RFC1123Z)
	}
	return rssFeed{
		Version: "2.0", Atom: "http://www.w3.org/2005/Atom", ITunes: "http://www.itunes.com/dtds/podcast-1.0.dtd",
		Podcast: "https://podcastindex.org/namespace/1.0", Channel: c,
	}
}

func at(address, cursor string) string {
	if cursor == "" {
		return address
	}
	return address + "?cursor=" + url.QueryEscape(cursor)
}

func (w feedWriter) item(e models.Episode) rssItem {
	here := w.base + "/api/v1/episodes/" + string(e.ID)
	contentType, _ := mediaType(e.Media.ContentType)
	i := rssItem{
		Title: w.text(e.Title), Link: w.link(e.Link), Description: w.text(plainText(e.Notes)), GUID: rssGUID{"false", string(e.ID)},
		Enclosure: rssEnclosure{here + "/media", e.Media.Bytes, contentType}, Season: e.Season, Number: e.Number, People: w.people(e.People),
	}
	if held := w.held[e.ID]; len(held) > 0 {
		// Its length is known when it is made; what is private may be heard where the publisher has it.
		i.Link, i.Enclosure = "", rssEnclosure{here + "/media" + versionQuery(held, "?"), 0, "audio/mp4"}
	}
	if !e.PublishedAt.IsZero() {
		i.Published = e.PublishedAt.Format(time.RFC1123Z)
	}
	if e.Media.DurationMS > 0 {
		i.Duration = strconv.FormatInt((e.Media.DurationMS+999)/1000, 10)
	}
	if e.Cover != "" {
		i.Image = &itunesHref{w.base + coverAddress("episodes", e.ID, e.Cover)}
	}
	if len(e.Chapters) > 0 {
		i.Chapters = &rssChapters{here + "/chapters.json", chaptersType}
	}
	if e.State != models.EpisodeDone {
		return i
	}
	for _, f := range transcriptFiles() {
		if f.ending == "md" {
			continue // no app reads it
		}
		t := rssTranscript{URL: here + "/transcript." + f.ending}
		t.Type, _, _ = strings.Cut(f.media, ";")
		if f.ending != "txt" {
			t.Rel = "captions"
		}
		i.Transcripts = append(i.Transcripts, t)
	}
	return i
}

func (w feedWriter) people(people []models.Person) []rssPerson {
	out := make([]rssPerson, len(people))
	for i, p := range people {
		out[i] = rssPerson{Role: p.Role, Name: w.text(p.Name)}
	}
	return out
}

// text takes what is secret out of published text.
func (w feedWriter) text(s string) string {
	for _, secret := range w.secrets {
		s = strings.ReplaceAll(s, secret, "…")
	}
	return s
}

// link returns a published link if it may be told to everybody, else "".
func (w feedWriter) link(s string) string {
	u, err := url.Parse(webLink(s))
	if err != nil || u.Host == "" || u.User != nil || w.text(s) != s {
		return ""
	}
	return s
}

// secretsOf returns the parts of a feed's address that may be a token: values of its query, and long parts of its path with digits
// in them.
func secretsOf(l models.Location) (out []string) {
	const (
		leastValue = 6
		leastPart  = 12
	)
	u, err := url.Parse(string(l))
	if err != nil || !l.Remote() {
		return nil
	}
	for _, values := range u.Query() {
		for _, v := range values {
			if len(v) >= leastValue {
				out = append(out, v, url.QueryEscape(v))
			}
		}
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if len(part) >= leastPart && strings.ContainsFunc(part, unicode.IsDigit) {
			out = append(out, part)
		}
	}
	return out
}
