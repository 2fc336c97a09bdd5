package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/search"
	"github.com/earshot/earshot/store"
)

const (
	heardEvery    = 100     // of so many episodes one has a recording of its full length, which can be listened to
	soundPerMS    = 8       // bytes: 64 kbit/s
	stubOfSound   = 1 << 10 // bytes of the other recordings
	listeningType = "audio/mpeg"

	popularOfKind = 250 // queries
)

// filling puts the archive into a data folder as the program does: shows, then recordings, then transcripts, by the queue.
type filling struct {
	a      *archive
	store  *store.Store
	number map[models.EpisodeID]int
}

// fill makes a data folder of the archive, with its index, and a file with queries, unless that was done before. What is heard is
// noise: the server reads nothing of a recording.
func fill(ctx context.Context, a *archive, folder, queries string) error {
	if _, err := os.Stat(queries); err == nil { //nolint:gosec // the file that the benchmark names
		return nil
	}
	if err := fillFolder(ctx, a, folder); err != nil {
		return fmt.Errorf("filling %s: %w", folder, err)
	}
	texts, err := popular(ctx, a, popularOfKind)
	if err != nil {
		return err
	}
	return os.WriteFile(queries, []byte(strings.Join(texts, "\n")), 0o600) //nolint:gosec // the file that the benchmark names
}

func fillFolder(ctx context.Context, a *archive, folder string) (err error) {
	s, err := store.Open(ctx, folder, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	f := filling{a, s, map[models.EpisodeID]int{}}
	for _, step := range []func(context.Context) error{f.shows, f.work} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return f.index(ctx, filepath.Join(folder, "search"))
}

func (f *filling) shows(ctx context.Context) error {
	shows, episodes := map[models.ShowID]models.Show{}, map[models.ShowID][]models.Episode{}
	err := f.a.each(ctx, func(i int, d models.Document) func() {
		return func() {
			w, e := d.Show, d.Episode
			w.Source = models.Source{Kind: models.SourceFeed, Location: models.Location("https://example.org/" + string(w.ID))}
			e.Enclosure = models.Enclosure{Location: models.Location("https://example.org/" + string(e.ID) + ".mp3"), Type: listeningType, DurationMS: d.Transcript.DurationMS}
			shows[w.ID], f.number[e.ID] = w, i
			episodes[w.ID] = append(episodes[w.ID], e)
		}
	})
	if err != nil {
		return err
	}
	for id, w := range shows {
		if _, err := f.store.SaveShow(ctx, w, episodes[id]); err != nil {
			return err
		}
	}
	return nil
}

// work does all jobs.
func (f *filling) work(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- f.store.Work(ctx, store.Handlers{Download: f.record, Transcribe: f.transcribe},
			store.WorkOptions{Transcribers: runtime.GOMAXPROCS(0), Look: 100 * time.Millisecond})
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			stop()
			return cmp.Or(err, ctx.Err())
		case <-tick.C:
		}
		if idle, err := f.store.Idle(ctx); err != nil || idle {
			stop()
			return errors.Join(err, <-ended)
		}
	}
}

// record stores a recording.
func (f *filling) record(ctx context.Context, lease models.Lease, job models.DownloadJob, _ store.Report) error {
	i := f.number[job.EpisodeID]
	length := f.a.document(i).Transcript.DurationMS
	size := int64(stubOfSound)
	if i%heardEvery == 0 {
		size = length * soundPerMS
	}
	p, err := f.store.Media().Create(ctx, string(job.EpisodeID))
	if err != nil {
		return err
	}
	defer p.Close() //nolint:errcheck // nothing is lost before Commit
	noise := rand.NewChaCha8([32]byte{byte(i), byte(i >> 8), byte(i >> 16)})
	if _, err := io.CopyN(p, noise, size); err != nil {
		return err
	}
	m, err := p.Commit(ctx, ".mp3")
	if err != nil {
		return err
	}
	m.ContentType, m.DurationMS = listeningType, length
	return f.store.SaveMedia(ctx, lease, job.EpisodeID, m, "")
}

// transcribe stores a transcript.
func (f *filling) transcribe(ctx context.Context, lease models.Lease, job models.TranscribeJob, _ store.Report) error {
	t := f.a.document(f.number[job.EpisodeID]).Transcript
	begun, err := f.store.StartTranscript(ctx, lease, models.Transcript{EpisodeID: job.EpisodeID, Source: t.Source, Language: t.Language})
	if err != nil || begun.Complete {
		return err
	}
	part := models.TranscriptPart{TranscriptID: begun.ID, Language: t.Language, Segments: t.Segments, CursorMS: t.DurationMS + 1}
	if err := f.store.AppendSegments(ctx, lease, part); err != nil {
		return err
	}
	return f.store.FinishTranscript(ctx, lease, models.Transcript{ID: begun.ID, DurationMS: t.DurationMS})
}

func (f *filling) index(ctx context.Context, folder string) (err error) {
	x, err := search.Open(ctx, folder, f.store, search.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	return x.CatchUp(ctx, nil)
}
