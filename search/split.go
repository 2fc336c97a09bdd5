package search

import (
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// How one search uses several cores. Where fewer searches run than there are cores, the parts of a search that do not depend
// on each other run at the same time, each in a fork of the evaluation. Where more run, each keeps to one core: that is less
// work in all, and none takes from the others.

// maxForks bounds how many cores one search takes: forks have a price, and parts are few.
const maxForks = 8

// split calls f for every i in [0, n), in any order and at the same time where cores are idle. What f does must not depend
// on other parts, and it must use the evaluation that it is given.
func (e *evaluation) split(n int, f func(e *evaluation, i int) error) error {
	ways := e.ways(n)
	if ways <= 1 {
		for i := range n {
			if err := e.ctx.Err(); err != nil {
				return err
			}
			if err := f(e, i); err != nil {
				return err
			}
		}
		return nil
	}
	forks, errs, faults := make([]*evaluation, ways), make([]error, ways), make([]any, ways)
	var next atomic.Int64
	var all sync.WaitGroup
	for w := range ways {
		forks[w] = e.fork()
		all.Go(func() {
			defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
			defer func() { faults[w] = recover() }()
			for i := int(next.Add(1)) - 1; i < n && errs[w] == nil; i = int(next.Add(1)) - 1 {
				if errs[w] = e.ctx.Err(); errs[w] == nil {
					errs[w] = f(forks[w], i)
				}
			}
		})
	}
	all.Wait()
	for w, other := range forks {
		e.join(other)
		if faults[w] != nil {
			panic(faults[w]) // as where nothing is split: see askOnce
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// ways returns on how many cores n parts may run.
func (e *evaluation) ways(n int) int {
	if e.running == nil {
		return 1
	}
	idle := runtime.GOMAXPROCS(0) - int(e.running.Load())
	return min(n, maxForks, 1+idle)
}

// fork returns an evaluation of the same query that can be used at the same time as others. It is not split again.
func (e *evaluation) fork() *evaluation {
	other := *e
	other.running = nil
	other.finders = slices.Clip(e.finders)
	other.byName, other.spots = maps.Clone(e.byName), maps.Clone(e.spots)
	other.alikes, other.speaker = maps.Clone(e.alikes), maps.Clone(e.speaker)
	other.dicts = map[string][]segment.TermDictionary{} // they are not safe for concurrent use
	other.taken, other.last = nil, nil
	return &other
}

// join takes over what a fork has found out.
func (e *evaluation) join(other *evaluation) {
	maps.Copy(e.byName, other.byName)
	maps.Copy(e.spots, other.spots)
	maps.Copy(e.alikes, other.alikes)
	maps.Copy(e.speaker, other.speaker)
	e.taken = append(e.taken, other.taken...)
}
