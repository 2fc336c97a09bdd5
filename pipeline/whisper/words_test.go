package whisper

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

func tokens(parts ...string) tokenSegment {
	var s tokenSegment
	for i, p := range parts {
		s.tokens = append(s.tokens, token{text: []byte(p), startMS: int64(i) * 100, probability: 0.5})
	}
	return s
}

func texts(segments []models.Segment) []string {
	var out []string
	for _, s := range segments {
		for _, w := range s.Words {
			out = append(out, w.Text)
		}
	}
	return out
}

func TestWords(t *testing.T) {
	everywhere := []span{{0, 60 * SampleRate}}
	for name, tc := range map[string]struct {
		in       tokenSegment
		language string
		want     []string
		text     string
	}{
		"joined":      {tokens(" En", "sp", "iral", " is", " here", "."), "en", []string{"Enspiral", "is", "here."}, "Enspiral is here."},
		"quotes":      {tokens(" \"", "So", ",\"", " he", " said", "."), "en", []string{"\"So,\"", "he", "said."}, "\"So,\" he said."},
		"alone":       {tokens(" Hello", " ,", " you"), "en", []string{"Hello,", "you"}, "Hello, you"},
		"halves":      {tokens(" caf", "\xc3", "\xa9", " là"), "fr", []string{"café", "là"}, "café là"},
		"broken":      {tokens(" caf\xc3", " là"), "fr", []string{"caf", "là"}, "caf là"},
		"control":     {tokens(" a\x00b", " \x1b[2J", "c"), "en", []string{"ab", "[2Jc"}, "ab [2Jc"},
		"Japanese":    {tokens("こ", "ん", "に", "ち", "は", "。"), "ja", []string{"こ", "ん", "に", "ち", "は。"}, "こんにちは。"},
		"only dashes": {tokens(" -", " ...", " ♪"), "en", nil, ""},
	} {
		got := segmentsFrom([]tokenSegment{tc.in}, tc.language, everywhere)
		if diff := cmp.Diff(tc.want, texts(got)); diff != "" {
			t.Errorf("%s: words (-want +got):\n%s", name, diff)
		}
		if len(got) > 0 && got[0].Text != tc.text {
			t.Errorf("%s: text %q, want %q", name, got[0].Text, tc.text)
		}
	}
}

func TestWordsStayOutOfSilence(t *testing.T) {
	speech := []span{{1 * SampleRate, 2 * SampleRate}, {5 * SampleRate, 8 * SampleRate}}
	in := tokenSegment{[]token{
		{text: []byte(" early"), startMS: 200},
		{text: []byte(" late"), startMS: 2100},
		{text: []byte(" next"), startMS: 4000},
		{text: []byte(" inside"), startMS: 6000},
		{text: []byte(" over"), startMS: 9900},
	}}
	got := segmentsFrom([]tokenSegment{in}, "en", speech)[0].Words
	for i, want := range []models.Word{{StartMS: 1000, EndMS: 1940}, {StartMS: 1940, EndMS: 2000}, {StartMS: 5000, EndMS: 6000}, {StartMS: 6000, EndMS: 7500}, {StartMS: 7940, EndMS: 8000}} {
		if got[i].StartMS != want.StartMS || got[i].EndMS != want.EndMS {
			t.Errorf("%q is at %d–%d ms, want %d–%d", got[i].Text, got[i].StartMS, got[i].EndMS, want.StartMS, want.EndMS)
		}
	}
}

func TestSpeechBeginsWithAWord(t *testing.T) {
	speech := []span{{0, 2 * SampleRate}, {3 * SampleRate, 6 * SampleRate}}
	in := tokenSegment{[]token{{text: []byte(" one"), startMS: 300}, {text: []byte(" two"), startMS: 3400}, {text: []byte(" three"), startMS: 3450}}}
	got := segmentsFrom([]tokenSegment{in}, "en", speech)[0].Words
	for i, want := range []int64{0, 3000, 3450} {
		if got[i].StartMS != want {
			t.Errorf("%q begins at %d ms, want %d", got[i].Text, got[i].StartMS, want)
		}
	}
}

func TestWordsAtTheSameMomentShareTheTime(t *testing.T) {
	in := tokenSegment{[]token{{text: []byte(" one"), startMS: 1000}, {text: []byte(" two"), startMS: 1000}, {text: []byte(" three"), startMS: 1600}}}
	got := segmentsFrom([]tokenSegment{in}, "en", []span{{0, 2 * SampleRate}})[0].Words
	if got[0].EndMS != 1300 || got[1].StartMS != 1300 || got[1].EndMS != 1600 || got[2].EndMS != 2000 {
		t.Errorf("the words are at %+v", got)
	}
}

func TestWordsThatAreStoredDoNotComeTwice(t *testing.T) {
	word := func(at int64, text string) models.Word { return models.Word{StartMS: at, EndMS: at + 100, Text: text} }
	in := []models.Segment{
		{StartMS: 100, EndMS: 300, Text: "all old", Words: []models.Word{word(100, "all"), word(200, "old")}},
		{StartMS: 900, EndMS: 1100, Text: "half new", Words: []models.Word{word(900, "half"), word(1000, "new")}},
		{StartMS: 1200, EndMS: 1300, Text: "new", Words: []models.Word{word(1200, "new")}},
	}
	got := segmentsAfter(in, 1000)
	if len(got) != 2 || got[0].Text != "new" || got[0].StartMS != 1000 || got[1].StartMS != 1200 {
		t.Errorf("kept %+v", got)
	}
}

func FuzzSegments(f *testing.F) {
	f.Add(" hello| wor|ld.", int64(100), int64(50), false)
	f.Add("\xff\xfe| \"|x", int64(-5), int64(0), true)
	f.Fuzz(func(t *testing.T, text string, at, step int64, japanese bool) {
		if at < 0 || at > 1<<40 || step < -1000 || step > 1<<20 {
			t.Skip()
		}
		var in tokenSegment
		for p := range strings.SplitSeq(text, "|") {
			in.tokens = append(in.tokens, token{text: []byte(p), startMS: at})
			at = max(0, at+step)
		}
		language := "en"
		if japanese {
			language = "ja"
		}
		last := int64(0)
		for _, s := range segmentsFrom([]tokenSegment{in, in}, language, []span{{16000, 32000}, {64000, 96000}}) {
			for _, w := range s.Words {
				if !utf8.ValidString(w.Text) || w.Text == "" || w.StartMS < last || w.EndMS < w.StartMS {
					t.Fatalf("a bad word %+v after %d ms", w, last)
				}
				last = w.StartMS
			}
		}
	})
}
