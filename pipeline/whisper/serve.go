//go:build !stub

package whisper

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/earshot/earshot/models"
)

const mostDecoders = 64

// badRequestError marks a request that cannot work however often it is tried.
type badRequestError struct{ error }

// chunkError says which chunk could not be decoded.
type chunkError struct {
	error

	chunk work
}

func (e chunkError) Unwrap() error { return e.error }

// Serve is the child's side: it reads orders and their samples from in, one recording after the other, writes events to
// out, and returns when in ends or a recording fails. An error was told to the parent already when it returns one. The model
// and the decoders of the first order are kept for all.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	events := &eventWriter{w: bufio.NewWriterSize(out, 1<<16)}
	frames := newFrameReader(in)
	var e *engine
	defer func() {
		if e != nil {
			e.close()
		}
	}()
	for {
		o, err := frames.order()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && e == nil {
			e, err = loadEngine(o.Request)
		}
		if err == nil {
			err = e.serve(ctx, o, frames, events)
		}
		if err != nil {
			_ = events.send(event{Failed: failureOf(err)}) // the parent may be gone
			return err
		}
	}
}

func failureOf(err error) *failure {
	f := &failure{Reason: err.Error()}
	var (
		bad   badRequestError
		chunk chunkError
	)
	f.Invalid = errors.As(err, &bad)
	if errors.As(err, &chunk) {
		f.Chunk = &chunk.chunk
	}
	return f
}

// eventWriter writes events from several goroutines, each with one call of Write.
type eventWriter struct {
	mu sync.Mutex
	w  *bufio.Writer
}

func (e *eventWriter) send(ev event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	b, err := json.Marshal(ev)
	if err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	if _, err := e.w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	return e.w.Flush()
}

// engine is a loaded model with its decoders.
type engine struct {
	path     string
	model    *model
	decoders []*decoder
	facts    models.Report
}

func loadEngine(req Request) (*engine, error) {
	h, err := readHeader(req.Model)
	if err != nil {
		return nil, badRequestError{err}
	}
	m, err := loadModel(req.Model)
	if err != nil {
		return nil, err
	}
	e := &engine{path: req.Model, model: m}
	for range min(req.decoders(), mostDecoders) {
		d, err := m.newDecoder()
		if err != nil {
			if len(e.decoders) > 0 {
				break // go on with those that fit
			}
			e.close()
			return nil, err
		}
		e.decoders = append(e.decoders, d)
	}
	e.facts = facts(h, len(e.decoders), req.threads())
	return e, nil
}

func (e *engine) close() {
	for _, d := range e.decoders {
		d.close()
	}
	e.model.close()
}

// renew gives a decoder a new state: sampling leaves a random number generator behind that would make the next chunk's
// result depend on this one (src/whisper.cpp, whisper_decoder.rng, which is seeded with the state).
func (e *engine) renew(decoder int) error {
	e.decoders[decoder].close() // first: there may be no memory for one more
	d, err := e.model.newDecoder()
	e.decoders[decoder] = d
	return err
}

func (e *engine) serve(ctx context.Context, o order, in *frameReader, events *eventWriter) error {
	if o.Model != e.path {
		return fmt.Errorf("this decoder has loaded %s and cannot change to %s", e.path, o.Model)
	}
	s, err := newSession(e, o, events)
	if err != nil {
		return err
	}
	defer s.close()
	if err := events.send(event{Ready: &e.facts}); err != nil {
		return err
	}
	return s.run(ctx, in)
}
