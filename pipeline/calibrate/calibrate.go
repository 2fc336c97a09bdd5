package calibrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/earshot/earshot/pipeline/whisper"
)

const (
	rounds     = 3                // of measuring each way that may be the fastest
	enough     = time.Second      // what a measurement should take, so that the clock of a busy machine matters little
	mostCopies = 8                // of the sample for each core
	budget     = 15 * time.Second // after which no further round begins: a first start must not wait for long
	tooLong    = 2                // times as slow as the best: stopped in the middle
	hopeless   = 1.3              // times as slow as the best: not measured again, and ways with even more threads not at all
	equal      = 1.04             // times as slow as the best: as fast as the best
)

// Decoder decodes; it is a *whisper.Transcriber.
type Decoder interface {
	Transcribe(ctx context.Context, req whisper.Request, open whisper.Source, onWindow func(whisper.Window) error, onProgress func(atMS int64)) (whisper.Result, error)
	Close()
}

// Bench is what measuring needs.
type Bench struct {
	// Sample is speech of 16 kHz, short enough for one chunk; see [Sample].
	Sample []float32
	// New starts a decoder that keeps its child, with the model in memory, until it is closed.
	New func() (Decoder, error)
	// Request returns a request that names the files of a model.
	Request func(model string) (whisper.Request, error)
	// Together says that the children of so many ways fit into memory at the same time; otherwise each model is loaded anew for
	// every measurement.
	Together bool
	// Progress is told which way is being measured; it may be nil.
	Progress func(Way)
}

// Trial is a way with what was measured.
type Trial struct {
	Way
	Speed float64 `json:"speed"` // best, in times real time of the speech, pauses not counted
	// Stopped says that it was at most so fast: it was stopped when it had taken twice the time of the best.
	Stopped bool `json:"stopped,omitempty"`
}

// race is a measurement of several ways in turns.
type race struct {
	Bench
	copies   int // of the sample
	decoders map[Way]Decoder
	best     map[Way]time.Duration
	stopped  map[Way]bool
}

// Race measures the ways and returns them with their speeds, and the one to take: the first of those that are as fast as the
// best. Ways that are much slower than others may be left out of the result.
func (b Bench) Race(ctx context.Context, ways []Way) (trials []Trial, winner Way, err error) {
	r := &race{Bench: b, decoders: map[Way]Decoder{}, best: map[Way]time.Duration{}, stopped: map[Way]bool{}}
	defer r.close()
	if len(ways) == 0 || len(b.Sample) == 0 {
		return nil, Way{}, errors.New("there is nothing to measure")
	}
	if err := r.size(ctx, ways); err != nil {
		return nil, Way{}, err
	}
	started := time.Now()
	for round := range rounds {
		if round > 0 && time.Since(started) > budget {
			break
		}
		for _, w := range ways {
			if r.isHopeless(w, round == 0) {
				continue
			}
			if err := r.measure(ctx, w); err != nil {
				return nil, Way{}, err
			}
		}
	}
	seconds := float64(len(b.Sample)*r.copies) / whisper.SampleRate
	for _, w := range ways {
		if took, ok := r.best[w]; ok {
			trials = append(trials, Trial{Way: w, Speed: seconds / max(took, time.Microsecond).Seconds(), Stopped: r.stopped[w]})
		}
	}
	return trials, choose(trials), nil
}

// choose returns the first way that is as fast as the fastest.
func choose(trials []Trial) Way {
	fastest := slices.MaxFunc(trials, func(a, b Trial) int { return cmp.Compare(a.Speed, b.Speed) }).Speed
	return trials[slices.IndexFunc(trials, func(t Trial) bool { return t.Speed*equal >= fastest })].Way
}

// size finds how often the sample must be repeated: each decoder gets the same number of chunks, however they are cut, and
// the measurement takes long enough.
func (r *race) size(ctx context.Context, ways []Way) error {
	most := slices.MaxFunc(ways, func(a, b Way) int { return a.Decoders - b.Decoders }).Decoders
	r.copies = most
	if err := r.warm(ctx, ways[0]); err != nil {
		return err
	}
	took, chunks, err := r.run(ctx, ways[0])
	if err != nil {
		return err
	}
	if chunks == 0 {
		return errors.New("no speech was found in the sample: the voice activity detector may be damaged (earshot models verify)")
	}
	if chunks < most {
		r.copies = (most*most + chunks - 1) / chunks
	}
	if took < enough {
		r.copies *= min(int(enough/max(took, time.Millisecond))+1, mostCopies)
	}
	if r.copies == most {
		r.best[ways[0]] = took
	}
	return nil
}

// isHopeless says that measuring a way, in the first round or a later one, is a waste of time.
func (r *race) isHopeless(w Way, first bool) bool {
	fastest := r.fastest()
	if !first {
		return float64(r.best[w]) > hopeless*float64(fastest)
	}
	for other, took := range r.best {
		if other.Model == w.Model && w.Threads > other.Threads && other.Threads > 1 && float64(took) > hopeless*float64(fastest) {
			return true
		}
	}
	return false
}

func (r *race) fastest() time.Duration {
	var fastest time.Duration
	for _, took := range r.best {
		if fastest == 0 || took < fastest {
			fastest = took
		}
	}
	return fastest
}

// measure runs a way once; not to its end when it cannot win any more.
func (r *race) measure(ctx context.Context, w Way) error {
	fastest := r.fastest()
	if err := r.warm(ctx, w); err != nil {
		return err
	}
	limited, stop := ctx, context.CancelFunc(func() {})
	if fastest > 0 && r.best[w] == 0 {
		limited, stop = context.WithTimeout(ctx, tooLong*fastest)
	}
	defer stop()
	took, _, err := r.run(limited, w)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		took, err, r.stopped[w] = tooLong*fastest, nil, true
	}
	if before, ok := r.best[w]; err == nil && (!ok || took < before) {
		r.best[w] = took
	}
	return err
}

// warm has the model loaded before the clock starts.
func (r *race) warm(ctx context.Context, w Way) error {
	if r.Progress != nil {
		r.Progress(w)
	}
	if _, ok := r.decoders[w]; ok {
		return nil
	}
	d, err := r.New()
	if err != nil {
		return err
	}
	r.decoders[w] = d
	_, err = r.decode(ctx, d, w, r.Sample[:min(len(r.Sample), 2*whisper.SampleRate)], 1)
	return err
}

// run decodes the copies once and returns the time and the number of chunks.
func (r *race) run(ctx context.Context, w Way) (time.Duration, int, error) {
	d := r.decoders[w]
	started := time.Now()
	result, err := r.decode(ctx, d, w, r.Sample, r.copies)
	took := time.Since(started)
	if !r.Together {
		d.Close()
		delete(r.decoders, w)
	}
	return took, result.Report.Chunks, err
}

func (r *race) decode(ctx context.Context, d Decoder, w Way, samples []float32, times int) (whisper.Result, error) {
	req, err := r.Request(w.Model)
	if err != nil {
		return whisper.Result{}, err
	}
	req.Language, req.Decoders, req.Threads = "en", w.Decoders, w.Threads
	open := func(context.Context) (whisper.PCM, error) { return &loop{samples: samples, times: times}, nil }
	result, err := d.Transcribe(ctx, req, open, func(whisper.Window) error { return nil }, nil)
	if err != nil {
		return result, fmt.Errorf("measuring %s with %d × %d threads: %w", w.Model, w.Decoders, w.Threads, err)
	}
	return result, nil
}

func (r *race) close() {
	for _, d := range r.decoders {
		d.Close()
	}
}
