package captions

import (
	"html"
	"regexp"
	"strings"
)

var (
	// tag is markup that subtitles may have; everything else in angle brackets is text.
	tag = regexp.MustCompile(`(?i)<(/?)(c|i|b|u|s|em|strong|ruby|rt|v|lang|font|br)((?:\.[^\s<>]*)?)(?:[ \t]+([^<>]*))?/?>|<(` + stamp + `)>`)
	// override is a position or style of SubStation Alpha, which SubRip files carry: "{\an8}".
	override = regexp.MustCompile(`\{\\[^{}]*\}`)
)

func stripTags(s string) string { return html.UnescapeString(tag.ReplaceAllString(s, "")) }

// readMarkup makes cues of the text of one cue: one for each voice, and one for each time that stands within.
func readMarkup(text string, startMS, endMS int64) []cue {
	text = override.ReplaceAllString(text, "")
	var cues []cue
	at := cue{startMS: startMS, endMS: endMS}
	var said strings.Builder
	flush := func(next cue) {
		if at.text = tidy(html.UnescapeString(said.String())); at.text != "" {
			cues = append(cues, at)
		}
		at = next
		said.Reset()
	}
	last := 0
	for _, m := range tag.FindAllStringSubmatchIndex(text, -1) {
		said.WriteString(text[last:m[0]])
		last = m[1]
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return text[m[2*i]:m[2*i+1]]
		}
		name := strings.ToLower(group(2))
		switch {
		case group(5) != "":
			if ms := stampMS(group(5)); ms >= at.startMS && startMS != unknown && (endMS == unknown || ms <= endMS) {
				flush(cue{startMS: ms, endMS: endMS, speaker: at.speaker})
			}
		case name == "br":
			said.WriteByte(' ')
		case name == "v" && group(1) == "":
			flush(cue{startMS: unknown, endMS: unknown, speaker: speakerName(html.UnescapeString(group(4)))})
		case name == "v":
			flush(cue{startMS: unknown, endMS: unknown})
		}
	}
	said.WriteString(text[last:])
	flush(cue{})
	return within(cues, startMS, endMS)
}

// within shares the time of a cue among its parts that have none of their own.
func within(parts []cue, startMS, endMS int64) []cue {
	for i := range parts {
		if i > 0 && parts[i].startMS != unknown && parts[i-1].endMS > parts[i].startMS {
			parts[i-1].endMS = parts[i].startMS
		}
	}
	untimed := false
	var sum int64
	for _, p := range parts {
		untimed, sum = untimed || p.startMS == unknown, sum+p.weight()
	}
	if !untimed || startMS == unknown {
		return parts
	}
	if endMS <= startMS {
		endMS = startMS + sum*msPerChar + msExtra
	}
	share(parts, startMS, endMS, sum)
	return parts
}

// longestName bounds the name of a speaker, in characters.
const longestName = 80

func speakerName(s string) string {
	s = strings.TrimSpace(strings.TrimRight(tidy(s), ":： "))
	if r := []rune(s); len(r) > longestName {
		s = strings.TrimSpace(string(r[:longestName]))
	}
	return s
}
