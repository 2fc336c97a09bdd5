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

// preparation makes episodes ready for the index, in groups, one ahead of whoever writes them: while Bleve writes a group and
// waits for the disk, the next one is read and analysed. No two of them are about the same episode, so that it does not matter to one
// whether those before it are written yet.
type preparation struct {
	b          *builder
	src        Source
	stored     lookStored
	generation uint64 // last one given
	groups     chan []prepared
	gone       chan struct{} // closed when nobody wants any more of them
}

// prepare begins to prepare the episodes of changes, which get the generations after the one given. The groups come in the
// order of the changes, and are not all of them where ctx ends. stop must be called; it waits until nothing goes on.
func (a *analyzer) prepare(ctx context.Context, src Source, there lookStored, generation uint64, changes []models.Change) (groups <-chan []prepared, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	p := &preparation{b: newBuilder(a), src: src, stored: there, generation: generation, groups: make(chan []prepared), gone: make(chan struct{})}
	go p.run(ctx, changes)
	return p.groups, func() {
		cancel()
		close(p.gone)
		for range p.groups { // until it is closed
		}
	}
}

func (p *preparation) run(ctx context.Context, changes []models.Change) {
	defer close(p.groups)
	var group []prepared
	words := 0
	for i, c := range changes {
		one := p.one(ctx, c)
		group = append(group, one)
		words += one.built.words
		over := one.err != nil && ctx.Err() != nil
		if words < groupWords && i+1 < len(changes) && !over {
			continue
		}
		select {
		case p.groups <- group:
		case <-p.gone:
			return
		}
		if over {
			return
		}
		group, words = nil, 0
	}
}

// one prepares an episode.
func (p *preparation) one(ctx context.Context, c models.Change) prepared {
	out := prepared{change: c}
	if out.err = ctx.Err(); out.err != nil {
		return out
	}
	if out.there, out.err = p.stored(ctx, c.EpisodeID); out.err != nil || c.Deleted {
		return out
	}
	doc, err := p.src.Document(ctx, c.EpisodeID)
	switch {
	case errors.Is(err, models.ErrNotFound):
		out.change.Deleted = true
		return out
	case ctx.Err() != nil:
		out.err = ctx.Err()
		return out
	case err != nil:
		out.err = &unreadError{c.EpisodeID, err}
		return out
	}
	doc.Episode.ID = c.EpisodeID
	if out.built, err = p.b.build(doc, p.generation+1, out.there.sums); err != nil {
		out.err = &unreadError{c.EpisodeID, err}
		return out
	}
	p.generation++
	return out
}
