package search

import (
	"reflect"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

func TestSuggestsASpelling(t *testing.T) {
	talks := []string{"Typo|we spoke of the commttee once, and of nothing else", "Café|the café in Zürich"}
	for _, title := range strings.Fields("a b c d e f g h i j k l") {
		talks = append(talks, title+"|the committee and the budget of the whole neighbourhood, mutual aid included")
	}
	x, _ := indexOfTalks(t, talks...)
	for _, q := range []struct {
		text string
		want []models.Suggestion
	}{
		{"mutal aid", []models.Suggestion{{Kind: models.SuggestSpelling, Query: "mutual aid", Total: 12}}},
		{"Mutal  (AID OR budegt)", []models.Suggestion{{Kind: models.SuggestSpelling, Query: "mutual  (AID OR budget)", Total: 12}}},
		{`"mutal aid" -show:other`, []models.Suggestion{{Kind: models.SuggestSpelling, Query: `"mutual aid" -show:other`, Total: 12}}},
		{"neihgbourhood", []models.Suggestion{{Kind: models.SuggestSpelling, Query: "neighbourhood", Total: 12}}},
		{"commttee", []models.Suggestion{{Kind: models.SuggestSpelling, Query: "committee", Total: 12}, {Kind: models.SuggestSounds, Query: "sounds:commttee", Total: 13}}}, // said once
		{"zuriich", []models.Suggestion{{Kind: models.SuggestSpelling, Query: "zurich", Total: 1}}},
		{"budget", nil},              // said often
		{"xylophone", nil},           // nothing is near
		{"mutal zurich", nil},        // would find nothing either
		{"budget -mutal", nil},       // what is not wanted is not asked about
		{"mutul*", nil}, {"ai", nil}, // as somebody meant it; too short
		{"speaker:mutal", nil},
	} {
		r := find(t, x, q.text)
		if !reflect.DeepEqual(r.Suggestions, q.want) {
			t.Errorf("%s: suggested %+v, want %+v", q.text, r.Suggestions, q.want)
		}
		for _, s := range r.Suggestions {
			if got := find(t, x, s.Query).Total; got != s.Total {
				t.Errorf("%s finds %d episodes, the suggestion says %d", s.Query, got, s.Total)
			}
		}
	}
}
