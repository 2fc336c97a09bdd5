package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/earshot/earshot/search"
)

// growEvery is how often an episode that is being transcribed gets ten more segments. Real ones take longer.
const growEvery = 200 * time.Millisecond

// load searches from so many clients for so many seconds, while a new episode grows and the index follows it as it does in
// the program.
func load(ctx context.Context, x *search.Index, src *source, o order) (loadAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(o.Seconds*float64(time.Second)))
	defer cancel()
	began, before := time.Now(), src.grownRead()
	var out loadAnswer
	times := make([][]float64, o.Clients)
	var g errgroup.Group
	for c := range o.Clients {
		g.Go(func() error {
			for i := c; ctx.Err() == nil; i += 1 + c {
				a, err := ask(ctx, x, o.Texts[i%len(o.Texts)])
				if err != nil {
					return unlessOver(ctx, err)
				}
				times[c] = append(times[c], a.MS)
			}
			return nil
		})
	}
	g.Go(func() error {
		if err := x.Follow(ctx); err != nil {
			return fmt.Errorf("indexing beside searches: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		whole := src.a.document(src.a.episodes)
		tick := time.NewTicker(growEvery)
		defer tick.Stop()
		for n := 10; ctx.Err() == nil; n = n%len(whole.Transcript.Segments) + 10 {
			d := whole
			d.Transcript.Segments = d.Transcript.Segments[:min(n, len(d.Transcript.Segments))]
			src.grow(d)
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return loadAnswer{}, err
	}
	out.MS, out.Seconds, out.Indexed = slices.Concat(times...), time.Since(began).Seconds(), src.grownRead()-before
	return out, nil
}

// unlessOver is the error, unless it only says that the time is over.
func unlessOver(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}
