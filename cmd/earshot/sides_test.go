//go:build !stub

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/earshot/earshot/models/export"
)

// spread makes a stereo recording of a mono one: what lies within the times of the left speaker, in seconds, is on the left
// side only, and the rest on the right one, quieter.
func spread(t *testing.T, from, to string, leftTimes [][2]float64) {
	t.Helper()
	within := make([]string, len(leftTimes))
	for i, u := range leftTimes {
		within[i] = fmt.Sprintf("between(t,%.3f,%.3f)", u[0], u[1])
	}
	left := strings.Join(within, "+")
	graph := "aresample=16000,asetnsamples=160,asplit[a][b];[a]volume=0:enable='not(" + left + ")'[l];[b]volume=0:enable='" + left +
		"',volume=0.2[r];[l][r]join=inputs=2:channel_layout=stereo"
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-y", "-i", from, "-filter_complex", graph, "-b:a", "96k", to).CombinedOutput()
	if err != nil {
		t.Fatalf("making a stereo recording: %v: %s", err, out)
	}
}

// Kennedy says the first and the last part on the left side, and the middle one on the right.
func TestASpeakerASide(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "debate.mp3")
	spread(t, sample(t), path, [][2]float64{{0, 3}, {7.9, 20}})
	turns := strings.Split(strings.TrimSpace(p.must("transcribe", path)), "\n\n")
	want := []string{"left and so my fellow americans", "right ask not what your country can do for you", "left ask what you can do for your country"}
	if len(turns) != len(want) {
		t.Fatalf("heard %q", turns)
	}
	for i, w := range want {
		if words(turns[i]) != w {
			t.Errorf("turn %d is %q, want %q", i, turns[i], w)
		}
	}
	if out := p.must("transcribe", "--format", "vtt", path); !strings.Contains(out, "<v Right>") || !strings.Contains(out, "<v Left>") {
		t.Errorf("the subtitles do not name the sides: %s", out)
	}
	p.must("add", "--wait", folder)
	for query, span := range map[string][2]int64{
		"speaker:right country": {5000, 7900}, "speaker:left country": {8000, 11000}, `speaker:RIGHT "can do"`: {5000, 7900}, "speaker:left americans": {0, 3000},
	} {
		f := p.search(query)
		if f.Total != 1 || f.Hits[0].Total != 1 {
			t.Errorf("%s: found %+v", query, f)
			continue
		}
		if m := f.Hits[0].Moments[0]; m.StartMS < span[0] || m.StartMS > span[1] {
			t.Errorf("%s: found %+v", query, m)
		}
	}
	if f := p.search("speaker:right americans"); f.Total != 0 {
		t.Errorf("the right speaker is said to have said %+v", f.Hits)
	}
}

// The two speakers of a podcast, one a side: nearly all words must be on the side of who says them.
func TestWordsOfAPodcastOnTheirSides(t *testing.T) {
	t.Parallel()
	show := filepath.Join(fixtures(t), "audio", "podcast")
	p := newProgram(t)
	hosts := speakerTimes(t, filepath.Join(show, "p02_e05.rttm"), "Alex")
	path := filepath.Join(t.TempDir(), "sides.mp3")
	spread(t, filepath.Join(show, "p02_e05.mp3"), path, hosts)
	var d export.Document
	if err := json.Unmarshal([]byte(p.must("transcribe", "--format", "json", path)), &d); err != nil {
		t.Fatal(err)
	}
	right, all := 0, 0
	for _, s := range d.Segments {
		for _, w := range s.Words {
			want := "Right"
			for _, u := range hosts {
				if at := float64(w.StartMS+w.EndMS) / 2000; u[0] <= at && at < u[1] {
					want = "Left"
				}
			}
			all++
			if s.Speaker == want {
				right++
			} else {
				t.Logf("%q at %d ms is on the side %q, want %s", w.Text, w.StartMS, s.Speaker, want)
			}
		}
	}
	t.Logf("%d of %d words are on their side", right, all)
	if all < 150 || right*100 < all*97 {
		t.Errorf("%d of %d words are on their side", right, all)
	}
}

// speakerTimes reads when somebody speaks, in seconds, from an RTTM file.
func speakerTimes(t *testing.T, path, name string) [][2]float64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out [][2]float64
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 8 || f[7] != name {
			continue
		}
		from, err1 := strconv.ParseFloat(f[3], 64)
		length, err2 := strconv.ParseFloat(f[4], 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("a turn that makes no sense: %q", line)
		}
		out = append(out, [2]float64{from, from + length})
	}
	return out
}
