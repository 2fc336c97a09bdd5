package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/captions"
	"github.com/earshot/earshot/pipeline/fetch"
)

const (
	// triedLinks bounds how many of the transcripts that an episode is offered with are tried.
	triedLinks = 10
	// acceptTranscripts is what we would like to get, as captions.Formats ranks it.
	acceptTranscripts = "application/json, text/vtt, application/x-subrip;q=0.9, application/srt;q=0.9, text/html;q=0.7, text/plain;q=0.6, */*;q=0.3"

	notChecked = "its times are not checked against the audio"
	noTimes    = "the text has no times: where in the recording a word is said is a guess"
)

// Import reads the best transcript that the publisher offers of an episode, or that lies beside its file. It can be found
// from then on, whether the audio is here or not.
func (p *Pipeline) Import(ctx context.Context, lease models.Lease, job models.ImportJob, _ func(done, total int64)) error {
	episode, err := p.o.Catalogue.Episode(ctx, job.EpisodeID)
	if err != nil {
		return fmt.Errorf("reading the transcript of episode %s: %w", job.EpisodeID, err)
	}
	show, err := p.o.Catalogue.Show(ctx, episode.ShowID)
	if err != nil {
		return fmt.Errorf("reading the show of %q: %w", episode.Title, err)
	}
	if err := p.refreshChapters(ctx, lease, show, episode); err != nil {
		return err
	}
	if err := p.take(ctx, lease, show, episode); err != nil {
		return err
	}
	return p.fitToOwn(ctx, lease, episode)
}

// take stores the transcript by others that is best, unless it is stored already. The error is models.ErrUnusable where none of
// those there are can be read; there is none where none is offered.
func (p *Pipeline) take(ctx context.Context, lease models.Lease, show models.Show, e models.Episode) error {
	t, err := p.others(ctx, show, e)
	if err != nil || t.Origin.SHA256 == "" {
		return err
	}
	was, err := p.o.Catalogue.Imported(ctx, e.ID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return fmt.Errorf("reading the transcript of %q: %w", e.Title, err)
	}
	if was.Origin.SHA256 == t.Origin.SHA256 && was.Origin.Location == t.Origin.Location {
		return nil
	}
	if err := p.o.Catalogue.SaveImport(ctx, lease, t, false); err != nil {
		return fmt.Errorf("storing the transcript of %q: %w", e.Title, err)
	}
	p.o.Logger.InfoContext(ctx, "transcript imported", "episode_id", e.ID, "from", models.Location(t.Origin.Location), "format", t.Origin.Format,
		"timing", t.Origin.Timing, "segments", len(t.Segments))
	return nil
}

// others returns the best transcript by others; it has no origin when there is none.
func (p *Pipeline) others(ctx context.Context, show models.Show, e models.Episode) (models.Transcript, error) {
	if !e.Enclosure.Location.Remote() {
		t, err := p.beside(show, e)
		if err != nil || t.Origin.SHA256 != "" {
			return t, err
		}
	}
	links := slices.Clone(e.Transcripts)
	wanted := p.languageOf(show)
	slices.SortStableFunc(links, func(a, b models.TranscriptLink) int {
		return cmp.Or(foreign(wanted, a.Language)-foreign(wanted, b.Language), rank(a.Type, a.URL)-rank(b.Type, b.URL))
	})
	var failed error
	for _, l := range links[:min(len(links), triedLinks)] {
		t, err := p.follow(ctx, show, e, l)
		if err == nil {
			return t, nil
		}
		if ctx.Err() != nil {
			return t, ctx.Err()
		}
		p.o.Logger.InfoContext(ctx, "a transcript cannot be used", "episode_id", e.ID, "from", models.Location(l.URL), "error", err)
		// A failure that may pass is worth another try; among the others the first tells of the best link.
		if failed == nil || errors.Is(failed, models.ErrUnusable) && !errors.Is(err, models.ErrUnusable) {
			failed = err
		}
	}
	return models.Transcript{}, failed
}

// rank orders formats, the best first.
func rank(mediaType, name string) int {
	if i := slices.Index(captions.Formats(), captions.FormatOf(mediaType, pathOf(name))); i >= 0 {
		return i
	}
	return len(captions.Formats())
}

// foreign is 1 for what is in another language than wanted; what does not say is taken to be in the show's.
func foreign(wanted, tag string) int {
	if code := captions.LanguageOf(tag); wanted != "" && code != "" && code != wanted {
		return 1
	}
	return 0
}

// languageOf returns the language that a show is known to be spoken in, or "".
func (p *Pipeline) languageOf(show models.Show) string {
	for _, l := range []string{show.Settings.Language, p.o.Language} {
		if l != models.LanguageAuto && l != models.LanguageMixed && l != "" {
			return l
		}
	}
	return captions.LanguageOf(show.Language)
}

// follow fetches and reads the transcript behind a link.
func (p *Pipeline) follow(ctx context.Context, show models.Show, e models.Episode, l models.TranscriptLink) (models.Transcript, error) {
	page, err := p.o.Fetch.Document(ctx, fetch.Recording{Location: models.Location(l.URL), Access: show.Source.Access}, acceptTranscripts, "a transcript", captions.MaxBytes)
	if err != nil {
		return models.Transcript{}, err
	}
	claimed := captions.FormatOf(l.Type, pathOf(l.URL))
	if claimed == "" {
		claimed = captions.FormatOf(page.ContentType, pathOf(page.URL))
	}
	parsed, err := captions.Parse(page.Body, claimed)
	if err != nil {
		return models.Transcript{}, fmt.Errorf("%s: %w", models.Location(l.URL), err)
	}
	t := newImport(e, models.TranscriptPublisher, parsed, page.Body)
	t.Origin.Location = l.URL
	t.Language = cmp.Or(captions.LanguageOf(l.Language), t.Language, p.languageOf(show))
	return t, nil
}

// newImport makes a transcript of what was read from a file.
func newImport(e models.Episode, source models.TranscriptSource, parsed captions.Parsed, file []byte) models.Transcript {
	sum := sha256.Sum256(file)
	t := models.Transcript{
		EpisodeID: e.ID, Source: source, Language: parsed.Language, Segments: parsed.Segments, Warning: notChecked,
		Origin: models.Origin{
			Format: string(parsed.Format), SHA256: hex.EncodeToString(sum[:]), FetchedAt: time.Now().UTC().Truncate(time.Second), Timing: parsed.Timing,
		},
	}
	if parsed.Timing == models.TimingNone {
		t.Segments = captions.Spread(t.Segments, cmp.Or(e.Media.DurationMS, e.Enclosure.DurationMS))
		t.Warning = noTimes
	}
	return t
}

// pathOf is the path of a web address: its query says nothing about the format.
func pathOf(address string) string {
	path, _, _ := strings.Cut(address, "?")
	path, _, _ = strings.Cut(path, "#")
	return path
}
