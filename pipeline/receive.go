package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/source"
)

// storedLocation begins the location of a recording that was stored before its episode was: the key follows.
const storedLocation = "media:"

// Shelf stores recordings that belong to no episode yet.
type Shelf interface {
	// Create begins a file of unknown content; hint says in errors what is being stored.
	Create(ctx context.Context, hint string) (Partial, error)
}

// Shows stores shows with their episodes; new ones get their jobs in the same transaction.
type Shows interface {
	SaveShow(ctx context.Context, show models.Show, episodes []models.Episode) (models.Saved, error)
	Episode(ctx context.Context, id models.EpisodeID) (models.Episode, error)
	Retry(ctx context.Context, id models.EpisodeID) error
}

// Receiver makes episodes of files that people send.
type Receiver struct {
	Shows Shows
	Media Shelf
	Probe *audio.Tool
}

// Receive stores the bytes of an upload and then its episode, with the job that goes on with it. The file stays where it is:
// receiving it again, after a crash in between, gives the same episode. A file that is no recording is [models.ErrUnusable].
func (r Receiver) Receive(ctx context.Context, u models.Upload) (models.Received, error) {
	info, media, err := r.keep(ctx, u)
	if err != nil {
		return models.Received{}, err
	}
	found := source.Upload(u.Name, u.Show, info, media)
	episode := &found.Episodes[0]
	episode.Enclosure.Location = models.Location(storedLocation + media.Key)
	was, err := r.Shows.Episode(ctx, episode.ID)
	if err == nil && was.State != models.EpisodeFailed {
		return models.Received{EpisodeID: was.ID, Title: was.Title, Known: true}, nil
	}
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return models.Received{}, fmt.Errorf("looking for the upload %q: %w", u.Name, err)
	}
	if _, err := r.Shows.SaveShow(ctx, found.Show, found.Episodes); err != nil {
		return models.Received{}, fmt.Errorf("storing the upload %q: %w", u.Name, err)
	}
	if was.State == models.EpisodeFailed { // with these bytes at hand it may succeed
		err = r.Shows.Retry(ctx, episode.ID)
		return models.Received{EpisodeID: was.ID, Title: was.Title, Known: true}, err
	}
	return models.Received{EpisodeID: episode.ID, Title: episode.Title}, nil
}

// keep stores the bytes of an upload once it is known to be a recording.
func (r Receiver) keep(ctx context.Context, u models.Upload) (info models.AudioInfo, media models.Media, err error) {
	f, err := os.Open(u.Path)
	if err != nil {
		return info, media, fmt.Errorf("opening the upload %q: %w", u.Name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err = r.Probe.For(u.Name).Probe(ctx, f); err != nil {
		return info, media, err
	}
	part, err := r.Media.Create(ctx, u.Name)
	if err != nil {
		return info, media, err
	}
	defer part.Close() // does nothing after Commit
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return info, media, err
	}
	size := int64(0)
	if st, err := f.Stat(); err == nil {
		size = st.Size()
	}
	if err = fill(ctx, part, f, size, func(int64, int64) {}); err != nil {
		return info, media, fmt.Errorf("storing the upload %q: %w", u.Name, err)
	}
	media, err = part.Commit(ctx, path.Ext(u.Name))
	media.ContentType, media.DurationMS = info.ContentType, info.DurationMS
	return info, media, err
}

// received gives the stored bytes of an episode that was received, checked again.
func (p *Pipeline) received(ctx context.Context, e models.Episode) (media models.Media, info models.AudioInfo, err error) {
	key := strings.TrimPrefix(string(e.Enclosure.Location), storedLocation)
	f, err := p.o.Media.Open(ctx, key)
	if errors.Is(err, models.ErrNotFound) {
		return media, info, models.Explain(models.ErrUnusable, models.ReasonMediaGone)
	}
	if err != nil {
		return media, info, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err = p.o.Probe.For(e.Title).Probe(ctx, f)
	if err != nil {
		return media, info, err
	}
	st, err := f.Stat()
	if err != nil {
		return media, info, err
	}
	return models.Media{Key: key, SHA256: e.GUID, Bytes: st.Size(), ContentType: info.ContentType, DurationMS: info.DurationMS}, info, nil
}
