//go:build !stub

package whisper_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/weights"
	"github.com/earshot/earshot/pipeline/whisper"
)

// fixture decodes one of the test recordings of speech, or skips.
func fixture(t *testing.T, name string) []float32 {
	t.Helper()
	root := os.Getenv("EARSHOT_FIXTURES")
	if root == "" {
		root = filepath.Join("..", "shared")
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join("..", "..", root)
	}
	f, err := os.Open(filepath.Join(root, "audio", "speech", name))
	if err != nil {
		t.Skipf("no test recording %s: set EARSHOT_FIXTURES", name)
	}
	defer f.Close()
	s, err := audio.New(audio.Options{}).Decode(t.Context(), f, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return readAll(t, s)
}

// joined puts silences of six seconds between recordings, so that each becomes chunks of its own.
func joined(parts ...[]float32) []float32 {
	var out []float32
	for _, p := range parts {
		out = append(append(out, p...), silence(6)...)
	}
	return out
}

func spoken(windows []whisper.Window) []string {
	var out []string
	for _, w := range windows {
		out = append(out, w.Language)
	}
	return out
}

func TestTheMainLanguageIsVotedOverThreeChunks(t *testing.T) {
	req := request(t)
	french, german := joined(fixture(t, "test_fr.wav")), fixture(t, "test_de.wav")
	// Going on after the French sentence, which still has its vote: the choice is the same in every attempt.
	req.SkipMS = int64(len(french)) * 1000 / whisper.SampleRate
	windows, result := transcribe(t, req, joined(french, german, german))
	if result.Language != "de" || len(windows) < 2 {
		t.Fatalf("one sentence in French and two in German are taken for %q, with %d windows after the first", result.Language, len(windows))
	}
	for _, w := range windows {
		if w.Language != "de" || w.MainLanguage != "de" {
			t.Errorf("at %d ms the language is %q, the main one %q", w.StartMS, w.Language, w.MainLanguage)
		}
	}
}

func TestMixedRecordingsAreHeardChunkByChunk(t *testing.T) {
	req := request(t)
	req.Language = models.LanguageMixed
	german, french := fixture(t, "test_de.wav"), fixture(t, "test_fr.wav")
	samples := joined(german, french, german)
	windows, result := transcribe(t, req, samples)
	if diff := cmp.Diff([]string{"de", "fr", "de"}, spoken(windows)); diff != "" {
		t.Fatalf("languages (-want +got):\n%s", diff)
	}
	if result.Language != "de" || result.Report.Languages["fr"] == 0 || result.Report.Languages["de"] <= result.Report.Languages["fr"] {
		t.Errorf("the main language is %q, the speech %v", result.Language, result.Report.Languages)
	}
	if heard := text(windows); !strings.Contains(heard, "portal") || !strings.Contains(heard, "consulat") {
		t.Errorf("heard %q", heard)
	}
	req.Decoders, req.SkipMS, req.MainLanguage = 1, windows[0].CursorMS, windows[0].MainLanguage
	rest, _ := transcribe(t, req, samples)
	if diff := cmp.Diff(windows[1:], rest); diff != "" {
		t.Errorf("with one decoder and resumed it differs (-whole +resumed):\n%s", diff)
	}
}

func TestTranslationGivesEnglish(t *testing.T) {
	req := request(t)
	req.Task = models.TaskTranslate
	windows, result := transcribe(t, req, fixture(t, "test_es.wav"))
	heard := " " + text(windows) + " "
	if !strings.Contains(heard, " sand") || !strings.Contains(heard, " the ") || strings.Contains(heard, "arenas") {
		t.Errorf("the translation says %q", heard)
	}
	if result.Language != "es" {
		t.Errorf("the language that is spoken is given as %q", result.Language)
	}
}

func TestEnglishModelsRefuseOtherTasks(t *testing.T) {
	req := request(t)
	path, err := weights.New(filepath.Dir(req.Model), weights.Options{}).Path("tiny.en")
	if err != nil {
		t.Skip("the weights tiny.en are not there: earshot models pull tiny.en gets them")
	}
	req.Model = path
	tr := transcriber(t, options())
	for says, change := range map[string]func(*whisper.Request){
		`not "fr"`:              func(r *whisper.Request) { r.Language = "fr" },
		"not several languages": func(r *whisper.Request) { r.Language = models.LanguageMixed },
		"cannot translate":      func(r *whisper.Request) { r.Task = models.TaskTranslate },
	} {
		bad := req
		change(&bad)
		_, err := tr.Transcribe(t.Context(), bad, memory(silence(2)), func(whisper.Window) error { return nil }, nil)
		if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want it to say %s", err, says)
		}
	}
	if windows, result := with(t, tr, req, speech(t)); result.Language != "en" || !strings.Contains(text(windows), "ask not") {
		t.Errorf("in %q it heard %q", result.Language, text(windows))
	}
}
