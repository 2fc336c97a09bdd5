package search

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/earshot/earshot/models"
)

// Known is what people said about names: which are other ways to write the same, and what they are heard as.
type Known interface {
	// NamesRevision grows with every change of rules and of names.
	NamesRevision(ctx context.Context) (int64, error)
	Rules(ctx context.Context) ([]models.Rule, error)
	Names(ctx context.Context) ([]models.Name, error)
}

// spellings are what [Known] told last, by plain forms with spaces between. They never change.
type spellings struct {
	version int64
	others  map[string][]otherSpelling
	names   map[string]bool // that somebody says are names; false: that they are none
	longest int             // words of a key of others or names
	// waiting is, for each rule that holds, up to which change of the source searches may not know it yet.
	waiting map[int64]int64
}

// otherSpelling is another way to say what somebody looks for.
type otherSpelling struct {
	forms []string
	show  models.ShowID // only there; "": everywhere
	// until is the change of the source with which the index has this rule followed: from then on what was heard wrong is there only
	// where somebody left it. 0: always.
	until int64
}

// Relearn asks what is known of names and rules, if that has changed. Searches go by it from then on, also before the index has
// followed what a rule changed: who has made a rule finds its name at once.
func (x *Index) Relearn(ctx context.Context) error {
	if x.o.Known == nil {
		return nil
	}
	x.learning.Lock()
	defer x.learning.Unlock()
	was := x.spellings.Load()
	version, err := x.o.Known.NamesRevision(ctx)
	if err != nil || was != nil && was.version == version {
		return err
	}
	rules, err := x.o.Known.Rules(ctx)
	if err != nil {
		return fmt.Errorf("reading the rules for names: %w", err)
	}
	names, err := x.o.Known.Names(ctx)
	if err != nil {
		return fmt.Errorf("reading the names: %w", err)
	}
	last, err := x.src.LastChange(ctx)
	if err != nil {
		return err
	}
	s := &spellings{version: version, others: map[string][]otherSpelling{}, names: map[string]bool{}, waiting: map[int64]int64{}}
	if was == nil {
		was = &spellings{}
	}
	s.read(x.an, names, rules, was, last)
	x.spellings.Store(s)
	return nil
}

// read fills in what is known. Rules that were not known before are waited for until the index has the last change.
func (s *spellings) read(an *analyzer, names []models.Name, rules []models.Rule, was *spellings, last int64) {
	heard := map[string][]otherSpelling{} // by right name
	for _, r := range rules {
		right := an.plain(r.Right)
		if !r.UndoneAt.IsZero() || len(right) == 0 {
			continue
		}
		until, known := was.waiting[r.ID]
		if !known {
			until = last
		}
		s.waiting[r.ID] = until
		key := s.add(right, true)
		for _, w := range r.Wrong {
			// Where capitals count, what was heard is a word that is often right, too.
			if forms := an.tokens(w); len(forms) > 0 && !r.MatchCase && until > 0 {
				heard[key] = append(heard[key], otherSpelling{forms, r.ShowID, until})
			}
		}
	}
	for _, n := range names {
		if n.Ignored {
			s.add(an.plain(n.Text), false)
		}
	}
	for _, n := range names {
		if n.Ignored {
			continue // it may be another one's alias all the same
		}
		var group [][]string
		for _, text := range slices.Concat([]string{n.Text}, n.Aliases) {
			if forms := an.tokens(text); len(forms) > 0 {
				group = append(group, forms)
				s.add(foldAll(forms), true)
			}
		}
		for i, forms := range group {
			for k, other := range group {
				if i != k {
					s.also(forms, otherSpelling{forms: other})
					for _, w := range heard[strings.Join(foldAll(other), " ")] {
						s.also(forms, w)
					}
				}
			}
		}
	}
	for key, list := range heard {
		for _, w := range list {
			s.also(strings.Fields(key), w)
		}
	}
}

// add takes plain forms as a name, or as none, and returns their key.
func (s *spellings) add(plain []string, is bool) string {
	key := strings.Join(plain, " ")
	if key != "" {
		s.names[key] = is
		s.longest = max(s.longest, len(plain))
	}
	return key
}

// also says that forms may be said otherwise.
func (s *spellings) also(forms []string, other otherSpelling) {
	key := strings.Join(foldAll(forms), " ")
	if key == strings.Join(foldAll(other.forms), " ") || len(s.others[key]) == maxSpellings {
		return
	}
	s.others[key] = append(s.others[key], other)
}

// isName reports whether somebody says that plain forms are a name.
func (s *spellings) isName(plain string) bool { return s != nil && s.names[plain] }

// state names what is known, as a part of [Index.State].
func (s *spellings) state() string {
	if s == nil {
		return ""
	}
	return "@" + strconv.FormatInt(s.version, 10)
}
