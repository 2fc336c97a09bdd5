package whisper

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

func tokens(parts ...string) []token {
	var s []token
	for i, p := range parts {
		s = append(s, token{text: []byte(p), startMS: int64(i) * 100, probability: 0.5})
	}
	return s
}

func wordsOf(segments []models.Segment) []models.Word {
	var out []models.Word
	for _, s := range segments {
		out = append(out, s.Words...)
	}
	return out
}

func texts(segments []models.Segment) []string {
	var out []string
	for _, w := range wordsOf(segments) {
		out = append(out, w.Text)
	}
	return out
}

func TestWords(t *testing.T) {
	everywhere := []span{{0, 60 * SampleRate}}
	for name, tc := range map[string]struct {
		in       []token
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
		got := segmentsFrom(tc.in, tc.language, everywhere, loudness{})
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
	in := []token{
		{text: []byte(" early"), startMS: 200},
		{text: []byte(" late"), startMS: 2100},
		{text: []byte(" next"), startMS: 4000},
		{text: []byte(" inside"), startMS: 6000},
		{text: []byte(" over"), startMS: 9900},
	}
	got := wordsOf(segmentsFrom(in, "en", speech, loudness{}))
	for i, want := range []models.Word{{StartMS: 1000, EndMS: 1940}, {StartMS: 1940, EndMS: 2000}, {StartMS: 5000, EndMS: 6000}, {StartMS: 6000, EndMS: 7500}, {StartMS: 7940, EndMS: 8000}} {
		if got[i].StartMS != want.StartMS || got[i].EndMS != want.EndMS {
			t.Errorf("%q is at %d–%d ms, want %d–%d", got[i].Text, got[i].StartMS, got[i].EndMS, want.StartMS, want.EndMS)
		}
	}
}

func TestSpeechBeginsWithAWord(t *testing.T) {
	speech := []span{{0, 2 * SampleRate}, {3 * SampleRate, 6 * SampleRate}}
	in := []token{{text: []byte(" one"), startMS: 300}, {text: []byte(" two"), startMS: 3400}, {text: []byte(" three"), startMS: 3450}}
	got := wordsOf(segmentsFrom(in, "en", speech, loudness{}))
	for i, want := range []int64{0, 3000, 3450} {
		if got[i].StartMS != want {
			t.Errorf("%q begins at %d ms, want %d", got[i].Text, got[i].StartMS, want)
		}
	}
}

func TestNobodyIsSilentWithinAWord(t *testing.T) {
	speech := []span{{0, 2 * SampleRate}, {3 * SampleRate, 6 * SampleRate}}
	in := []token{
		{text: []byte(" not"), startMS: 200, endMS: 1200},
		{text: []byte(" what"), startMS: 1270, endMS: 3300},
		{text: []byte(" your"), startMS: 3370, endMS: 3600},
	}
	got := wordsOf(segmentsFrom(in, "en", speech, loudness{}))
	for i, want := range []int64{0, 3000, 3370} {
		if got[i].StartMS != want {
			t.Errorf("%q begins at %d ms, want %d", got[i].Text, got[i].StartMS, want)
		}
	}
}

func TestWordsAtTheSameMomentShareTheTime(t *testing.T) {
	in := []token{{text: []byte(" one"), startMS: 1000}, {text: []byte(" two"), startMS: 1000}, {text: []byte(" three"), startMS: 1600}}
	got := wordsOf(segmentsFrom(in, "en", []span{{0, 2 * SampleRate}}, loudness{}))
	if got[0].EndMS != 1300 || got[1].StartMS != 1300 || got[1].EndMS != 1600 || got[2].EndMS != 2000 {
		t.Errorf("the words are at %+v", got)
	}
}

func TestSegmentsEndWhereOnePauses(t *testing.T) {
	said := func(starts []int64, words ...string) []models.Word {
		out := make([]models.Word, len(words))
		for i, w := range words {
			out[i] = models.Word{StartMS: starts[i], EndMS: starts[i] + 500, Text: w}
		}
		return out
	}
	even := []int64{0, 1000, 2000, 3000, 4000}
	for name, tc := range map[string]struct {
		words []models.Word
		want  int
	}{
		"a sentence":               {said(even, "It", "is", "so.", "And", "on"), 3},
		"a very short sentence":    {said(even, "No.", "It", "is", "not.", "So"), 4},
		"an initial":               {said(even, "that", "was", "Richard", "D.", "Bartlett"), 5},
		"a doctor":                 {said(even, "and", "then", "came", "Dr.", "Brown"), 5},
		"a quoted question":        {said(even, "he", "said", "“so", "what?”", "Then"), 4},
		"a breath":                 {said([]int64{0, 500, 1800, 2300, 2800}, "one", "and", "two", "and", "three"), 2},
		"a long sentence":          {said([]int64{0, 600, 7600, 8200, 8800}, "on", "and", "on,", "and,", "on"), 2},
		"Japanese":                 {said(even, "こ", "れ", "だ。", "そ", "れ"), 3},
		"all of it, to the end":    {said([]int64{0, 500, 1000, 1500, 2000}, "it", "goes", "on", "to", "the end"), 5},
		"a clause that takes long": {said([]int64{0, 500, 1000, 1500, 2000}, "it", "goes,", "on", "to", "the end"), 5},
	} {
		if got := segmentLength(tc.words); got != tc.want {
			t.Errorf("%s: a segment of %d words, want %d", name, got, tc.want)
		}
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
		var in []token
		for p := range strings.SplitSeq(text, "|") {
			in = append(in, token{text: []byte(p), startMS: at})
			at = max(0, at+step)
		}
		language := "en"
		if japanese {
			language = "ja"
		}
		last := int64(0)
		for _, s := range segmentsFrom(append(in, in...), language, []span{{16000, 32000}, {64000, 96000}}, loudness{}) {
			for _, w := range s.Words {
				if !utf8.ValidString(w.Text) || w.Text == "" || w.StartMS < last || w.EndMS < w.StartMS {
					t.Fatalf("a bad word %+v after %d ms", w, last)
				}
				last = w.StartMS
			}
		}
	})
}
