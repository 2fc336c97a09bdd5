package captions_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/models/export"
	"github.com/earshot/earshot/pipeline/captions"
)

// lines writes segments as "start-end speaker: text".
func lines(p captions.Parsed) []string {
	var out []string
	for _, s := range p.Segments {
		who := ""
		if s.Speaker != "" {
			who = s.Speaker + ": "
		}
		out = append(out, fmt.Sprintf("%d-%d %s%s", s.StartMS, s.EndMS, who, s.Text))
	}
	return out
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, body string
		claimed    captions.Format
		format     captions.Format
		timing     models.Timing
		want       []string
	}{
		{
			name: "SubRip with markup, without the last line end",
			body: "1\n00:00:00,500 --> 00:00:04,200\n{\\an8}<i>Hello</i> &amp; a < b <script>x</script>\n\n2\n00:00:10,000 --> 00:00:12,000\nNice\nto meet you",
			want: []string{"500-4200 Hello & a < b <script>x</script>", "10000-12000 Nice to meet you"}, format: captions.SRT, timing: models.TimingCues,
		},
		{
			name: "carriage returns alone, a mark, no empty lines between cues, a dot for the comma, hours over 99",
			body: "\xef\xbb\xbf1\r100:00:00.500 --> 100:00:04.2\rHello\r2\r100:00:09,000 --> 100:00:10,000\rthere\r",
			want: []string{"360000500-360004200 Hello", "360009000-360010000 there"}, format: captions.SRT, timing: models.TimingCues,
		},
		{
			name: "empty lines in a cue, a missing end, a wrong line, cues out of order and before the start",
			body: "2\n00:00:20,000 -->\nlater\n\non\n\n3\n00:00:xx,000 --> 00:00:04,000\n\n1\n-00:00:01,000 --> 00:00:04,000\nfirst words\n",
			want: []string{"0-4000 first words", "20000-23370 later on 3 00:00:xx,000 --> 00:00:04,000"}, format: captions.SRT, timing: models.TimingCues,
		},
		{
			name: "overlapping cues follow each other, those of one start share its time",
			body: "00:01.000 --> 00:09.000\n<v Ann>one two</v>\n\n00:05.000 --> 00:08.000\n<v Bob>aa\n\n00:05.000 --> 00:08.000\n<v Cid>bb\n",
			want: []string{"1000-5000 Ann: one two", "5000-6500 Bob: aa", "6500-8000 Cid: bb"}, format: captions.SRT, timing: models.TimingCues,
		},
		{
			name: "WebVTT with notes, styles, regions, identifiers, settings, voices and classes",
			body: "WEBVTT - title\nLanguage: de-AT\n\nNOTE\nnot said\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\nintro\n00:00.500 --> 00:04.200 align:start position:0%\n" +
				"<v.loud Alice Smith><c.x>Hello</c>\n\n00:04.200 --> 00:08.200\n<v Bob>Yes.</v> <v Alice Smith>Good.</v>\n",
			want: []string{"500-4200 Alice Smith: Hello", "4200-6018 Bob: Yes.", "6018-8200 Alice Smith: Good."}, format: captions.VTT, timing: models.TimingCues,
		},
		{
			name: "captions that roll up, with a time for each word",
			body: "WEBVTT\n\n00:01.000 --> 00:03.000\n \nso<00:01.500><c> here</c><00:02.000><c> we</c>\n\n00:03.000 --> 00:03.010\nso here we\n \n\n" +
				"00:03.010 --> 00:05.000\nso here we\nare<00:04.000><c> now</c>\n\n00:05.000 --> 00:05.010\nare now\n \n\n00:05.010 --> 00:06.000\nare now\nfine\n",
			want: []string{"1000-6000 so here we are now fine"}, format: captions.VTT, timing: models.TimingCues,
		},
		{
			name: "the podcast namespace's JSON, times as numbers and text",
			body: `{"version":"1.0.0","segments":[{"speaker":"Alice","startTime":0.5,"endTime":4.2,"body":"Hello <b>world</b>"},{"startTime":"00:00:04.2","endTime":"8","body":"Nice to meet you"}]}`,
			want: []string{"500-4200 Alice: Hello world", "4200-8000 Nice to meet you"}, format: captions.JSON, timing: models.TimingCues,
		},
		{
			name: "Whisper's JSON", claimed: captions.JSON,
			body: `{"text":"Hi all","language":"en","segments":[{"start":1,"end":2,"text":" Hi all","words":[{"word":" Hi","start":1.0,"end":1.4},{"word":" all","start":1.5,"end":2}]}]}`,
			want: []string{"1000-2000 Hi all"}, format: captions.JSON, timing: models.TimingWords,
		},
		{
			name: "HTML of the podcast namespace, names outside and inside of paragraphs",
			body: "<html><head><title>x</title><style>p{}</style></head><body><nav>Home</nav><cite>Kevin:</cite>\n<time>0:02</time>\n<p>We have &amp; hold.</p><p>More.</p>" +
				"<cite>Tom:</cite><time>1:00</time><p>Hi<script>alert(1)</script> you</p><p><cite>Ann:</cite> <time>1:10</time> Yes</p><p>No</p></body></html>",
			want:   []string{"2000-3760 Kevin: We have & hold.", "3760-4420 Kevin: More.", "60000-60990 Tom: Hi you", "70000-70280 Ann: Yes", "70280-70490 Tom: No"},
			format: captions.HTML, timing: models.TimingCues,
		},
		{
			name: "text with turns and no times",
			body: "Anna: Guten Tag.\nBernd: Hallo, und: nein.\nAnna: Ja.\n",
			want: []string{"0-0 Anna: Guten Tag.", "0-0 Bernd: Hallo, und: nein.", "0-0 Anna: Ja."}, format: captions.Text, timing: models.TimingNone,
		},
		{
			name: "text with names and times on lines of their own",
			body: "Speaker 1 (00:12):\n\nHello\nthere.\n\nJane Doe 1:02:03\nBye.\n",
			want: []string{"12000-13410 Speaker 1: Hello there.", "3723000-3723850 Jane Doe: Bye."}, format: captions.Text, timing: models.TimingCues,
		},
		{
			name: "a colon is no speaker",
			body: "It was late. We talked of it.\n\nNote: this was said.\n\nAnd then we left.\n",
			want: []string{"0-0 It was late. We talked of it.", "0-0 Note: this was said.", "0-0 And then we left."}, format: captions.Text, timing: models.TimingNone,
		},
		{
			name: "a word that nobody says",
			body: "1\n00:00:00,000 --> 00:00:04,000\n" + strings.Repeat("x", 150) + "\n",
			want: []string{"0-4000 " + strings.Repeat("x", 100) + " " + strings.Repeat("x", 50)}, format: captions.SRT, timing: models.TimingCues,
		},
		{
			name: "Chinese is cut into characters",
			body: "1\n00:00:00,000 --> 00:00:04,000\n你好，world吗？\n",
			want: []string{"0-4000 你好，world吗？"}, format: captions.SRT, timing: models.TimingCues,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := captions.Parse([]byte(c.body), c.claimed)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, lines(p)); d != "" {
				t.Error(d)
			}
			if p.Format != c.format || p.Timing != c.timing {
				t.Errorf("format %s, timing %s; want %s, %s", p.Format, p.Timing, c.format, c.timing)
			}
			check(t, p)
		})
	}
}

// check fails unless segments and words are in order of time and say the same.
func check(t *testing.T, p captions.Parsed) {
	t.Helper()
	at := int64(0)
	for _, s := range p.Segments {
		if s.StartMS < at || s.EndMS < s.StartMS || s.EndMS-s.StartMS > 40_000_000_000 || s.Text == "" || len(s.Words) == 0 {
			t.Fatalf("the segment %+v follows one at %d", s, at)
		}
		at = s.StartMS
		var joined strings.Builder
		from := s.StartMS
		for _, w := range s.Words {
			if w.StartMS < from || w.EndMS < w.StartMS || w.EndMS > s.EndMS || w.Text == "" {
				t.Fatalf("the word %+v after %d in %+v", w, from, s)
			}
			from = w.StartMS
			joined.WriteString(w.Text)
		}
		if joined.String() != strings.ReplaceAll(s.Text, " ", "") {
			t.Fatalf("words %q, text %q", joined.String(), s.Text)
		}
	}
}

func TestEncodings(t *testing.T) {
	const body = "1\n00:00:01,000 --> 00:00:02,000\nGrüße\n"
	want := []string{"1000-2000 Grüße"}
	utf16Of := func(mark string, big bool) []byte {
		out := []byte(mark)
		for _, u := range utf16.Encode([]rune(body)) {
			if big {
				out = append(out, byte(u>>8), byte(u))
			} else {
				out = append(out, byte(u), byte(u>>8))
			}
		}
		return out
	}
	for name, b := range map[string][]byte{
		"UTF-8":                     []byte(body),
		"Windows-1252":              bytes.ReplaceAll(bytes.ReplaceAll([]byte(body), []byte("ü"), []byte{0xfc}), []byte("ß"), []byte{0xdf}),
		"UTF-16, little, with mark": utf16Of("\xff\xfe", false),
		"UTF-16, big, with mark":    utf16Of("\xfe\xff", true),
		"UTF-16, little":            utf16Of("", false),
		"UTF-16, big":               utf16Of("", true),
	} {
		p, err := captions.Parse(b, captions.SRT)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, lines(p)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		claimed captions.Format
		want    string
	}{
		"nothing":                    {"", "", "no text"},
		"empty JSON":                 {"{}", captions.JSON, "without the segments"},
		"other JSON":                 {`{"id":"abc","formats":[]}`, "", "without the segments"},
		"JSON that ends":             {`{"segments":[{"body":"a"}`, "", "not valid JSON"},
		"segments that are no list":  {`{"segments":{"a":1}}`, "", "no list"},
		"a web page instead of VTT":  {"<!DOCTYPE html><html><body>Not found</body></html>", captions.VTT, "a web page"},
		"a text instead of SubRip":   {"Not found", captions.SRT, "not SRT"},
		"cues without text":          {"WEBVTT\n\n00:00.000 --> 00:01.000\n\n", captions.VTT, "no text"},
		"more text than can be said": {strings.Repeat("word ", 1<<20), captions.Text, "MiB of text"},
		"more cues than can be said": {"WEBVTT\n\n" + strings.Repeat("0:1-->\n", captions.MaxCues+1), captions.VTT, "cues"},
		"too many segments":          {`{"segments":[` + strings.Repeat("{},", captions.MaxCues+1) + "{}]}", captions.JSON, "too many"},
	} {
		_, err := captions.Parse([]byte(c.body), c.claimed)
		if !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want ErrUnusable with %q", name, err, c.want)
		}
	}
}

// What this program exports it reads back with the same words, and in the forms that have them the same times.
func TestOwnExports(t *testing.T) {
	p, err := captions.Parse([]byte("WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ann>One two three.\n\n00:08.000 --> 00:09.000\n<v Bob>Four & <five>.\n"), captions.VTT)
	if err != nil {
		t.Fatal(err)
	}
	made := models.Transcript{Language: "en", Segments: p.Segments}
	for _, f := range []export.Format{export.SRT, export.VTT, export.JSON, export.Text} {
		var b bytes.Buffer
		if err := export.Write(&b, f, made); err != nil {
			t.Fatal(err)
		}
		again, err := captions.Parse(b.Bytes(), "")
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		want := lines(p)
		if f == export.Text {
			want = []string{"0-0 Ann: One two three.", "0-0 Bob: Four & <five>."}
		}
		if d := cmp.Diff(want, lines(again)); d != "" {
			t.Errorf("%s: %s", f, d)
		}
	}
}

func TestFixtures(t *testing.T) {
	folder := os.Getenv("EARSHOT_FIXTURES")
	if folder == "" {
		folder = "../../../shared"
	}
	folder = filepath.Join(folder, "transcripts")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("no fixtures: " + folder)
	}
	for name, want := range map[string][]string{
		"sample.srt":  {"500-8000 Hello world Nice to meet you"},
		"sample.vtt":  {"500-4200 Alice: Hello world", "4200-8000 Bob: Nice to meet you that continues on a second line"},
		"sample.json": {"500-4200 Alice: Hello world", "4200-8000 Bob: Nice to meet you"},
		"sample.html": {"0-1340 Alice: Hello world", "4000-5890 Bob: Nice to meet you & you too", "5890-7990 No time here, just narration."},
		"broken.vtt":  {"500-4200 Hello world"},
		"empty.json":  nil,
	} {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := captions.Parse(b, captions.FormatOf("", name))
		if (err != nil) != (want == nil) {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, lines(p)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for in, want := range map[[2]string]captions.Format{
		{"application/json; charset=utf-8", "x"}: captions.JSON, {"text/vtt", ""}: captions.VTT, {"application/x-subrip", ""}: captions.SRT,
		{"text/plain", "a.srt"}: captions.SRT, {"text/plain", "a"}: captions.Text, {"", "b.HTML"}: captions.HTML, {"image/png", "a.png"}: "",
	} {
		if got := captions.FormatOf(in[0], in[1]); got != want {
			t.Errorf("%v: %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"1\n00:00:00,500 --> 00:00:04,200\n<i>Hello</i>\n\n2\n-0:1 -> 9:9\nA: b\n", "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:03.000\n<v A>so<00:01.500><c> here</c></v><v B>x\n",
		`{"segments":[{"speaker":{"name":"a"},"startTime":"1:2","end":1e300,"body":"<v b>x","words":[{"word":" x","start":1}]}]}`,
		"<cite>A</cite><time>0:1</time><p>x<p><cite>B</cite>y", "A (0:12)\nb\n[1:2] c: d", "\xff\xfea\x00", "\xff日本、語a b",
	} {
		f.Add([]byte(s), "")
	}
	f.Fuzz(func(t *testing.T, b []byte, claimed string) {
		p, err := captions.Parse(b, captions.Format(claimed))
		if err != nil {
			if !errors.Is(err, models.ErrUnusable) {
				t.Fatal(err)
			}
			return
		}
		check(t, p)
	})
}

func BenchmarkParse(b *testing.B) {
	body := []byte(strings.Repeat("1\n00:00:00,500 --> 00:00:04,200\n<b>Hello</b> world, this is a line\nand another one.\n\n", 10_000))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := captions.Parse(body, captions.SRT); err != nil {
			b.Fatal(err)
		}
	}
}
