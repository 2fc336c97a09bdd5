package source_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/feed"
	"github.com/earshot/earshot/pipeline/fetch"
	"github.com/earshot/earshot/pipeline/source"
)

// publisher serves documents by path, and redirects from those that begin with "301 " and "302 ". %s stands for its own address.
func publisher(t *testing.T, documents map[string]string) string {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doc, ok := documents[r.URL.Path]
		status, to, redirects := strings.Cut(doc, " /")
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		case doc == "500":
			w.WriteHeader(http.StatusInternalServerError)
		case redirects && len(status) == 3:
			w.Header().Set("Location", "/"+to)
			code := 0
			_, _ = fmt.Sscan(status, &code)
			w.WriteHeader(code)
		default:
			_, _ = fmt.Fprint(w, strings.ReplaceAll(doc, "%s", s.URL))
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// aFeed is one with some elements in its channel and an episode for each number.
func aFeed(channel string, numbers ...int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>A show</title>%s`, channel)
	for _, n := range numbers {
		fmt.Fprintf(&b, `<item><guid>%d</guid><title>%d</title><enclosure url="https://example.org/%d.mp3" type="audio/mpeg" length="1"/></item>`, n, n, n)
	}
	return b.String() + "</channel></rss>"
}

func web() *source.Resolver {
	return source.New(source.Options{Web: fetch.New(fetch.Options{AllowPrivate: true}), Feeds: feed.Reader{}})
}

func TestFeedOfSeveralPages(t *testing.T) {
	site := publisher(t, map[string]string{
		"/feed":   aFeed(`<a:link rel="next" href="/feed/2"/>`, 6, 5),
		"/feed/2": aFeed(`<a:link rel="next" href="/feed/3"/>`, 5, 4),
		"/feed/3": aFeed(`<a:link rel="prev-archive" href="%s/feed"/>`, 3, 2), // a loop
		"/short":  aFeed(`<a:link rel="next" href="/none"/>`, 9),
		"/down":   aFeed(`<a:link rel="next" href="/broken"/>`, 9),
		"/broken": "500",
		"/atom":   `<feed xmlns="http://www.w3.org/2005/Atom"><title>At</title><link rel="next" href="/atom/2"/><entry><id>1</id><title>1</title><link rel="next" href="/none"/><link rel="enclosure" href="/1.mp3" type="audio/mpeg"/></entry></feed>`,
		"/atom/2": `<feed xmlns="http://www.w3.org/2005/Atom"><title>At</title><entry><id>2</id><title>2</title><link rel="next" href="/atom/3"/><link rel="enclosure" href="/2.mp3" type="audio/mpeg"/></entry></feed>`,
	})
	r := web()
	f, err := r.Resolve(t.Context(), site+"/feed")
	if got := strings.Join(titles(f), " "); err != nil || got != "6 5 4 3 2" || f.Partial {
		t.Errorf("all pages: %s, partial %v, %v", got, f.Partial, err)
	}
	for _, e := range f.Episodes {
		if e.ShowID != f.Show.ID || e.ID != models.NewEpisodeID(f.Show.ID, e.GUID) {
			t.Errorf("episode %s of page after the first is one of the show %s, not of %s", e.Title, e.ShowID, f.Show.ID)
		}
	}
	asked := 0
	f, err = r.Look(t.Context(), f.Show, func(page []models.Episode) (bool, error) {
		asked++
		return page[len(page)-1].GUID == "4", nil
	})
	if got := strings.Join(titles(f), " "); err != nil || got != "6 5 4" || !f.Partial || asked != 2 {
		t.Errorf("until what is known: %s, partial %v, asked %d times, %v", got, f.Partial, asked, err)
	}
	f, err = r.Resolve(t.Context(), site+"/short")
	if err != nil || len(f.Episodes) != 1 || !f.Partial || len(f.Skipped) != 1 || !strings.Contains(f.Skipped[0].Reason, "404") {
		t.Errorf("a page that is not there: %+v, %v", f, err)
	}
	if _, err := r.Resolve(t.Context(), site+"/down"); err == nil || !strings.Contains(err.Error(), "page 2") {
		t.Errorf("a page that cannot be had for now: %v", err)
	}
	if f, err := r.Resolve(t.Context(), site+"/atom"); err != nil || strings.Join(titles(f), " ") != "1 2" {
		t.Errorf("an Atom feed: %q, %v", titles(f), err)
	}
}

func TestFeedsThatMove(t *testing.T) {
	const one, two = "<podcast:guid>917393e3-1b1e-5cef-ace4-edaa54e1f810</podcast:guid>", "<podcast:guid>00000000-1b1e-5cef-ace4-edaa54e1f810</podcast:guid>"
	move := func(to string) string { return "<itunes:new-feed-url>%s" + to + "</itunes:new-feed-url>" }
	site := publisher(t, map[string]string{
		"/old": "301 /new", "/hop": "308 /old", "/for-now": "302 /alike", "/page": "301 /web", "/web": "<!doctype html><p>gone", "/stolen": "301 /other",
		"/new":         aFeed(one+move("/new"), 1, 2),
		"/other":       aFeed(two, 7),
		"/says":        aFeed(one+move("/new"), 1),
		"/says-web":    aFeed(move("/web"), 1),
		"/says-none":   aFeed(move("/none"), 1),
		"/says-other":  aFeed(one+move("/other"), 1),
		"/says-round":  aFeed(move("/round"), 1),
		"/round":       aFeed(move("/says-round"), 1),
		"/says-alike":  aFeed(move("/alike"), 1),
		"/alike":       aFeed("", 2, 1),
		"/says-others": aFeed(move("/others"), 1),
		"/others":      aFeed("", 2, 3),
	})
	for from, want := range map[string]string{
		"/old": "/new", "/hop": "/new", "/for-now": "/for-now", "/says": "/new", "/says-web": "/says-web", "/says-none": "/says-none",
		"/says-other": "/says-other", "/says-round": "/says-round", "/says-alike": "/alike", "/says-others": "/says-others",
	} {
		known := models.Show{ID: models.ShowID(models.NewID("known")), FeedGUID: "917393e3-1b1e-5cef-ace4-edaa54e1f810", Source: models.Source{Kind: models.SourceFeed, Location: models.Location(site + from)}}
		f, err := web().Look(t.Context(), known, nothing)
		if err != nil || string(f.Show.Source.Location) != site+want || f.Show.ID != known.ID || f.Episodes[0].ShowID != known.ID {
			t.Errorf("%s: now at %s, want %s, %v", from, string(f.Show.Source.Location), want, err)
		}
	}
	for from, say := range map[string]string{"/page": "web page", "/stolen": "another podcast"} {
		known := models.Show{FeedGUID: "917393e3-1b1e-5cef-ace4-edaa54e1f810", Source: models.Source{Kind: models.SourceFeed, Location: models.Location(site + from)}}
		if _, err := web().Look(t.Context(), known, nothing); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", from, err)
		}
	}
}
