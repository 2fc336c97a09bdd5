package audio

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// Every damaged file must end in audio or in a clear error; those that other programs read must give their audio.
func TestDamagedRecordings(t *testing.T) {
	needFFmpeg(t)
	dir, tool := fixtures(t, "audio/damaged"), New(Options{})
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	atLeast := map[string]float64{ // seconds of audio
		"1a643e9e0743dee8732554d0e870055a": 28, "adts-0-frame.mp3": 0.1, "audio.opus.ogg": 2.9, "chapters.mp3": 1.9, "female_scrub.spx": 15.4,
		"ffmpeg-missing-chunksize.wav": 0.6, "id3v2-duration-allframes.mp3": 1.4, "incomplete.mp3": 49, "issue-1163.bwf": 0.5, "issue-381.mp3": 0.3,
		"issue-819.wav": 0.15, "mulaw.wav": 0.1, "no-duration.webm": 25, "no-last-page.oga": 5.6, "outofbounds.mp3": 0.4, "test-unknown-duration.flac": 5,
	}
	warns := map[string]string{"adts-0-frame.mp3": "ends early"}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			began := time.Now()
			got, warning, err := decode(t, tool, filepath.Join(dir, e.Name()), 0)
			sec := float64(len(got)) / SampleRate
			t.Logf("%.2f s, warning %q, error %v", sec, warning, err)
			if took := time.Since(began); took > 60*time.Second {
				t.Errorf("took %s", took)
			}
			if sec < atLeast[e.Name()] {
				t.Errorf("%.2f s decoded, want at least %.2f", sec, atLeast[e.Name()])
			}
			if err != nil && (!errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), e.Name())) {
				t.Errorf("error %v is not models.ErrUnusable with the file's name", err)
			}
			if !strings.Contains(warning, warns[e.Name()]) {
				t.Errorf("warning %q, want %q", warning, warns[e.Name()])
			}
		})
	}
}

func TestContainers(t *testing.T) {
	needFFmpeg(t)
	tool := New(Options{})
	for _, sub := range []string{"audio/containers", "audio/speech"} {
		dir := fixtures(t, sub)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if ext := filepath.Ext(e.Name()); ext == ".txt" || ext == ".json" {
				continue
			}
			got, warning, err := decode(t, tool, filepath.Join(dir, e.Name()), 0)
			if err != nil || warning != "" {
				t.Errorf("%s: warning %q, %v", e.Name(), warning, err)
			}
			if sec := float64(len(got)) / SampleRate; strings.HasPrefix(e.Name(), "jfk.") && (sec < 10.9 || sec > 11.1) {
				t.Errorf("%s: %.2f s, want 11", e.Name(), sec)
			}
		}
	}
}
