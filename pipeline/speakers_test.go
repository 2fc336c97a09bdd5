package pipeline

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
)

// conversation is a recording of two minutes with a tone a side: the left one sounds from 0 to 3 s, the right one from 3 to
// 6 s, and so on; from 60 to 66 s both do.
func conversation(t *testing.T) string {
	t.Helper()
	if err := audio.New(audio.Options{}).Check(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), "conversation.mp3")
	const sound = "0.3*sin(2*PI*300*t)*gt(mod(t\\,1)\\,0.1)*max(between(t\\,60\\,66)\\,"
	out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i",
		"aevalsrc="+sound+"lt(mod(t\\,6)\\,3))|"+sound+"gte(mod(t\\,6)\\,3)):s=16000:d=120", path).CombinedOutput()
	if err != nil {
		t.Fatalf("making the recording: %v: %s", err, out)
	}
	return path
}

func hear(t *testing.T, path string) Speakers {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, _, err := listen(t.Context(), audio.New(audio.Options{}), f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// said makes words of so many ms each from a text, the first one starting at startMS.
func said(text string, startMS, each int64) []models.Word {
	var out []models.Word
	for w := range strings.FieldsSeq(text) {
		out = append(out, models.Word{StartMS: startMS, EndMS: startMS + each, Text: w, Probability: 0.5})
		startMS += each
	}
	return out
}

func segment(glue string, words []models.Word) models.Segment {
	return models.Segment{StartMS: words[0].StartMS, EndMS: words[len(words)-1].EndMS, Text: models.JoinWords(words, glue), Words: words, Doubtful: true}
}

func TestWordsGoToTheirSide(t *testing.T) {
	speakers := hear(t, conversation(t))
	if speakers == nil {
		t.Fatal("the recording has one speaker a side")
	}
	for name, c := range map[string]struct {
		glue string
		in   [][]models.Word // of one segment each
		want []string
	}{
		"a turn within a segment":    {" ", [][]models.Word{said("one two three four five six", 1800, 400)}, []string{"Left: one two three", "Right: four five six"}},
		"a turn that goes on":        {" ", [][]models.Word{said("a b c d e f g h i", 2100, 450)}, []string{"Left: a b", "Right: c d e f g h i"}},
		"several segments":           {" ", [][]models.Word{said("one two", 100, 300), said("three four", 700, 300), said("five", 3100, 300)}, []string{"Left: one two", "Left: three four", "Right: five"}},
		"a language without spaces":  {"", [][]models.Word{said("今 日 は い い", 2500, 200)}, []string{"Left: 今日は", "Right: いい"}},
		"times that are a bit off":   {" ", [][]models.Word{said("x y", 2300, 390), said("z", 3080, 300)}, []string{"Left: x y", "Right: z"}},
		"a short sound of the other": {" ", [][]models.Word{append(said("one two", 2000, 480), said("three", 2960, 100)...)}, []string{"Left: one two three"}},
		"both at once":               {" ", [][]models.Word{said("oh well now", 62000, 300)}, []string{": oh well now"}},
		"both, then one":             {" ", [][]models.Word{said("oh well now I see", 65400, 300)}, []string{"Left: oh well now I see"}},
		"after the end":              {" ", [][]models.Word{said("who knows", 500000, 300)}, []string{": who knows"}},
		"nothing":                    {" ", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var in []models.Segment
			for _, words := range c.in {
				in = append(in, segment(c.glue, words))
			}
			var got []string
			var words, all []models.Word
			at := int64(0)
			for _, s := range label(slices.Clone(in), speakers) {
				got = append(got, s.Speaker+": "+s.Text)
				words = append(words, s.Words...)
				if s.StartMS < at || s.StartMS != s.Words[0].StartMS || s.EndMS != s.Words[len(s.Words)-1].EndMS || !s.Doubtful {
					t.Errorf("segment %+v after %d ms", s, at)
				}
				at = s.StartMS
			}
			for _, s := range in {
				all = append(all, s.Words...)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(all, words); d != "" {
				t.Errorf("words changed: %s", d)
			}
		})
	}
}

func TestSegmentsWithoutWordsStay(t *testing.T) {
	in := []models.Segment{{StartMS: 1000, EndMS: 2000, Text: "as it was"}}
	if d := cmp.Diff(in, label(slices.Clone(in), hear(t, conversation(t)))); d != "" {
		t.Error(d)
	}
}

func TestOneVoiceHasNoName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mono.mp3")
	if out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-i", conversation(t), "-ac", "1", path).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	speakers := hear(t, path)
	in := []models.Segment{segment(" ", said("one two three four", 2000, 400))}
	if d := cmp.Diff(in, label(in, speakers)); d != "" || speakers != nil {
		t.Error(speakers, d)
	}
}

func TestListeningEndsWithItsContext(t *testing.T) {
	f, err := os.Open(conversation(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, _, err := listen(ctx, audio.New(audio.Options{}), f); s != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", s, err)
	}
}
