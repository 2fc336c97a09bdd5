package captions

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/earshot/earshot/models"
)

var (
	wholeStamp = regexp.MustCompile(`^` + stamp + `$`)
	// timeFirst is a line that begins with a time: "[00:12:34] Hello", "(12:34) …", "00:12 Alice: …".
	timeFirst = regexp.MustCompile(`^[\[(]?((?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)[\])]?(?:\s*[-–—:]\s+|\s+|$)(.*)$`)
	// nameAndTime is a line that says who speaks from when on: "Alice (00:12)", "Speaker 1  1:02:03", "Alice [0:12]:".
	nameAndTime = regexp.MustCompile(`^(\p{L}[\p{L}\p{M}\d .,'’&/-]{0,60}?)\s*[:,]?\s*[\[(]?((?:\d{1,3}:)?\d{1,2}:\d{2})[\])]?\s*:?$`)
)

// readPlain reads text. Paragraphs stand between empty lines, or are lines where there are none; a time at the start of a line
// and a line with a name and a time begin one too.
func readPlain(text []byte) ([]cue, error) {
	var cues []cue
	var lines []string // of the paragraph so far
	p := cue{startMS: unknown, endMS: unknown, fresh: true}
	// end ends a paragraph; a time or name that has no text yet waits for it.
	end := func() {
		if len(lines) == 0 {
			return
		}
		p.text = strings.Join(lines, " ")
		cues, lines = append(cues, p), nil
		p.startMS = unknown
	}
	paragraphs := bytes.Contains(bytes.TrimSpace(text), []byte("\n\n"))
	for raw := range bytes.Lines(text) {
		if len(cues) > MaxCues {
			return nil, models.Explain(models.ErrUnusable, "it has more than %d lines, too many for a transcript", MaxCues)
		}
		line := tidy(string(raw))
		if line == "" {
			end()
			continue
		}
		if m := nameAndTime.FindStringSubmatch(line); m != nil && isName(m[1]) {
			end()
			p.startMS, p.speaker = stampMS(m[2]), speakerName(m[1])
			continue
		}
		if m := timeFirst.FindStringSubmatch(line); m != nil {
			end()
			p.startMS, line = stampMS(m[1]), m[2]
		} else if !paragraphs || turnStart.MatchString(line) {
			end()
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	end()
	return cues, nil
}
