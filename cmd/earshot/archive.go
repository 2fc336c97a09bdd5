package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/gofrs/flock"
	"github.com/spf13/cobra"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/calibrate"
	"github.com/earshot/earshot/pipeline/feed"
	"github.com/earshot/earshot/pipeline/fetch"
	"github.com/earshot/earshot/pipeline/listen"
	"github.com/earshot/earshot/pipeline/source"
	"github.com/earshot/earshot/pipeline/whisper"
	"github.com/earshot/earshot/search"
	"github.com/earshot/earshot/store"
)

// archive is the data folder with the tools that fill it.
type archive struct {
	*store.Store

	c      *config
	tool   *audio.Tool
	client *fetch.Client
	say    func(line string) // to the owner, about how their machine is used
}

// openExisting opens the data folder, which must hold an archive.
func (c *config) openExisting(ctx context.Context) (*archive, error) {
	if c.DatabaseURL == "" && !isFile(filepath.Join(c.Data, "earshot.db")) {
		return nil, fmt.Errorf("there is no archive in %s: make one with earshot add, or name another folder with --data", c.Data)
	}
	return c.open(ctx)
}

// onArchive makes a command without arguments of what it does with an existing archive.
func (c *config) onArchive(run func(cmd *cobra.Command, a *archive) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) (err error) {
		a, err := c.openExisting(cmd.Context())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.close()) }()
		return run(cmd, a)
	}
}

// open opens the data folder, creating it if need be.
func (c *config) open(ctx context.Context) (*archive, error) {
	if err := os.MkdirAll(c.Data, 0o755); err != nil { //nolint:gosec // the owner's folder, with the usual rights
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	web, err := c.fetching()
	if err != nil {
		return nil, err
	}
	o, err := c.storeOptions()
	if err != nil {
		return nil, err
	}
	o.Dropped = func(key string) error { return listen.Forget(c.listeningDir(), key) }
	s, err := store.Open(ctx, c.Data, o)
	if err != nil {
		return nil, err
	}
	a := &archive{Store: s, c: c, tool: audio.New(audio.Options{}), client: fetch.New(web)}
	a.say = func(string) {}
	return a, nil
}

// storeOptions says where the archive is.
func (c *config) storeOptions() (store.Options, error) {
	q, err := c.queue()
	if err != nil {
		return store.Options{}, err
	}
	cache, err := humanize.ParseBytes(c.MediaCache)
	if err != nil || cache == 0 || cache > math.MaxInt64 {
		return store.Options{}, usageError{fmt.Errorf("media-cache is no size: %q (write it like 10GB)", c.MediaCache)}
	}
	return store.Options{Database: c.DatabaseURL, Media: c.MediaURL, CacheBytes: int64(cache), Logger: c.log, MinFree: q.minFree,
		FirstPoll: q.pollEvery}, nil
}

// resolver looks at sources; progress, which may be nil, is told how far the reading of local recordings has come.
// header, which may be nil, is what the server of a feed wants to be told.
func (a *archive) resolver(progress func(name string, done, total int64), header map[string]string) *source.Resolver {
	return source.New(source.Options{Audio: a.tool, Web: a.client, Feeds: feed.Reader{}, Progress: progress, Header: header})
}

func (a *archive) close() error {
	a.client.Close()
	return a.Close()
}

// index opens this machine's search index. search.ErrInUse says that another process has it. wake, which may be nil, makes
// the index look for changes at once.
func (a *archive) index(ctx context.Context, wake <-chan struct{}) (*search.Index, error) {
	return search.Open(ctx, filepath.Join(a.c.Data, "search"), a.Store, search.Options{Wake: wake, ByHand: a.ByHand, Known: a.Store, Log: a.c.log})
}

// listeningDir is where what listeners get is kept.
func (c *config) listeningDir() string { return filepath.Join(c.Data, "listen") }

// listening makes what listeners get beside the recordings.
func (a *archive) listening() *listen.Maker {
	return listen.New(listen.Options{Dir: a.c.listeningDir(), Audio: a.tool, Media: a.Media(), Logger: a.c.log})
}

// media gives the pipeline the store's recordings.
type media struct{ *store.Media }

func (m media) Partial(ctx context.Context, id models.EpisodeID) (pipeline.Partial, error) {
	p, err := m.Media.Partial(ctx, id)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (m media) Create(ctx context.Context, hint string) (pipeline.Partial, error) {
	p, err := m.Media.Create(ctx, hint)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (a *archive) handlers(t *whisper.Transcriber, way calibrate.Way, pollEvery time.Duration) store.Handlers {
	var ahead pipeline.Listening // nil where the one who serves has another folder
	if a.c.MediaURL == "" {
		ahead = a.listening()
	}
	others := &ways{c: a.c, archive: way, unload: t.Unload, known: map[string]calibrate.Way{}}
	p := pipeline.New(pipeline.Options{
		Catalogue: a.Store, Sources: a.resolver(nil, nil), Media: media{a.Media()}, Fetch: a.client, Probe: a.tool, Transcriber: t,
		Listening: ahead, Weights: a.c.weights(), Way: pipeline.Way(way), WayWith: others.with, Language: a.c.Language, Vocabulary: a.c.Vocabulary,
		Known: a.knownNames, Hints: a.c.Hints, PollEvery: pollEvery, Logger: a.c.log,
	})
	return store.Handlers{Poll: p.Poll, Download: p.Download, Import: p.Import, Transcribe: p.Transcribe}
}

// work does the queue's jobs until ctx ends. On one machine one process at a time does them for a data folder: decoding
// takes all cores. Another one waits here until it is its turn.
func (a *archive) work(ctx context.Context, o store.WorkOptions) error {
	t, err := newTranscriber(a.c.log)
	if err != nil {
		return err
	}
	defer t.Close()
	lock := flock.New(filepath.Join(a.c.Data, "worker.lock"))
	mine, err := lock.TryLockContext(ctx, time.Second)
	if ctx.Err() == nil && err != nil {
		return fmt.Errorf("taking the turn to work on %s: %w", a.c.Data, err)
	}
	if !mine {
		return nil // told to stop before its turn
	}
	way, err := a.ready(ctx)
	if ctx.Err() != nil {
		return lock.Unlock() // told to stop
	}
	if err != nil {
		return errors.Join(err, lock.Unlock())
	}
	q, err := a.c.queue()
	if err != nil {
		return errors.Join(err, lock.Unlock())
	}
	o.Quiet, o.LookForPolls, o.Place = q.quiet, min(cmp.Or(q.pollEvery, time.Minute), time.Minute), a.Place()
	return errors.Join(a.Work(ctx, a.handlers(t, way, q.pollEvery), o), lock.Unlock())
}

// bring stores the recordings whose files are on this machine, for workers on others, until ctx ends.
func (a *archive) bring(ctx context.Context) error {
	p := pipeline.New(pipeline.Options{Catalogue: a.Store, Media: media{a.Media()}, Fetch: a.client, Probe: a.tool, Logger: a.c.log})
	return a.Work(ctx, store.Handlers{Download: p.Download}, store.WorkOptions{OnlyHere: true})
}

// ready waits for what every job needs, ffmpeg, weights and memory for them, and decides how to decode.
func (a *archive) ready(ctx context.Context) (calibrate.Way, error) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		if m, err := a.checkTools(ctx); err == nil {
			return m.way(ctx, a.tool, a.say)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return calibrate.Way{}, ctx.Err()
		}
	}
}

// checkTools says early what would fail every job: a missing ffmpeg, missing weights, or too little memory for them.
func (a *archive) checkTools(ctx context.Context) (*capacity, error) {
	if err := a.tool.Check(); err != nil {
		return nil, err
	}
	return a.c.capacity(ctx)
}
