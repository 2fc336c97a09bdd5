package api

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// lookTime is how long a look at an address on the web may take, all pages of a feed together.
const lookTime = 90 * time.Second

// Address is where something is, with what its server wants to be told.
type Address struct {
	URL      string `json:"url,omitempty" maxLength:"8000" doc:"Of a feed, or of a web page that names one" example:"https://example.org/feed.xml"`
	User     string `json:"user,omitempty" maxLength:"500" doc:"Of a private feed; goes to its server only, and never comes back from here"`
	Password string `json:"password,omitempty" maxLength:"2000"`
	Token    string `json:"token,omitempty" maxLength:"4000" doc:"In place of user and password: sent as Authorization: Bearer"`

	Header map[string]string `json:"header,omitempty" doc:"In place of all these: what the server of a private feed wants to be told, by the names of header fields"`
}

// header is what the server is told.
func (a Address) header() map[string]string {
	switch {
	case len(a.Header) > 0:
		return a.Header
	case a.Token != "":
		return map[string]string{"Authorization": "Bearer " + a.Token}
	case a.User != "" || a.Password != "":
		return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(a.User+":"+a.Password))}
	}
	return nil
}

type previewInput struct {
	Body struct {
		Address

		OPML     string          `json:"opml,omitempty" maxLength:"1000000" doc:"In place of an address: a list of feeds"`
		All      bool            `json:"all,omitempty" doc:"List every episode, not only the newest 20"`
		Settings *SettingsChange `json:"settings,omitempty" doc:"With these"`
	}
}

type addShowInput struct {
	Body struct {
		Address

		Settings *SettingsChange `json:"settings,omitempty" doc:"Of the show; of one that is in the archive already, what changes"`
	}
}

type changeShowInput struct {
	ID   string `path:"id" doc:"Identifier of a show" example:"0123456789abcdef"`
	Body struct {
		Address

		Settings *SettingsChange `json:"settings,omitempty"`
	}
}

type addShowOutput struct {
	Status int
	Body   AddedShow
}

// AddedShow is a show that was added, or added again.
type AddedShow struct {
	Show     Show          `json:"show"`
	New      bool          `json:"new" doc:"It was not in the archive before"`
	Added    int           `json:"added" doc:"Episodes that are fetched now"`
	Updated  int           `json:"updated" doc:"Episodes with new details"`
	Known    int           `json:"known" doc:"Episodes that were here already"`
	Unwanted int           `json:"unwanted" doc:"Episodes that the settings leave out"`
	Skipped  []models.Skip `json:"skipped" doc:"What does not become an episode, and why; the first 50"`
}

// RemovedShow says what went with a show.
type RemovedShow struct {
	Episodes int `json:"episodes"`
}

func (s *server) registerOwner(h huma.API) {
	s.registerPrivate(h)
	unprocessable := []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusGatewayTimeout}

	preview := huma.Operation{
		OperationID: "preview-show", Method: http.MethodPost, Path: "/api/v1/shows/preview", Errors: unprocessable,
		Summary:     "What is at an address, and what adding it would fetch",
		Description: "Nothing is changed. Of a list of feeds (OPML) the feeds are listed: each is added by itself, so that one that fails does no harm to the others.",
		Middlewares: huma.Middlewares{patient},
	}
	register(s, h, preview, s.previewShow)

	add := huma.Operation{
		OperationID: "add-show", Method: http.MethodPost, Path: "/api/v1/shows", Errors: unprocessable, DefaultStatus: http.StatusCreated,
		Summary:     "Add the show of a feed, or a recording, from the web",
		Description: "Its episodes are queued as the settings choose. Adding it again adds what is new. Folders and files of the server are added with the command earshot add only.",
		Responses:   map[string]*huma.Response{"200": {Description: "It was in the archive already"}},
		Middlewares: huma.Middlewares{patient},
	}
	register(s, h, add, s.addShow)

	register(s, h, huma.Operation{
		OperationID: "change-show", Method: http.MethodPatch, Path: "/api/v1/shows/{id}", Errors: unprocessable,
		Summary:     "Change a show's settings, or the address of its feed",
		Description: "The settings count for what is transcribed from now on. An address is taken once a feed is found there.",
		Middlewares: huma.Middlewares{patient},
	}, s.changeShow)

	register(s, h, huma.Operation{
		OperationID: "remove-show", Method: http.MethodDelete, Path: "/api/v1/shows/{id}", Errors: []int{http.StatusNotFound},
		Summary: "Remove a show with its episodes, transcripts and stored recordings; files that they were copied from stay where they are",
	}, s.removeShow)

	poll := change("poll-show", "/api/v1/shows/{id}/poll", "Look for new episodes of a show now")
	poll.Errors = append(poll.Errors, http.StatusUnprocessableEntity)
	register(s, h, poll, s.onShow("looking at", s.poll))

	s.registerWaiting(h)
	s.registerAgain(h)
}

// look lists what is at an address.
func (s *server) look(ctx context.Context, at Address) (models.Listing, error) {
	if strings.TrimSpace(at.URL) == "" {
		return models.Listing{}, huma.Error422UnprocessableEntity("give the address of a feed, or of a web page that has one")
	}
	limited, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	found, err := s.Sources.Look(limited, at.URL, at.header())
	var list interface {
		error
		Subscriptions() []models.Subscription
	}
	switch {
	case err == nil, errors.As(err, &list), ctx.Err() != nil:
		return found, err
	case limited.Err() != nil:
		return found, huma.Error504GatewayTimeout(fmt.Sprintf("that server took longer than %d seconds: try again later", int(lookTime.Seconds())))
	}
	return found, huma.Error422UnprocessableEntity(err.Error())
}

// found lists the show at an address as the archive knows it.
func (s *server) found(ctx context.Context, at Address) (models.Listing, error) {
	found, err := s.look(ctx, at)
	if err != nil {
		return found, err
	}
	hidden, err := s.everything.hidden(ctx)
	if err != nil {
		return found, err
	}
	known, err := s.Owner.Recognise(ctx, found, hidden...)
	if isNotFound(err) {
		return found, huma.Error422UnprocessableEntity("you cannot add what is at this address: ask an admin of this archive")
	}
	return known, err
}

// known returns a show as the archive has it, the zero value for a new one.
func (s *server) known(ctx context.Context, id models.ShowID) (show models.Show, known bool, err error) {
	show, err = s.Catalogue.Show(ctx, id)
	if errors.Is(err, models.ErrNotFound) {
		return models.Show{}, false, nil
	}
	return show, err == nil, err
}

// checked applies a change to settings that can be worked with, of a show from such a source.
func (s *server) checked(c *SettingsChange, to *models.ShowSettings, kind models.SourceKind) error {
	c.Apply(to)
	if err := errors.Join(to.Check(), to.CheckFor(kind)); err != nil {
		return err
	}
	return s.Sources.CheckSettings(*to)
}

func (s *server) addShow(ctx context.Context, in *addShowInput) (*addShowOutput, error) {
	found, err := s.found(ctx, in.Body.Address)
	var list interface {
		error
		Subscriptions() []models.Subscription
	}
	if errors.As(err, &list) {
		return nil, huma.Error422UnprocessableEntity("there is a list of feeds at this address: its preview names them, add each by itself")
	}
	if err != nil {
		return nil, err
	}
	was, known, err := s.known(ctx, found.Show.ID)
	if err != nil {
		return nil, err
	}
	found.Show.Settings = was.Settings
	if err := s.checked(in.Body.Settings, &found.Show.Settings, found.Show.Source.Kind); err != nil {
		return nil, err
	}
	if known && in.Body.Settings != nil {
		if err := s.Owner.SetShowSettings(ctx, found.Show.ID, found.Show.Settings); err != nil {
			return nil, err
		}
	}
	if access := found.Show.Source.Access; known && !access.IsZero() && !access.Equal(was.Source.Access) { // it has just let us in with that
		if err := s.Owner.SetShowSource(ctx, found.Show.ID, found.Show.Source.Location, access); err != nil {
			return nil, err
		}
	}
	saved, err := s.Owner.SaveShow(ctx, found.Show, found.Episodes)
	if err != nil {
		return nil, err
	}
	show, err := s.show(ctx, found.Show.ID)
	if err != nil {
		return nil, err
	}
	out := &addShowOutput{Status: http.StatusOK, Body: AddedShow{
		Show: show, New: saved.NewShow, Added: len(saved.NewEpisodes), Updated: saved.Updated, Known: saved.Unchanged + saved.Updated,
		Unwanted: saved.Unwanted, Skipped: firstOf(found.Skipped, mostSkipped),
	}}
	if saved.NewShow {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (s *server) changeShow(ctx context.Context, in *changeShowInput) (*struct{ Body Show }, error) {
	id, show, err := s.showOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if at := in.Body.Address; at.URL != "" || at.header() != nil {
		if at.URL == "" {
			at.URL = string(show.Source.Location)
		}
		found, err := s.look(ctx, at)
		if err != nil {
			return nil, err
		}
		if found.Show.Source.Kind != models.SourceFeed || show.Source.Kind != models.SourceFeed {
			return nil, huma.Error422UnprocessableEntity("there is no feed on the web at that address, or the show has none")
		}
		if err := s.Owner.SetShowSource(ctx, id, found.Show.Source.Location, found.Show.Source.Access); err != nil {
			return nil, err
		}
	}
	if in.Body.Settings != nil {
		if err := s.checked(in.Body.Settings, &show.Settings, show.Source.Kind); err != nil {
			return nil, err
		}
		if err := s.Owner.SetShowSettings(ctx, id, show.Settings); err != nil {
			return nil, err
		}
	}
	body, err := s.show(ctx, id)
	return &struct{ Body Show }{body}, err
}

func (s *server) removeShow(ctx context.Context, in *showInput) (*struct{ Body RemovedShow }, error) {
	id, _, err := s.showOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	n, err := s.Owner.DeleteShow(ctx, id)
	return &struct{ Body RemovedShow }{RemovedShow{n}}, err
}

func (s *server) poll(ctx context.Context, id models.ShowID) error {
	show, err := s.Catalogue.Show(ctx, id)
	if err == nil && show.Source.Kind == models.SourceFiles {
		err = models.Explain(models.ErrInvalid, "recordings that were added one by one have no feed to look at")
	}
	if err != nil {
		return err
	}
	return s.Owner.Enqueue(ctx, models.PollJob{ShowID: id})
}

// showOf returns the show that an address names.
func (s *server) showOf(ctx context.Context, text string) (models.ShowID, models.Show, error) {
	if !models.ValidID(text) {
		return "", models.Show{}, huma.Error404NotFound("there is no show with this identifier")
	}
	show, err := s.Catalogue.Show(ctx, models.ShowID(text))
	if err != nil {
		return "", show, fmt.Errorf("reading the show %s: %w", text, err)
	}
	return show.ID, show, nil
}

// show returns a show as the API tells it.
func (s *server) show(ctx context.Context, id models.ShowID) (Show, error) {
	show, err := s.Catalogue.Show(ctx, id)
	if err != nil {
		return Show{}, fmt.Errorf("reading the show %s: %w", id, err)
	}
	shows, err := s.tellShows(ctx, []models.Show{show})
	if err != nil {
		return Show{}, err
	}
	return shows[0], nil
}

// tellShows returns shows as the API tells them, with what the archive has of them.
func (s *server) tellShows(ctx context.Context, shows []models.Show) ([]Show, error) {
	var totals map[models.ShowID]models.ShowTotals
	if s.Owner != nil {
		var err error
		if totals, err = s.Owner.ShowTotals(ctx); err != nil {
			return nil, fmt.Errorf("adding up the shows: %w", err)
		}
	}
	out := make([]Show, len(shows))
	for i, show := range shows {
		out[i] = newShow(show)
		t := totals[show.ID]
		out[i].Episodes = Totals{
			All: t.Episodes, Done: t.Done, Failed: t.Failed, OnTheWay: t.Episodes - t.Done - t.Failed, AudioMS: t.AudioMS, Bytes: t.Bytes,
		}
	}
	return out, nil
}

// firstOf returns at most n of all, never null.
func firstOf[T any](all []T, n int) []T {
	return notNil(all[:min(n, len(all))])
}
