package captions

import (
	"regexp"
	"strings"
	"unicode"
)

// turnStart is a name before a colon at the start of a line, as in "Alice: Hello" and ">> ALICE: Hello". Brackets may say more
// ("Alice (host): …"); they are part of the name.
var turnStart = regexp.MustCompile(`^(?:>>\s*|-\s+)?(\p{L}[\p{L}\p{M}\d .,'’()&/-]{0,48}?)\s*[:：]\s+(\S.*)$`)

// maxNameWords keeps sentences with a colon from being names.
const maxNameWords = 5

// findTurns makes speakers of the names before a colon. A file is taken to have them where a name comes back, or where most of
// its text begins with one: "Note: …" is said now and then.
func findTurns(cues []cue) {
	type turn struct{ name, rest string }
	turns := make([]turn, len(cues))
	seen := map[string]int{}
	total, marked := 0, 0
	for i, c := range cues {
		if c.text == "" || c.speaker != "" {
			continue
		}
		total++
		m := turnStart.FindStringSubmatch(c.text)
		if m == nil || !isName(m[1]) {
			continue
		}
		turns[i] = turn{strings.TrimSpace(m[1]), m[2]}
		seen[turns[i].name]++
		marked++
	}
	mostly := marked*2 >= total
	last := ""
	for i := range cues {
		c, t := &cues[i], turns[i]
		switch {
		case c.speaker != "":
			last = "" // the format has its own way
		case t.name != "" && (seen[t.name] > 1 || mostly):
			c.speaker, c.text, c.words, c.fresh = t.name, t.rest, nil, true
			last = t.name
		default:
			c.speaker = last // a turn goes on until the next name
		}
	}
}

// isName reports whether what stands before a colon can name a speaker: a few words that begin with a capital, or are written in
// a script without them.
func isName(s string) bool {
	words := strings.Fields(s)
	if len(words) == 0 || len(words) > maxNameWords {
		return false
	}
	for _, r := range s {
		if unicode.IsLetter(r) {
			return !unicode.IsLower(r)
		}
	}
	return false
}
