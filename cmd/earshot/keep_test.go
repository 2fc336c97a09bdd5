//go:build !stub

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
)

// filesIn counts the files under a folder, which need not be there.
func filesIn(t *testing.T, dir string) (n int) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return nil
	})
	return n
}

// TestTextOnlyWithAModelOfItsOwn: a show that keeps the text only has no recording left, wherever it came from, says so, and fetches it
// anew where it is needed; a show's model is used for it alone, and waited for where it is not here.
func TestTextOnlyWithAModelOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.env = append(p.env, "EARSHOT_ALLOW_PRIVATE=true", "GOMAXPROCS=1") // of one core, nothing need be measured
	p.ownModels()
	for _, ext := range []string{".bin", ".json"} { // the owner's own
		if err := os.Symlink(filepath.Join(p.models, "ggml-"+defaultModel+ext), filepath.Join(p.models, "ggml-mine"+ext)); err != nil {
			t.Fatal(err)
		}
	}
	folder := t.TempDir()
	copyFile(t, sample(t), filepath.Join(folder, "speech.mp3"))
	for _, bad := range [][]string{{"--keep", "text", sample(t)}, {"--model", "tinny", folder}, {"--model", "silero-v6.2.0", folder}, {"--keep", "nothing", folder}, {"--model", "tiny.en", "--language", "fr", folder}} {
		if _, errs, code := p.run(append([]string{"add"}, bad...)...); code != 1 {
			t.Errorf("add %v: exit code %d: %s", bad, code, errs)
		}
	}
	p.must("add", "--wait", "--language", "en", "--keep", "text", "--model", "mine", folder)
	pub := newPrivateFeed(t, sample(t))
	p.must("add", "--wait", "--language", "en", "--keep", "text", "--model", "mine", strings.Replace(pub.URL, "://", "://ann:hush@", 1)+"/feed")
	if !isFile(filepath.Join(folder, "speech.mp3")) {
		t.Fatal("the owner's own file is gone")
	}
	for _, dir := range []string{"media", "listen"} {
		if n := filesIn(t, filepath.Join(p.data, dir)); n != 0 {
			t.Errorf("%d files are left in %s", n, dir)
		}
	}
	if out := p.must("shows"); strings.Count(out, "model mine; keeps the text only") != 2 {
		t.Errorf("the shows: %s", out)
	}
	if out := p.must("backup", filepath.Join(t.TempDir(), "backup")); strings.Contains(out, "missing") {
		t.Errorf("a backup complains: %s", out)
	}
	p.must("doctor")

	c := client{t, p.serve()}
	var list api.Episodes
	c.do("GET", "/episodes", nil, &list, 200)
	if len(list.Episodes) != 2 || !list.Episodes[0].NotKept || !list.Episodes[1].NotKept || list.Episodes[0].DurationMS < 10_000 {
		t.Fatalf("the episodes: %+v", list.Episodes)
	}
	episode := "/episodes/" + string(list.Episodes[0].ID)
	if list.Episodes[0].Title != "Talk 1" {
		episode = "/episodes/" + string(list.Episodes[1].ID)
	}
	for _, path := range []string{"/media", "/playback", "/peaks", "/clip.m4a?start=0&end=1000"} {
		if got := c.do("GET", episode+path, nil, nil, 410); !strings.Contains(got, "was not kept") {
			t.Errorf("%s: %s", path, got)
		}
	}
	var transcript api.Transcript
	if c.do("GET", episode+"/transcript", nil, &transcript, 200); !strings.HasPrefix(transcript.Model, "mine") || !strings.Contains(words(models.Transcript{Segments: transcript.Segments}.Text()), "your country") {
		t.Errorf("the transcript: %s %+v", transcript.Model, transcript.Segments)
	}

	// With a model that is not here the episode waits for it; it is fetched anew, and kept where that is asked for now.
	var detail api.EpisodeDetail
	c.do("GET", episode, nil, &detail, 200)
	show := "/shows/" + string(detail.ShowID)
	c.do("PATCH", show, m{"settings": m{"model": "tinny"}}, nil, 422)
	var changed api.Show
	if c.do("PATCH", show, m{"settings": m{"model": "medium", "keep": "audio"}}, &changed, 200); changed.Settings.Model != "medium" || changed.Settings.Keep != "audio" {
		t.Errorf("the settings: %+v", changed.Settings)
	}
	c.do("POST", episode+"/retranscribe", nil, nil, 202)
	c.eventually("it says that its model is missing", func() bool {
		c.do("GET", episode, nil, &detail, 200)
		return strings.Contains(detail.Reason, "earshot models pull medium")
	})
	if c.do("GET", episode+"/transcript", nil, &transcript, 200); !transcript.Complete {
		t.Error("the first transcript does not stay meanwhile")
	}
	c.do("PATCH", show, m{"settings": m{"model": ""}}, nil, 200)
	c.eventually("it is transcribed with the archive's model", func() bool {
		c.do("GET", episode, nil, &detail, 200)
		return detail.State == models.EpisodeDone
	})
	if c.do("GET", episode+"/transcript", nil, &transcript, 200); !strings.HasPrefix(transcript.Model, "base") || detail.NotKept || detail.MediaBytes == 0 {
		t.Errorf("transcribed again with %s: %+v", transcript.Model, detail)
	}
	c.do("GET", episode+"/peaks", nil, nil, 200)
}
