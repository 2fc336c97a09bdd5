package feed

import (
	"cmp"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"

	"github.com/earshot/earshot/models"
)

// What Podcasting 2.0 (podcastindex.org/namespace/1.0) says of a show and its episodes, besides people and enclosures.

// maxTranscripts bounds the links to transcripts of an episode: one for each format and language at most.
const maxTranscripts = 100

// feedGUID is podcast:guid: a UUID that stays the same wherever the feed lives. "" for what has another form.
func (r *reading) feedGUID() string {
	s := strings.ToLower(r.value(r.feed.Extensions, "podcast", "guid"))
	if len(s) != 36 || strings.Count(s, "-") != 4 || strings.Trim(s, "0123456789abcdef-") != "" {
		return ""
	}
	return s
}

// medium is podcast:medium, "" where it is the usual one.
func (r *reading) medium() string {
	s := strings.ToLower(cleanLine(r.value(r.feed.Extensions, "podcast", "medium")))
	if s == "podcast" || len(s) > 50 {
		return ""
	}
	return s
}

// transcripts reads the podcast:transcript elements with an address on the web, each address once.
func (r *reading) transcripts(x ext.Extensions) []models.TranscriptLink {
	var links []models.TranscriptLink
	seen := map[string]bool{}
	for _, e := range r.extensions(x, "podcast", "transcript") {
		address := webAddress(cmp.Or(e.Attrs["url"], e.Attrs["href"]), r.base)
		if address == "" || seen[address] || len(links) == maxTranscripts {
			continue
		}
		seen[address] = true
		links = append(links, models.TranscriptLink{
			URL: address, Type: strings.ToLower(cleanLine(e.Attrs["type"])), Language: language(e.Attrs["language"]),
			Rel: strings.ToLower(cleanLine(e.Attrs["rel"])),
		})
	}
	return links
}

// chapters is the address of the first podcast:chapters element that has one.
func (r *reading) chapters(x ext.Extensions) string {
	for _, e := range r.extensions(x, "podcast", "chapters") {
		if address := webAddress(e.Attrs["url"], r.base); address != "" {
			return address
		}
	}
	return ""
}
