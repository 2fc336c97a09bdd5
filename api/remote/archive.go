package remote

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"time"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
)

// sometime stands for a time of which the API says only that there is one.
var sometime = time.UnixMilli(0) //nolint:gochecknoglobals // never changed

// Status is the archive at a glance.
func (c *Client) Status(ctx context.Context) (st models.Status, err error) {
	err = c.get(ctx, "status", nil, &st) // has the same names
	maps.DeleteFunc(st.Episodes, func(_ models.EpisodeState, n int) bool { return n == 0 })
	return st, err
}

// Search answers a query into what has the fields that are wanted of [api.Results].
func (c *Client) Search(ctx context.Context, q models.Query, into any) error {
	p := url.Values{"q": {q.Text}}
	for name, value := range map[string]string{"sort": string(q.Sort), "episode": string(q.EpisodeID)} {
		if value != "" {
			p.Set(name, value)
		}
	}
	for name, value := range map[string]int{"limit": q.Limit, "offset": q.Offset, "moments": q.Moments, "moments_offset": q.MomentsOffset} {
		if value != 0 {
			p.Set(name, strconv.Itoa(value))
		}
	}
	for name, value := range map[string]bool{"facets": q.Facets, "strict": q.Strict} {
		if value {
			p.Set(name, "true")
		}
	}
	return c.get(ctx, "search", p, into)
}

// Shows returns every show, by title.
func (c *Client) Shows(ctx context.Context) ([]models.Show, error) {
	var got api.Shows
	err := c.get(ctx, "shows", nil, &got)
	out := make([]models.Show, len(got.Shows))
	for i, s := range got.Shows {
		out[i] = show(s)
		if err := c.checkIDs(string(s.ID)); err != nil {
			return nil, err
		}
	}
	return out, err
}

// Show returns one show, or an error that is [models.ErrNotFound].
func (c *Client) Show(ctx context.Context, id models.ShowID) (models.Show, error) {
	var got api.Show
	err := c.get(ctx, "shows/"+string(id), nil, &got)
	if err == nil {
		err = c.checkIDs(string(got.ID))
	}
	return show(got), err
}

// show is a show as far as the API tells it.
func show(s api.Show) models.Show {
	out := models.Show{
		ID: s.ID, Title: s.Title, Author: s.Author, Description: s.Description, Language: s.Language, Link: s.Link, People: s.People,
		Source: models.Source{Kind: s.Source, Problem: s.Problem}, VisibleTo: s.VisibleTo,
		Settings: models.ShowSettings{
			Language: s.Settings.Language, Hints: s.Settings.Hints, Translate: s.Settings.Translate, Watch: s.Settings.Watch,
			Transcripts: chosen(s.Settings.Transcripts, models.TranscriptsOwn), Model: s.Settings.Model,
			Keep: chosen(s.Settings.Keep, models.KeepAudio), Episodes: s.Settings.Episodes,
		},
	}
	if len(s.Settings.Vocabulary) > 0 {
		out.Settings.Vocabulary = s.Settings.Vocabulary
	}
	if s.Ended {
		out.Source.EndedAt = sometime
	}
	if s.Paused {
		out.PausedAt = sometime
	}
	return out
}

// chosen is a setting, "" where it is as without a choice.
func chosen(setting, usual string) string {
	if setting == usual {
		return ""
	}
	return setting
}

// Episodes returns the episodes that a filter chooses, newest publication first.
func (c *Client) Episodes(ctx context.Context, f models.EpisodeFilter) ([]models.Episode, error) {
	const page = 200
	cursor, err := api.EpisodesCursor(f.After)
	if err != nil {
		return nil, err
	}
	var out []models.Episode
	for {
		p := url.Values{"limit": {strconv.Itoa(page)}, "cursor": {cursor}}
		if f.Limit > 0 {
			p.Set("limit", strconv.Itoa(min(page, f.Limit-len(out))))
		}
		if f.ShowID != "" {
			p.Set("show", string(f.ShowID))
		}
		if f.State != "" {
			p.Set("state", string(f.State))
		}
		var got api.Episodes
		if err := c.get(ctx, "episodes", p, &got); err != nil {
			return nil, err
		}
		for _, e := range got.Episodes {
			if err := c.checkIDs(string(e.ID), string(e.ShowID)); err != nil {
				return nil, err
			}
			out = append(out, episode(e))
		}
		if got.Next == "" || got.Next == cursor || len(got.Episodes) == 0 || len(out) == f.Limit {
			return out, nil
		}
		cursor = got.Next
	}
}

// Episode returns one episode, or an error that is [models.ErrNotFound].
func (c *Client) Episode(ctx context.Context, id models.EpisodeID) (models.Episode, error) {
	if !models.ValidID(string(id)) {
		return models.Episode{}, models.Explain(models.ErrNotFound, "there is no episode with this identifier")
	}
	var got api.Episode
	err := c.get(ctx, "episodes/"+string(id), nil, &got)
	if err == nil {
		err = c.checkIDs(string(got.ID), string(got.ShowID))
	}
	return episode(got), err
}

// checkIDs checks identifiers that a server gives: they become part of addresses, and of the names of files.
func (c *Client) checkIDs(ids ...string) error {
	for _, id := range ids {
		if !models.ValidID(id) {
			return c.another("")
		}
	}
	return nil
}

// episode is an episode as far as the API tells it in lists.
func episode(e api.Episode) models.Episode {
	out := models.Episode{
		ID: e.ID, ShowID: e.ShowID, Title: e.Title, Season: e.Season, Number: e.Number, State: e.State, Reason: e.Reason,
		Media: models.Media{Bytes: e.MediaBytes, ContentType: e.MediaType, DurationMS: e.DurationMS},
	}
	if e.PublishedAt != nil {
		out.PublishedAt = *e.PublishedAt
	}
	return out
}

// Transcript returns the current transcript of an episode for a task, or an error that is [models.ErrNotFound].
func (c *Client) Transcript(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error) {
	var t api.Transcript
	err := c.get(ctx, "episodes/"+string(id)+"/transcript", url.Values{"task": {string(task)}}, &t)
	return models.Transcript{
		EpisodeID: t.EpisodeID, Source: t.Source, Task: t.Task, Model: t.Model, Language: t.Language, Prompt: t.Vocabulary, DurationMS: t.DurationMS,
		CursorMS: t.CursorMS, Complete: t.Complete, Warning: t.Warning, Report: t.Report.Report, Segments: t.Segments,
	}, err
}

// post asks for a change at a path, whose answer does not matter.
func (c *Client) post(ctx context.Context, path string) error {
	return c.call(ctx, http.MethodPost, path, nil, nil)
}

// Pause holds up a show, or the whole queue for "", until Resume.
func (c *Client) Pause(ctx context.Context, id models.ShowID) error {
	return c.post(ctx, ofQueue(id)+"/pause")
}

// Resume lets a show, or the queue for "", go on.
func (c *Client) Resume(ctx context.Context, id models.ShowID) error {
	return c.post(ctx, ofQueue(id)+"/resume")
}

func ofQueue(id models.ShowID) string {
	if id == "" {
		return "queue"
	}
	return "shows/" + string(id)
}

// Now puts an episode before all others in the queue.
func (c *Client) Now(ctx context.Context, id models.EpisodeID) error {
	return c.onEpisode(ctx, id, "now")
}

// Cancel takes an episode out of the queue.
func (c *Client) Cancel(ctx context.Context, id models.EpisodeID) error {
	return c.onEpisode(ctx, id, "cancel")
}

// Retry puts the work on a failed episode back into the queue.
func (c *Client) Retry(ctx context.Context, id models.EpisodeID) error {
	return c.onEpisode(ctx, id, "retry")
}

// FetchAgain queues an episode whose audio is to be fetched anew.
func (c *Client) FetchAgain(ctx context.Context, id models.EpisodeID) error {
	return c.onEpisode(ctx, id, "fetch")
}

func (c *Client) onEpisode(ctx context.Context, id models.EpisodeID, what string) error {
	return c.post(ctx, "episodes/"+string(id)+"/"+what)
}

// Retranscribe queues an episode for a new transcript of a task.
func (c *Client) Retranscribe(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) error {
	return c.call(ctx, http.MethodPost, "episodes/"+string(id)+"/retranscribe", api.TranscribeOrder{Task: string(task)}, nil)
}

// RetryAll retries what failed, and returns how many episodes that are.
func (c *Client) RetryAll(ctx context.Context) (int, error) {
	var got api.Retried
	err := c.call(ctx, http.MethodPost, "queue/retry", nil, &got)
	return got.Retried, err
}

// Poll looks for new episodes of a show now.
func (c *Client) Poll(ctx context.Context, id models.ShowID) error {
	return c.post(ctx, "shows/"+string(id)+"/poll")
}

// Wish is a show that is to be, or how one is to change.
type Wish struct {
	api.Address

	Settings *api.SettingsChange `json:"settings,omitempty"`
}

// ChangeShow changes a show, and returns it as it is then.
func (c *Client) ChangeShow(ctx context.Context, id models.ShowID, w Wish) (models.Show, error) {
	var got api.Show
	err := c.call(ctx, http.MethodPatch, "shows/"+string(id), w, &got)
	return show(got), err
}

// AddShow adds what is at an address on the web.
func (c *Client) AddShow(ctx context.Context, w Wish) (added api.AddedShow, err error) {
	err = c.call(ctx, http.MethodPost, "shows", w, &added)
	return added, err
}

// Preview says what is at an address on the web, and what adding it would fetch.
func (c *Client) Preview(ctx context.Context, w Wish) (found api.Preview, err error) {
	err = c.call(ctx, http.MethodPost, "shows/preview", struct {
		Wish

		All bool `json:"all"`
	}{w, true}, &found)
	return found, err
}

// SetShowVisibility says who may see a show.
func (c *Client) SetShowVisibility(ctx context.Context, id models.ShowID, v models.Visibility) error {
	return c.call(ctx, http.MethodPut, "shows/"+string(id)+"/visibility", api.ShowVisibility{VisibleTo: v}, nil)
}

// DeleteShow removes a show with all that the archive has of it, and returns how many episodes that were.
func (c *Client) DeleteShow(ctx context.Context, id models.ShowID) (int, error) {
	var got api.RemovedShow
	err := c.call(ctx, http.MethodDelete, "shows/"+string(id), nil, &got)
	return got.Episodes, err
}

// Users lists who can log in, by name.
func (c *Client) Users(ctx context.Context) ([]models.User, error) {
	var got api.Users
	err := c.get(ctx, "users", nil, &got)
	out := make([]models.User, len(got.Users))
	for i, u := range got.Users {
		out[i] = models.User{Name: u.Name, Role: u.Role, CreatedAt: u.CreatedAt, SeenAt: when(u.SeenAt)}
	}
	return out, err
}

// when is a time that may not be known.
func when(t *time.Time) time.Time {
	return *cmp.Or(t, &time.Time{})
}

// AddUser lets somebody log in.
func (c *Client) AddUser(ctx context.Context, u models.User, password string) error {
	return c.call(ctx, http.MethodPost, "users", api.NewUser{Name: u.Name, Role: u.Role, Password: password}, nil)
}

// SetPassword gives a user another password, and ends their sessions and tokens.
func (c *Client) SetPassword(ctx context.Context, name, password string) error {
	return c.changeUser(ctx, name, api.UserChange{Password: password})
}

// SetRole gives a user another role.
func (c *Client) SetRole(ctx context.Context, name string, role models.Role) error {
	return c.changeUser(ctx, name, api.UserChange{Role: role})
}

func (c *Client) changeUser(ctx context.Context, name string, change api.UserChange) error {
	return c.call(ctx, http.MethodPatch, "users/"+url.PathEscape(name), change, nil)
}

// RemoveUser ends all that a user has.
func (c *Client) RemoveUser(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, "users/"+url.PathEscape(name), nil, nil)
}

// LogIn returns a client that is logged in with a password instead of a token, until [Client.LogOut].
func (c *Client) LogIn(ctx context.Context, user, password string) (*Client, api.Session, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, api.Session{}, err
	}
	withCookies := *c.http
	withCookies.Jar = jar
	in := &Client{base: c.base, version: c.version, http: &withCookies}
	var who api.Session
	err = in.call(ctx, http.MethodPost, "session", api.Login{User: user, Password: password}, &who)
	return in, who, err
}

// LogOut ends the session.
func (c *Client) LogOut(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, "session", nil, nil)
}

// Tokens lists the tokens of the user who is logged in, or of all users.
func (c *Client) Tokens(ctx context.Context, all bool) ([]models.Token, error) {
	var got api.TokenList
	err := c.get(ctx, "tokens", url.Values{"all": {strconv.FormatBool(all)}}, &got)
	out := make([]models.Token, len(got.Tokens))
	for i, t := range got.Tokens {
		out[i] = token(t)
	}
	return out, err
}

func token(t api.Token) models.Token {
	return models.Token{ID: t.ID, User: t.User, Name: t.Name, Scope: t.Scope, CreatedAt: t.CreatedAt, ExpiresAt: when(t.ExpiresAt), UsedAt: when(t.UsedAt)}
}

// AddToken makes a token of the user who is logged in, and returns its secret too.
func (c *Client) AddToken(ctx context.Context, wish api.TokenWish) (models.Token, string, error) {
	var got api.FreshToken
	err := c.call(ctx, http.MethodPost, "tokens", wish, &got)
	return token(got.Token), got.Secret, err
}

// RemoveToken ends a token.
func (c *Client) RemoveToken(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "tokens/"+url.PathEscape(id), nil, nil)
}

// Models names the models that the server has and those that can be had, and which are being fetched.
func (c *Client) Models(ctx context.Context) ([]models.Weights, []models.Pull, error) {
	var got api.Models
	err := c.get(ctx, "models", nil, &got)
	out := make([]models.Weights, len(got.Models))
	for i, m := range got.Models {
		out[i] = models.Weights(m)
	}
	return out, got.Pulls, err
}

// PullModel begins to fetch a model.
func (c *Client) PullModel(ctx context.Context, name string) error {
	return c.post(ctx, "models/"+url.PathEscape(name)+"/pull")
}

// RemoveModel deletes a model.
func (c *Client) RemoveModel(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, "models/"+url.PathEscape(name), nil, nil)
}
