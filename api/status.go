package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/earshot/earshot/models"
)

// healthTime is how long catalogue and index may take to answer a health check.
const healthTime = 5 * time.Second

// Health says that catalogue and index answer.
type Health struct {
	Status  string `json:"status" enum:"ok"`
	Version string `json:"version"`
}

func (s *server) registerStatus(h huma.API) {
	status := get("get-status", "/api/v1/status", "The archive at a glance")
	status.Errors = []int{http.StatusInternalServerError}
	register(s, h, status, s.status)

	health := get("get-health", "/healthz", "Whether catalogue and index answer")
	health.Errors = []int{http.StatusServiceUnavailable}
	register(s, h, health, s.health)
}

func (s *server) status(ctx context.Context, _ *struct{}) (*struct{ Body Status }, error) {
	st, err := s.Catalogue.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the status: %w", err)
	}
	return &struct{ Body Status }{s.newStatus(st)}, nil
}

func (s *server) health(ctx context.Context, _ *struct{}) (*struct{ Body Health }, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	if _, err := s.everything.all.Status(ctx); err != nil {
		return nil, s.ailing(ctx, "the catalogue does not answer", err)
	}
	if _, err := s.index.Search(ctx, models.Query{Text: "earshot", Limit: 1, Moments: 1}); err != nil {
		return nil, s.ailing(ctx, "the search index does not answer", err)
	}
	return &struct{ Body Health }{Health{Status: "ok", Version: s.Version}}, nil
}

// ailing logs why a part does not answer and tells the client which.
func (s *server) ailing(ctx context.Context, what string, err error) error {
	s.Logger.ErrorContext(ctx, what, slog.Any("error", err))
	return huma.Error503ServiceUnavailable(what)
}
