//go:build !stub && unix

package whisper_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/pipeline/whisper"
)

// deathVariable makes a child end itself when it begins to decode the chunk that starts at this many ms, or any for "all".
const deathVariable = "EARSHOT_TEST_DEATH"

// mortal returns the child's output, which ends the child where deathVariable says.
func mortal(out io.Writer) io.Writer {
	at := os.Getenv(deathVariable)
	if at == "" {
		return out
	}
	return writerFunc(func(b []byte) (int, error) {
		var event struct {
			Began *struct {
				StartMS int64 `json:"start_ms"`
			} `json:"began"`
		}
		n, err := out.Write(b)
		if json.Unmarshal(b, &event) == nil && event.Began != nil && (at == "all" || at == strconv.FormatInt(event.Began.StartMS, 10)) {
			_, _ = io.WriteString(os.Stderr, "GGML_ASSERT(false) failed\n")
			os.Exit(3)
		}
		return n, err
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// watcher is a log handler that calls on with each record's message and numbers.
type watcher struct {
	slog.Handler
	on func(message string, number map[string]int64)
}

func watch(on func(message string, number map[string]int64)) *slog.Logger {
	return slog.New(watcher{slog.DiscardHandler, on})
}

func (watcher) Enabled(context.Context, slog.Level) bool { return true }

func (w watcher) Handle(_ context.Context, r slog.Record) error {
	numbers := map[string]int64{}
	r.Attrs(func(a slog.Attr) bool {
		if a.Value.Kind() == slog.KindInt64 {
			numbers[a.Key] = a.Value.Int64()
		}
		return true
	})
	w.on(r.Message, numbers)
	return nil
}

// undisturbed is the transcript of a recording in English of several chunks, made once for the tests that compare with it.
var undisturbed struct {
	once    sync.Once
	windows []whisper.Window
	result  whisper.Result
}

// reference returns a recording, the request for it, and its transcript when nothing happens.
func reference(t *testing.T) (req whisper.Request, samples []float32, windows []whisper.Window, result whisper.Result) {
	t.Helper()
	req, samples = request(t), repeated(t, 3)
	req.Language = "en"
	u := &undisturbed
	u.once.Do(func() { u.windows, u.result = transcribe(t, req, samples) })
	if len(u.windows) < 3 {
		t.Fatalf("the recording has %d windows: too few to test with", len(u.windows))
	}
	return req, samples, u.windows, u.result
}

func TestADeathInMidChunkChangesNothing(t *testing.T) {
	req, samples, want, wantResult := reference(t)
	for name, tc := range map[string]struct {
		signal   syscall.Signal
		chunk    int // that is being decoded then
		decoders int // afterwards
	}{
		"a crash":             {syscall.SIGABRT, 1, 2},
		"ended from outside":  {syscall.SIGKILL, 1, 1},
		"hung":                {syscall.SIGSTOP, 0, 2},
		"a crash in the last": {syscall.SIGSEGV, len(want) - 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Stall = 20 * time.Second // the first chunk's time, and the only one that a hung child here has to show
			began := 0
			o.Logger = watch(func(message string, number map[string]int64) {
				if message != "chunk began" {
					return
				}
				if began == tc.chunk {
					if err := syscall.Kill(int(number["pid"]), tc.signal); err != nil {
						t.Error(err)
					}
				}
				began++
			})
			got, result := with(t, transcriber(t, o), req, samples)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the transcript differs (-undisturbed +disturbed):\n%s", diff)
			}
			if began <= len(want) {
				t.Errorf("%d chunks began: the child was not ended in the middle of one", began)
			}
			if result.Report.Decoders != tc.decoders {
				t.Errorf("went on with %d decoders, want %d", result.Report.Decoders, tc.decoders)
			}
			result.Report.TookMS, result.Report.Decoders = wantResult.Report.TookMS, wantResult.Report.Decoders
			if diff := cmp.Diff(wantResult, result); diff != "" {
				t.Errorf("the result differs (-undisturbed +disturbed):\n%s", diff)
			}
		})
	}
}

func TestAChunkThatAlwaysCrashesIsLeftOut(t *testing.T) {
	req, samples, want, _ := reference(t)
	for _, bad := range []int{0, 1} {
		o := options()
		o.Env = append(o.Env, deathVariable+"="+strconv.FormatInt(want[bad].StartMS, 10))
		got, result := with(t, transcriber(t, o), req, samples)
		if len(got) != len(want) {
			t.Fatalf("%d windows, want %d", len(got), len(want))
		}
		lost := got[bad]
		if !lost.Lost || len(lost.Segments) != 0 || len(lost.Doubtful) != 1 || !strings.Contains(lost.Doubtful[0], "crashed") {
			t.Errorf("the window of the chunk that crashes is %+v", lost)
		}
		if d := result.Report.Doubtful; len(d) != 1 || d[0].StartMS != want[bad].StartMS || d[0].EndMS != want[bad].CursorMS {
			t.Errorf("the report calls doubtful: %+v", d)
		}
		got[bad] = want[bad]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the others differ (-undisturbed +disturbed):\n%s", diff)
		}
	}
}

func TestADecoderThatDiesOfEverythingIsAnError(t *testing.T) {
	req, samples, _, _ := reference(t)
	o := options()
	o.Env = append(o.Env, deathVariable+"=all")
	for says, samples := range map[string][]float32{"no part": samples, "started again": repeated(t, 6)} {
		_, err := transcriber(t, o).Transcribe(t.Context(), req, memory(samples), func(whisper.Window) error {
			return errors.New("a window came: a later attempt would not try its chunk again")
		}, nil)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "GGML_ASSERT") {
			t.Errorf("want %q, got: %v", says, err)
		}
	}
}

// alive tells whether a process is there.
func alive(pid int64) bool { return syscall.Kill(int(pid), 0) == nil }

func TestAChildServesOneRecordingAfterTheOther(t *testing.T) {
	req, _, _, _ := reference(t)
	var started []int64
	o := options()
	ended := make(chan int64, 1)
	o.Logger = watch(func(message string, number map[string]int64) {
		switch message {
		case "decoder started":
			started = append(started, number["pid"])
		case "idle decoder ended":
			ended <- number["pid"]
		}
	})
	one, rest := speech(t), repeated(t, 1)
	want, _ := transcribe(t, req, rest)
	tr := transcriber(t, o)
	first, _ := with(t, tr, req, one)
	second, _ := with(t, tr, req, rest)
	if text(first) != jfk {
		t.Errorf("heard %q", text(first))
	}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Errorf("a child that has worked before hears otherwise (-new +warm):\n%s", diff)
	}
	if len(started) != 1 || !alive(started[0]) {
		t.Fatalf("two recordings started the children %v", started)
	}
	req.Decoders = 1
	with(t, tr, req, one)
	if len(started) != 2 || alive(started[0]) {
		t.Errorf("another number of decoders: the children are %v", started)
	}
	tr.Close()
	if alive(started[len(started)-1]) {
		t.Error("the child is there after Close")
	}
	if _, err := tr.Transcribe(t.Context(), req, memory(one), nil, nil); err == nil {
		t.Error("a closed transcriber works")
	}
	o.Idle = time.Millisecond
	with(t, transcriber(t, o), req, one)
	if pid := <-ended; alive(pid) {
		t.Error("the idle child is still there")
	}
}

func TestCancelAndCloseLeaveNoChild(t *testing.T) {
	req, samples, _, _ := reference(t)
	for name, closing := range map[string]bool{"cancel": false, "close": true} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var pid int64
			began := make(chan struct{}, 16)
			o := options()
			o.Logger = watch(func(message string, number map[string]int64) {
				if message == "chunk began" {
					pid = number["pid"]
					began <- struct{}{}
				}
			})
			tr := transcriber(t, o)
			go func() {
				<-began
				if closing {
					tr.Close()
				} else {
					cancel()
				}
			}()
			// Samples without end: only the cancel ends it.
			_, err := tr.Transcribe(ctx, req, func(context.Context) (whisper.PCM, error) { return &loop{samples: samples}, nil }, func(whisper.Window) error { return nil }, nil)
			if err == nil || !closing && !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			if alive(pid) {
				t.Error("the child is still there")
			}
		})
	}
}

// loop gives samples again and again.
type loop struct {
	samples []float32
	at      int
}

func (l *loop) Close() error { return nil }

func (l *loop) Read(b []float32) (int, error) {
	n := copy(b, l.samples[l.at:])
	l.at = (l.at + n) % len(l.samples)
	return n, nil
}

func TestAReportNamesWhatDecoded(t *testing.T) {
	_, _, windows, result := reference(t)
	r := result.Report
	if !strings.HasPrefix(r.Engine, "whisper.cpp 1.") || r.Device == "" || r.Quantization != "q8_0" || r.Decoders != 2 || r.Threads != 1 || r.Parameters == "" {
		t.Errorf("the report says %+v", r)
	}
	if r.Chunks != len(windows) || r.DecodedMS != result.DurationMS || r.SpeechMS != r.Languages["en"] || r.SpeechMS < 15_000 || r.TookMS <= 0 {
		t.Errorf("the report counts %+v of %d windows", r, len(windows))
	}
}
