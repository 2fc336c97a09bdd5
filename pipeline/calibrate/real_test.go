//go:build !stub

package calibrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/weights"
	"github.com/earshot/earshot/pipeline/whisper"
)

// childVariable makes the test program the child that decodes.
const childVariable = "EARSHOT_TEST_DECODER"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	var err error
	if slices.Contains(os.Args, whisper.DescribeArgument) {
		err = json.NewEncoder(os.Stdout).Encode(whisper.Describe())
	} else {
		err = whisper.Serve(context.Background(), os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func options() whisper.Options {
	return whisper.Options{Command: []string{os.Args[0]}, Env: append(os.Environ(), childVariable+"=1")}
}

// request names installed weights; they are fetched when they are not there.
func request(t *testing.T, model string) whisper.Request {
	t.Helper()
	dir := os.Getenv("EARSHOT_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", "build", "models")
	}
	w := weights.New(dir, weights.Options{QuantizeTool: os.Getenv("EARSHOT_QUANTIZE"), Sources: []weights.Source{weights.Mirror, weights.Official}})
	path := func(name string) string {
		p, err := w.Path(name)
		if errors.Is(err, models.ErrNotFound) {
			if _, err = w.Pull(t.Context(), name, nil); err == nil {
				p, err = w.Path(name)
			}
		}
		if err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skipf("the weights %s cannot be had: %v", name, err)
		}
		return p
	}
	return whisper.Request{Model: path(model), VAD: path(weights.DefaultVAD)}
}

func sample(t *testing.T) []float32 {
	t.Helper()
	s, err := Sample(t.Context(), audio.New(audio.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const model = "base-q8_0"

// A sample that is hard to understand would be decoded several times, which says little about everyday speed.
func TestTheSampleIsUnderstoodAtOnce(t *testing.T) {
	d := whisper.NewTranscriber(options())
	defer d.Close()
	req := request(t, model)
	req.Language, req.Decoders = "en", 1
	var text strings.Builder
	samples := sample(t)
	open := func(context.Context) (whisper.PCM, error) { return &loop{samples: samples, times: 2}, nil }
	result, err := d.Transcribe(t.Context(), req, open, func(w whisper.Window) error {
		for _, s := range w.Segments {
			text.WriteString(s.Text + " ")
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"river", "summer", "wet shoes", "apples", "thirty years"} {
		if n := strings.Count(strings.ReplaceAll(strings.ToLower(text.String()), "30", "thirty"), word); n != 2 {
			t.Errorf("%q was heard %d times in %q", word, n, text.String())
		}
	}
	if r := result.Report; r.Retried > 0 || len(r.Doubtful) > 0 || r.Chunks != 2 {
		t.Errorf("the report says %+v", r)
	}
}

// short is a part of the sample: races take long enough with it on a busy machine.
func short(t *testing.T) []float32 {
	t.Helper()
	return sample(t)[:2*whisper.SampleRate]
}

func TestARaceDecodesInEveryWay(t *testing.T) {
	for _, tc := range []struct {
		ways     []Way
		together bool
	}{
		{Ways(model, 2, 2, false), true},
		{Ways(model, 1, 1, false), false},
	} {
		var seen []Way
		b := Bench{
			Sample:   short(t),
			New:      func() (Decoder, error) { return whisper.NewTranscriber(options()), nil },
			Request:  func(string) (whisper.Request, error) { return request(t, model), nil },
			Together: tc.together,
			Progress: func(w Way) { seen = append(seen, w) },
		}
		trials, winner, err := b.Race(t.Context(), tc.ways)
		if err != nil {
			t.Fatal(err)
		}
		if len(trials) != len(tc.ways) || !slices.Contains(tc.ways, winner) {
			t.Errorf("of %v, measured %v, chosen %+v", tc.ways, trials, winner)
		}
		for _, tr := range trials {
			if tr.Speed <= 0 {
				t.Errorf("the speed of %+v is %v", tr.Way, tr.Speed)
			}
		}
		for _, w := range tc.ways {
			if !slices.Contains(seen, w) {
				t.Errorf("%+v was not measured", w)
			}
		}
	}
}

func TestARaceThatIsCancelledEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := Bench{
		Sample:   short(t),
		New:      func() (Decoder, error) { return whisper.NewTranscriber(options()), nil },
		Request:  func(string) (whisper.Request, error) { return request(t, model), nil },
		Progress: func(Way) { cancel() },
	}
	if _, _, err := b.Race(ctx, Ways(model, 1, 1, false)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTheDecoderTellsWhatItComputesWith(t *testing.T) {
	e, err := whisper.AskEngine(t.Context(), options())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(e.Name, "whisper.cpp 1.") || e.Device == "" || e.Processor == "" || e.GPU && e.Fallback() != "" {
		t.Errorf("it says %+v", e)
	}
	broken := options()
	broken.Command = []string{"/bin/sh", "-c", "echo 'no such driver' >&2; exit 3", "sh"}
	if _, err := whisper.AskEngine(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "no such driver") {
		t.Errorf("a child that dies: %v", err)
	}
}
