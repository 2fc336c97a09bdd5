package api

import (
	"context"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// How much of a search its feed tells.
const (
	mentionedEpisodes = 50 // the newest that match
	mentionsOfEpisode = 20 // the first of each, as they are spoken
)

// mentionFeed is a search as a feed (RSS 2.0): an item for each moment.
type mentionFeed struct {
	XMLName xml.Name       `xml:"rss"`
	Version string         `xml:"version,attr"`
	Atom    string         `xml:"xmlns:atom,attr"`
	Channel mentionChannel `xml:"channel"`
}

type mentionChannel struct {
	Title       string        `xml:"title"`
	Link        string        `xml:"link"`
	Description string        `xml:"description"`
	Generator   string        `xml:"generator"`
	Self        atomLink      `xml:"atom:link"`
	Items       []mentionItem `xml:"item"`
}

type mentionItem struct {
	Title       string  `xml:"title"`
	Link        string  `xml:"link"`
	Description string  `xml:"description"`
	GUID        rssGUID `xml:"guid"`
	Published   string  `xml:"pubDate,omitempty"`
}

type searchFeedInput struct {
	Asked

	Query       string `query:"q" required:"true" minLength:"1" maxLength:"1000" doc:"What to look for; any text is a valid query" example:"enspiral"`
	IfNoneMatch string `header:"If-None-Match" doc:"ETag of the feed at hand"`
}

func (s *server) registerSearchFeed(h huma.API) {
	op := get("get-search-feed", "/api/v1/search/feed.xml", "New mentions of a query, for feed readers")
	op.Description = "RSS 2.0: the moments of the newest 50 episodes that match, those of the newest episode first, each with a link to where it is heard. " +
		"Only what was asked for, nothing that merely sounds like it. A reader that has to log in uses a token as its password."
	op.Responses = map[string]*huma.Response{
		"200": {Description: "The feed", Content: map[string]*huma.MediaType{"application/rss+xml": {}}},
		"304": {Description: "The feed at hand is current"},
	}
	register(s, h, searching(op), s.searchFeed)
}

func (s *server) searchFeed(ctx context.Context, in *searchFeedInput) (*fileOutput, error) {
	query := models.Query{
		Text: anyText(in.Query), Sort: models.SortNewest, Strict: true, Limit: mentionedEpisodes, Moments: mentionsOfEpisode, MomentsOffset: -1,
	}
	found, err := s.answer(ctx, query)
	if err != nil {
		return nil, err
	}
	base, q := s.origin(in.request), "q="+url.QueryEscape(query.Text)
	c := mentionChannel{
		Title: "“" + query.Text + "” in Earshot", Link: base + "/?" + q + "&sort=newest", Description: "Where “" + query.Text + "” is said, the newest first.",
		Generator: "Earshot " + s.Version, Self: atomLink{"self", "application/rss+xml", base + "/api/v1/search/feed.xml?" + q},
	}
	for _, hit := range found.Hits {
		c.Items = append(c.Items, mentionItems(base, q, hit)...)
	}
	text, err := xml.MarshalIndent(mentionFeed{Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Channel: c}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the feed of a search: %w", err)
	}
	out := s.shared(&fileOutput{ContentType: feedType, Body: append([]byte(xml.Header), text...)}, in.IfNoneMatch)
	out.AllowOrigin, out.Policy = "", "same-origin" // pages of others have no business searching
	return out, nil
}

func mentionItems(base, q string, hit Hit) (out []mentionItem) {
	e := hit.Episode
	published := ""
	if e.PublishedAt != nil {
		published = e.PublishedAt.Format(time.RFC1123Z)
	}
	for _, m := range hit.Moments {
		said := "… " + m.Snippet + " …"
		if m.Speaker != "" {
			said = m.Speaker + ": " + said
		}
		at := strconv.FormatFloat(float64(m.StartMS/100)/10, 'f', -1, 64)
		out = append(out, mentionItem{
			Title: e.ShowTitle + ": " + e.Title + ", " + clock(m.StartMS), Link: base + "/episodes/" + string(e.ID) + "?" + q + "&t=" + at, Description: html.EscapeString(said), // which readers take for HTML
			// By the second, so that a new transcript does not make old mentions new.
			GUID: rssGUID{"false", string(e.ID) + "#" + strconv.FormatInt(m.StartMS/1000, 10)}, Published: published,
		})
	}
	return out
}
