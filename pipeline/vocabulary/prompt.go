package vocabulary

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

const (
	// budget is how many tokens a prompt may have by a careful estimate: whisper keeps 223, the form takes a few, and the
	// decoder cuts exactly.
	budget = 200
	// knownBudget is after how many of them no more of the archive's names are added.
	knownBudget = 120
	// longest is how many characters a name may have.
	longest = 60
	// mostPeople is how many people count; a feed may list everybody who ever took part.
	mostPeople = 20
)

// About is what a prompt is made of.
type About struct {
	Show    models.Show
	Episode models.Episode
	Words   []string // the archive's own, the most important ones first
	Known   Known    // what people said about names
	Hints   string   // the archive's setting: models.HintsAuto (also ""), HintsWords or HintsOff; the show's counts before it
}

// Known is what people set right.
type Known struct {
	Names []string // as they are written, the most important ones first
	Wrong []string // what was heard in their place: the decoder is never told to expect it
}

// Prompt returns the prompt for the decoder, "" when there is nothing to say.
func Prompt(l Lexicon, a About) string {
	hints := cmp.Or(a.Show.Settings.Hints, a.Hints, models.HintsAuto)
	words := slices.Concat(a.Show.Settings.Vocabulary, a.Words)
	switch hints {
	case models.HintsOff:
		return ""
	case models.HintsWords:
		var c choice
		c.refuse(a.Known)
		c.addAll(words, budget)
		c.addAll(a.Known.Names, budget)
		return c.prompt()
	}
	var c choice
	c.refuse(a.Known)
	c.addAll(people(a.Show, a.Episode), budget)
	c.addAll(words, budget)
	c.addAll(a.Known.Names, knownBudget) // those of the archive leave room for those of the episode
	for _, n := range names(l, a.Show, a.Episode) {
		if !c.covers(n.weighty) && c.add(n.text) {
			c.cover(n.weighty)
		}
	}
	return c.prompt()
}

// FromWords returns the prompt of words alone, the most important ones first.
func FromWords(words []string) string {
	var c choice
	c.addAll(words, budget)
	return c.prompt()
}

// form writes a prompt. The last expression weighs most.
//
// A list that reads like a line of a book is what the decoder may have seen in training, and it ends like a sentence, so
// that the text after it begins anew.
func form(expressions []string) string {
	if len(expressions) == 0 {
		return ""
	}
	return "Glossary: " + strings.Join(expressions, ", ") + "."
}

// choice gathers expressions within the budget, the most important ones first.
type choice struct {
	expressions []string
	spent       int
	seen        map[string]bool // expressions, and words that stand in them
}

// addAll adds expressions until so many tokens are spent.
func (c *choice) addAll(expressions []string, until int) {
	for _, e := range expressions {
		if c.spent < until {
			c.add(e)
		}
	}
}

// refuse leaves out what names were wrongly heard as, unless it is one of them in another case.
func (c *choice) refuse(k Known) {
	for _, w := range k.Wrong {
		if !slices.ContainsFunc(k.Names, func(n string) bool { return strings.EqualFold(n, w) }) {
			c.cover([]string{strings.Join(strings.Fields(w), " ")})
		}
	}
}

func (c *choice) add(expression string) bool {
	expression = strings.TrimRight(strings.Join(strings.Fields(expression), " "), ".,;")
	key := strings.ToLower(expression)
	if expression == "" || c.seen[key] {
		return false
	}
	cost := tokens(expression) + 1 // and a comma
	if c.spent+cost > budget {
		return false // a shorter one may still fit
	}
	c.spent += cost
	c.expressions = append(c.expressions, expression)
	c.cover([]string{key})
	c.cover(strings.Fields(key))
	return true
}

func (c *choice) cover(words []string) {
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	for _, w := range words {
		c.seen[strings.ToLower(w)] = true
	}
}

// covers reports whether all the words stand in the prompt already.
func (c *choice) covers(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !c.seen[strings.ToLower(w)] })
}

func (c *choice) prompt() string {
	slices.Reverse(c.expressions)
	return form(c.expressions)
}

// tokens estimates from above how many tokens of whisper's vocabulary an expression has: rare names are cut into pieces of
// about three letters, and letters outside ASCII take up to two tokens each, those beyond the basic plane four.
func tokens(s string) int {
	thirds := 0
	for _, word := range strings.Fields(s) {
		n := 0
		for _, r := range word {
			switch {
			case r < utf8.RuneSelf:
				n++
			case r <= 0xffff:
				n += 6
			default:
				n += 12
			}
		}
		thirds += (n + 2) / 3 * 3 // a word ends its last token
	}
	return thirds / 3
}

// people lists who speaks by what the publisher says: the episode's before the show's.
func people(show models.Show, episode models.Episode) []string {
	var out []string
	for _, p := range slices.Concat(episode.People, show.People, []models.Person{{Name: show.Author}}) {
		if isName(p.Name) && len(out) < mostPeople {
			out = append(out, p.Name)
		}
	}
	return out
}

// isName reports whether text that is meant to be a name can be one: not an address, not a sentence.
func isName(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= longest && strings.ContainsFunc(s, unicode.IsLetter) &&
		!strings.ContainsAny(s, "@/\\<>|") && !strings.ContainsFunc(s, unicode.IsControl)
}
