package captions

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// unknown is the start or end of a cue that has none.
const unknown = -1

// latestMS is the latest time that is believed: 1,000 hours.
const latestMS = 1000 * 3600 * 1000

// cue is what a file says at a time. Reading pauses between cues of plain text are paragraphs.
type cue struct {
	startMS, endMS int64 // unknown where the file does not say
	speaker        string
	text           string        // one line
	words          []models.Word // with times of their own, where the file has them
	fresh          bool          // begins a paragraph: never joined to the cue before it
}

func (c cue) weight() int64 { return int64(utf8.RuneCountInString(c.text)) + 1 }

// A cue without an end lasts as long as saying its text does: about 14 characters a second (conversation in English is 12 to
// 16), and half a second more.
const (
	msPerChar     = 70
	slowMSPerChar = 110 // of somebody who speaks slowly: longer is a pause
	msExtra       = 500
)

// order puts cues in order of time, gives each a start and an end, and makes them follow each other. timed is false when no cue
// has a time. Cues without text are left out.
func order(cues []cue) (out []cue, timed bool) {
	out = slices.DeleteFunc(cues, func(c cue) bool { return c.text == "" })
	for i := range out {
		c := &out[i]
		if c.startMS < 0 || c.startMS > latestMS {
			c.startMS = unknown
		}
		if c.startMS == unknown || c.endMS < c.startMS || c.endMS > latestMS {
			c.endMS = unknown
		}
		timed = timed || c.startMS != unknown
	}
	if !timed {
		return out, false
	}
	fillStarts(out)
	slices.SortStableFunc(out, func(a, b cue) int { return cmp.Compare(a.startMS, b.startMS) })
	fillEnds(out)
	return out, true
}

// fillStarts gives cues without a start their share of the time between those around them.
func fillStarts(cues []cue) {
	for i := 0; i < len(cues); {
		if cues[i].startMS != unknown {
			i++
			continue
		}
		j := i
		for j < len(cues) && cues[j].startMS == unknown {
			j++
		}
		// cues[from:j] share the time from the last known start to the next one.
		from, start := i, int64(0)
		if i > 0 {
			from, start = i-1, cues[i-1].startMS
		}
		var sum int64
		for _, c := range cues[from:j] {
			sum += c.weight()
		}
		end := start + sum*msPerChar
		if j < len(cues) {
			end = max(min(cues[j].startMS, start+sum*slowMSPerChar), start)
		}
		share(cues[from:j], start, end, sum)
		i = j
	}
}

// share spreads cues over a time by the length of their texts, which is sum in all.
func share(cues []cue, start, end, sum int64) {
	var done int64
	for k := range cues {
		c := &cues[k]
		c.startMS = start + (end-start)*done/sum
		done += c.weight()
		c.endMS = start + (end-start)*done/sum
	}
}

// fillEnds ends each cue where the next one begins at the latest. Cues with the same start share their time.
func fillEnds(cues []cue) {
	for i := 0; i < len(cues); {
		j, end, sum := i, int64(unknown), int64(0)
		for j < len(cues) && cues[j].startMS == cues[i].startMS {
			end, sum = max(end, cues[j].endMS), sum+cues[j].weight()
			j++
		}
		start := cues[i].startMS
		if end <= start {
			end = start + sum*msPerChar + msExtra
		}
		if j < len(cues) {
			end = min(end, cues[j].startMS)
		}
		if j-i > 1 {
			share(cues[i:j], start, end, sum)
		} else {
			cues[i].endMS = end
		}
		i = j
	}
}
