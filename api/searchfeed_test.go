package api

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// A feed reader is told the newest mentions first, each with the address at which it is heard, and nothing twice.
func TestSearchFeed(t *testing.T) {
	a := newArchive(t)
	show := a.addShow("R&D <live>")
	for i, title := range []string{"Old & <b>bold</b>", "New"} {
		id := a.addEpisode(t, show, title, "Ana: First things. The needle <i>is</i> here.\nJon: A needle again.")
		a.change(id, func(e *models.Episode) { e.PublishedAt = time.Date(2024+i, 5, 1, 8, 0, 0, 0, time.UTC) })
	}
	h := newHandler(t, a)
	const path = `/api/v1/search/feed.xml?q=needle+-%3Cscript%3E`
	res, body := ask(t, h, "GET", path)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != feedType {
		t.Fatalf("%d %s %s", res.StatusCode, res.Header.Get("Content-Type"), body)
	}
	var got struct {
		Items []struct {
			Title       string `xml:"title"`
			Link        string `xml:"link"`
			Description string `xml:"description"`
			GUID        string `xml:"guid"`
			Published   string `xml:"pubDate"`
		} `xml:"channel>item"`
	}
	if err := xml.Unmarshal([]byte(body), &got); err != nil || len(got.Items) != 4 {
		t.Fatalf("%d items (%v): %s", len(got.Items), err, body)
	}
	first, last := got.Items[0], got.Items[3]
	if first.Title != "R&D <live>: New, 0:01" || !strings.Contains(first.Description, "Ana: … First things. The needle &lt;i&gt;is&lt;/i&gt; here.") || !strings.HasPrefix(first.Published, "Thu, 01 May 2025") {
		t.Errorf("the newest is %+v", first)
	}
	if !strings.HasPrefix(last.Title, "R&D <live>: Old & <b>bold</b>, ") || !strings.HasPrefix(last.Description, "Jon: ") || strings.Contains(body, "<script>") {
		t.Errorf("the oldest is %+v in %s", last, body)
	}
	if want := "http://localhost:8080/episodes/" + string(a.episodes[1].ID) + "?q=needle+-%3Cscript%3E&t=1.4"; first.Link != want {
		t.Errorf("it is heard at %s, want %s", first.Link, want)
	}
	req := httptest.NewRequest(http.MethodGet, "http://localhost:8080"+path, nil)
	req.Header.Set("If-None-Match", res.Header.Get("ETag"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("nothing is new, and the answer is %d %s", w.Code, w.Body)
	}
	for _, bad := range []string{"", "?q=", "?q=" + strings.Repeat("x", 1001)} {
		if res, body := ask(t, h, "GET", "/api/v1/search/feed.xml"+bad); res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%.20q: %d %s", bad, res.StatusCode, body)
		}
	}
	if res, body := ask(t, h, "GET", "/api/v1/search/feed.xml?q=needles+nobody+names"); res.StatusCode != http.StatusOK || strings.Contains(body, "<item>") {
		t.Errorf("what comes near is no mention: %d %s", res.StatusCode, body)
	}
}
