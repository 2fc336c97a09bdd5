package search

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

func testAnalyzer(tb testing.TB) *analyzer {
	tb.Helper()
	an, err := newAnalyzer()
	if err != nil {
		tb.Fatal(err)
	}
	return an
}

func TestParse(t *testing.T) {
	an := testAnalyzer(t)
	for in, want := range map[string]string{
		"":                               "",
		"   ":                            "",
		"error budget":                   "error budget",
		"Error AND Budget":               "error budget",
		"a OR b c":                       "a OR (b c)",
		"(a OR b) c":                     "(a OR b) c",
		"a or b":                         "a or b",
		"-a b":                           "-a b",
		"NOT a b":                        "-a b",
		"-(a b)":                         "-(a b)",
		"--a":                            "a",
		`"exact phrase" x`:               `"exact phrase" x`,
		"“smart quotes”":                 `"smart quotes"`,
		"on-call":                        `"on call"`,
		"rota*":                          "rota*",
		"r*":                             "r",
		"東*":                             "東*",
		"東京":                             `"東 京"`,
		"budgte~":                        "budgte~2",
		"budge~":                         "budge~1",
		"budget~1":                       "budget~1",
		"to~":                            "to",
		"speaker:Anna x":                 "speaker:anna x",
		`speaker:"Anna Smith"`:           `speaker:"anna smith"`,
		"SHOW:talks":                     "show:talks",
		"lang:en-GB":                     "lang:en",
		"lang:english":                   "lang english",
		"year:2024":                      "year:2024",
		"year:2024-2020":                 "year:2020-2024",
		"year:soon":                      "year soon",
		"title:err*":                     "title:err*",
		"title: err":                     "title err",
		"colour:red":                     `"colour red"`,
		`"a b"~4`:                        `"a b"~4`,
		`"a b"~`:                         `"a b"~3`,
		`"a b"~0 c`:                      `"a b" c`,
		`"a b"~99999999999999999999`:     `"a b"~20`,
		`"a b"~2x`:                       `"a b"~2 x`,
		`"a"~2`:                          `"a"`,
		`speaker:"a b"~2`:                `speaker:"a b"`,
		"exact:Café":                     "exact:café",
		`exact:"the Café"`:               `exact:"the café"`,
		`EXACT:"the Café"~2`:             `exact:"the café"~2`,
		"exact:on-call":                  `exact:"on call"`,
		"exact:café*":                    "exact:café",
		"exact:":                         "exact",
		"exact: a":                       "exact a",
		"title:exact:café":               "title:exact:café",
		"title:exact: a":                 `title exact a`,
		"exact:title:a":                  `exact:"title a"`,
		"show:exact:a":                   `show:"exact a"`,
		"before:2020":                    "before:2020",
		"after:2020-5":                   "after:2020-05",
		`after:"2020-05-31"`:             "after:2020-05-31",
		"after:2020-02-30":               `after "2020 02 30"`,
		"before:20":                      "before 20",
		"before:soon":                    "before soon",
		"-before:2020 a":                 "-before:2020 a",
		"sounds:Enspiral":                "sounds:enspiral",
		`sounds:"N spiral"~3 x`:          `sounds:"n spiral" x`,
		"sounds:on-call":                 `sounds:"on call"`,
		"sounds:enspiral*":               "sounds:enspiral",
		"title:sounds:enspiral":          "title:sounds:enspiral",
		"sounds: a":                      "sounds a",
		"sounds:🎧":                       "sounds",
		`sounds:"never closed`:           "sounds never closed",
		`sounds:"a b c d e f g h i"`:     `"a b c d e f g h i"`,
		"sounds:exact:a":                 `sounds:"exact a"`,
		"-sounds:a -exact:b":             "-sounds:a -exact:b",
		"-(a -(b OR -c))":                `-(a -(b OR -c))`,
		"-(-a)":                          "a",
		"- (a)":                          "a",
		"-(":                             "",
		"-)a":                            "a",
		"NOT -a":                         "a",
		`-"a b"~2`:                       `-"a b"~2`,
		`"a"b"c"`:                        `"a" b "c"`,
		`a"b c`:                          "a b c",
		`"~2`:                            "",
		"~~~a~~~":                        "a",
		"*a*":                            "a",
		"a:":                             "a",
		":a":                             "a",
		"::":                             "",
		"title::a":                       "title:a",
		"foo:bar":                        `"foo bar"`,
		"year:2020-2020":                 "year:2020",
		"https://example.org/a":          `"https example.org a"`,
		`"never closed`:                  "never closed",
		`speaker:"never closed`:          "speaker never closed",
		"(a (b":                          "a b",
		"a) b)":                          "a b",
		"()":                             "",
		"OR":                             "or",
		"OR a":                           "or a",
		"a OR":                           "a or",
		"a OR OR b":                      "a OR (or b)",
		"AND":                            "and",
		"NOT":                            "not",
		"-":                              "",
		"- a":                            "a",
		"a -":                            "a",
		"*":                              "",
		"~":                              "",
		`"`:                              "",
		`""`:                             "",
		"🎧":                              "",
		"🎧 radio":                        "radio",
		"nul\x00byte":                    "nul byte",
		"bad \xff utf8":                  "bad utf8",
		"a a a":                          "a",
		"l'avion":                        `"l avion"`,
		"Anna’s":                         "anna's",
		"C++ / Go":                       "c go",
		strings.Repeat("(", 500) + "a":   "a",
		strings.Repeat("-", 999) + "a":   "-a",
		strings.Repeat("x", 5000):        strings.Repeat("x", maxFormRunes),
		`a "b" (c OR -d) year:2020 e* f`: `a "b" (c OR -d) year:2020 e f`,
	} {
		if got := an.parse(in).String(); got != want {
			t.Errorf("%.60q: understood as %q, want %q", in, got, want)
		}
	}
}

func TestParseBoundsLeaves(t *testing.T) {
	an := testAnalyzer(t)
	var words []string
	for i := range 300 {
		words = append(words, string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	n := len(strings.Fields(an.parse(strings.Join(words, " ")).String()))
	if n != maxLeaves {
		t.Errorf("%d leaves", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`a OR (b -"c d") e* f~ title:g`, "((((", "))))", `"`, "* ~ -", "OR AND NOT", "speaker:(a b)", "year:99999", "lang:", "\x00\xff",
		"\u202eabc", "ﷺ", "İstanbul", "e\u0301*", `sounds:"a b"~ exact:"c`, "title:sounds:", "before:2020-02-30 after:2020-2-3", `"a b"~21 "c"~`, "sounds:東京", "exact:É", "東京 OR ไทย", "-(-(-a))", `show:"x" OR`, "a:b:c", "title:title:a", "NOT NOT a",
	} {
		f.Add(s)
	}
	an := testAnalyzer(f)
	f.Fuzz(func(t *testing.T, s string) {
		n := an.parse(s)
		printed := n.String()
		if !utf8.ValidString(printed) {
			t.Fatalf("%q is understood as invalid UTF-8", s)
		}
		if n != nil && n.String() == "" {
			t.Fatalf("%q is understood as something that prints as nothing", s)
		}
		if utf8.RuneCountInString(printed) <= maxQueryRunes {
			if again := an.parse(printed); !reflect.DeepEqual(again, n) {
				t.Fatalf("%q is understood as %q, which is understood as %q", s, printed, again)
			}
		}
	})
}

func TestHostileQueriesEndInAnAnswer(t *testing.T) {
	x := opened(t, t.TempDir(), generated(20, 16), Options{})
	for _, q := range []string{
		"", strings.Repeat("a ", 100_000), strings.Repeat("(", 10_000), strings.Repeat("-", 10_000), strings.Repeat(`"a `, 5000),
		strings.Repeat("a OR ", 5000), strings.Repeat("*", 1000), strings.Repeat("th* ", 200), strings.Repeat("budget~2 ", 200),
		strings.Repeat("sounds:budget ", 100), "sounds:" + strings.Repeat("a", 900), "sounds:" + strings.Repeat("kr", 16), "sounds:'s sounds:' sounds:'", `"the the"~20`,
		"exact:\xff", "before:0000", "after:9999-12-31",
		"\x00", "\xff\xfe", "🎧🎧🎧", "(a|a)*b.*+?[^x]{1,9999}", "'; DROP TABLE episodes; --", "../../../etc/passwd", "%00", "${x}", "ref:*", "_id:x", "episode:*",
		"\x01error", "speaker:*", "show:", "title:*", "year:0000-9999", "lang:xx",
	} {
		if _, err := x.Search(t.Context(), models.Query{Text: q, Limit: -5, Offset: -3, Moments: 1 << 30}); err != nil {
			t.Errorf("%.40q: %v", q, err)
		}
	}
	r, err := x.Search(t.Context(), models.Query{Text: "error", Offset: 1 << 40, EpisodeID: ""})
	if err != nil || len(r.Hits) != 0 || r.Total == 0 {
		t.Errorf("a page beyond the end: %+v, %v", r, err)
	}
	r, err = x.Search(t.Context(), models.Query{Text: "the", EpisodeID: "no such one"})
	if err != nil || r.Total != 0 {
		t.Errorf("an episode that is not there: %+v, %v", r, err)
	}
}
