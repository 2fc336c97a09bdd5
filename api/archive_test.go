package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
	listening "github.com/earshot/earshot/pipeline/listen"
	"github.com/earshot/earshot/search"
)

// archive is a small catalogue with its audio, in memory and in a folder of the test, and what its search index follows.
type archive struct {
	dir string

	mu           sync.Mutex
	shows        []models.Show
	episodes     []models.Episode
	transcripts  map[models.EpisodeID]models.Transcript
	translations map[models.EpisodeID]models.Transcript
	running      []models.JobProgress
	urgent       []models.EpisodeID
	paused       bool
	events       []models.Event
	retried      []models.EpisodeID
	speed        float64
	waitingMS    int64
	leftMS       int64
	private      []models.Private
	touched      []models.EpisodeID // after they were added, in order
	fail         error              // when set, everything fails with it
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	return &archive{dir: t.TempDir(), transcripts: map[models.EpisodeID]models.Transcript{}, translations: map[models.EpisodeID]models.Transcript{}}
}

func (a *archive) lock() func() { a.mu.Lock(); return a.mu.Unlock }

func (a *archive) addShow(title string) models.ShowID {
	defer a.lock()()
	src := models.Source{Kind: models.SourceFeed, Location: models.Location("https://user:secret@example.org/" + title)}
	id := models.NewShowID(src)
	a.shows = append(a.shows, models.Show{ID: id, Title: title, Source: src, Author: "Somebody"})
	return id
}

// addEpisode adds a finished episode that says text, a word every 400 ms from second zero, with a pause of two seconds
// after each sentence, and a tone of that length as its audio.
func (a *archive) addEpisode(t *testing.T, show models.ShowID, title, text string) models.EpisodeID {
	t.Helper()
	defer a.lock()()
	id := models.NewEpisodeID(show, title)
	tr := models.Transcript{ID: int64(len(a.episodes) + 1), EpisodeID: id, Source: models.TranscriptWhisper, Model: "base", Language: "en", Complete: true}
	tr.Segments, tr.DurationMS = speak(text)
	tr.CursorMS = tr.DurationMS
	a.transcripts[id] = tr
	key := string(id) + ".wav"
	wave := tone(tr.DurationMS)
	if err := os.WriteFile(filepath.Join(a.dir, key), wave, 0o600); err != nil {
		t.Fatal(err)
	}
	n := len(a.episodes)
	a.episodes = append(a.episodes, models.Episode{
		ID: id, ShowID: show, GUID: title, Title: title, State: models.EpisodeDone,
		PublishedAt: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, -7*n), Number: n + 1,
		Enclosure: models.Enclosure{Location: models.Location("https://example.org/secret-token/" + key)},
		Media:     models.Media{Key: key, SHA256: fmt.Sprintf("%064x", n+1), Bytes: int64(len(wave)), ContentType: "audio/x-wav", DurationMS: tr.DurationMS},
		UpdatedAt: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
	})
	return id
}

// change edits one episode.
func (a *archive) change(id models.EpisodeID, f func(*models.Episode)) {
	defer a.lock()()
	for i := range a.episodes {
		if a.episodes[i].ID == id {
			f(&a.episodes[i])
		}
	}
}

// speak gives text its times: each line is a turn "Speaker: words", a segment a sentence.
func speak(text string) ([]models.Segment, int64) {
	var segments []models.Segment
	at := int64(0)
	for line := range strings.Lines(strings.TrimSpace(text)) {
		speaker, said, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			speaker, said = "", strings.TrimSpace(line)
		}
		var seg models.Segment
		for _, w := range strings.Fields(said) {
			if len(seg.Words) == 0 {
				seg = models.Segment{StartMS: at, Speaker: speaker, Doubtful: strings.Contains(said, "mumbling")}
			}
			seg.Words = append(seg.Words, models.Word{StartMS: at, EndMS: at + 350, Text: w, Probability: 0.9})
			at += 400
			if strings.ContainsAny(w, ".?!") {
				segments = append(segments, closed(seg))
				seg = models.Segment{}
				at += 200
			}
		}
		if len(seg.Words) > 0 {
			segments = append(segments, closed(seg))
		}
		at += 2000
	}
	return segments, at
}

func closed(s models.Segment) models.Segment {
	words := make([]string, len(s.Words))
	for i, w := range s.Words {
		words[i] = w.Text
	}
	s.Text, s.EndMS = strings.Join(words, " "), s.Words[len(s.Words)-1].EndMS
	return s
}

// tone returns a WAV file: a quiet 220 Hz sine, 8 kHz mono 16-bit.
func tone(ms int64) []byte {
	const rate = 8000
	n := int(ms) * rate / 1000
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("RIFF")
	put(uint32(36 + 2*n))
	b.WriteString("WAVEfmt ")
	put(uint32(16))
	put(uint16(1))
	put(uint16(1))
	put(uint32(rate))
	put(uint32(2 * rate))
	put(uint16(2))
	put(uint16(16))
	b.WriteString("data")
	put(uint32(2 * n))
	samples := make([]int16, n)
	for i := range samples {
		samples[i] = int16(3000 * math.Sin(2*math.Pi*220*float64(i)/rate))
	}
	put(samples)
	return b.Bytes()
}

func (a *archive) Shows(context.Context) ([]models.Show, error) {
	defer a.lock()()
	return slices.Clone(a.shows), a.fail
}

func (a *archive) ShowTitles(context.Context) (map[models.ShowID]string, error) {
	defer a.lock()()
	titles := map[models.ShowID]string{}
	for _, s := range a.shows {
		titles[s.ID] = s.Title
	}
	return titles, a.fail
}

func (a *archive) Show(_ context.Context, id models.ShowID) (models.Show, error) {
	defer a.lock()()
	for _, s := range a.shows {
		if s.ID == id {
			return s, a.fail
		}
	}
	return models.Show{}, fmt.Errorf("show %s: %w", id, models.ErrNotFound)
}

func (a *archive) Episodes(_ context.Context, f models.EpisodeFilter) ([]models.Episode, error) {
	defer a.lock()()
	var out []models.Episode
	for _, e := range a.episodes {
		behind := f.After.ID == "" || cmp.Or(e.PublishedAt.Compare(f.After.PublishedAt), cmp.Compare(e.ID, f.After.ID)) < 0
		if behind && !slices.Contains(f.Hidden, e.ShowID) && (f.ShowID == "" || e.ShowID == f.ShowID) && (f.State == "" || e.State == f.State) {
			out = append(out, e)
		}
	}
	return out[:min(f.Limit, len(out))], a.fail
}

func (a *archive) Episode(_ context.Context, id models.EpisodeID) (models.Episode, error) {
	defer a.lock()()
	for _, e := range a.episodes {
		if e.ID == id {
			return e, a.fail
		}
	}
	return models.Episode{}, fmt.Errorf("episode %s: %w", id, models.ErrNotFound)
}

func (a *archive) EpisodesInShort(_ context.Context, ids []models.EpisodeID) (map[models.EpisodeID]models.Episode, error) {
	defer a.lock()()
	out := map[models.EpisodeID]models.Episode{}
	for _, e := range a.episodes {
		if slices.Contains(ids, e.ID) {
			out[e.ID] = e
		}
	}
	return out, a.fail
}

func (a *archive) Tasks(_ context.Context, id models.EpisodeID) ([]models.TranscriptTask, error) {
	defer a.lock()()
	tasks := []models.TranscriptTask{models.TaskTranscribe}
	if _, ok := a.translations[id]; ok {
		tasks = append(tasks, models.TaskTranslate)
	}
	return tasks, a.fail
}

func (a *archive) Transcript(_ context.Context, id models.EpisodeID, task models.TranscriptTask) (models.Transcript, error) {
	defer a.lock()()
	t, ok := a.transcripts[id]
	if task == models.TaskTranslate {
		t, ok = a.translations[id]
	}
	if !ok {
		return t, fmt.Errorf("transcript of %s: %w", id, models.ErrNotFound)
	}
	return a.spoken(t), a.fail
}

func (a *archive) Hidden(_ context.Context, v models.Visibility) (out []models.ShowID, err error) {
	defer a.lock()()
	for _, s := range a.shows {
		if slices.Contains(v.Beyond(), s.VisibleTo) {
			out = append(out, s.ID)
		}
	}
	return out, a.fail
}

func (a *archive) SetShowVisibility(_ context.Context, id models.ShowID, v models.Visibility) error {
	defer a.lock()()
	i := slices.IndexFunc(a.shows, func(s models.Show) bool { return s.ID == id })
	if i < 0 {
		return models.ErrNotFound
	}
	a.shows[i].VisibleTo = v
	return v.Check()
}

func (a *archive) Status(_ context.Context, hidden ...models.ShowID) (models.Status, error) {
	defer a.lock()()
	out := func(id models.ShowID) bool { return slices.Contains(hidden, id) }
	st := models.Status{Speed: a.speed, WaitingMS: a.waitingMS, LeftMS: a.leftMS, Shows: len(a.shows), Episodes: map[models.EpisodeState]int{}, Running: slices.Clone(a.running)}
	st.Shows -= len(hidden)
	st.Running = slices.DeleteFunc(st.Running, func(r models.JobProgress) bool { return out(r.ShowID) })
	for _, e := range a.episodes {
		if out(e.ShowID) {
			continue
		}
		st.Episodes[e.State]++
		st.AudioMS += a.transcripts[e.ID].DurationMS
		if e.State == models.EpisodeFailed {
			st.Failures = append(st.Failures, models.Failure{EpisodeID: e.ID, ShowID: e.ShowID, Title: e.Title, Reason: e.Reason})
		}
	}
	if a.paused {
		st.Holds = []models.Hold{{Kind: models.HoldPaused, Reason: "the queue is paused: resume it to go on"}}
	}
	return st, a.fail
}

func (a *archive) Events(_ context.Context, after int64, limit int) ([]models.Event, error) {
	defer a.lock()()
	left := a.events[min(after, int64(len(a.events))):]
	return slices.Clone(left[:min(limit, len(left))]), nil
}

func (a *archive) LastEvent(context.Context) (int64, error) {
	defer a.lock()()
	return int64(len(a.events)), nil
}

// happen adds an event.
func (a *archive) happen(e models.Event) {
	defer a.lock()()
	e.Seq = int64(len(a.events) + 1)
	a.events = append(a.events, e)
}

func (a *archive) Retry(ctx context.Context, id models.EpisodeID) error {
	e, err := a.Episode(ctx, id)
	if err != nil {
		return err
	}
	if e.State != models.EpisodeFailed {
		return models.Explain(models.ErrConflict, "%q has not failed", e.Title)
	}
	a.change(id, func(e *models.Episode) { e.State, e.Reason = models.EpisodeQueued, "" })
	defer a.lock()()
	a.retried = append(a.retried, id)
	return nil
}

func (a *archive) Now(ctx context.Context, id models.EpisodeID) error {
	e, err := a.Episode(ctx, id)
	if err == nil && e.State == models.EpisodeDone {
		err = models.Explain(models.ErrConflict, "%q is done: there is nothing to do for it", e.Title)
	}
	defer a.lock()()
	a.urgent = append(a.urgent, id)
	return err
}

func (a *archive) Cancel(ctx context.Context, id models.EpisodeID) error {
	_, err := a.Episode(ctx, id)
	if err == nil {
		a.change(id, func(e *models.Episode) { e.State, e.Reason = models.EpisodeFailed, "cancelled" })
	}
	return err
}

func (a *archive) Pause(ctx context.Context, id models.ShowID) error {
	return a.setPaused(id, time.Now())
}

func (a *archive) Resume(ctx context.Context, id models.ShowID) error {
	return a.setPaused(id, time.Time{})
}

func (a *archive) setPaused(id models.ShowID, at time.Time) error {
	defer a.lock()()
	if id == "" {
		a.paused = !at.IsZero()
		return nil
	}
	i := slices.IndexFunc(a.shows, func(s models.Show) bool { return s.ID == id })
	if i < 0 {
		return models.ErrNotFound
	}
	a.shows[i].PausedAt = at
	return nil
}

func (a *archive) Reader(_ context.Context, key string) (io.ReadSeekCloser, error) {
	return os.Open(filepath.Join(a.dir, key))
}

// The index follows the archive as it follows the store.

func (a *archive) Changes(_ context.Context, after int64, limit int) ([]models.Change, error) {
	defer a.lock()()
	var out []models.Change
	for i, e := range a.episodes {
		if seq := int64(i + 1); seq > after && len(out) < limit {
			out = append(out, models.Change{Seq: seq, EpisodeID: e.ID})
		}
	}
	for i, id := range a.touched {
		if seq := int64(len(a.episodes) + i + 1); seq > after && len(out) < limit {
			out = append(out, models.Change{Seq: seq, EpisodeID: id})
		}
	}
	return out, nil
}

func (a *archive) LastChange(context.Context) (int64, error) {
	defer a.lock()()
	return int64(len(a.episodes) + len(a.touched)), nil
}

func (a *archive) Document(_ context.Context, id models.EpisodeID) (models.Document, error) {
	defer a.lock()()
	i := slices.IndexFunc(a.episodes, func(e models.Episode) bool { return e.ID == id })
	if i < 0 {
		return models.Document{}, fmt.Errorf("episode %s: %w", id, models.ErrNotFound)
	}
	e := a.episodes[i]
	j := slices.IndexFunc(a.shows, func(s models.Show) bool { return s.ID == e.ShowID })
	return models.Document{Show: a.shows[j], Episode: e, Transcript: a.spoken(a.transcripts[id])}, nil
}

// index is the archive's search index as the archive is now.
func (a *archive) index(t *testing.T) *search.Index {
	t.Helper()
	x, err := search.Open(t.Context(), t.TempDir(), a, search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return x
}

func (a *archive) options(t *testing.T) Options {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	made := listening.New(listening.Options{Dir: t.TempDir(), Audio: audio.New(audio.Options{}), Media: files{a.dir}, Logger: log})
	return Options{Catalogue: a, Searcher: a.index(t), Media: a, Listening: made, Logger: log, Version: "test"}
}

// files opens an archive's recordings for ffmpeg.
type files struct{ dir string }

func (f files) Open(_ context.Context, key string) (*os.File, error) {
	return os.Open(filepath.Join(f.dir, key))
}

func (f files) Has(_ context.Context, key string) (bool, error) {
	_, err := os.Stat(filepath.Join(f.dir, key))
	return err == nil, nil
}

// Cover returns the one picture that there is.
func (a *archive) Cover(_ context.Context, name string) ([]byte, error) {
	if name != "picture" {
		return nil, models.ErrNotFound
	}
	return []byte("a JPEG"), nil
}
