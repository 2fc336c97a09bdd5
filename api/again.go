package api

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

type transcribeInput struct {
	ID   string           `path:"id" doc:"Identifier of an episode" example:"0123456789abcdef"`
	Body *TranscribeOrder `required:"false"`
}

// TranscribeOrder says how an episode is to be transcribed again.
type TranscribeOrder struct {
	Task     string `json:"task,omitempty" enum:"transcribe,translate" default:"transcribe" doc:"What was said as it was said, or in English"`
	Language string `json:"language,omitempty" maxLength:"8" doc:"What is spoken, as in a show's settings, for this time; absent: as the settings say" example:"fr"`
}

// KeptTranscripts are the transcripts of an episode.
type KeptTranscripts struct {
	Transcripts []KeptTranscript `json:"transcripts" doc:"The newest first"`
}

// KeptTranscript is one of the transcripts of an episode, without its words.
type KeptTranscript struct {
	ID         int64                   `json:"id"`
	Source     models.TranscriptSource `json:"source" enum:"whisper,publisher,import"`
	Task       models.TranscriptTask   `json:"task" enum:"transcribe,translate"`
	Model      string                  `json:"model,omitempty"`
	Language   string                  `json:"language,omitempty"`
	Current    bool                    `json:"current" doc:"It is read and searched"`
	Complete   bool                    `json:"complete"`
	CursorMS   int64                   `json:"cursor_ms" doc:"Everything said before it is in it"`
	CreatedAt  *time.Time              `json:"created_at,omitempty"`
	Doubtful   int                     `json:"doubtful" doc:"Stretches whose text looks bad"`
	Speed      float64                 `json:"speed" doc:"Times real time; 0 when unknown"`
	Warning    string                  `json:"warning,omitempty"`
	OriginFrom string                  `json:"origin_from,omitempty" doc:"Server or file that it comes from; absent for one that was made here"`
}

// EpisodeRef names an episode.
type EpisodeRef struct {
	ID        models.EpisodeID `json:"id"`
	Title     string           `json:"title"`
	ShowTitle string           `json:"show_title"`
}

// registerAgain adds what can be asked for of an episode that was done before.
func (s *server) registerAgain(h huma.API) {
	list := get("list-transcripts", "/api/v1/episodes/{id}/transcripts", "All transcripts of an episode, without their words")
	list.Errors = []int{http.StatusNotFound}
	register(s, h, list, s.transcripts)
	fetch := change("fetch-episode", "/api/v1/episodes/{id}/fetch", "Fetch the audio of an episode anew and transcribe it, because the publisher replaced it; what is here stays in use until then")
	fetch.Errors = append(fetch.Errors, http.StatusUnprocessableEntity)
	register(s, h, fetch, s.onEpisode("fetching", s.fetchAgain))
	again := change("retranscribe-episode", "/api/v1/episodes/{id}/retranscribe", "Transcribe an episode again, with the settings of now; the transcript that is here stays in use until then")
	again.Errors = append(again.Errors, http.StatusUnprocessableEntity)
	register(s, h, again, s.retranscribe)
	s.registerEdits(h)
	s.registerCompare(h)
	s.registerReview(h)
}

func (s *server) transcripts(ctx context.Context, in *episodeInput) (*struct{ Body KeptTranscripts }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	kept, err := s.Owner.Transcripts(ctx, e.ID)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body KeptTranscripts }{KeptTranscripts{make([]KeptTranscript, len(kept))}}
	for i, t := range kept {
		k := KeptTranscript{
			ID: t.ID, Source: t.Source, Task: cmp.Or(t.Task, models.TaskTranscribe), Model: t.Model, Language: t.Language, Current: t.Current,
			Complete: t.Complete, CursorMS: t.CursorMS, CreatedAt: known(t.CreatedAt), Doubtful: len(t.Report.Doubtful),
			Speed: math.Round(t.Report.Speed()*100) / 100, Warning: t.Warning,
		}
		if o := newOrigin(t.Transcript); o != nil {
			k.OriginFrom = o.From
		}
		out.Body.Transcripts[i] = k
	}
	return out, nil
}

func (s *server) fetchAgain(ctx context.Context, id models.EpisodeID) error {
	if err := s.everything.episode(ctx, id); err != nil {
		return err
	}
	return s.Owner.FetchAgain(ctx, id)
}

func (s *server) retranscribe(ctx context.Context, in *transcribeInput) (*struct{ Body EpisodeDetail }, error) {
	e, err := s.episodeOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	job := models.TranscribeJob{EpisodeID: e.ID}
	if in.Body != nil {
		job.Task, job.Language = models.TranscriptTask(in.Body.Task), in.Body.Language
		if err := s.Sources.CheckSettings(models.ShowSettings{Language: job.Language}); err != nil {
			return nil, err
		}
	}
	if err := s.Owner.TranscribeAgain(ctx, job); err != nil {
		return nil, err
	}
	return s.episode(ctx, &episodeInput{ID: in.ID})
}

// twins names the episodes that have the same recording.
func (s *server) twins(ctx context.Context, e models.Episode) ([]EpisodeRef, error) {
	out := []EpisodeRef{}
	if s.Owner == nil || e.Media.SHA256 == "" {
		return out, nil
	}
	twins, err := s.Owner.Twins(ctx, e.ID)
	if err != nil || len(twins) == 0 {
		return out, err
	}
	titles, err := s.Catalogue.ShowTitles(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range twins {
		if title, ok := titles[t.ShowID]; ok { // else it may not be seen
			out = append(out, EpisodeRef{t.ID, t.Title, title})
		}
	}
	return out, nil
}
