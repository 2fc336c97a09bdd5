package feed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

const good = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>Eco <![CDATA[Cast & Friends]]></title><link>https://example.org/show</link><language>en-US</language>
<description>About &lt;b&gt;things&lt;/b&gt;</description>
<itunes:author>Jane Doe</itunes:author><itunes:image href="/cover.jpg"/>
<podcast:person role="Host" href="https://example.org/jane">Jane Doe</podcast:person><podcast:person>Joe</podcast:person>
<item><title>E1: a &lt; b</title><guid isPermaLink="false">e1</guid><pubDate>Wed, 02 Oct 2024 13:00:00 +0200</pubDate><link>/e1</link>
<description>short</description><content:encoded><![CDATA[<p>The <i>long</i> notes</p>]]></content:encoded>
<enclosure url="https://example.org/cover.png" length="5" type="image/png"/>
<enclosure url="https://example.org/e1.mp4" length="99999" type="video/mp4"/>
<enclosure url="../audio/e 1.mp3?x=1&amp;y=2" length="12345" type="audio/mpeg"/>
<itunes:duration>1:02:03</itunes:duration><itunes:season>2</itunes:season><itunes:episode>5</itunes:episode>
<podcast:person role="guest">Max</podcast:person></item>
<item><title>A blog post</title><guid>post</guid></item>
<item><itunes:title>E0</itunes:title><media:group><media:content url="https://example.org/e0.m4a" type="audio/mp4" duration="61" fileSize="7"/></media:group></item>
</channel></rss>`

func parseString(t *testing.T, doc string) (models.Listing, error) {
	t.Helper()
	return Reader{}.Parse(models.Source{Location: "https://example.org/feeds/show.xml"}, models.Page{URL: "https://example.org/feeds/show.xml", Body: []byte(doc)})
}

func TestGoodFeed(t *testing.T) {
	l, err := parseString(t, good)
	if err != nil {
		t.Fatal(err)
	}
	s := l.Show
	if s.Title != "Eco Cast & Friends" || s.Author != "Jane Doe" || s.Language != "en-US" || s.Link != "https://example.org/show" ||
		s.ImageURL != "https://example.org/cover.jpg" || s.Description != "About <b>things</b>" || s.Source.Kind != models.SourceFeed ||
		s.ID != models.NewShowID(s.Source) || fmt.Sprint(s.People) != "[{Jane Doe host} {Joe host}]" {
		t.Errorf("show: %+v", s)
	}
	if len(l.Episodes) != 2 || fmt.Sprint(l.Skipped) != "[{1 entry no audio is enclosed}]" {
		t.Fatalf("%d episodes, skipped %v", len(l.Episodes), l.Skipped)
	}
	want := models.Episode{
		ID: models.NewEpisodeID(s.ID, "e1"), ShowID: s.ID, GUID: "e1", Title: "E1: a < b", Notes: "<p>The <i>long</i> notes</p>",
		Link: "https://example.org/e1", PublishedAt: time.Date(2024, 10, 2, 11, 0, 0, 0, time.UTC), Season: 2, Number: 5,
		People: []models.Person{{Name: "Max", Role: "guest"}}, State: models.EpisodeQueued,
		Enclosure: models.Enclosure{Location: "https://example.org/audio/e%201.mp3?x=1&y=2", Type: "audio/mpeg", Bytes: 12345, DurationMS: 3723000},
	}
	if fmt.Sprintf("%+v", l.Episodes[0]) != fmt.Sprintf("%+v", want) {
		t.Errorf("episode:\n%+v, want\n%+v", l.Episodes[0], want)
	}
	e0 := l.Episodes[1]
	if e0.Title != "E0" || e0.GUID != "https://example.org/e0.m4a" || e0.Enclosure.DurationMS != 61000 || e0.Enclosure.Bytes != 7 {
		t.Errorf("an episode of media:content: %+v", e0)
	}
}

func TestNamespacesGoByAddressNotPrefix(t *testing.T) {
	swap := func(from, to string) string {
		return strings.NewReplacer("xmlns:"+from, "xmlns:"+to, "<"+from+":", "<"+to+":", "</"+from+":", "</"+to+":").Replace(good)
	}
	for name, doc := range map[string]string{
		"another prefix":        swap("podcast", "pc"),
		"another itunes prefix": swap("itunes", "apple"),
		"the namespace of 2020": strings.Replace(good, "https://podcastindex.org/namespace/1.0", "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", 1),
		"odd case":              strings.Replace(good, "http://www.itunes.com/dtds/podcast-1.0.dtd", "http://www.itunes.com/DTDs/Podcast-1.0.dtd", 1),
		"not declared":          strings.Replace(good, `xmlns:podcast="https://podcastindex.org/namespace/1.0"`, "", 1),
		"declared on the item": strings.Replace(strings.ReplaceAll(strings.Replace(good, `xmlns:podcast="https://podcastindex.org/namespace/1.0"`, "", 1),
			"<podcast:person", `<podcast:person xmlns:podcast="https://podcastindex.org/namespace/1.0"`), "xx", "xx", 1),
	} {
		l, err := parseString(t, doc)
		if err != nil || len(l.Show.People) != 2 || len(l.Episodes) != 2 || len(l.Episodes[0].People) != 1 || l.Show.Author != "Jane Doe" || l.Episodes[0].Season != 2 {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
	foreign := strings.Replace(good, "https://podcastindex.org/namespace/1.0", "https://example.org/something-else", 1)
	if l, err := parseString(t, foreign); err != nil || len(l.Show.People) != 0 {
		t.Errorf("the prefix podcast: of a foreign namespace was read: %v, %v", l.Show.People, err)
	}
}

func TestAtom(t *testing.T) {
	l, err := parseString(t, `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://cdn.example.org/base/"><title>At</title><author><name>Ann</name></author>
<link rel="alternate" href="https://example.org/"/>
<entry><id>tag:1</id><title type="html">One &lt;b&gt;bold&lt;/b&gt;</title><updated>2024-01-02T03:04:05Z</updated>
<link rel="enclosure" type="audio/mpeg" length="10" href="one.mp3"/></entry></feed>`)
	if err != nil || len(l.Episodes) != 1 {
		t.Fatalf("%+v, %v", l, err)
	}
	if e := l.Episodes[0]; l.Show.Author != "Ann" || e.GUID != "tag:1" || e.Title != "One bold" || e.Enclosure.Location != "https://cdn.example.org/base/one.mp3" || e.PublishedAt.IsZero() {
		t.Errorf("%+v", e)
	}
}

func TestRDF(t *testing.T) {
	l, err := parseString(t, `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="x"><title>Old</title><link>http://example.org/</link></channel>
<item rdf:about="1"><title>One</title><link>http://example.org/1</link><dc:date>2003-04-05T06:07:08+00:00</dc:date><enclosure url="http://example.org/1.mp3" type="audio/mpeg"/></item></rdf:RDF>`)
	if err != nil || len(l.Episodes) != 1 || l.Show.Title != "Old" || l.Episodes[0].PublishedAt.Year() != 2003 || l.Episodes[0].GUID != "http://example.org/1.mp3" {
		t.Fatalf("%+v, %v", l, err)
	}
}

func items(entries ...string) string {
	return `<rss version="2.0"><channel><title>T</title><item>` + strings.Join(entries, "</item><item>") + `</item></channel></rss>`
}

func audioAt(url string) string { return `<enclosure type="audio/mpeg" url="` + url + `"/>` }

func TestGUIDs(t *testing.T) {
	l, err := parseString(t, items(
		`<title>new</title><guid>same</guid><pubDate>2024-02-02</pubDate>`+audioAt("http://a/2.mp3"),
		`<title>old</title><guid>same</guid><pubDate>2024-01-01</pubDate>`+audioAt("http://a/1.mp3"),
		`<title>old again</title><guid>same</guid><pubDate>2024-01-01</pubDate>`+audioAt("http://a/1.mp3"),
		`<title>none</title>`+audioAt("http://a/3.mp3"),
		`<title>long</title><guid>`+strings.Repeat("x", 5000)+`</guid>`+audioAt("http://a/4.mp3")))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range l.Episodes {
		got = append(got, e.Title+"="+e.GUID)
	}
	if len(got) != 4 || got[0] != "new=same#http://a/2.mp3" || got[1] != "old=same" || got[2] != "none=http://a/3.mp3" || len(got[3]) > 1100 {
		t.Errorf("GUIDs %q", got)
	}
	if len(l.Skipped) != 1 || l.Skipped[0].Name != "old again" {
		t.Errorf("skipped %v", l.Skipped)
	}
}

func TestOddDocuments(t *testing.T) {
	for name, c := range map[string]struct{ doc, title string }{
		"bare ampersand":       {strings.Replace(items(audioAt("http://a/1.mp3")), ">T<", ">A & B &nbsp; C<", 1), "A & B C"},
		"control":              {strings.Replace(items(audioAt("http://a/1.mp3")), ">T<", ">A\x0b\x00 B&#11;&#x1F;<", 1), "A B"},
		"mark and spaces":      {"\ufeff \n" + strings.Replace(items(audioAt("http://a/1.mp3")), ">T<", ">Ü<", 1), "Ü"},
		"latin1":               {`<?xml version="1.0" encoding="ISO-8859-1"?>` + strings.Replace(items(audioAt("http://a/1.mp3")), ">T<", ">Caf\xe9<", 1), "Café"},
		"latin1 that is utf-8": {`<?xml version="1.0" encoding="ISO-8859-1"?>` + strings.Replace(items(audioAt("http://a/1.mp3")), ">T<", ">Café<", 1), "Café"},
		"bad utf-8":            {`<?xml version="1.0" encoding="utf-8"?>` + strings.Replace(items(audioAt("http://a/1.mp3")), ">T<", ">Caf\xe9 für “zwei” \x96<", 1), "Café für “zwei” –"},
		"shift_jis":            {`<?xml version="1.0" encoding="Shift_JIS"?>` + strings.Replace(items(audioAt("http://a/1.mp3")), ">T<", ">\x83\x65\x83\x58\x83\x67<", 1), "テスト"},
		"no bracket":           {strings.TrimSuffix(items(audioAt("http://a/1.mp3")), ">"), "T"},
		"no title":             {strings.Replace(items(audioAt("http://a/1.mp3")), "<title>T</title>", "", 1), "example.org"},
		"entity bomb":          {`<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>` + strings.Replace(items(audioAt("http://a/1.mp3")), ">T<", ">&b;<", 1), "&b;"},
		"outer entity":         {`<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + strings.Replace(items(audioAt("http://a/1.mp3")), ">T<", ">&a;<", 1), "&a;"},
		"long comment":         {"<!--" + strings.Repeat("-x", 5000) + "-->" + items(audioAt("http://a/1.mp3")), "T"},
	} {
		l, err := parseString(t, c.doc)
		if err != nil || l.Show.Title != c.title || len(l.Episodes) != 1 {
			t.Errorf("%s: title %q, %d episodes, %v; want %q and 1", name, l.Show.Title, len(l.Episodes), err, c.title)
		}
	}
}

func TestUnusableDocuments(t *testing.T) {
	deep := `<rss version="2.0"><channel><title>d</title>` + strings.Repeat("<a>", 100_000)
	many := `<rss version="2.0"><channel>` + strings.Repeat("<item/>", maxItems+1) + "</channel></rss>"
	crumbs := `<rss version="2.0" xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><i:author>` + strings.Repeat("<![CDATA[x]]>", 200_000) + "</i:author></channel></rss>"
	var prefixes strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&prefixes, ` xmlns:p%d="u"`, i)
	}
	bindings := `<rss version="2.0"` + prefixes.String() + `><channel>` + strings.Repeat(`<a xmlns:b="c"/>`, 20_000) + "</channel></rss>"
	for name, c := range map[string]struct{ doc, say string }{
		"empty":      {" \n", "is empty"},
		"page":       {"<!doctype html><html><body>404</body></html>", "is a web page, not a feed"},
		"xhtml":      {`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>`, "is a web page"},
		"opml":       {`<opml version="2.0"><body/></opml>`, "list of feeds"},
		"json":       {`{"version": "https://jsonfeed.org/version/1.1"}`, "JSON"},
		"mp3":        {"ID3\x04\x00\x00\x00\x00\xff\xfb\x90\x00", "not a feed"},
		"text":       {"hello", "text of another kind"},
		"other xml":  {"<svg/>", "another kind (svg)"},
		"cut off":    {good[:len(good)-300], "cut off in the middle"},
		"broken":     {strings.Replace(good, "<item>", "<item <", 1), "cannot be read"},
		"deep":       {deep, "nested more than"},
		"many items": {many, "more than 50000 episodes"},
		"crumbs":     {crumbs, "slow to read"},
		"bindings":   {bindings, "slow to read"},
	} {
		began := time.Now()
		_, err := parseString(t, c.doc)
		if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), c.say) || strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%s: %v; want %q", name, err, c.say)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
}

func TestPagesNameTheirFeed(t *testing.T) {
	for name, c := range map[string]struct{ head, want string }{
		"relative":     {`<link rel="alternate" type="application/rss+xml" href="/feed.xml">`, "https://example.org/feed.xml"},
		"base":         {`<base href="https://cdn.example.org/x/"><link rel="alternate" type="application/rss+xml" href="feed">`, "https://cdn.example.org/x/feed"},
		"rss first":    {`<link rel=alternate type=application/atom+xml href=/atom><LINK REL="Alternate" TYPE="application/rss+xml; charset=utf-8" HREF=/rss>`, "https://example.org/rss"},
		"atom":         {`<link rel="feed alternate" type="application/atom+xml" href="/atom">`, "https://example.org/atom"},
		"stylesheet":   {`<link rel="alternate stylesheet" type="text/css" href="/a.css">`, ""},
		"other scheme": {`<link rel="alternate" type="application/rss+xml" href="file:///etc/passwd">`, ""},
	} {
		_, err := parseString(t, "<!DOCTYPE html><html><head>"+c.head+"</head><p>unclosed <br></html>")
		var nf *NotFeedError
		if !errors.As(err, &nf) || nf.FeedURL() != c.want || !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v names %q, want %q", name, err, nf.FeedURL(), c.want)
		}
	}
}

func TestBigFeed(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel><title>big</title>`)
	for i := range 20_000 {
		fmt.Fprintf(&b, "<item><title>Episode %d</title><guid>%d</guid>%s<description>%s</description></item>", i, i, audioAt(fmt.Sprintf("http://a/%d.mp3", i)), strings.Repeat("word ", 40))
	}
	b.WriteString("</channel></rss>")
	if l, err := parseString(t, b.String()); err != nil || len(l.Episodes) != 20_000 || l.Episodes[19_999].Title != "Episode 19999" {
		t.Errorf("%d episodes, %v", len(l.Episodes), err)
	}
}

func TestValues(t *testing.T) {
	for in, want := range map[string]int64{"1:02:03": 3723000, "62:03": 3723000, "3723": 3723000, " 3723.5 ": 3723500, "00:00:01.5": 1500, "": 0, "abc": 0, "-5": 0, "1:2:3:4": 0, "1e9": 0, "NaN": 0, "1.5:00": 0, "Inf": 0} {
		if got := duration(in); got != want {
			t.Errorf("duration(%q) = %d, want %d", in, got, want)
		}
	}
	for in, want := range map[string]int{"5": 5, " 07 ": 7, "3.5": 3, "0": 0, "-1": 0, "x": 0, "1e99": 0, "NaN": 0} {
		if got := number(in); got != want {
			t.Errorf("number(%q) = %d, want %d", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"Wed, 02 Oct 2024 13:00:00 GMT": "2024-10-02T13:00:00Z", "Mit, 2 Okt 2024": "", "Wed, 2 Sept 2024 13:00:00 +0000": "2024-09-02T13:00:00Z",
		"Thursday, 3 October 2024 10:00:00 +0000": "2024-10-03T10:00:00Z", "2024-10-02T13:00:00+02:00": "2024-10-02T11:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT": "", "yesterday": "", "0000-00-00": "",
		"Tue, 30 Apr 2024 22:00:00 EST": "2024-05-01T03:00:00Z", "2024-10-02": "2024-10-02T00:00:00Z",
	} {
		l, err := parseString(t, items("<pubDate>"+in+"</pubDate>"+audioAt("http://a/1.mp3")))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if at := l.Episodes[0].PublishedAt; !at.IsZero() {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("date %q = %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good), "")
	f.Add([]byte(items(audioAt("a.mp3"))), "text/xml; charset=shift_jis")
	f.Add([]byte("<feed xmlns='http://www.w3.org/2005/Atom'><entry><link rel='enclosure' href='a.mp3'/></entry></feed>"), "")
	f.Add([]byte("<html><link rel=alternate type=application/rss+xml href=x>"), "text/html")
	f.Add([]byte("\xff\xfe<\x00r\x00"), "")
	f.Add([]byte("<rdf><item></rdf"), "application/xml; charset=utf-16")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		l, err := Reader{}.Parse(models.Source{Location: "https://example.org/f"}, models.Page{URL: "https://example.org/f", Body: body, ContentType: contentType})
		check(t, l, err)
	})
}

// check holds a listing against the invariants of the package.
func check(t *testing.T, l models.Listing, err error) {
	t.Helper()
	if err != nil {
		if !errors.Is(err, models.ErrInvalid) {
			t.Errorf("error %v is not models.ErrInvalid", err)
		}
		return
	}
	if l.Show.Title == "" {
		t.Error("a show without a title")
	}
	seen := map[string]bool{}
	for _, e := range l.Episodes {
		if e.GUID == "" || e.Title == "" || seen[e.GUID] {
			t.Errorf("episode with GUID %q (seen: %v) and title %q", e.GUID, seen[e.GUID], e.Title)
		}
		seen[e.GUID] = true
		if at := string(e.Enclosure.Location); webAddress(at, nil) == "" && !filepath.IsAbs(at) {
			t.Errorf("enclosure at %q", at)
		}
	}
}

func fixtures(t *testing.T, sub string) string {
	t.Helper()
	root := os.Getenv("EARSHOT_FIXTURES")
	if root == "" {
		root = "../shared"
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join("..", "..", root)
	}
	dir := filepath.Join(root, sub)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test feeds at %s: set EARSHOT_FIXTURES", dir)
	}
	return dir
}
