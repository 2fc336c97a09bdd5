package search

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot/earshot/models"
)

func TestPackedGivesBackWhatWentIn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 2, 127, 128, 129, 1000, 4096} {
		for _, top := range []uint32{1, 2, 300, 1 << 20, ^uint32(0)} {
			in := make([]uint32, n)
			for i := range in {
				in[i] = r.Uint32N(top)
				if top > 300 && r.IntN(10) > 0 { // few need many bits
					in[i] %= 40
				}
			}
			p, err := readPacked(packArray(in))
			if err != nil || p.n != n {
				t.Fatalf("n %d, below %d: %v", n, top, err)
			}
			from := r.IntN(n + 1)
			if got := p.slice(nil, from, n); !slices.Equal(got, in[from:]) {
				t.Fatalf("n %d, below %d: slice from %d differs", n, top, from)
			}
			for i, v := range in {
				if p.at(i) != v {
					t.Fatalf("n %d, below %d: value %d is %d, was %d", n, top, i, p.at(i), v)
				}
			}
			for _, v := range append(in[:min(n, 50):min(n, 50)], 0, 7, top) {
				var want, got []int
				to := from + r.IntN(n-from+1)
				for i := from; i < to; i++ {
					if in[i] == v {
						want = append(want, i)
					}
				}
				if p.find(v, from, to, func(i int) { got = append(got, i) }); !slices.Equal(got, want) {
					t.Fatalf("n %d, below %d: %d is found at %v of [%d, %d), is at %v", n, top, v, got, from, to, want)
				}
			}
		}
	}
}

func TestStringListGivesBackWhatWentIn(t *testing.T) {
	long := strings.Repeat("long", 10)
	for _, in := range [][]string{
		nil, {""}, {"a"}, {"a", "a", "ab", "abc", "b"}, {long, long + "er", long + "est", long + strings.Repeat("x", 300)},
		strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z"),
	} {
		l, err := readStrings(packStrings(in))
		if err != nil || l.n != len(in) {
			t.Fatalf("%q: %d strings, %v", in, l.n, err)
		}
		for i, want := range in {
			if got := l.at(i, nil); string(got) != want {
				t.Errorf("%q: string %d is %q", in, i, got)
			}
		}
		for _, key := range append([]string{"", "a", "aa", "h", "hh", "i", "zz", long + "es"}, in...) {
			want := slices.IndexFunc(in, func(s string) bool { return s >= key })
			got := -1
			l.from([]byte(key), func(i int, s []byte) bool {
				if string(s) != in[i] {
					t.Errorf("%q: string %d is %q", in, i, s)
				}
				got = i
				return false
			})
			if got != want {
				t.Errorf("%q: from %q on begins at %d, want %d", in, key, got, want)
			}
		}
	}
}

func TestSpellingGivesBackWhatWentIn(t *testing.T) {
	long := strings.Repeat("lang", 40)
	var data []byte
	texts := []string{"budget", "Budget,", "BUDGET", "bud", "Buds", "…", "Café", "ÉCLAIR", "ẞ", "ß", "ı", "İ", "K", "ǅ", "x" + long, "L'avion.", long}
	for _, text := range texts {
		for _, plain := range []string{"budget", "cafe", "", "l", long} {
			data = appendSpelling(data, plain, text)
		}
	}
	var s respelling
	for _, text := range texts {
		for _, plain := range []string{"budget", "cafe", "", "l", long} {
			s, data = readSpelling(data)
			if got := s.apply([]byte(plain)); string(got) != text {
				t.Errorf("%q of %q reads %q", text, plain, got)
			}
		}
	}
	if len(data) != 0 {
		t.Errorf("%d bytes are left", len(data))
	}
}

func TestTableWordsAndTokens(t *testing.T) {
	an := testAnalyzer(t)
	d := generated(4, 20).all()[1]
	b, err := newBuilder(an).build(d, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	tab, err := readTable(b.table)
	if err != nil {
		t.Fatal(err)
	}
	words, speakers := spokenWords(d.Transcript)
	if tab.wordCount() != len(words) {
		t.Fatalf("%d words of %d", tab.wordCount(), len(words))
	}
	var texts []string
	tab.eachWord(0, len(words), func(_ int, text []byte) { texts = append(texts, string(text)) })
	token := 0
	for i, w := range words {
		tab.eachWord(i, i+1, func(_ int, text []byte) {
			if string(text) != texts[i] {
				t.Fatalf("word %d is %q by itself and %q among others", i, text, texts[i])
			}
		})
		if tab.tokenOf(i) != token {
			t.Fatalf("word %d begins with token %d, want %d", i, tab.tokenOf(i), token)
		}
		if texts[i] != w.text || tab.startMS(i) != int64(w.start) || tab.endMS(i) != int64(w.end) || tab.meta.Speakers[tab.speakerOf(i)] != speakers[w.speaker] {
			t.Fatalf("word %d is %q %d–%d, want %+v", i, texts[i], tab.startMS(i), tab.endMS(i), w)
		}
		for range an.tokens(w.text) {
			if tab.wordOf(token) != i {
				t.Fatalf("token %d belongs to word %d, want %d", token, tab.wordOf(token), i)
			}
			token++
		}
	}
}

func FuzzReadTable(f *testing.F) {
	an := testAnalyzer(f)
	b, err := newBuilder(an).build(say("Seed", "Anna: one two three", "Ben: four five"), 1, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.table, 0, byte(0))
	f.Add(b.table[:50], 20, byte(255))
	f.Add([]byte(tableMagic), 3, byte(1))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		data = slices.Clone(data)
		if at >= 0 && at < len(data) {
			data[at] ^= flip
		}
		if _, err := readTable(data); err != nil && !errors.Is(err, errTable) {
			t.Fatal(err)
		}
		if len(data) < tableHeader {
			return
		}
		// The same with a checksum that is right, so that what lies behind it is reached as well.
		sum := tableChecksum(data)
		data[12], data[13], data[14], data[15] = byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)
		if _, err := readTable(data); err != nil && !errors.Is(err, errTable) {
			t.Fatal(err)
		}
	})
}

func TestCutPassages(t *testing.T) {
	line := func(n int) string { return strings.TrimSpace(strings.Repeat("word ", n)) }
	cores := func(lines ...string) (out []int) {
		words, _ := spokenWords(say("x", lines...).Transcript)
		first := make([]int, len(words)+1)
		for i := range first {
			first[i] = i
		}
		for _, p := range cutPassages(words, first) {
			out = append(out, p.end-p.start)
			if p.tail-p.end > tailTokens || p.end < len(words) && p.tail-p.end != min(tailTokens, len(words)-p.end) {
				t.Errorf("tail of %d words", p.tail-p.end)
			}
		}
		return out
	}
	for _, c := range []struct {
		name  string
		lines []string
		want  []int
	}{
		{"nothing", nil, nil},
		{"short", []string{line(10)}, []int{10}},
		{"a new speaker after 15 s", []string{"A: " + line(60), "B: " + line(60)}, []int{60, 60}},
		{"new speakers before 15 s", []string{"A: " + line(20), "B: " + line(20), "A: " + line(20), "B: " + line(20)}, []int{60, 20}},
		{"the last end of a segment within a minute", []string{line(90), line(90), line(90)}, []int{180, 90}},
		{"no segment ends: after a minute", []string{line(450)}, []int{200, 200, 50}},
	} {
		if got := cores(c.lines...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: cores of %v words, want %v", c.name, got, c.want)
		}
	}
}

func TestStrangeTranscriptsAreIndexed(t *testing.T) {
	d := say("Strange", "ordinary beginning")
	d.Transcript.Segments = append(d.Transcript.Segments,
		models.Segment{StartMS: 9000, EndMS: 8000, Text: "backwards"},
		models.Segment{StartMS: 10_000, EndMS: 14_000, Text: "publisher text without times"},
		models.Segment{Words: []models.Word{{StartMS: -5, EndMS: -9, Text: "negative"}, {StartMS: 1 << 50, EndMS: 5, Text: "huge"}, {Text: ""}, {Text: "\x00\x1f"}, {Text: "nul\x00inside"}, {Text: "bad\xffbytes"}}},
		models.Segment{StartMS: 20_000, Words: []models.Word{{StartMS: 20_000, EndMS: 20_100, Text: strings.Repeat("long", 500)}, {StartMS: 20_100, EndMS: 20_200, Text: "♪"}, {StartMS: 20_200, EndMS: 20_300, Text: "afterwards"}}},
		models.Segment{},
	)
	d.Episode.PublishedAt = time.Time{}
	d.Episode.Notes = "<b>un</b>closed <script>hidden()</script" + strings.Repeat("<div>", 10_000)
	x := indexOf(t, d)
	for q, at := range map[string]int64{
		"backwards": 9000, "publisher": 10_000, "negative": 0, "afterwards": 20_200, `"negative huge"`: 0, "unclosed": -1, "inside": 0,
	} {
		r := find(t, x, q)
		if r.Total != 1 {
			t.Errorf("%s: found %d", q, r.Total)
		} else if at >= 0 && r.Hits[0].Moments[0].StartMS != at {
			t.Errorf("%s: found at %d ms, want %d", q, r.Hits[0].Moments[0].StartMS, at)
		}
	}
	if m := find(t, x, "times").Hits[0].Moments[0]; m.EndMS != 14_000 || m.StartMS <= 12_000 {
		t.Errorf("the last word of a segment without times is at %d–%d ms", m.StartMS, m.EndMS)
	}
	if r := find(t, x, "hidden"); r.Total != 0 {
		t.Error("a script in the notes is searchable")
	}
}

func TestLanguages(t *testing.T) {
	speak := func(title, lang string, words ...string) models.Document {
		d := say(title, strings.Join(words, " "))
		d.Transcript.Language = lang
		return d
	}
	docs := []models.Document{
		speak("Japanese", "ja", "今日は", "東京", "の", "天気", "です。"),
		speak("Chinese", "zh", "我", "们", "在", "北", "京", "。"),
		speak("German", "de", "Die", "Häuser", "sind", "groß."),
		speak("French", "fr", "L’avion", "est", "répété", "à", "l'hôtel."),
		speak("Thai", "th", "สวัสดี", "ครับ"),
		speak("Turkish", "tr", "İstanbul'da", "ılık"),
		speak("Korean", "ko", "안녕하세요", "여러분"),
	}
	x := indexOf(t, docs...)
	for q, want := range map[string]string{
		"東京": "Japanese", "東京の天気": "Japanese", "北京": "Chinese", "我们": "Chinese", "haus": "German", "hauser": "German", "gross": "German",
		"avion": "French", `"l'avion est"`: "French", "repetes": "French", "hotel": "French", "สวัสดี": "Thai", "istanbul": "Turkish", "여러분": "Korean",
	} {
		if got := titles(find(t, x, q), docs...); !reflect.DeepEqual(got, []string{want}) {
			t.Errorf("%s: found %v, want %s", q, got, want)
		}
	}
	if m := find(t, x, "東京").Hits[0].Moments[0]; m.Snippet != "今日は東京の天気です。" || !reflect.DeepEqual(marked(m), []string{"東京"}) {
		t.Errorf("snippet %q with marks %q", m.Snippet, marked(m))
	}
	if r := find(t, x, "京東"); r.Total != 0 {
		t.Error("characters in the wrong order are found")
	}
}

func TestOrderIsStable(t *testing.T) {
	var docs []models.Document
	for i, title := range []string{"b", "a", "d", "c", "e"} {
		d := say(title+" talk", "the same words in all of them")
		d.Episode.PublishedAt = time.Date(2020+i/2, 1, 1, 0, 0, 0, 0, time.UTC)
		docs = append(docs, d)
	}
	x := indexOf(t, docs...)
	all := find(t, x, "words").Hits
	for i := 1; i < len(all); i++ {
		if all[i].Score != all[0].Score {
			t.Fatalf("scores differ: %v %v", all[0].Score, all[i].Score)
		}
	}
	year := map[models.EpisodeID]int{}
	for _, d := range docs {
		year[d.Episode.ID] = d.Episode.PublishedAt.Year()
	}
	for i := 1; i < len(all); i++ {
		if a, b := all[i-1], all[i]; year[a.EpisodeID] < year[b.EpisodeID] || year[a.EpisodeID] == year[b.EpisodeID] && a.EpisodeID > b.EpisodeID {
			t.Errorf("%v before %v", a.EpisodeID, b.EpisodeID)
		}
	}
	for i := range all {
		r, err := x.Search(t.Context(), models.Query{Text: "words", Limit: 1, Offset: i})
		if err != nil || r.Total != len(all) || len(r.Hits) != 1 || r.Hits[0].EpisodeID != all[i].EpisodeID {
			t.Errorf("page %d: %+v, %v", i, r, err)
		}
	}
}

func TestRanking(t *testing.T) {
	filler := strings.Repeat("something else entirely is being said here ", 60)
	near := say("Near", "we set error budgets with care", filler)
	far := say("Far", "an error is an error", filler+filler, "the budget is spent")
	title := say("Error budgets", "today about something different")
	x := indexOf(t, far, near, title)
	if got := titles(find(t, x, "error budgets"), far, near, title); got[len(got)-1] != "Far" {
		t.Errorf("order %v: the episode with the words far apart is not last", got)
	}
	r := find(t, x, "error budgets")
	for _, h := range r.Hits {
		if h.TitleHit != (h.EpisodeID == title.Episode.ID) {
			t.Errorf("title hit of %s: %v", h.EpisodeID, h.TitleHit)
		}
		if h.EpisodeID == near.Episode.ID && (h.Total != 1 || !reflect.DeepEqual(marked(h.Moments[0]), []string{"error", "budgets"})) {
			t.Errorf("near words are not one moment: %+v", h)
		}
	}
}

func TestBestMomentsComeInOrderOfTime(t *testing.T) {
	filler := strings.Repeat("filler ", 40)
	d := say("Moments", "error", filler, "error", filler, "error budget", filler, "error", filler, "budget error")
	x := indexOf(t, d)
	r, err := x.Search(t.Context(), models.Query{Text: "error OR budget", Moments: 2})
	if err != nil {
		t.Fatal(err)
	}
	h := r.Hits[0]
	if h.Total != 5 || len(h.Moments) != 2 || len(marked(h.Moments[0])) != 2 || len(marked(h.Moments[1])) != 2 || h.Moments[0].StartMS > h.Moments[1].StartMS {
		t.Errorf("%+v", h)
	}
}

func TestDocRefSurvivesWriting(t *testing.T) {
	for _, r := range []docRef{
		{"0123456789abcdef", -1, 1, 0}, {"0123456789abcdef", -1, 1 << 40, 1_700_000_000}, {"0123456789abcdef", -1, 7, -1_000_000_000},
		{"0123456789abcdef", 0, 0, 0}, {"0123456789abcdef", 17, 0, 0}, {"0123456789abcdef", 612, 0, 0}, {"0123456789abcdef", 1 << 30, 0, 0},
	} {
		if got, err := parseDocRef(r.String()); err != nil || got != r {
			t.Errorf("%+v is written %q and read %+v, %v", r, r, got, err)
		}
	}
	for _, s := range []string{"", "a", "a.", "a.!", "a.-1", "a.%", "a.1.1", "a.!1", "a.!1.", "a.!.1", "a.!1.%", "a.!1.1.1", "a..1"} {
		if r, err := parseDocRef(s); err == nil {
			t.Errorf("%q is read as %+v", s, r)
		}
	}
}

// TestLongEpisode: an episode of 12 hours has more passages than a short one has numbers of one digit.
func TestLongEpisode(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	d, words := longEpisode(r, madeUpWords(r, 3000), 1, 100_000)
	a := newArchive()
	a.put(d)
	x := opened(t, t.TempDir(), a, Options{})
	o := newOracle(t, x, a.all())
	if n := len(o.eps[0].passages); n < 700 {
		t.Fatalf("only %d passages", n)
	}
	for range 20 {
		at := r.IntN(len(words) - 4)
		checkAgainst(t, x, o, `"`+strings.Join(words[at:at+3], " ")+`"`)
		checkAgainst(t, x, o, words[at]+" "+words[at+3])
	}
}
