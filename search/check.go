package search

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/earshot/earshot/models"
)

// Finding is something that is wrong with the index.
type Finding struct {
	EpisodeID models.EpisodeID // "": the index as a whole
	Problem   string           // what is wrong, as a clause: "its side table is missing"
	OfSource  bool             // the source is at fault: to repair the index is of no use
}

// CheckOptions say what [Index.Check] does.
type CheckOptions struct {
	// Repair sets right what is found: first episode by episode, and where that is not enough, by building the index anew.
	Repair bool
	// Found, which may be nil, is called with everything that is found wrong, as soon as it is found.
	Found func(Finding)
	// Progress, which may be nil, is told how many of the source's changes have been compared, of how many.
	Progress func(done, total int64)
}

// Checked is what [Index.Check] saw.
type Checked struct {
	Episodes int       // compared
	Words    int64     // compared
	Waiting  int64     // changes of the source that the index has not applied yet; they are no fault
	Problems int       // found, those included that were set right when the index was opened
	Left     []Finding // what is still wrong: everything that was found, or with Repair what could not be repaired
}

// Check compares the index with the source: every episode that the source has, and no other, is in the index once, with
// every word of its transcript, title and notes in Bleve's documents and in a side table that is byte for byte what it
// should be; and Bleve's files have the checksums that they were written with. Searches and following go on meanwhile; an
// episode that changes while Check runs is written anew by that, and not compared.
//
// The error says why Check could not come to an end; an index that is wrong is no error.
func (x *Index) Check(ctx context.Context, o CheckOptions) (Checked, error) {
	c := &check{x: x, o: o}
	if err := c.run(ctx); err != nil {
		return c.Checked, fmt.Errorf("checking the search index: %w", err)
	}
	return c.Checked, nil
}

type check struct {
	Checked

	x *Index
	o CheckOptions
}

func (c *check) run(ctx context.Context) error {
	for _, f := range c.x.mended {
		c.found(f)
	}
	if c.o.Repair {
		if err := c.x.CatchUp(ctx, nil); err != nil {
			return err
		}
	}
	if err := c.look(ctx, true); err != nil {
		return err
	}
	if !c.o.Repair || !c.mendable() {
		return nil
	}
	rebuilt, err := c.mend(ctx)
	if err != nil {
		return err
	}
	if err := c.look(ctx, false); err != nil || rebuilt || !c.mendable() {
		return err
	}
	if err := c.rebuild(ctx); err != nil {
		return err
	}
	return c.look(ctx, false)
}

// whole reports whether a finding is about the index as a whole.
func whole(f Finding) bool { return f.EpisodeID == "" }

// mendable reports whether anything is left that repairing the index can help.
func (c *check) mendable() bool {
	return slices.ContainsFunc(c.Left, func(f Finding) bool { return !f.OfSource })
}

// rebuild builds the index anew. One that cannot be built is not left behind to be gone on with.
func (c *check) rebuild(ctx context.Context) error {
	err := c.x.rebuild(ctx, c.o.Progress)
	if err == nil || ctx.Err() != nil {
		return err
	}
	c.x.follow.Lock()
	defer c.x.follow.Unlock()
	return errors.Join(err, c.x.giveUp())
}

func (c *check) found(f Finding) {
	c.Problems++
	if c.o.Found != nil {
		c.o.Found(f)
	}
}

// look fills Left with what is wrong now; tell says whether it is news.
func (c *check) look(ctx context.Context, tell bool) error {
	c.Left = nil
	report := func(f Finding) {
		c.Left = append(c.Left, f)
		if tell {
			c.found(f)
		}
	}
	last, err := c.x.src.LastChange(ctx)
	if err != nil {
		return err
	}
	applied := c.x.Applied()
	c.Waiting = max(0, last-applied)
	if c.Waiting > 0 && !c.o.Repair && slices.ContainsFunc(c.x.mended, whole) {
		c.Left = append(c.Left, Finding{Problem: "it did not open, was moved aside, and is being built anew"}) // it is no news
	}
	switch {
	case !c.x.comparable():
		report(Finding{Problem: "it was made by another version of Earshot, or is damaged, and is being built anew"})
		return nil
	case applied > last:
		report(Finding{Problem: fmt.Sprintf("it has seen change %d, and the catalogue has only %d: it belongs to another catalogue, or to a newer state of this one", applied, last)})
		return nil
	}
	c.Episodes, c.Words, err = c.x.inspect(ctx, report, c.o.Progress)
	return err
}

// comparable reports whether the index that serves is of the kind that this program makes, and not known to be damaged.
func (x *Index) comparable() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.current == nil || !x.current.broken.Load() && isBase(filepath.Base(x.current.dir), x.baseName())
}

// mend sets right what is left, episode by episode, or by following from zero where the index as a whole is wrong.
func (c *check) mend(ctx context.Context) (rebuilt bool, err error) {
	if slices.ContainsFunc(c.Left, whole) {
		return true, c.rebuild(ctx)
	}
	for _, f := range c.Left {
		if f.OfSource {
			continue
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := c.x.renew(ctx, f.EpisodeID); err != nil {
			// What cannot be repaired is found again, and says so better than this would.
			c.x.o.Log.WarnContext(ctx, "an episode cannot be indexed", "episode", f.EpisodeID, "error", err)
		}
	}
	return false, nil
}
