package search

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

func TestSplitTellsWhatWentWrongInAPart(t *testing.T) {
	e := &evaluation{ctx: t.Context(), running: new(atomic.Int32)}
	broken := errors.New("broken")
	if err := e.split(20, func(_ *evaluation, i int) error {
		if i == 7 {
			return broken
		}
		return nil
	}); !errors.Is(err, broken) {
		t.Errorf("an error of a part came back as %v", err)
	}
	defer func() {
		if r := recover(); r != "fault" {
			t.Errorf("a panic of a part came back as %v", r)
		}
	}()
	_ = e.split(20, func(_ *evaluation, i int) error {
		if i == 7 {
			panic("fault")
		}
		return nil
	})
}

func TestSearchFindsTheSameOnOneCore(t *testing.T) {
	x, _ := indexOfTalks(t,
		"One|the garden of the library is a garden", "Two|a library and then a garden", "Three|no garden here", "Library|the garden library",
	)
	for _, text := range []string{"garden library", `"the garden"`, `"the garden" library -here`, "gardn~ OR lib*"} {
		q := models.Query{Text: text, Facets: true}
		want, err := x.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		x.current.running.Add(1000) // others that take all cores
		got, err := x.Search(t.Context(), q)
		x.current.running.Add(-1000)
		if err != nil || want.Total == 0 {
			t.Fatalf("%s: %d found, %v", text, want.Total, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: differs on one core: %s", text, d)
		}
	}
}
