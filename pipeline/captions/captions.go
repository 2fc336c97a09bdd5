package captions

import (
	"bytes"
	"mime"
	"path"
	"strings"

	"github.com/earshot/earshot/models"
)

// Format is a form of transcripts. Its value is the usual file name extension.
type Format string

// The formats.
const (
	JSON Format = "json"
	VTT  Format = "vtt"
	SRT  Format = "srt"
	HTML Format = "html"
	Text Format = "txt"
)

// Formats lists every format, the one that tells most of a recording first.
func Formats() []Format { return []Format{JSON, VTT, SRT, HTML, Text} }

// Bounds of a file: the transcript of a day of speech as JSON with a time for each word stays below.
const (
	MaxBytes = 32 << 20
	MaxCues  = 300_000
	maxText  = 4 << 20 // bytes of what is said, without times and markup: two days of speech
)

// FormatOf returns the format that a media type or a file name means, or "". Publishers write all kinds of types.
func FormatOf(mediaType, name string) Format {
	t, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		t = strings.ToLower(strings.TrimSpace(mediaType))
	}
	switch t {
	case "application/json", "text/json":
		return JSON
	case "text/vtt":
		return VTT
	case "application/srt", "application/x-subrip", "text/srt", "application/subrip":
		return SRT
	case "text/html", "application/xhtml+xml":
		return HTML
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return JSON
	case ".vtt":
		return VTT
	case ".srt":
		return SRT
	case ".html", ".htm":
		return HTML
	case ".txt":
		return Text
	}
	if t == "text/plain" {
		return Text
	}
	return ""
}

// Parsed is a transcript as it was read.
type Parsed struct {
	Format   Format
	Language string        // as the file says it, "" where it does not
	Timing   models.Timing // where the times of words come from
	// Segments are in order of time, none is longer than 28 s or empty. All their times are 0 when Timing is TimingNone.
	Segments []models.Segment
}

// Parse reads a transcript. The format that the publisher says counts only where the content leaves it open, and to refuse
// web pages and text in place of something else; "" accepts everything. The error is [models.ErrUnusable] and says why.
func Parse(body []byte, claimed Format) (Parsed, error) {
	if len(body) > MaxBytes {
		return Parsed{}, models.Explain(models.ErrUnusable, "it is larger than %d MiB, too large for a transcript", MaxBytes>>20)
	}
	text := decode(body)
	p := Parsed{Format: detect(text, claimed)}
	var (
		cues []cue
		err  error
	)
	switch p.Format {
	case VTT, SRT:
		cues, p.Language, err = readTimed(text)
	case JSON:
		cues, p.Language, err = readJSON(text)
	case HTML:
		cues, err = readHTML(text)
	default:
		cues, err = readPlain(text)
	}
	if err != nil {
		return Parsed{}, err
	}
	if (p.Format == HTML || p.Format == Text) && claimed != "" && claimed != HTML && claimed != Text {
		return Parsed{}, models.Explain(models.ErrUnusable, "it is not %s but a web page or other text", strings.ToUpper(string(claimed)))
	}
	said := 0
	for _, c := range cues {
		said += len(c.text)
	}
	if said > maxText {
		return Parsed{}, models.Explain(models.ErrUnusable, "it has more than %d MiB of text, too much for a transcript", maxText>>20)
	}
	p.Segments, p.Timing = segments(cues)
	if len(p.Segments) == 0 {
		return Parsed{}, models.Explain(models.ErrUnusable, "there is no text in it")
	}
	return p, nil
}

// detect finds the form of a text.
func detect(text []byte, claimed Format) Format {
	head := bytes.TrimSpace(text[:min(len(text), 64<<10)])
	lower := bytes.ToLower(head)
	switch {
	case bytes.HasPrefix(head, []byte("WEBVTT")):
		return VTT
	case bytes.HasPrefix(head, []byte("{")), bytes.HasPrefix(head, []byte("[")) && claimed == JSON:
		return JSON
	case hasTiming(head):
		return SRT
	case claimed == HTML, bytes.HasPrefix(lower, []byte("<!doctype html")), bytes.HasPrefix(lower, []byte("<html")), bytes.HasPrefix(lower, []byte("<cite")),
		bytes.HasPrefix(lower, []byte("<p>")), bytes.HasPrefix(lower, []byte("<body")), bytes.HasPrefix(lower, []byte("<div")):
		return HTML
	}
	return Text
}
