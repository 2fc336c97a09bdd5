//go:build !stub

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
	"github.com/earshot/earshot/pipeline/weights"
)

// programVariable makes the test program the program.
const programVariable = "EARSHOT_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" || len(os.Args) > 1 && os.Args[1] == "decoder" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// program is the real program on a data folder of its own.
type program struct {
	t      testing.TB
	data   string
	models string
	env    []string
}

// oneDecoder leaves the other cores to the tests beside this one: their recordings are short, and one chunk each.
const oneDecoder = "EARSHOT_DECODERS=1"

// smallModel hears well enough for tests that have much to transcribe.
const smallModel = "tiny.en"

// quick makes a program transcribe twice as fast.
func (p *program) quick() *program {
	p.env = append(p.env, "EARSHOT_MODEL="+smallModel)
	return p
}

func newProgram(tb testing.TB) *program {
	tb.Helper()
	for _, tool := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(tool); err != nil {
			skipOrFail(tb, tool+" is not installed")
		}
	}
	dir := os.Getenv("EARSHOT_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", "build", "models")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		tb.Fatal(err)
	}
	w := weights.New(dir, weights.Options{QuantizeTool: os.Getenv("EARSHOT_QUANTIZE"), Sources: []weights.Source{weights.Mirror, weights.Official}})
	for _, name := range []string{defaultModel, smallModel, "silero-v6.2.0"} {
		if _, err := w.Path(name); errors.Is(err, models.ErrNotFound) {
			if _, err := w.Pull(tb.Context(), name, nil); err != nil {
				skipOrFail(tb, "the weights cannot be had: "+err.Error())
			}
		}
	}
	return &program{tb, tb.TempDir(), dir, []string{oneDecoder}}
}

func skipOrFail(tb testing.TB, why string) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatal(why)
	}
	tb.Skip(why)
}

func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), programVariable+"=1", "EARSHOT_DATA="+p.data, "EARSHOT_MODELS="+p.models, "EARSHOT_LOG_LEVEL=warn")
	cmd.Env = append(cmd.Env, p.env...)
	return cmd
}

// run runs a command to its end and returns what it printed and its exit code.
func (p *program) run(args ...string) (stdout, stderr string, code int) {
	p.t.Helper()
	var out, errs bytes.Buffer
	cmd := p.command(p.t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed.
func (p *program) must(args ...string) string {
	p.t.Helper()
	out, errs, code := p.run(args...)
	if code != 0 {
		p.t.Fatalf("earshot %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

func (p *program) search(query string) found {
	p.t.Helper()
	var f found
	if err := json.Unmarshal([]byte(p.must("search", "--json", query)), &f); err != nil {
		p.t.Fatal(err)
	}
	return f
}

func (p *program) status() models.Status {
	p.t.Helper()
	var st models.Status
	if err := json.Unmarshal([]byte(p.must("status", "--json")), &st); err != nil {
		p.t.Fatal(err)
	}
	return st
}

// serve starts the server and returns its address; it is stopped, and must end well, with the test.
func (p *program) serve() string {
	p.t.Helper()
	cmd := p.command(context.WithoutCancel(p.t.Context()), "serve", "--listen", "127.0.0.1:0")
	errs, err := cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewReader(errs)
	first, err := lines.ReadString('\n')
	if err != nil {
		p.t.Fatalf("the server said %q, %v", first, err)
	}
	var rest bytes.Buffer
	said := make(chan struct{})
	go func() { defer close(said); _, _ = io.Copy(&rest, lines) }()
	p.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-said
		if err := cmd.Wait(); err != nil {
			p.t.Errorf("the server ended with %v\n%s", err, rest.String())
		}
	})
	return regexp.MustCompile(`http://\S+`).FindString(first)
}

// sample is the recording that comes with whisper.cpp's sources.
func sample(tb testing.TB) string {
	tb.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "build", "whisper.cpp", "samples", "jfk.mp3"))
	if err != nil {
		tb.Fatal(err)
	}
	if !isFile(path) {
		tb.Skip("the sources of whisper.cpp are not under build: run make native")
	}
	return path
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// firstSeconds copies the beginning of a recording: what happens to it does not depend on how long it is.
func firstSeconds(t *testing.T, from, to string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-nostdin", "-i", from, "-t", "12", "-c", "copy", to).CombinedOutput()
	if err != nil {
		t.Fatalf("copying a part of %s: %v: %s", from, err, out)
	}
}

func fixtures(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("EARSHOT_FIXTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "audio")); err != nil {
		tb.Skip("no fixtures: set EARSHOT_FIXTURES to a folder with recordings")
	}
	return dir
}

func TestFromAFolderToAMoment(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	folder := filepath.Join(t.TempDir(), "Speeches")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	copyFile(t, sample(t), filepath.Join(folder, "inaugural.mp3"))
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), []byte("not audio"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := p.must("add", "--dry-run", folder); !strings.Contains(out, "1 episode would be added") {
		t.Errorf("a dry run says %q", out)
	}
	if st := p.status(); st.Shows != 0 {
		t.Errorf("a dry run added %d shows", st.Shows)
	}
	p.must("add", "--wait", folder)
	if out := p.must("add", "--wait", folder); !strings.Contains(out, "0 episodes added") {
		t.Errorf("adding twice says %q", out)
	}
	if st := p.status(); st.Shows != 1 || st.Episodes[models.EpisodeDone] != 1 || st.AudioMS < 10_900 {
		t.Errorf("status %+v", st)
	}
	got := p.search(`"what your country can do"`)
	if got.Total != 1 || got.Hits[0].Total != 1 || got.Hits[0].Episode.ShowTitle != "Speeches" {
		t.Fatalf("found %+v", got)
	}
	m := got.Hits[0].Moments[0]
	if m.StartMS < 5000 || m.StartMS > 5800 || !strings.Contains(m.Snippet, "your country") {
		t.Errorf("the moment is %+v, said at 5.4 s", m)
	}
	if got := p.search(`"your country can't"`); got.Total != 0 {
		t.Errorf("found what nobody said: %+v", got)
	}
	p.overHTTP(got.Hits[0].Episode.ID, m)
}

// overHTTP asks the server for the same.
func (p *program) overHTTP(id models.EpisodeID, m models.Moment) {
	t := p.t
	t.Helper()
	base := p.serve()
	var viaAPI found
	getJSON(t, base+"/api/v1/search?q=%22what+your+country+can+do%22", &viaAPI)
	if viaAPI.Total != 1 || viaAPI.Hits[0].Moments[0].StartMS != m.StartMS {
		t.Errorf("the API found %+v", viaAPI)
	}
	if again := p.search("country"); again.Total != 1 {
		t.Errorf("while the server has the index, the command finds %+v", again)
	}
	var transcript struct{ Segments []models.Segment }
	getJSON(t, base+"/api/v1/episodes/"+string(id)+"/transcript", &transcript)
	if len(transcript.Segments) == 0 || len(transcript.Segments[0].Words) == 0 {
		t.Errorf("the transcript is %+v", transcript)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/v1/episodes/"+string(id)+"/media", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=100-199")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	want, err := os.ReadFile(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusPartialContent || !bytes.Equal(body, want[100:200]) {
		t.Errorf("a range of the media: %s, %d bytes, %v", resp.Status, len(body), err)
	}
}

// eventually asks until ok, for four minutes at most; state, where there is one, tells how things are when they are not so.
func eventually(tb testing.TB, what string, ok func() bool, state func() string) {
	tb.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.After(4 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			how := ""
			if state != nil {
				how = state()
			}
			tb.Fatalf("still not so after four minutes: %s\n%s", what, how)
		}
	}
}

// getJSON reads the answer of an address; token, where there is one, lets it in.
func getJSON(tb testing.TB, url string, v any, token ...string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	for _, secret := range token {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(resp.Body)
		tb.Fatalf("%s: %s %s", url, resp.Status, b)
	}
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		tb.Fatal(err)
	}
}

// TestKilledInTheMiddle kills the program while it transcribes, and lets another one finish.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	const times = 10 // 110 s: the first minute is stored, and a good part is left
	p := newProgram(t).quick()
	long := filepath.Join(t.TempDir(), "long.mp3")
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-stream_loop", strconv.Itoa(times-1), "-i", sample(t), "-b:a", "64k", long)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.must("add", long)
	first := p.command(t.Context(), "add", "--wait", long)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(6 * time.Minute)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	// The words of the first minute can be searched while the rest is still being transcribed.
	for p.search("country").Total == 0 {
		if time.Now().After(deadline) {
			t.Fatal("nothing was transcribed in six minutes")
		}
		<-tick.C
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	if st := p.status(); st.Episodes[models.EpisodeDone] != 0 {
		t.Skip("the transcription was over before it could be killed")
	}
	p.must("add", "--wait", long)
	got := p.search(`"ask what you can do for your country"`)
	if got.Total != 1 || got.Hits[0].Total != times {
		t.Errorf("found %+v, said %d times", got, times)
	}
}

func TestTranscribe(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	if out := p.must("transcribe", sample(t)); words(out) != "and so my fellow americans ask not what your country can do for you ask what you can do for your country" {
		t.Errorf("heard %q", out)
	}
	dir := t.TempDir()
	if out := p.must("transcribe", "--format", "json", "--output", dir, sample(t)); out != "" {
		t.Errorf("with --output, standard output has %q", out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "jfk.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d export.Document
	if err := json.Unmarshal(b, &d); err != nil || d.Language != "en" || d.Model != defaultModel || len(d.Segments) == 0 || len(d.Segments[0].Words) == 0 {
		t.Errorf("%v: %s", err, b)
	}
}

func TestTranscriptsDoNotOverwriteEachOther(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir, out := t.TempDir(), t.TempDir()
	for _, name := range []string{"a/talk.mp3", "b/talk.mp3", "b/talk.m4a"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		copyFile(t, sample(t), filepath.Join(dir, name))
	}
	p.must("transcribe", "--output", out, filepath.Join(dir, "b/talk.mp3"), filepath.Join(dir, "b/talk.m4a"))
	for _, name := range []string{"talk.mp3.txt", "talk.m4a.txt"} {
		if !isFile(filepath.Join(out, name)) {
			t.Errorf("%s was not written", name)
		}
	}
	if _, errs, code := p.run("transcribe", "--output", out, filepath.Join(dir, "a/talk.mp3"), filepath.Join(dir, "b/talk.mp3")); code != 2 || !strings.Contains(errs, "same file") {
		t.Errorf("two recordings of one name: exit code %d: %s", code, errs)
	}
}

// TestAFileThatChangedIsNotTakenForWhatItWas: episodes of local recordings are known by their content.
func TestAFileThatChangedIsNotTakenForWhatItWas(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	path := filepath.Join(t.TempDir(), "talk.mp3")
	copyFile(t, sample(t), path)
	p.must("add", path)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.Write(make([]byte, 417))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	p.must("add", "--wait", path)
	st := p.status()
	if st.Episodes[models.EpisodeDone] != 1 || st.Episodes[models.EpisodeFailed] != 1 || !strings.Contains(st.Failures[0].Reason, "talk.mp3 has changed") {
		t.Errorf("status %+v", st)
	}
}

func TestNoArchiveIsMadeByAsking(t *testing.T) {
	t.Parallel()
	p := bareProgram(t)
	p.data = filepath.Join(p.data, "typo")
	for _, args := range [][]string{{"status"}, {"search", "x"}, {"retry"}, {"reindex"}, {"doctor"}} {
		if _, errs, code := p.run(args...); code != 1 || !strings.Contains(errs, "no archive") {
			t.Errorf("%v: exit code %d: %s", args, code, errs)
		}
	}
	if _, err := os.Stat(p.data); err == nil {
		t.Error("the folder was made")
	}
}

// TestTheQueueWaitsForWeights: settings that cannot work must not fail the episodes that are waiting.
func TestTheQueueWaitsForWeights(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.must("add", sample(t))
	p.env = append(p.env, "EARSHOT_MODEL=large-v3")
	_, errs, code := p.run("add", "--wait", sample(t))
	p.env = p.env[:len(p.env)-1]
	if code != 1 || !strings.Contains(errs, "models pull") {
		t.Errorf("missing weights: exit code %d: %s", code, errs)
	}
	if st := p.status(); st.Episodes[models.EpisodeQueued] != 1 {
		t.Errorf("the episode is not waiting: %+v", st)
	}
	if out := p.must("retry"); !strings.Contains(out, "0 episodes") {
		t.Errorf("nothing has failed, and retry says %q", out)
	}
	p.must("add", "--wait", sample(t))
	if st := p.status(); st.Episodes[models.EpisodeDone] != 1 {
		t.Errorf("status %+v", st)
	}
}

func words(s string) string {
	return strings.Join(strings.Fields(regexp.MustCompile(`[^a-z ]`).ReplaceAllString(strings.ToLower(s), "")), " ")
}

func TestEveryContainerSaysTheSame(t *testing.T) {
	t.Parallel()
	p := newProgram(t).quick()
	files, err := filepath.Glob(filepath.Join(fixtures(t), "audio", "containers", "*"))
	if err != nil || len(files) == 0 {
		t.Skip("no containers among the fixtures")
	}
	dir := t.TempDir()
	p.must(append([]string{"transcribe", "--output", dir}, files...)...)
	for _, f := range files {
		out, err := os.ReadFile(filepath.Join(dir, filepath.Base(f)+".txt"))
		if err != nil || words(string(out)) != "and so my fellow americans ask not what your country can do for you ask what you can do for your country" {
			t.Errorf("%s: %q, %v", filepath.Base(f), out, err)
		}
	}
}

// TestDamagedFiles: each one ends in a transcript or in one clear sentence, in time, whatever those before it did.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	p := newProgram(t).quick()
	files, err := filepath.Glob(filepath.Join(fixtures(t), "audio", "damaged", "*"))
	if err != nil || len(files) == 0 {
		t.Skip("no damaged files among the fixtures")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	var errs bytes.Buffer
	cmd := p.command(ctx, append([]string{"transcribe", "--output", dir}, files...)...)
	cmd.Stderr = &errs
	err = cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("not done in ten minutes: %s", errs.String())
	}
	written, globErr := filepath.Glob(filepath.Join(dir, "*"))
	if globErr != nil {
		t.Fatal(globErr)
	}
	failed := 0
	for line := range strings.Lines(errs.String()) {
		if !strings.HasPrefix(line, "earshot: ") || strings.Contains(line, "panic") {
			t.Errorf("it says %q", line)
		}
		if strings.Contains(line, "files could not be transcribed") {
			want := fmt.Sprintf("%d of %d files", len(files)-len(written), len(files))
			if err == nil || !strings.Contains(line, want) {
				t.Errorf("%d of %d transcripts were written, and it says %q, %v", len(written), len(files), line, err)
			}
			failed++
		}
	}
	if cmd.ProcessState.ExitCode() != 1 || failed != 1 || len(written) == 0 {
		t.Errorf("exit code %d, %d transcripts: %s", cmd.ProcessState.ExitCode(), len(written), errs.String())
	}
	t.Log(errs.String())
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no such file":    {[]string{"transcribe", filepath.Join(dir, "nowhere.mp3")}, 1, "nowhere.mp3: no such file"},
		"not audio":       {[]string{"transcribe", file("notes.mp3", "these are my notes, and no audio at all")}, 1, "notes.mp3"},
		"empty":           {[]string{"transcribe", file("empty.wav", "")}, 1, "empty"},
		"wrong model":     {[]string{"transcribe", "--model", "bass", sample(t)}, 1, "base"},
		"missing model":   {[]string{"transcribe", "--model", "large-v3", sample(t)}, 1, "models pull"},
		"wrong language":  {[]string{"transcribe", "--language", "klingon", sample(t)}, 1, "klingon"},
		"wrong format":    {[]string{"transcribe", "--format", "docx", sample(t)}, 2, "srt"},
		"wrong flag":      {[]string{"status", "--nonsense"}, 2, "nonsense"},
		"wrong command":   {[]string{"dance"}, 2, "dance"},
		"too few":         {[]string{"add"}, 2, "add SOURCE"},
		"no such source":  {[]string{"add", filepath.Join(dir, "nothing")}, 1, "nothing"},
		"HTML as a feed":  {[]string{"add", file("page.xml", "<!doctype html><html><title>x</title><body>hello</body></html>")}, 1, "page"},
		"text as a feed":  {[]string{"add", file("list.txt", "hello")}, 1, "list.txt"},
		"empty folder":    {[]string{"add", t.TempDir()}, 1, "no"},
		"private network": {[]string{"add", "http://127.0.0.1:9/feed.xml"}, 1, "private"},
	} {
		_, errs, code := p.run(tc.args...)
		if code != tc.code || !strings.Contains(errs, tc.says) || strings.Count(strings.TrimSpace(errs), "\n") > 0 {
			t.Errorf("%s: exit code %d, want %d, and a line with %q: %s", name, code, tc.code, tc.says, errs)
		}
	}
}

func TestAPortInUseIsNamed(t *testing.T) {
	t.Parallel()
	p := bareProgram(t)
	base := p.serve()
	other := bareProgram(t)
	_, errs, code := other.run("serve", "--listen", strings.TrimPrefix(base, "http://"))
	if code != 1 || !strings.Contains(errs, "in use") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestAFeedFileWithTheAudioBesideIt(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(fixtures(t), "audio", "podcast")
	p := newProgram(t)
	copyDir := t.TempDir()
	for _, name := range []string{"p02_e04.mp3", "p02_e05.mp3"} {
		if !isFile(filepath.Join(dir, name)) {
			t.Skip("no podcast among the fixtures")
		}
		firstSeconds(t, filepath.Join(dir, name), filepath.Join(copyDir, name))
	}
	feed := filepath.Join(copyDir, "feed.xml")
	copyFile(t, filepath.Join(dir, "practical-systems.xml"), feed)
	out, errs, code := p.run("add", "--wait", feed)
	if code != 1 || !strings.Contains(out+errs, "failed") {
		t.Errorf("three of five recordings are missing, and the command ends with %d: %s%s", code, out, errs)
	}
	if st := p.status(); st.Episodes[models.EpisodeDone] != 2 {
		t.Errorf("status %+v", st)
	}
	if got := p.search("title:live reliability"); got.Total == 0 {
		t.Errorf("found %+v", got)
	}
}
