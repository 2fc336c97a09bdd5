package models_test

import (
	"slices"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

func TestHeld(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	passage := func(start, end int64, change ...func(*models.Private)) models.Private {
		p := models.Private{Span: models.Span{StartMS: start, EndMS: end}, Audio: "a"}
		for _, f := range change {
			f(&p)
		}
		return p
	}
	until := func(d time.Duration) func(*models.Private) { return func(p *models.Private) { p.Until = now.Add(d) } }
	lifted := func(p *models.Private) { p.LiftedAt = now.Add(-time.Hour) }
	replaced := func(p *models.Private) { p.Audio = "b" }
	whole := []models.Span{{StartMS: 0, EndMS: models.Forever}}
	for name, c := range map[string]struct {
		passages []models.Private
		want     []models.Span
	}{
		"nothing":            {nil, nil},
		"in order":           {[]models.Private{passage(500, 600), passage(100, 200)}, []models.Span{{StartMS: 100, EndMS: 200}, {StartMS: 500, EndMS: 600}}},
		"those that meet":    {[]models.Private{passage(100, 200), passage(150, 300), passage(300, 400)}, []models.Span{{StartMS: 100, EndMS: 400}}},
		"one in another":     {[]models.Private{passage(100, 900), passage(200, 300)}, []models.Span{{StartMS: 100, EndMS: 900}}},
		"to the end":         {[]models.Private{passage(100, 0), passage(200, 300)}, []models.Span{{StartMS: 100, EndMS: models.Forever}}},
		"all":                {[]models.Private{passage(0, 0)}, whole},
		"embargo":            {[]models.Private{passage(100, 200, until(time.Second)), passage(300, 400, until(0))}, []models.Span{{StartMS: 100, EndMS: 200}}},
		"lifted":             {[]models.Private{passage(100, 200, lifted)}, nil},
		"audio replaced":     {[]models.Private{passage(100, 200), passage(500, 600, replaced)}, whole},
		"replaced, lifted":   {[]models.Private{passage(500, 600, replaced, lifted)}, nil},
		"replaced, was held": {[]models.Private{passage(500, 600, replaced, until(-time.Second))}, nil},
	} {
		got := models.Held(c.passages, "a", now)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if models.Whole(got) != slices.Equal(c.want, whole) {
			t.Errorf("%s: whole is %t", name, models.Whole(got))
		}
	}
}

func TestWidened(t *testing.T) {
	held := []models.Span{{StartMS: 20, EndMS: 100}, {StartMS: 180, EndMS: 200}, {StartMS: 1000, EndMS: models.Forever}}
	want := []models.Span{{StartMS: 0, EndMS: 250}, {StartMS: 950, EndMS: models.Forever}}
	if got := models.Widened(held, 50); !slices.Equal(got, want) || held[0].StartMS != 20 {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestHeldNamesDiffer(t *testing.T) {
	names := map[string]bool{}
	for _, held := range [][]models.Span{nil, {{StartMS: 1, EndMS: 23}}, {{StartMS: 12, EndMS: 3}}, {{StartMS: 1, EndMS: 2}, {StartMS: 3, EndMS: 4}}} {
		names[models.HeldName(held)] = true
	}
	if len(names) != 4 || !names[""] {
		t.Errorf("%v", names)
	}
}

// What was written in a private passage, or beside one, is in no history.
func TestToldWithoutPrivateWords(t *testing.T) {
	held := []models.Span{{StartMS: 1000, EndMS: 2000}}
	edit := func(kind models.EditKind, at, now models.Span, fate models.EditFate, audio string) models.EditRecord {
		return models.EditRecord{Fate: fate, Now: now, Edit: models.Edit{Kind: kind, Span: at, Before: "before", After: "after", Left: "left", Right: "right", Audio: audio}}
	}
	in, out := models.Span{StartMS: 1500, EndMS: 1600}, models.Span{StartMS: 500, EndMS: 600}
	for name, c := range map[string]struct {
		edit models.EditRecord
		kept bool
	}{
		"outside":              {edit(models.EditText, out, models.Span{}, models.FateApplied, "a"), true},
		"inside":               {edit(models.EditText, in, models.Span{}, models.FateApplied, "a"), false},
		"undone inside":        {edit(models.EditText, in, models.Span{}, models.FateUndone, "a"), false},
		"a moment inside":      {edit(models.EditSplit, models.Span{StartMS: 1000, EndMS: 1000}, models.Span{}, models.FateApplied, "a"), false},
		"found inside":         {edit(models.EditText, out, in, models.FateFound, "a"), false},
		"of another recording": {edit(models.EditText, out, models.Span{}, models.FateUnfit, "b"), false},
		"a speaker's name":     {edit(models.EditRename, models.Span{}, models.Span{}, models.FateApplied, "a"), true},
	} {
		if got := c.edit.Told(nil, "a"); got != c.edit {
			t.Errorf("%s, nothing held: %+v", name, got)
		}
		got := c.edit.Told(held, "a")
		if got.Left != "" || got.Right != "" || (got.Before == "before") != c.kept || (got.After == "after") != c.kept {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
