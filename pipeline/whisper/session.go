//go:build !stub

package whisper

import (
	"context"
	"errors"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"
)

const (
	vadBatch      = 32 * vadFrame   // samples given to the VAD at a time, about a second
	progressEvery = 30 * SampleRate // samples of silence between two progress events
)

// session is one recording on its way through the child: read finds its chunks, decodeAll decodes them, emit sends the
// windows in order (workers.go).
type session struct {
	engine  *engine
	order   order
	prompt  string
	events  *eventWriter
	tongues tongues
	ways    []map[string][]attempt // by decoder and language: whisper's parameters hold a context size that changes

	work, ordered chan *task
	waiting       []*task // until the main language is known
	inFlight      []*task // given to the decoders, perhaps done
	result        Result
}

// task is a chunk on its way through a decoder; done is closed when the window is set.
type task struct {
	chunk    chunk
	progress int64 // instead of a chunk: everything before this sample is silent
	skipped  bool  // stored by an earlier attempt: it only has a voice in the choice of the language
	language string
	done     chan struct{}
	window   Window
}

func (t *task) work() work {
	return work{StartMS: t.chunk.audio.start / samplesMS, LengthMS: t.chunk.audio.len() / samplesMS}
}

func newSession(e *engine, o order, events *eventWriter) (*session, error) {
	tongues, err := newTongues(o.Request, e.model.multilingual(), e.model.translates())
	if err != nil {
		return nil, badRequestError{err}
	}
	s := &session{
		engine: e, order: o, events: events, tongues: tongues,
		prompt: fitPrompt(o.Prompt, e.model.promptBudget(), e.model.tokens),
		ways:   make([]map[string][]attempt, len(e.decoders)),
		work:   make(chan *task),
		// Two tasks a decoder: enough that none waits for the reader, few enough that memory stays small.
		ordered: make(chan *task, 2*len(e.decoders)),
	}
	for i := range s.ways {
		s.ways[i] = map[string][]attempt{}
	}
	return s, nil
}

// close frees what the parameters hold.
func (s *session) close() {
	for _, byLanguage := range s.ways {
		for _, ways := range byLanguage {
			for i := range ways {
				freePrompt(&ways[i].low)
			}
		}
	}
}

func (s *session) run(ctx context.Context, in *frameReader) error {
	if s.order.SkipMS > 0 {
		if err := s.events.send(event{Progress: &progress{AtMS: s.order.SkipMS}}); err != nil {
			return err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { defer close(s.work); defer close(s.ordered); return s.read(ctx, in) })
	for i := range s.engine.decoders {
		g.Go(func() error { return s.decodeAll(ctx, i) })
	}
	g.Go(func() error { return s.emit(ctx) })
	if err := g.Wait(); err != nil {
		return err
	}
	s.result.Language = s.tongues.main
	return s.events.send(event{Done: &s.result})
}

// read finds speech in the samples and hands out chunks, in order.
func (s *session) read(ctx context.Context, in *frameReader) error {
	v, err := loadVAD(s.order.VAD)
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
			if err := s.hand(ctx, k); err != nil {
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
		if len(s.waiting) > 0 && total-s.waiting[0].chunk.audio.start > longestVote {
			if err := s.release(ctx); err != nil {
				return err
			}
		}
		if len(s.waiting) == 0 && len(c.spans) == 0 && !c.finder.inSpeech && total-quiet >= progressEvery {
			quiet = total
			return put(ctx, s.ordered, &task{progress: total})
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
	if err := hand(c.finish()); err != nil {
		return err
	}
	s.result.DurationMS, s.result.SpeechMS = total/samplesMS, speech/samplesMS
	return s.release(ctx)
}

// hand passes a chunk on, or keeps it until the main language is known.
func (s *session) hand(ctx context.Context, k chunk) error {
	t := &task{chunk: k, done: make(chan struct{}), skipped: k.audio.end/samplesMS <= s.order.SkipMS}
	if s.tongues.known() {
		return s.pass(ctx, t)
	}
	if s.lost(t) == nil {
		// No decoder is at work yet, so that the first one is free.
		probs, err := s.detect(0, t)
		if err != nil {
			return err
		}
		s.tongues.vote(probs)
	}
	s.waiting = append(s.waiting, t)
	if s.tongues.votes < mostVotes {
		return nil
	}
	return s.release(ctx)
}

// release ends the vote and passes on the chunks that waited for it.
func (s *session) release(ctx context.Context) error {
	if s.tongues.known() || len(s.waiting) == 0 {
		return nil
	}
	if s.tongues.votes == 0 {
		return s.passAll(ctx) // lost chunks only: they need no language, and later ones can still vote
	}
	s.tongues.choose(languageCode)
	if err := s.events.send(event{Main: &mainLanguage{s.tongues.main}}); err != nil {
		return err
	}
	return s.passAll(ctx)
}

func (s *session) passAll(ctx context.Context) error {
	for _, t := range s.waiting {
		if err := s.pass(ctx, t); err != nil {
			return err
		}
	}
	s.waiting = nil
	return nil
}

// pass gives a chunk to the decoders and to the emitter.
func (s *session) pass(ctx context.Context, t *task) error {
	if t.skipped {
		return nil
	}
	t.language = s.tongues.main
	t.window = Window{
		MainLanguage: s.tongues.main, StartMS: t.chunk.audio.start / samplesMS, CursorMS: t.chunk.audio.end / samplesMS,
		SpeechMS: t.chunk.speechSamples() / samplesMS,
	}
	if lost := s.lost(t); lost != nil {
		t.window.Lost, t.window.Doubtful = true, []string{lost.Reason}
		close(t.done)
		return put(ctx, s.ordered, t)
	}
	alone := slices.Contains(s.order.Alone, t.work().StartMS)
	if alone {
		if err := s.settle(ctx); err != nil {
			return err
		}
	}
	if err := put(ctx, s.ordered, t); err != nil {
		return err
	}
	if err := put(ctx, s.work, t); err != nil {
		return err
	}
	s.inFlight = append(slices.DeleteFunc(s.inFlight, (*task).isDone), t)
	if alone {
		return s.settle(ctx)
	}
	return nil
}

func (t *task) isDone() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// settle waits until no decoder is at work.
func (s *session) settle(ctx context.Context) error {
	for _, t := range s.inFlight {
		select {
		case <-t.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.inFlight = s.inFlight[:0]
	return nil
}

func (s *session) lost(t *task) *lostChunk {
	i := slices.IndexFunc(s.order.Lost, func(l lostChunk) bool { return l.StartMS == t.work().StartMS })
	if i < 0 {
		return nil
	}
	return &s.order.Lost[i]
}

func put(ctx context.Context, c chan<- *task, t *task) error {
	select {
	case c <- t:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
