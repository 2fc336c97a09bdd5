package feed

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

const subscriptions = `<?xml version="1.0" encoding="ISO-8859-1"?><opml version="2.0"><head><title>Mine</title></head><body>
<outline text="News"><outline type="rss" text="Caf&#233; &amp; talk" xmlUrl=" https://example.org/a?token=1 "/>
<outline text="deeper"><outline title="B" text="b" xmlURL="feed://example.org/b"/></outline></outline>
<outline type="rss" text="again" xmlUrl="https://example.org/a?token=1"/><outline text="a page" htmlUrl="https://example.org/"/>
<outline xmlUrl="/etc/passwd"/></body></opml>`

func TestListOfFeeds(t *testing.T) {
	_, err := parseString(t, subscriptions)
	var l *ListError
	if !errors.As(err, &l) || !errors.Is(err, models.ErrInvalid) || strings.Contains(err.Error(), "token") {
		t.Fatal(err)
	}
	want := []models.Subscription{
		{Title: "Café & talk", Location: "https://example.org/a?token=1"}, {Title: "B", Location: "feed://example.org/b"}, {Title: "a feed without a title", Location: "/etc/passwd"},
	}
	if diff := cmp.Diff(want, l.Subscriptions()); diff != "" {
		t.Error(diff)
	}
	for name, doc := range map[string]string{
		"without any feed": "<opml><body><outline text='x'/></body></opml>", "cut off": subscriptions[:len(subscriptions)/2],
		"nested more than": "<opml>" + strings.Repeat("<outline>", 1000), "more than 5000 feeds": "<opml>" + manyOutlines(6000) + "</opml>",
	} {
		if _, err := parseString(t, doc); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyOutlines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("<outline xmlUrl='https://example.org/" + strings.Repeat("x", i%100) + string(rune('a'+i%26)) + strings.Repeat("y", i/100) + "'/>")
	}
	return b.String()
}

func FuzzOPML(f *testing.F) {
	f.Add([]byte(subscriptions))
	f.Add([]byte("<opml><outline xmlUrl="))
	f.Fuzz(func(t *testing.T, body []byte) {
		err := list(clean(body, ""), "list.opml")
		if !errors.Is(err, models.ErrInvalid) {
			t.Fatalf("%v is no models.ErrInvalid", err)
		}
		var l *ListError
		if !errors.As(err, &l) {
			return
		}
		seen := map[models.Location]bool{}
		for _, s := range l.Feeds {
			if s.Title == "" || s.Location == "" || seen[s.Location] || s.Title != cleanLine(s.Title) {
				t.Errorf("%q at %q", s.Title, string(s.Location))
			}
			seen[s.Location] = true
		}
	})
}
