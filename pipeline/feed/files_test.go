package feed

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every feed of the collection ends in a show or a clear reason, and in the same one as last time.
func TestCollection(t *testing.T) {
	dir := fixtures(t, "feeds")
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		l, err := Reader{}.Parse(models.Source{Location: "https://feeds.example/f.xml"}, models.Page{URL: "https://feeds.example/f.xml", Body: body})
		check(t, l, err)
		rel, _ := filepath.Rel(dir, path)
		if err != nil {
			fmt.Fprintf(&b, "%s\n  %s\n", filepath.ToSlash(rel), err)
			return nil
		}
		fmt.Fprintf(&b, "%s\n  %q by %q, %s, %d people, %d episodes, skipped %v\n", filepath.ToSlash(rel), l.Show.Title, l.Show.Author, l.Show.Language, len(l.Show.People), len(l.Episodes), l.Skipped)
		for i, e := range l.Episodes {
			if i < 2 || i == len(l.Episodes)-1 {
				fmt.Fprintf(&b, "  %d. %q %s S%dE%d %d people %s %s %d bytes %d ms\n", i, e.Title, e.PublishedAt.Format("2006-01-02"), e.Season, e.Number, len(e.People), string(e.Enclosure.Location), e.Enclosure.Type, e.Enclosure.Bytes, e.Enclosure.DurationMS)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "collection.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if i >= len(gotLines) || i >= len(wantLines) || gotLines[i] != wantLines[i] {
			t.Fatalf("line %d differs from %s (run with -update after checking):\n got %q\nwant %q", i+1, golden, gotLines[min(i, len(gotLines)-1)], wantLines[min(i, len(wantLines)-1)])
		}
	}
}

// The collection's own podcast lies with its recordings in one folder; its enclosures are "/audio/p02_e01.mp3".
func TestPodcastBesideItsAudio(t *testing.T) {
	dir := fixtures(t, "audio/podcast")
	l, err := Reader{}.ReadFile(filepath.Join(dir, "practical-systems.xml"))
	if err != nil || len(l.Episodes) != 5 || len(l.Skipped) != 0 || l.Show.Source.Kind != models.SourceFeedFile {
		t.Fatalf("%+v, %v", l, err)
	}
	abs, _ := filepath.Abs(dir)
	for i, e := range l.Episodes {
		if want := filepath.Join(abs, fmt.Sprintf("p02_e0%d.mp3", i+1)); string(e.Enclosure.Location) != want {
			t.Errorf("episode %d is at %s, want %s", i+1, e.Enclosure.Location, want)
		}
	}
}

func TestEnclosuresOfALocalFeed(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "feed")
	for _, f := range []string{"feed/audio/1.mp3", "feed/2.mp3", "feed/with space.mp3", "feed/100%.mp3", "feed/deep/er/3.mp3", "secret.mp3", "feed/a?b.mp3"} {
		path := filepath.Join(top, filepath.FromSlash(f))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink(filepath.Join(top, "secret.mp3"), filepath.Join(dir, "link.mp3")), os.Symlink("2.mp3", filepath.Join(dir, "inside.mp3"))); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for published, c := range map[string]struct{ location, skip string }{
		"audio/1.mp3":                   {in("audio/1.mp3"), ""},
		"/audio/1.mp3":                  {in("audio/1.mp3"), ""},
		"./audio/./1.mp3":               {in("audio/1.mp3"), ""},
		"/media/x/2.mp3?v=1#t=5":        {in("2.mp3"), ""},
		"with%20space.mp3":              {in("with space.mp3"), ""},
		"with space.mp3":                {in("with space.mp3"), ""},
		"100%.mp3":                      {in("100%.mp3"), ""},
		"a?b.mp3":                       {in("a?b.mp3"), ""},
		"deep/er/3.mp3":                 {in("deep/er/3.mp3"), ""},
		"inside.mp3":                    {in("inside.mp3"), ""},
		"file://" + in("2.mp3"):         {in("2.mp3"), ""},
		"https://cdn.example/a/2.mp3":   {"https://cdn.example/a/2.mp3", ""},
		"//cdn.example/4.mp3":           {"https://cdn.example/4.mp3", ""},
		"/not/here.mp3":                 {"https://show.example/not/here.mp3", ""},
		"not-here.mp3":                  {"", notBeside},
		"../secret.mp3":                 {"", outside},
		"audio/../../secret.mp3":        {"", outside},
		"/../secret.mp3":                {"", outside},
		"%2e%2e/secret.mp3":             {"", outside},
		"link.mp3":                      {"", outside},
		"file:///etc/passwd.mp3":        {"", outside},
		"file://" + top + "/secret.mp3": {"", outside},
		"ftp://cdn.example/2.mp3":       {"", badAddress},
		"javascript:2.mp3":              {"", badAddress},
	} {
		doc := `<rss version="2.0"><channel><title>T</title><link>https://show.example/page/</link><item><title>one</title>` + audioAt(strings.ReplaceAll(published, "&", "&amp;")) + `</item></channel></rss>`
		file := filepath.Join(dir, "feed.xml")
		if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Reader{}.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		location, skip := "", ""
		if len(l.Episodes) == 1 {
			location = string(l.Episodes[0].Enclosure.Location)
		} else if len(l.Skipped) == 1 {
			skip = l.Skipped[0].Reason
		}
		if location != c.location || skip != c.skip {
			t.Errorf("%q: at %q, skipped because %q; want %q, %q", published, location, skip, c.location, c.skip)
		}
	}
}

func TestReadFileOfNothing(t *testing.T) {
	if _, err := (Reader{}).ReadFile(filepath.Join(t.TempDir(), "none.xml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
