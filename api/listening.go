package api

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/earshot/earshot/models"
)

// The ends of the addresses of an episode's audio beside the recording itself.
const (
	playbackPath = "/playback"
	clipPath     = "/clip.m4a"
)

// longestClip is the greatest length of a clip, in milliseconds.
const longestClip = 10 * 60 * 1000

// Listening makes what listeners get beside a recording, or has it from before. title says in errors which recording it is. All that is
// made is silent in the stretches held, which are in order, none meeting another. Errors are [models.ErrUnusable] where the recording does not have what is asked for, [models.ErrBusy] where too much is being made.
type Listening interface {
	// Peaks returns how loud a recording is in each of equal stretches of time, from 0 to 255.
	Peaks(ctx context.Context, of models.Media, title string, held []models.Span) ([]byte, error)
	// Playback opens the copy that is to be played in place of a recording, as MP4; nil where there is none, which is never so where
	// something is held.
	Playback(ctx context.Context, of models.Media, title string, held []models.Span) (*os.File, error)
	// Cut opens a part of a recording as M4A.
	Cut(ctx context.Context, of models.Media, title, artist string, startMS, endMS int64, held []models.Span) (*os.File, error)
	// Hold removes what was made of a recording and is not silent in just these stretches.
	Hold(of models.Media, held []models.Span) error
}

// Peaks is how loud an episode is.
type Peaks struct {
	Peaks []int `json:"peaks" doc:"The largest sample in each of equal stretches of time, from 0 to 255, which is the loudest one: 1,000 to 2,000 of them, less for what is shorter than ten seconds"`
}

type clipInput struct {
	ID    string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Start int64  `query:"start" required:"true" minimum:"0" maximum:"1000000000" doc:"Where it begins, in milliseconds" example:"12300"`
	End   int64  `query:"end" required:"true" minimum:"1" maximum:"1000000000" doc:"Where it ends, in milliseconds: at most ten minutes later" example:"19800"`

	Version string `query:"v" maxLength:"40" doc:"audio_version of the episode, where it has one, for caches"`
}

func (s *server) registerListening(h huma.API) {
	play := get("get-playback", "/api/v1/episodes/{id}"+playbackPath, "What to play of an episode")
	play.Description = "The stored audio, or a copy of it where browsers do not play that, or do not find a moment in it exactly: MP3 of variable bit rate above all. " +
		"Times are the same. The first who asks for a copy waits until it is made."
	play.Responses = map[string]*huma.Response{
		"200": {Description: "All of it", Content: map[string]*huma.MediaType{"audio/*": {}, "video/*": {}}},
		"206": {Description: "The range asked for"},
		"304": {Description: "The copy at hand is current"},
		"416": {Description: "The range lies outside"},
	}
	play.Errors = []int{http.StatusNotFound, http.StatusGone, http.StatusConflict, http.StatusServiceUnavailable}
	play.Middlewares = huma.Middlewares{patient}
	register(s, h, play, s.playback)

	peaks := get("get-peaks", "/api/v1/episodes/{id}/peaks", "How loud an episode is from start to end")
	peaks.Errors = []int{http.StatusNotFound, http.StatusGone, http.StatusConflict, http.StatusServiceUnavailable}
	peaks.Middlewares = huma.Middlewares{patient}
	register(s, h, peaks, s.peaks)

	clip := get("get-clip", "/api/v1/episodes/{id}"+clipPath, "A part of an episode as a file")
	clip.Description = "AAC in an M4A file that begins and ends exactly where it is asked to."
	clip.Responses = map[string]*huma.Response{
		"200": {Description: "All of it", Content: map[string]*huma.MediaType{"audio/mp4": {}}},
		"206": {Description: "The range asked for"},
		"304": {Description: "The copy at hand is current"},
		"416": {Description: "The range lies outside"},
	}
	clip.Errors = []int{http.StatusNotFound, http.StatusGone, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	clip.Middlewares = huma.Middlewares{patient}
	register(s, h, clip, s.clip)
}

// patient lets an answer take as long as making it does: a client that leaves ends it.
func patient(hc huma.Context, next func(huma.Context)) {
	renewDeadlines(humagin.Unwrap(hc).Writer, mediaPatience)
	next(hc)
}

func (s *server) playback(ctx context.Context, in *mediaInput) (*huma.StreamResponse, error) {
	r, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.copied(ctx, r)
}

// copied answers with the copy that is played in place of a recording, or, where there is none, with the recording.
func (s *server) copied(ctx context.Context, r recording) (*huma.StreamResponse, error) {
	f, err := s.Listening.Playback(ctx, r.Media, r.Title, r.held)
	switch {
	case err != nil:
		return nil, fmt.Errorf("opening what to play of episode %s: %w", r.ID, err)
	case f != nil:
		return streamAudio(ctx, r, f, "audio/mp4", r.tag()+"-play"), nil
	case len(r.held) > 0:
		return nil, fmt.Errorf("episode %s: what is private in it cannot be kept out of its audio", r.ID)
	}
	return s.original(ctx, r)
}

func (s *server) peaks(ctx context.Context, in *episodeInput) (*struct{ Body Peaks }, error) {
	r, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	loud, err := s.Listening.Peaks(ctx, r.Media, r.Title, r.held)
	if err != nil {
		return nil, fmt.Errorf("listening to episode %s: %w", in.ID, err)
	}
	out := &struct{ Body Peaks }{Peaks{make([]int, len(loud))}}
	for i, v := range loud {
		out.Body.Peaks[i] = int(v)
	}
	return out, nil
}

func (s *server) clip(ctx context.Context, in *clipInput) (*huma.StreamResponse, error) {
	if in.End <= in.Start || in.End-in.Start > longestClip {
		return nil, huma.Error422UnprocessableEntity("a clip must end after it starts, and be at most ten minutes long")
	}
	r, err := s.recorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	show, err := s.Catalogue.Show(ctx, r.ShowID)
	if err != nil {
		return nil, fmt.Errorf("reading show %s: %w", r.ShowID, err)
	}
	f, err := s.Listening.Cut(ctx, r.Media, r.Title, show.Title, in.Start, in.End, r.held)
	if err != nil {
		return nil, fmt.Errorf("cutting episode %s: %w", in.ID, err)
	}
	out := streamAudio(ctx, r, f, "audio/mp4", r.tag()+"-"+strconv.FormatInt(in.Start, 10)+"-"+strconv.FormatInt(in.End, 10))
	body := out.Body
	out.Body = func(hc huma.Context) {
		hc.SetHeader("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": clipName(r.Title, in.Start)}))
		body(hc)
	}
	return out, nil
}

// clipName is what a clip is called as a file: nothing of a title may mean something to a file system.
func clipName(title string, startMS int64) string {
	title = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, models.ShortLine(title, 80))
	return strings.Trim(title, ". ") + " " + strings.ReplaceAll(clock(startMS), ":", ".") + ".m4a"
}

// clock writes a time as players do: 1:02:03.
func clock(ms int64) string {
	s := ms / 1000
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
