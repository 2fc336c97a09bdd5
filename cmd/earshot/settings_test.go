//go:build !stub

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
)

// transcriptAnswer is what these tests read of the API's answer.
type transcriptAnswer struct {
	Task       models.TranscriptTask
	Tasks      []models.TranscriptTask
	Language   string
	Vocabulary string
	Complete   bool
	Warning    string
	Report     models.Report
	Segments   []models.Segment
}

func (t transcriptAnswer) text() string {
	return models.Transcript{Segments: t.Segments}.Text()
}

// onlyEpisode returns the address of the archive's one episode.
func onlyEpisode(t *testing.T, base string) string {
	t.Helper()
	var list struct {
		Episodes []struct {
			ID     string
			State  models.EpisodeState
			Reason string
		}
	}
	getJSON(t, base+"/api/v1/episodes", &list)
	if len(list.Episodes) != 1 || list.Episodes[0].State != models.EpisodeDone {
		t.Fatalf("the archive has %+v", list.Episodes)
	}
	return base + "/api/v1/episodes/" + list.Episodes[0].ID
}

// TestNoSpeech: a recording in which nobody speaks is done, with an empty transcript that says why.
func TestNoSpeech(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	path := filepath.Join(t.TempDir(), "quiet.wav")
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=frequency=200:duration=5", "-f", "lavfi", "-i", "anullsrc=r=16000:d=10",
		"-filter_complex", "[0][1]concat=n=2:v=0:a=1", "-ar", "16000", "-ac", "1", path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, errs, code := p.run("transcribe", "--report", path)
	if code != 0 || strings.TrimSpace(out) != "" || !strings.Contains(errs, "no speech") {
		t.Errorf("exit code %d: %q %q", code, out, errs)
	}
	p.must("add", "--wait", path)
	if st := p.status(); st.Episodes[models.EpisodeDone] != 1 || len(st.Failures) != 0 {
		t.Errorf("status %+v", st)
	}
	var got transcriptAnswer
	getJSON(t, onlyEpisode(t, p.serve())+"/transcript", &got)
	if !got.Complete || len(got.Segments) != 0 || !strings.Contains(got.Warning, "no speech") || got.Report.DecodedMS < 14_900 {
		t.Errorf("the transcript is %+v", got)
	}
}

// TestSettingsOfAShow: what an owner chooses for a show is kept, told to the decoder, and counts when it is transcribed again.
func TestSettingsOfAShow(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	path := filepath.Join(t.TempDir(), "speech.mp3")
	copyFile(t, sample(t), path)
	p.must("add", "--wait", "--language", "en", "--vocabulary", "Enspiral, Kennedy", path)
	shows := func() []listedShow {
		t.Helper()
		var out []listedShow
		if err := json.Unmarshal([]byte(p.must("shows", "--json")), &out); err != nil || len(out) != 1 {
			t.Fatalf("%v: %+v", err, out)
		}
		return out
	}
	if s := shows()[0].Settings; s.Language != "en" || len(s.Vocabulary) != 2 || s.Vocabulary[0] != "Enspiral" {
		t.Errorf("added with the settings %+v", s)
	}
	st := p.status()
	if st.Speed <= 0 || st.WaitingMS != 0 || st.LeftMS != 0 {
		t.Errorf("status %+v", st)
	}
	if out := p.must("status"); !strings.Contains(out, "× real time") {
		t.Errorf("status says %q", out)
	}
	list := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(list, []byte("# names\nKaicamp\n\nAnaïs Nin, Kaicamp\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.must("shows", "set", "record", "--vocabulary-file", list, "--language", "", "--hints", "words")
	if s := shows()[0].Settings; s.Language != "" || strings.Join(s.Vocabulary, "|") != "# names|Kaicamp|Anaïs Nin" || s.Hints != models.HintsWords {
		t.Errorf("then the settings are %+v", s)
	}
	p.must("add", path) // changes nothing
	if out := p.must("retranscribe", "--wait", "speech"); !strings.Contains(out, "1 episode queued") {
		t.Errorf("retranscribe says %q", out)
	}
	var got transcriptAnswer
	getJSON(t, onlyEpisode(t, p.serve())+"/transcript", &got)
	if got.Vocabulary != "Glossary: Anaïs Nin, Kaicamp, # names." || got.Language != "en" || !strings.Contains(words(got.text()), "your country") {
		t.Errorf("the new transcript is %+v", got)
	}
	if r := got.Report; r.TookMS <= 0 || r.DecodedMS < 10_900 || r.SpeechMS <= 0 || r.Chunks == 0 || r.Engine == "" || r.Languages["en"] != r.SpeechMS {
		t.Errorf("its report is %+v", r)
	}
}

// TestTranslation: the second transcript comes by itself, is read beside the first, and is not searched.
func TestTranslation(t *testing.T) {
	t.Parallel()
	path := filepath.Join(fixtures(t), "audio", "speech", "test_fr.wav")
	if !isFile(path) {
		t.Skip("no French recording among the fixtures")
	}
	p := newProgram(t)
	p.must("add", "--wait", "--language", "fr", "--translate", path)
	episode := onlyEpisode(t, p.serve())
	var french, english transcriptAnswer
	getJSON(t, episode+"/transcript", &french)
	getJSON(t, episode+"/transcript?task=translate", &english)
	if len(french.Tasks) != 2 || french.Task != models.TaskTranscribe || english.Task != models.TaskTranslate || !english.Complete {
		t.Fatalf("%+v and %+v", french, english)
	}
	t.Logf("%q: %q", french.text(), english.text())
	if french.text() == english.text() || len(english.Segments) == 0 {
		t.Errorf("%q was translated as %q", french.text(), english.text())
	}
	// A word of the translation that was not said is not found.
	for _, w := range strings.Fields(words(english.text())) {
		if len(w) > 3 && !strings.Contains(words(french.text()), w) {
			if got := p.search(w); got.Total != 0 {
				t.Errorf("%q is only in the translation, and found", w)
			}
			return
		}
	}
	t.Error("the translation has no words of its own")
}

func TestReportOfAFile(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	out, errs, code := p.run("transcribe", "--report", "--vocabulary", "Kennedy", sample(t))
	if code != 0 || !strings.Contains(out, "your country") || strings.Contains(out, "real time") {
		t.Errorf("exit code %d, standard output %q", code, out)
	}
	for _, want := range []string{"jfk.mp3", defaultModel, "× real time", "Glossary: Kennedy.", "% of the recording", "doubtful"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in the report:\n%s", want, errs)
		}
	}
	var d export.Document
	out, errs, _ = p.run("transcribe", "--report", "--format", "json", sample(t))
	if err := json.Unmarshal([]byte(out), &d); err != nil || d.Report == nil || d.Report.Chunks == 0 || strings.Contains(errs, "real time") {
		t.Errorf("%v: %.300s\n%s", err, out, errs)
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for _, name := range []string{"Alpha talks", "Beta talks"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		copyFile(t, sample(t), filepath.Join(dir, "talk.mp3"))
		p.must("add", dir)
	}
	toml := filepath.Join(p.data, "earshot.toml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(toml, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no such show":     {[]string{"shows", "set", "gamma", "--language", "fr"}, 1, "no show"},
		"two shows":        {[]string{"shows", "set", "talks", "--language", "fr"}, 1, "Alpha talks"},
		"nothing to set":   {[]string{"shows", "set", "alpha"}, 2, "--help"},
		"no such language": {[]string{"shows", "set", "alpha", "--language", "klingon"}, 1, "klingon"},
		"no such hints":    {[]string{"shows", "set", "alpha", "--hints", "perhaps"}, 1, "perhaps"},
		"no such list":     {[]string{"shows", "set", "alpha", "--vocabulary-file", "nowhere.txt"}, 1, "nowhere.txt"},
		"two lists":        {[]string{"shows", "set", "alpha", "--vocabulary-file", toml, "--vocabulary", "a"}, 1, "vocabulary"},
		"nothing to redo":  {[]string{"retranscribe", "gamma"}, 1, "no show or episode"},
		"two episodes":     {[]string{"retranscribe", "talk"}, 1, "can mean"},
		"bad hints":        {[]string{"status", "--hints", "perhaps"}, 1, "perhaps"},
	} {
		if _, errs, code := p.run(tc.args...); code != tc.code || !strings.Contains(errs, tc.says) || strings.Count(strings.TrimSpace(errs), "\n") > 0 {
			t.Errorf("%s: exit code %d, want %d, and a line with %q: %s", name, code, tc.code, tc.says, errs)
		}
	}
	for text, says := range map[string]string{
		`vocabulary = ["Enspiral", "Loomio"]`: "", `vocabulary = "Enspiral, Loomio"`: "",
		`vocabulary = ["` + strings.Repeat("x", 200) + `"]`: "shorten", `language = "klingon"`: "klingon", `hints = "maybe"`: "maybe",
	} {
		write(text)
		if _, errs, code := p.run("status"); code != min(1, len(says)) || !strings.Contains(errs, says) {
			t.Errorf("%.40s: exit code %d: %s", text, code, errs)
		}
	}
	write(`vocabulary = ["Enspiral", "Loomio"]`)
	out := p.must("transcribe", "--report", "--format", "json", sample(t))
	if !strings.Contains(out, "Glossary: Loomio, Enspiral.") {
		t.Errorf("the archive's vocabulary is not used: %.300s", out)
	}
}
