package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// encode gives an episode another form of its audio, made by ffmpeg.
func (a *archive) encode(t *testing.T, id models.EpisodeID, contentType, ext string, args ...string) {
	t.Helper()
	key := string(id) + ext
	argv := append([]string{"-v", "error", "-nostdin", "-y", "-i", filepath.Join(a.dir, string(id)+".wav")}, args...)
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", append(argv, filepath.Join(a.dir, key))...).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v %s", err, out)
		}
		t.Skipf("%v %s", err, out)
	}
	a.change(id, func(e *models.Episode) { e.Media.Key, e.Media.ContentType = key, contentType })
}

func TestListening(t *testing.T) {
	a, first := library(t)
	second := a.episodes[1].ID
	a.encode(t, first, "audio/mpeg", ".mp3", "-q:a", "5")
	h := newHandler(t, a)
	of := func(id models.EpisodeID, rest string) string { return "/api/v1/episodes/" + string(id) + rest }

	// MP3 of variable bit rate is played from a copy, what browsers find their way in from the recording.
	res, body := ask(t, h, "GET", of(first, "/playback"), "Range", "bytes=4-7")
	if res.StatusCode != http.StatusPartialContent || res.Header.Get("Content-Type") != "audio/mp4" || body != "ftyp" {
		t.Errorf("%d %s %q", res.StatusCode, res.Header.Get("Content-Type"), body)
	}
	res, body = ask(t, h, "GET", of(second, "/playback"), "Range", "bytes=0-3")
	if res.StatusCode != http.StatusPartialContent || res.Header.Get("Content-Type") != "audio/wav" || body != "RIFF" {
		t.Errorf("%d %s %q", res.StatusCode, res.Header.Get("Content-Type"), body)
	}

	var peaks Peaks
	res, body = ask(t, h, "GET", of(first, "/peaks"))
	if err := json.Unmarshal([]byte(body), &peaks); err != nil || len(peaks.Peaks) < 1000 || len(peaks.Peaks) > 2000 {
		t.Errorf("%d, %d peaks, %v", res.StatusCode, len(peaks.Peaks), err)
	}
	if res, _ = ask(t, h, "GET", of(first, "/peaks"), "If-None-Match", res.Header.Get("ETag")); res.StatusCode != http.StatusNotModified {
		t.Errorf("peaks at hand: %d", res.StatusCode)
	}

	a.change(first, func(e *models.Episode) { e.Title = `A/B: "x" ` + "\u202E" + `..` })
	res, body = ask(t, h, "GET", of(first, "/clip.m4a?start=30500&end=32750"))
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "audio/mp4" || res.Header.Get("Content-Disposition") != `attachment; filename="A-B- -x- 0:30.m4a"` && res.Header.Get("Content-Disposition") != `attachment; filename="A-B- -x- 0.30.m4a"` {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if got := lengthOf(t, body); got < 2.24 || got > 2.3 {
		t.Errorf("the clip is %f s long, want 2.25", got)
	}
	for target, want := range map[string]int{
		of(first, "/clip.m4a"):                            422,
		of(first, "/clip.m4a?start=5&end=5"):              422,
		of(first, "/clip.m4a?start=0&end=600001"):         422,
		of(first, "/clip.m4a?start=-1&end=10"):            422,
		of(first, "/clip.m4a?start=900000&end=901000"):    409, // after its end
		of(a.episodes[4].ID, "/clip.m4a?start=0&end=100"): 404,
		of(a.episodes[4].ID, "/peaks"):                    404,
		of(a.episodes[4].ID, "/playback"):                 404,
		of("0000000000000000", "/playback"):               404,
	} {
		if res, body := ask(t, h, "GET", target); res.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", target, res.StatusCode, body, want)
		}
	}
	// Who leaves is not answered, and leaves nothing behind.
	gone, leave := context.WithCancel(t.Context())
	leave()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+of(second, "/peaks"), nil).WithContext(gone))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("who left: %d", w.Code)
	}
}

// lengthOf is the length of an audio file in seconds.
func lengthOf(t *testing.T, file string) float64 {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.m4a")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var sec float64
	if err := json.Unmarshal(out, &sec); err != nil {
		t.Fatal(err)
	}
	return sec
}

func TestPreviews(t *testing.T) {
	a, first := library(t)
	a.change(first, func(e *models.Episode) {
		e.Title, e.Cover = `"Budgets" <script>alert(1)</script> & more`, "cafecafecafecafe"
	})
	h := newHandler(t, a)
	if p, err := newPage(); err != nil || !p.built() {
		t.Skip("the page is not built (make web)")
	}
	address := "/episodes/" + string(first) + "?t=8.6-12.2"
	res, body := ask(t, h, "GET", address, "Accept", "text/html")
	for _, want := range []string{
		`<title>&#34;Budgets&#34; &lt;script&gt;alert(1)&lt;/script&gt; &amp; more · Practical Systems · Earshot</title>`,
		`<meta property="og:title" content="&#34;Budgets&#34; &lt;script&gt;`, `more, 0:08" />`,
		`<meta name="description" content="“An error budget says how much failure we accept.”" />`,
		`<meta property="og:url" content="http://localhost:8080` + address + `" />`,
		`<meta property="og:audio" content="http://localhost:8080/api/v1/episodes/` + string(first) + `/clip.m4a?start=8600&amp;end=12200" />`,
		`href="http://localhost:8080/api/v1/oembed?url=http%3A%2F%2Flocalhost%3A8080%2Fepisodes%2F` + string(first) + `%3Ft%3D8.6-12.2"`,
		`<meta property="og:image" content="http://localhost:8080/api/v1/episodes/` + string(first) + `/cover?v=cafecafecafe" />`, `<div id="app">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page's head lacks %s:\n%.2000s", want, body)
		}
	}
	if strings.Contains(body, "<script>alert") || strings.Count(body, "<title>") != 1 || strings.Count(body, `name="description"`) != 1 {
		t.Errorf("head:\n%.2000s", body)
	}
	if again, _ := ask(t, h, "GET", address, "If-None-Match", res.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("the page at hand: %d", again.StatusCode)
	}
	if _, body = ask(t, h, "GET", "/episodes/0000000000000000"); !strings.Contains(body, "<title>Earshot</title>") {
		t.Errorf("an episode that is not there:\n%.900s", body)
	}

	// What other sites may show, and only that.
	res, body = ask(t, h, "GET", "/embed/"+string(first)+"?t=8.6-12.2")
	if csp := res.Header.Get("Content-Security-Policy"); res.StatusCode != http.StatusOK || !strings.Contains(csp, "frame-ancestors *") || strings.Contains(csp, "script") || res.Header.Get("X-Frame-Options") != "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	for _, want := range []string{`src="/api/v1/episodes/` + string(first) + `/playback#t=8.6,12.2"`, "An error budget says how much failure we accept.</blockquote>"} {
		if !strings.Contains(body, want) {
			t.Errorf("the player lacks %s:\n%s", want, body)
		}
	}
	if strings.Contains(body, "<script") || len(body) > 4000 {
		t.Errorf("%d bytes:\n%s", len(body), body)
	}
	if res, _ := ask(t, h, "GET", "/"); !strings.Contains(res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || res.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("the page itself: %v", res.Header)
	}
	if res, body := ask(t, h, "GET", "/embed/nonsense"); res.StatusCode != http.StatusNotFound || res.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("%d %s", res.StatusCode, body)
	}

	oembed := "/api/v1/oembed?url=http%3A%2F%2Flocalhost%3A8080%2Fepisodes%2F" + string(first) + "%3Ft%3D8.6-12.2"
	var card OEmbed
	_, body = ask(t, h, "GET", oembed+"&maxwidth=300&maxheight=100&format=json")
	if err := json.Unmarshal([]byte(body), &card); err != nil || card.Width != 300 || card.Height != 100 || card.AuthorName != "Practical Systems" {
		t.Errorf("%v %s", err, body)
	}
	frame := regexp.MustCompile(`^<iframe src="http://localhost:8080/embed/[0-9a-z]{16}\?t=8\.6-12\.2" width="300" height="100" title="[^"<>]*" loading="lazy" frameborder="0"></iframe>$`)
	if !frame.MatchString(card.HTML) {
		t.Errorf("the frame is %s", card.HTML)
	}
	for target, want := range map[string]int{
		"/api/v1/oembed": 422, oembed + "&format=xml": 422, "/api/v1/oembed?url=https%3A%2F%2Felsewhere.example%2Fepisodes%2F" + string(first): 404,
		"/api/v1/oembed?url=http%3A%2F%2Flocalhost%3A8080%2F": 404, "/api/v1/oembed?url=%25%25": 404,
	} {
		if res, body := ask(t, h, "GET", target); res.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", target, res.StatusCode, body, want)
		}
	}
}

func TestPartOf(t *testing.T) {
	for in, want := range map[string]part{
		"": {}, "12.3": {12300, 0}, "12.3-45.678": {12300, 45678}, "12.3,45.678": {12300, 45678}, "-5": {0, 5000}, "5-2": {5000, 0}, "5-5": {5000, 0},
		"NaN-Inf": {}, "1e99": {}, "x-y": {}, "0.5-": {500, 0}, "999999-1000001": {999999000, 0},
	} {
		if got := partOf(in); got != want {
			t.Errorf("%q is %v, want %v", in, got, want)
		}
	}
}

func TestPreviewsTellNobodyWhoMayNotRead(t *testing.T) {
	a, first := library(t)
	h := newHandler(t, a, func(o *Options) { o.Access, o.Accounts = AccessLogin, nobody{} })
	for _, target := range []string{"/episodes/" + string(first), "/embed/" + string(first), "/api/v1/oembed?url=http%3A%2F%2Flocalhost%3A8080%2Fepisodes%2F" + string(first)} {
		if _, body := ask(t, h, "GET", target); strings.Contains(body, "budget") || strings.Contains(body, "Practical") {
			t.Errorf("%s tells of the episode:\n%.900s", target, body)
		}
	}
}

// nobody is where no user can log in.
type nobody struct{ Accounts }
