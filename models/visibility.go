package models

import "slices"

// Visibility says who may see a show: its episodes, transcripts and recordings, and that there is such a show at all. It is also
// how far somebody sees.
type Visibility string

// The visibilities. Somebody who sees as far as one sees those before it.
const (
	VisibleToEveryone Visibility = "everyone" // all who may read the archive
	VisibleToMembers  Visibility = "members"  // those who are logged in
	VisibleToAdmins   Visibility = "admins"   // users whose role is admin
)

// Visibilities lists the visibilities, the widest first.
func Visibilities() []Visibility {
	return []Visibility{VisibleToEveryone, VisibleToMembers, VisibleToAdmins}
}

// Check returns an error that is [ErrInvalid] for what is no visibility.
func (v Visibility) Check() error {
	if !slices.Contains(Visibilities(), v) {
		return Explain(ErrInvalid, "a show cannot be visible to %q: use everyone, members or admins", string(v))
	}
	return nil
}

// Beyond lists the visibilities that somebody does not see who sees as far as v: all of them for "".
func (v Visibility) Beyond() []Visibility {
	return Visibilities()[slices.Index(Visibilities(), v)+1:]
}
