package models

import (
	"slices"
	"strings"
	"time"
)

// EpisodeChoice says which episodes of a show's source come into the archive. Those that are in it stay. Stored as JSON: names
// of fields are for ever.
type EpisodeChoice struct {
	// Newest is how many of the newest episodes come of those that were published before the show was added; 0: all of them.
	// Whatever is published after that comes.
	Newest int      `json:"newest,omitempty"`
	Since  string   `json:"since,omitempty"` // published on that day or later, "2006-01-02"; "": whenever
	Words  []string `json:"words,omitempty"` // with one of these in the title, whatever its case; none: any title
}

// check returns an error that is ErrInvalid and says what is wrong with the choice.
func (c EpisodeChoice) check() error {
	if c.Newest < 0 {
		return Explain(ErrInvalid, "%d is no number of episodes", c.Newest)
	}
	if _, err := time.Parse(time.DateOnly, c.Since); c.Since != "" && err != nil {
		return Explain(ErrInvalid, "%q is no date: write it as 2024-12-31", c.Since)
	}
	return CheckVocabulary(c.Words)
}

// Choose returns those of a source's episodes that come into the archive, to which their show was added at a time.
func (c EpisodeChoice) Choose(episodes []Episode, added time.Time) map[EpisodeID]bool {
	since, _ := time.Parse(time.DateOnly, c.Since) // checked before it was stored; the zero time for none
	var able []Episode
	for _, e := range episodes {
		if !e.PublishedAt.Before(since) && c.named(e.Title) {
			able = append(able, e)
		}
	}
	slices.SortStableFunc(able, func(a, b Episode) int { return b.PublishedAt.Compare(a.PublishedAt) })
	chosen := make(map[EpisodeID]bool, len(able))
	for i, e := range able {
		chosen[e.ID] = c.Newest == 0 || i < c.Newest || e.PublishedAt.After(added)
	}
	return chosen
}

func (c EpisodeChoice) named(title string) bool {
	title = strings.ToLower(title)
	return len(c.Words) == 0 || slices.ContainsFunc(c.Words, func(w string) bool { return strings.Contains(title, strings.ToLower(w)) })
}
