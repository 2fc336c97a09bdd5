package audio

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// needFFmpeg skips where ffmpeg is not installed, and fails there on a build machine.
func needFFmpeg(t *testing.T) {
	t.Helper()
	if err := New(Options{}).Check(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// fixtures returns the folder of test recordings, or skips.
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
		t.Skipf("no test recordings at %s: set EARSHOT_FIXTURES", dir)
	}
	return dir
}

// tone makes a recording with ffmpeg: seconds of a sweep (so that every moment sounds different), encoded as name says.
func tone(t *testing.T, dir, name string, sec int, args ...string) string {
	t.Helper()
	needFFmpeg(t)
	path := filepath.Join(dir, name)
	argv := append([]string{"-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
		"aevalsrc='0.4*sin(2*PI*(300*t+20*t*t))':s=44100:d=" + strconv.Itoa(sec)}, args...)
	if out, err := exec.Command("ffmpeg", append(argv, path)...).CombinedOutput(); err != nil {
		t.Skipf("this ffmpeg cannot make %s: %s", name, out)
	}
	return path
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// decode returns all samples from a moment on, the warning and the error that ended them (nil for the end of the file).
func decode(t *testing.T, tool *Tool, path string, fromMS int64) ([]float32, string, error) {
	t.Helper()
	s, err := tool.Decode(t.Context(), open(t, path), fromMS)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = s.Close() }()
	all, err := drain(s)
	return all, s.Warning(), err
}

func drain(s *Stream) ([]float32, error) {
	var all []float32
	buf := make([]float32, 10007) // a prime, so that reads straddle every other size
	for {
		n, err := s.Read(buf)
		all = append(all, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// codecs are the ways in which the tests encode the same sound.
func codecs() map[string][]string {
	return map[string][]string{
		"a.mp3": {"-b:a", "64k"}, "vbr.mp3": {"-q:a", "6"}, "a.m4a": {"-b:a", "64k"}, "a.aac": nil, "a.opus": {"-c:a", "libopus"},
		"a.ogg": {"-c:a", "libvorbis"}, "a.spx": {"-c:a", "libspeex", "-ar", "16000"}, "a.flac": nil, "a.wav": nil, "stereo.wav": {"-ac", "2"},
		"mulaw.wav": {"-c:a", "pcm_mulaw", "-ar", "8000"}, "adpcm.wav": {"-c:a", "adpcm_ima_wav"}, "gsm.wav": {"-c:a", "libgsm_ms", "-ar", "8000"},
		"float.wav": {"-c:a", "pcm_f32le"}, "a.w64": nil, "a.aiff": nil, "a.caf": nil, "a.au": nil, "a.wma": nil, "a.webm": nil, "a.mka": {"-c:a", "aac"},
		"a.gsm": {"-c:a", "libgsm", "-ar", "8000", "-f", "gsm"}, "a.ac3": nil, "a.wv": nil, "a.tta": nil, "alac.m4a": {"-c:a", "alac"}, "a.mov": {"-c:a", "aac"},
	}
}

func TestEveryFormatDecodesToTheSameSound(t *testing.T) {
	dir, tool := t.TempDir(), New(Options{})
	want, _, err := decode(t, tool, tone(t, dir, "want.wav", 5, "-ar", "16000"), 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range codecs() {
		t.Run(name, func(t *testing.T) {
			path := tone(t, dir, name, 5, args...)
			info, err := tool.Probe(t.Context(), open(t, path))
			if err != nil {
				t.Fatal(err)
			}
			if info.DurationMS != 0 && (info.DurationMS < 4800 || info.DurationMS > 5300) && !info.Estimated {
				t.Errorf("declared length is %d ms, want 5000", info.DurationMS)
			}
			if !strings.HasPrefix(info.ContentType, "audio/") || info.Codec == "" || info.SampleRate == 0 {
				t.Errorf("probe tells %+v", info)
			}
			got, warning, err := decode(t, tool, path, 0)
			if err != nil || warning != "" {
				t.Fatalf("decode: %v, warning %q", err, warning)
			}
			if d := len(got) - len(want); d < -2000 || d > 6000 {
				t.Errorf("%d samples, want %d", len(got), len(want))
			}
			if c := correlation(got, want); c < 0.9 {
				t.Errorf("sounds differ: correlation %.3f at the best shift", c)
			}
		})
	}
}

// correlation of an eighth of a second of two recordings, at the best shift of up to 60 ms: codecs add some delay.
func correlation(a, b []float32) float64 {
	best := 0.0
	for shift := -960; shift <= 960; shift++ {
		var ab, aa, bb float64
		for i := 16000; i < 18000 && i+shift < len(a) && i < len(b); i++ {
			x, y := float64(a[i+shift]), float64(b[i])
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		if aa > 0 && bb > 0 {
			best = max(best, ab/math.Sqrt(aa*bb))
		}
	}
	return best
}

func TestDecodeFromAMomentIsSampleExact(t *testing.T) {
	dir, tool := t.TempDir(), New(Options{})
	for _, name := range []string{"vbr.mp3", "a.m4a", "a.opus", "a.wav", "a.webm"} {
		path := tone(t, dir, name, 5, codecs()[name]...)
		all, _, err := decode(t, tool, path, 0)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, ms := range []int64{1234, 60000} {
			part, _, err := decode(t, tool, path, ms)
			if err != nil {
				t.Fatal(name, err)
			}
			if want := all[min(len(all), int(ms)*16):]; !slices.Equal(part, want) {
				t.Errorf("%s from %d ms: %d samples that differ from the %d of the whole", name, ms, len(part), len(want))
			}
		}
	}
}

func TestTimelineIsThePlayers(t *testing.T) {
	dir, tool := t.TempDir(), New(Options{})
	// The audio of this film starts 700 ms after its picture.
	path := filepath.Join(dir, "late.mkv")
	needFFmpeg(t)
	if out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "color=s=16x16:r=10:d=3",
		"-itsoffset", "0.7", "-f", "lavfi", "-i", "sine=f=500:d=2", "-c:v", "mjpeg", "-c:a", "pcm_s16le", path).CombinedOutput(); err != nil {
		t.Skipf("this ffmpeg cannot make the film: %s", out)
	}
	got, _, err := decode(t, tool, path, 0)
	if err != nil {
		t.Fatal(err)
	}
	first := slices.IndexFunc(got, func(v float32) bool { return v > 0.01 || v < -0.01 })
	if ms := first / 16; ms < 690 || ms > 710 {
		t.Errorf("the sound starts at %d ms, want 700", ms)
	}
	info, err := tool.Probe(t.Context(), open(t, path))
	if err != nil || !info.Video || info.ContentType != "video/x-matroska" {
		t.Errorf("probe of a film: %+v, %v", info, err)
	}
}

func TestTags(t *testing.T) {
	dir, tool := t.TempDir(), New(Options{})
	for _, name := range []string{"a.mp3", "a.m4a", "a.ogg", "a.flac"} {
		path := tone(t, dir, name, 1, append(codecs()[name], "-metadata", "title=Die  Küche\u202e\n zwei", "-metadata", "artist=Ann", "-metadata", "album=Box")...)
		info, err := tool.Probe(t.Context(), open(t, path))
		if err != nil || info.Title != "Die Küche zwei" || info.Artist != "Ann" || info.Album != "Box" {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
}

func TestTruncatedFilesWarn(t *testing.T) {
	dir, tool := t.TempDir(), New(Options{})
	for name, args := range map[string][]string{
		"a.mp3": {"-b:a", "64k"}, "a.flac": nil, "a.webm": nil, "a.aiff": nil, "fast.m4a": {"-movflags", "+faststart"},
	} {
		whole, err := os.ReadFile(tone(t, dir, name, 60, args...))
		if err != nil {
			t.Fatal(err)
		}
		half := filepath.Join(dir, "half-"+name)
		if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		got, warning, err := decode(t, tool, half, 0)
		if err != nil || len(got) < 25*SampleRate || len(got) > 35*SampleRate {
			t.Errorf("%s: %.1f s decoded, %v; want about 30 s", name, float64(len(got))/SampleRate, err)
		}
		if !strings.Contains(warning, "ends early") || !strings.Contains(warning, " of 60") {
			t.Errorf("%s: warning %q does not say that it ends early", name, warning)
		}
	}
}

func TestUnusableFiles(t *testing.T) {
	needFFmpeg(t)
	dir, tool := t.TempDir(), New(Options{})
	secret := filepath.Join(dir, "secret.wav")
	tone(t, dir, "secret.wav", 1)
	for name, c := range map[string]struct{ content, say string }{
		"empty.mp3":    {"", "is empty (0 bytes)"},
		"notes.txt":    {"These are my notes.\n", "notes.txt is not an audio file that ffmpeg can read"},
		"page.mp3":     {"<!doctype html><html><body>Not found</body></html>", "is not an audio file"},
		"list.m3u8":    {"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10.0,\nfile://" + secret + "\n#EXT-X-ENDLIST\n", "is not an audio file"},
		"concat.mp3":   {"ffconcat version 1.0\nfile " + secret + "\n", "is not an audio file"},
		"session.sdp":  {"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n", "is not an audio file"},
		"zeros.wav":    {strings.Repeat("\x00", 100000), "is not an audio file"},
		"cut.wav":      {"RIFF\x24\x00\x00\x00WAVEfmt ", "is not an audio file"},
		"picture.png":  {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde", "is not an audio file"},
		"nothing.wav":  {"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00", "nothing.wav"},
		"lines\nx.mp3": {"garbage", "lines x.mp3 is not"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, _, err := decode(t, tool, path, 0)
		if !errors.Is(err, models.ErrUnusable) || len(got) != 0 {
			t.Errorf("%q: %d samples, %v; want models.ErrUnusable", name, len(got), err)
			continue
		}
		if msg := err.Error(); !strings.Contains(msg, c.say) || strings.Contains(msg, "/proc/") || strings.ContainsAny(msg, "\n") || strings.Contains(msg, "0x") {
			t.Errorf("%q: message %q; want one clean line with %q", name, msg, c.say)
		}
	}
	if _, _, err := decode(t, tool, dir, 0); !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
	silent := filepath.Join(dir, "silent.mp4")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "color=s=16x16:d=1", "-c:v", "mpeg4", silent).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	if _, err := tool.Probe(t.Context(), open(t, silent)); !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), "holds no audio") {
		t.Errorf("a film without sound: %v", err)
	}
}

func TestMissingFFmpegSaysWhatToDo(t *testing.T) {
	tool := New(Options{FFmpeg: "no-such-ffmpeg", FFprobe: "no-such-ffprobe"})
	path := filepath.Join(t.TempDir(), "a.mp3")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := tool.Probe(t.Context(), open(t, path))
	if !errors.Is(err, ErrNoFFmpeg) || errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), "apt install ffmpeg") {
		t.Errorf("probe without ffprobe: %v", err)
	}
	if err := tool.Check(); !errors.Is(err, ErrNoFFmpeg) {
		t.Errorf("Check: %v", err)
	}
}

func TestCancelKillsTheChild(t *testing.T) {
	path := tone(t, t.TempDir(), "long.wav", 120, "-ar", "8000")
	ctx, cancel := context.WithCancel(t.Context())
	s, err := New(Options{}).Decode(ctx, open(t, path), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if n, err := s.Read(make([]float32, 1000)); n != 1000 || err != nil {
		t.Fatal(n, err)
	}
	cancel()
	select {
	case <-s.proc.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("ffmpeg still runs 10 s after its context ended")
	}
	if _, err := drain(s); !errors.Is(err, context.Canceled) {
		t.Errorf("reading on gives %v, want context.Canceled: a cut transcript must not look complete", err)
	}
}

func TestKilledChildIsNoEndOfFile(t *testing.T) {
	path := tone(t, t.TempDir(), "long.wav", 120, "-ar", "8000")
	s, err := New(Options{}).Decode(t.Context(), open(t, path), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := drain(s); err == nil || errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), "from outside") {
		t.Errorf("a child killed from outside: %v; want an error that may be retried", err)
	}
}

func TestStalledChildIsKilled(t *testing.T) {
	needFFmpeg(t)
	path := tone(t, t.TempDir(), "a.mp3", 5)
	// A program that never answers, in the place of ffmpeg.
	script := filepath.Join(t.TempDir(), "ffmpeg")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec tail -f /dev/null\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{FFmpeg: script, Stall: 200 * time.Millisecond}).Decode(t.Context(), open(t, path), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := drain(s); err == nil || !strings.Contains(err.Error(), "gave no audio") {
		t.Errorf("a stalled child: %v", err)
	}
	_, err = New(Options{FFprobe: script, ProbeTimeout: 200 * time.Millisecond}).Probe(t.Context(), open(t, path))
	if !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), "within") {
		t.Errorf("a stalled probe: %v", err)
	}
}

func TestLengthIsLimited(t *testing.T) {
	path := tone(t, t.TempDir(), "a.mp3", 10)
	got, warning, err := decode(t, New(Options{MaxDuration: 3 * time.Second}), path, 0)
	if err != nil || len(got) != 3*SampleRate || !strings.Contains(warning, "first 3 s") {
		t.Errorf("%d samples, warning %q, %v", len(got), warning, err)
	}
}

func TestCloseEndsTheChild(t *testing.T) {
	path := tone(t, t.TempDir(), "long.wav", 120, "-ar", "8000")
	s, err := New(Options{}).Decode(t.Context(), open(t, path), 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-s.proc.Done():
	default:
		t.Error("Close returned before ffmpeg was gone")
	}
	if _, err := s.Read(make([]float32, 1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}
