package search

import (
	"slices"
	"strings"
	"testing"
)

func TestWordsThatAreNearComeFirst(t *testing.T) {
	// All four say both words once in a passage of the same length.
	talk := func(title, with string) string {
		words := strings.Fields(strings.Repeat("then some other talk ", 12))
		for i, w := range strings.Fields(with) {
			if w != "_" {
				words[10+i] = w
			}
		}
		return title + "|" + strings.Join(words, " ")
	}
	x, docs := indexOfTalks(t,
		talk("Far", "garden _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ library"),
		talk("Near", "garden _ _ library"),
		talk("Phrase", "garden library"),
		talk("Turned", "library garden"),
	)
	want := []string{"Phrase", "Turned", "Near", "Far"}
	if got := titles(find(t, x, "garden library"), docs...); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheWordAsTypedComesBeforeOthersOfItsStem(t *testing.T) {
	x, docs := indexOfTalks(t, "One|we spoke of budgets then", "Two|we spoke of budget then", "Three|we spoke of budgeting then")
	for typed, want := range map[string]string{"budget": "Two", "budgets": "One", "budgeting": "Three"} {
		if got := titles(find(t, x, typed), docs...); len(got) != 3 || got[0] != want {
			t.Errorf("%s: got %q, want %q first", typed, got, want)
		}
	}
}
