package models

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Private is a passage of a recording that is kept from everybody: its words are in no text, export, feed or search, and the audio that
// is served is silent there. Those who may change things see that there is one, and can lift it.
type Private struct {
	ID        int64
	EpisodeID EpisodeID
	Span                // EndMS is 0 where it goes to the end of the recording
	Reason    string    // for those who look after the archive
	Until     time.Time // zero: for ever. From then on it is kept from nobody
	Audio     string    // SHA-256 of the recording that the times are of
	By        string    // name of the user, "" where nobody logs in
	At        time.Time
	LiftedAt  time.Time // zero: it holds
	LiftedBy  string
}

// Holds reports whether the passage is kept back at a time.
func (p Private) Holds(now time.Time) bool {
	return p.LiftedAt.IsZero() && (p.Until.IsZero() || now.Before(p.Until))
}

// Forever is the end of a stretch that goes to the end of a recording, whatever its length: a thousand hours.
const Forever int64 = 1000 * 3600 * 1000

// Check returns an error that is [ErrInvalid] and says what is wrong with a passage as it comes from outside at a time.
func (p Private) Check(now time.Time) error {
	switch {
	case p.StartMS < 0 || p.EndMS < 0 || p.EndMS != 0 && p.EndMS <= p.StartMS || p.EndMS > Forever:
		return Explain(ErrInvalid, "a private passage ends after it begins, both in milliseconds from the start of the recording")
	case len(p.Reason) > maxPrivateReason:
		return Explain(ErrInvalid, "a reason can have %d bytes", maxPrivateReason)
	case !p.Until.IsZero() && !p.Until.After(now):
		return Explain(ErrInvalid, "%s is not in the future: until when is the passage private?", p.Until.Format(time.DateOnly))
	}
	return nil
}

const maxPrivateReason = 1000

// MaxPrivate is how many private passages an episode can have.
const MaxPrivate = 1000

// Held returns what is kept from everybody of a recording at a time: in order, none meeting another. audio is the recording's SHA-256.
// A passage of another recording cannot be placed in this one: then all of it is kept, because a leak is worse than a gap.
//
// It is the one answer to what may be told and heard: for text and for sound.
func Held(passages []Private, audio string, now time.Time) []Span {
	var held []Span
	for _, p := range passages {
		switch {
		case !p.Holds(now):
			continue
		case p.Lost(audio):
			return []Span{{0, Forever}}
		case p.EndMS == 0:
			held = append(held, Span{p.StartMS, Forever})
		default:
			held = append(held, p.Span)
		}
	}
	return joined(held)
}

// Lost reports whether a passage cannot be placed in a recording, of which audio is the SHA-256, because it was marked in another one.
func (p Private) Lost(audio string) bool { return p.Audio != audio }

// joined puts stretches in order and makes one of those that meet.
func joined(spans []Span) []Span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b Span) int { return cmp.Or(cmp.Compare(a.StartMS, b.StartMS), cmp.Compare(a.EndMS, b.EndMS)) })
	out := spans[:0]
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && s.StartMS <= out[last].EndMS {
			out[last].EndMS = max(out[last].EndMS, s.EndMS)
			continue
		}
		out = append(out, s)
	}
	return out
}

// Widened returns what is held with ms more on either side, still in order and none meeting another.
func Widened(held []Span, ms int64) []Span {
	wide := slices.Clone(held)
	for i, s := range wide {
		wide[i] = Span{max(0, s.StartMS-ms), min(Forever, s.EndMS+ms)}
	}
	return joined(wide)
}

// HeldIn returns what is kept of a transcript that was made of a recording, while held is kept of the episode's, of which audio is the
// SHA-256. Nobody knows where in a transcript of another recording it is, nor in one whose times nobody has compared with a recording:
// then all of the text is kept. Where words have no times of their own, or stand in another order than they were said, whole lines are.
func (t Transcript) HeldIn(held []Span, made, audio string) []Span {
	switch {
	case len(held) == 0:
		return nil
	case made != audio || t.Origin.Timing == TimingNone:
		return []Span{{0, Forever}}
	case t.Task != TaskTranslate && t.Origin.Timing != TimingCues:
		return held
	}
	lines := slices.Clone(held)
	for i, s := range held {
		lines[i] = t.Lines(s)
	}
	return joined(lines)
}

// Whole reports whether nothing is left of a recording that something is held of.
func Whole(held []Span) bool {
	return len(held) == 1 && held[0].StartMS <= 0 && held[0].EndMS >= Forever
}

// HeldName tells what is held from anything else that may be: 16 characters, "" for nothing. It says nothing to who does not know the
// recording.
func HeldName(held []Span) string {
	if len(held) == 0 {
		return ""
	}
	sum := sha256.New()
	for _, s := range held {
		fmt.Fprintf(sum, "%d-%d,", s.StartMS, s.EndMS)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Told returns what may be told of an edit while some stretches of the recording are held, of which audio is the SHA-256: nothing of the
// words in them, nor of what stands around its words, which reaches no one knows where.
func (r EditRecord) Told(held []Span, audio string) EditRecord {
	if len(held) == 0 {
		return r
	}
	r.Left, r.Right = "", ""
	inside := r.Audio != audio || meets(held, r.Span) || r.Fate == FateFound && meets(held, r.Now)
	if r.Kind != EditRename && inside {
		r.Before, r.After = "", ""
	}
	return r
}

// meets reports whether a stretch, or the moment that it is, meets one of those that are held.
func meets(held []Span, s Span) bool {
	s.EndMS = max(s.EndMS, s.StartMS+1)
	return slices.ContainsFunc(held, s.Meets)
}
