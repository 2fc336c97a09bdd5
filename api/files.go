package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
)

// transcriptFile is a form in which a transcript can be downloaded.
type transcriptFile struct {
	ending string // of the address
	format export.Format
	media  string
	name   string // for people
}

// transcriptFiles lists the forms. The JSON is the one of podcasts: the transcript of the API has more in it.
func transcriptFiles() []transcriptFile {
	return []transcriptFile{
		{"vtt", export.VTT, "text/vtt; charset=utf-8", "WebVTT subtitles"},
		{"srt", export.SRT, "application/x-subrip; charset=utf-8", "SubRip subtitles"},
		{"json", export.PodcastJSON, "application/json", "JSON as podcast:transcript has it"},
		{"txt", export.Text, "text/plain; charset=utf-8", "plain text"},
		{"md", export.Markdown, "text/markdown; charset=utf-8", "Markdown with times"},
	}
}

type fileInput struct {
	ID          string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Task        string `query:"task" enum:"transcribe,translate" default:"transcribe" doc:"What was said as it was said, or in English"`
	IfNoneMatch string `header:"If-None-Match" doc:"ETag of the file at hand"`
}

// fileOutput is a file that programs other than the page read too.
type fileOutput struct {
	Status             int
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	ETag               string `header:"ETag"`
	CacheControl       string `header:"Cache-Control"`
	// AllowOrigin and Policy let the pages of others read it, see [server.shared].
	AllowOrigin string `header:"Access-Control-Allow-Origin"`
	Policy      string `header:"Cross-Origin-Resource-Policy"`
	Body        []byte
}

func (s *server) registerTranscriptFiles(h huma.API) {
	for _, f := range transcriptFiles() {
		op := get("get-transcript-"+f.ending, "/api/v1/episodes/{id}/transcript."+f.ending, "The current transcript of an episode as "+f.name)
		op.Errors = []int{http.StatusNotFound}
		contentType, _, _ := strings.Cut(f.media, ";")
		op.Responses = map[string]*huma.Response{
			"200": {Description: "The whole transcript", Content: map[string]*huma.MediaType{contentType: {}}},
			"304": {Description: "The file at hand is current"},
		}
		register(s, h, op, func(ctx context.Context, in *fileInput) (*fileOutput, error) { return s.transcriptFile(ctx, in, f) })
	}
}

func (s *server) transcriptFile(ctx context.Context, in *fileInput, f transcriptFile) (*fileOutput, error) {
	if err := validEpisodeID(in.ID); err != nil {
		return nil, err
	}
	e, err := s.Catalogue.Episode(ctx, models.EpisodeID(in.ID))
	if err != nil {
		return nil, fmt.Errorf("reading episode %s: %w", in.ID, err)
	}
	t, err := s.Catalogue.Transcript(ctx, e.ID, models.TranscriptTask(in.Task))
	if err != nil {
		return nil, fmt.Errorf("reading the transcript of episode %s: %w", in.ID, err)
	}
	if !t.Complete {
		return nil, huma.Error404NotFound("the transcript of this episode is not complete yet")
	}
	var b bytes.Buffer
	if err := export.Write(&b, f.format, t); err != nil {
		return nil, fmt.Errorf("writing the transcript of episode %s: %w", in.ID, err)
	}
	out := s.shared(&fileOutput{ContentType: f.media, Body: b.Bytes()}, in.IfNoneMatch)
	out.ContentDisposition = attachment(e.Title + "." + f.ending)
	return out, nil
}

// forEverybody reports whether pages of others may read what everybody may: where the owner has said that everybody may read, of a
// server that others than this machine reach. Such a page reads it as nobody: with "*" for who may, browsers say nothing of who asks.
func (s *server) forEverybody() bool {
	bind := hostOf(s.Bind)
	local := s.Bind == "" || bind == "localhost" || net.ParseIP(bind).IsLoopback()
	return s.Access == AccessRead && (s.PublicURL != "" || !local)
}

// shared completes a file that is meant for programs of others as well, as Podcasting 2.0 wants it
// (https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/transcripts/transcripts.md).
func (s *server) shared(f *fileOutput, has string) *fileOutput {
	sum := sha256.Sum256(f.Body)
	f.Status, f.CacheControl = http.StatusOK, "private, no-cache"
	f.ETag = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"` // weak, because the answer may be compressed
	f.Policy = s.policy()
	if s.forEverybody() {
		f.AllowOrigin = "*"
	}
	if strings.Contains(has, strings.TrimPrefix(f.ETag, "W/")) {
		f.Status, f.Body = http.StatusNotModified, nil
	}
	return f
}

// attachment says what a browser shall call a file. The title is the publisher's.
func attachment(name string) string {
	const longest = 150
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return ' '
		}
		return r
	}, models.Line(name))
	if len(name) > longest {
		name = strings.ToValidUTF8(name[len(name)-longest:], "")
	}
	return mime.FormatMediaType("attachment", map[string]string{"filename": strings.Trim(strings.Join(strings.Fields(name), " "), ". ")})
}
