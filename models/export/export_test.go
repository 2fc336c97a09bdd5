package export_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
)

func transcript() models.Transcript {
	say := func(startMS int64, text string) models.Segment {
		s := models.Segment{StartMS: startMS, Text: text}
		for i, w := range strings.Fields(text) {
			s.Words = append(s.Words, models.Word{StartMS: startMS + int64(i)*300, EndMS: startMS + int64(i)*300 + 250, Text: w, Probability: 1})
		}
		s.EndMS = s.Words[len(s.Words)-1].EndMS
		return s
	}
	return models.Transcript{Language: "en", Model: "base", DurationMS: 3_700_000, Segments: []models.Segment{
		say(500, "And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country."),
		say(3_661_001, "<b>tags</b> & arrows --> here"),
	}}
}

func write(t *testing.T, f export.Format, tr models.Transcript) string {
	t.Helper()
	var b strings.Builder
	if err := export.Write(&b, f, tr); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSubtitles(t *testing.T) {
	want := `1
00:00:00,500 --> 00:00:05,550
And so, my fellow Americans: ask not what
your country can do for you, ask what you

2
00:00:05,600 --> 00:00:07,050
can do for your country.

3
01:01:01,001 --> 01:01:02,451
<b>tags</b> & arrows → here

`
	if diff := cmp.Diff(want, write(t, export.SRT, transcript())); diff != "" {
		t.Errorf("srt (-want +got):\n%s", diff)
	}
	got := write(t, export.VTT, transcript())
	if !strings.HasPrefix(got, "WEBVTT\n\n00:00:00.500 --> 00:00:05.550\n") || !strings.Contains(got, "&lt;b&gt;tags&lt;/b&gt; &amp; arrows --&gt; here") {
		t.Errorf("vtt:\n%s", got)
	}
}

func TestTextHasParagraphs(t *testing.T) {
	want := "And so, my fellow Americans: ask not what your country can do for you, ask what you can do for your country.\n\n<b>tags</b> & arrows --> here\n"
	if got := write(t, export.Text, transcript()); got != want {
		t.Errorf("text %q", got)
	}
	if got := write(t, export.Text, models.Transcript{}); got != "" {
		t.Errorf("the text of nothing is %q", got)
	}
}

func TestJSON(t *testing.T) {
	var d export.Document
	if err := json.Unmarshal([]byte(write(t, export.JSON, transcript())), &d); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(transcript().Segments, d.Segments); diff != "" || d.Language != "en" || d.DurationMS != 3_700_000 || d.Model != "base" {
		t.Errorf("%+v\n%s", d, diff)
	}
	if got := write(t, export.JSON, models.Transcript{}); !strings.Contains(got, `"segments":[]`) {
		t.Errorf("no segments are %s", got)
	}
}

func TestLanguagesWithoutSpaces(t *testing.T) {
	tr := models.Transcript{Segments: []models.Segment{{Text: "こんにちは", Words: []models.Word{{Text: "こ"}, {Text: "ん"}, {Text: "に"}, {Text: "ち"}, {Text: "は"}}}}}
	if got := write(t, export.SRT, tr); !strings.Contains(got, "こんにちは") {
		t.Errorf("srt:\n%s", got)
	}
}

func TestParse(t *testing.T) {
	if f, err := export.Parse(".VTT"); f != export.VTT || err != nil {
		t.Errorf("%v, %v", f, err)
	}
	if _, err := export.Parse("docx"); err == nil || !strings.Contains(err.Error(), "srt") {
		t.Errorf("an unknown format gives %v", err)
	}
}

func TestPodcastJSON(t *testing.T) {
	want := `{"version":"1.0.0","segments":[` +
		`{"startTime":0.5,"endTime":5.55,"body":"And so, my fellow Americans: ask not what your country can do for you, ask what you"},` +
		`{"startTime":5.6,"endTime":7.05,"body":"can do for your country."},` +
		`{"startTime":3661.001,"endTime":3662.451,"body":"<b>tags</b> & arrows --> here"}]}` + "\n"
	if diff := cmp.Diff(want, write(t, export.PodcastJSON, transcript())); diff != "" {
		t.Error(diff)
	}
}
