//go:build !stub

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
)

// publisher is a podcast whose episodes are all the same recording, each with a transcript of its own.
func publisher(t *testing.T) string {
	t.Helper()
	files := map[string][2]string{
		// The words of the recording, six seconds too late.
		"/late.vtt": {"text/vtt", "WEBVTT\n\n00:06.000 --> 00:09.000\n<v Ann Bell>The river was low that summer, and the children walked\n\n00:09.000 --> 00:11.200\nacross it on the stones.\n\n" +
			"00:11.800 --> 00:14.000\n<v Bo Clay>In the evening they came back with wet shoes,\n\n00:14.000 --> 00:18.500\na basket of apples, and a story about an old boat\n\n00:18.500 --> 00:20.000\nthat nobody had seen for thirty years.\n"},
		"/other.srt": {"application/x-subrip", "1\n00:00:00,000 --> 00:00:06,000\nWelcome to another show about something entirely different\n\n2\n00:00:06,000 --> 00:00:12,000\nin which we talk of money, markets and what became of the zeppelin\n"},
		"/text.html": {"text/html", "<cite>Ann Bell:</cite><p>The river was low that summer, and the children walked across it on the stones.</p><p>In the evening they came back with wet shoes, " +
			"a basket of apples, and a story about an old boat that nobody had seen for forty years.</p>"},
		"/gone.json": {"application/json", `{"segments":[{"speaker":"Cy","startTime":1,"endTime":3,"body":"This audio is gone, the xylophone stays."}]}`},
	}
	audio, err := filepath.Abs(filepath.Join("..", "..", "pipeline", "calibrate", "sample", "speech.ogg"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, f := range files {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", f[0])
			_, _ = w.Write([]byte(f[1]))
		})
	}
	mux.HandleFunc("/speech.ogg", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, audio) })
	mux.HandleFunc("/feed.xml", func(w http.ResponseWriter, r *http.Request) {
		b := &strings.Builder{}
		fmt.Fprint(b, `<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>Rivers</title><language>en</language>`)
		for _, e := range [][4]string{
			{"Late", "speech.ogg", "late.vtt", "text/vtt"}, {"Other", "speech.ogg", "other.srt", "application/x-subrip"},
			{"Untimed", "speech.ogg", "text.html", "text/html"}, {"Gone", "gone.ogg", "gone.json", "application/json"},
		} {
			base := "http://" + r.Host + "/"
			fmt.Fprintf(b, `<item><title>%s</title><guid>%s</guid><enclosure url="%s?%s" type="audio/ogg"/><podcast:transcript url="%s" type="%s"/></item>`,
				e[0], e[0], base+e[1], e[0], base+e[2], e[3])
		}
		fmt.Fprint(b, `</channel></rss>`)
		w.Header().Set("Content-Type", "application/rss+xml")
		_, _ = w.Write([]byte(b.String()))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/feed.xml"
}

// TestPublishersTranscripts: a transcript that fits the audio after being moved is used and nothing is transcribed; one of
// something else is refused; a text without times gets those of what was heard; and one whose audio is gone can be found.
func TestPublishersTranscripts(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.env = append(p.env, "EARSHOT_ALLOW_PRIVATE=true")
	_, errs, code := p.run("add", "--wait", "--transcripts", "publisher", publisher(t))
	if code != 1 || !strings.Contains(errs, "Gone") {
		t.Errorf("the audio of one episode is gone: exit code %d, %s", code, errs)
	}
	if st := p.status(); st.Episodes[models.EpisodeDone] != 3 || st.Episodes[models.EpisodeFailed] != 1 {
		t.Errorf("status %+v", st)
	}
	found := map[string]models.EpisodeID{}
	for _, query := range []string{`"river was low" title:late`, `"river was low" title:other`, `"forty years" title:untimed`, "xylophone"} {
		got := p.search(query)
		if got.Total == 0 {
			t.Fatalf("%s is not found", query)
		}
		found[query] = got.Hits[0].Episode.ID
	}
	address := p.serve()
	read := func(query string) (source models.TranscriptSource, d export.Document) {
		t.Helper()
		var tr struct {
			Source models.TranscriptSource `json:"source"`
			Origin *struct {
				From    string
				Checked bool
				Shifts  []models.Shift
			} `json:"origin"`
			export.Document
		}
		getJSON(t, address+"/api/v1/episodes/"+string(found[query])+"/transcript", &tr)
		if o := tr.Origin; (o != nil) != (tr.Source == models.TranscriptPublisher) || o != nil && (strings.Contains(o.From, ".vtt") || o.Shifts == nil) {
			t.Errorf("a transcript of %s says that it comes from %+v", tr.Source, o)
		}
		return tr.Source, tr.Document
	}
	at := func(d export.Document, word string) int64 {
		for _, s := range d.Segments {
			for _, w := range s.Words {
				if strings.HasPrefix(w.Text, word) {
					return w.StartMS
				}
			}
		}
		t.Errorf("no word %q", word)
		return 0
	}

	source, late := read(`"river was low" title:late`)
	if source != models.TranscriptPublisher || len(late.Segments) == 0 || late.Segments[0].Speaker != "Ann Bell" || late.Model != "" {
		t.Errorf("what fits is %s: %+v", source, late)
	}
	source, other := read(`"river was low" title:other`)
	if source != models.TranscriptWhisper {
		t.Errorf("instead of what does not fit there is %s", source)
	}
	// Where a word is said is known from the one that was transcribed.
	for _, word := range []string{"evening", "apples"} {
		if d := at(late, word) - at(other, word); max(d, -d) > 1000 {
			t.Errorf("%q is %d ms off in the transcript that was moved", word, d)
		}
	}
	source, untimed := read(`"forty years" title:untimed`)
	if d := at(untimed, "apples") - at(other, "apples"); source != models.TranscriptPublisher || max(d, -d) > 500 {
		t.Errorf("in a text without times, of %s, a word is %d ms off", source, d)
	}
	source, _ = read("xylophone")
	if source != models.TranscriptPublisher {
		t.Errorf("without audio there is %s", source)
	}
	var list struct {
		Episodes []struct{ Title, Reason string }
	}
	getJSON(t, address+"/api/v1/episodes", &list)
	twin := regexp.MustCompile(`^this is the same recording as "\w+" of "Rivers"(; )?`) // three of them are, and that is said, too
	for _, e := range list.Episodes {
		e.Reason = twin.ReplaceAllString(e.Reason, "")
		want, ok := map[string]string{"Other": "the publisher's transcript is not used: it is not what is said in the audio", "Late": "", "Untimed": ""}[e.Title]
		if ok && (!strings.HasPrefix(e.Reason, want) || want == "" && e.Reason != "") {
			t.Errorf("%s: the reason is %q, want %q", e.Title, e.Reason, want)
		}
	}
}
