package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// queueList is the name of the queue in cursors.
const queueList = "queue"

// queuePlace is a place in the queue, as cursors have it.
type queuePlace struct {
	Priority int   `json:"p"`
	At       int64 `json:"at"` // microseconds since 1970
	JobID    int64 `json:"id"`
}

func (p queuePlace) valid() bool {
	const end = 253_402_300_800_000_000 // the year 10000
	return p.Priority >= 0 && p.Priority < 100 && p.At > -end && p.At < end && p.JobID > 0
}

// WaitingJobs is a part of what waits.
type WaitingJobs struct {
	Jobs []WaitingJob `json:"jobs" doc:"In the order in which they are taken; those that are to be tried again stand at the end"`
	Next string       `json:"next,omitempty" doc:"Cursor of the page that follows; absent from the last one"`
}

// WaitingJob is a job that waits.
type WaitingJob struct {
	JobID     int64                 `json:"job_id"`
	Kind      string                `json:"kind" doc:"As in the status" example:"transcribe"`
	Task      models.TranscriptTask `json:"task,omitempty" doc:"translate for a translation"`
	EpisodeID models.EpisodeID      `json:"episode_id,omitempty" doc:"Absent of a look at a feed"`
	ShowID    models.ShowID         `json:"show_id,omitempty"`
	Title     string                `json:"title" doc:"Of the episode, else of the show"`
	ShowTitle string                `json:"show_title"`
	Wait      models.WaitKind       `json:"wait" enum:"turn,again,paused" doc:"For its turn, to be tried again, or because its show is paused"`
	NextAt    *time.Time            `json:"next_at,omitempty" doc:"When it is tried again"`
	Attempts  int                   `json:"attempts" doc:"So far"`
	Urgent    bool                  `json:"urgent" doc:"It was asked for before all others"`
	Reason    string                `json:"reason,omitempty" doc:"Why it is not done yet, as far as known"`
}

// Retried says how many episodes are tried again.
type Retried struct {
	Retried int `json:"retried"`
}

// Log is what happened to the work on an episode.
type Log struct {
	Events []models.Event `json:"events" doc:"The newest first, at most 100; each with its reason where there is one"`
}

// registerWaiting adds what there is to know of the queue, and what to do about all that failed.
func (s *server) registerWaiting(h huma.API) {
	list := get("list-queue", "/api/v1/queue", "What waits, in the order in which it is done")
	list.Errors = []int{http.StatusUnprocessableEntity}
	register(s, h, list, s.waiting)
	retry := change("retry-all", "/api/v1/queue/retry", "Try again all that failed, except what was cancelled")
	register(s, h, retry, func(ctx context.Context, _ *struct{}) (*struct{ Body Retried }, error) {
		hidden, err := s.everything.hidden(ctx)
		if err != nil {
			return nil, err
		}
		n, err := s.Owner.RetryAll(ctx, hidden...)
		return &struct{ Body Retried }{Retried{n}}, err
	})
	log := get("get-episode-log", "/api/v1/episodes/{id}/log", "What happened to the work on an episode, with the reasons of what failed")
	log.Errors = []int{http.StatusNotFound}
	register(s, h, log, s.log)
}

func (s *server) waiting(ctx context.Context, in *Paged) (*struct{ Body WaitingJobs }, error) {
	var p queuePlace
	if err := readCursor(queueList, in.Cursor, &p, func() bool { return p.valid() }); err != nil {
		return nil, err
	}
	hidden, err := s.everything.hidden(ctx)
	if err != nil {
		return nil, err
	}
	after := models.WaitingPlace{Priority: p.Priority, At: time.UnixMicro(p.At), JobID: p.JobID}
	jobs, err := s.Owner.Waiting(ctx, models.WaitingFilter{Hidden: hidden, After: after, Limit: in.Limit + 1}) // one more tells whether there are more
	if err != nil {
		return nil, err
	}
	jobs, next, err := cutPage(jobs, in.Limit, func(last models.WaitingJob) (string, error) {
		return cursorTo(queueList, queuePlace{last.Place.Priority, last.Place.At.UnixMicro(), last.Place.JobID})
	})
	if err != nil {
		return nil, err
	}
	out := &struct{ Body WaitingJobs }{WaitingJobs{Jobs: []WaitingJob{}, Next: next}}
	for _, j := range jobs {
		out.Body.Jobs = append(out.Body.Jobs, WaitingJob{
			JobID: j.Place.JobID, Kind: j.Kind, Task: j.Task, EpisodeID: j.EpisodeID, ShowID: j.ShowID, Title: j.Title, ShowTitle: j.ShowTitle,
			Wait: j.Wait, NextAt: known(j.Next), Attempts: j.Attempts, Urgent: j.Urgent, Reason: j.Reason,
		})
	}
	return out, nil
}

func (s *server) log(ctx context.Context, in *episodeInput) (*struct{ Body Log }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	events, err := s.Owner.Log(ctx, e.ID)
	return &struct{ Body Log }{Log{notNil(events)}}, err
}

// episodeOf returns the episode that an address names.
func (s *server) episodeOf(ctx context.Context, id string) (models.Episode, error) {
	if err := validEpisodeID(id); err != nil {
		return models.Episode{}, err
	}
	e, err := s.Catalogue.Episode(ctx, models.EpisodeID(id))
	if err != nil {
		return e, fmt.Errorf("reading episode %s: %w", id, err)
	}
	return e, nil
}
