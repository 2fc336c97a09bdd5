package source

import (
	"context"
	"errors"
	"net/url"
	"path"
	"strings"

	"github.com/earshot/earshot/models"
)

// web lists what is at an address.
func (r *Resolver) web(ctx context.Context, address string) (Found, error) {
	found, err := r.page(ctx, address)
	var named interface {
		error
		FeedURL() string
	}
	if errors.As(err, &named) && named.FeedURL() != "" {
		return r.page(ctx, named.FeedURL()) // once: if that is a page again, its error is the answer
	}
	return found, err
}

func (r *Resolver) page(ctx context.Context, address string) (Found, error) {
	page, err := r.o.Web.Page(ctx, address, "", "")
	if err != nil {
		return Found{}, err
	}
	if page.Media {
		return remoteRecording(address, page), nil
	}
	return r.o.Feeds.Parse(identity(address, page.Permanent), page)
}

// identity is the address that a show is known by: the one given, or the one that it has moved to for good. A password
// in the given address must not be lost; it is kept on the same server and a reason to stay on another.
func identity(given, permanent string) string {
	u, err := url.Parse(given)
	if err != nil {
		return given
	}
	u.Fragment, u.RawFragment = "", ""
	moved, err := url.Parse(permanent)
	if err != nil || permanent == "" || u.User != nil && !strings.EqualFold(u.Host, moved.Host) {
		return u.String()
	}
	if moved.User == nil {
		moved.User = u.User
	}
	moved.Fragment, moved.RawFragment = "", ""
	return moved.String()
}

// remoteRecording makes an episode of a recording on the web.
func remoteRecording(address string, page models.Page) Found {
	title := address
	if u, err := url.Parse(page.URL); err == nil {
		title = u.Host
		if base := path.Base(u.Path); base != "/" && base != "." {
			title = strings.TrimSuffix(base, path.Ext(base))
		}
	}
	return recordings(models.Episode{
		GUID: address, Title: title,
		Enclosure: models.Enclosure{Location: address, Type: page.ContentType, Bytes: page.Bytes},
	})
}

// recordings makes a listing of the show of recordings that are added one by one.
func recordings(e models.Episode) Found {
	show := models.Show{Title: RecordingsTitle, Source: models.Source{Kind: models.SourceFiles}}
	show.ID = models.NewShowID(show.Source)
	return Found{Show: show, Episodes: []models.Episode{complete(show.ID, e)}}
}

// complete gives an episode what it has by belonging to a show.
func complete(show models.ShowID, e models.Episode) models.Episode {
	e.ShowID, e.ID, e.State = show, models.NewEpisodeID(show, e.GUID), models.EpisodeQueued
	return e
}
