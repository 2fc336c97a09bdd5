package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/earshot/earshot/models"
)

// Report tells how far an attempt has come, in the job's unit (see [models.JobProgress]). What it says first was done before
// this attempt. It is cheap and may be called often; it is written to the archive once a second at most.
type Report = func(done, total int64)

// Handlers does the jobs. A kind without a handler is left to other processes.
//
// A handler must return soon after its context ends, and writes its results under the lease. An error that wraps
// [models.ErrUnusable] or [models.ErrInvalid] ends the job, any other one lets it be tried again, later and later, a few
// times; with the last attempt the episode becomes failed with the error's text as its reason. A panic is an error.
type Handlers struct {
	Poll       func(ctx context.Context, lease models.Lease, job models.PollJob, report Report) error
	Download   func(ctx context.Context, lease models.Lease, job models.DownloadJob, report Report) error
	Import     func(ctx context.Context, lease models.Lease, job models.ImportJob, report Report) error
	Transcribe func(ctx context.Context, lease models.Lease, job models.TranscribeJob, report Report) error
}

// WorkOptions says how to work.
type WorkOptions struct {
	Transcribers int // jobs of a kind at a time; default 1
	Downloads    int // default 4
	Polls        int // default 2
	Imports      int // default 2
	// PollFeeds queues a poll of each feed when it is due; otherwise feeds are polled only when asked.
	PollFeeds bool
	// LookForPolls is how often feeds that are due are looked for; default 1 minute.
	LookForPolls time.Duration
	// Grace is how long running handlers may take to return once ctx has ended; default 10 s.
	Grace time.Duration
	// Backoff is the wait after an attempt failed: kind as in the job's Kind, failures 1 for the first. Default: seconds
	// to minutes.
	Backoff func(kind string, failures int) time.Duration
	// Beat is how often a worker says that it is alive; one that has not for DeadAfter loses its jobs to others. Defaults
	// 2 s and 9 s, the same for all processes on a data folder.
	Beat, DeadAfter time.Duration
	// Look is how often the queue is asked for jobs, beside when a job has ended; default 1 s.
	Look time.Duration
	// Quiet are the hours during which only urgent transcriptions run here.
	Quiet models.QuietHours
	// OnlyHere takes nothing but the recordings whose files are at this place, see [Store.Place], and counts as no worker.
	OnlyHere bool
	// Place names where one worker at a time can be, because the caller holds a lock for it: a worker that was there
	// before is dead, and its jobs come here at once. "": any number of workers may be here.
	Place string
}

func (o WorkOptions) withDefaults() WorkOptions {
	o.Transcribers = cmp.Or(o.Transcribers, 1)
	o.Downloads = cmp.Or(o.Downloads, 4)
	o.Polls = cmp.Or(o.Polls, 2)
	o.Imports = cmp.Or(o.Imports, 2)
	o.Grace = cmp.Or(o.Grace, 10*time.Second)
	o.Beat = cmp.Or(o.Beat, beatEvery)
	o.DeadAfter = cmp.Or(o.DeadAfter, deadAfter)
	o.Look = cmp.Or(o.Look, time.Second)
	o.LookForPolls = cmp.Or(o.LookForPolls, time.Minute)
	if o.Backoff == nil {
		o.Backoff = defaultBackoff
	}
	return o
}

// crew is the work of one call of Work.
type crew struct {
	*Store
	o     WorkOptions
	id    string // of the worker: unique among all that ever were
	gone  chan struct{}
	mu    sync.Mutex
	tries map[*try]bool // running; a job may have two, where one has lost it
	peers peers
}

// try is one attempt at a job that is running here.
type try struct {
	job         *rivertype.JobRow
	lease       models.Lease
	kind        kind
	episode     models.EpisodeID
	show        models.ShowID
	cancel      context.CancelCauseFunc
	done, total atomic.Int64
	first       atomic.Int64 // the first done that was told
	toldAt      atomic.Int64 // ms since 1970, of the last
	told        atomic.Bool  // progress that is not written yet
	now         func() time.Time
}

// Work takes jobs and gives them to the handlers until ctx ends; then it cancels those that are running, gives what they
// leave unfinished back to the queue, and returns when all have returned, or with an error when they do not within the
// grace time. Several processes may work on one archive.
func (s *Store) Work(ctx context.Context, h Handlers, o WorkOptions) error {
	c := &crew{Store: s, o: o.withDefaults(), id: workerID(), gone: make(chan struct{}), tries: map[*try]bool{}, peers: peers{}}
	client, err := c.client(h)
	if err != nil {
		return fmt.Errorf("preparing to work: %w", err)
	}
	if err := c.beat(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it began
		}
		return fmt.Errorf("starting to work: %w", err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	clock := newWallClock(c.now) // before the first job
	// River gets a context of its own, so that the order in which things stop is ours.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting to work: %w", s.e.explain(err))
	}
	stopped := make(chan struct{})
	var pulse sync.WaitGroup
	pulse.Go(func() { c.pulse(context.WithoutCancel(ctx), clock, stopped, stop) })
	<-ctx.Done()
	err = c.stop(context.WithoutCancel(ctx), client)
	if cause := context.Cause(ctx); errors.Is(cause, models.ErrNewerData) {
		close(stopped)
		pulse.Wait()
		return errors.Join(fmt.Errorf("working: %w", cause), err) // nothing more may be written
	}
	close(stopped)
	pulse.Wait()
	return errors.Join(err, c.leave(context.WithoutCancel(ctx)))
}

func (c *crew) stop(ctx context.Context, client *river.Client[*sql.Tx]) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.Grace)
	defer cancel()
	defer close(c.gone)
	if err := client.StopAndCancel(ctx); err != nil {
		return fmt.Errorf("some jobs did not stop within %v: %w", c.o.Grace, err)
	}
	return nil
}

// workerID returns a new identifier that tells people which process it is.
func workerID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%.40s-%d-%.12s", host, os.Getpid(), rand.Text())
}

func (c *crew) client(h Handlers) (*river.Client[*sql.Tx], error) {
	workers, queues := river.NewWorkers(), map[string]river.QueueConfig{}
	add := func(k kind, wanted bool, n int) {
		if wanted {
			queues[k.name] = river.QueueConfig{MaxWorkers: n}
		}
	}
	poll, download, imports, transcribe := pollKind(), downloadKind(), importKind(), transcribeKind()
	add(poll, h.Poll != nil, c.o.Polls)
	add(download, h.Download != nil && !c.o.OnlyHere, c.o.Downloads)
	if h.Download != nil && c.e.shared {
		queues[downloadQueue(c.place)] = river.QueueConfig{MaxWorkers: c.o.Downloads}
	}
	add(imports, h.Import != nil, c.o.Imports)
	add(transcribe, h.Transcribe != nil, c.o.Transcribers)
	// All kinds are made known, wanted or not: River throws away lost jobs of kinds that it does not know.
	err := errors.Join(
		river.AddWorkerSafely(workers, &worker[models.PollJob]{crew: c, kind: poll, do: h.Poll}),
		river.AddWorkerSafely(workers, &worker[models.DownloadJob]{crew: c, kind: download, do: h.Download}),
		river.AddWorkerSafely(workers, &worker[models.ImportJob]{crew: c, kind: imports, do: h.Import}),
		river.AddWorkerSafely(workers, &worker[models.TranscribeJob]{crew: c, kind: transcribe, do: h.Transcribe}),
	)
	if err != nil {
		return nil, err
	}
	if len(queues) == 0 {
		return nil, fmt.Errorf("%w: no handlers", models.ErrInvalid)
	}
	return river.NewClient(gate{c.e.jobs, c}, &river.Config{
		ID: c.id, Logger: slog.New(quiet{c.log.Handler()}), Queues: queues, Workers: workers, FetchPollInterval: c.o.Look,
		JobTimeout: transcribe.limit, RescueStuckJobsAfter: rescueAfter,
	})
}

// worker adapts one handler to River.
type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]

	crew *crew
	kind kind
	do   func(context.Context, models.Lease, T, Report) error
}

// Timeout returns the limit of the kind.
func (w *worker[T]) Timeout(*river.Job[T]) time.Duration { return w.kind.limit }

// Work makes one attempt. How it ended is written here, under the lease; River is told to write nothing.
func (w *worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := &try{
		job: job.JobRow, kind: w.kind, cancel: cancel, now: w.crew.now,
		lease: models.Lease{JobID: job.ID, Attempt: job.Attempt, Last: job.Attempt >= job.MaxAttempts},
	}
	switch a := any(job.Args).(type) {
	case models.PollJob:
		t.show = a.ShowID
	case models.DownloadJob:
		t.episode = a.EpisodeID
	case models.ImportJob:
		t.episode = a.EpisodeID
	case models.TranscribeJob:
		t.episode = a.EpisodeID
		if a.Task == models.TaskTranslate {
			t.kind = translateKind()
		}
	}
	w.crew.attempt(ctx, t, func(ctx context.Context) error {
		return w.do(ctx, t.lease, job.Args, t.report)
	})
	return settled{}
}

func (t *try) report(done, total int64) {
	if t.toldAt.Load() == 0 {
		t.first.Store(done)
	}
	t.toldAt.Store(t.now().UnixMilli())
	t.done.Store(done)
	t.total.Store(total)
	t.told.Store(true)
}

// attempt runs a handler for a job and writes how it ended.
func (c *crew) attempt(ctx context.Context, t *try, do func(context.Context) error) {
	c.mu.Lock()
	c.tries[t] = true
	c.mu.Unlock()
	err := c.began(ctx, t)
	if err == nil {
		err = c.safely(ctx, t, do)
	}
	// From here on a lost lease is found when settling, there is nothing left to cancel.
	c.mu.Lock()
	delete(c.tries, t)
	c.mu.Unlock()
	c.settle(ctx, t, err)
}

// safely turns a panic into an error.
func (c *crew) safely(ctx context.Context, t *try, do func(context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			c.log.ErrorContext(ctx, "a job panicked", "job_id", t.lease.JobID, "kind", t.kind.name, "episode_id", t.episode,
				"panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error, please report it: %v", v)
		}
	}()
	return do(ctx)
}

// settled tells River that the state of the job was written already. River's executor takes an error of this shape for
// the results of several jobs, and writes one for each of Jobs: here none. (internal/jobexecutor, withJobsAndErrorsByID)
// Without it River would write by the job's id alone, and a late attempt would end the one that replaced it.
type settled struct{}

// Error says what this is, should it ever be printed.
func (settled) Error() string { return "the attempt is settled" }

// ErrorsByID returns no errors.
func (settled) ErrorsByID() map[int64]error { return nil }

// Jobs returns no jobs.
func (settled) Jobs() []*rivertype.JobRow { return nil }
