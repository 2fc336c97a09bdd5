// Package export writes transcripts in the formats that other programs read.
//
// Text from a transcript is never trusted: what has a meaning in a format (the arrow of a cue, a tag, a tab) is escaped or
// replaced. All times are written from the integer milliseconds of the transcript.
package export

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/earshot/earshot/models"
)

// Format is a way to write a transcript. Its value is the usual file name extension.
type Format string

// The formats.
const (
	Text Format = "txt"  // paragraphs
	SRT  Format = "srt"  // SubRip
	VTT  Format = "vtt"  // WebVTT (W3C)
	JSON Format = "json" // see [Document]
	TSV  Format = "tsv"  // start and end in ms, text; one line a segment
	// Markdown has paragraphs like Text, each with its time and speaker.
	Markdown Format = "md"
	// PodcastJSON is the JSON form of podcast:transcript.
	PodcastJSON Format = "podcast.json"
)

// Formats lists every format.
func Formats() []Format { return []Format{Text, SRT, VTT, JSON, TSV, Markdown, PodcastJSON} }

// Parse returns the format of a name, or an error that lists them.
func Parse(name string) (Format, error) {
	f := Format(strings.ToLower(strings.TrimPrefix(name, ".")))
	if slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", models.Explain(models.ErrInvalid, "there is no format %q: use txt, srt, vtt, json, tsv, md or podcast.json", name)
}

// Document is the JSON form of a transcript.
type Document struct {
	Language   string                `json:"language"`
	DurationMS int64                 `json:"duration_ms"`
	Model      string                `json:"model"`
	Task       models.TranscriptTask `json:"task,omitempty"`       // "translate" when the text is English that was not said
	Vocabulary string                `json:"vocabulary,omitempty"` // the prompt given to the decoder
	Warning    string                `json:"warning,omitempty"`
	Report     *models.Report        `json:"report,omitempty"`
	Segments   []models.Segment      `json:"segments"`
}

// Write writes a transcript.
func Write(w io.Writer, f Format, t models.Transcript) error {
	b := &strings.Builder{}
	switch f {
	case Text:
		writeText(b, t)
	case SRT:
		for i, c := range cues(t) {
			fmt.Fprintf(b, "%d\n%s --> %s\n%s\n\n", i+1, stamp(c.startMS, ","), stamp(c.endMS, ","), c.plain())
		}
	case VTT:
		b.WriteString("WEBVTT\n\n")
		for _, c := range cues(t) {
			fmt.Fprintf(b, "%s --> %s\n%s\n\n", stamp(c.startMS, "."), stamp(c.endMS, "."), c.tagged())
		}
	case TSV:
		b.WriteString("start\tend\ttext\n")
		for _, s := range t.Segments {
			fmt.Fprintf(b, "%d\t%d\t%s\n", s.StartMS, s.EndMS, strings.Join(strings.Fields(s.Text), " "))
		}
	case Markdown:
		writeMarkdown(b, t)
	case JSON:
		return writeJSON(w, t)
	case PodcastJSON:
		return writePodcastJSON(w, t)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeJSON(w io.Writer, t models.Transcript) error {
	d := Document{Language: t.Language, DurationMS: t.DurationMS, Model: t.Model, Vocabulary: t.Prompt, Warning: t.Warning, Segments: t.Segments}
	if t.Task == models.TaskTranslate {
		d.Task = t.Task
	}
	if t.Report.Chunks > 0 || t.Report.TookMS > 0 {
		d.Report = &t.Report
	}
	if d.Segments == nil {
		d.Segments = []models.Segment{} // an empty list, not null
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(d)
}

// paragraphPauseMS is the silence after which a new paragraph begins.
const paragraphPauseMS = 2000

func writeText(b *strings.Builder, t models.Transcript) {
	for i, s := range t.Segments {
		switch {
		case i == 0:
		case s.Speaker != t.Segments[i-1].Speaker, s.StartMS-t.Segments[i-1].EndMS >= paragraphPauseMS:
			b.WriteString("\n\n")
		default:
			b.WriteString(" ")
		}
		if s.Speaker != "" && (i == 0 || s.Speaker != t.Segments[i-1].Speaker) {
			b.WriteString(s.Speaker + ": ")
		}
		b.WriteString(s.Text)
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
}

// A cue is shown in at most two lines of 42 characters for at most 7 seconds, as broadcasters' guidelines ask
// (Netflix Timed Text Style Guide; BBC Subtitle Guidelines).
const (
	cueLine  = 42
	cueChars = 2 * cueLine
	cueMS    = 7000
)

// cue is a subtitle.
type cue struct {
	startMS, endMS int64
	speaker        string
	lines          []string
}

// cues cuts segments into subtitles at word boundaries.
func cues(t models.Transcript) []cue {
	var out []cue
	for _, s := range t.Segments {
		words := s.Words
		if len(words) == 0 {
			words = []models.Word{{StartMS: s.StartMS, EndMS: s.EndMS, Text: s.Text}}
		}
		glue := separator(s)
		for len(words) > 0 {
			n, length := 0, 0
			for n < len(words) {
				next := length + len([]rune(words[n].Text)) + len(glue)
				if n > 0 && (next > cueChars || words[n].EndMS-words[0].StartMS > cueMS) {
					break
				}
				length = next
				n++
			}
			out = append(out, cue{words[0].StartMS, max(words[n-1].EndMS, words[0].StartMS+1), s.Speaker, wrap(words[:n], glue)})
			words = words[n:]
		}
	}
	for i := range out[:max(len(out)-1, 0)] {
		out[i].endMS = max(min(out[i].endMS, out[i+1].startMS), out[i].startMS+1)
	}
	return out
}

// separator is what stands between the words of a segment: a space, or nothing in languages that are written without.
func separator(s models.Segment) string {
	if len(s.Words) > 1 && !strings.Contains(s.Text, " ") {
		return ""
	}
	return " "
}

func wrap(words []models.Word, glue string) []string {
	var lines []string
	line := ""
	for _, w := range words {
		text := strings.Join(strings.Fields(w.Text), " ")
		if line != "" && len([]rune(line))+len(glue)+len([]rune(text)) > cueLine {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += glue
		}
		line += text
	}
	return append(lines, line)
}

func (c cue) plain() string {
	text := strings.ReplaceAll(strings.Join(c.lines, "\n"), "-->", "→")
	if c.speaker != "" {
		return c.speaker + ": " + text
	}
	return text
}

func (c cue) tagged() string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	text := escape(strings.Join(c.lines, "\n"))
	if c.speaker != "" {
		return "<v " + escape(c.speaker) + ">" + text
	}
	return text
}

// stamp writes a time as hours, minutes, seconds and milliseconds with the format's decimal sign.
func stamp(ms int64, decimal string) string {
	ms = max(ms, 0)
	return fmt.Sprintf("%02d:%02d:%02d%s%03d", ms/3600000, ms/60000%60, ms/1000%60, decimal, ms%1000)
}
