package whisper

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// tone is a second of samples.
type tone struct{ n int }

func (t *tone) Close() error { return nil }

func second(context.Context) (PCM, error) { return &tone{}, nil }

func (t *tone) Read(b []float32) (int, error) {
	if t.n >= SampleRate {
		return 0, io.EOF
	}
	t.n += len(b)
	return len(b), nil
}

func TestAChildThatDiesIsExplained(t *testing.T) {
	for name, tc := range map[string]struct{ script, says string }{
		"crash":    {`echo 'GGML_ASSERT failed' >&2; exit 3`, "GGML_ASSERT"},
		"killed":   {`kill -9 $$`, "memory may be short"},
		"silent":   {`exit 0`, "died in the middle"},
		"nonsense": {`echo '{"window":'; cat >/dev/null`, "not an event"},
		"empty":    {`echo '{}'; cat >/dev/null`, "none, or several"},
	} {
		tr := NewTranscriber(Options{Command: []string{"/bin/sh", "-c", tc.script}})
		_, err := tr.Transcribe(t.Context(), Request{}, second, func(Window) error { return nil }, nil)
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAChildThatHangsIsStopped(t *testing.T) {
	tr := NewTranscriber(Options{Command: []string{"/bin/sh", "-c", "cat >/dev/null; exec sleep 600"}, Stall: 200 * time.Millisecond})
	_, err := tr.Transcribe(t.Context(), Request{}, second, func(Window) error { return nil }, nil)
	if err == nil || !strings.Contains(err.Error(), "said nothing") {
		t.Error(err)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add(`{"window":{"cursor_ms":5,"segments":[{"text":"hi"}]}}` + "\n" + `{"done":{}}`)
	f.Add("{}\nnull\n\xff")
	f.Fuzz(func(t *testing.T, s string) {
		r := newEventReader(strings.NewReader(s))
		for range 1000 {
			ev, err := r.next()
			if err != nil {
				return
			}
			if !ev.valid() {
				t.Fatal("an empty event without an error")
			}
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("{}\n\x01\x00\x00\x00\x00\x00\xc0\x7f\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newFrameReader(strings.NewReader(string(b)))
		_, _ = r.order()
		for {
			samples, err := r.frame(nil)
			for _, s := range samples {
				if s != s || s > 16 || s < -16 {
					t.Fatalf("sample %v gets through", s)
				}
			}
			if err != nil {
				return
			}
		}
	})
}
