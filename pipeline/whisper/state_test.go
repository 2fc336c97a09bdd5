//go:build !stub

package whisper

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sharedModel loads the weights that the tests share.
func sharedModel(t *testing.T) *model {
	t.Helper()
	dir := os.Getenv("EARSHOT_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", "build", "models")
	}
	path := filepath.Join(dir, "ggml-base-q8_0.bin")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the weights base-q8_0 are not there: other tests of this package fetch them")
	}
	m, err := loadModel(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.close)
	return m
}

func TestPromptsFillTheBudgetOfTheModel(t *testing.T) {
	m := sharedModel(t)
	if m.promptBudget() != 223 {
		t.Errorf("the budget is %d tokens, whisper uses 223", m.promptBudget())
	}
	var names []string
	for i := range 400 {
		names = append(names, fmt.Sprintf("Enspiral%d,", i))
	}
	for name, prompt := range map[string]string{
		"names":    strings.Join(names, " "),
		"Japanese": strings.Repeat("これは日本語です。 ", 200),
		"one word": strings.Repeat("これは日本語です。", 300) + " Ende",
	} {
		got := fitPrompt(prompt, m.promptBudget(), m.tokens)
		words := strings.Fields(got)
		tokens := func(words []string) (n int) {
			for _, w := range words {
				for piece := range pieces(" " + w) {
					n += m.tokens(piece)
				}
			}
			return n
		}
		all := strings.Fields(prompt)
		if n := tokens(words); n > 223 || len(words) == 0 || words[len(words)-1] != all[len(all)-1] {
			t.Errorf("%s: %d tokens in %d words, of which the last is not the prompt's", name, n, len(words))
		}
		if n := tokens(all[len(all)-len(words)-1:]); n <= 223 {
			t.Errorf("%s: one more word would fit, with %d tokens", name, n)
		}
		if n := m.tokens(got[:min(len(got), pieceBytes)]); n == 0 {
			t.Errorf("%s: no tokens", name)
		}
	}
}

// The language of a chunk must not depend on what its decoder did before: whisper.cpp keeps the last context size.
func TestDetectionForgetsWhatCameBefore(t *testing.T) {
	m := sharedModel(t)
	d, err := m.newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	samples := make([]float32, 6*SampleRate)
	for i := range samples {
		samples[i] = float32(i%160)/800 - 0.1 // a buzz at 100 Hz: any sound does
	}
	fresh, err := d.languageProbabilities(samples, 1)
	if err != nil {
		t.Fatal(err)
	}
	ways, err := m.attempts(0, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.decode(&ways[0].low, 1200, 1, samples, 0); err != nil {
		t.Fatal(err)
	}
	again, err := d.languageProbabilities(samples, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(fresh, again) {
		t.Error("the probabilities differ after another chunk was decoded")
	}
}
