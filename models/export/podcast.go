package export

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/earshot/earshot/models"
)

// podcastTranscript is a transcript as apps for podcasts read it
// (https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/transcripts/transcripts.md).
type podcastTranscript struct {
	Version  string           `json:"version"`
	Segments []podcastSegment `json:"segments"`
}

type podcastSegment struct {
	Speaker   string  `json:"speaker,omitempty"`
	StartTime float64 `json:"startTime"` // s
	EndTime   float64 `json:"endTime"`   // s
	Body      string  `json:"body"`
}

// writePodcastJSON writes a segment for each subtitle: apps show them one at a time.
func writePodcastJSON(w io.Writer, t models.Transcript) error {
	d := podcastTranscript{Version: "1.0.0", Segments: []podcastSegment{}}
	for _, c := range cues(t) {
		glue := " "
		if !strings.Contains(strings.Join(c.lines, ""), " ") && len(c.lines) > 1 {
			glue = "" // a language that is written without
		}
		d.Segments = append(d.Segments, podcastSegment{c.speaker, float64(c.startMS) / 1000, float64(c.endMS) / 1000, strings.Join(c.lines, glue)})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(d)
}
