package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// Weights keeps the models of this machine.
type Weights interface {
	// List names the models that there are and those that can be had.
	List(ctx context.Context) ([]models.Weights, error)
	// Pull begins to fetch a model, and goes on after ctx has ended. A name that is none is [models.ErrInvalid], more at a
	// time than are taken are [models.ErrConflict].
	Pull(ctx context.Context, name string) error
	// Stop ends fetching a model, and forgets how it failed. What has arrived of it stays.
	Stop(name string)
	// Pulls says how far what is being fetched has come, and what failed, by name.
	Pulls() []models.Pull
	// Remove deletes a model.
	Remove(ctx context.Context, name string) error
}

type modelInput struct {
	Name string `path:"name" maxLength:"64" pattern:"^[a-z0-9][a-z0-9._-]*$" doc:"Name of a model" example:"base-q8_0"`
}

// Models are those that there are, and those that can be had.
type Models struct {
	Models []Model       `json:"models" doc:"Small ones first"`
	Pulls  []models.Pull `json:"pulls" doc:"What is being fetched, and what failed"`
}

// Model is what speech is transcribed with, or what finds speech.
type Model struct {
	Name        string `json:"name" example:"base-q8_0"`
	Kind        string `json:"kind" enum:"speech,vad" doc:"Transcribes speech, or finds where somebody speaks"`
	Languages   string `json:"languages" enum:"multilingual,english,any," doc:"Empty when unknown"`
	Bytes       int64  `json:"bytes" doc:"Of its file, about where it is not installed"`
	MemoryBytes int64  `json:"memory_bytes" doc:"What working with it takes at least; 0 when unknown"`
	Installed   bool   `json:"installed"`
	Source      string `json:"source,omitempty" doc:"Of one that is installed: where its file is from"`
	MadeFrom    string `json:"made_from,omitempty" doc:"The model that it was made from, by quantising it here"`
	Mirrored    bool   `json:"mirrored" doc:"The mirror has it, too"`
	Used        bool   `json:"used" doc:"The archive's settings name it, or work cannot go on without it"`
	Problem     string `json:"problem,omitempty" doc:"Why its file cannot be used, and what to do"`
}

func (s *server) registerWeights(h huma.API) {
	list := get("list-models", "/api/v1/models", "The models of this machine, and those that can be had")
	register(s, h, list, s.models)
	errors := []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	on := func(id, method, path, summary string) huma.Operation {
		return asking(needAdmin, huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: http.StatusAccepted, Errors: errors})
	}
	register(s, h, on("pull-model", http.MethodPost, "/api/v1/models/{name}/pull", "Fetch a model; it goes on by itself, and the status says how far it is"),
		s.onModel(s.Weights.Pull))
	register(s, h, on("stop-pull", http.MethodPost, "/api/v1/models/{name}/stop", "Stop fetching a model; what has arrived stays for the next time"),
		s.onModel(func(_ context.Context, name string) error { s.Weights.Stop(name); return nil }))
	register(s, h, on("remove-model", http.MethodDelete, "/api/v1/models/{name}", "Remove a model from this machine"), s.onModel(s.Weights.Remove))
}

// onModel answers with all models after a change of one.
func (s *server) onModel(do func(context.Context, string) error) func(context.Context, *modelInput) (*struct{ Body Models }, error) {
	return func(ctx context.Context, in *modelInput) (*struct{ Body Models }, error) {
		if err := do(ctx, in.Name); err != nil {
			return nil, err
		}
		return s.models(ctx, nil)
	}
}

func (s *server) models(ctx context.Context, _ *struct{}) (*struct{ Body Models }, error) {
	all, err := s.Weights.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body Models }{Models{Models: make([]Model, len(all)), Pulls: notNil(s.Weights.Pulls())}}
	for i, m := range all {
		out.Body.Models[i] = Model(m)
	}
	return out, nil
}

// registerStorage adds what the archive takes.
func (s *server) registerStorage(h huma.API) {
	register(s, h, get("get-storage", "/api/v1/storage", "How much the archive takes on this machine, and how much is left"),
		func(ctx context.Context, _ *struct{}) (*struct{ Body models.Storage }, error) {
			used, err := s.Storage(ctx)
			return &struct{ Body models.Storage }{used}, err
		})
}
