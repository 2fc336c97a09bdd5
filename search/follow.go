package search

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"github.com/earshot/earshot/models"
)

const (
	changesAtOnce = 128 // changes applied before looking again at what else there is to do
	maxRetryWait  = 15 * time.Second
	maxOwedWait   = 10 * time.Minute // between two tries to index an episode that cannot be read

	// Following rests restFactor times as long as it has worked, at most maxRest. A transcript that is being made changes every
	// minute of audio, and is analysed as a whole each time: 0.3 s of processor time for one of ten hours. So a long one is
	// indexed less often, and following never takes more than a tenth of a core from what it follows. What people change by hand
	// ends the rest: see [Options.ByHand].
	restFactor = 9
	maxRest    = 10 * time.Second
)

// Follow applies the source's changes as they come, until ctx ends; then it returns nil. Trouble (the source does not
// answer, the disk is full) is logged and tried again, except that the source belongs to a newer program:
// [models.ErrNewerData] is returned.
func (x *Index) Follow(ctx context.Context) error {
	tick := time.NewTicker(x.o.Interval)
	defer tick.Stop()
	wait := x.o.Interval
	var again owedTimer
	for {
		began := time.Now()
		err := x.Relearn(ctx)
		if err == nil {
			err = x.drain(ctx)
		}
		if err == nil {
			err = again.run(x.o.Interval, func() (int, error) { return x.retryOwed(ctx) })
		}
		if err == nil {
			err = x.learn(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, ErrClosed) || errors.Is(err, models.ErrNewerData) {
			return err
		}
		if err != nil {
			wait = min(2*wait, maxRetryWait)
			x.o.Log.ErrorContext(ctx, "the search index cannot follow the catalogue: trying again", "error", err, "wait", wait)
			if !pause(ctx, wait) {
				return nil
			}
			continue
		}
		wait = x.o.Interval
		if !x.rest(ctx, tick.C, min(restFactor*time.Since(began), maxRest)) {
			return nil
		}
	}
}

// rest waits for so long, and then until there may be something new to follow; it reports whether ctx is still alive. Nobody who
// changes something by hand waits for the end of it.
func (x *Index) rest(ctx context.Context, tick <-chan time.Time, d time.Duration) bool {
	over := time.NewTimer(d)
	defer over.Stop()
	rested, woken := false, false
	for {
		select {
		case <-ctx.Done():
			return false
		case <-over.C:
			rested = true
		case <-tick:
			if rested {
				return true
			}
		case <-x.o.Wake:
			woken = true
		}
		if woken && rested {
			return pause(ctx, x.o.Interval/5)
		}
		if x.behindPeople(ctx) {
			return true
		}
	}
}

// behindPeople reports whether somebody has changed something that searches do not see yet.
func (x *Index) behindPeople(ctx context.Context) bool {
	if x.o.ByHand == nil {
		return false
	}
	newest, err := x.o.ByHand(ctx) // trouble with the source is told when it is followed
	return err == nil && newest > x.Applied()
}

// pause waits, and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// owedTimer says when to try again to index what could not be read: at first soon, then ever less often.
type owedTimer struct {
	at   time.Time
	wait time.Duration
}

// run tries, if it is time. try returns how many episodes there are still.
func (o *owedTimer) run(least time.Duration, try func() (int, error)) error {
	if time.Now().Before(o.at) {
		return nil
	}
	left, err := try()
	if err != nil {
		return err
	}
	o.wait = min(max(2*o.wait, least), maxOwedWait)
	if left == 0 {
		o.wait = 0
	}
	o.at = time.Now().Add(o.wait)
	return nil
}

// retryOwed tries once more to index the episodes that could not be read, and returns how many there are still.
func (x *Index) retryOwed(ctx context.Context) (left int, err error) {
	x.follow.Lock()
	defer x.follow.Unlock()
	s, release, err := x.acquire()
	if err != nil {
		return 0, err
	}
	defer release()
	owed := s.owing()
	if len(owed) == 0 {
		return 0, nil
	}
	changes := make([]models.Change, len(owed))
	for i, id := range owed {
		changes[i].EpisodeID = id
	}
	if err := s.apply(ctx, x.src, x.skip(ctx), changes...); err != nil && !s.broken.Load() {
		return 0, explainDisk(err)
	}
	return len(s.owing()), nil
}

// skip returns what to do about an episode that cannot be read.
func (x *Index) skip(ctx context.Context) func(error) {
	return func(err error) {
		x.o.Log.ErrorContext(ctx, "an episode cannot be indexed: going on with the others, and trying it again later", "error", err)
	}
}

func (x *Index) drain(ctx context.Context) error {
	for {
		more, err := x.round(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// CatchUp applies everything up to the source's last change at the time of the call, finishes an index that is being
// built, and returns. progress (nil is allowed) is told the last applied and the last sequence number. Episodes that the
// source cannot give are logged and left as they are in the index; they are tried again later.
func (x *Index) CatchUp(ctx context.Context, progress func(done, total int64)) error {
	if _, err := x.retryOwed(ctx); err != nil {
		return err
	}
	if err := x.Relearn(ctx); err != nil {
		return err
	}
	for {
		more, err := x.round(ctx)
		if err != nil {
			return err
		}
		if progress != nil {
			last, err := x.src.LastChange(ctx)
			if err != nil {
				return err
			}
			progress(min(x.building(), last), last)
		}
		if !more {
			return nil
		}
	}
}

// building returns how far the index is that is furthest behind.
func (x *Index) building() int64 {
	x.follow.Lock()
	defer x.follow.Unlock()
	if x.next != nil {
		return x.next.applied.Load()
	}
	return x.Applied()
}

// Reindex builds the index anew beside the one that serves, and swaps them. One that was being built, before a call was
// cancelled or the process died, is gone on with. An index that lacks episodes, because the source cannot give them, serves
// all the same; the error says how many.
func (x *Index) Reindex(ctx context.Context, progress func(done, total int64)) error {
	if err := x.rebuild(ctx, progress); err != nil {
		return err
	}
	s, release, err := x.acquire()
	if err != nil {
		return err
	}
	defer release()
	if n := len(s.owing()); n > 0 {
		return fmt.Errorf("the search index is built, but the catalogue cannot give %d of its episodes: earshot doctor says which and why", n)
	}
	return nil
}

func (x *Index) rebuild(ctx context.Context, progress func(done, total int64)) error {
	if err := x.begin(ctx); err != nil {
		return explainDisk(err)
	}
	return x.CatchUp(ctx, progress)
}

// begin begins to build an index beside the one that serves, unless one is being built.
func (x *Index) begin(ctx context.Context) error {
	x.follow.Lock()
	defer x.follow.Unlock()
	if x.next != nil {
		return nil
	}
	return x.buildBeside(ctx)
}

// explainDisk says that the disk is full where that is what err means.
func explainDisk(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("the disk that holds the search index is full, free some space: %w", err)
	}
	return err
}

// round does a bounded amount of following and reports whether there is more to do.
func (x *Index) round(ctx context.Context) (more bool, err error) {
	x.follow.Lock()
	defer x.follow.Unlock()
	defer func() { err = explainDisk(err) }()
	last, err := x.src.LastChange(ctx)
	if err != nil {
		return false, err
	}
	current, release, err := x.acquire()
	if err != nil {
		return false, err
	}
	defer release()
	if x.next == nil && current.broken.Load() || x.next != nil && x.next.broken.Load() {
		if err := x.buildBeside(ctx); err != nil {
			return false, err
		}
	}
	backwards := current.applied.Load() > last
	if backwards && x.next == nil || x.next != nil && x.next.applied.Load() > last {
		x.o.Log.WarnContext(ctx, "the catalogue is older than the search index (a restored backup?): rebuilding the index",
			"catalogue", last, "index", current.applied.Load())
		if err := x.buildBeside(ctx); err != nil {
			return false, err
		}
	}
	if !backwards {
		if more, err = x.advance(ctx, current, last); err != nil {
			if x.next == nil && !current.broken.Load() || ctx.Err() != nil {
				return false, err
			}
			x.o.Log.WarnContext(ctx, "the search index that is about to be replaced does not follow", "error", err)
		}
	}
	if x.next == nil {
		return more || current.broken.Load(), nil
	}
	moreNext, err := x.advance(ctx, x.next, last)
	if err != nil || moreNext {
		return moreNext, err
	}
	x.o.Log.InfoContext(ctx, "the new search index serves", "name", filepath.Base(x.next.dir))
	return more, x.swap()
}

// advance applies the next changes to a shard, and reports whether there may be more of them up to last. Where there are
// not, the shard settles.
func (x *Index) advance(ctx context.Context, s *shard, last int64) (more bool, err error) {
	if more, err = x.applyNext(ctx, s, last); more || err != nil {
		return more, err
	}
	return false, s.settle(ctx, x.o.compactLeast)
}

func (x *Index) applyNext(ctx context.Context, s *shard, last int64) (more bool, err error) {
	from := s.applied.Load()
	if from >= last {
		return false, nil
	}
	changes, err := x.src.Changes(ctx, from, changesAtOnce)
	if err != nil {
		return false, err
	}
	if err := s.apply(ctx, x.src, x.skip(ctx), changes...); err != nil {
		return false, err
	}
	if len(changes) == changesAtOnce {
		return true, nil
	}
	// Only the newest change of an episode is kept: the last numbers may belong to changes that are gone.
	if s.applied.Load() < last {
		return false, s.skipTo(last)
	}
	return false, nil
}
