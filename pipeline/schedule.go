package pipeline

import (
	"math/rand/v2"
	"slices"
	"time"
)

// How often feeds are looked at.
const (
	// minInterval and maxInterval bound the time between two polls of a feed.
	minInterval = 15 * time.Minute
	maxInterval = 24 * time.Hour
	// unknownInterval is for feeds whose episodes have no dates.
	unknownInterval = time.Hour
	// share is how many polls there are between two episodes: of a weekly show, a new one is found 3½ hours after it came on average.
	share = 24
	// rhythmOf is of how many episodes, the newest ones, the rhythm is taken.
	rhythmOf = 10
	// maxOutage bounds the wait after the network, or a server that does not answer at all, failed: when it is back, so are we.
	maxOutage = time.Hour
)

// interval is how long to wait until a feed whose episodes were published at some times, in any order, is looked at again: a
// share of the usual time between episodes, or of the time since the last one where that is longer already.
func interval(now time.Time, published []time.Time) time.Duration {
	dates := slices.DeleteFunc(slices.Clone(published), func(t time.Time) bool { return t.IsZero() || t.After(now) })
	if len(dates) == 0 {
		return unknownInterval
	}
	slices.SortFunc(dates, func(a, b time.Time) int { return b.Compare(a) })
	dates = dates[:min(len(dates), rhythmOf+1)]
	rhythm := now.Sub(dates[0])
	var gaps []time.Duration
	for i := range dates[1:] {
		if gap := dates[i].Sub(dates[i+1]); gap > 0 { // several published at once are one
			gaps = append(gaps, gap)
		}
	}
	if len(gaps) > 0 {
		slices.Sort(gaps)
		rhythm = max(rhythm, gaps[len(gaps)/2])
	}
	return min(max(rhythm/share, minInterval), maxInterval)
}

// patience is how long to wait after the failures-th poll in a row that failed (1 is the first, after which the wait is that).
// answered: the server, or what it sent, is the trouble, and may be for long.
func patience(first time.Duration, failures int, answered bool) time.Duration {
	most := max(first, maxInterval)
	if !answered {
		most = max(first, maxOutage)
	}
	wait := first
	for range failures - 1 {
		if wait *= 2; wait >= most {
			return most
		}
	}
	return wait
}

// spread changes a wait by up to a tenth, so that feeds that were added together are not looked at together for ever.
func spread(wait time.Duration) time.Duration {
	return wait + time.Duration((rand.Float64()-0.5)*0.2*float64(wait)) //nolint:gosec // nothing is kept secret by it
}
