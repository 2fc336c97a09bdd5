package models

// Saying asks for every episode in which one of some phrases is said.
type Saying struct {
	Phrases     []string // words that follow each other, in any case, with or without a possessive ’s
	WithinWords bool     // a phrase of one word may be a part of a longer one
	ShowID      ShowID   // only there; "": everywhere
	Hidden      []ShowID // shows that whoever asks may not see
}

// Said is where phrases are said.
type Said struct {
	Applied  int64    // the newest change of the archive that this knows
	Episodes []SaidIn // all of them, the last published first
	Phrases  []Spoken // by phrase, as they were asked for
}

// Places adds up in how many places it is said.
func (s Said) Places() (n int) {
	for _, e := range s.Episodes {
		n += e.Places
	}
	return n
}

// IDs lists the episodes.
func (s Said) IDs() []EpisodeID {
	out := make([]EpisodeID, len(s.Episodes))
	for i, e := range s.Episodes {
		out[i] = e.EpisodeID
	}
	return out
}

// SaidIn is how often phrases are said in an episode.
type SaidIn struct {
	EpisodeID EpisodeID
	Places    int
}

// Spoken is how often a phrase is said.
type Spoken struct {
	Text     string
	Places   int
	Episodes int
	// Ordinary: it is a word that is mostly written in lower case, and many episodes say it.
	Ordinary bool
}

// Misheard is something that may be a name that was heard as something else.
type Misheard struct {
	Said     string // as it is written most often
	Places   int
	Episodes int
	// Likeness is how likely it is the name, from 0 to 1: by its sound, and by whether it is said where the name is.
	Likeness float64
	First    []MisheardAt // the first places, for somebody to listen to
}

// MisheardAt is a place where something is said.
type MisheardAt struct {
	EpisodeID EpisodeID
	Moment    Moment
}

// FoundName is a name that was found in what is said, or written about it.
type FoundName struct {
	Text     string
	Episodes int  // that have it
	Speaker  bool // somebody who speaks is called so
}
