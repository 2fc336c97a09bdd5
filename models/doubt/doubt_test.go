package doubt

import (
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// said is a transcript of lines, a segment each, in which a word begins every 400 ms. A word with ? behind was heard with little
// certainty, one with ~ was written by somebody; a line that begins with ! looks bad to the decoder.
func said(lines ...string) models.Corrected {
	c := models.Corrected{Transcript: models.Transcript{EpisodeID: "0123456789abcdef", Source: models.TranscriptWhisper, Complete: true}}
	at := int64(0)
	for _, line := range lines {
		var s models.Segment
		line, s.Doubtful = strings.CutPrefix(line, "!")
		for _, f := range strings.Fields(line) {
			w := models.Word{StartMS: at, EndMS: at + 350, Probability: 0.95}
			if w.Text = strings.TrimRight(f, "?~"); strings.HasSuffix(f, "?") {
				w.Probability = 0.3
			}
			if strings.HasSuffix(f, "~") {
				w.By = models.ByEdit
			}
			s.Words = append(s.Words, w)
			at += 400
		}
		s.StartMS, s.EndMS, s.Text = s.Words[0].StartMS, s.Words[len(s.Words)-1].EndMS, models.JoinWords(s.Words, " ")
		c.Segments = append(c.Segments, s)
		at += 1000
	}
	return c
}

func sounds(word string) string {
	if word == "inspirall" || word == "enspiral" {
		return "Enspiral"
	}
	return ""
}

func TestWhatIsInDoubt(t *testing.T) {
	stretched := said("Something is missing here.")
	stretched.Segments[0].Words[1].EndMS += 6000
	slow := stretched
	slow.Source, slow.Origin.Timing = models.TranscriptPublisher, models.TimingCues
	hidden := said("!Secret words that were heard badly.")
	hidden.Private = []models.Span{{StartMS: 500, EndMS: 600}}
	lost := said("All is well.")
	lost.Edits = []models.EditRecord{
		{Edit: models.Edit{Kind: models.EditText, Span: models.Span{StartMS: 40, EndMS: 90}, Before: "in spiral", After: "Enspiral"}, Fate: models.FateUnfit},
		{Edit: models.Edit{Kind: models.EditText, Before: "a", After: "b"}, Fate: models.FateApplied},
	}
	fast := said("One two three four five six seven eight nine ten eleven twelve thirteen fourteen.")
	for i := range fast.Segments[0].Words {
		w := &fast.Segments[0].Words[i]
		w.StartMS, w.EndMS = int64(i*110), int64(i*110+100)
	}
	fast.Segments[0].EndMS = 1540
	for name, c := range map[string]struct {
		in   models.Corrected
		want string // doubts with their texts
	}{
		"nothing":                   {said("All of this is well.", "And this too."), ""},
		"the decoder":               {said("Fine words.", "!Mumbled words here."), "decoder Mumbled words here."},
		"the decoder, and a person": {said("!Mumbled words~ here."), ""},
		"a loop":                    {said("And then we go.", "we go. We go, and so on."), "loop we go. we go. We go,"},
		"a loop of one word":        {said("no no no no no no yes"), "loop no no no no no no"},
		"no loop":                   {said("no no no, that is is it it"), ""},
		"a loop within a segment that is in doubt": {said("!so it was so it was so it was fine"), "loop so it was so it was so it was"},
		"a name":                          {said("We met at Inspirall? once."), "name Inspirall"},
		"a name that was heard well":      {said("We met at Inspirall once."), ""},
		"a name that is right":            {said("We met at Enspiral? once."), ""},
		"a word that is said often":       {said("Inspirall? inspirall? and inspirall?"), ""},
		"a name that a person wrote":      {said("We met at Inspirall~ once."), ""},
		"a gap":                           {stretched, "gap Something is missing here."},
		"times that are no words' own":    {slow, ""},
		"too fast":                        {fast, "gap One two three four five six seven eight nine ten eleven twelve thirteen fourteen."},
		"kept from everybody":             {hidden, ""},
		"a change whose place is gone":    {lost, "edit in spiral"},
		"what cannot be read has nothing": {models.Corrected{}, ""},
	} {
		var got []string
		for _, r := range Find(c.in, sounds) {
			got = append(got, string(r.Doubt)+" "+r.Text)
			if r.Worth <= 0 || r.EndMS <= r.StartMS || r.EpisodeID != c.in.EpisodeID {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, r := range Find(lost, nil) {
		if r.Like != "Enspiral" {
			t.Errorf("what somebody wrote is %q", r.Like)
		}
	}
}

// A minute goes where it sets most right: to much that is surely wrong in little time.
func TestWhatIsWorthMost(t *testing.T) {
	worth := func(lines ...string) float64 {
		found := Find(said(lines...), sounds)
		if len(found) != 1 {
			t.Fatalf("%q: %+v", lines, found)
		}
		return found[0].Worth
	}
	unsure := "what? ever? was? said? there? in? that? noise? of? an? evening? train?"
	for _, c := range [][2]float64{
		{worth("!" + unsure), worth("!" + strings.ReplaceAll(unsure, "?", ""))},
		{worth("and so it was and so it was and so it was and so it was"), worth("no no no no no no")},
		{worth("!" + unsure), worth("At Inspirall? then.")},
	} {
		if c[0] <= c[1] {
			t.Errorf("worth %.1f, and the other %.1f", c[0], c[1])
		}
	}
}

// Text that nobody says does not take for ever, and does not fill the list.
func TestEndlessDoubts(t *testing.T) {
	c := said(strings.Repeat("Inspirall? ", 2) + strings.Repeat("x y z w ", 20_000))
	for range 20_000 {
		c.Segments = append(c.Segments, models.Segment{StartMS: 1 << 40, EndMS: 1<<40 + 1, Doubtful: true, Words: []models.Word{{Text: "x"}}})
	}
	if found := Find(c, sounds); len(found) == 0 || len(found) > 5*mostOfKind {
		t.Errorf("%d passages", len(found))
	}
}
