//go:build !stub

package whisper

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

const (
	vadBatch      = 32 * vadFrame   // samples given to the VAD at a time, about a second
	progressEvery = 30 * SampleRate // samples of silence between two progress events
	mostDecoders  = 64
)

// badRequestError marks a request that cannot work however often it is tried.
type badRequestError struct{ error }

// Serve is the child's side: it reads one request and its samples from in, writes events to out, and returns after "done".
// An error was told to the parent already when it returns one.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	w := &eventWriter{w: bufio.NewWriterSize(out, 1<<16)}
	err := serve(ctx, newFrameReader(in), w)
	if err != nil {
		var bad badRequestError
		_ = w.send(event{Failed: &failure{Reason: err.Error(), Invalid: errors.As(err, &bad)}}) // the parent may be gone
	}
	return err
}

// eventWriter writes events from several goroutines.
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

// session is one recording on its way through the child.
type session struct {
	req      Request
	model    *model
	decoders []*decoder
	events   *eventWriter

	languageSet chan struct{} // closed when language and attempts are known
	language    string
	attempts    [][]attempt // one set for each decoder: the parameters hold a context size that changes
	result      Result
}

// task is a chunk on its way through a decoder; done is closed when the rest is set.
type task struct {
	chunk    chunk
	progress int64 // instead of a chunk: everything before this sample is silent
	done     chan struct{}
	window   Window
}

func serve(ctx context.Context, in *frameReader, events *eventWriter) error {
	req, err := in.request()
	if err != nil {
		return err
	}
	s, err := newSession(req, events)
	if err != nil {
		return err
	}
	defer s.close()
	if req.SkipMS > 0 {
		if err := events.send(event{Progress: &progress{AtMS: req.SkipMS}}); err != nil {
			return err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	work := make(chan *task)
	// Two tasks a decoder: enough that none waits for the reader, few enough that memory stays small.
	ordered := make(chan *task, 2*len(s.decoders))
	g.Go(func() error { defer close(work); defer close(ordered); return s.read(ctx, in, work, ordered) })
	for i := range s.decoders {
		g.Go(func() error { return s.work(ctx, i, work) })
	}
	g.Go(func() error { return s.emit(ctx, ordered) })
	if err := g.Wait(); err != nil {
		return err
	}
	s.result.Language = s.language
	return events.send(event{Done: &s.result})
}

func newSession(req Request, events *eventWriter) (*session, error) {
	if req.MainLanguage != "" {
		req.Language = req.MainLanguage
	}
	if req.Decoders <= 0 {
		req.Decoders = runtime.NumCPU()
	}
	req.Prompt = lastWords(req.Prompt)
	m, err := loadModel(req.Model)
	if err != nil {
		return nil, err
	}
	s := &session{req: req, model: m, events: events, languageSet: make(chan struct{})}
	for range min(req.Decoders, mostDecoders) {
		d, err := m.newDecoder()
		if err != nil {
			if len(s.decoders) > 0 {
				break // go on with those that fit
			}
			s.close()
			return nil, err
		}
		s.decoders = append(s.decoders, d)
	}
	switch {
	case !m.multilingual():
		if req.Language != "auto" && req.Language != "en" {
			s.close()
			return nil, badRequestError{fmt.Errorf("this model knows English only, not %q: choose one without \".en\" in its name", req.Language)}
		}
		err = s.setLanguage("en")
	case req.Language != "auto":
		err = s.setLanguage(req.Language)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// lastWords cuts a prompt to what a decoder can use at most: it keeps the last 223 tokens, and takes time that grows with
// the square of the length to find them.
func lastWords(prompt string) string {
	const most = 223 * 6 // characters; a token has fewer than four in most languages
	r := []rune(prompt)
	if len(r) <= most {
		return prompt
	}
	rest := string(r[len(r)-most:])
	if _, after, ok := strings.Cut(rest, " "); ok {
		return after
	}
	return rest
}

func (s *session) close() {
	for _, d := range s.decoders {
		d.close()
	}
	s.model.close()
}

func (s *session) setLanguage(code string) error {
	id, ok := s.model.languageID(code)
	if !ok {
		return badRequestError{fmt.Errorf("whisper knows no language %q: use a code such as en, fr or de, or auto", code)}
	}
	for range s.decoders {
		a, err := s.model.attempts(id, s.req.Prompt)
		if err != nil {
			return err
		}
		s.attempts = append(s.attempts, a)
	}
	s.language = code
	close(s.languageSet)
	return nil
}

// read finds speech in the samples and hands out chunks, in order, to both channels.
func (s *session) read(ctx context.Context, in *frameReader, work, ordered chan<- *task) error {
	v, err := loadVAD(s.req.VAD)
	if err != nil {
		return err
	}
	defer v.close()
	var (
		c            chunker
		buf, probs   []float32
		total, quiet int64
		speech       int64
	)
	hand := func(chunks []chunk) error {
		for _, k := range chunks {
			quiet = total
			speech += k.speechSamples()
			if k.audio.end/samplesMS <= s.req.SkipMS {
				continue
			}
			if err := s.hand(ctx, k, work, ordered); err != nil {
				return err
			}
		}
		return nil
	}
	feed := func(samples []float32) error {
		if probs, err = v.probabilities(probs[:0], samples); err != nil {
			return err
		}
		total += int64(len(samples))
		if err := hand(c.add(samples, probs)); err != nil {
			return err
		}
		if len(c.spans) == 0 && !c.finder.inSpeech && total-quiet >= progressEvery {
			quiet = total
			return put(ctx, ordered, &task{progress: total})
		}
		return nil
	}
	for {
		buf, err = in.frame(buf)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		ended := err != nil
		n := 0
		for ; len(buf)-n >= vadBatch || ended && n < len(buf); n = min(n+vadBatch, len(buf)) {
			if err := feed(buf[n:min(n+vadBatch, len(buf))]); err != nil {
				return err
			}
		}
		buf = append(buf[:0], buf[n:]...)
		if ended {
			break
		}
	}
	err = hand(c.finish())
	s.result.DurationMS, s.result.SpeechMS = total/samplesMS, speech/samplesMS
	return err
}

// hand gives a chunk to the decoders and to the emitter, and detects the language before the first one.
func (s *session) hand(ctx context.Context, k chunk, work, ordered chan<- *task) error {
	select {
	case <-s.languageSet:
	default:
		// No decoder is at work yet, so that the first one is free.
		code, err := s.decoders[0].detect(k.samples)
		if err != nil {
			return err
		}
		if err := s.setLanguage(code); err != nil {
			return err
		}
	}
	t := &task{chunk: k, done: make(chan struct{})}
	if err := put(ctx, ordered, t); err != nil {
		return err
	}
	return put(ctx, work, t)
}

func put(ctx context.Context, c chan<- *task, t *task) error {
	select {
	case c <- t:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// work decodes chunks with one decoder.
func (s *session) work(ctx context.Context, decoder int, work <-chan *task) error {
	runtime.LockOSThread() // ggml keeps per-thread state
	defer runtime.UnlockOSThread()
	for t := range work {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		got, doubtful, err := s.decoders[decoder].best(t.chunk, s.attempts[decoder])
		if err != nil {
			return err
		}
		segments := segmentsAfter(segmentsFrom(got.segments, s.language, t.chunk.speech), s.req.SkipMS)
		for i := range segments {
			segments[i].Doubtful = doubtful
		}
		t.window = Window{
			Language: s.language, MainLanguage: s.language, StartMS: t.chunk.audio.start / samplesMS, CursorMS: t.chunk.audio.end / samplesMS,
			SpeechMS: t.chunk.speechSamples() / samplesMS, Attempts: 1, Segments: segments,
		}
		if doubtful {
			t.window.Attempts, t.window.Doubtful = len(s.attempts[decoder]), []string{"looks wrong"}
		}
		t.chunk.samples = nil
		close(t.done)
	}
	return nil
}

// emit sends the windows in the order of the recording.
func (s *session) emit(ctx context.Context, ordered <-chan *task) error {
	for t := range ordered {
		if t.done == nil {
			if err := s.events.send(event{Progress: &progress{AtMS: t.progress / samplesMS}}); err != nil {
				return err
			}
			continue
		}
		select {
		case <-t.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := s.events.send(event{Window: &t.window}); err != nil {
			return err
		}
	}
	return nil
}
