package store

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// errSetAside: an attempt is stopped for now and goes on later; that is no failure.
var errSetAside = errors.New("set aside")

// gate stands before the queue: it lets River take no job while something holds the queue up. River's own pause knows
// neither hours nor disks, and would have to be set and lifted by somebody who may die in between.
type gate struct {
	riverdriver.Driver[*sql.Tx]

	crew *crew
}

// GetExecutor returns the executor through which River takes jobs.
func (g gate) GetExecutor() riverdriver.Executor { return gatekeeper{g.Driver.GetExecutor(), g.crew} }

type gatekeeper struct {
	riverdriver.Executor

	crew *crew
}

// JobGetAvailable takes jobs of a queue, as far as some may start now.
func (g gatekeeper) JobGetAvailable(ctx context.Context, p *riverdriver.JobGetAvailableParams) (*riverdriver.JobGetAvailableResult, error) {
	most, err := g.crew.mayStart(ctx, p.Queue)
	if err != nil || most == 0 {
		return &riverdriver.JobGetAvailableResult{}, err
	}
	some := *p
	some.MaxToLock = min(p.MaxToLock, most)
	return g.Executor.JobGetAvailable(ctx, &some)
}

// mayStart returns how many jobs of a queue may start now at most.
func (c *crew) mayStart(ctx context.Context, queue string) (int, error) {
	holds, err := c.obstacles(ctx, c.e.read)
	if err != nil {
		return 0, err
	}
	most := math.MaxInt
	for _, h := range holds {
		if h.Kind != models.HoldQuiet {
			return 0, nil
		}
		if queue == transcribeKind().name { // urgent jobs are the first that River takes
			if most, err = urgentWaiting(ctx, c.e.read); err != nil {
				return 0, err
			}
		}
	}
	return most, nil
}

// urgentWaiting is how many urgent transcriptions wait for nothing but their turn.
func urgentWaiting(ctx context.Context, db bun.IDB) (int, error) {
	n, err := db.NewSelect().Table("river_job").Where("state = ?", rivertype.JobStateAvailable).
		Where("queue = ? AND priority = ?", transcribeKind().name, urgent).Count(ctx)
	return int(n), err
}

// obstacles returns what holds the queue up here and now.
func (c *crew) obstacles(ctx context.Context, db bun.IDB) ([]models.Hold, error) {
	var out []models.Hold
	at, err := pausedAt(ctx, db)
	if err != nil {
		return nil, err
	}
	if at > 0 {
		out = append(out, paused())
	}
	if end, quiet := c.o.Quiet.Until(c.now()); quiet {
		out = append(out, models.Hold{
			Kind: models.HoldQuiet, Until: end.UTC(), Reason: "these are the quiet hours (" + c.o.Quiet.String() + "): transcription goes on after them",
		})
	}
	if h, full := c.room.noRoom(ctx); full {
		out = append(out, h)
	}
	return out, nil
}

func paused() models.Hold {
	return models.Hold{Kind: models.HoldPaused, Reason: "the queue is paused: resume it to go on"}
}
