package search

import (
	"fmt"
	"strings"
	"testing"
)

func TestDictionaryCountsLivingDocuments(t *testing.T) {
	a := newArchive()
	for i := range 30 { // words that one document has lie between words that many have
		a.put(say(fmt.Sprint("Episode ", i), fmt.Sprintf("budget budgeting budgetx%d budgets", i)))
	}
	x := opened(t, t.TempDir(), a, Options{})
	for i, d := range a.all() {
		if i < 10 {
			a.remove(d.Episode.ID)
		}
	}
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := x.ask(t.Context(), nil, func(e *evaluation) error {
		beginning, err := e.wordsBeginning("", "budge")
		if err != nil {
			return err
		}
		near, err := e.wordsNear("", "budgett", maxDistance)
		if err != nil {
			return err
		}
		for l, words := range map[string]map[string]expansion{"budge*": beginning, "budgett~2": near} {
			for _, w := range []string{"budget", "budgets"} {
				if words[w].count != 20 {
					t.Errorf("%s: %q is in %d documents, want 20", l, w, words[w].count)
				}
			}
			for w, found := range words {
				if strings.HasPrefix(w, "budgetx") && found.count != 1 {
					t.Errorf("%s: %q is in %d documents, want 1", l, w, found.count)
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAfterPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"ab": "ac", "a\xff": "b", "\xff\xff": "", "": ""} {
		if got := string(afterPrefix([]byte(prefix))); got != want {
			t.Errorf("%q: %q, want %q", prefix, got, want)
		}
	}
}
