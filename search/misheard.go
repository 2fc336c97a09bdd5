package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
)

const (
	maxMisheard       = 30  // that are told of a name
	maxMisheardFirst  = 3   // places of each
	maxMisheardLooked = 500 // episodes that are looked at: the newest
	// awayLikeness is what counts of something that sounds like a name where no episode of its shows says that name.
	awayLikeness = 0.4
)

// Misheard finds what a name may have been heard as, the most likely first: by its sound, and by where it is said. Something that
// sounds like it in a show that never says it is less likely, and ordinary words are left out (likely.go).
func (x *Index) Misheard(ctx context.Context, name string, hidden ...models.ShowID) ([]models.Misheard, error) {
	forms := x.an.tokens(name)
	out := []models.Misheard{}
	if len(forms) == 0 || len(forms) > maxSoundForms {
		return out, ctx.Err()
	}
	err := x.ask(ctx, hidden, func(e *evaluation) (err error) {
		out, err = e.misheard(forms)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for what %q was heard as: %w", name, err)
	}
	return out, nil
}

// hearing is something that sounds like a name, with all that is known of it.
type hearing struct {
	models.Misheard

	plain    string
	spelled  map[string]int
	shows    map[uint32]int // places, by show
	episodes map[uint32]bool
}

func (e *evaluation) misheard(forms []string) ([]models.Misheard, error) {
	typed := &leaf{kind: kindPhrase, forms: forms}
	_, list, err := e.matchingExactly(&node{op: opLeaf, leaf: typed}, models.Query{})
	if err != nil {
		return nil, err
	}
	at := e.showsOf(list)
	top, list, err := e.matchingExactly(&node{op: opLeaf, leaf: &leaf{kind: kindSounds, forms: forms, instead: typed}}, models.Query{})
	if err != nil {
		return nil, err
	}
	e.order(list, models.SortNewest)
	found := map[string]*hearing{}
	for _, r := range list[:min(len(list), maxMisheardLooked)] {
		if err := e.hear(found, top, r.episode, strings.Join(foldAll(forms), " ")); err != nil {
			return nil, err
		}
	}
	name := heardAs(strings.Join(foldAll(forms), ""))
	out := make([]models.Misheard, 0, len(found))
	for _, h := range found {
		out = append(out, h.told(name, at))
	}
	slices.SortFunc(out, func(a, b models.Misheard) int {
		return cmp.Or(cmp.Compare(b.Likeness, a.Likeness), cmp.Compare(b.Places, a.Places), cmp.Compare(a.Said, b.Said))
	})
	return out[:min(len(out), maxMisheard)], nil
}

// showsOf returns the shows of the episodes that have a name, in title and notes, too.
func (e *evaluation) showsOf(list []ranked) map[uint32]bool {
	out := map[uint32]bool{}
	for _, r := range list {
		out[e.v.facts[r.episode].show] = true
	}
	return out
}

// hear gathers what sounds like a name in an episode.
func (e *evaluation) hear(found map[string]*hearing, top *truth, episode uint32, own string) error {
	t, err := e.table(episode)
	if err != nil {
		return err
	}
	all, err := e.occurrences(top, episode, t)
	if err != nil {
		return err
	}
	for _, m := range joinOccurrences(all) {
		said, forms := e.saidAs(t, m.found[0])
		plain := strings.TrimSuffix(strings.Join(forms, " "), "'s")
		if plain == own {
			continue
		}
		h := found[plain]
		if h == nil {
			h = &hearing{plain: plain, spelled: map[string]int{}, shows: map[uint32]int{}, episodes: map[uint32]bool{}}
			found[plain] = h
		}
		h.spelled[strings.TrimSuffix(strings.TrimSuffix(said, "'s"), "’s")]++
		h.shows[e.v.facts[episode].show]++
		h.episodes[episode] = true
		if h.Places++; len(h.First) < maxMisheardFirst && (len(h.First) == 0 || h.First[len(h.First)-1].EpisodeID != t.meta.Episode) {
			from, to := t.around([]moment{m}, 0)
			marked := map[int]bool{}
			for w := m.first; w <= m.last; w++ {
				marked[w] = true
			}
			h.First = append(h.First, models.MisheardAt{EpisodeID: t.meta.Episode, Moment: t.moment(m, from, to, marked)})
		}
	}
	return nil
}

// told says what was heard; at are the shows that have the name.
func (h *hearing) told(name heard, at map[uint32]bool) models.Misheard {
	out := h.Misheard
	out.Episodes = len(h.episodes)
	out.Said = mostWritten(h.spelled)
	near := 0
	for show, n := range h.shows {
		if at[show] {
			near += n
		}
	}
	share := float64(near) / float64(max(1, out.Places))
	out.Likeness = name.letters(bare(strings.ReplaceAll(h.plain, " ", ""))) * (awayLikeness + (1-awayLikeness)*share)
	return out
}
