//go:build !stub

package whisper_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/weights"
	"github.com/earshot/earshot/pipeline/whisper"
)

// childVariable makes the test program the child that decodes.
const childVariable = "EARSHOT_TEST_DECODER"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if err := whisper.Serve(context.Background(), os.Stdin, mortal(os.Stdout)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const jfk = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"

func options() whisper.Options {
	return whisper.Options{Command: []string{os.Args[0]}, Env: append(os.Environ(), childVariable+"=1", "OPENBLAS_NUM_THREADS=1")}
}

// transcriber returns one whose children end with the test.
func transcriber(tb testing.TB, o whisper.Options) *whisper.Transcriber {
	tb.Helper()
	t := whisper.NewTranscriber(o)
	tb.Cleanup(t.Close)
	return t
}

// request returns a request with the weights that the tests share; they are fetched when they are not there.
func request(tb testing.TB) whisper.Request {
	tb.Helper()
	dir := os.Getenv("EARSHOT_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", "build", "models")
	}
	w := weights.New(dir, weights.Options{QuantizeTool: os.Getenv("EARSHOT_QUANTIZE"), Sources: []weights.Source{weights.Mirror, weights.Official}})
	paths := make([]string, 2)
	for i, name := range []string{"base-q8_0", "silero-v6.2.0"} {
		path, err := w.Path(name)
		if errors.Is(err, models.ErrNotFound) {
			if _, err = w.Pull(tb.Context(), name, nil); err == nil {
				path, err = w.Path(name)
			}
		}
		if err != nil {
			if os.Getenv("CI") != "" {
				tb.Fatal(err)
			}
			tb.Skipf("the weights %s cannot be had: %v", name, err)
		}
		paths[i] = path
	}
	return whisper.Request{Model: paths[0], VAD: paths[1], Language: "auto", Decoders: 2}
}

// speech decodes the recording that comes with whisper.cpp's sources.
func speech(tb testing.TB) []float32 {
	tb.Helper()
	f, err := os.Open(filepath.Join("..", "..", "build", "whisper.cpp", "samples", "jfk.mp3"))
	if err != nil {
		tb.Skip("the sources of whisper.cpp are not under build: run make native")
	}
	defer f.Close()
	s, err := audio.New(audio.Options{}).Decode(tb.Context(), f, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	return readAll(tb, s)
}

func readAll(tb testing.TB, s whisper.PCM) []float32 {
	tb.Helper()
	var out []float32
	buf := make([]float32, 16000)
	for {
		n, err := s.Read(buf)
		out = append(out, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// memory is a recording in memory.
func memory(samples []float32) whisper.Source {
	return func(context.Context) (whisper.PCM, error) { return &pcm{samples}, nil }
}

type pcm struct{ rest []float32 }

func (p *pcm) Close() error { return nil }

func (p *pcm) Read(b []float32) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func transcribe(tb testing.TB, req whisper.Request, samples []float32) ([]whisper.Window, whisper.Result) {
	tb.Helper()
	return with(tb, transcriber(tb, options()), req, samples)
}

func with(tb testing.TB, t *whisper.Transcriber, req whisper.Request, samples []float32) ([]whisper.Window, whisper.Result) {
	tb.Helper()
	var windows []whisper.Window
	result, err := t.Transcribe(tb.Context(), req, memory(samples), func(w whisper.Window) error {
		windows = append(windows, w)
		return nil
	}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return windows, result
}

func text(windows []whisper.Window) string {
	var all []string
	for _, w := range windows {
		for _, s := range w.Segments {
			all = append(all, s.Text)
		}
	}
	return strings.Join(strings.Fields(regexp.MustCompile(`[^a-z ]`).ReplaceAllString(strings.ToLower(strings.Join(all, " ")), "")), " ")
}

func silence(seconds int) []float32 { return make([]float32, seconds*whisper.SampleRate) }

func TestSpeechBecomesWordsWithTimes(t *testing.T) {
	req := request(t)
	windows, result := transcribe(t, req, speech(t))
	if got := text(windows); got != jfk {
		t.Errorf("heard %q", got)
	}
	if result.Language != "en" || result.DurationMS < 10_900 || result.DurationMS > 11_100 || result.SpeechMS < 5000 {
		t.Errorf("result %+v", result)
	}
	var words []models.Word
	for _, w := range windows {
		for _, s := range w.Segments {
			words = append(words, s.Words...)
		}
	}
	// The speaker pauses before "ask not" and again before "what", which he says at 5.4 s.
	for _, w := range words {
		if strings.HasPrefix(w.Text, "what") {
			if w.StartMS < 5100 || w.StartMS > 5700 {
				t.Errorf("%q begins at %d ms, said at 5380", w.Text, w.StartMS)
			}
			break
		}
	}
}

// long is several minutes: the recording again and again, with silences and a noise between.
func long(tb testing.TB) []float32 { tb.Helper(); return repeated(tb, 6) }

func repeated(tb testing.TB, times int) []float32 {
	tb.Helper()
	one := speech(tb)
	rng := rand.New(rand.NewPCG(1, 2))
	var out []float32
	for i := range times {
		out = append(append(out, one...), silence(5+i%2)...)
		for range whisper.SampleRate / 2 {
			out = append(out, 0.01*(rng.Float32()-0.5))
		}
	}
	return out
}

func TestResumingGivesTheSameTranscript(t *testing.T) {
	req := request(t)
	samples := long(t)
	all, result := transcribe(t, req, samples)
	if n := strings.Count(text(all), "ask not what your country can do for you"); n != 6 || len(all) < 4 {
		t.Fatalf("the phrase was heard %d times of 6 in %d windows: %s", n, len(all), text(all))
	}
	if len(result.Report.Doubtful) != 0 {
		t.Errorf("%d doubtful chunks of clear speech", len(result.Report.Doubtful))
	}
	half := len(all) / 2
	req.SkipMS, req.MainLanguage = all[half-1].CursorMS, all[half-1].MainLanguage
	rest, again := transcribe(t, req, samples)
	if diff := cmp.Diff(all[half:], rest); diff != "" {
		t.Errorf("the second half differs when resumed (-whole +resumed):\n%s", diff)
	}
	if again.DurationMS != result.DurationMS || again.SpeechMS != result.SpeechMS {
		t.Errorf("resumed %+v, whole %+v", again, result)
	}
}

func TestSilenceAndNoiseSayNothing(t *testing.T) {
	req := request(t)
	noise := make([]float32, 20*whisper.SampleRate)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range noise {
		noise[i] = 0.02 * (rng.Float32() - 0.5)
	}
	var progress []int64
	_, err := transcriber(t, options()).Transcribe(t.Context(), req, memory(append(silence(100), noise...)), func(w whisper.Window) error {
		return fmt.Errorf("heard %+v", w)
	}, func(at int64) { progress = append(progress, at) })
	if err != nil {
		t.Error(err)
	}
	if len(progress) < 3 {
		t.Errorf("progress through 120 s of silence was told %d times", len(progress))
	}
	if _, result := transcribe(t, req, nil); result.DurationMS != 0 || result.Language != "" {
		t.Errorf("nothing gives %+v", result)
	}
	if got, _ := transcribe(t, req, make([]float32, 7)); len(got) != 0 {
		t.Errorf("seven samples say %+v", got)
	}
}

func TestWrongRequestsAreRefused(t *testing.T) {
	good := request(t)
	damaged := filepath.Join(t.TempDir(), "damaged.bin")
	if err := os.WriteFile(damaged, []byte("lmgg and then nothing that a model has"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(*whisper.Request)
		says   string
	}{
		"language":      {func(r *whisper.Request) { r.Language = "klingon" }, "klingon"},
		"no model":      {func(r *whisper.Request) { r.Model = "nowhere.bin" }, "nowhere.bin"},
		"damaged model": {func(r *whisper.Request) { r.Model = damaged }, "damaged"},
		"VAD":           {func(r *whisper.Request) { r.VAD = damaged }, "voice activity"},
	} {
		req := good
		tc.change(&req)
		_, err := transcriber(t, options()).Transcribe(t.Context(), req, memory(silence(2)), func(whisper.Window) error { return nil }, nil)
		if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancelEndsTheChild(t *testing.T) {
	req := request(t)
	ctx, cancel := context.WithCancel(t.Context())
	windows := 0
	_, err := transcriber(t, options()).Transcribe(ctx, req, memory(long(t)), func(whisper.Window) error {
		windows++
		cancel()
		return nil
	}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, and got %v after %d windows", err, windows)
	}
	stop := errors.New("the store is full")
	_, err = transcriber(t, options()).Transcribe(t.Context(), req, memory(long(t)), func(whisper.Window) error { return stop }, nil)
	if !errors.Is(err, stop) {
		t.Errorf("a window that cannot be stored gives %v", err)
	}
}

// endless never ends, and fails when it is told to.
type endless struct{ fail chan error }

func (e *endless) Close() error { return nil }

func (e *endless) Read(b []float32) (int, error) {
	select {
	case err := <-e.fail:
		return 0, err
	default:
		clear(b)
		return len(b), nil
	}
}

func TestASourceThatFailsEndsTheTranscription(t *testing.T) {
	req := request(t)
	broken := errors.New("the disk is gone")
	src := &endless{make(chan error, 1)}
	_, err := transcriber(t, options()).Transcribe(t.Context(), req, func(context.Context) (whisper.PCM, error) { return src, nil }, func(whisper.Window) error { return nil }, func(int64) {
		select {
		case src.fail <- broken:
		default:
		}
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
