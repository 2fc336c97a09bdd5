package models

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                          nil,
		" , ;\n\r\n":                nil,
		"Enspiral, Loomio":          {"Enspiral", "Loomio"},
		"Richard  D.\tBartlett\nA;": {"Richard D. Bartlett", "A"},
		"a, A, b, a":                {"a", "b"},
		"北京, Ünï":                   {"北京", "Ünï"},
	} {
		got := Words(text)
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q", text, got)
		}
		if err := CheckVocabulary(got); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzWords: what becomes of any text is a vocabulary, or is refused with a reason.
func FuzzWords(f *testing.F) {
	f.Add("Enspiral, Richard D. Bartlett\n\x00\xff\u2028;")
	f.Fuzz(func(t *testing.T, text string) {
		words := Words(text)
		err := CheckVocabulary(words)
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
		if again := Words(strings.Join(words, ", ")); err == nil && !slices.Equal(again, words) {
			t.Errorf("%q became %q, and then %q", text, words, again)
		}
	})
}

func TestSpeed(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := JobProgress{Began: 600_000, Done: 660_000, StartedAt: start, ToldAt: start.Add(15 * time.Second)}
	if got := p.Speed(); got != 4 {
		t.Errorf("an attempt that went on at ten minutes does %v times real time", got)
	}
	for name, p := range map[string]JobProgress{
		"nothing told": {StartedAt: start, ToldAt: start, Done: 5}, "nothing done": {StartedAt: start, ToldAt: start.Add(time.Second), Began: 5, Done: 5},
		"a clock that was set back": {StartedAt: start, ToldAt: start.Add(-time.Second), Done: 5},
	} {
		if got := p.Speed(); got != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := (Report{TookMS: 500, DecodedMS: 2000}).Speed(); got != 4 {
		t.Errorf("a report: %v", got)
	}
	if got := (Report{DecodedMS: 2000}).Speed(); got != 0 {
		t.Errorf("an empty report: %v", got)
	}
}
