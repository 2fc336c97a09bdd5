package weights

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/earshot/earshot/models"
)

// maxPulls is how many models are fetched at a time: more would only slow each other down.
const maxPulls = 3

// Puller fetches models in the background, for as long as Run does.
type Puller struct {
	store *Store
	start chan string

	mu    sync.Mutex
	pulls map[string]*pulling
}

// pulling is a model that is being fetched, or how that ended without it.
type pulling struct {
	state models.Pull
	stop  context.CancelFunc
}

// NewPuller returns a puller of models into a store.
func NewPuller(s *Store) *Puller {
	return &Puller{store: s, start: make(chan string), pulls: map[string]*pulling{}}
}

// Run fetches what is asked for until ctx ends, and returns when nothing is being fetched any more.
func (p *Puller) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case name := <-p.start:
			wg.Go(func() { p.pull(ctx, name) })
		}
	}
}

// Pull begins to fetch a model, if it is not being fetched already. A name that is none is [models.ErrInvalid], one too many at a time
// is [models.ErrConflict].
func (p *Puller) Pull(ctx context.Context, name string) error {
	if _, err := p.store.lookup(name); err != nil {
		return err
	}
	if err := p.reserve(name); err != nil {
		return err
	}
	select {
	case p.start <- name:
		return nil
	case <-ctx.Done(): // Run has not begun, or is over
		p.Stop(name)
		return ctx.Err()
	}
}

// reserve notes that a model is being fetched.
func (p *Puller) reserve(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was := p.pulls[name]; was != nil && was.state.Running {
		return models.Explain(models.ErrConflict, "%s is being fetched already", name)
	}
	running := 0
	for _, other := range p.pulls {
		if other.state.Running {
			running++
		}
	}
	if running >= maxPulls {
		return models.Explain(models.ErrConflict, "%d models are being fetched already: wait for one of them, or stop it", running)
	}
	p.pulls[name] = &pulling{state: models.Pull{Name: name, Running: true, Stage: "waiting"}}
	return nil
}

// pull fetches one model to its end.
func (p *Puller) pull(ctx context.Context, name string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	mine := p.pulls[name]
	if mine == nil { // it was stopped before it began
		p.mu.Unlock()
		return
	}
	mine.stop = cancel
	p.mu.Unlock()
	_, err := p.store.Pull(ctx, name, func(now Progress) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if now.Note != "" {
			mine.state.Note = now.Note
			return
		}
		mine.state.Stage, mine.state.Done, mine.state.Total = string(now.Stage), now.Done, now.Total
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pulls[name] != mine {
		return // it was stopped
	}
	if err == nil || ctx.Err() != nil {
		delete(p.pulls, name)
		return
	}
	mine.state.Running, mine.state.Problem = false, sentence(err)
}

// sentence is an error without the word for its kind.
func sentence(err error) string {
	for _, kind := range []error{models.ErrInvalid, models.ErrNotFound, models.ErrUnusable} {
		if errors.Is(err, kind) {
			return strings.TrimPrefix(err.Error(), kind.Error()+": ")
		}
	}
	return err.Error()
}

// Stop ends fetching a model, or forgets why it could not be fetched. What has arrived stays for the next time.
func (p *Puller) Stop(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was := p.pulls[name]; was != nil && was.stop != nil {
		was.stop()
	}
	delete(p.pulls, name)
}

// Pulls says how far each model has come that is being fetched, and why others could not be, by name.
func (p *Puller) Pulls() []models.Pull {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]models.Pull, 0, len(p.pulls))
	for _, name := range slices.Sorted(maps.Keys(p.pulls)) {
		out = append(out, p.pulls[name].state)
	}
	return out
}
