//go:build cgo && !stub

package weights_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	binding "github.com/ggerganov/whisper.cpp/bindings/go"
)

const jfk = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"

// jfkSamples decodes the recording that comes with whisper.cpp's sources.
func jfkSamples(t *testing.T) []float32 {
	t.Helper()
	path := root("build", "whisper.cpp", "samples", "jfk.mp3")
	if _, err := os.Stat(path); err != nil {
		t.Skip("whisper.cpp's sources are not unpacked: run make native")
	}
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	raw, err := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-i", path, "-ac", "1", "-ar", "16000", "-f", "f32le", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	samples := make([]float32, len(raw)/4)
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, samples); err != nil {
		t.Fatal(err)
	}
	return samples
}

// The weights that the converter wrote must not only load: they must understand.
func TestConvertedWeightsTranscribeWordForWord(t *testing.T) {
	samples := jfkSamples(t)
	for _, name := range []string{"base", "base-q8_0", "tiny.en"} {
		t.Run(name, func(t *testing.T) {
			if got := transcribe(t, pull(t, name).Path, samples); got != jfk {
				t.Errorf("heard %q", got)
			}
		})
	}
}

// transcribe returns the words in lower case, without punctuation.
func transcribe(t *testing.T, model string, samples []float32) string {
	t.Helper()
	ctx := binding.Whisper_init(model)
	if ctx == nil {
		t.Fatal("whisper.cpp does not load the file")
	}
	defer ctx.Whisper_free()
	params := ctx.Whisper_full_default_params(binding.SAMPLING_GREEDY)
	params.SetThreads(1) // ggml's threads spin: more than free cores would take minutes
	if err := params.SetLanguage(ctx.Whisper_lang_id("en")); err != nil {
		t.Fatal(err)
	}
	if err := ctx.Whisper_full(params, samples, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range ctx.Whisper_full_n_segments() {
		text.WriteString(ctx.Whisper_full_get_segment_text(i))
	}
	words := regexp.MustCompile(`[^a-z ]`).ReplaceAllString(strings.ToLower(text.String()), "")
	return strings.Join(strings.Fields(words), " ")
}
