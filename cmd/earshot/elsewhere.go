package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/api/remote"
	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/feed"
	"github.com/earshot/earshot/pipeline/source"
)

// elsewhere is an archive that a server keeps. What it cannot do with the settings of a show, the server says.
type elsewhere struct{ *remote.Client }

// reach prepares for asking the server that the settings name.
func (c *config) reach(cmd *cobra.Command) (elsewhere, error) {
	token, err := c.readToken(cmd)
	if err != nil {
		return elsewhere{}, err
	}
	r, err := remote.New(remote.Options{URL: c.Server, Token: token, Version: version})
	if err != nil {
		return elsewhere{}, usageError{err}
	}
	if c.withheld {
		fmt.Fprintf(cmd.ErrOrStderr(), "earshot: warning: the token in the environment is not for %s, and stays here: it is for the server that %[2]sSERVER names, or --server where %[2]sSERVER is not set\n", r, envPrefix)
	}
	if r.Exposed() {
		fmt.Fprintf(cmd.ErrOrStderr(), "earshot: warning: everybody on the way to %s can read the token or password and what is said: use https\n", r)
	}
	return elsewhere{r}, nil
}

// readToken returns the token for the server, itself or from its file.
func (c *config) readToken(cmd *cobra.Command) (string, error) {
	if c.Token != "" || c.TokenFile == "" {
		return strings.TrimSpace(c.Token), nil
	}
	text, err := readSmall(cmd.InOrStdin(), c.TokenFile, "the token") // an empty one is being made, perhaps
	return strings.TrimSpace(text), err
}

func (r elsewhere) close() error {
	r.Close()
	return nil
}

func (r elsewhere) changeShow(ctx context.Context, show models.Show, change *api.SettingsChange) (models.Show, error) {
	return r.ChangeShow(ctx, show.ID, remote.Wish{Settings: change})
}

// checkSettings refuses settings that the server will refuse.
func (r elsewhere) checkSettings(ctx context.Context, s models.ShowSettings) error {
	var asked error
	err := checkSettings(s, func(model string) (has bool) {
		has, asked = r.has(ctx, model)
		return has
	})
	return cmp.Or(asked, err)
}

func (r elsewhere) moveShow(ctx context.Context, show models.Show, address string, header map[string]string) (models.Show, error) {
	return r.ChangeShow(ctx, show.ID, remote.Wish{Address: api.Address{URL: address, Header: header}})
}

func (r elsewhere) canWork(context.Context) error { return nil }

// workOff waits: the server works, or its workers.
func (r elsewhere) workOff(ctx context.Context, _ func(string)) error {
	<-ctx.Done()
	return nil
}

func (r elsewhere) addUser(ctx context.Context, u models.User, secret string) error {
	return r.AddUser(ctx, u, secret)
}

func (r elsewhere) setPassword(ctx context.Context, name, secret string) error {
	return r.SetPassword(ctx, name, secret)
}

// addSource adds what is on the web by its address, which the server looks at, and sends what is here.
func (r elsewhere) addSource(ctx context.Context, named string, o adding) (added, error) {
	if address, ok := source.WebAddress(strings.TrimSpace(named)); ok {
		return r.addAddress(ctx, address, o)
	}
	found, err := r.look(ctx, named, o)
	if err != nil {
		return added{}, err
	}
	if found.Show.Source.Kind == models.SourceFeedFile {
		return added{}, models.Explain(models.ErrInvalid, "%s is a feed in a file, which can only be added on the machine where the archive is: give the address of the feed", named)
	}
	return r.send(ctx, found, o)
}

func (r elsewhere) addFeed(ctx context.Context, feed models.Subscription, o adding) (added, error) {
	address, ok := source.WebAddress(string(feed.Location))
	if !ok {
		return added{}, models.Explain(models.ErrInvalid, "its address is not on the web")
	}
	return r.addAddress(ctx, address, o)
}

func (r elsewhere) addAddress(ctx context.Context, address string, o adding) (added, error) {
	change, err := o.settings.change(o.cmd, models.ShowSettings{})
	if err != nil {
		return added{}, err
	}
	wish := remote.Wish{Address: api.Address{URL: address, Header: o.header}, Settings: change}
	if o.dryRun {
		return r.preview(ctx, wish)
	}
	got, err := r.AddShow(ctx, wish)
	if errors.Is(err, models.ErrInvalid) { // because there is a list of feeds, perhaps
		var list *feed.ListError
		if _, other := r.preview(ctx, wish); errors.As(other, &list) {
			err = list
		}
	}
	if err != nil {
		return added{}, err
	}
	out := added{
		show: models.Show{ID: got.Show.ID, Title: got.Show.Title}, fresh: got.Added, updated: got.Updated, unchanged: got.Known - got.Updated,
		unwanted: got.Unwanted, skipped: got.Skipped,
	}
	if o.wait {
		out.episodes, err = r.Episodes(ctx, models.EpisodeFilter{ShowID: got.Show.ID})
	}
	return out, err
}

// preview says what adding an address would do.
func (r elsewhere) preview(ctx context.Context, wish remote.Wish) (added, error) {
	got, err := r.Preview(ctx, wish)
	if err != nil {
		return added{}, err
	}
	if got.Show == nil {
		list := &feed.ListError{Name: wish.URL}
		for _, f := range got.Feeds {
			list.Feeds = append(list.Feeds, models.Subscription{Title: f.Title, Location: models.Location(f.URL)})
		}
		return added{}, list
	}
	out := added{
		show: models.Show{ID: got.Show.ID, Title: got.Show.Title}, fresh: got.Show.Added, unchanged: got.Show.Here, unwanted: got.Show.Unwanted,
		skipped: got.Show.Skipped,
	}
	for _, e := range got.Show.Newest {
		if e.Added {
			out.titles = append(out.titles, e.Title)
		}
	}
	return out, nil
}

// unread takes every file for a recording, where there is no ffmpeg to look inside: the server does.
type unread struct{}

func (unread) Probe(context.Context, *os.File) (models.AudioInfo, error) {
	return models.AudioInfo{}, nil
}

// look lists the recordings of a folder or a file with their checksums, or the feeds of a list in a file.
func (r elsewhere) look(ctx context.Context, named string, o adding) (models.Listing, error) {
	reading := newBars(o.cmd.ErrOrStderr())
	defer reading.close()
	bar := reading.add("reading", 0, unitBytes)
	var inside source.Prober = unread{}
	if tool := audio.New(audio.Options{}); tool.Check() == nil {
		inside = tool
	}
	return source.New(source.Options{
		Audio: inside, Feeds: feed.Reader{}, Progress: func(_ string, done, total int64) { bar.of(done, total) },
	}).Resolve(ctx, named)
}
