package correct

import (
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
)

// Layer is what people say about the transcript of one episode.
type Layer struct {
	Edits   []models.Edit // in the order in which they were made
	Private []models.Span // in order of time
	Rules   *Rules        // of the whole archive; nil: none
	Show    models.ShowID // of the episode
	Audio   string        // SHA-256 of the recording that the transcript is of
}

// contextWords is how many words on each side of an edit are kept with it, to find it again.
const contextWords = 6

// Apply lays a layer over a transcript. What the result tells of edits has no word of a private passage.
func Apply(t models.Transcript, l Layer) models.Corrected {
	c := models.Corrected{Transcript: t, Private: l.Private}
	if len(l.Edits) == 0 && len(l.Private) == 0 && l.Rules.Empty() {
		return c
	}
	x := newText(t.Segments)
	c.Edits = x.edit(l, upTo(t))
	x.hide(l.Private)
	c.Places = l.Rules.apply(x, t.EpisodeID, l.Show)
	c.Segments = x.segments()
	for i, r := range c.Edits {
		c.Edits[i] = r.Told(l.Private, l.Audio)
	}
	return c
}

// upTo is the time before which a transcript has everything.
func upTo(t models.Transcript) int64 {
	if t.Complete {
		return models.Forever
	}
	return t.CursorMS
}

func (t *text) edit(l Layer, upTo int64) []models.EditRecord {
	records := make([]models.EditRecord, len(l.Edits))
	for i, e := range l.Edits {
		records[i] = t.apply(e, l.Audio, upTo)
	}
	return records
}

// Keep makes edits of the places at which rules change a transcript, so that they stay known when another one takes its place.
// Those that the layer has already are left out.
func Keep(t models.Transcript, l Layer) []models.Edit {
	raw := newText(t.Segments)
	raw.edit(l, upTo(t))
	var out []models.Edit
	for _, p := range l.Rules.apply(raw.clone(), t.EpisodeID, l.Show) {
		from, to, ok := raw.exactly(models.Edit{Kind: models.EditText, Span: p.Span, Before: p.Before})
		if !ok || slices.ContainsFunc(l.Edits, func(e models.Edit) bool { return e.RuleID == p.RuleID && e.Audio == l.Audio && e.Meets(p.Span) }) {
			continue
		}
		out = append(out, models.Edit{
			EpisodeID: t.EpisodeID, Kind: models.EditText, Span: p.Span, Before: p.Before, After: p.After, Left: raw.before(from, contextWords), Right: raw.after(to, contextWords),
			Audio: l.Audio, RuleID: p.RuleID,
		})
	}
	return out
}

// Resolve makes of changes, as somebody asks for who sees the corrected transcript, edits that can be stored: with the words that
// were transcribed or edited before, where a rule has changed these, and with the words around them. Each is about the
// transcript as those before it leave it. The error is a [models.EditConflictError] where the words are no longer as the change says.
func Resolve(t models.Transcript, l Layer, changes []models.Edit) ([]models.Edit, error) {
	out := make([]models.Edit, 0, len(changes))
	base := newText(t.Segments)
	base.edit(l, upTo(t))
	for _, change := range changes {
		raw := base.clone()
		raw.hide(l.Private)
		seen := raw.clone()
		l.Rules.apply(seen, t.EpisodeID, l.Show)
		e, ok := seen.resolve(raw, change)
		if !ok {
			return nil, &models.EditConflictError{Wanted: change, Now: seen.around(change)}
		}
		e.Audio = l.Audio
		out = append(out, e)
		base.apply(e, l.Audio, upTo(t))
	}
	return out, nil
}

// resolve finds the words of a change among those that are seen, and says which ones of raw they stand for.
func (t *text) resolve(raw *text, e models.Edit) (models.Edit, bool) {
	if e.Kind == models.EditRename {
		for _, k := range t.tokens {
			if k.speaker == e.Before {
				return e, true
			}
		}
		return e, false
	}
	from, to, ok := t.exactly(e)
	if e.Kind == models.EditSpeaker {
		from, to, ok = t.at(e.StartMS), t.at(e.EndMS), true
	}
	if !ok || from >= to || to > len(t.tokens) {
		return e, false
	}
	// All of what a rule wrote is edited, or nothing.
	seenFrom, seenTo := from, to
	a, b := t.tokens[from].from, t.tokens[to-1].to
	for seenFrom > 0 && t.tokens[seenFrom-1].to > a {
		seenFrom--
	}
	for seenTo < len(t.tokens) && t.tokens[seenTo].from < b {
		seenTo++
	}
	for _, k := range raw.tokens[a+1 : b] {
		if k.cut && e.Kind == models.EditText {
			return e, false
		}
	}
	e.Span = raw.span(a, b)
	switch e.Kind {
	case models.EditText:
		e.Before = raw.said(a, b)
		e.After = strings.Join(strings.Fields(strings.Join([]string{t.said(seenFrom, from), e.After, t.said(to, seenTo)}, " ")), " ")
	case models.EditSplit, models.EditJoin:
		b = a + 1
		e.Before = raw.tokens[a].Text
		e.Span = raw.span(a, b)
	case models.EditSpeaker, models.EditRename:
		e.Before = head(raw.said(a, b))
	}
	e.Left, e.Right = raw.before(a, contextWords), raw.after(b, contextWords)
	return e, true
}

// around is what stands where a change is meant to be.
func (t *text) around(e models.Edit) []models.Segment {
	var out []models.Segment
	at := models.Span{StartMS: e.StartMS, EndMS: max(e.EndMS, e.StartMS+1)}
	for _, g := range t.segments() {
		if at.Meets(models.Span{StartMS: g.StartMS, EndMS: max(g.EndMS, g.StartMS+1)}) {
			out = append(out, g)
		}
	}
	return out
}
