package audio

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/earshot/earshot/models"
)

// pcm is a recording as samples that can be asked how loud they are from one millisecond to another.
type pcm []float32

func pcmOf(t *testing.T, tool *Tool, f *os.File) pcm {
	t.Helper()
	s, err := tool.Decode(t.Context(), f, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	samples := make(pcm, 20*SampleRate)
	n, err := s.Read(samples)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return samples[:n]
}

func (p pcm) loudest(fromMS, toMS int64) (most float64) {
	for _, v := range p[fromMS*SampleRate/1000 : toMS*SampleRate/1000] {
		most = math.Max(most, math.Abs(float64(v)))
	}
	return most
}

// What is silent is silent where the samples of the recording say it is, whatever its form: also in a film whose sound begins late,
// and where the form changes in between.
func TestWriteSilenced(t *testing.T) {
	needFFmpeg(t)
	tool := New(Options{})
	held := []models.Span{{StartMS: 0, EndMS: 400}, {StartMS: 2000, EndMS: 2010}, {StartMS: 4000, EndMS: 5500}, {StartMS: 9000, EndMS: models.Forever}}
	for name, args := range map[string][]string{
		"x.mp3":  {"-f", "lavfi", "-i", "sine=f=440:d=10:r=44100", "-b:a", "64k"},
		"v.mp3":  {"-f", "lavfi", "-i", "sine=f=440:d=10:r=22050", "-q:a", "5"},
		"x.flac": {"-f", "lavfi", "-i", "sine=f=440:d=10", "-frame_size", "16384"},
		"x.ogg":  {"-f", "lavfi", "-i", "sine=f=440:d=10", "-c:a", "libvorbis"},
		"x.opus": {"-f", "lavfi", "-i", "sine=f=440:d=10", "-c:a", "libopus", "-frame_duration", "60"},
		"x.m4a":  {"-f", "lavfi", "-i", "sine=f=440:d=10", "-ac", "2"},
		"x.aac":  {"-f", "lavfi", "-i", "sine=f=440:d=10"},
		"late.mp4": {"-f", "lavfi", "-i", "color=s=32x32:d=10:r=5", "-itsoffset", "0.7", "-f", "lavfi", "-i", "sine=f=440:d=9.3",
			"-map", "0:v", "-map", "1:a", "-c:v", "mpeg4", "-c:a", "aac"},
		"tags.mp3": {"-f", "lavfi", "-i", "sine=f=440:d=10", "-metadata", "lyrics=Jane Doe", "-metadata", "title=Jane Doe"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if out, err := exec.CommandContext(t.Context(), "ffmpeg", append(append([]string{"-v", "error", "-nostdin"}, args...), path)...).CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, out)
			}
			in, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			out, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			if err := tool.WriteSilenced(t.Context(), held, in, out); err != nil {
				t.Fatal(err)
			}
			before, after := pcmOf(t, tool, in), pcmOf(t, tool, out)
			for _, s := range [][2]int64{{0, 400}, {2000, 2010}, {4000, 5500}, {9000, 9900}} {
				if got := after.loudest(s[0], s[1]); got > audible {
					t.Errorf("%f from %d to %d ms", got, s[0], s[1])
				}
			}
			for _, s := range [][2]int64{{900, 1850}, {2150, 3850}, {5650, 8850}} {
				was, is := before.loudest(s[0], s[1]), after.loudest(s[0], s[1])
				if math.Abs(was-is) > was/4 {
					t.Errorf("%f from %d to %d ms, was %f", is, s[0], s[1], was)
				}
			}
			info, err := tool.Probe(t.Context(), out)
			if err != nil || info.Title != "" || info.DurationMS < 9800 || info.DurationMS > 10_200 {
				t.Errorf("%+v %v", info, err)
			}
			if b, err := os.ReadFile(out.Name()); err != nil || bytes.Contains(b, []byte("Jane Doe")) {
				t.Errorf("a tag of the recording is in it: %v", err)
			}
			// What can be heard is not given out.
			if err := tool.listenFor(t.Context(), held, in); !errors.Is(err, models.ErrUnusable) {
				t.Errorf("the recording itself: %v", err)
			}
		})
	}
}

func TestWhileHeld(t *testing.T) {
	for want, held := range map[string][]models.Span{
		"not(gte(t,0.000)*lt(t,1.500)+gte(t,2.000))":                          {{StartMS: 1500, EndMS: 2000}},
		"not(gte(t,2.000))":                                                   {{StartMS: 0, EndMS: 2000}},
		"not(gte(t,0.000)*lt(t,1.005))":                                       {{StartMS: 1005, EndMS: models.Forever}},
		"not(gte(t,0.000)*lt(t,1.000)+gte(t,2.000)*lt(t,3.000)+gte(t,4.000))": {{StartMS: 1000, EndMS: 2000}, {StartMS: 3000, EndMS: 4000}},
		"1": {{StartMS: 0, EndMS: models.Forever}},
	} {
		if got := whileHeld(held); got != want {
			t.Errorf("%v: %s, want %s", held, got, want)
		}
	}
}
