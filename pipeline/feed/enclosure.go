package feed

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"github.com/earshot/earshot/models"
)

// offers lists what an entry offers to listen to, best first: audio before video, declared types before guessed ones.
// The enclosure itself comes before its alternatives of the same kind: it is what the publisher counts as the episode.
// Locations are as published, not yet resolved.
func (r *reading) offers(it *gofeed.Item) []models.Enclosure {
	type offer struct {
		models.Enclosure
		rank int
	}
	var all []offer
	add := func(published, mediaType, medium, length, seconds string) {
		location := models.Location(strings.TrimSpace(published))
		if k := rank(string(location), mediaType, medium); location != "" && k > 0 && len(all) < 20 {
			bytes, _ := strconv.ParseUint(strings.TrimSpace(length), 10, 62)
			all = append(all, offer{models.Enclosure{
				Location: location, Type: cleanLine(mediaType), Bytes: int64(bytes), DurationMS: duration(seconds),
			}, k})
		}
	}
	for _, e := range it.Enclosures {
		if e != nil {
			add(e.URL, e.Type, "", e.Length, "")
		}
	}
	media := func(content []ext.Extension) {
		for _, c := range content {
			if c.Attrs["type"] != "" || c.Attrs["medium"] != "" || kindOf(c.Attrs["url"]) != "" {
				add(c.Attrs["url"], c.Attrs["type"], c.Attrs["medium"], c.Attrs["fileSize"], c.Attrs["duration"])
			}
		}
	}
	for _, a := range r.extensions(it.Extensions, "podcast", "alternateEnclosure") {
		for _, s := range a.Children["source"] { // the same recording at several addresses; those that are not of the web are left out later
			add(s.Attrs["uri"], cmp.Or(s.Attrs["contentType"], a.Attrs["type"]), "", a.Attrs["length"], "")
		}
	}
	if len(all) == 0 {
		media(r.extensions(it.Extensions, "media", "content"))
		for _, g := range r.extensions(it.Extensions, "media", "group") {
			media(g.Children["content"])
		}
	}
	slices.SortStableFunc(all, func(a, b offer) int { return cmp.Compare(a.rank, b.rank) })
	list := make([]models.Enclosure, len(all))
	for i, o := range all {
		list[i] = o.Enclosure
	}
	return list
}

// rank says how good an enclosure is: 1 is best, 0 is none at all.
func rank(location, mediaType, medium string) int {
	declared, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(mediaType)), "/")
	ending := kindOf(location)
	switch {
	case declared == "audio", medium == "audio":
		return 1
	case ending == "audio":
		return 2 // whatever it claims: feeds say "text/plain" or "application/octet-stream" of mp3 files
	case declared == "video", medium == "video", ending == "video":
		return 3
	case ending == "other", medium != "":
		return 0
	case declared == "", strings.EqualFold(mediaType, "application/octet-stream"), strings.EqualFold(mediaType, "application/ogg"), strings.EqualFold(mediaType, "binary/octet-stream"):
		return 4 // the download will show what it is
	default:
		return 0
	}
}

// kindOf guesses from the ending of an address: "audio", "video", "other", or "" where it says nothing.
func kindOf(location string) string {
	u, err := url.Parse(strings.TrimSpace(location))
	if err != nil {
		return ""
	}
	switch strings.ToLower(path.Ext(u.Path)) {
	case ".mp3", ".m4a", ".m4b", ".aac", ".ogg", ".oga", ".opus", ".spx", ".flac", ".wav", ".aif", ".aiff", ".wma", ".mka", ".weba", ".caf", ".amr", ".mp2", ".gsm", ".w64", ".ac3":
		return "audio"
	case ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ogv", ".wmv", ".flv", ".3gp":
		return "video"
	case ".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg", ".pdf", ".epub", ".zip", ".torrent", ".html", ".htm", ".txt", ".vtt", ".srt", ".json", ".xml", ".doc", ".docx":
		return "other"
	default:
		return ""
	}
}
