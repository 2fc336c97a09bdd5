package captions

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/earshot/earshot/models"
)

// document is a transcript of the podcast namespace (segments with startTime and body), of Whisper and its descendants
// (segments with start and text), of whisper.cpp (transcription with offsets), or of Earshot (segments with start_ms).
type document struct {
	Language string `json:"language"`
	Result   struct {
		Language string `json:"language"`
	} `json:"result"`
	Segments      json.RawMessage `json:"segments"`
	Transcription json.RawMessage `json:"transcription"`
}

type jsonSegment struct {
	jsonTimes
	Speaker json.RawMessage `json:"speaker"` // mostly text; some write an object or a number
	Body    string          `json:"body"`
	Text    string          `json:"text"`
	Words   []struct {
		jsonTimes
		Word string `json:"word"`
		Text string `json:"text"`
	} `json:"words"`
}

// jsonTimes are the ways to say when something begins and ends.
type jsonTimes struct {
	StartTime seconds  `json:"startTime"`
	EndTime   seconds  `json:"endTime"`
	Start     seconds  `json:"start"`
	End       seconds  `json:"end"`
	StartMS   *float64 `json:"start_ms"`
	EndMS     *float64 `json:"end_ms"`
	Offsets   *struct {
		From float64 `json:"from"`
		To   float64 `json:"to"`
	} `json:"offsets"` // ms
}

func (t jsonTimes) span() (startMS, endMS int64) {
	startMS, endMS = t.StartTime.ms(t.Start), t.EndTime.ms(t.End)
	if t.StartMS != nil {
		startMS, endMS = bounded(*t.StartMS), unknown
		if t.EndMS != nil {
			endMS = bounded(*t.EndMS)
		}
	}
	if t.Offsets != nil {
		startMS, endMS = bounded(t.Offsets.From), bounded(t.Offsets.To)
	}
	return startMS, endMS
}

// seconds is a time as a number, or as text with a number or a clock time.
type seconds struct {
	ok bool
	at int64 // ms
}

// UnmarshalJSON reads what makes sense and leaves the rest unknown.
func (s *seconds) UnmarshalJSON(b []byte) error {
	text := strings.Trim(strings.TrimSpace(string(b)), `"`)
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		s.at, s.ok = bounded(v*1000), true
	} else if wholeStamp.MatchString(text) {
		s.at, s.ok = stampMS(text), true
	}
	return nil
}

func (s seconds) ms(or seconds) int64 {
	switch {
	case s.ok:
		return s.at
	case or.ok:
		return or.at
	}
	return unknown
}

// bounded rounds ms; what is no time of a recording is unknown.
func bounded(ms float64) int64 {
	if math.IsNaN(ms) || ms < 0 || ms > latestMS {
		return unknown
	}
	return int64(math.Round(ms))
}

func readJSON(text []byte) ([]cue, string, error) {
	var d document
	list := bytes.TrimSpace(text)
	if bytes.HasPrefix(list, []byte("{")) {
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, "", models.Explain(models.ErrUnusable, "it is not valid JSON: %w", err)
		}
		list = d.Segments
		if len(list) == 0 {
			list = d.Transcription
		}
	}
	if len(list) == 0 {
		return nil, "", models.Explain(models.ErrUnusable, "it is JSON without the segments of a transcript")
	}
	cues, err := readSegments(list)
	language := LanguageOf(d.Language)
	if language == "" {
		language = LanguageOf(d.Result.Language)
	}
	return cues, language, err
}

// readSegments reads a list one by one, so that a file of many empty ones takes little memory.
func readSegments(list []byte) ([]cue, error) {
	dec := json.NewDecoder(bytes.NewReader(list))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return nil, models.Explain(models.ErrUnusable, "it is JSON whose segments are no list")
	}
	var cues []cue
	for n := 0; dec.More(); n++ {
		if n >= MaxCues {
			return nil, models.Explain(models.ErrUnusable, "it has more than %d segments, too many for a transcript", MaxCues)
		}
		var s jsonSegment
		if err := dec.Decode(&s); err != nil {
			return nil, models.Explain(models.ErrUnusable, "segment %d of its JSON cannot be read: %w", n+1, err)
		}
		cues = append(cues, s.cue())
	}
	return cues, nil
}

func (s jsonSegment) cue() cue {
	c := cue{speaker: s.speaker(), text: s.Body}
	if c.text == "" {
		c.text = s.Text
	}
	c.text = tidy(stripTags(c.text))
	c.startMS, c.endMS = s.span()
	for _, w := range s.Words {
		text := w.Word
		if text == "" {
			text = w.Text
		}
		word := models.Word{Text: strings.Join(strings.Fields(tidy(text)), ""), Probability: 1}
		var end int64
		word.StartMS, end = w.span()
		word.EndMS = max(end, word.StartMS)
		if n := len(c.words); word.Text == "" || word.StartMS == unknown || n > 0 && word.StartMS < c.words[n-1].StartMS {
			if word.Text != "" {
				c.words = nil // not all have a time: the cue's own is better
				break
			}
			continue
		}
		c.words = append(c.words, word)
	}
	// Words must say the same as the text.
	if len(c.words) != len(strings.Fields(c.text)) {
		c.words = nil
	}
	return c
}

func (s jsonSegment) speaker() string {
	var name string
	if json.Unmarshal(s.Speaker, &name) == nil {
		return speakerName(name)
	}
	var object struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(s.Speaker, &object) == nil {
		return speakerName(object.Name)
	}
	return ""
}
