package audio

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/earshot/earshot/models"
)

// clicks makes a recording of 40 s with a click at every tenth second over a hiss that comes and goes, so that encoders
// that may do so use frames of different sizes, and returns what encodes it.
func clicks(t *testing.T) func(name string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	ffmpeg := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin", "-y"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%s", out)
		}
	}
	source := filepath.Join(dir, "source.wav")
	ffmpeg("-f", "lavfi", "-i", "aevalsrc='if(gte(t,5)*lt(mod(t,10),0.004), 0.9, if(gt(mod(t,16),8), 0.03*(random(0)-0.5), 0))':s=22050:d=40", source)
	return func(name string, args ...string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		ffmpeg(append(append([]string{"-i", source}, args...), path)...)
		return path
	}
}

// loudest is where the loudest sample is, in milliseconds.
func loudest(samples []float32) int {
	at := 0
	for i, v := range samples {
		if max(v, -v) > max(samples[at], -samples[at]) {
			at = i
		}
	}
	return at / 16
}

func TestCopiesAndCutsKeepTheTimeline(t *testing.T) {
	needFFmpeg(t)
	tool, encode := New(Options{}), clicks(t)
	for _, c := range []struct {
		name string
		args []string
		want Copy
	}{
		{"even.mp3", []string{"-b:a", "96k"}, CopyNone},
		{"uneven.mp3", []string{"-q:a", "4"}, CopyRepack},
		{"without-a-table.mp3", []string{"-q:a", "4", "-write_xing", "0"}, CopyRepack},
		{"low.mp3", []string{"-q:a", "4", "-ar", "11025"}, CopyConvert},
		{"a.aac", []string{"-b:a", "64k"}, CopyRepack},
		{"a.m4a", []string{"-b:a", "64k"}, CopyNone},
		{"a.opus", nil, CopyNone},
		{"a.wav", nil, CopyNone},
		{"a.aiff", nil, CopyConvert},
		{"a.wma", nil, CopyConvert},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(t, encode(c.name, c.args...))
			kind, err := tool.Copy(t.Context(), f)
			if err != nil || kind != c.want {
				t.Fatalf("copy %d, %v; want %d", kind, err, c.want)
			}
			if kind == CopyNone && c.name != "even.mp3" {
				return
			}
			const from, to = 29_400, 31_150
			was, _, err := decode(t, tool, f.Name(), from)
			if err != nil {
				t.Fatal(err)
			}
			within := 3 // ms
			if kind != CopyNone {
				out := create(t)
				if err := tool.WriteCopy(t.Context(), kind, f, out); err != nil {
					t.Fatal(err)
				}
				if again, err := tool.Copy(t.Context(), out); err != nil || again != CopyNone {
					t.Errorf("the copy needs a copy: %d %v", again, err)
				}
				f, within = out, 60 // what is cut; a container may lose how much its first frame is late
			}
			out := create(t)
			if err := tool.WriteCut(t.Context(), Cut{StartMS: from, EndMS: to, Title: "A\ntitle", Artist: "Somebody"}, f, out); err != nil {
				t.Fatal(err)
			}
			is, _, err := decode(t, tool, out.Name(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := loudest(was[:(to-from)*16]), loudest(is); a-b > within || b-a > within {
				t.Errorf("%d ms after the start there is a click, at %d ms in the cut", a, b)
			}
			if ms := len(is) / 16; ms < to-from-1 || ms > to-from+30 { // a frame of AAC is 21 ms
				t.Errorf("the cut is %d ms long, want %d", ms, to-from)
			}
		})
	}
	f := open(t, encode("a.mp3"))
	if err := tool.WriteCut(t.Context(), Cut{StartMS: 50_000, EndMS: 51_000}, f, create(t)); !errors.Is(err, models.ErrUnusable) {
		t.Errorf("a cut after the end: %v", err)
	}
	if err := tool.WriteCopy(t.Context(), CopyConvert, open(t, os.DevNull), create(t)); !errors.Is(err, models.ErrUnusable) {
		t.Errorf("a copy of nothing: %v", err)
	}
}

func create(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "out.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestPeaks(t *testing.T) {
	needFFmpeg(t)
	tool, encode := New(Options{}), clicks(t)
	for name, args := range map[string][]string{"short.wav": {"-t", "3"}, "long.flac": nil} {
		peaks, err := tool.Peaks(t.Context(), open(t, encode(name, args...)))
		if err != nil {
			t.Fatal(err)
		}
		if name == "short.wav" {
			if len(peaks) != 300 {
				t.Errorf("3 s have %d peaks", len(peaks))
			}
			continue
		}
		if n := len(peaks); n != maxPeaks {
			t.Errorf("40 s have %d peaks", n)
		}
		for i, p := range peaks {
			if click := i == 500 || i == 1000 || i == 1500; click != (p > 200) {
				t.Errorf("peak %d of %d is %d", i, len(peaks), p)
			}
		}
	}
	// Any length has as many.
	var w wave
	for range 30 * 60 * peakRate {
		w.add(0.5)
	}
	if n := len(w.bytes()); n <= maxPeaks/2 || n > maxPeaks {
		t.Errorf("half an hour has %d peaks", n)
	}
	if _, err := tool.Peaks(t.Context(), open(t, os.DevNull)); !errors.Is(err, models.ErrUnusable) {
		t.Errorf("peaks of nothing: %v", err)
	}
}
