package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

// windows is how many windows the test's transcripts have.
const windows = 12

// TestMain is also the worker that the kill test kills: a second process on the same archive.
func TestMain(m *testing.M) {
	if os.Getenv("EARSHOT_TEST_WORKER") != "" {
		if err := workUntilKilled(context.Background(), ".", os.Getenv("EARSHOT_TEST_DATABASE")); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	postgresServer.Stop()
	os.Exit(code)
}

func workUntilKilled(ctx context.Context, dir, database string) error {
	s, err := Open(ctx, dir, Options{Database: database})
	if err != nil {
		return err
	}
	say := func(what string) { _, _ = fmt.Fprintln(os.Stdout, what) }
	return s.Work(ctx, pretend(s, say), hastily())
}

// pretend downloads and transcribes for a test, window by window, and says each step before it is taken.
func pretend(s *Store, say func(string)) Handlers {
	return Handlers{
		Download: func(ctx context.Context, l models.Lease, j models.DownloadJob, _ Report) error {
			// As the pipeline does: an attempt that was killed before it could say so has queued the transcription.
			if e, err := s.Episode(ctx, j.EpisodeID); err != nil || e.Media.Key != "" {
				return err
			}
			if err := s.SetState(ctx, l, j.EpisodeID, models.EpisodeDownloading); err != nil {
				return err
			}
			p, err := s.Media().Partial(ctx, j.EpisodeID)
			if err != nil {
				return err
			}
			defer p.Close() //nolint:errcheck // a test
			if err := p.Reset("v"); err != nil {
				return err
			}
			say("download")
			if _, err := io.WriteString(p, "audio of "+string(j.EpisodeID)); err != nil {
				return err
			}
			m, err := p.Commit(ctx, "mp3")
			if err != nil {
				return err
			}
			return s.SaveMedia(ctx, l, j.EpisodeID, m, "")
		},
		Transcribe: func(ctx context.Context, l models.Lease, j models.TranscribeJob, report Report) error {
			t, err := s.StartTranscript(ctx, l, models.Transcript{EpisodeID: j.EpisodeID, Source: models.TranscriptWhisper, Model: "test"})
			if err != nil {
				return err
			}
			for n := t.CursorMS / 1000; n < windows; n++ {
				say("window " + strconv.FormatInt(n, 10))
				g := segment(n*1000, n*1000+500, "window", strconv.FormatInt(n, 10))
				if err := s.AppendSegments(ctx, l, part(t.ID, "en", []models.Segment{g}, (n+1)*1000)); err != nil {
					return err
				}
				report((n+1)*1000, windows*1000)
			}
			return s.FinishTranscript(ctx, l, finished(t.ID, windows*1000, ""))
		},
	}
}

// TestKill kills a worker after the 1st, 2nd, 3rd, … thing it says, one after the other on the same archive, and then
// lets a last one finish: every episode is there once, whole, without a segment too many or too few.
func TestKill(t *testing.T) {
	onEachEngine(t, func(t *testing.T, at func(*testing.T) place) { t.Helper(); t.Parallel(); killing(t, at(t)) })
}

func killing(t *testing.T, p place) {
	t.Helper()
	s := p.open(t)
	show := aShow("Systems")
	ids := mustSave(t, s, show, episodesOf(show, 2)).NewEpisodes
	decoded := 0
	for _, after := range []int{1, 2, 3, 5, 4} {
		decoded += killAfter(t, p, after)
	}
	if decoded == 0 {
		t.Error("no worker got as far as decoding")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Work(ctx, pretend(s, func(string) {}), hastily()) }()
	eventually(t, "all is done", func() bool {
		idle, err := s.Idle(t.Context())
		must(t, err)
		return idle
	})
	cancel()
	must(t, receive(t, "the end", done))
	var want []string
	for n := range windows {
		want = append(want, "window "+strconv.Itoa(n))
	}
	for _, id := range ids {
		tr, err := s.Transcript(t.Context(), id, models.TaskTranscribe)
		must(t, err)
		if !tr.Complete || tr.Text() != strings.Join(want, " ") {
			t.Errorf("the transcript of %s: complete %v, %q", id, tr.Complete, tr.Text())
		}
		if got := stateOf(t, s, id); got != models.EpisodeDone {
			t.Errorf("the episode %s is %s", id, got)
		}
	}
	var transcripts int
	must(t, s.e.read.QueryRow("SELECT count(*) FROM transcripts").Scan(&transcripts))
	if transcripts != len(ids) {
		t.Errorf("%d transcripts of %d episodes", transcripts, len(ids))
	}
	var leftovers int
	must(t, s.e.read.QueryRow("SELECT (SELECT count(*) FROM progress) + (SELECT count(*) FROM workers WHERE beat_at = 0)").Scan(&leftovers))
	if leftovers != 0 {
		t.Errorf("%d rows are left over", leftovers)
	}
}

// killAfter starts a worker process, kills it once it has said so many things, and returns how many windows it said.
func killAfter(t *testing.T, p place, things int) (decoded int) {
	t.Helper()
	program, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "EARSHOT_TEST_WORKER=1", "EARSHOT_TEST_DATABASE="+p.database)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := make(chan string)
	go func() {
		defer close(lines)
		for r := bufio.NewScanner(out); r.Scan(); {
			lines <- r.Text()
		}
	}()
	for range things {
		line, said := receiveLine(t, lines)
		if !said {
			t.Error("the worker ended by itself")
			break
		}
		decoded += countWindow(line)
	}
	must(t, cmd.Process.Kill())
	for line := range lines { // what it still said
		decoded += countWindow(line)
	}
	_ = cmd.Wait() // killed
	return decoded
}

func countWindow(line string) int {
	if strings.HasPrefix(line, "window") {
		return 1
	}
	return 0
}

func receiveLine(t *testing.T, lines <-chan string) (string, bool) {
	t.Helper()
	type said struct {
		line string
		ok   bool
	}
	one := make(chan said, 1)
	go func() { line, ok := <-lines; one <- said{line, ok} }()
	got := receive(t, "a line from the worker", one)
	return got.line, got.ok
}

// TestLostJobsAreBackInTime: what the defaults add up to, with a second to spare for a busy machine.
func TestLostJobsAreBackInTime(t *testing.T) {
	o := WorkOptions{}.withDefaults()
	if worst := 2*o.Beat + o.DeadAfter + o.Look; worst > backAfter-time.Second {
		t.Errorf("a job can be lost for %v, want %v at most", worst, backAfter)
	}
	if o.Beat%min(o.Beat, progressEvery) != 0 {
		t.Error("the beat comes later than it should")
	}
}
