package correct

import (
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
)

// apply lays an edit over the text, and says what became of it. audio is the recording that the text is of.
func (t *text) apply(e models.Edit, audio string, upTo int64) models.EditRecord {
	r := models.EditRecord{Edit: e, Fate: models.FateUndone}
	if !e.UndoneAt.IsZero() {
		return r
	}
	switch e.Kind {
	case models.EditRename:
		r.Fate = t.rename(e.Before, e.After)
	case models.EditSpeaker:
		r.Fate, r.Now = t.speak(e, audio)
	case models.EditText, models.EditSplit, models.EditJoin:
		r.Fate, r.Now = t.change(e, audio)
	}
	if r.Fate == models.FateUnfit && e.StartMS >= upTo {
		r.Fate = models.FateWaiting
	}
	return r
}

func (t *text) rename(from, to string) models.EditFate {
	fate := models.FateUnfit
	for i := range t.tokens {
		if k := &t.tokens[i]; k.speaker == from {
			k.speaker, t.touched[k.segment], fate = to, true, models.FateApplied
		}
	}
	return fate
}

// speak gives the words of a stretch to a speaker. The recording is the same, so that time alone tells which words these are.
func (t *text) speak(e models.Edit, audio string) (models.EditFate, models.Span) {
	if e.Audio != audio {
		return models.FateUnfit, models.Span{}
	}
	middle := func(k token) int64 { return (k.StartMS + k.EndMS) / 2 }
	from := slices.IndexFunc(t.tokens, func(k token) bool { return middle(k) >= e.StartMS && middle(k) < e.EndMS })
	if from < 0 {
		return models.FateUnfit, models.Span{}
	}
	to := from
	for ; to < len(t.tokens) && middle(t.tokens[to]) < e.EndMS; to++ {
		t.tokens[to].speaker = e.After
		t.touched[t.tokens[to].segment] = true
	}
	t.begin(from)
	if to < len(t.tokens) && t.tokens[to].speaker != e.After {
		t.begin(to)
	}
	return models.FateApplied, t.span(from, to)
}

// begin lets a segment begin at a token.
func (t *text) begin(i int) {
	if t.tokens[i].begins {
		return
	}
	t.tokens[i].begins = true
	t.touched[t.tokens[i].segment] = true
}

// join lets the segment that begins at a token go on in the one before it, whose speaker says it then.
func (t *text) join(i int) {
	before := t.tokens[i-1]
	t.touched[before.segment] = true
	t.tokens[i].begins = false
	if t.tokens[i].glue = t.glue; t.glue == "" && before.segment == t.tokens[i].segment {
		t.tokens[i].glue = ""
	}
	for ; i < len(t.tokens) && !t.tokens[i].begins; i++ {
		t.tokens[i].speaker = before.speaker
		t.touched[t.tokens[i].segment] = true
	}
}

// change applies what is about words.
func (t *text) change(e models.Edit, audio string) (models.EditFate, models.Span) {
	from, to, exact := t.locate(e, audio)
	if !exact && e.TakesOut() && t.gone(e, audio) {
		return models.FateSatisfied, models.Span{}
	}
	if from < 0 {
		return models.FateUnfit, models.Span{}
	}
	fate := models.FateFound
	if exact {
		fate = models.FateApplied
	}
	now := t.span(from, to)
	switch e.Kind {
	case models.EditSplit:
		if t.tokens[from].begins {
			return models.FateSatisfied, models.Span{}
		}
		t.begin(from)
	case models.EditJoin:
		if from == 0 || !t.tokens[from].begins {
			return models.FateSatisfied, models.Span{}
		}
		t.join(from)
	case models.EditText:
		if !exact && t.says(from, to, e) {
			return models.FateSatisfied, models.Span{}
		}
		by := models.ByEdit
		if e.RuleID != 0 {
			by = models.ByRule
		}
		t.rewrite(from, to, strings.Fields(e.After), by)
	case models.EditRename, models.EditSpeaker:
	}
	return fate, now
}

// says reports whether the words [from, to) are what an edit makes of them already: but for signs and capitals, unless the edit is
// about these.
func (t *text) says(from, to int, e models.Edit) bool {
	said := t.said(from, to)
	if slices.Equal(keys(e.Before), keys(e.After)) {
		return said == e.After
	}
	return slices.Equal(keys(said), keys(e.After))
}

// rewrite puts words in the place of the tokens [from, to), and says who wrote them. Those at both ends that stay as they are keep their times.
func (t *text) rewrite(from, to int, words []string, by string) {
	for from < to-1 && len(words) > 1 && t.tokens[from].Text == words[0] {
		from, words = from+1, words[1:]
	}
	for from < to-1 && len(words) > 1 && t.tokens[to-1].Text == words[len(words)-1] {
		to, words = to-1, words[:len(words)-1]
	}
	made := spread(words, t.span(from, to))
	for i := range made {
		made[i].By, made[i].Probability = by, 1
		if len(made) == to-from {
			made[i].StartMS, made[i].EndMS = t.tokens[from+i].StartMS, t.tokens[from+i].EndMS
		}
	}
	t.replace(from, to, made)
}
