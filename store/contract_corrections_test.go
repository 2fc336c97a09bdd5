package store

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// transcript makes a complete transcript of what is said, a word every half second.
func transcript(t *testing.T, s *Store, a *held, id models.EpisodeID, model, said string) models.Transcript {
	t.Helper()
	return written(t, s, a, models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper, Model: model}, said)
}

// written makes a complete transcript of what is said, a word every half second; a bar begins another segment.
func written(t *testing.T, s *Store, a *held, tr models.Transcript, said string) models.Transcript {
	t.Helper()
	ctx := t.Context()
	tr, err := s.StartTranscript(ctx, a.lease, tr)
	must(t, err)
	var segments []models.Segment
	at := int64(0)
	for line := range strings.SplitSeq(said, "|") {
		words := strings.Fields(line)
		end := at + int64(len(words))*500
		segments, at = append(segments, segment(at, end, words...)), end
	}
	must(t, s.AppendSegments(ctx, a.lease, part(tr.ID, "en", segments, 60_000)))
	must(t, s.FinishTranscript(ctx, a.lease, finished(tr.ID, 60_000, "")))
	a.finish(nil)
	eventually(t, "the job is over", func() bool { idle, err := s.Idle(ctx); must(t, err); return idle })
	return tr
}

// again has an episode transcribed once more.
func again(t *testing.T, s *Store, h *holder, id models.EpisodeID, model, said string) models.Transcript {
	t.Helper()
	must(t, s.Enqueue(t.Context(), models.TranscribeJob{EpisodeID: id}))
	return transcript(t, s, h.take(t), id, model, said)
}

func reads(t *testing.T, s *Store, id models.EpisodeID, want string) {
	t.Helper()
	got, err := s.Transcript(t.Context(), id, models.TaskTranscribe)
	must(t, err)
	if got.Text() != want {
		t.Errorf("it reads %q, not %q", got.Text(), want)
	}
	d, err := s.Document(t.Context(), id)
	must(t, err)
	if d.Transcript.Text() != want {
		t.Errorf("the index is told %q, not %q", d.Transcript.Text(), want)
	}
}

func retext(from, to int64, before, after string) models.Edit {
	return models.Edit{Kind: models.EditText, Span: models.Span{StartMS: from * 500, EndMS: to * 500}, Before: before, After: after}
}

// editsStay: what people wrote is laid over every transcript of the episode, can be taken back, and never changes what was made.
func editsStay(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	const said = "so we met the people of in spiral last year"
	first := transcript(t, s, a, id, "base", said)
	last, err := s.LastChange(ctx)
	must(t, err)

	made, err := s.Edit(ctx, id, "ana", []models.Edit{retext(6, 8, "in spiral", "Enspiral"), retext(0, 1, "so", "So")})
	must(t, err)
	reads(t, s, id, "So we met the people of Enspiral last year")
	if by, err := s.ByHand(ctx); err != nil || by <= last {
		t.Errorf("the newest change by hand is %d, %v; there were %d", by, err, last)
	}
	if len(made) != 2 || made[0].By != "ana" || made[0].ID == 0 || made[0].At.IsZero() || !made[0].UndoneAt.IsZero() {
		t.Errorf("made %+v", made)
	}

	_, err = s.Edit(ctx, id, "bo", []models.Edit{retext(8, 9, "last", "this"), retext(6, 8, "in spiral", "Inspiral")})
	var conflict *models.EditConflictError
	if !errors.As(err, &conflict) {
		t.Fatalf("an edit of what was changed: %v", err)
	}
	reads(t, s, id, "So we met the people of Enspiral last year") // nothing of it
	_, err = s.Edit(ctx, id, "bo", []models.Edit{retext(8, 8, "last", "this")})
	wantError(t, err, models.ErrInvalid)
	_, err = s.Edit(ctx, "0000000000000000", "bo", []models.Edit{retext(8, 9, "last", "this")})
	wantError(t, err, models.ErrNotFound)

	must(t, s.UndoEdits(ctx, id, "bo", true, made[1].ID))
	reads(t, s, id, "so we met the people of Enspiral last year")
	must(t, s.UndoEdits(ctx, id, "bo", false, made[1].ID))
	wantError(t, s.UndoEdits(ctx, id, "bo", true, made[1].ID, 10_000), models.ErrNotFound)
	reads(t, s, id, "So we met the people of Enspiral last year")

	second := again(t, s, h, id, "large", "So he met the people of N spiro last year")
	reads(t, s, id, "So he met the people of Enspiral last year")
	now, err := s.Corrected(ctx, id)
	must(t, err)
	if now.Edits[0].Fate != models.FateFound || now.Edits[1].Fate != models.FateSatisfied {
		t.Errorf("in another transcript: %+v", now.Edits)
	}
	original, err := s.Original(ctx, id, models.TaskTranscribe)
	must(t, err)
	if original.Text() != "So he met the people of N spiro last year" {
		t.Errorf("what was transcribed is %q", original.Text())
	}

	// The older one is the better one, until there is a newer one.
	must(t, s.ChooseTranscript(ctx, id, first.ID))
	reads(t, s, id, "So we met the people of Enspiral last year")
	wantError(t, s.ChooseTranscript(ctx, id, 10_000), models.ErrNotFound)
	kept, err := s.TranscriptByID(ctx, id, second.ID)
	must(t, err)
	if kept.Text() != "So he met the people of Enspiral last year" {
		t.Errorf("the other one reads %q", kept.Text())
	}
	again(t, s, h, id, "small", "And now something else")
	reads(t, s, id, "And now something else")
	now, err = s.Corrected(ctx, id)
	must(t, err)
	if len(now.Unfit()) != 2 {
		t.Errorf("where nothing fits: %+v", now.Edits)
	}
}

// rulesHold: a rule changes what is there and what comes, in one step, and back.
func rulesHold(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	transcript(t, s, a, id, "base", "we love in spiral and in spiral loves us")
	last, err := s.LastChange(ctx)
	must(t, err)
	reach := models.Reach{Episodes: []models.EpisodeID{id}, Seq: last}
	r := models.Rule{Right: "Enspiral", Wrong: []string{"in spiral", "n spiro"}, By: "ana", Except: []models.Except{{EpisodeID: id, StartMS: 2500, Before: "in spiral"}}}
	places, err := s.RulePlaces(ctx, models.Rule{Right: r.Right, Wrong: r.Wrong}, reach.Episodes)
	must(t, err)
	if len(places) != 2 || places[1].StartMS != 2500 || places[1].Before != "in spiral" || places[1].Left != "we love in spiral and" || places[1].Taken {
		t.Errorf("the places are %+v", places)
	}
	r, err = s.AddRule(ctx, r, reach)
	must(t, err)
	reads(t, s, id, "we love Enspiral and in spiral loves us")
	changes, err := s.Changes(ctx, last, 0)
	must(t, err)
	if len(changes) != 1 || changes[0].EpisodeID != id {
		t.Errorf("the index is told of %+v", changes)
	}
	if places, err = s.RulePlaces(ctx, models.Rule{Right: "Kai", Wrong: []string{"spiral", "love"}}, reach.Episodes); err != nil || len(places) != 3 || places[0].Taken || !places[1].Taken || places[2].Taken {
		t.Errorf("another rule has %+v, %v", places, err)
	}

	again(t, s, h, id, "large", "we love N. Spiro and in spiral loves us")
	reads(t, s, id, "we love Enspiral and in spiral loves us")

	// Heard as something that the rule does not know, the place is known all the same, and the place that was left out is still left out.
	again(t, s, h, id, "small", "we love inspire oh and in spiral loves us")
	reads(t, s, id, "we love Enspiral and in spiral loves us")
	last, err = s.LastChange(ctx)
	must(t, err)
	must(t, s.UndoRule(ctx, r.ID, "bo", true, models.Reach{Seq: last}))
	reads(t, s, id, "we love inspire oh and in spiral loves us")
	if changes, err = s.Changes(ctx, last, 0); err != nil || len(changes) != 1 {
		t.Errorf("undone, the index is told of %+v, %v", changes, err)
	}
	must(t, s.UndoRule(ctx, r.ID, "bo", false, reach))
	again(t, s, h, id, "large", "we love N. Spiro and in spiral loves us")
	must(t, s.UndoRule(ctx, r.ID, "bo", true, reach))
	reads(t, s, id, "we love N. Spiro and in spiral loves us")
	must(t, s.UndoRule(ctx, r.ID, "bo", false, reach))
	reads(t, s, id, "we love Enspiral and in spiral loves us")
	wantError(t, s.UndoRule(ctx, 10_000, "bo", true, reach), models.ErrNotFound)
	must(t, s.UndoRule(ctx, r.ID, "bo", true, reach))
	list, err := s.Rules(ctx)
	must(t, err)
	if len(list) != 1 || list[0].UndoneBy != "bo" || list[0].By != "ana" || len(list[0].Except) != 1 || list[0].Places != 1 {
		t.Errorf("the log says %+v", list)
	}
	for what, bad := range map[string]models.Rule{
		"no name":      {Wrong: []string{"x"}},
		"nothing":      {Right: "x"},
		"signs":        {Right: "x", Wrong: []string{".*"}},
		"itself":       {Right: "x", Wrong: []string{"x"}},
		"enormous":     {Right: strings.Repeat("x", models.MaxRuleText+1), Wrong: []string{"x"}},
		"parts of all": {Right: "x", Wrong: []string{"a"}, WithinWords: true},
	} {
		if _, err := s.AddRule(ctx, bad, reach); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// ruleMissesNothing: an episode that changed after the index was asked is told to it too.
func ruleMissesNothing(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	before, err := s.LastChange(ctx)
	must(t, err)
	id, a := downloaded(t, s, h)
	transcript(t, s, a, id, "base", "we love in spiral")
	last, err := s.LastChange(ctx)
	must(t, err)
	_, err = s.AddRule(ctx, models.Rule{Right: "Enspiral", Wrong: []string{"in spiral"}}, models.Reach{Seq: before})
	must(t, err)
	if changes, err := s.Changes(ctx, last, 0); err != nil || len(changes) != 1 {
		t.Errorf("the index is told of %+v, %v", changes, err)
	}
}

// ruleLeavesTheDeleted: an episode that the index still knows is not brought back by undoing a rule.
func ruleLeavesTheDeleted(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	transcript(t, s, a, id, "base", "we love in spiral")
	reach := models.Reach{Episodes: []models.EpisodeID{id}}
	r, err := s.AddRule(ctx, models.Rule{Right: "Enspiral", Wrong: []string{"in spiral"}}, reach)
	must(t, err)
	must(t, s.DeleteEpisode(ctx, id))
	before, err := s.Changes(ctx, 0, 0)
	must(t, err)
	must(t, s.UndoRule(ctx, r.ID, "bo", true, reach))
	must(t, s.UndoRule(ctx, r.ID, "bo", false, reach))
	if after, err := s.Changes(ctx, 0, 0); err != nil || !slices.Equal(after, before) {
		t.Errorf("the changes are %+v, %v, and were %+v", after, err, before)
	}
}

// privateIsNowhere: words of a private passage are in nothing that is read, until it is lifted or its time is over.
func privateIsNowhere(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	clock := make(chan time.Duration, 1)
	clock <- 0
	s.now = func() time.Time { d := <-clock; clock <- d; return time.Now().Add(d) }
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	first := transcript(t, s, a, id, "base", "my secret name is Rumpel and that is all")
	_, err := s.Edit(ctx, id, "ana", []models.Edit{retext(4, 5, "Rumpel", "Rumpelstilz")})
	must(t, err)
	p, err := s.SetPrivate(ctx, models.Private{EpisodeID: id, Span: models.Span{StartMS: 500, EndMS: 2500}, Reason: "asked", By: "ana"})
	must(t, err)
	reads(t, s, id, "my and that is all")
	again(t, s, h, id, "large", "my secret name is Rumpel and that is all")
	reads(t, s, id, "my and that is all")
	must(t, s.Enqueue(ctx, models.TranscribeJob{EpisodeID: id, Task: models.TaskTranslate}))
	written(t, s, h.take(t), models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper, Task: models.TaskTranslate}, "il mio nome segreto | Rumpel e poi | basta così")
	translated, err := s.Transcript(ctx, id, models.TaskTranslate)
	must(t, err)
	if translated.Text() != "basta così" { // words stand in another order: whole lines are kept
		t.Errorf("the translation reads %q", translated.Text())
	}
	kept, err := s.TranscriptByID(ctx, id, first.ID)
	must(t, err)
	now, err := s.Corrected(ctx, id)
	must(t, err)
	for _, text := range []string{kept.Text(), now.Text(), now.Edits[0].Before + now.Edits[0].After + now.Edits[0].Left + now.Edits[0].Right} {
		if strings.Contains(text, "Rumpel") || strings.Contains(text, "secret") {
			t.Errorf("it is told in %q", text)
		}
	}
	if want := []models.Span{{StartMS: 500, EndMS: 2500}}; !slices.Equal(now.Private, want) {
		t.Errorf("private is %v", now.Private)
	}
	if _, err := s.Edit(ctx, id, "bo", []models.Edit{retext(0, 6, "my and", "mine and")}); !errors.Is(err, models.ErrConflict) {
		t.Errorf("an edit over what is private: %v", err)
	}
	_, err = s.LiftPrivate(ctx, p.ID, "bo")
	must(t, err)
	reads(t, s, id, "my secret name is Rumpelstilz and that is all")

	_, err = s.SetPrivate(ctx, models.Private{EpisodeID: id, Until: time.Now().Add(time.Hour), By: "ana"})
	must(t, err)
	reads(t, s, id, "")
	last, err := s.LastChange(ctx)
	must(t, err)
	if n, err := s.EndPrivate(ctx); n != 0 || err != nil {
		t.Errorf("%d ended too early, %v", n, err)
	}
	<-clock
	clock <- 2 * time.Hour
	reads(t, s, id, "my secret name is Rumpelstilz and that is all")
	if n, err := s.EndPrivate(ctx); n != 1 || err != nil {
		t.Errorf("%d ended, %v", n, err)
	}
	if now, err := s.LastChange(ctx); err != nil || now != last+1 {
		t.Errorf("the index is told nothing, %v", err)
	}
	if n, err := s.EndPrivate(ctx); n != 0 || err != nil {
		t.Errorf("%d ended again, %v", n, err)
	}
	log, err := s.PrivateLog(ctx, 0, 10)
	must(t, err)
	if len(log) != 2 || log[1].LiftedBy != "bo" || log[1].Reason != "asked" || log[0].Until.IsZero() {
		t.Errorf("the log says %+v", log)
	}
	_, err = s.SetPrivate(ctx, models.Private{EpisodeID: id, Span: models.Span{StartMS: 5, EndMS: 5}})
	wantError(t, err, models.ErrInvalid)
	_, err = s.SetPrivate(ctx, models.Private{EpisodeID: id, Until: time.Now()})
	wantError(t, err, models.ErrInvalid)
}

// privateWhenReplaced: another recording in the place of the one that a passage was marked in is private as a whole.
func privateWhenReplaced(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	transcript(t, s, a, id, "base", "my secret name is Rumpel")
	_, err := s.SetPrivate(ctx, models.Private{EpisodeID: id, Span: models.Span{StartMS: 500, EndMS: 2500}})
	must(t, err)
	must(t, s.FetchAgain(ctx, id))
	b := h.take(t)
	must(t, s.SetState(ctx, b.lease, id, models.EpisodeDownloading))
	must(t, s.SaveMedia(ctx, b.lease, id, storeAudio(t, s, "another audio"), ""))
	b.finish(nil)
	reads(t, s, id, "")
	transcript(t, s, h.take(t), id, "base", "an advertisement my secret name is Rumpel")
	reads(t, s, id, "")
}

func namesAreKnown(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	was, err := s.NamesRevision(ctx)
	must(t, err)
	must(t, s.SetNames(ctx, models.Name{Text: "Enspiral", Kind: models.NameGroup, Aliases: []string{"Enspiral Network", " ", "Enspiral"}, Sure: true, By: "ana"},
		models.Name{Text: "Kai", Ignored: true}))
	must(t, s.SetNames(ctx, models.Name{Text: "Kai"}))
	list, err := s.Names(ctx)
	must(t, err)
	if len(list) != 1 || !slices.Equal(list[0].Aliases, []string{"Enspiral Network"}) || list[0].Kind != models.NameGroup || !list[0].Sure || list[0].By != "ana" {
		t.Errorf("known are %+v", list)
	}
	if now, err := s.NamesRevision(ctx); err != nil || now <= was {
		t.Errorf("nobody is told: %d after %d, %v", now, was, err)
	}
	wantError(t, s.SetNames(ctx, models.Name{Text: "Bo", Kind: "animal"}), models.ErrInvalid)
	wantError(t, s.SetNames(ctx, models.Name{Text: " "}), models.ErrInvalid)
}

// Whom publishers name is counted by episode, and is not told of hidden shows.
func peopleAreNamed(c clause) {
	t, s := c.t, c.s
	open, secret := aShow("Open"), aShow("Secret")
	secret.People = []models.Person{{Name: "Zoe Secret"}}
	episodes := episodesOf(secret, 2)
	episodes[1].People = nil
	mustSave(t, s, open, episodesOf(open, 3))
	mustSave(t, s, secret, episodes)
	for _, want := range []struct {
		hidden []models.ShowID
		people map[string]int
	}{
		{nil, map[string]int{"Ana Host": 0, "Bo Guest": 4, "Zoe Secret": 0}},
		{[]models.ShowID{secret.ID}, map[string]int{"Ana Host": 0, "Bo Guest": 3}},
	} {
		if got, err := s.People(t.Context(), want.hidden...); err != nil || !maps.Equal(got, want.people) {
			t.Errorf("without %v: %v, %v", want.hidden, got, err)
		}
	}
}
