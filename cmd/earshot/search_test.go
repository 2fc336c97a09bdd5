//go:build !stub

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/store"
)

// saying puts episodes into the program's archive that say the given texts, through the queue as everything goes. Each is
// published a year after the one before, the first in 2020. It returns their ids. Their recordings are none.
func (p *program) saying(texts ...string) []models.EpisodeID {
	p.t.Helper()
	return p.sayingOver(func(id models.EpisodeID) string { return string(id) }, texts...)
}

// sayingOver is saying with recordings.
func (p *program) sayingOver(recording func(models.EpisodeID) string, texts ...string) []models.EpisodeID {
	t := p.t
	t.Helper()
	s, err := store.Open(t.Context(), p.data, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := models.Source{Kind: models.SourceFiles, Location: "/recordings"}
	show := models.Show{ID: models.NewShowID(src), Title: "Talks", Source: src}
	episodes, ids, said := make([]models.Episode, len(texts)), make([]models.EpisodeID, len(texts)), map[models.EpisodeID]string{}
	for i, text := range texts {
		guid := fmt.Sprintf("Talk %d", i+1)
		ids[i] = models.NewEpisodeID(show.ID, guid)
		said[ids[i]] = text
		episodes[i] = models.Episode{
			ID: ids[i], ShowID: show.ID, GUID: guid, Title: guid, PublishedAt: time.Date(2020+i, 6, 1, 0, 0, 0, 0, time.UTC),
			Enclosure: models.Enclosure{Location: models.Location(fmt.Sprintf("/recordings/%d.mp3", i))},
		}
	}
	if _, err := s.SaveShow(t.Context(), show, episodes); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	left := len(texts)
	err = s.Work(ctx, store.Handlers{
		Poll: func(context.Context, models.Lease, models.PollJob, store.Report) error { return nil },
		Download: func(ctx context.Context, lease models.Lease, job models.DownloadJob, _ store.Report) error {
			part, err := s.Media().Create(ctx, "a talk")
			if err != nil {
				return err
			}
			defer func() { _ = part.Close() }()
			if _, err := io.WriteString(part, recording(job.EpisodeID)); err != nil {
				return err
			}
			m, err := part.Commit(ctx, "mp3")
			if err != nil {
				return err
			}
			return s.SaveMedia(ctx, lease, job.EpisodeID, m, "")
		},
		Transcribe: func(ctx context.Context, lease models.Lease, job models.TranscribeJob, _ store.Report) error {
			tr, err := s.StartTranscript(ctx, lease, models.Transcript{EpisodeID: job.EpisodeID, Source: models.TranscriptWhisper})
			if err != nil {
				return err
			}
			segments, end := segmentsOf(said[job.EpisodeID])
			part := models.TranscriptPart{TranscriptID: tr.ID, Language: "en", Segments: segments, CursorMS: end}
			if err := s.AppendSegments(ctx, lease, part); err != nil {
				return err
			}
			tr.DurationMS = end
			if left--; left == 0 { // one transcription at a time
				defer stop()
			}
			return s.FinishTranscript(ctx, lease, tr)
		},
	}, store.WorkOptions{})
	if err := errors.Join(err, s.Close()); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return ids
}

// segmentsOf gives text its times: a word every 300 ms, a segment a line "Speaker: words".
func segmentsOf(text string) (segments []models.Segment, end int64) {
	for line := range strings.Lines(text) {
		speaker, words, _ := strings.Cut(strings.TrimSpace(line), ": ")
		g := models.Segment{StartMS: end, Speaker: speaker, Text: words}
		for _, w := range strings.Fields(words) {
			g.Words = append(g.Words, models.Word{StartMS: end, EndMS: end + 250, Text: w, Probability: 0.9})
			end += 300
		}
		g.EndMS = end
		segments = append(segments, g)
	}
	return segments, end
}

func TestSearchCommand(t *testing.T) {
	p := bareProgram(t)
	ids := p.saying(
		"Anna: We came to n spiral and had one budget for travel.",
		"Ben: A budget is a promise. "+strings.Repeat("The budget comes first. Then we talk about other things for a good while. ", 30),
		"Anna: Nothing but music today.",
	)
	t.Run("from the index", func(t *testing.T) { p.asks(ids) })
	p.serve()
	t.Run("through the server", func(t *testing.T) { p.asks(ids) })
}

// asks tries what the command can do; it must not matter who has the index.
func (p *program) asks(ids []models.EpisodeID) {
	t := p.t
	t.Helper()
	says := func(out string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(out, part) {
				t.Errorf("no %q in\n%s", part, out)
			}
		}
	}
	get := func(args ...string) (f found) {
		t.Helper()
		if err := json.Unmarshal([]byte(p.must(append([]string{"search", "--json"}, args...)...)), &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	if got := get("budget", "-travel"); got.Total != 1 || got.Hits[0].Episode.ID != ids[1] || got.Understood != "budget -travel" {
		t.Errorf("a word to leave out: %+v", got)
	}
	if got := get("budget OR music", "--sort", "oldest", "--limit=2", "--offset", "1"); got.Total != 3 || len(got.Hits) != 2 || got.Hits[0].Episode.ID != ids[1] {
		t.Errorf("the second and third, oldest first: %+v", got)
	}
	says(p.must("search", "budget", "--limit", "1"), "1 to 1 of 2 episodes; see more with --offset 1", "more; see them with --all "+string(ids[1]))
	all := get("budget", "--all", string(ids[1]))
	if len(all.Hits) != 1 || len(all.Hits[0].Moments) != all.Hits[0].Total || all.Hits[0].Total < 30 ||
		!slices.IsSortedFunc(all.Hits[0].Moments, func(a, b models.Moment) int { return int(a.StartMS - b.StartMS) }) {
		t.Errorf("all moments: %+v", all)
	}
	says(p.must("search", "enspiral"), "Nobody says exactly: enspiral. This comes nearest: sounds:enspiral", "[matched as “n spiral”]")
	if got := get("enspiral"); !got.Approximate || got.Hits[0].Moments[0].MatchedAs[0].Said != "n spiral" {
		t.Errorf("by sound: %+v", got)
	}
	says(p.must("search", "--strict", "enspiral"), "Nothing was found for: enspiral")
	says(p.must("search", "budgte"), "Did you mean: budget (2 episodes)")
	says(p.must("search", "budget", "--facets"), "Years\n         1  year:2021\n         1  year:2020\n", `speaker:"Anna"`)
	for _, wrong := range [][]string{{"--sort", "random", "x"}, {"--limit", "0", "x"}, {"--offset", "-1", "x"}, {"--colour", "x"}, {}} {
		if _, errs, code := p.run(append([]string{"search"}, wrong...)...); code != 2 || errs == "" {
			t.Errorf("%v: exit code %d: %s", wrong, code, errs)
		}
	}
	if _, errs, code := p.run("search", "--all", "nonsense", "budget"); code != 1 || !strings.Contains(errs, `no episode "nonsense"`) {
		t.Errorf("an unknown episode: exit code %d: %s", code, errs)
	}
}

func TestQueryArguments(t *testing.T) {
	for _, c := range []struct{ typed, parsed string }{
		{"search budget -travel", "search -- budget -travel"},
		{"search -travel --sort newest budget", "search --sort newest -- -travel budget"},
		{"search --sort=newest -(a b)", "search --sort=newest -- -(a b)"},
		{"--data d search -x", "search --data d -- -x"},
		{"search --json -- --sort -x", "search --json -- --sort -x"},
		{"search -h", "search -h --"},
		{"search a --sort", "search --sort -- a"},
		{"status -x", "status -x"},
		{"add -- -x", "add -- -x"},
	} {
		if got := strings.Join(queryArguments(newRootCommand(), strings.Fields(c.typed)), " "); got != c.parsed {
			t.Errorf("%s: %s, want %s", c.typed, got, c.parsed)
		}
	}
}
