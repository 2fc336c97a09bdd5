package whisper

import (
	"fmt"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

func code(id int) string { return strings.Fields(languages)[id] }

func TestLanguagesAreRefusedWhereTheModelCannot(t *testing.T) {
	const english, multilingual, turbo = "tiny.en", "base", "large-v3-turbo"
	for _, tc := range []struct {
		model, language, main string
		task                  models.TranscriptTask
		says                  string // "": it is accepted
		want                  string // the main language, "" when it must be found
	}{
		{multilingual, "fr", "", "", "", "fr"},
		{multilingual, "fr", "de", "", "", "fr"},
		{multilingual, "auto", "", "", "", ""},
		{multilingual, "auto", "de", models.TaskTranscribe, "", "de"},
		{multilingual, "mixed", "", models.TaskTranslate, "", ""},
		{multilingual, "klingon", "", "", "klingon", ""},
		{multilingual, "", "", "", "no language", ""},
		{multilingual, "auto", "klingon", "", "klingon", ""},
		{multilingual, "auto", "", "sing", "sing", ""},
		{turbo, "auto", "", "", "", ""},
		{turbo, "auto", "", models.TaskTranslate, "turbo", ""},
		{english, "auto", "", "", "", "en"},
		{english, "en", "", "", "", "en"},
		{english, "auto", "fr", "", "", "en"},
		{english, "fr", "", "", "English only", ""},
		{english, "mixed", "", "", "English only", ""},
		{english, "en", "", models.TaskTranslate, "cannot translate", ""},
	} {
		got, err := newTongues(Request{Language: tc.language, MainLanguage: tc.main, Task: tc.task}, tc.model != english, tc.model == multilingual)
		name := fmt.Sprintf("%s, %q, %q, %q", tc.model, tc.language, tc.main, tc.task)
		switch {
		case tc.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)):
			t.Errorf("%s: %v, want it to say %q", name, err, tc.says)
		case tc.says == "" && got.main != tc.want:
			t.Errorf("%s: the main language is %q, want %q", name, got.main, tc.want)
		}
	}
}

func TestTheVoteSumsProbabilities(t *testing.T) {
	probs := func(p map[string]float32) []float32 {
		out := make([]float32, len(strings.Fields(languages)))
		for i := range out {
			out[i] = p[code(i)]
		}
		return out
	}
	var v tongues
	v.vote(probs(map[string]float32{"fr": 0.9, "de": 0.1}))
	v.vote(probs(map[string]float32{"fr": 0.1, "de": 0.6}))
	v.vote(probs(map[string]float32{"fr": 0.2, "de": 0.6}))
	if v.choose(code); v.main != "de" {
		t.Errorf("two rather sure chunks against one: %q", v.main)
	}
	if got := v.of(probs(map[string]float32{"it": 0.8, "de": 0.2}), code); got != "it" {
		t.Errorf("a clear chunk is taken for %q", got)
	}
	if got := v.of(probs(map[string]float32{"it": 0.4, "es": 0.3}), code); got != "de" {
		t.Errorf("an unclear chunk is taken for %q, want the main language", got)
	}
}
