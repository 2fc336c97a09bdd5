package whisper

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPromptsKeepTheirLastWords(t *testing.T) {
	letters := func(s string) int { return utf8.RuneCountInString(strings.TrimSpace(s)) }
	for name, tc := range map[string]struct {
		prompt string
		budget int
		want   string
	}{
		"short":             {"Ada  Lovelace,\nBabbage", 100, " Ada Lovelace, Babbage"},
		"exactly":           {"Ada Lovelace", 11, " Ada Lovelace"},
		"one too many":      {"Ada Lovelace", 10, " Lovelace"},
		"no word fits":      {"Ada Lovelace", 3, ""},
		"empty":             {" \n ", 100, ""},
		"not text":          {"\xff Ada\x00 \xfe", 100, " Ada"},
		"a word in pieces":  {"so " + strings.Repeat("é", 300), 300, " " + strings.Repeat("é", 300)},
		"words beyond what": {strings.Repeat("word ", 20_000) + "last", 8, " word last"},
	} {
		if got := fitPrompt(tc.prompt, tc.budget, letters); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func FuzzPrompt(f *testing.F) {
	f.Add("Ada Lovelace\x00, \xff"+strings.Repeat("ü", 200), 40)
	f.Fuzz(func(t *testing.T, prompt string, budget int) {
		longest := 0
		got := fitPrompt(prompt, budget, func(s string) int {
			longest = max(longest, len(s))
			return utf8.RuneCountInString(s)
		})
		if !utf8.ValidString(got) || strings.ContainsRune(got, 0) || utf8.RuneCountInString(got) > max(budget, 0) || longest > pieceBytes {
			t.Fatalf("%q of %q with %d, pieces of up to %d bytes", got, prompt, budget, longest)
		}
	})
}
