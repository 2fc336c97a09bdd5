package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/earshot/earshot/api"
	"github.com/earshot/earshot/models"
)

// catalogue is what commands ask of an archive and have it do: of the one on this machine, which is [archive], or of the one that
// a server keeps, which is [elsewhere].
type catalogue interface {
	Status(ctx context.Context) (models.Status, error)
	Shows(ctx context.Context) ([]models.Show, error)
	Show(ctx context.Context, id models.ShowID) (models.Show, error)
	Episodes(ctx context.Context, f models.EpisodeFilter) ([]models.Episode, error)
	Episode(ctx context.Context, id models.EpisodeID) (models.Episode, error)
	Transcript(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error)

	Pause(ctx context.Context, id models.ShowID) error
	Resume(ctx context.Context, id models.ShowID) error
	Poll(ctx context.Context, id models.ShowID) error
	Now(ctx context.Context, id models.EpisodeID) error
	Cancel(ctx context.Context, id models.EpisodeID) error
	Retry(ctx context.Context, id models.EpisodeID) error
	RetryAll(ctx context.Context) (int, error)
	Retranscribe(ctx context.Context, id models.EpisodeID, task models.TranscriptTask) error
	FetchAgain(ctx context.Context, id models.EpisodeID) error

	// changeShow changes the settings of a show, and returns it as it is then.
	changeShow(ctx context.Context, show models.Show, change *api.SettingsChange) (models.Show, error)
	// moveShow gives a show another address, "" for the one that it has, and what its server wants to be told, once a feed is found
	// there.
	moveShow(ctx context.Context, show models.Show, address string, header map[string]string) (models.Show, error)
	SetShowVisibility(ctx context.Context, id models.ShowID, v models.Visibility) error
	DeleteShow(ctx context.Context, id models.ShowID) (int, error)

	// addSource adds what an owner names. An error with a method Subscriptions says that it is a list of feeds.
	addSource(ctx context.Context, named string, o adding) (added, error)
	// addFeed adds a feed of a list.
	addFeed(ctx context.Context, feed models.Subscription, o adding) (added, error)
	// canWork says early what would keep every job from being done.
	canWork(ctx context.Context) error
	// workOff does the jobs of the queue, where that is not done by somebody else, until ctx ends.
	workOff(ctx context.Context, say func(line string)) error

	Users(ctx context.Context) ([]models.User, error)
	addUser(ctx context.Context, u models.User, secret string) error
	setPassword(ctx context.Context, name, secret string) error
	SetRole(ctx context.Context, name string, role models.Role) error
	RemoveUser(ctx context.Context, name string) error

	// withTokens does something with the tokens of a user.
	withTokens(cmd *cobra.Command, user string, run func(tokenKeeper) error) error

	close() error
}

// onCatalogue makes a command without arguments of what it does with an archive that there is, here or elsewhere.
func (c *config) onCatalogue(run func(cmd *cobra.Command, a catalogue) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) (err error) {
		a, err := c.catalogue(cmd, c.openExisting)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.close()) }()
		return run(cmd, a)
	}
}

// catalogue reaches the server that the settings name, or opens the archive on this machine.
func (c *config) catalogue(cmd *cobra.Command, open func(context.Context) (*archive, error)) (catalogue, error) {
	if c.Server != "" {
		return c.reach(cmd)
	}
	return open(cmd.Context())
}

// onlyHere marks a command that makes sense only on the machine of the archive.
const onlyHere = "only on the machine of the archive"

// here marks commands so, and returns them.
func here(commands ...*cobra.Command) []*cobra.Command {
	for _, cmd := range commands {
		if cmd.Annotations == nil {
			cmd.Annotations = map[string]string{}
		}
		cmd.Annotations[onlyHere] = "yes"
	}
	return commands
}

// checkPlace refuses a command that cannot be given to a server.
func (c *config) checkPlace(cmd *cobra.Command) error {
	if c.Server == "" || cmd.Annotations[onlyHere] == "" {
		return nil
	}
	return usageError{fmt.Errorf("%s is for the machine where the archive is: give it there, without --server and %sSERVER (now %s)", cmd.CommandPath(), envPrefix, c.Server)}
}

// Status is the archive at a glance.
func (a *archive) Status(ctx context.Context) (models.Status, error) { return a.Store.Status(ctx) }

// RetryAll retries what failed, and returns how many episodes that are.
func (a *archive) RetryAll(ctx context.Context) (int, error) { return a.Store.RetryAll(ctx) }

// Poll looks for new episodes of a show now.
func (a *archive) Poll(ctx context.Context, id models.ShowID) error {
	return a.Enqueue(ctx, models.PollJob{ShowID: id})
}

func (a *archive) changeShow(ctx context.Context, show models.Show, change *api.SettingsChange) (models.Show, error) {
	if err := a.apply(change, &show); err != nil {
		return show, err
	}
	return show, a.SetShowSettings(ctx, show.ID, show.Settings)
}

// apply changes the settings of a show to what this machine can work with.
func (a *archive) apply(change *api.SettingsChange, show *models.Show) error {
	change.Apply(&show.Settings)
	return errors.Join(a.c.checkSettings(show.Settings), show.Settings.CheckFor(show.Source.Kind))
}

func (a *archive) moveShow(ctx context.Context, show models.Show, address string, header map[string]string) (models.Show, error) {
	if address == "" {
		address = string(show.Source.Location)
	}
	found, err := a.resolver(nil, header).Resolve(ctx, address)
	if err != nil {
		return show, err
	}
	if found.Show.Source.Kind != models.SourceFeed {
		return show, models.Explain(models.ErrInvalid, "there is no feed on the web at that address")
	}
	show.Source = found.Show.Source
	return show, a.SetShowSource(ctx, show.ID, show.Source.Location, show.Source.Access)
}
