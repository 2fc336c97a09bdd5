package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
)

// mediaPatience is how long a listener may take no byte. Browsers stop reading when they have enough ahead, and ask again
// from where they were when the connection has gone.
const mediaPatience = 5 * time.Minute

func (s *server) registerMedia(h huma.API) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		op := huma.Operation{
			OperationID: strings.ToLower(method) + "-media", Method: method, Path: "/api/v1/episodes/{id}/media",
			Summary: "The stored audio of an episode",
			Description: "The bytes that were transcribed, or, where a passage is private, a copy that is silent there: the first who asks for one waits until it is made. " +
				"A Range of bytes is answered with 206; several ranges at once are ignored.",
			Responses: map[string]*huma.Response{
				"200": {Description: "All of it", Content: map[string]*huma.MediaType{"audio/*": {}, "video/*": {}}},
				"206": {Description: "The range asked for"},
				"304": {Description: "The copy at hand is current"},
				"416": {Description: "The range lies outside"},
			},
			Errors:      []int{http.StatusNotFound, http.StatusGone, http.StatusConflict, http.StatusServiceUnavailable},
			Middlewares: huma.Middlewares{patient},
		}
		register(s, h, op, s.media)
	}
}

// mediaInput asks for audio of an episode.
type mediaInput struct {
	ID      string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Version string `query:"v" maxLength:"40" doc:"audio_version of the episode, where it has one: it makes the address another one, for caches. What is answered is always what may be heard now"`
}

func (s *server) media(ctx context.Context, in *mediaInput) (*huma.StreamResponse, error) {
	r, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if len(r.held) > 0 {
		return s.copied(ctx, r)
	}
	return s.original(ctx, r)
}

// original answers with a recording itself, of which nothing may be held.
func (s *server) original(ctx context.Context, r recording) (*huma.StreamResponse, error) {
	f, err := s.Media.Reader(ctx, r.Media.Key)
	if err != nil {
		s.Logger.WarnContext(ctx, "stored audio cannot be opened", slog.String("episode", string(r.ID)), slog.Any("error", err))
		return nil, fmt.Errorf("opening the audio of episode %s: %w", r.ID, err)
	}
	return streamAudio(ctx, r, f, r.Media.ContentType, r.tag()), nil
}

// streamAudio answers with a file of an episode, or the part of it that is asked for, and closes it. tag tells it from others;
// "" where that is not known.
func streamAudio(ctx context.Context, of recording, f io.ReadSeekCloser, probed, tag string) *huma.StreamResponse {
	changed := of.UpdatedAt
	if len(of.held) > 0 {
		changed = time.Time{} // what is silent changes at other times than the episode does: the tag alone tells
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		defer func() { _ = f.Close() }() // only read
		c := humagin.Unwrap(hc)
		header := c.Writer.Header()
		contentType, safe := mediaType(probed)
		header.Set("Content-Type", contentType)
		if !safe {
			header.Set("Content-Disposition", "attachment")
		}
		header.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
		header.Set("Cache-Control", "private, no-cache")
		if tag != "" {
			header.Set("ETag", `"`+tag+`"`)
		}
		r := c.Request
		if strings.Contains(r.Header.Get("Range"), ",") { // players ask for one; thousands would cost more than they give
			r = r.Clone(ctx)
			r.Header.Del("Range")
		}
		http.ServeContent(&patientWriter{ResponseWriter: c.Writer}, r, "", changed, f)
	}}
}

// mediaType returns the media type under which stored audio is served, and whether a browser may play it in place.
// Anything that is not audio or video as probed (markup above all) becomes bytes without a meaning.
func mediaType(probed string) (contentType string, safe bool) {
	t, _, err := mime.ParseMediaType(probed)
	if err != nil {
		return "application/octet-stream", false
	}
	switch t {
	case "application/ogg":
		return "audio/ogg", true
	case "audio/mp3", "audio/x-mp3", "audio/x-mpeg":
		return "audio/mpeg", true
	case "audio/m4a", "audio/x-m4a":
		return "audio/mp4", true
	case "audio/x-wav", "audio/wave", "audio/vnd.wave":
		return "audio/wav", true
	case "audio/x-flac":
		return "audio/flac", true
	}
	kind, sub, _ := strings.Cut(t, "/")
	if (kind != "audio" && kind != "video") || strings.ContainsAny(sub, "+") { // "+xml" and its like are markup
		return "application/octet-stream", false
	}
	return t, true
}

// patientWriter renews the connection's deadline with every piece, so that playing takes as long as it takes but a client
// that stopped reading does not keep the file open.
type patientWriter struct {
	http.ResponseWriter
	renewed time.Time
}

// Write sends a piece.
func (w *patientWriter) Write(p []byte) (int, error) {
	if time.Since(w.renewed) > time.Second {
		w.renewed = time.Now()
		renewDeadlines(w.ResponseWriter, mediaPatience)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets a [http.ResponseController] reach the connection.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
