package correct

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

const (
	// maxPause is the longest silence within a name, in milliseconds.
	maxPause = 2000
	// exceptWithin is how far a place that was left out may have moved in another transcript, in milliseconds.
	exceptWithin = 1500
	// placeContext is how many words are told on each side of a place.
	placeContext = 8
)

// Rules are rules made ready to be looked for: all at once, in time that grows with the text and not with their number.
type Rules struct {
	list    []models.Rule
	byFirst map[string][]pattern // by their first part
	within  []pattern            // that may be parts of words
	except  map[models.EpisodeID][]exception
}

// pattern is one way in which a name was heard.
type pattern struct {
	rule   int      // its number in the list
	parts  []string // folded
	exact  []string // with capitals
	right  []string // the parts of how it is written, folded
	within string   // of a single word that may be a part of another: as it was given
}

// NewRules makes rules ready. Those that are undone are left out.
func NewRules(rules []models.Rule) *Rules {
	r := &Rules{byFirst: map[string][]pattern{}, except: map[models.EpisodeID][]exception{}}
	for _, rule := range rules {
		if !rule.UndoneAt.IsZero() {
			continue
		}
		n := len(r.list)
		r.list = append(r.list, rule)
		for _, e := range rule.Except {
			r.except[e.EpisodeID] = append(r.except[e.EpisodeID], exception{n, e})
		}
		for _, wrong := range rule.Wrong {
			p := pattern{rule: n, exact: parts(wrong), right: foldAll(parts(rule.Right))}
			if p.parts = foldAll(p.exact); len(p.parts) == 0 {
				continue
			}
			if rule.WithinWords && len(strings.Fields(wrong)) == 1 {
				p.within = strings.TrimSpace(wrong)
				r.within = append(r.within, p)
				continue
			}
			r.byFirst[p.parts[0]] = append(r.byFirst[p.parts[0]], p)
		}
	}
	first := func(a, b pattern) int {
		return cmp.Or(cmp.Compare(len(b.parts), len(a.parts)), cmp.Compare(a.rule, b.rule))
	}
	for _, list := range r.byFirst {
		slices.SortStableFunc(list, first)
	}
	return r
}

// With returns the rules with one more, or in the place of the one that has its number.
func (r *Rules) With(rule models.Rule) *Rules {
	list := slices.DeleteFunc(slices.Clone(r.list), func(o models.Rule) bool { return o.ID == rule.ID })
	return NewRules(append(list, rule))
}

// Hold reports whether a rule, by its identifier, is among them.
func (r *Rules) Hold(id int64) bool {
	return slices.ContainsFunc(r.list, func(o models.Rule) bool { return o.ID == id })
}

// Empty reports whether there is nothing to look for.
func (r *Rules) Empty() bool { return r == nil || len(r.list) == 0 }

// stream is the parts of a text's words, one after the other.
type stream struct {
	folded []string
	exact  []string
	token  []int // that a part is of
	first  []int // by token: its first part
}

func (t *text) stream() *stream {
	n := len(t.tokens)
	s := &stream{first: make([]int, n+1), folded: make([]string, 0, n), exact: make([]string, 0, n), token: make([]int, 0, n)}
	for i, k := range t.tokens {
		s.first[i] = len(s.folded)
		for _, p := range parts(k.Text) {
			s.folded, s.exact, s.token = append(s.folded, fold(p)), append(s.exact, p), append(s.token, i)
		}
	}
	s.first[len(t.tokens)] = len(s.folded)
	return s
}

// found is a place that a rule changes: the tokens [from, to), and the words to put there.
type found struct {
	rule     int
	from, to int
	words    []string
}

// apply changes words as rules say in an episode of a show, and returns where.
func (r *Rules) apply(t *text, episode models.EpisodeID, show models.ShowID) []models.Place {
	for i := range t.tokens {
		t.tokens[i].from, t.tokens[i].to = i, i+1
	}
	if r.Empty() || len(t.tokens) == 0 {
		return nil
	}
	m := matcher{r: r, t: t, s: t.stream(), show: show, left: map[at]bool{}, spent: map[exception]bool{}}
	list := m.all()
	for m.leaveOut(episode, list) { // what is left out may be the place of another rule
		list = m.all()
	}
	places := make([]models.Place, len(list))
	for n, f := range list {
		places[n] = models.Place{
			RuleID: r.list[f.rule].ID, EpisodeID: episode, Span: t.span(f.from, f.to), Before: t.said(f.from, f.to),
			After: strings.Join(f.words, cmp.Or(t.glue, " ")), Left: t.before(f.from, placeContext), Right: t.after(f.to, placeContext),
		}
	}
	for _, f := range slices.Backward(list) { // from the end, so that numbers stay
		t.write(f)
	}
	return places
}

// write puts the words of a rule into the text.
func (t *text) write(f found) {
	old := t.tokens[f.from:f.to]
	from, to := old[0].from, old[len(old)-1].to
	span := t.span(f.from, f.to)
	words := spread(f.words, span)
	var sum float32
	for _, k := range old {
		sum += k.Probability
	}
	for i := range words {
		words[i].By, words[i].Probability = models.ByRule, sum/float32(len(old))
		if len(words) == len(old) {
			words[i].StartMS, words[i].EndMS = old[i].StartMS, old[i].EndMS
		}
	}
	t.replace(f.from, f.to, words)
	for i := range words {
		t.tokens[f.from+i].from, t.tokens[f.from+i].to = from, to
	}
}

// matcher looks for the places of rules in one text.
type matcher struct {
	r    *Rules
	t    *text
	s    *stream
	show models.ShowID
	left map[at]bool // places that somebody left out

	spent map[exception]bool // exceptions whose place is found
}

// at is a place of a rule: their numbers.
type at struct{ rule, token int }

// exception is one of a rule, by its number.
type exception struct {
	rule int
	models.Except
}

// all returns the places of all rules, in order.
func (m *matcher) all() (list []found) {
	for i := 0; i < len(m.t.tokens); {
		f, ok := m.at(i)
		if !ok {
			i++
			continue
		}
		list = append(list, f)
		i = f.to
	}
	return list
}

// leaveOut takes note of those places that somebody left out, and reports whether there are any that were not known. Each exception is about
// one place: the nearest one with its words.
func (m *matcher) leaveOut(episode models.EpisodeID, list []found) (more bool) {
	for _, e := range m.r.except[episode] {
		nearest, best := -1, int64(exceptWithin)
		for i, f := range list {
			start := m.t.tokens[f.from].StartMS
			if away := max(e.StartMS-start, start-e.StartMS); f.rule == e.rule && away <= best && slices.Equal(keys(e.Before), keys(m.t.said(f.from, f.to))) {
				nearest, best = i, away
			}
		}
		if nearest >= 0 && !m.spent[e] {
			m.spent[e], m.left[at{e.rule, list[nearest].from}] = true, true
			more = true
		}
	}
	return more
}

// at returns what a rule makes of the words from a token on.
func (m *matcher) at(i int) (found, bool) {
	if m.t.tokens[i].By != "" || m.s.first[i] == m.s.first[i+1] {
		return found{}, false
	}
	stem, _ := possessive(m.s.folded[m.s.first[i]])
	for _, first := range slices.Compact([]string{m.s.folded[m.s.first[i]], stem}) {
		for _, p := range m.r.byFirst[first] {
			if f, ok := m.whole(i, p); ok {
				return f, true
			}
		}
	}
	for _, p := range m.r.within {
		if f, ok := m.inside(i, p); ok {
			return f, true
		}
	}
	return found{}, false
}

// holds reports whether a rule, by its number, holds for the place at a token.
func (m *matcher) holds(rule, token int) bool {
	show := m.r.list[rule].ShowID
	return (show == "" || show == m.show) && !m.left[at{rule, token}]
}

// whole looks for a pattern of whole words.
func (m *matcher) whole(i int, p pattern) (found, bool) {
	at := m.s.first[i]
	end := at + len(p.parts)
	if end > len(m.s.folded) {
		return found{}, false
	}
	rule := m.r.list[p.rule]
	want, have := p.parts, m.s.folded
	if rule.MatchCase {
		want, have = p.exact, m.s.exact
	}
	last := len(want) - 1
	stem, ending := possessive(have[end-1])
	if !slices.Equal(want[:last], have[at:end-1]) || want[last] != have[end-1] && want[last] != stem {
		return found{}, false
	}
	if want[last] == have[end-1] {
		ending = ""
	}
	to := m.s.token[end-1] + 1
	if m.s.first[to] != end || !m.t.together(i, to) || m.right(at, p) || !m.holds(p.rule, i) {
		return found{}, false
	}
	if _, written := possessive(m.s.exact[end-1]); ending != "" {
		ending = written
	}
	left, _ := shell(m.t.tokens[i].Text)
	_, right := shell(m.t.tokens[to-1].Text)
	words := strings.Fields(left + cased(rule.Right, m.t.tokens[i].Text, p.exact[0]) + ending + right)
	if m.t.said(i, to) == strings.Join(words, cmp.Or(m.t.glue, " ")) {
		return found{}, false
	}
	return found{p.rule, i, to, words}, true
}

// cased is how a name is written at the place of a word: one that is written small, and was heard as such, begins with a capital
// where the word does, as at the start of a sentence.
func cased(right, there, pattern string) string {
	r, n := utf8.DecodeRuneInString(right)
	first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(there, func(r rune) bool { return !letter(r) }))
	meant, _ := utf8.DecodeRuneInString(pattern)
	if unicode.IsLower(r) && unicode.IsUpper(first) && unicode.IsLower(meant) {
		return string(unicode.ToUpper(r)) + right[n:]
	}
	return right
}

// right reports whether the parts from one on are within the name as it is written: Bartlett in Richard Bartlett.
func (m *matcher) right(at int, p pattern) bool {
	for o := range len(p.right) - len(p.parts) + 1 {
		if !slices.Equal(p.right[o:o+len(p.parts)], p.parts) {
			continue
		}
		from := at - o
		if to := from + len(p.right); from >= 0 && to <= len(m.s.folded) && len(p.right) > len(p.parts) && m.sameName(from, p.right) {
			return true
		}
	}
	return false
}

// sameName compares parts with those of a name, whose last one may be possessive.
func (m *matcher) sameName(from int, name []string) bool {
	last := len(name) - 1
	stem, _ := possessive(m.s.folded[from+last])
	return slices.Equal(m.s.folded[from:from+last], name[:last]) && (m.s.folded[from+last] == name[last] || stem == name[last])
}

// inside looks for a pattern within a word.
func (m *matcher) inside(i int, p pattern) (found, bool) {
	rule := m.r.list[p.rule]
	text := m.t.tokens[i].Text
	at, n := index(text, p.within, rule.MatchCase)
	if at < 0 || !m.holds(p.rule, i) {
		return found{}, false
	}
	// A name that holds what it was heard as is right where it stands.
	if whole, _ := index(text, rule.Right, true); whole >= 0 {
		return found{}, false
	}
	words := strings.Fields(text[:at] + rule.Right + text[at+n:])
	return found{p.rule, i, i + 1, words}, true
}

// index finds a part of a text, and returns where it is and how many bytes it has there; -1: nowhere.
func index(text, part string, matchCase bool) (at, n int) {
	if matchCase {
		return strings.Index(text, part), len(part)
	}
	want := utf8.RuneCountInString(part)
	for at := range text {
		end := at
		for range want {
			_, size := utf8.DecodeRuneInString(text[end:])
			end += size
		}
		if strings.EqualFold(text[at:end], part) {
			return at, end - at
		}
	}
	return -1, 0
}

// together reports whether the words [from, to) can be one name: nobody wrote one of them, and no end of a sentence, no other
// speaker, no silence and nothing private is between them.
func (t *text) together(from, to int) bool {
	for i := from; i < to; i++ {
		k := t.tokens[i]
		if k.By != "" {
			return false
		}
		if i == from {
			continue
		}
		before := t.tokens[i-1]
		if k.cut || k.speaker != before.speaker || k.StartMS-before.EndMS > maxPause || ends(before.Text) {
			return false
		}
	}
	return true
}

// ends reports whether a sentence ends with a word: it has a full stop and is not an initial, nor such as St. or Dr.
func ends(word string) bool {
	left, right := shell(word)
	first, _ := utf8.DecodeRuneInString(word[len(left):])
	short := unicode.IsUpper(first) && utf8.RuneCountInString(key(word)) <= 2
	return strings.ContainsAny(right, "?!…。？！") || strings.Contains(right, ".") && !short
}
