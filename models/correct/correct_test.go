package correct_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/correct"
)

const audio = "a0"

// said makes a transcript: each line is a segment, "Name: words" by a speaker; each word lasts 400 ms, and 100 ms lie between.
func said(lines ...string) models.Transcript {
	t := models.Transcript{ID: 1, EpisodeID: "e", Complete: true}
	at := int64(0)
	for _, line := range lines {
		var g models.Segment
		if name, rest, ok := strings.Cut(line, ": "); ok {
			g.Speaker, line = name, rest
		}
		g.StartMS, g.Text = at, line
		for w := range strings.FieldsSeq(line) {
			g.Words = append(g.Words, models.Word{StartMS: at, EndMS: at + 400, Text: w, Probability: 0.5})
			at += 500
		}
		g.EndMS = at - 100
		t.Segments = append(t.Segments, g)
	}
	return t
}

// moved is another transcript of the same recording, by the times of some milliseconds later.
func moved(ms int64, lines ...string) models.Transcript {
	t := said(lines...)
	t.ID = 2
	for i := range t.Segments {
		t.Segments[i].StartMS += ms
		t.Segments[i].EndMS += ms
		for k := range t.Segments[i].Words {
			t.Segments[i].Words[k].StartMS += ms
			t.Segments[i].Words[k].EndMS += ms
		}
	}
	return t
}

// lines is the opposite of said.
func lines(segments []models.Segment) []string {
	var out []string
	for _, g := range segments {
		line := g.Text
		if g.Speaker != "" {
			line = g.Speaker + ": " + line
		}
		out = append(out, line)
	}
	return out
}

// check makes sure that a transcript holds together: its words are in order, within their segments, and make up the text.
func check(t *testing.T, segments []models.Segment) {
	t.Helper()
	at := int64(-1)
	for _, g := range segments {
		if g.StartMS < at || g.EndMS < g.StartMS {
			t.Errorf("the segment %q goes from %d to %d ms, after %d", g.Text, g.StartMS, g.EndMS, at)
		}
		at = g.StartMS
		var words []string
		last := g.StartMS
		for _, w := range g.Words {
			if w.StartMS < last || w.EndMS < w.StartMS || w.EndMS > g.EndMS {
				t.Errorf("%q: the word %q goes from %d to %d ms", g.Text, w.Text, w.StartMS, w.EndMS)
			}
			last = w.StartMS
			words = append(words, w.Text)
		}
		if got := strings.Join(words, " "); got != strings.Join(strings.Fields(g.Text), " ") {
			t.Errorf("the words of %q are %q", g.Text, got)
		}
	}
}

func want(t *testing.T, c models.Corrected, lns ...string) {
	t.Helper()
	check(t, c.Segments)
	if diff := cmp.Diff(lns, lines(c.Segments)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// word is the number of a word in a transcript: its time.
func span(from, to int) models.Span {
	return models.Span{StartMS: int64(from) * 500, EndMS: int64(to)*500 - 100}
}

func rewrite(from, to int, before, after string) models.Edit {
	return models.Edit{Kind: models.EditText, Span: span(from, to), Before: before, After: after}
}

// edited resolves changes one after the other.
func edited(t *testing.T, tr models.Transcript, l correct.Layer, changes ...models.Edit) correct.Layer {
	t.Helper()
	made, err := correct.Resolve(tr, l, changes)
	if err != nil {
		t.Fatal(err)
	}
	for i := range made {
		made[i].ID = int64(len(l.Edits) + 1)
		l.Edits = append(l.Edits, made[i])
	}
	return l
}

func fates(c models.Corrected) string {
	var out []string
	for _, e := range c.Edits {
		out = append(out, string(e.Fate))
	}
	return strings.Join(out, " ")
}

var talk = []string{"Ann: So we met the people of in spiral last year.", "Bob: Yes and in spiral was great.", "Ann: It was."}

func TestNothingSaidChangesNothing(t *testing.T) {
	tr := said(talk...)
	tr.Segments[1].Text = "  odd   spacing " // which is not its words'
	c := correct.Apply(tr, correct.Layer{Audio: audio, Rules: correct.NewRules([]models.Rule{{ID: 1, Right: "X", Wrong: []string{"not there"}}})})
	if diff := cmp.Diff(tr.Segments, c.Segments); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEdits(t *testing.T) {
	tr := said(talk...)
	for name, test := range map[string]struct {
		changes []models.Edit
		want    []string
	}{
		"two words become one": {
			[]models.Edit{rewrite(6, 8, "in spiral", "Enspiral")},
			[]string{"Ann: So we met the people of Enspiral last year.", talk[1], talk[2]},
		},
		"a word is taken out": {
			[]models.Edit{rewrite(0, 1, "So", "")},
			[]string{"Ann: we met the people of in spiral last year.", talk[1], talk[2]},
		},
		"all of a segment is taken out": {
			[]models.Edit{rewrite(16, 18, "It was.", "")},
			[]string{talk[0], talk[1]},
		},
		"words over two segments": {
			[]models.Edit{rewrite(9, 12, "year. Yes and", "year, and")},
			[]string{"Ann: So we met the people of in spiral last year,", "Bob: and in spiral was great.", talk[2]},
		},
		"one becomes many": {
			[]models.Edit{rewrite(15, 16, "great.", "really very great indeed.")},
			[]string{talk[0], "Bob: Yes and in spiral was really very great indeed.", talk[2]},
		},
		"an edit of an edit": {
			[]models.Edit{rewrite(6, 8, "in spiral", "Enspirl"), {Kind: models.EditText, Span: models.Span{StartMS: 3000, EndMS: 3900}, Before: "Enspirl", After: "Enspiral"}},
			[]string{"Ann: So we met the people of Enspiral last year.", talk[1], talk[2]},
		},
		"split": {
			[]models.Edit{{Kind: models.EditSplit, Span: span(4, 5), Before: "people"}},
			[]string{"Ann: So we met the", "Ann: people of in spiral last year.", talk[1], talk[2]},
		},
		"join": {
			[]models.Edit{{Kind: models.EditJoin, Span: span(10, 11), Before: "Yes"}},
			[]string{"Ann: So we met the people of in spiral last year. Yes and in spiral was great.", talk[2]},
		},
		"split and joined again": {
			[]models.Edit{{Kind: models.EditSplit, Span: span(4, 5), Before: "people"}, {Kind: models.EditJoin, Span: span(4, 5), Before: "people"}},
			talk,
		},
		"another speaker within a segment": {
			[]models.Edit{{Kind: models.EditSpeaker, Span: span(4, 8), After: "Cid"}},
			[]string{"Ann: So we met the", "Cid: people of in spiral", "Ann: last year.", talk[1], talk[2]},
		},
		"a speaker is renamed": {
			[]models.Edit{{Kind: models.EditRename, Before: "Ann", After: "Anna"}},
			[]string{"Anna: So we met the people of in spiral last year.", talk[1], "Anna: It was."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := edited(t, tr, correct.Layer{Audio: audio}, test.changes...)
			want(t, correct.Apply(tr, l), test.want...)
			for i := range l.Edits {
				l.Edits[i].UndoneAt = l.Edits[i].UndoneAt.AddDate(2020, 0, 0)
			}
			c := correct.Apply(tr, l)
			if diff := cmp.Diff(tr.Segments, c.Segments); diff != "" {
				t.Errorf("undone, it is not what it was (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWordsThatStayKeepTheirTimes(t *testing.T) {
	tr := said("we went to in spiral together")
	c := correct.Apply(tr, edited(t, tr, correct.Layer{Audio: audio}, rewrite(0, 6, "we went to in spiral together", "we went to Enspiral together")))
	got := c.Segments[0].Words
	for i, k := range map[int]int{0: 0, 1: 1, 2: 2, 4: 5} {
		if got[i] != tr.Segments[0].Words[k] {
			t.Errorf("word %d is %+v, it was %+v", i, got[i], tr.Segments[0].Words[k])
		}
	}
	if w := got[3]; w.Text != "Enspiral" || w.StartMS != 1500 || w.EndMS != 2400 || w.By != "edit" {
		t.Errorf("the new word is %+v", w)
	}
}

func TestConflict(t *testing.T) {
	tr := said(talk...)
	l := edited(t, tr, correct.Layer{Audio: audio}, rewrite(6, 8, "in spiral", "Enspiral"))
	for name, change := range map[string]models.Edit{
		"words that somebody else has changed": rewrite(6, 8, "in spiral", "Inspiral"),
		"a word that is not there":             rewrite(1, 2, "they", "we"),
		"a speaker who is not there":           {Kind: models.EditRename, Before: "Zed", After: "Cid"},
		"beyond the end":                       rewrite(100, 101, "we", "they"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := correct.Resolve(tr, l, []models.Edit{change})
			var conflict *models.EditConflictError
			if !errors.As(err, &conflict) || !errors.Is(err, models.ErrConflict) {
				t.Fatalf("the error is %v", err)
			}
			if strings.HasPrefix(name, "words") && (len(conflict.Now) != 1 || !strings.Contains(conflict.Now[0].Text, "of Enspiral last")) {
				t.Errorf("it says that there is %+v", conflict.Now)
			}
		})
	}
}

func TestAnotherTranscript(t *testing.T) {
	const before, after = "in spiral", "Enspiral"
	tr := said("So we met the people of in spiral last year and then went home")
	l := edited(t, tr, correct.Layer{Audio: audio}, rewrite(6, 8, before, after))
	for name, test := range map[string]struct {
		now  models.Transcript
		fate models.EditFate
		want string
	}{
		"the same words, a little later": {moved(180, "So we met the people of in spiral last year and then went home"), models.FateFound, "So we met the people of Enspiral last year and then went home"},
		"heard as something else":        {moved(90, "So we met the people of N. Spyro last year and then went home"), models.FateFound, "So we met the people of Enspiral last year and then went home"},
		"right by itself":                {said("So we met the people off Enspiral, last year and then went home"), models.FateSatisfied, ""},
		"other words around it":          {said("So he ate a purple pie while walking past here and then went home"), models.FateUnfit, ""},
		"one neighbour is another":       {moved(60, "So we met the people of in spiral lost here and then went home"), models.FateFound, "So we met the people of Enspiral lost here and then went home"},
		"words are lost":                 {said("So we met the people of last year and then went home"), models.FateUnfit, ""},
		"much later in the recording":    {moved(60_000, "So we met the people of in spiral last year and then went home"), models.FateUnfit, ""},
		"not so far yet":                 {models.Transcript{EpisodeID: "e", CursorMS: 1000, Segments: said("So we").Segments}, models.FateWaiting, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := correct.Apply(test.now, l)
			if fates(c) != string(test.fate) {
				t.Errorf("it is %s, not %s: %q", fates(c), test.fate, lines(c.Segments))
			}
			if test.want == "" {
				if diff := cmp.Diff(test.now.Segments, c.Segments); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				return
			}
			want(t, c, test.want)
		})
	}
}

// TestWhatWasWrittenTwice takes one of two out: where there is one, it stays.
func TestWhatWasWrittenTwice(t *testing.T) {
	tr := said("three different teams. That's a useful framing. That's a useful framing. What's the most useful")
	l := edited(t, tr, correct.Layer{Audio: audio}, rewrite(3, 7, "That's a useful framing.", ""))
	once := "three different teams. That's a useful framing. What's the most useful"
	want(t, correct.Apply(tr, l), once)
	for _, ms := range []int64{0, 200} {
		again := moved(ms, once)
		c := correct.Apply(again, l)
		if diff := cmp.Diff(again.Segments, c.Segments); diff != "" || fates(c) != "satisfied" {
			t.Errorf("%d ms later: %s (-want +got):\n%s", ms, fates(c), diff)
		}
	}
	want(t, correct.Apply(moved(200, tr.Segments[0].Text), l), once)
}

func TestTheSamePhraseTwice(t *testing.T) {
	line := "well in spiral is nice and well in spiral is nice and well in spiral is nice"
	tr := said(line)
	l := edited(t, tr, correct.Layer{Audio: audio}, rewrite(7, 9, "in spiral", "Enspiral"))
	want(t, correct.Apply(moved(150, line), l), "well in spiral is nice and well Enspiral is nice and well in spiral is nice")
}

func TestSegmentsAndSpeakersInAnotherTranscript(t *testing.T) {
	tr := said("So we met the people of Enspiral last year Yes and it was great")
	l := edited(t, tr, correct.Layer{Audio: audio},
		models.Edit{Kind: models.EditSplit, Span: span(9, 10), Before: "Yes"},
		models.Edit{Kind: models.EditSpeaker, Span: span(0, 9), After: "Ann"},
		models.Edit{Kind: models.EditSpeaker, Span: span(9, 14), After: "Bob"})
	c := correct.Apply(moved(120, "So we met the people of Enspiral last year. Yes, and it was great."), l)
	want(t, c, "Ann: So we met the people of Enspiral last year.", "Bob: Yes, and it was great.")
	l.Audio = "another recording"
	if c := correct.Apply(moved(120, "So we met the people of Enspiral last year. Yes, and it was great."), l); fates(c) != "found unfit unfit" {
		t.Errorf("in another recording they are %s", fates(c))
	}
}

func rule(id int64, right string, wrong ...string) models.Rule {
	return models.Rule{ID: id, Right: right, Wrong: wrong}
}

func TestRules(t *testing.T) {
	for name, test := range map[string]struct {
		rules []models.Rule
		said  []string
		want  []string
	}{
		"every way to hear it":           {[]models.Rule{rule(1, "Enspiral", "n spiral", "in spiral", "Inspirall")}, []string{"In spiral and N. Spiral, and inspirall."}, []string{"Enspiral and Enspiral, and Enspiral."}},
		"whole words only":               {[]models.Rule{rule(1, "Kaicamp", "camp")}, []string{"camping at camp, campsite camp-fire"}, []string{"camping at Kaicamp, campsite camp-fire"}},
		"within words":                   {[]models.Rule{{ID: 1, Right: "Microsolidarity", Wrong: []string{"microsolidity"}, WithinWords: true}}, []string{"a microsolidityish (microsolidity) thing"}, []string{"a Microsolidarityish (Microsolidarity) thing"}},
		"possessive":                     {[]models.Rule{rule(1, "Enspiral", "in spiral")}, []string{"in spiral's people, in spiral’s"}, []string{"Enspiral's people, Enspiral’s"}},
		"capitals count":                 {[]models.Rule{{ID: 1, Right: "Kai", Wrong: []string{"Guy"}, MatchCase: true}}, []string{"the guy called Guy"}, []string{"the guy called Kai"}},
		"not over the end of a sentence": {[]models.Rule{rule(1, "Enspiral", "in spiral")}, []string{"come in. Spiral out"}, []string{"come in. Spiral out"}},
		"not over speakers":              {[]models.Rule{rule(1, "Enspiral", "in spiral")}, []string{"Ann: come in", "Bob: spiral out"}, []string{"Ann: come in", "Bob: spiral out"}},
		"over segments of a speaker":     {[]models.Rule{rule(1, "Enspiral", "in spiral")}, []string{"Ann: we were in", "Ann: spiral then"}, []string{"Ann: we were Enspiral", "Ann: then"}},
		"rules that match each other":    {[]models.Rule{rule(1, "Alpha", "Beta"), rule(2, "Beta", "Alpha")}, []string{"Alpha met Beta"}, []string{"Beta met Alpha"}},
		"a rule that matches itself":     {[]models.Rule{rule(1, "Richard D. Bartlett", "Bartlett", "Richard Bartlett")}, []string{"Bartlett or Richard D. Bartlett or Richard Bartlett's"}, []string{"Richard D. Bartlett or Richard D. Bartlett or Richard D. Bartlett's"}},
		"the longer one first":           {[]models.Rule{rule(1, "Kai", "guy"), rule(2, "Kaicamp", "guy camp")}, []string{"guy camp and guy"}, []string{"Kaicamp and Kai"}},
		"right already":                  {[]models.Rule{rule(1, "Enspiral", "enspiral")}, []string{"Enspiral and enspiral"}, []string{"Enspiral and Enspiral"}},
		"signs mean nothing":             {[]models.Rule{rule(1, "Kai", "k.*")}, []string{"knowing k."}, []string{"knowing Kai."}},
		"hyphens":                        {[]models.Rule{rule(1, "Enspiral", "in spiral")}, []string{"the in-spiral way"}, []string{"the Enspiral way"}},
		"written small":                  {[]models.Rule{rule(1, "microsolidarity", "micro solidarity")}, []string{"Micro solidarity is micro solidarity."}, []string{"Microsolidarity is microsolidarity."}},
		"undone":                         {[]models.Rule{{ID: 1, Right: "Kai", Wrong: []string{"guy"}, UndoneAt: said("x").CreatedAt.AddDate(1, 0, 0)}}, []string{"guy"}, []string{"guy"}},
		"of another show":                {[]models.Rule{{ID: 1, Right: "Kai", Wrong: []string{"guy"}, ShowID: "other"}}, []string{"guy"}, []string{"guy"}},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, correct.Apply(said(test.said...), correct.Layer{Audio: audio, Show: "s", Rules: correct.NewRules(test.rules)}), test.want...)
		})
	}
}

func TestPlacesOfRules(t *testing.T) {
	tr := said(talk...)
	r := rule(7, "Enspiral", "in spiral")
	l := correct.Layer{Audio: audio, Rules: correct.NewRules([]models.Rule{r})}
	c := correct.Apply(tr, l)
	if len(c.Places) != 2 {
		t.Fatalf("%d places", len(c.Places))
	}
	got := c.Places[1]
	if diff := cmp.Diff(models.Place{
		RuleID: 7, EpisodeID: "e", Span: span(12, 14), Before: "in spiral", After: "Enspiral", Left: "people of in spiral last year. Yes and", Right: "was great. It was.",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.Except = []models.Except{{EpisodeID: "e", StartMS: got.StartMS, Before: got.Before}}
	l.Rules = correct.NewRules([]models.Rule{r})
	want(t, correct.Apply(moved(300, talk...), l), "Ann: So we met the people of Enspiral last year.", talk[1], talk[2])
}

func TestAPersonsWordIsFinal(t *testing.T) {
	tr := said(talk...)
	l := correct.Layer{Audio: audio, Rules: correct.NewRules([]models.Rule{rule(1, "Enspiral", "in spiral")})}
	// The person sees what the rule wrote, and puts one of two back.
	seen := correct.Apply(tr, l).Segments[1].Words[2]
	if seen.Text != "Enspiral" || seen.By != "rule" {
		t.Fatalf("there is %+v", seen)
	}
	l = edited(t, tr, l, models.Edit{Kind: models.EditText, Span: models.Span{StartMS: seen.StartMS, EndMS: seen.EndMS}, Before: "Enspiral", After: "in spiral"})
	want(t, correct.Apply(tr, l), "Ann: So we met the people of Enspiral last year.", talk[1], talk[2])
	if e := l.Edits[0]; e.Before != "in spiral" {
		t.Errorf("the edit is about %q", e.Before)
	}
	// A part of what a rule wrote is edited with all of it.
	l = correct.Layer{Audio: audio, Rules: correct.NewRules([]models.Rule{rule(1, "Enspiral Network Group", "in spiral")})}
	w := correct.Apply(tr, l).Segments[1].Words[3]
	l = edited(t, tr, l, models.Edit{Kind: models.EditText, Span: models.Span{StartMS: w.StartMS, EndMS: w.EndMS}, Before: "Network", After: "Net"})
	l.Rules = nil
	want(t, correct.Apply(tr, l), talk[0], "Bob: Yes and Enspiral Net Group was great.", talk[2])
}

func TestPrivate(t *testing.T) {
	tr := said(talk...)
	l := edited(t, tr, correct.Layer{Audio: audio, Rules: correct.NewRules([]models.Rule{rule(1, "Enspiral", "of Yes")})}, rewrite(6, 8, "in spiral", "Enspiral"))
	l.Private = []models.Span{{StartMS: 3100, EndMS: 4900}, {StartMS: 7600, EndMS: models.Forever}}
	c := correct.Apply(tr, l)
	want(t, c, "Ann: So we met the people of", "Bob: Yes and in spiral was")
	if text := fmt.Sprintf("%+v", c); strings.Contains(text, "Enspiral") || strings.Contains(text, "last") || strings.Contains(text, "great") {
		t.Errorf("there is something of what is private: %s", text)
	}
	l.Private = []models.Span{{EndMS: models.Forever}}
	want(t, correct.Apply(tr, l))
}

// FuzzApply checks that whatever is said about whatever transcript, it holds together.
func FuzzApply(f *testing.F) {
	f.Add("So we met in spiral last year", "Bob: well in spiral", "Enspiral", "in spiral", uint8(3), uint8(5), uint16(900), uint16(2000))
	f.Add("東 京 は 大 き い", "x", "東京 都", "東 京", uint8(0), uint8(2), uint16(0), uint16(0))
	f.Fuzz(func(t *testing.T, one, two, right, wrong string, from, to uint8, hideFrom, hideTo uint16) {
		if strings.ContainsAny(one+two, "\n:") || strings.TrimSpace(one) == "" || strings.TrimSpace(two) == "" {
			return
		}
		tr := said(one, two)
		l := correct.Layer{Audio: audio, Rules: correct.NewRules([]models.Rule{rule(1, right, wrong), {ID: 2, Right: wrong, Wrong: []string{right}, WithinWords: true}})}
		words := strings.Fields(one + " " + two)
		if int(from) < int(to) && int(to) <= len(words) {
			before := strings.Join(words[from:to], " ")
			for _, kind := range []models.EditKind{models.EditText, models.EditSplit, models.EditJoin, models.EditSpeaker} {
				if made, err := correct.Resolve(tr, correct.Layer{Audio: audio}, []models.Edit{{Kind: kind, Span: span(int(from), int(to)), Before: before, After: right}}); err == nil {
					l.Edits = append(l.Edits, made...)
				}
			}
		}
		check(t, correct.Apply(tr, l).Segments)
		if hideFrom < hideTo {
			l.Private = []models.Span{{StartMS: int64(hideFrom), EndMS: int64(hideTo)}}
		}
		c := correct.Apply(moved(40, one, two), l)
		check(t, c.Segments)
		for _, g := range c.Segments {
			for _, w := range g.Words {
				if len(l.Private) > 0 && l.Private[0].Meets(models.Span{StartMS: w.StartMS, EndMS: w.EndMS}) && w.By == "" {
					t.Errorf("the private word %q is there", w.Text)
				}
			}
		}
	})
}
