//go:build !stub

package whisper

import (
	"context"
	"runtime"
	"slices"

	"github.com/earshot/earshot/models"
)

// decodeAll decodes chunks with one decoder.
func (s *session) decodeAll(ctx context.Context, decoder int) error {
	runtime.LockOSThread() // ggml keeps per-thread state
	defer runtime.UnlockOSThread()
	for t := range s.work {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w := t.work()
		if err := s.events.send(event{Began: &w}); err != nil {
			return err
		}
		if err := s.decode(decoder, t); err != nil {
			return chunkError{err, w}
		}
		if err := s.events.send(event{Ended: &w}); err != nil {
			return err
		}
		t.chunk.samples = nil
		close(t.done)
	}
	return nil
}

func (s *session) decode(decoder int, t *task) error {
	if s.tongues.mixed {
		probs, err := s.engine.decoders[decoder].languageProbabilities(t.chunk.samples, s.order.threads())
		if err != nil {
			return err
		}
		t.language = s.tongues.of(probs, languageCode)
	}
	ways, err := s.waysFor(decoder, t.language)
	if err != nil {
		return err
	}
	got, err := s.engine.decoders[decoder].best(t.chunk, ways)
	if err != nil {
		return err
	}
	written := t.language
	if s.order.Task == models.TaskTranslate {
		written = "en"
	}
	t.window.Language, t.window.Attempts, t.window.Doubtful = t.language, got.attempts, got.faults
	sound := loudnessOf(t.chunk.samples, t.chunk.audio.start)
	t.window.Segments = segmentsAfter(segmentsFrom(got.tokens, written, t.chunk.speech, sound), s.order.SkipMS)
	for i := range t.window.Segments {
		t.window.Segments[i].Doubtful = len(got.faults) > 0
	}
	if slices.ContainsFunc(ways[:t.window.Attempts], func(a attempt) bool { return a.bestOf > 1 }) {
		return s.engine.renew(decoder)
	}
	return nil
}

// detect hears which languages a chunk may be in, before it is decoded.
func (s *session) detect(decoder int, t *task) ([]float32, error) {
	w := t.work()
	w.Detecting = true
	if err := s.events.send(event{Began: &w}); err != nil {
		return nil, err
	}
	probs, err := s.engine.decoders[decoder].languageProbabilities(t.chunk.samples, s.order.threads())
	if err != nil {
		return nil, chunkError{err, w}
	}
	return probs, s.events.send(event{Ended: &w})
}

// waysFor are the decoder's ways of decoding a language.
func (s *session) waysFor(decoder int, language string) ([]attempt, error) {
	if ways, ok := s.ways[decoder][language]; ok {
		return ways, nil
	}
	id, ok := s.engine.model.languageID(language)
	if !ok {
		return nil, unknownLanguage(language)
	}
	ways, err := s.engine.model.attempts(id, s.prompt)
	if err != nil {
		return nil, err
	}
	for i := range ways {
		ways[i].low.SetThreads(s.order.threads())
		ways[i].low.SetTranslate(s.order.Task == models.TaskTranslate)
	}
	s.ways[decoder][language] = ways
	return ways, nil
}

// emit sends the windows in the order of the recording.
func (s *session) emit(ctx context.Context) error {
	for t := range s.ordered {
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
