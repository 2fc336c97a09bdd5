package search

import (
	"context"
	"errors"

	"github.com/earshot/earshot/models"
)

// prepared is the newest state of an episode, ready to be put into the index, or why it is not.
type prepared struct {
	change models.Change // Deleted also where the source does not have the episode
	there  stored        // what it takes the place of
	built  built
	err    error
}

// lookStored finds what the index has of an episode.
type lookStored func(context.Context, models.EpisodeID) (stored, error)

// preparation makes episodes ready for the index, in groups, each step one ahead of the next: while Bleve writes a group and waits for the
// disk, the next one is analysed, and while an episode is analysed, the one after it is read. No two of them are the same episode, so that
// it does not matter to one whether those before it are written yet.
type preparation struct {
	b          *builder
	src        Source
	stored     lookStored
	generation uint64 // last one given
	groups     chan []prepared
	gone       chan struct{} // closed when nobody wants any more of them
}

// prepare begins to prepare the episodes of changes, which get the generations after the one given. The groups come in the
// order of the changes, and are not all of them where ctx ends. stop must be called; it waits until nothing goes on, and the builder
// may be used again.
func (b *builder) prepare(ctx context.Context, src Source, there lookStored, generation uint64, changes []models.Change) (groups <-chan []prepared, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	p := &preparation{b: b, src: src, stored: there, generation: generation, groups: make(chan []prepared), gone: make(chan struct{})}
	reads := make(chan read)
	go p.read(ctx, changes, reads)
	go p.run(ctx, reads)
	return p.groups, func() {
		cancel()
		close(p.gone)
		for range p.groups { // until it is closed
		}
	}
}

// read is an episode as the source has it.
type read struct {
	prepared

	doc models.Document
}

// read reads the episodes of changes, until ctx ends.
func (p *preparation) read(ctx context.Context, changes []models.Change, reads chan<- read) {
	defer close(reads)
	for _, c := range changes {
		one := p.readOne(ctx, c)
		select {
		case reads <- one:
		case <-p.gone:
			return
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func (p *preparation) readOne(ctx context.Context, c models.Change) (out read) {
	out.change = c
	if out.err = ctx.Err(); out.err != nil {
		return out
	}
	if out.there, out.err = p.stored(ctx, c.EpisodeID); out.err != nil || c.Deleted {
		return out
	}
	var err error
	out.doc, err = p.src.Document(ctx, c.EpisodeID)
	out.doc.Episode.ID = c.EpisodeID
	switch {
	case errors.Is(err, models.ErrNotFound):
		out.change.Deleted = true
	case ctx.Err() != nil:
		out.err = ctx.Err()
	case err != nil:
		out.err = &unreadError{c.EpisodeID, err}
	}
	return out
}

// run analyses what is read, and puts it into groups.
func (p *preparation) run(ctx context.Context, reads <-chan read) {
	defer close(p.groups)
	defer func() {
		for range reads { // until it is closed
		}
	}()
	var group []prepared
	words := 0
	give := func() bool {
		if len(group) == 0 {
			return true
		}
		select {
		case p.groups <- group:
		case <-p.gone:
			return false
		}
		group, words = nil, 0
		return true
	}
	for r := range reads {
		one := p.build(r)
		group = append(group, one)
		words += one.built.words
		if over := one.err != nil && ctx.Err() != nil; words >= groupWords || over {
			if !give() || over {
				return
			}
		}
	}
	give()
}

func (p *preparation) build(r read) prepared {
	out := r.prepared
	if out.err != nil || out.change.Deleted {
		return out
	}
	var err error
	if out.built, err = p.b.build(r.doc, p.generation+1, out.there.sums); err != nil {
		out.err = &unreadError{out.change.EpisodeID, err}
		return out
	}
	p.generation++
	return out
}
