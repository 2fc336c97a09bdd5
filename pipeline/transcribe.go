package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	"github.com/earshot/earshot/pipeline/vocabulary"
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
	f, err := p.o.Media.Open(ctx, episode.Media.Key)
	if err != nil {
		return fmt.Errorf("opening the audio of %q: %w", episode.Title, err)
	}
	defer f.Close()
	if job.Task == models.TaskTranslate {
		return p.decode(ctx, lease, episode, f, job, report)
	}
	if job.Language == "" { // else the owner wants this one
		if done, err := p.useOthers(ctx, lease, episode, f); err != nil || done {
			return err
		}
	}
	if err := p.decode(ctx, lease, episode, f, job, report); err != nil {
		return err
	}
	return p.fitToOwn(ctx, lease, episode)
}

// decode makes a transcript, or finishes one.
func (p *Pipeline) decode(ctx context.Context, lease models.Lease, episode models.Episode, f *os.File, job models.TranscribeJob, report func(done, total int64)) error {
	task := job.Task
	req, model, err := p.ask(ctx, episode, job)
	if err != nil {
		return err
	}
	t, err := p.o.Catalogue.StartTranscript(ctx, lease, models.Transcript{
		EpisodeID: episode.ID, Source: models.TranscriptWhisper, Task: task, Model: model, Language: req.Language, Prompt: req.Prompt,
	})
	if err != nil {
		return fmt.Errorf("transcribing %q: %w", episode.Title, err)
	}
	if t.Complete {
		return nil // by an attempt that was killed before it could say so
	}
	req.SkipMS = t.CursorMS
	if t.CursorMS > 0 {
		req.MainLanguage = t.Language
	}
	report(t.CursorMS, episode.Media.DurationMS)
	p.o.Logger.DebugContext(ctx, "decoding", "episode_id", episode.ID, "job_id", lease.JobID, "attempt", lease.Attempt, "from_ms", t.CursorMS)
	store := func(ctx context.Context, part models.TranscriptPart) error {
		err := p.o.Catalogue.AppendSegments(ctx, lease, part)
		if err == nil {
			p.o.Logger.DebugContext(ctx, "stored", "episode_id", episode.ID, "job_id", lease.JobID, "attempt", lease.Attempt, "to_ms", part.CursorMS)
		}
		return err
	}
	keep := keeper{
		transcript: t.ID, report: t.Report, begunMS: t.CursorMS, storedMS: t.CursorMS, started: time.Now(),
		store: func(part models.TranscriptPart) error { return store(ctx, part) },
	}
	done, err := Decode(ctx, p.o.Probe.For(called(episode)), p.o.Transcriber, f, req, keep.add,
		func(atMS int64) { report(max(atMS, t.CursorMS), episode.Media.DurationMS) })
	// What is decoded is stored even when the rest failed or was cancelled: the next attempt goes on from there.
	keep.store = func(part models.TranscriptPart) error { return store(context.WithoutCancel(ctx), part) }
	if err := errors.Join(settingsError(err), keep.flush()); err != nil {
		return fmt.Errorf("transcribing %q: %w", episode.Title, err)
	}
	t.DurationMS, t.Warning = done.DurationMS, done.Warning
	t.Report = t.Report.Add(done.Report)
	if err := p.o.Catalogue.FinishTranscript(ctx, lease, t); err != nil {
		return fmt.Errorf("finishing the transcript of %q: %w", episode.Title, err)
	}
	p.o.Logger.InfoContext(ctx, "transcribed", "episode_id", episode.ID, "job_id", lease.JobID, "task", task, "language", done.Language, "duration_ms", done.DurationMS,
		"speech_ms", done.SpeechMS, "doubtful", len(t.Report.Doubtful), "chunks", t.Report.Chunks, "speed", done.Report.Speed())
	return nil
}

// ask returns what is asked of the decoder for an episode, and the name of the model: what the job says counts before the show's
// settings, these before the archive's.
func (p *Pipeline) ask(ctx context.Context, episode models.Episode, job models.TranscribeJob) (req whisper.Request, model string, err error) {
	show, err := p.o.Catalogue.Show(ctx, episode.ShowID)
	if err != nil {
		return req, "", fmt.Errorf("reading the show of %q: %w", episode.Title, err)
	}
	way := p.o.Way
	if show.Settings.Model != "" {
		if way, err = p.o.WayWith(ctx, show.Settings.Model); err != nil {
			return req, "", fmt.Errorf("transcribing %q with the model that its show asks for: %w", episode.Title, settingsError(err))
		}
	}
	if req, err = Request(p.o.Weights, way.Model); err != nil {
		return req, "", settingsError(err)
	}
	req.Task, req.Decoders, req.Threads = job.Task, way.Decoders, way.Threads
	req.Language = cmp.Or(job.Language, show.Settings.Language, p.o.Language)
	lexicon, err := vocabulary.ReadLexicon(req.Model)
	if err != nil { // the decoder will say what is wrong with the model
		p.o.Logger.WarnContext(ctx, "common words are taken for names", "error", err)
	}
	about := vocabulary.About{Show: show, Episode: episode, Words: p.o.Vocabulary, Hints: p.o.Hints}
	if p.o.Known != nil {
		if about.Known, err = p.o.Known(ctx, show.ID); err != nil {
			return req, "", fmt.Errorf("reading the names to expect in %q: %w", episode.Title, err)
		}
	}
	req.Prompt = vocabulary.Prompt(lexicon, about)
	return req, way.Model, nil
}

// settingsError takes the word "invalid" from an error about the settings: they say nothing about the episode, whose job
// must be tried again when they are mended.
func settingsError(err error) error {
	if errors.Is(err, models.ErrInvalid) {
		return errors.New(err.Error())
	}
	return err
}

// keeper gathers windows to larger commits.
type keeper struct {
	store      func(models.TranscriptPart) error
	transcript int64
	report     models.Report // on what earlier attempts stored
	begunMS    int64         // where this attempt goes on
	started    time.Time

	segments []models.Segment
	language string
	tally    models.Report // of this attempt's windows
	cursorMS int64
	storedMS int64
}

func (k *keeper) add(w whisper.Window) error {
	k.segments = append(k.segments, w.Segments...)
	k.language, k.cursorMS = w.MainLanguage, w.CursorMS
	w.Tally(&k.tally)
	if time.Duration(k.cursorMS-k.storedMS)*time.Millisecond < commitEvery {
		return nil
	}
	return k.flush()
}

func (k *keeper) flush() error {
	if k.cursorMS <= k.storedMS {
		return nil
	}
	part := models.TranscriptPart{TranscriptID: k.transcript, Language: k.language, Segments: k.segments, CursorMS: k.cursorMS}
	k.tally.TookMS, k.tally.DecodedMS = time.Since(k.started).Milliseconds(), k.cursorMS-k.begunMS
	part.Report = k.report.Add(k.tally)
	k.segments, k.storedMS = nil, k.cursorMS // also when it fails: what cannot be stored is not tried twice
	if err := k.store(part); err != nil {
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
	return whisper.Request{Model: path, VAD: vad, Language: models.LanguageAuto}, nil
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
	speakers, mix, err := listen(ctx, tool, f)
	if err != nil {
		return Decoded{}, err
	}
	var stream *audio.Stream // the last one, whose warning counts: a decoder that died is given the recording again
	open := func(ctx context.Context) (pcm whisper.PCM, err error) {
		if stream, err = tool.DecodeMix(ctx, f, 0, mix); err != nil {
			return nil, err
		}
		return stream, nil
	}
	words := 0
	result, err := t.Transcribe(ctx, req, open, func(w whisper.Window) error {
		for _, s := range w.Segments {
			words += len(s.Words)
		}
		w.Segments = label(w.Segments, speakers)
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
