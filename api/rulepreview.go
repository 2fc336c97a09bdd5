package api

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
)

const (
	previewPlaces  = 50  // after so many places a page of a preview ends with their episode,
	previewMost    = 500 // or within it
	previewAtOnce  = 4   // episodes whose transcripts are read at once
	previewAtMost  = 40  // episodes whose transcripts are read for a page: it may be empty, and there may be more
	mostVariations = 200 // phrases that are looked for in place of those of a rule
	rulesPreview   = "rule-places"
)

// RulePreview is a page of what a rule would change.
type RulePreview struct {
	Places      int             `json:"places" doc:"That it would change, all pages together"`
	Episodes    int             `json:"episodes" doc:"That have such a place"`
	Approximate bool            `json:"approximate" doc:"These numbers are the index's: case, and what others wrote, is not looked at, and what changed in the last seconds may be missing"`
	Said        []RuleWords     `json:"said" doc:"How often each form of the rule is said"`
	Warnings    []RuleWarning   `json:"warnings" doc:"What to beware of"`
	Found       []RuleInEpisode `json:"found" doc:"The places of this page, the newest episodes first"`
	Next        string          `json:"next,omitempty" doc:"Cursor of the page that follows; absent from the last one"`
}

// RuleWords is how often something is said.
type RuleWords struct {
	Text     string `json:"text"`
	Places   int    `json:"places"`
	Episodes int    `json:"episodes"`
}

// RuleInEpisode is where a rule would change words in an episode.
type RuleInEpisode struct {
	Episode Episode     `json:"episode"`
	Places  []RulePlace `json:"places" doc:"In order of time"`
}

// RulePlace is a place that a rule would change.
type RulePlace struct {
	models.Span

	Before string `json:"before" doc:"The words as they are; with their time they name the place where it is left out"`
	After  string `json:"after" doc:"The words as they would be"`
	Left   string `json:"left" doc:"What is said before"`
	Right  string `json:"right" doc:"What is said after"`
	Taken  bool   `json:"taken" doc:"Another rule or a person has these words: the rule leaves them alone"`
}

// RuleWarning is something to beware of.
type RuleWarning struct {
	Kind   string `json:"kind" enum:"frequent,name,chain,same,within" doc:"frequent: an ordinary word that many say. name: this is the right name of something. chain: another rule writes the name of this one otherwise. same: another rule has the same words, and keeps them. within: the words are a part of the right name, so that where it is right already it gets them twice"`
	Text   string `json:"text" doc:"The words that it is about"`
	Of     string `json:"of,omitempty" doc:"The name that the words are of, or that the other rule writes"`
	RuleID int64  `json:"rule_id,omitempty" doc:"The other rule"`
}

// placeInRule is a place in the list of places of a rule, as cursors have it.
type placeInRule struct {
	Episode models.EpisodeID `json:"e"`
	At      int              `json:"n"` // of that episode in the list
	After   int64            `json:"t"` // start of its last place that was told; -1: all of its were
}

func (s *server) previewRule(ctx context.Context, in *previewRuleInput) (*struct{ Body RulePreview }, error) {
	r, err := s.rule(ctx, in.Body.RuleOrder)
	if err != nil {
		return nil, err
	}
	var from placeInRule
	if err := readCursor(rulesPreview, in.Body.Cursor, &from, func() bool { return models.ValidID(string(from.Episode)) && from.At >= 0 }); err != nil {
		return nil, err
	}
	rules, err := s.seenRules(ctx)
	if err != nil {
		return nil, err
	}
	said, err := s.Searcher.Saying(ctx, models.Saying{Phrases: phrases(r, rules), WithinWords: r.WithinWords, ShowID: r.ShowID})
	if err != nil {
		return nil, fmt.Errorf("looking for what a rule for %q would change: %w", r.Right, err)
	}
	out := RulePreview{Places: said.Places(), Episodes: len(said.Episodes), Approximate: true, Said: []RuleWords{}, Found: []RuleInEpisode{}}
	for _, p := range said.Phrases[:len(r.Wrong)] {
		out.Said = append(out.Said, RuleWords{p.Text, p.Places, p.Episodes})
	}
	if out.Warnings, err = s.warnings(ctx, r, rules, said); err != nil {
		return nil, err
	}
	if err := s.previewPage(ctx, &out, r, said.IDs(), from); err != nil {
		return nil, err
	}
	if in.Body.Cursor == "" && out.Next == "" { // all of them are here
		out.count()
	}
	return &struct{ Body RulePreview }{out}, nil
}

// count counts exactly, where all places are told.
func (p *RulePreview) count() {
	p.Places, p.Episodes, p.Approximate = 0, 0, false
	for _, f := range p.Found {
		changed := len(slices.DeleteFunc(slices.Clone(f.Places), func(pl RulePlace) bool { return pl.Taken }))
		p.Places += changed
		if changed > 0 {
			p.Episodes++
		}
	}
}

// previewPage reads the transcripts of a few episodes, until there is a page of places.
func (s *server) previewPage(ctx context.Context, out *RulePreview, r models.Rule, ids []models.EpisodeID, from placeInRule) error {
	at := 0
	if from.Episode != "" {
		if at = slices.Index(ids, from.Episode); at < 0 {
			at = min(from.At, len(ids)) // it has such a place no more
			from.After = 0
		} else if from.After < 0 {
			at++
		}
	}
	places, read := 0, 0
	for at < len(ids) && places < previewPlaces && read < previewAtMost {
		some := ids[at:min(len(ids), at+previewAtOnce)]
		found, err := s.Naming.RulePlaces(ctx, r, some)
		if err != nil {
			return fmt.Errorf("looking for what a rule for %q would change: %w", r.Right, err)
		}
		episodes, err := s.inShort(ctx, some)
		if err != nil {
			return err
		}
		for _, id := range some {
			e, ok := episodes[id]
			list := placesIn(found, id, from)
			from.After = 0
			cut := len(list) > previewMost
			if list = list[:min(len(list), previewMost)]; ok && len(list) > 0 {
				out.Found = append(out.Found, RuleInEpisode{e, list})
			}
			places, read = places+len(list), read+1
			next := placeInRule{Episode: id, At: at, After: -1}
			if at++; cut {
				next.After = list[len(list)-1].StartMS
			} else if at == len(ids) || places < previewPlaces {
				continue
			}
			out.Next, err = cursorTo(rulesPreview, next)
			return err
		}
	}
	var err error
	if at < len(ids) {
		out.Next, err = cursorTo(rulesPreview, placeInRule{Episode: ids[at-1], At: at - 1, After: -1})
	}
	return err
}

// inShort tells of those of some episodes that are there.
func (s *server) inShort(ctx context.Context, ids []models.EpisodeID) (map[models.EpisodeID]Episode, error) {
	episodes, err := s.Catalogue.EpisodesInShort(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading episodes: %w", err)
	}
	titles, err := s.Catalogue.ShowTitles(ctx)
	if err != nil {
		return nil, err
	}
	held, err := s.heldIn(ctx, slices.Collect(maps.Values(episodes))...)
	told := make(map[models.EpisodeID]Episode, len(episodes))
	for id, e := range episodes {
		told[id] = newEpisode(e, titles[e.ShowID], held[id])
	}
	return told, err
}

// placesIn returns the places of an episode after a time.
func placesIn(found []models.Place, id models.EpisodeID, from placeInRule) (out []RulePlace) {
	for _, p := range found {
		if p.EpisodeID == id && (from.Episode != id || from.After <= 0 || p.StartMS > from.After) {
			out = append(out, RulePlace{p.Span, p.Before, p.After, p.Left, p.Right, p.Taken})
		}
	}
	return out
}

// phrases lists what is said where a rule changes something: what was heard, first, and that as other rules write a part of it. The
// index knows what rules wrote, a rule looks at what was transcribed.
func phrases(r models.Rule, rules []models.Rule) []string {
	out := slices.Clone(r.Wrong)
	for _, o := range rules {
		if !o.UndoneAt.IsZero() || o.ID == r.ID || len(out) >= mostVariations {
			continue
		}
		for _, mine := range r.Wrong {
			for _, theirs := range o.Wrong {
				if before, after, ok := cutWords(mine, theirs); ok {
					if way := models.Line(before + " " + o.Right + " " + after); !slices.Contains(out, way) {
						out = append(out, way)
					}
				}
			}
		}
	}
	return out[:min(len(out), mostVariations+len(r.Wrong))]
}

// cutWords returns what stands before and after words within others, whatever their case.
func cutWords(text, words string) (before, after string, ok bool) {
	have, want := strings.Fields(text), strings.Fields(words)
	for i := 0; len(want) > 0 && i+len(want) <= len(have); i++ {
		if slices.EqualFunc(have[i:i+len(want)], want, strings.EqualFold) {
			return strings.Join(have[:i], " "), strings.Join(have[i+len(want):], " "), true
		}
	}
	return "", "", false
}

// inVain returns an error for a rule all of whose words another one has already, which keeps them.
func inVain(r models.Rule, rules []models.Rule) error {
	for _, w := range r.Wrong {
		o := sameWords(r, w, rules)
		if o == nil {
			return nil
		}
		if len(r.Wrong) == 1 {
			return models.Explain(models.ErrConflict, "there is a rule already that writes %q where %q was heard: undo it first", o.Right, w)
		}
	}
	return models.Explain(models.ErrConflict, "there are rules already for all that this one is about: undo them first")
}

// sameWords returns a rule that holds wherever another one would, for the same words.
func sameWords(r models.Rule, wrong string, rules []models.Rule) *models.Rule {
	for i, o := range rules {
		if o.ID != r.ID && o.UndoneAt.IsZero() && (o.ShowID == "" || o.ShowID == r.ShowID) && (!o.MatchCase || r.MatchCase) &&
			slices.ContainsFunc(o.Wrong, func(w string) bool { return w == wrong || !o.MatchCase && strings.EqualFold(w, wrong) }) {
			return &rules[i]
		}
	}
	return nil
}

// warnings says what to beware of.
func (s *server) warnings(ctx context.Context, r models.Rule, rules []models.Rule, said models.Said) ([]RuleWarning, error) {
	out := []RuleWarning{}
	names, err := s.Naming.Names(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the names: %w", err)
	}
	for i, w := range r.Wrong {
		if said.Phrases[i].Ordinary {
			out = append(out, RuleWarning{Kind: "frequent", Text: w})
		}
		if name := nameOf(w, r.Right, names); name != "" {
			out = append(out, RuleWarning{Kind: "name", Text: w, Of: name})
		}
		if o := sameWords(r, w, rules); o != nil {
			out = append(out, RuleWarning{Kind: "same", Text: w, Of: o.Right, RuleID: o.ID})
		}
		if _, _, ok := cutWords(r.Right, w); ok && !strings.EqualFold(r.Right, w) {
			out = append(out, RuleWarning{Kind: "within", Text: w, Of: r.Right})
		}
	}
	for _, o := range rules {
		if !o.UndoneAt.IsZero() || o.ID == r.ID || o.ShowID != "" && r.ShowID != "" && o.ShowID != r.ShowID {
			continue
		}
		if slices.ContainsFunc(o.Wrong, func(w string) bool { return strings.EqualFold(w, r.Right) }) {
			out = append(out, RuleWarning{Kind: "chain", Text: r.Right, Of: o.Right, RuleID: o.ID})
		}
		if i := slices.IndexFunc(r.Wrong, func(w string) bool { return strings.EqualFold(w, o.Right) }); i >= 0 && !strings.EqualFold(o.Right, r.Right) {
			out = append(out, RuleWarning{Kind: "name", Text: r.Wrong[i], Of: o.Right, RuleID: o.ID})
		}
	}
	return out, nil
}

// nameOf returns the name, other than one, that people say words are the right spelling of; "" for none.
func nameOf(words, but string, names []models.Name) string {
	for _, n := range names {
		if n.Ignored || strings.EqualFold(n.Text, but) {
			continue
		}
		if slices.ContainsFunc(append([]string{n.Text}, n.Aliases...), func(text string) bool { return strings.EqualFold(text, words) }) {
			return n.Text
		}
	}
	return ""
}
