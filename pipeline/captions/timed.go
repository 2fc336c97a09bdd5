package captions

import (
	"bufio"
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/earshot/earshot/models"
)

// stamp is a time in SubRip or WebVTT: "01:02:03,456", "02:03.456", "123:00:00.000", "-00:00:01,000", "0:01".
const stamp = `-?(?:\d{1,6}:)?\d{1,3}:\d{1,2}(?:[.,:]\d{1,9})?`

// timingLine is the line that begins a cue. An end may be missing; a lost dash of the arrow is forgiven; settings may follow.
var timingLine = regexp.MustCompile(`^\s*(` + stamp + `)\s*-{1,2}>\s*(` + stamp + `)?(?:\s.*)?$`)

// hasTiming reports whether one of the lines begins a cue.
func hasTiming(text []byte) bool {
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte("->")) && timingLine.Match(bytes.TrimSpace(line)) {
			return true
		}
	}
	return false
}

// block is a cue before its text is read.
type block struct {
	startMS, endMS int64
	bytes          int // of text
	lines          []string
	held           []string // lines after an empty one: an identifier, or more text
}

// longestText bounds the text of a cue in bytes: far more than can be said or shown at once. The rest is left out.
const longestText = 64 << 10

// readTimed reads SubRip and WebVTT (W3C, https://www.w3.org/TR/webvtt1/): a file may mix them.
func readTimed(text []byte) ([]cue, string, error) {
	vtt := bytes.HasPrefix(bytes.TrimSpace(text), []byte("WEBVTT"))
	blocks, language, err := readBlocks(text, vtt)
	if err != nil {
		return nil, "", err
	}
	unroll(blocks)
	var cues []cue
	for _, b := range blocks {
		cues = append(cues, readMarkup(strings.Join(b.lines, "\n"), b.startMS, b.endMS)...)
	}
	return cues, language, nil
}

func readBlocks(text []byte, vtt bool) (blocks []block, language string, err error) {
	sc := bufio.NewScanner(bytes.NewReader(text))
	sc.Buffer(nil, MaxBytes+1)
	skip, empty := vtt, true // in a header, note, style or region; the line before was empty
	for sc.Scan() {
		line := strings.TrimSpace(sc.Text())
		none := line == "" && (!vtt || sc.Text() == "") // WebVTT: a line of spaces is one
		var timing []string
		if strings.Contains(line, "->") {
			timing = timingLine.FindStringSubmatch(line)
		}
		switch {
		case timing != nil:
			if len(blocks) >= MaxCues {
				return nil, "", models.Explain(models.ErrUnusable, "it has more than %d cues, too many for a transcript", MaxCues)
			}
			if len(blocks) > 0 {
				blocks[len(blocks)-1].end(vtt, true)
			}
			blocks = append(blocks, newBlock(timing[1], timing[2]))
			skip = false
		case none:
			skip = false
		case skip:
			if k, v, ok := strings.Cut(line, ":"); ok && len(blocks) == 0 && k == "Language" {
				language = LanguageOf(v)
			}
		case vtt && empty && isAside(line):
			skip = true
		case len(blocks) > 0: // before the first cue is its identifier
			blocks[len(blocks)-1].add(line, empty)
		}
		empty = none
	}
	if len(blocks) > 0 {
		blocks[len(blocks)-1].end(vtt, false)
	}
	return blocks, language, sc.Err()
}

// isAside reports whether a line begins a block of WebVTT that is no cue.
func isAside(line string) bool {
	word, _, _ := strings.Cut(line, " ")
	return word == "NOTE" || word == "STYLE" || word == "REGION"
}

func newBlock(start, end string) block {
	b := block{startMS: stampMS(start), endMS: unknown}
	if end != "" {
		b.endMS = stampMS(end)
	}
	if b.startMS < 0 && b.endMS > 0 {
		b.startMS = 0 // begins before the recording does
	}
	return b
}

// add takes a line; after is whether it comes after an empty one.
func (b *block) add(line string, after bool) {
	if b.bytes += len(line); line == "" || b.bytes > longestText {
		return
	}
	if after || len(b.held) > 0 {
		b.held = append(b.held, line)
	} else {
		b.lines = append(b.lines, line)
	}
}

// end gives the block the lines after an empty one, which belong to its text where text may have empty lines, except for the
// identifier of a cue that follows.
func (b *block) end(vtt, follows bool) {
	if follows {
		if n := len(b.held); n > 0 {
			b.held = b.held[:n-1]
		} else if n := len(b.lines); n > 1 && isNumber(b.lines[n-1]) {
			b.lines = b.lines[:n-1]
		}
	}
	if !vtt {
		b.lines = append(b.lines, b.held...)
	}
	b.held = nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

// unroll takes out the lines that captions which roll up show again: each cue repeats the last line of the one before.
func unroll(blocks []block) {
	plain := func(line string) string { return tidy(stripTags(line)) }
	again, last := 0, ""
	for i := range blocks {
		b := &blocks[i]
		if len(b.lines) == 0 {
			continue
		}
		if last != "" && plain(b.lines[0]) == last {
			again++
		}
		last = plain(b.lines[len(b.lines)-1])
	}
	if again < 3 || again*3 < len(blocks) {
		return
	}
	last = ""
	for i := range blocks {
		var kept []string
		for _, line := range blocks[i].lines {
			p := plain(line)
			if p == "" || p == last {
				continue
			}
			kept, last = append(kept, line), p
		}
		blocks[i].lines = kept
	}
}

// stampMS reads a stamp that was matched. A colon before milliseconds is a comma that somebody lost.
func stampMS(s string) int64 {
	sign := int64(1)
	if strings.HasPrefix(s, "-") {
		sign, s = -1, s[1:]
	}
	var fraction int64
	cut := strings.LastIndexAny(s, ".,")
	if cut < 0 && strings.Count(s, ":") == 3 {
		cut = strings.LastIndex(s, ":")
	}
	if cut >= 0 {
		digits := (s[cut+1:] + "000")[:3]
		fraction, _ = strconv.ParseInt(digits, 10, 64)
		s = s[:cut]
	}
	var total int64
	for part := range strings.SplitSeq(s, ":") {
		n, _ := strconv.ParseInt(part, 10, 64)
		total = total*60 + n
	}
	return sign * (total*1000 + fraction)
}

// LanguageOf returns the ISO 639-1 part of a language tag, or "".
func LanguageOf(tag string) string {
	code, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	if len(code) < 2 || len(code) > 3 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return code
}
