package source_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/feed"
	"github.com/earshot/earshot/pipeline/fetch"
	"github.com/earshot/earshot/pipeline/source"
)

// resolver is made of the real parts.
func resolver(t *testing.T, progress func(string, int64, int64)) *source.Resolver {
	t.Helper()
	tool := audio.New(audio.Options{})
	if err := tool.Check(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return source.New(source.Options{Audio: tool, Web: fetch.New(fetch.Options{AllowPrivate: true}), Feeds: feed.Reader{}, Progress: progress})
}

// nothing is an archive without episodes.
func nothing([]models.Episode) (bool, error) { return false, nil }

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// tone makes a recording of its own frequency.
func tone(t *testing.T, path string, hz int, args ...string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	argv := append([]string{"-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", fmt.Sprintf("sine=f=%d:d=1", hz)}, args...)
	if out, err := exec.Command("ffmpeg", append(argv, path)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %s", out)
	}
	return path
}

func sum(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func titles(f source.Found) []string {
	var all []string
	for _, e := range f.Episodes {
		all = append(all, e.Title)
	}
	return all
}

func TestFolder(t *testing.T) {
	var last, whole int64
	r := resolver(t, func(_ string, done, total int64) { last, whole = done, total })
	dir := filepath.Join(t.TempDir(), "Board meetings")
	in := func(name string) string { return filepath.Join(dir, name) }
	tone(t, in("meeting 10.mp3"), 300)
	tone(t, in("meeting 2.mp3"), 310)
	tone(t, in("Meeting 1.WAV"), 320)
	tone(t, in("2023/old.ogg"), 330)
	tone(t, in("tagged.m4a"), 340, "-metadata", "title=The Budget")
	tone(t, in("no ending"), 350, "-f", "flac")
	tone(t, in(".hidden.mp3"), 360)
	tone(t, in(".trash/gone.mp3"), 370)
	twin, err := os.ReadFile(in("meeting 2.mp3"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, in("zz copy of 2.mp3"), string(twin))
	write(t, in("notes.txt"), "notes")
	write(t, in("cover.jpg"), "not even a picture")
	write(t, in("broken.mp3"), "this is no recording")
	write(t, in("empty.mp3"), "")
	f, err := r.Resolve(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"no ending", "old", "Meeting 1", "meeting 2", "meeting 10", "The Budget"}; !equalSet(titles(f), want) || !ordered(titles(f), "Meeting 1", "meeting 2", "meeting 10") {
		t.Errorf("titles %q, want %q", titles(f), want)
	}
	abs, _ := filepath.Abs(dir)
	if f.Show.Title != "Board meetings" || f.Show.Source.Kind != models.SourceFolder || f.Show.Source.Location != models.Location(abs) || f.Show.ID != models.NewShowID(f.Show.Source) {
		t.Errorf("show %+v", f.Show)
	}
	for _, e := range f.Episodes {
		if e.GUID != sum(t, string(e.Enclosure.Location)) || e.ID != models.NewEpisodeID(f.Show.ID, e.GUID) || e.ShowID != f.Show.ID || e.State != models.EpisodeQueued ||
			e.Enclosure.Bytes == 0 || e.Enclosure.DurationMS < 900 || e.Enclosure.DurationMS > 1200 || !strings.HasPrefix(e.Enclosure.Type, "audio/") {
			t.Errorf("episode %+v", e)
		}
	}
	skipped := map[string]string{}
	for _, s := range f.Skipped {
		skipped[s.Name] = s.Reason
	}
	if len(skipped) != 3 || !strings.Contains(skipped["broken.mp3"], "not an audio file") || !strings.Contains(skipped["empty.mp3"], "empty") || !strings.Contains(skipped["zz copy of 2.mp3"], "same recording as meeting 2.mp3") {
		t.Errorf("skipped %q", skipped)
	}
	if last != whole || whole == 0 {
		t.Errorf("progress ended at %d of %d bytes", last, whole)
	}

	// A renamed file is the same episode.
	if err := os.Rename(in("meeting 10.mp3"), in("renamed.mp3")); err != nil {
		t.Fatal(err)
	}
	again, err := r.Look(t.Context(), f.Show, nothing)
	if err != nil || again.Partial || !equalSet(ids(f), ids(again)) {
		t.Errorf("after renaming: %v, %v; want the same episodes", titles(again), err)
	}
}

func ids(f source.Found) []string {
	var all []string
	for _, e := range f.Episodes {
		all = append(all, string(e.ID))
	}
	return all
}

func equalSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

func ordered(all []string, want ...string) bool {
	at := -1
	for _, w := range want {
		i := slices.Index(all, w)
		if i <= at {
			return false
		}
		at = i
	}
	return true
}

func TestOneRecording(t *testing.T) {
	r := resolver(t, nil)
	path := tone(t, filepath.Join(t.TempDir(), "Inter view.mp3"), 400)
	f, err := r.Resolve(t.Context(), path)
	if err != nil || len(f.Episodes) != 1 {
		t.Fatalf("%+v, %v", f, err)
	}
	if e := f.Episodes[0]; f.Show.Title != models.RecordingsTitle || f.Show.Source.Kind != models.SourceFiles || e.Title != "Inter view" || e.GUID != sum(t, path) || string(e.Enclosure.Location) != path {
		t.Errorf("%+v", f)
	}
	other, err := r.Resolve(t.Context(), tone(t, filepath.Join(t.TempDir(), "b.mp3"), 500))
	if err != nil || other.Show.ID != f.Show.ID || other.Episodes[0].ID == f.Episodes[0].ID {
		t.Errorf("a second recording: %+v, %v; want another episode of the same show", other, err)
	}
	byURL, err := r.Resolve(t.Context(), "file://"+strings.ReplaceAll(path, " ", "%20"))
	if err != nil || byURL.Episodes[0].ID != f.Episodes[0].ID {
		t.Errorf("as a file: address: %+v, %v", byURL, err)
	}
}

func TestFeedFile(t *testing.T) {
	r := resolver(t, nil)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "1.mp3"), "x")
	for _, name := range []string{"feed.xml", "feed.txt"} { // what counts is what it holds
		write(t, filepath.Join(dir, name), `<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><item><guid>1</guid><enclosure url="/audio/1.mp3" type="audio/mpeg"/></item></channel></rss>`)
		f, err := r.Resolve(t.Context(), filepath.Join(dir, name))
		if err != nil || len(f.Episodes) != 1 || string(f.Episodes[0].Enclosure.Location) != filepath.Join(dir, "1.mp3") || f.Show.Source.Kind != models.SourceFeedFile {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

func TestWhatIsNoSource(t *testing.T) {
	r := resolver(t, nil)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write(t, in("notes.txt"), "These are my notes.")
	write(t, in("page.html"), "<!doctype html><html></html>")
	write(t, in("empty.mp3"), "")
	write(t, in("texts/a.txt"), "a")
	write(t, in("texts/b.mp3"), "b")
	for arg, say := range map[string]string{
		"": "nothing was named", in("missing.mp3"): "there is no file or folder", in("notes.txt"): "notes.txt is not an audio file", in("page.html"): "is a web page, not a feed",
		in("empty.mp3"): "is empty", in("texts"): "holds no recording that can be used; b.mp3: b.mp3 is not an audio file", "example.org/feed": "write https://example.org/feed",
		"http://": "http://", "/dev/null": "neither a file nor a folder",
	} {
		_, err := r.Resolve(t.Context(), arg)
		if err == nil || !errors.Is(err, models.ErrInvalid) && !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), say) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v; want %q", arg, err, say)
		}
	}
	if os.Getuid() != 0 {
		write(t, in("locked.mp3"), "x")
		if err := os.Chmod(in("locked.mp3"), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Resolve(t.Context(), in("locked.mp3")); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("an unreadable file: %v", err)
		}
	}
}

func TestWeb(t *testing.T) {
	r := resolver(t, nil)
	mp3, err := os.ReadFile(tone(t, filepath.Join(t.TempDir(), "a.mp3"), 440))
	if err != nil {
		t.Fatal(err)
	}
	const rss = `<rss version="2.0"><channel><title>Web show</title><item><guid>1</guid><title>One</title><enclosure url="/media/1.mp3" type="audio/mpeg"/></item></channel></rss>`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/feed.xml":
			w.Header().Set("ETag", `"7"`)
			if q.Header.Get("If-None-Match") == `"7"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = io.WriteString(w, rss)
		case "/show":
			_, _ = io.WriteString(w, `<!doctype html><link rel="alternate" type="application/rss+xml" href="/feed.xml">`)
		case "/circle":
			_, _ = io.WriteString(w, `<!doctype html><link rel="alternate" type="application/rss+xml" href="/circle">`)
		case "/plain":
			_, _ = io.WriteString(w, `<!doctype html><p>hello`)
		case "/moved":
			http.Redirect(w, q, "/feed.xml", http.StatusMovedPermanently)
		case "/talks/my%20talk.mp3", "/talks/my talk.mp3":
			w.Header().Set("Content-Type", "audio/mpeg")
			_, _ = w.Write(mp3)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	for _, path := range []string{"/feed.xml", "/show", "/moved", "/feed.xml#top"} {
		f, err := r.Resolve(t.Context(), s.URL+path)
		if err != nil || f.Show.Title != "Web show" || string(f.Show.Source.Location) != s.URL+"/feed.xml" || f.Show.Source.ETag != `"7"` || len(f.Episodes) != 1 || string(f.Episodes[0].Enclosure.Location) != s.URL+"/media/1.mp3" {
			t.Errorf("%s: %+v, %v", path, f, err)
		}
		if again, err := r.Look(t.Context(), f.Show, nothing); err != nil || !again.Partial || len(again.Episodes) != 0 || again.Show.ID != f.Show.ID {
			t.Errorf("%s, looked at again: %+v, %v", path, again, err)
		}
	}
	f, err := r.Resolve(t.Context(), s.URL+"/talks/my%20talk.mp3")
	if err != nil || len(f.Episodes) != 1 || f.Episodes[0].Title != "my talk" || f.Show.Source.Kind != models.SourceFiles || string(f.Episodes[0].Enclosure.Location) != s.URL+"/talks/my%20talk.mp3" {
		t.Errorf("a recording on the web: %+v, %v", f, err)
	}
	for path, say := range map[string]string{"/circle": "is a web page", "/plain": "is a web page, not a feed", "/none": "404"} {
		if _, err := r.Resolve(t.Context(), s.URL+path); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", path, err)
		}
	}
	private := strings.Replace(s.URL, "http://", "http://ann:pw@", 1)
	if f, err := r.Resolve(t.Context(), private+"/moved"); err != nil || string(f.Show.Source.Location) != s.URL+"/feed.xml" || f.Show.Source.Access.IsZero() {
		t.Errorf("a private feed that moved: %+v, %v; want the password kept", f.Show.Source, err)
	}
}

func TestCancelledFolder(t *testing.T) {
	r := resolver(t, nil)
	dir := t.TempDir()
	tone(t, filepath.Join(dir, "a.mp3"), 440)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Resolve(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

func TestFixturePodcast(t *testing.T) {
	root := os.Getenv("EARSHOT_FIXTURES")
	if root == "" {
		root = "../shared"
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join("..", "..", root)
	}
	dir := filepath.Join(root, "audio")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test recordings at %s: set EARSHOT_FIXTURES", dir)
	}
	r := resolver(t, nil)
	f, err := r.Resolve(t.Context(), filepath.Join(dir, "podcast", "practical-systems.xml"))
	if err != nil || len(f.Episodes) != 5 || f.Show.Title != "Practical Systems" {
		t.Errorf("the podcast: %d episodes, %v", len(f.Episodes), err)
	}
	f, err = r.Resolve(t.Context(), filepath.Join(dir, "containers"))
	if err != nil || len(f.Episodes) != 9 || len(f.Skipped) != 0 {
		t.Errorf("the containers: %d episodes, skipped %v, %v", len(f.Episodes), f.Skipped, err)
	}
	f, err = r.Resolve(t.Context(), filepath.Join(dir, "damaged"))
	if err != nil || len(f.Episodes) < 16 || len(f.Episodes)+len(f.Skipped) != 26 {
		t.Errorf("the damaged: %d episodes, skipped %v, %v", len(f.Episodes), f.Skipped, err)
	}
}
