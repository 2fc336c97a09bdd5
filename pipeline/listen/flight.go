package listen

import (
	"context"
	"sync"
)

// flights makes things once for all who ask at the same time.
type flights struct {
	mu  sync.Mutex
	all map[string]*flight
}

type flight struct {
	done    chan struct{} // closed at the end
	err     error         // valid then
	waiting int
	cancel  context.CancelFunc
}

// do waits until f has made what is called name, which it does once at a time. The context of f ends when nobody waits.
func (s *flights) do(ctx context.Context, name string, f func(ctx context.Context) error) error {
	s.mu.Lock()
	x := s.all[name]
	if x == nil {
		x = &flight{done: make(chan struct{})}
		if s.all == nil {
			s.all = map[string]*flight{}
		}
		s.all[name] = x
		var work context.Context
		work, x.cancel = context.WithCancel(context.WithoutCancel(ctx))
		go func() {
			x.err = f(work)
			x.cancel()
			s.leave(name, x)
			close(x.done)
		}()
	}
	x.waiting++
	s.mu.Unlock()
	select {
	case <-x.done:
		return x.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	x.waiting--
	last := x.waiting == 0
	s.mu.Unlock()
	if last {
		s.leave(name, x) // whoever comes now begins anew
		x.cancel()
	}
	return ctx.Err()
}

// leave takes a flight off the list, if it is still there.
func (s *flights) leave(name string, x *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[name] == x {
		delete(s.all, name)
	}
}
