package source

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"path"
	"strings"

	"github.com/earshot/earshot/models"
)

// web lists what is at an address.
func (r *Resolver) web(ctx context.Context, address string) (Found, error) {
	location, access := models.SplitAccess(models.Location(address))
	if len(r.o.Header) > 0 {
		var err error
		if access, err = models.NewAccess(location, r.o.Header); err != nil {
			return Found{}, err
		}
	}
	found, err := r.page(ctx, string(location), access)
	var named interface {
		error
		FeedURL() string
	}
	if errors.As(err, &named) && named.FeedURL() != "" {
		if u, err := url.Parse(named.FeedURL()); err != nil || len(access.For(u)) == 0 {
			access = models.Access{} // it is of no use there
		}
		return r.page(ctx, named.FeedURL(), access) // once: if that is a page again, its error is the answer
	}
	return found, err
}

// page lists what is at an address: all the pages of a feed, or a recording.
func (r *Resolver) page(ctx context.Context, address string, access models.Access) (Found, error) {
	given := models.Source{Kind: models.SourceFeed, Location: models.Location(address), Access: access}
	page, err := r.o.Web.Page(ctx, given)
	if err != nil {
		return Found{}, err
	}
	if page.Media {
		return remoteRecording(address, page), nil
	}
	first, err := r.parse(given, page)
	if err != nil {
		return Found{}, err
	}
	first = r.follow(ctx, first)
	return r.further(ctx, first, len(page.Body), func([]models.Episode) (bool, error) { return false, nil })
}

// identity is the address that a show is known by: the one given, or the one that it has moved to for good. Where the server
// wants to be told something, only an address on the same server will do: another one is told nothing.
func identity(given models.Source, permanent string) models.Location {
	u, err := url.Parse(string(given.Location))
	if err != nil {
		return given.Location
	}
	u.Fragment, u.RawFragment = "", ""
	moved, err := url.Parse(permanent)
	if err != nil || permanent == "" || !given.Access.IsZero() && len(given.Access.For(moved)) == 0 {
		return models.Location(u.String())
	}
	moved.User, moved.Fragment, moved.RawFragment = nil, "", ""
	return models.Location(moved.String())
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
		Enclosure: models.Enclosure{Location: models.Location(address), Type: page.ContentType, Bytes: page.Bytes},
	})
}

// recordings makes a listing of the show of recordings that are added one by one.
func recordings(e models.Episode) Found { return collection("", e) }

// collection makes a listing of a recording that belongs to the collection of a title; "" is the show of all others.
func collection(title string, e models.Episode) Found {
	show := models.Collection(title)
	return Found{Show: show, Episodes: []models.Episode{complete(show.ID, e)}}
}

// Upload makes a listing of a recording that was sent and is stored; name is what its sender calls the file, title that of the
// collection that it belongs to, "" for the show of all recordings that were added one by one.
func Upload(name, title string, info models.AudioInfo, media models.Media) Found {
	return collection(title, models.Episode{
		GUID: media.SHA256, Title: cmp.Or(info.Title, models.Line(titleOf(name)), "Recording"),
		Notes: info.Comment, PublishedAt: dateOf(info.Date), People: spokenBy(info),
		Enclosure: models.Enclosure{Type: info.ContentType, Bytes: media.Bytes, DurationMS: info.DurationMS},
	})
}

// complete gives an episode what it has by belonging to a show.
func complete(show models.ShowID, e models.Episode) models.Episode {
	e.ShowID, e.ID, e.State = show, models.NewEpisodeID(show, e.GUID), models.EpisodeQueued
	return e
}
