package models

import (
	"strings"
	"time"
	"unicode"
)

// Rule writes a name right wherever it was heard as something else, in the transcripts that there are and in those that come. The
// transcripts themselves never change: rules are laid over them. A rule looks at what was transcribed, never at what another rule or
// a person wrote, so that rules cannot go round in circles; where two want the same words, the one with more words has them, then the
// older one.
type Rule struct {
	ID     int64
	ShowID ShowID   // in which it holds; "": in all
	Right  string   // how the name is written
	Wrong  []string // what it was heard as; words that follow each other, whatever stands between but the end of a sentence
	// MatchCase: capitals count.
	MatchCase bool
	// WithinWords: a single word of Wrong may be a part of a longer one. Else whole words count, with or without a possessive ’s.
	WithinWords bool
	Except      []Except // places that somebody left out
	Places      int      // that it changed when it was made, about
	By          string   // name of the user, "" where nobody logs in
	At          time.Time
	UndoneAt    time.Time // zero: it holds
	UndoneBy    string
}

// Except is a place that a rule leaves alone. In another transcript it is found again by its words and its time.
type Except struct {
	EpisodeID EpisodeID `json:"episode_id"`
	StartMS   int64     `json:"start_ms"`
	Before    string    `json:"before"` // the words
}

// Place is where a rule changes words.
type Place struct {
	RuleID    int64
	EpisodeID EpisodeID
	Span
	Before, After string // with the punctuation that stays
	Left, Right   string // what is said around it
	Taken         bool   // another rule has these words: this one leaves them alone
}

// The limits of a rule.
const (
	MaxRuleText  = 200    // bytes of Right and of each of Wrong
	MaxRuleWrong = 50     // of one rule
	MaxExcept    = 5_000  // of one rule
	MaxRules     = 10_000 // of an archive
)

// Check returns an error that is [ErrInvalid] and says what is wrong with a rule as it comes from outside.
func (r Rule) Check() error {
	if strings.TrimSpace(r.Right) == "" {
		return Explain(ErrInvalid, "say how the name is written: a rule cannot take words out")
	}
	if len(r.Right) > MaxRuleText {
		return Explain(ErrInvalid, "a name can have %d bytes", MaxRuleText)
	}
	if len(r.Wrong) == 0 {
		return Explain(ErrInvalid, "say what %q was heard as", r.Right)
	}
	if len(r.Wrong) > MaxRuleWrong {
		return Explain(ErrInvalid, "a rule can have %d ways in which a name was heard: make two rules", MaxRuleWrong)
	}
	if len(r.Except) > MaxExcept {
		return Explain(ErrInvalid, "a rule can leave out %d places: make a rule for what is right in more of them", MaxExcept)
	}
	for _, w := range r.Wrong {
		switch {
		case !strings.ContainsFunc(w, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }):
			return Explain(ErrInvalid, "%q has no letters: what was heard is written as words, and signs such as * mean nothing in it", w)
		case len(w) > MaxRuleText:
			return Explain(ErrInvalid, "what was heard can have %d bytes", MaxRuleText)
		case w == r.Right:
			return Explain(ErrInvalid, "%q is right already: a rule that writes it for itself changes nothing", w)
		case r.WithinWords && len([]rune(w)) < 3:
			return Explain(ErrInvalid, "%q is part of too many words: give three letters at least, or take whole words only", w)
		}
	}
	return nil
}

// Reach is which episodes a change of a rule may change: those that the index found to have the words.
type Reach struct {
	Episodes []EpisodeID
	// Seq is the number of the change up to which the index had followed when it was asked. Episodes that changed since count too.
	Seq int64
}
