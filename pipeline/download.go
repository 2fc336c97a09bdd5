package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/fetch"
)

// Download stores an episode's audio and what probing it tells; the transcription is queued in the same transaction. A
// download that an earlier attempt began is gone on with.
func (p *Pipeline) Download(ctx context.Context, lease models.Lease, job models.DownloadJob, report func(done, total int64)) error {
	episode, err := p.o.Catalogue.Episode(ctx, job.EpisodeID)
	if err != nil {
		return fmt.Errorf("downloading episode %s: %w", job.EpisodeID, err)
	}
	if p.stored(ctx, episode) && !episode.FetchAgain {
		return p.goOn(ctx, lease, episode)
	}
	if err := p.o.Catalogue.SetState(ctx, lease, episode.ID, models.EpisodeDownloading); err != nil {
		return fmt.Errorf("downloading %q: %w", episode.Title, err)
	}
	if err := p.lookBeside(ctx, lease, episode); err != nil {
		return err
	}
	media, info, err := p.fetch(ctx, episode, report)
	if err != nil {
		return err
	}
	if err := p.describe(ctx, lease, episode, media, info); err != nil {
		return err
	}
	if err := p.o.Catalogue.SaveMedia(ctx, lease, episode.ID, media, ""); err != nil {
		return fmt.Errorf("storing the audio of %q: %w", episode.Title, err)
	}
	p.o.Logger.InfoContext(ctx, "downloaded", "episode_id", episode.ID, "job_id", lease.JobID, "bytes", media.Bytes, "duration_ms", media.DurationMS)
	if err := p.prepare(ctx, episode, media); err != nil && ctx.Err() == nil {
		// It is tried again when somebody listens; the recording itself is there.
		p.o.Logger.WarnContext(ctx, "nothing could be prepared for listeners", "episode_id", episode.ID, "job_id", lease.JobID, "error", err)
	}
	return nil
}

// prepare makes what the first listener of an episode would wait for, where somebody may listen.
func (p *Pipeline) prepare(ctx context.Context, e models.Episode, media models.Media) error {
	if p.o.Listening == nil {
		return nil
	}
	passages, err := p.o.Catalogue.PrivateOf(ctx, e.ID)
	if err != nil {
		return err
	}
	held := models.Held(passages, media.SHA256, time.Now())
	if models.Whole(held) {
		return nil
	}
	return p.o.Listening.Prepare(ctx, media, e.Title, held)
}

// goOn queues the transcription of an episode whose audio is here. An attempt that was killed before it could say so has done
// that already; nobody has where the recording was put back into an archive that was restored without it.
func (p *Pipeline) goOn(ctx context.Context, lease models.Lease, e models.Episode) error {
	if e.State != models.EpisodeQueued && e.State != models.EpisodeDownloading {
		return nil
	}
	if err := p.o.Catalogue.SaveMedia(ctx, lease, e.ID, e.Media, ""); err != nil {
		return fmt.Errorf("queueing the transcription of %q: %w", e.Title, err)
	}
	return nil
}

// lookBeside takes the transcript beside a local recording. One that cannot be read is no reason to leave out the recording.
func (p *Pipeline) lookBeside(ctx context.Context, lease models.Lease, e models.Episode) error {
	if e.Enclosure.Location.Remote() {
		return nil
	}
	show, err := p.o.Catalogue.Show(ctx, e.ShowID)
	if err != nil {
		return fmt.Errorf("reading the show of %q: %w", e.Title, err)
	}
	err = p.take(ctx, lease, show, e)
	if err == nil || errors.Is(err, models.ErrLeaseLost) || ctx.Err() != nil {
		return err
	}
	return p.reject(ctx, lease, e, err)
}

// stored reports whether the episode's audio is here. Where that cannot be told, it is brought once more.
func (p *Pipeline) stored(ctx context.Context, e models.Episode) bool {
	if e.Media.Key == "" {
		return false
	}
	is, err := p.o.Media.Has(ctx, e.Media.Key)
	return err == nil && is
}

// fetch brings the audio into the media store, from the web or from a local file, once it is known to be audio.
func (p *Pipeline) fetch(ctx context.Context, e models.Episode, report func(done, total int64)) (models.Media, models.AudioInfo, error) {
	var info models.AudioInfo
	if strings.HasPrefix(string(e.Enclosure.Location), storedLocation) {
		return p.received(ctx, e)
	}
	part, err := p.o.Media.Partial(ctx, e.ID)
	if err != nil {
		return models.Media{}, info, err
	}
	defer part.Close() // does nothing after Commit; otherwise what is there stays for the next attempt
	if e.Enclosure.Location.Remote() {
		var show models.Show
		if show, err = p.o.Catalogue.Show(ctx, e.ShowID); err == nil {
			_, err = p.o.Fetch.Download(ctx, fetch.Recording{Location: e.Enclosure.Location, Access: show.Source.Access}, part, report)
		}
	} else {
		err = copyLocal(ctx, string(e.Enclosure.Location), part, report)
	}
	name := called(e)
	if err == nil {
		info, err = p.o.Probe.For(name).Probe(ctx, part.File())
	}
	if err != nil {
		if errors.Is(err, models.ErrUnusable) {
			err = errors.Join(err, part.Discard())
		}
		return models.Media{}, info, err
	}
	media, err := part.Commit(ctx, extension(e.Enclosure.Location))
	if err == nil && isSHA256(e.GUID) && e.GUID != media.SHA256 {
		// A local recording is known by its content, which is another one now.
		err = models.Explain(models.ErrUnusable, "%s has changed since it was added: add it again to have what it holds now", name)
	}
	media.ContentType, media.DurationMS, media.From = info.ContentType, info.DurationMS, e.Enclosure
	return media, info, err
}

func isSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

// called is what messages call an episode's recording: the name of a local file, the title of one from the web, whose address
// may hold a token.
func called(e models.Episode) string {
	if e.Enclosure.Location.Remote() {
		return e.Title
	}
	return filepath.Base(string(e.Enclosure.Location))
}

// extension is the ending of a recording's path or address, with its dot.
func extension(location models.Location) string {
	if u, err := url.Parse(string(location)); err == nil && location.Remote() {
		return path.Ext(u.Path)
	}
	return filepath.Ext(string(location))
}

// copyLocal copies a file of this machine. Its path was named by the owner, or lies in a folder that was.
func copyLocal(ctx context.Context, location string, part Partial, report func(done, total int64)) error {
	info, err := os.Stat(location)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return models.Explain(models.ErrUnusable, "%s is no longer there: put it back and retry", location)
	case err == nil && !info.Mode().IsRegular():
		return models.Explain(models.ErrUnusable, "%s is not a regular file", location)
	}
	f, err := os.Open(location)
	if errors.Is(err, fs.ErrPermission) {
		return models.Explain(models.ErrUnusable, "%s may not be read: change its rights and retry", location)
	}
	if err != nil {
		return fmt.Errorf("copying the recording: %w", err)
	}
	defer f.Close()
	if err := part.Reset(""); err != nil {
		return err
	}
	if err := fill(ctx, part, f, info.Size(), report); err != nil {
		return fmt.Errorf("copying %s: %w", location, err)
	}
	return nil
}

// fill copies what is read of f, total bytes, to part.
func fill(ctx context.Context, part Partial, f io.Reader, total int64, report func(done, total int64)) error {
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.Read(buf)
		if _, werr := part.Write(buf[:n]); werr != nil {
			return werr
		}
		report(part.Size(), total)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
