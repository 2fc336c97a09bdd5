package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// coverAge is how long a browser keeps a cover without asking: their addresses here name the picture.
const coverAge = "private, max-age=604800"

type coverInput struct {
	ID          string `path:"id" doc:"Identifier" example:"0123456789abcdef"`
	Version     string `query:"v" maxLength:"64" doc:"Makes the address another one when the picture is; it is not looked at"`
	IfNoneMatch string `header:"If-None-Match" doc:"ETag of the picture at hand"`
}

// coverAddress is where a cover is, "" for none. kind is "shows" or "episodes".
func coverAddress[ID ~string](kind string, id ID, name string) string {
	if name == "" {
		return ""
	}
	return "/api/v1/" + kind + "/" + string(id) + "/cover?v=" + name[:min(len(name), 12)]
}

func (s *server) registerCovers(h huma.API) {
	for _, o := range []struct {
		kind, of, description string
		find                  func(context.Context, string) (string, error)
	}{
		{"show", "a show", "", s.coverOfShow},
		{"episode", "an episode", "The picture in the recording; that of the show where it has none.", s.coverOfEpisode},
	} {
		op := get("get-"+o.kind+"-cover", "/api/v1/"+o.kind+"s/{id}/cover", "The picture of "+o.of+", at most 600 × 600 pixels")
		op.Description = o.description
		op.Errors = []int{http.StatusNotFound}
		op.Responses = map[string]*huma.Response{
			"200": {Description: "The picture", Content: map[string]*huma.MediaType{"image/jpeg": {}}},
			"304": {Description: "The picture at hand is current"},
		}
		register(s, h, op, func(ctx context.Context, in *coverInput) (*fileOutput, error) { return s.cover(ctx, in, o.find) })
	}
	op := get("get-chapters", "/api/v1/episodes/{id}/chapters.json", "The chapters of an episode, as podcast:chapters has them")
	op.Errors = []int{http.StatusNotFound}
	op.Responses = map[string]*huma.Response{
		"200": {Description: "The chapters", Content: map[string]*huma.MediaType{chaptersType: {}}},
		"304": {Description: "The file at hand is current"},
	}
	register(s, h, op, s.chapters)
}

func (s *server) coverOfShow(ctx context.Context, id string) (string, error) {
	show, err := s.Catalogue.Show(ctx, models.ShowID(id))
	return show.Cover, err
}

func (s *server) coverOfEpisode(ctx context.Context, id string) (string, error) {
	e, err := s.Catalogue.Episode(ctx, models.EpisodeID(id))
	if err != nil || e.Cover != "" {
		return e.Cover, err
	}
	return s.coverOfShow(ctx, string(e.ShowID))
}

func (s *server) cover(ctx context.Context, in *coverInput, find func(context.Context, string) (string, error)) (*fileOutput, error) {
	if !models.ValidID(in.ID) {
		return nil, huma.Error404NotFound("there is nothing with this identifier")
	}
	name, err := find(ctx, in.ID)
	if err != nil {
		return nil, fmt.Errorf("looking for the cover of %s: %w", in.ID, err)
	}
	if name == "" {
		return nil, huma.Error404NotFound("there is no picture")
	}
	out := &fileOutput{Status: http.StatusOK, ContentType: "image/jpeg", ETag: `"` + name + `"`, CacheControl: coverAge, Policy: s.policy()}
	if strings.Contains(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	out.Body, err = s.Catalogue.Cover(ctx, name)
	return out, err
}

const chaptersType = "application/json+chapters"

// podcastChapters are chapters as apps for podcasts read them
// (https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/chapters/jsonChapters.md).
type podcastChapters struct {
	Version  string           `json:"version"`
	Chapters []podcastChapter `json:"chapters"`
}

type podcastChapter struct {
	StartTime float64 `json:"startTime"`         // s
	EndTime   float64 `json:"endTime,omitempty"` // s
	Title     string  `json:"title"`
	URL       string  `json:"url,omitempty"`
}

func (s *server) chapters(ctx context.Context, in *struct {
	ID          string `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	IfNoneMatch string `header:"If-None-Match" doc:"ETag of the file at hand"`
},
) (*fileOutput, error) {
	if err := validEpisodeID(in.ID); err != nil {
		return nil, err
	}
	e, err := s.Catalogue.Episode(ctx, models.EpisodeID(in.ID))
	if err != nil {
		return nil, fmt.Errorf("reading episode %s: %w", in.ID, err)
	}
	if len(e.Chapters) == 0 {
		return nil, huma.Error404NotFound("this episode has no chapters")
	}
	show, err := s.Catalogue.Show(ctx, e.ShowID)
	if err != nil {
		return nil, fmt.Errorf("reading show %s: %w", e.ShowID, err)
	}
	w := feedWriter{secrets: secretsOf(show.Source.Location)}
	out := podcastChapters{Version: "1.2.0", Chapters: make([]podcastChapter, len(e.Chapters))}
	for i, c := range e.Chapters {
		out.Chapters[i] = podcastChapter{float64(c.StartMS) / 1000, float64(c.EndMS) / 1000, w.text(c.Title), w.link(c.Link)}
	}
	text, err := json.Marshal(out)
	return s.shared(&fileOutput{ContentType: chaptersType, Body: text}, in.IfNoneMatch), err
}

// policy says whether pages of others may show what is sent, see [server.shared].
func (s *server) policy() string {
	if s.PublicURL != "" {
		return "cross-origin"
	}
	return "same-origin"
}
