package feed

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"github.com/earshot/earshot/models"
)

// reading is one feed on its way from gofeed's terms to ours.
type reading struct {
	*outline
	document
	feed *gofeed.Feed
}

func (r *reading) listing() models.Listing {
	var l models.Listing
	l.Show = r.show()
	if r.folder == nil {
		l.NextPage = models.Location(webAddress(r.next, r.base))
		l.MovedTo = models.Location(webAddress(r.value(r.feed.Extensions, "itunes", "new-feed-url"), r.base))
	}
	find := r.locator(l.Show.Link)
	without := 0
	for _, item := range r.feed.Items {
		if item == nil {
			continue
		}
		e, skip := r.episode(item, find)
		switch skip {
		case "":
			l.Episodes = append(l.Episodes, e)
		case noAudio:
			without++
		default:
			l.Skipped = append(l.Skipped, models.Skip{Name: e.Title, Reason: skip})
		}
	}
	l.Episodes, l.Skipped = distinct(l.Episodes, l.Skipped)
	if without > 0 {
		l.Skipped = append(l.Skipped, models.Skip{Name: entries(without), Reason: noAudio})
	}
	for i := range l.Episodes {
		e := &l.Episodes[i]
		e.ShowID, e.ID, e.State = l.Show.ID, models.NewEpisodeID(l.Show.ID, e.GUID), models.EpisodeQueued
	}
	return l
}

// noAudio is why most entries of a blog are no episodes; they are counted rather than named.
const noAudio = "no audio is enclosed"

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

func (r *reading) show() models.Show {
	f := r.feed
	s := models.Show{
		ID:          models.NewShowID(r.source),
		Title:       cmp.Or(cleanLine(f.Title), cleanLine(r.value(f.Extensions, "itunes", "title")), cleanLine(r.fallback), "Untitled show"),
		Author:      cleanLine(r.value(f.Extensions, "itunes", "author")),
		Description: cleanNotes(longest(f.Description, r.value(f.Extensions, "itunes", "summary"))),
		Language:    language(f.Language),
		Link:        webAddress(f.Link, r.base),
		Source:      r.source,
		People:      r.people(f.Extensions),
		FeedGUID:    r.feedGUID(),
		Medium:      r.medium(),
		Locked:      strings.EqualFold(r.value(f.Extensions, "podcast", "locked"), "yes"),
	}
	if s.Author == "" && len(f.Authors) > 0 && f.Authors[0] != nil {
		s.Author = cleanLine(f.Authors[0].Name)
	}
	base := r.base
	if base == nil {
		base, _ = url.Parse(s.Link)
	}
	for _, e := range r.extensions(f.Extensions, "itunes", "image") {
		s.ImageURL = cmp.Or(s.ImageURL, webAddress(e.Attrs["href"], base))
	}
	if s.ImageURL == "" && f.Image != nil {
		s.ImageURL = webAddress(f.Image.URL, base)
	}
	return s
}

// episode reads one entry. skip says why it is none; the title is set even then.
func (r *reading) episode(it *gofeed.Item, find locator) (e models.Episode, skip string) {
	x := it.Extensions
	e = models.Episode{
		Title:       cmp.Or(cleanLine(it.Title), cleanLine(r.value(x, "itunes", "title"))),
		Notes:       cleanNotes(longest(it.Content, it.Description, r.value(x, "itunes", "summary"))),
		Link:        webAddress(it.Link, r.base),
		PublishedAt: date(cmp.Or(it.PublishedParsed, it.UpdatedParsed), cmp.Or(it.Published, it.Updated)),
		Season:      cmp.Or(number(r.value(x, "podcast", "season")), number(r.value(x, "itunes", "season"))),
		Number:      cmp.Or(number(r.value(x, "podcast", "episode")), number(r.value(x, "itunes", "episode"))),
		People:      r.people(x),
		Transcripts: r.transcripts(x),
		ChaptersURL: r.chapters(x),
	}
	offers := r.offers(it)
	if len(offers) == 0 {
		e.Title = cmp.Or(e.Title, "untitled entry")
		return e, noAudio
	}
	for _, o := range offers {
		var location string
		if location, skip = find(string(o.Location)); skip == "" {
			o.Location = models.Location(location)
			e.Enclosure = o
			break
		}
	}
	e.Enclosure.DurationMS = cmp.Or(duration(r.value(x, "itunes", "duration")), e.Enclosure.DurationMS)
	e.Title = cmp.Or(e.Title, titleOf(string(offers[0].Location)), "Untitled episode")
	e.GUID = cmp.Or(guid(it.GUID), guid(string(e.Enclosure.Location)))
	return e, skip
}

// guid bounds a publisher's identifier without making two of them equal.
func guid(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if len(s) > 1024 {
		return models.NewID("guid", s)
	}
	return s
}

// titleOf makes a title of the address of a recording without one.
func titleOf(location string) string {
	u, err := url.Parse(strings.TrimSpace(location))
	if err != nil {
		return ""
	}
	base := path.Base(u.Path)
	if base == "/" || base == "." {
		return ""
	}
	return cleanLine(strings.TrimSuffix(base, path.Ext(base)))
}

// distinct gives every episode a GUID of its own. An entry that repeats GUID and recording is dropped. Where a publisher
// uses one GUID for different recordings, the oldest keeps it, so that an episode's identifier does not change when the
// next one comes; the others get their recording's address added.
func distinct(episodes []models.Episode, skipped []models.Skip) ([]models.Episode, []models.Skip) {
	type key struct {
		guid     string
		location models.Location
	}
	seen := make(map[key]bool, len(episodes))
	byGUID := make(map[string][]int, len(episodes))
	kept := episodes[:0]
	for _, e := range episodes {
		k := key{e.GUID, e.Enclosure.Location}
		if seen[k] {
			skipped = append(skipped, models.Skip{Name: e.Title, Reason: "the feed names it twice"})
			continue
		}
		seen[k] = true
		byGUID[e.GUID] = append(byGUID[e.GUID], len(kept))
		kept = append(kept, e)
	}
	for _, same := range byGUID {
		slices.SortFunc(same, func(a, b int) int {
			// Feeds list the newest first: of entries without dates, the later one is older.
			return cmp.Or(kept[a].PublishedAt.Compare(kept[b].PublishedAt), b-a)
		})
		for _, i := range same[1:] {
			kept[i].GUID = guid(kept[i].GUID + "#" + string(kept[i].Enclosure.Location))
		}
	}
	return kept, skipped
}

// people reads podcast:person elements.
func (r *reading) people(x ext.Extensions) []models.Person {
	var people []models.Person
	for _, e := range r.extensions(x, "podcast", "person") {
		p := models.Person{Name: cleanLine(e.Value), Role: cmp.Or(strings.ToLower(cleanLine(e.Attrs["role"])), "host")}
		if p.Name != "" && len(people) < 100 && !slices.Contains(people, p) {
			people = append(people, p)
		}
	}
	return people
}

// extensions returns the elements of that name in a namespace, under whatever prefix the feed has it.
func (r *reading) extensions(x ext.Extensions, custom, name string) []ext.Extension {
	var all []ext.Extension
	for _, k := range r.keys(custom) {
		all = append(all, x[k][name]...)
	}
	return all
}

// value returns the text of the first such element that has any.
func (r *reading) value(x ext.Extensions, custom, name string) string {
	for _, e := range r.extensions(x, custom, name) {
		if v := strings.TrimSpace(e.Value); v != "" {
			return v
		}
	}
	return ""
}

func longest(texts ...string) string {
	return slices.MaxFunc(texts, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
}
