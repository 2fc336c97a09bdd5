package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/weights"
	"github.com/earshot/earshot/pipeline/whisper"
)

const (
	// commitEvery is how much audio is stored at a time: each commit has the episode indexed anew as far as it is, and this
	// much is decoded again after a crash.
	commitEvery = 60 * time.Second
	noSpeech    = "no speech was understood in this recording"
)

// Transcribe decodes an episode's stored audio window by window. A transcript that an earlier attempt began is gone on
// with where it stopped.
func (p *Pipeline) Transcribe(ctx context.Context, lease models.Lease, job models.TranscribeJob, report func(done, total int64)) error {
	episode, err := p.o.Catalogue.Episode(ctx, job.EpisodeID)
	if err != nil {
		return fmt.Errorf("transcribing episode %s: %w", job.EpisodeID, err)
	}
	if lease.Attempt > 1 && episode.State == models.EpisodeDone {
		return nil // an attempt that was killed before it could say so has finished it
	}
	req, err := Request(p.o.Weights, p.o.Model)
	if err != nil {
		return settingsError(err)
	}
	f, err := p.o.Media.Open(episode.Media.Key)
	if err != nil {
		return fmt.Errorf("opening the audio of %q: %w", episode.Title, err)
	}
	defer f.Close()
	asked := models.Transcript{EpisodeID: episode.ID, Source: models.TranscriptWhisper, Model: p.o.Model, Prompt: req.Prompt}
	if p.o.Language != "auto" {
		asked.Language = p.o.Language
	}
	t, err := p.o.Catalogue.StartTranscript(ctx, lease, asked)
	if err != nil {
		return fmt.Errorf("transcribing %q: %w", episode.Title, err)
	}
	req.Decoders, req.SkipMS = p.o.Decoders, t.CursorMS
	req.Language = p.o.Language
	if t.CursorMS > 0 {
		req.MainLanguage = t.Language
	}
	started := time.Now()
	store := func(ctx context.Context) storeSegments {
		return func(language string, segments []models.Segment, cursorMS int64) error {
			return p.o.Catalogue.AppendSegments(ctx, lease, t.ID, language, segments, cursorMS)
		}
	}
	commit := batch{store: store(ctx), storedMS: t.CursorMS}
	done, err := Decode(ctx, p.o.Probe.For(fileName(episode.Enclosure.Location)), p.o.Transcriber, f, req, commit.add, func(atMS int64) { report(atMS, episode.Media.DurationMS) })
	// What is decoded is stored even when the rest failed or was cancelled: the next attempt goes on from there.
	commit.store = store(context.WithoutCancel(ctx))
	if err := errors.Join(settingsError(err), commit.flush()); err != nil {
		return fmt.Errorf("transcribing %q: %w", episode.Title, err)
	}
	if err := p.o.Catalogue.FinishTranscript(ctx, lease, t.ID, done.DurationMS, done.Warning); err != nil {
		return fmt.Errorf("finishing the transcript of %q: %w", episode.Title, err)
	}
	p.o.Logger.InfoContext(ctx, "transcribed", "episode", episode.ID, "language", done.Language, "duration_ms", done.DurationMS,
		"speech_ms", done.SpeechMS, "doubtful", len(done.Report.Doubtful), "chunks", done.Report.Chunks, "took", time.Since(started).Round(time.Millisecond))
	return nil
}

// settingsError takes the word "invalid" from an error about the settings: they say nothing about the episode, whose job
// must be tried again when they are mended.
func settingsError(err error) error {
	if errors.Is(err, models.ErrInvalid) {
		return errors.New(err.Error())
	}
	return err
}

type storeSegments func(language string, segments []models.Segment, cursorMS int64) error

// batch gathers windows to larger commits.
type batch struct {
	store    storeSegments
	segments []models.Segment
	language string
	cursorMS int64
	storedMS int64
}

func (b *batch) add(w whisper.Window) error {
	b.segments = append(b.segments, w.Segments...)
	b.language, b.cursorMS = w.MainLanguage, w.CursorMS
	if time.Duration(b.cursorMS-b.storedMS)*time.Millisecond < commitEvery {
		return nil
	}
	return b.flush()
}

func (b *batch) flush() error {
	if b.cursorMS <= b.storedMS {
		return nil
	}
	segments := b.segments
	b.segments, b.storedMS = nil, b.cursorMS // also when it fails: what cannot be stored is not tried twice
	if err := b.store(b.language, segments, b.cursorMS); err != nil {
		return fmt.Errorf("storing segments: %w", err)
	}
	return nil
}

// Request returns a request for decoding with an installed model.
func Request(w Weights, model string) (whisper.Request, error) {
	path, err := w.Path(model)
	if err != nil {
		return whisper.Request{}, err
	}
	vad, err := w.Path(weights.DefaultVAD)
	if err != nil {
		return whisper.Request{}, err
	}
	return whisper.Request{Model: path, VAD: vad, Language: "auto"}, nil
}

// Decoded sums up a recording.
type Decoded struct {
	whisper.Result
	Warning string // what the reader of the transcript should know; "" when all is well
}

// Decode turns the audio of an opened file into windows. See [whisper.Transcriber.Transcribe] for the callbacks.
func Decode(ctx context.Context, tool *audio.Tool, t *whisper.Transcriber, f *os.File, req whisper.Request,
	onWindow func(whisper.Window) error, onProgress func(atMS int64),
) (Decoded, error) {
	var stream *audio.Stream // the last one, whose warning counts: a decoder that died is given the recording again
	open := func(ctx context.Context) (pcm whisper.PCM, err error) {
		if stream, err = tool.Decode(ctx, f, 0); err != nil {
			return nil, err
		}
		return stream, nil
	}
	words := 0
	result, err := t.Transcribe(ctx, req, open, func(w whisper.Window) error {
		for _, s := range w.Segments {
			words += len(s.Words)
		}
		return onWindow(w)
	}, onProgress)
	if err != nil {
		return Decoded{}, err
	}
	d := Decoded{Result: result, Warning: stream.Warning()}
	if words == 0 && req.SkipMS == 0 && d.Warning == "" {
		d.Warning = noSpeech
	}
	return d, nil
}
