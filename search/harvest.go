package search

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/earshot/earshot/models"
)

// maxHarvest is how many names are found: those in the most episodes.
const maxHarvest = 20_000

// harvest is the names of a view, made when they are first asked for.
type harvest struct {
	mu    sync.Mutex
	names []models.FoundName
}

// Names lists the names that are said, those who speak, and the names in titles, notes and chapters, by how many episodes have them: at
// most 20,000. What is a name is decided by how it is written: see names.go.
func (x *Index) Names(ctx context.Context, hidden ...models.ShowID) ([]models.FoundName, error) {
	var out []models.FoundName
	err := x.ask(ctx, hidden, func(e *evaluation) (err error) {
		h := &e.v.harvest
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.names == nil {
			h.names, err = e.harvest()
		}
		out = h.names
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("gathering the names that are said: %w", err)
	}
	return out, nil
}

// harvest reads the dictionary of entries.
func (e *evaluation) harvest() ([]models.FoundName, error) {
	found := map[string]*models.FoundName{} // by plain form
	for _, kind := range []models.CompletionKind{models.CompleteSpeaker, models.CompleteName, writtenName, maybeName} {
		spelled := map[string]map[string]uint64{} // episodes, by plain form and how it is written
		if err := e.beginning([]string{fieldEntry}, entryMark(kind), math.MaxInt, func(t term) {
			read := readEntry(kind, t.text[1:])
			if t.documents == 0 || !read.whole() {
				return
			}
			key := strings.Clone(read.key)
			if spelled[key] == nil {
				spelled[key] = map[string]uint64{}
			}
			spelled[key][strings.Clone(read.display)] += t.documents
		}); err != nil {
			return nil, err
		}
		for key, written := range spelled {
			f := found[key]
			if kind == maybeName {
				if f != nil {
					continue
				}
				if ordinary, err := e.saidByMore(key, fewSay); err != nil {
					return nil, err
				} else if ordinary {
					continue
				}
			}
			if f == nil {
				f = &models.FoundName{}
				found[key] = f
			}
			f.Speaker = f.Speaker || kind == models.CompleteSpeaker
			if f.Text == "" || kind == models.CompleteName {
				f.Text = mostWritten(written)
			}
			episodes := 0
			for _, n := range written {
				episodes += int(n)
			}
			if kind == writtenName { // of other episodes than those that say it
				episodes += f.Episodes
			}
			f.Episodes = max(f.Episodes, episodes)
		}
	}
	out := make([]models.FoundName, 0, len(found))
	for _, f := range found {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b models.FoundName) int {
		return cmp.Or(cmp.Compare(b.Episodes, a.Episodes), cmp.Compare(a.Text, b.Text))
	})
	return out[:min(len(out), maxHarvest)], nil
}

// whole reports whether an entry is found by all of its words, and not by the last ones of them.
func (e entry) whole() bool {
	first, _, _ := strings.Cut(e.key, " ")
	return strings.Count(e.key, " ") >= strings.Count(e.display, " ") && strings.HasPrefix(fold(strings.ToLower(e.display)), first)
}

// saidByMore reports whether more than so many passages have a plain word.
func (e *evaluation) saidByMore(plain string, least uint64) (bool, error) {
	passages := uint64(0)
	for _, lang := range e.fields[fieldText] {
		n, err := e.documentCount(fieldText+lang, plain)
		if err != nil {
			return false, err
		}
		if passages += n; passages > least {
			return true, nil
		}
	}
	return false, nil
}

// mostWritten returns the spelling that is there most often, of equals the first by its letters.
func mostWritten[N cmp.Ordered](times map[string]N) (best string) {
	for text, n := range times {
		if best == "" || cmp.Or(cmp.Compare(n, times[best]), cmp.Compare(best, text)) > 0 {
			best = text
		}
	}
	return best
}
