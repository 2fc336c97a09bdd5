package main

import (
	"context"
	"time"
)

// embargoesEvery is how often it is looked whether a passage is private no longer. Who reads or listens finds it in the moment it ends;
// the index and the exported files are told after it.
const embargoesEvery = 10 * time.Second

// endEmbargoes tells of passages whose time of being private has passed, until ctx ends.
func (a *archive) endEmbargoes(ctx context.Context) error {
	tick := time.NewTicker(embargoesEvery)
	defer tick.Stop()
	for {
		ended, err := a.EndPrivate(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil: // the next time, then
			a.c.log.WarnContext(ctx, "it cannot be looked whether something is private no longer", "error", err)
		case ended > 0:
			a.c.log.InfoContext(ctx, "passages are private no longer: their time has come", "passages", ended)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
