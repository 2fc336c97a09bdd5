package api

import (
	"hash/maphash"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"
)

// How often things may be done. Nobody who uses the archive notices: guessing passwords, and asking as fast as a machine can,
// are what becomes slow.
const (
	loginsPerSecond, loginsAtOnce = 1.0 / 10, 20 // attempts from one address, right or wrong
	namesPerSecond, namesAtOnce   = 1.0 / 5, 20  // attempts at one name, from anywhere
	callsPerSecond, callsAtOnce   = 100, 1000    // requests of one user, or of one address without one
)

// limiterSlots is how many are told apart: more would only make those rarer who share a slot.
const limiterSlots = 1 << 14

// limiter bounds how often something is done by each of many. They share a fixed number of slots by a secret hash, so that it
// never grows and nobody can have somebody else's, or their own, forgotten.
type limiter struct {
	every rate.Limit
	burst int
	seed  maphash.Seed

	mu    sync.Mutex
	slots []*rate.Limiter
}

func newLimiter(perSecond float64, burst int) *limiter {
	return &limiter{every: rate.Limit(perSecond), burst: burst, seed: maphash.MakeSeed(), slots: make([]*rate.Limiter, limiterSlots)}
}

// wait counts one more for a key and returns 0, or returns for how long there may be none.
func (l *limiter) wait(key string, now time.Time) time.Duration {
	slot := &l.slots[maphash.String(l.seed, key)%limiterSlots]
	l.mu.Lock()
	if *slot == nil {
		*slot = rate.NewLimiter(l.every, l.burst)
	}
	l.mu.Unlock()
	r := (*slot).ReserveN(now, 1)
	d := r.DelayFrom(now)
	if d > 0 {
		r.CancelAt(now)
	}
	return d
}

// later adds to an error when to come back.
func later(err error, wait time.Duration) error {
	header := http.Header{}
	tooMany(header, wait)
	return huma.ErrorWithHeaders(err, header)
}

// tooMany says when to come back.
func tooMany(h http.Header, wait time.Duration) {
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}

// networkOf is what of an address stands for one place: all of an IPv4 address, the part of an IPv6 address that is given out as
// one.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
