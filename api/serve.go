package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The times that a client may take.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = time.Minute // media and events renew theirs while the client reads
	idleTimeout       = 2 * time.Minute
	maxHeader         = 32 << 10 // bytes
)

// ServeOptions says how [Serve] runs.
type ServeOptions struct {
	Logger *slog.Logger // required
	// Grace is how long running requests may take after the stop; 0 means 10 seconds.
	Grace time.Duration
}

// stopKey is the context key of a channel that is closed when the server begins to stop.
type stopKey struct{}

// stopping returns a channel that is closed when the server begins to stop; requests without an end of their own (events)
// end then. It is nil, and never ready, outside [Serve].
func stopping(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(stopKey{}).(<-chan struct{})
	return c
}

// Serve answers requests on ln until ctx ends; then it accepts no more, lets running requests finish within the grace time,
// cuts off
// the others, and returns nil. It closes ln. An error means that the server could not go on.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, o ServeOptions) error {
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	base := context.WithValue(context.WithoutCancel(ctx), stopKey{}, ctx.Done())
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return base },
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.Grace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		// Somebody listening to an episode keeps a request open for as long as it plays.
		o.Logger.WarnContext(ctx, "requests still ran at the stop and were cut off", slog.Duration("grace", o.Grace), slog.Any("error", err))
		if err := srv.Close(); err != nil {
			return fmt.Errorf("closing %s: %w", ln.Addr(), err)
		}
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s: %w", ln.Addr(), err)
	}
	return nil
}

// renewDeadlines gives a request without an end in sight another d to make progress in writing, and no limit in reading:
// the reading deadline of the server would otherwise end it.
func renewDeadlines(w http.ResponseWriter, d time.Duration) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Time{}) // recorders in tests have no deadlines
	_ = c.SetWriteDeadline(time.Now().Add(d))
}
