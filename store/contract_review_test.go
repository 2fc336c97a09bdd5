package store

import (
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// sounding takes inspirall for a name, if that name is known.
func sounding(names []string) func(string) string {
	return func(word string) string {
		for _, n := range names {
			if word == "inspirall" && n == "Enspiral" {
				return n
			}
		}
		return ""
	}
}

// lookedThrough looks through everything and lists what is in doubt.
func lookedThrough(t *testing.T, s *Store, f models.ReviewFilter) (told string, found []models.Review) {
	t.Helper()
	for done := false; !done; {
		var err error
		done, err = s.LookThrough(t.Context(), sounding)
		must(t, err)
	}
	f.Limit = max(f.Limit, 100)
	found, err := s.Doubts(t.Context(), f)
	must(t, err)
	n, err := s.CountDoubts(t.Context(), f)
	must(t, err)
	if n.Unread != 0 || f.After.EpisodeID == "" && n.Passages != len(found) {
		t.Errorf("%+v, and %d are listed", n, len(found))
	}
	texts := make([]string, len(found))
	for i, r := range found {
		texts[i] = string(r.Doubt) + " " + r.Text
	}
	return strings.Join(texts, "; "), found
}

// doubtsAreListed: what looks wrong is found once for each transcript, listed by its worth, and goes when somebody finds it right,
// writes it, or keeps it from everybody.
func doubtsAreListed(c clause) {
	t, s := c.t, c.s
	ctx := t.Context()
	h := hold(t, s, quickly())
	id, a := downloaded(t, s, h)
	must(t, s.SetNames(ctx, models.Name{Text: "Enspiral", Sure: true}))
	tr, err := s.StartTranscript(ctx, a.lease, models.Transcript{EpisodeID: id, Source: models.TranscriptWhisper, Model: "base"})
	must(t, err)
	mumbled := segment(0, 4000, "words", "that", "were", "mumbled")
	mumbled.Doubtful = true
	name := segment(5000, 9000, "we", "met", "at", "Inspirall")
	name.Words[3].Probability = 0.2
	must(t, s.AppendSegments(ctx, a.lease, part(tr.ID, "en", []models.Segment{mumbled, name}, 60_000)))
	if done, err := s.LookThrough(ctx, sounding); err != nil || !done {
		t.Fatalf("a transcript that is not complete is looked through: %v", err)
	}
	must(t, s.FinishTranscript(ctx, a.lease, finished(tr.ID, 60_000, "")))
	a.finish(nil)
	if n, err := s.CountDoubts(ctx, models.ReviewFilter{}); err != nil || n.Unread != 1 || n.Passages != 0 {
		t.Errorf("before it is looked through: %+v, %v", n, err)
	}

	all, found := lookedThrough(t, s, models.ReviewFilter{})
	if all != "decoder words that were mumbled; name Inspirall" || found[1].Like != "Enspiral" || found[0].Worth <= found[1].Worth {
		t.Fatalf("%s: %+v", all, found)
	}
	if rest, _ := lookedThrough(t, s, models.ReviewFilter{After: found[0].Place()}); rest != "name Inspirall" {
		t.Errorf("after the first: %s", rest)
	}
	e, err := s.Episode(ctx, id)
	must(t, err)
	if seen, _ := lookedThrough(t, s, models.ReviewFilter{Hidden: []models.ShowID{e.ShowID}}); seen != "" {
		t.Errorf("of a hidden show: %s", seen)
	}

	// Somebody finds it right: it is in doubt no more, and not marked, until it says something else.
	wantError(t, s.Confirm(ctx, models.Confirmed{EpisodeID: id, Span: found[0].Span, Doubt: "mood", Text: "x"}), models.ErrInvalid)
	wantError(t, s.Confirm(ctx, models.Confirmed{EpisodeID: "0123456789abcdef", Span: found[0].Span, Doubt: models.DoubtDecoder}), models.ErrNotFound)
	must(t, s.Confirm(ctx, models.Confirmed{EpisodeID: id, Span: found[0].Span, Doubt: found[0].Doubt, Text: found[0].Text, By: "ana"}))
	if left, _ := lookedThrough(t, s, models.ReviewFilter{}); left != "name Inspirall" {
		t.Errorf("after one was confirmed: %s", left)
	}
	read, err := s.Transcript(ctx, id, "")
	must(t, err)
	original, err := s.Original(ctx, id, "")
	must(t, err)
	if read.Segments[0].Doubtful || !original.Segments[0].Doubtful {
		t.Error("what was found right is marked, or what was transcribed has changed")
	}
	kept, err := s.Confirmations(ctx, id)
	must(t, err)
	if len(kept) != 1 || kept[0].By != "ana" || kept[0].Text != found[0].Text || time.Since(kept[0].At) > time.Minute {
		t.Errorf("%+v", kept)
	}

	// What is kept from everybody is not listed, at once.
	p, err := s.SetPrivate(ctx, models.Private{EpisodeID: id, Span: models.Span{StartMS: 8000, EndMS: 9000}})
	must(t, err)
	if list, err := s.Doubts(ctx, models.ReviewFilter{Limit: 10}); err != nil || len(list) != 0 {
		t.Errorf("of what is private: %+v, %v", list, err)
	}
	_, err = s.LiftPrivate(ctx, p.ID, "ana")
	must(t, err)
	if left, _ := lookedThrough(t, s, models.ReviewFilter{}); left != "name Inspirall" {
		t.Errorf("after that was lifted: %s", left)
	}
	w := name.Words[3]
	_, err = s.Edit(ctx, id, "ana", []models.Edit{{Kind: models.EditText, Span: models.Span{StartMS: w.StartMS, EndMS: w.EndMS}, Before: "Inspirall", After: "Enspiral"}})
	must(t, err)
	if left, _ := lookedThrough(t, s, models.ReviewFilter{}); left != "" {
		t.Errorf("after it was written: %s", left)
	}

	// Another transcript, in which the place of what was written is gone.
	again(t, s, h, id, "small", "nothing of that kind was said here at all")
	if left, list := lookedThrough(t, s, models.ReviewFilter{}); left != "edit Inspirall" || list[0].Like != "Enspiral" {
		t.Errorf("in another transcript: %s", left)
	}
}
