package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/captions"
	"github.com/earshot/earshot/pipeline/whisper"
)

// The times of a transcript by others are checked by listening to passages of the audio: what is heard there is looked for in the
// transcript, which says where that text is and by how much it is off. Speech and silence alone would tell little: subtitles
// follow each other without pauses, and people who talk all sound alike. In ms.
const (
	passageMS  = 14_000  // length of a passage: some 35 words
	everyMS    = 240_000 // from one passage to the next
	fewest     = 4       // passages of a recording that has room for them
	most       = 60
	closerMS   = 40_000 // from one passage to the next where a cut is looked for
	mostCloser = 30
)

// useOthers makes do with the transcript by others where the show asks for that and its times fit the audio. done says that
// nothing is left to be transcribed.
func (p *Pipeline) useOthers(ctx context.Context, lease models.Lease, e models.Episode, f *os.File) (done bool, err error) {
	show, err := p.o.Catalogue.Show(ctx, e.ShowID)
	if err != nil {
		return false, fmt.Errorf("reading the show of %q: %w", e.Title, err)
	}
	if show.Settings.Transcripts != models.TranscriptsPublisher {
		return false, nil
	}
	// Its job may not have come to its turn yet. Where it fails, that job says why, and we transcribe.
	if err := p.take(ctx, lease, show, e); errors.Is(err, models.ErrLeaseLost) || ctx.Err() != nil {
		return false, err
	}
	t, err := p.o.Catalogue.Imported(ctx, e.ID)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading the transcript of %q: %w", e.Title, err)
	case t.Origin.Audio == e.Media.SHA256:
	case t.Origin.Timing == models.TimingNone:
		return false, nil // what is transcribed here will tell the times
	default:
		if err := p.o.Catalogue.SetState(ctx, lease, e.ID, models.EpisodeTranscribing); err != nil {
			return false, err
		}
		fitted, err := p.fit(ctx, e, f, t)
		if errors.Is(err, models.ErrUnusable) {
			return false, p.reject(ctx, lease, e, err)
		}
		if err != nil {
			return false, fmt.Errorf("checking the transcript of %q: %w", e.Title, err)
		}
		t = fittedTo(e, t, fitted)
	}
	if err := p.o.Catalogue.SaveImport(ctx, lease, t, true); err != nil {
		return false, fmt.Errorf("finishing the transcript of %q: %w", e.Title, err)
	}
	p.o.Logger.InfoContext(ctx, "the transcript by others is used", "episode_id", e.ID, "heard", t.Origin.Heard, "shifts", len(t.Origin.Shifts))
	return true, nil
}

// fitToOwn gives the transcript by others the times of our own, where both are there.
func (p *Pipeline) fitToOwn(ctx context.Context, lease models.Lease, e models.Episode) error {
	t, err := p.o.Catalogue.Imported(ctx, e.ID)
	if errors.Is(err, models.ErrNotFound) || err == nil && t.Origin.Audio != "" && t.Origin.Audio == e.Media.SHA256 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the transcript of %q: %w", e.Title, err)
	}
	own, err := p.o.Catalogue.Original(ctx, e.ID, models.TaskTranscribe)
	if err != nil {
		return fmt.Errorf("reading the transcript of %q: %w", e.Title, err)
	}
	if own.Source != models.TranscriptWhisper || !own.Complete {
		return nil
	}
	var heard []models.Word
	for _, s := range own.Segments {
		heard = append(heard, s.Words...)
	}
	fitted, err := captions.FitWhole(t.Segments, heard)
	if errors.Is(err, models.ErrUnusable) {
		return p.reject(ctx, lease, e, err)
	}
	t = fittedTo(e, t, fitted)
	if t.Language == "" {
		t.Language = own.Language
	}
	if err := p.o.Catalogue.SaveImport(ctx, lease, t, false); err != nil {
		return fmt.Errorf("storing the transcript of %q: %w", e.Title, err)
	}
	return nil
}

func fittedTo(e models.Episode, t models.Transcript, f captions.Fitted) models.Transcript {
	t.Segments, t.Warning = f.Segments, ""
	t.Origin.Timing, t.Origin.Shifts, t.Origin.Heard, t.Origin.Audio = f.Timing, f.Shifts, f.Heard, e.Media.SHA256
	return t
}

func (p *Pipeline) reject(ctx context.Context, lease models.Lease, e models.Episode, why error) error {
	p.o.Logger.InfoContext(ctx, "the transcript by others does not fit", "episode_id", e.ID, "error", why)
	if err := p.o.Catalogue.RejectImport(ctx, lease, e.ID, why.Error()); err != nil {
		return fmt.Errorf("refusing the transcript of %q: %w", e.Title, err)
	}
	return nil
}

// fit listens to passages of an episode's audio and moves a transcript's times accordingly. Where two passages disagree it
// listens again in between, to find the cut.
func (p *Pipeline) fit(ctx context.Context, e models.Episode, f *os.File, t models.Transcript) (captions.Fitted, error) {
	at := passages(0, e.Media.DurationMS, everyMS, fewest, most)
	heard, err := p.hear(ctx, e, f, at)
	if err != nil {
		return captions.Fitted{}, err
	}
	fitted, err := captions.Fit(t.Segments, t.Origin.Timing, heard)
	if err != nil || len(fitted.Cuts) == 0 {
		return fitted, err
	}
	var closer []stretch
	for _, c := range fitted.Cuts {
		closer = append(closer, passages(c[0], c[1], closerMS, 0, mostCloser-len(closer))...)
	}
	if len(closer) == 0 {
		return fitted, nil
	}
	more, err := p.hear(ctx, e, f, closer)
	if err != nil {
		return captions.Fitted{}, err
	}
	return captions.Fit(t.Segments, t.Origin.Timing, inOrder(heard, more))
}

// stretch is a part of a recording in samples, [start, end).
type stretch struct{ start, end int64 }

const samplesMS = whisper.SampleRate / 1000

// passages spreads passages over a part of a recording, in ms: one for each every, at least atLeast and at most atMost of them.
func passages(from, to, every int64, atLeast, atMost int) []stretch {
	n := min(max(int((to-from)/every), atLeast), atMost, max(1, int((to-from)/passageMS)))
	if n <= 0 {
		return nil
	}
	step := (to - from) / int64(n)
	length := min(passageMS, step)
	out := make([]stretch, n)
	for i := range out {
		start := from + step*int64(i) + (step-length)/2
		out[i] = stretch{start * samplesMS, (start + length) * samplesMS}
	}
	return out
}

// hear returns the words of passages, which are in order of time, as they are decoded.
func (p *Pipeline) hear(ctx context.Context, e models.Episode, f *os.File, at []stretch) ([][]models.Word, error) {
	req, _, err := p.ask(ctx, e, models.TranscribeJob{EpisodeID: e.ID})
	if err != nil {
		return nil, err
	}
	open := func(ctx context.Context) (whisper.PCM, error) {
		s, err := p.o.Probe.For(called(e)).Decode(ctx, f, 0)
		if err != nil {
			return nil, err
		}
		return &muffled{PCM: s, at: at}, nil
	}
	heard := make([][]models.Word, len(at))
	_, err = p.o.Transcriber.Transcribe(ctx, req, open, func(w whisper.Window) error {
		for _, s := range w.Segments {
			for _, word := range s.Words {
				for i := range at {
					if word.StartMS*samplesMS < at[i].end {
						heard[i] = append(heard[i], word)
						break
					}
				}
			}
		}
		return nil
	}, nil)
	return heard, settingsError(err)
}

// muffled is a recording of which only some stretches can be heard: the rest is silence, so that nothing of it is decoded and the
// times are those of the whole.
type muffled struct {
	whisper.PCM

	at  []stretch
	pos int64
}

// Read reads samples and silences those outside of the stretches. After the last one the recording ends.
func (m *muffled) Read(samples []float32) (int, error) {
	if len(m.at) == 0 || m.pos >= m.at[len(m.at)-1].end+passageMS*samplesMS/2 {
		return 0, io.EOF
	}
	n, err := m.PCM.Read(samples)
	for i := range samples[:n] {
		at := m.pos + int64(i)
		for len(m.at) > 1 && at >= m.at[0].end {
			m.at = m.at[1:]
		}
		if at < m.at[0].start || at >= m.at[0].end {
			samples[i] = 0
		}
	}
	m.pos += int64(n)
	return n, err
}

// inOrder puts passages in order of time.
func inOrder(a, b [][]models.Word) [][]models.Word {
	var out [][]models.Word
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(a) > 0 && len(a[0]) == 0:
			a = a[1:]
		case len(b) > 0 && len(b[0]) == 0:
			b = b[1:]
		case len(b) == 0 || len(a) > 0 && a[0][0].StartMS <= b[0][0].StartMS:
			out, a = append(out, a[0]), a[1:]
		default:
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}
