package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/earshot/earshot/models"
)

// internalDetail is all that a client learns of an internal error.
const internalDetail = "something went wrong inside the server; its log says what"

// busyPatience is for how long those are sent away for whom there is no room.
const busyPatience = 5 * time.Second

// problem is the one place where errors become answers. Errors that are for the client keep their message; all others are
// logged, and the client learns only that there was one.
func (s *server) problem(ctx context.Context, operation string, err error) error {
	var ready huma.StatusError
	var withHeaders huma.HeadersError
	switch {
	case errors.As(err, &withHeaders):
		return err
	case errors.As(err, &ready):
		return ready
	case errors.Is(err, models.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return huma.Error404NotFound("there is no such thing here, or no longer")
	case errors.Is(err, models.ErrInvalid):
		return huma.Error422UnprocessableEntity(models.Explanation(err))
	case errors.Is(err, models.ErrConflict), errors.Is(err, models.ErrUnusable):
		return huma.Error409Conflict(models.Explanation(err))
	case errors.Is(err, models.ErrBusy):
		return later(huma.Error503ServiceUnavailable(models.Explanation(err)), busyPatience)
	case ctx.Err() != nil: // the client is gone, or waited as long as it may
		return huma.Error503ServiceUnavailable("the request was given up")
	}
	s.Logger.ErrorContext(ctx, "request failed", slog.String("operation", operation), slog.Any("error", err))
	return huma.Error500InternalServerError(internalDetail)
}

// writeProblem answers with a problem where huma does not.
func writeProblem(w http.ResponseWriter, status int, detail string) {
	body, err := json.Marshal(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
	if err != nil {
		http.Error(w, detail, status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that is gone needs no answer
}

// recoverPanic turns a panic of an operation into an internal error. A failed write to a client that left is none: huma
// panics with it.
func recoverPanic(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && (errors.Is(err, http.ErrAbortHandler) || c.Request.Context().Err() != nil) {
				c.Abort()
				return
			}
			log.ErrorContext(c.Request.Context(), "request panicked", slog.String("path", c.Request.URL.Path), slog.Any("panic", p))
			if !c.Writer.Written() {
				writeProblem(c.Writer, http.StatusInternalServerError, internalDetail)
			}
			c.Abort()
		}()
		c.Next()
	}
}
