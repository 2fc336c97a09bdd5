package models

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// NameKind says what is called by a name.
type NameKind string

// What can be called by a name.
const (
	NamePerson NameKind = "person"
	NameGroup  NameKind = "group"
	NamePlace  NameKind = "place"
	NameOther  NameKind = "" // or not known
)

// Name is what the owner says about a name of the archive. Names that nobody has said anything about are not stored: they are found in
// titles, notes, people, chapters, speakers and what is said.
type Name struct {
	Text    string // as it is written
	Kind    NameKind
	Aliases []string // other ways to say or write it that are right: searching for one finds all
	Ignored bool     // it is no name
	Sure    bool     // somebody says that it is one
	By      string   // name of the user, "" where nobody logs in
	At      time.Time
}

// The limits of a name.
const (
	MaxNameText = 200 // bytes of a name and of each alias
	MaxAliases  = 50
	MaxNames    = 20_000 // that are stored
)

// Check returns an error that is [ErrInvalid] and says what is wrong with a name as it comes from outside.
func (n Name) Check() error {
	switch n.Kind {
	case NamePerson, NameGroup, NamePlace, NameOther:
	default:
		return Explain(ErrInvalid, "%q is no kind of name: there are person, group and place", n.Kind)
	}
	if len(n.Aliases) > MaxAliases {
		return Explain(ErrInvalid, "a name can have %d other spellings", MaxAliases)
	}
	for _, text := range append([]string{n.Text}, n.Aliases...) {
		switch {
		case !strings.ContainsFunc(text, unicode.IsLetter):
			return Explain(ErrInvalid, "%q has no letters: a name is written as words", text)
		case len(text) > MaxNameText:
			return Explain(ErrInvalid, "a name can have %d bytes", MaxNameText)
		}
	}
	return nil
}

// Tidy returns a name whose texts are a line each, without aliases that say nothing.
func (n Name) Tidy() Name {
	n.Text = Line(n.Text)
	aliases := []string{}
	for _, a := range n.Aliases {
		if a = Line(a); a != "" && a != n.Text && !slices.Contains(aliases, a) {
			aliases = append(aliases, a)
		}
	}
	n.Aliases = aliases
	return n
}
