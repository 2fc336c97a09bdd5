package vocabulary

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/feed"
)

// common is enough of a vocabulary for the tests: words in ordinary use, and names that everybody knows.
func common() Lexicon {
	var tokens []string
	for _, w := range strings.Fields(`a about an and at before but click community conversation debrief discussion from gathering has here housing
		in interview is join july managing more of on open our participation practice read retreat right space special summer talking
		tell thanks the their they to we welcome with Anna Berlin Europe James Richard Smith Vienna`) {
		tokens = append(tokens, " "+w)
	}
	return NewLexicon(tokens)
}

// The archive's names leave room for those of the episode, and what was heard wrong is in no prompt.
func TestNamesOfTheArchiveLeaveRoom(t *testing.T) {
	var k Known
	for i := range 100 {
		k.Names = append(k.Names, strings.Repeat(string(rune('A'+i%26)), 3+i/26)+"ix")
	}
	k.Wrong = []string{"Inspirall"}
	got := Prompt(common(), About{Known: k, Episode: models.Episode{Notes: "with Silvia, of Inspirall and Kaicamp", People: []models.Person{{Name: "Jonas Gröner"}}}})
	if !strings.Contains(got, "Silvia") || !strings.Contains(got, "Kaicamp") || strings.Contains(got, "Inspirall") || !strings.HasSuffix(got, "AAAix, Jonas Gröner.") {
		t.Error(got)
	}
}

func TestPrompt(t *testing.T) {
	l := common()
	for name, tc := range map[string]struct {
		about About
		want  string
	}{
		"nothing":              {About{}, ""},
		"names in a sentence":  {notes("We talk with Jonas Gröner about Enspiral in Vienna."), "Glossary: Vienna, Enspiral, Jonas Gröner."},
		"begins a sentence":    {notes("Blivande is a house. Welcome to it! Talking with Zoë."), "Glossary: Zoë, Blivande."},
		"an initial":           {notes("with Richard D. Bartlett. They talk"), "Glossary: Richard D. Bartlett."},
		"the fuller form":      {notes("a talk by Richard Bartlett and again Richard D. Bartlett"), "Glossary: Richard D. Bartlett."},
		"a possessive":         {notes("and Enspiral’s people, the DAO's end"), "Glossary: DAO, Enspiral."},
		"contractions":         {notes("They're here. It'll come. But O'Neill came"), "Glossary: O'Neill."},
		"small words within":   {notes("in Rio de Janeiro, of the University of Utrecht"), "Glossary: Rio de Janeiro, University of Utrecht."},
		"common words":         {notes("at a special Open Space and in July, Click Here"), "Glossary: Click Here, Open Space."},
		"addresses":            {notes("see https://Example.org/Foo, mail Bob@Example.org, @Handle #Tag Foo.com"), ""},
		"numbers":              {notes("GPT-4 and R2D2 but not REC00017 nor 1984"), "Glossary: R2D2, GPT-4."},
		"shouting":             {notes("SUBSCRIBE to NATO"), "Glossary: NATO."},
		"HTML":                 {notes("<p>with <b>Kai</b> &amp; <a href='https://x.example/Secret'>Bea</a></p><script>var Evil = 1</script><style>Body{}</style>"), "Glossary: Bea, Kai."},
		"a title":              {About{Episode: models.Episode{Title: "Managing Inequity in a Housing Coop"}}, "Glossary: Coop, Inequity."},
		"a file's name":        {About{Episode: models.Episode{Title: "2021-06-21_Interview_FINAL.mp3"}}, ""},
		"the show before all":  {About{Show: models.Show{Title: "Microsolidarity"}, Episode: models.Episode{Title: "Kaicamp", Notes: "with Silvia"}}, "Glossary: Silvia, Kaicamp, Microsolidarity."},
		"people last":          {About{Show: models.Show{Author: "Ana Host", People: []models.Person{{Name: "Ana Host"}}}, Episode: models.Episode{Notes: "with Silvia", People: []models.Person{{Name: "Bo Guest"}}}}, "Glossary: Silvia, Ana Host, Bo Guest."},
		"not people":           {About{Episode: models.Episode{People: []models.Person{{Name: "a@b.example"}, {Name: "<b>"}, {Name: "1"}, {Name: "\xff"}, {Name: strings.Repeat("x", 61)}}}}, ""},
		"the owner's words":    {About{Show: models.Show{Settings: models.ShowSettings{Vocabulary: []string{"Loomio", "pod"}}}, Words: []string{"Discord", "loomio"}, Episode: models.Episode{Notes: "with Silvia"}}, "Glossary: Silvia, Discord, pod, Loomio."},
		"names set right":      {About{Words: []string{"pod"}, Known: Known{Names: []string{"Enspiral", "Loomio"}, Wrong: []string{"in spiral", "Silvia", "loomio"}}, Episode: models.Episode{Notes: "with Silvia, at Kaicamp, on In Spiral"}}, "Glossary: Kaicamp, Loomio, Enspiral, pod."},
		"set right, and words": {About{Words: []string{"pod"}, Hints: models.HintsWords, Known: Known{Names: []string{"Enspiral"}, Wrong: []string{"in spiral"}}}, "Glossary: Enspiral, pod."},
		"only the owner's":     {About{Words: []string{"Loomio"}, Hints: models.HintsWords, Episode: models.Episode{Notes: "with Silvia"}}, "Glossary: Loomio."},
		"off":                  {About{Words: []string{"Loomio"}, Hints: models.HintsOff}, ""},
		"off for the show":     {About{Words: []string{"Loomio"}, Show: models.Show{Settings: models.ShowSettings{Hints: models.HintsOff}}}, ""},
		"on for the show":      {About{Words: []string{"Loomio"}, Hints: models.HintsOff, Show: models.Show{Settings: models.ShowSettings{Hints: models.HintsAuto}}}, "Glossary: Loomio."},
		"German":               {About{Show: models.Show{Language: "de-AT"}, Episode: models.Episode{Notes: "über Anna, Berlin und Blockierte mit Gröner"}}, "Glossary: Gröner, Blockierte."},
		"Cyrillic":             {notes("мы говорим с Анной Каренинoй о жизни"), "Glossary: Анной Каренинoй."},
		"a script without":     {notes("李明和王芳在北京谈话"), ""},
		"a sign in every word": {notes("@ # / \\ _ < > = & | . , ; : ! ? … ' ’ - — • \"Kai\""), "Glossary: Kai."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Prompt(l, tc.about); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func notes(s string) About { return About{Episode: models.Episode{Notes: s}} }

// TestBudget: what does not fit is left out from the least important end, and the prompt stays the same every time.
func TestBudget(t *testing.T) {
	a := notes("")
	for i := range 3000 {
		a.Episode.Notes += " with " + string([]rune{'Q' + rune(i%5), 'x', 'a' + rune(i%26), 'a' + rune(i/26%26), 'q'}) + ","
	}
	a.Words = slices.Repeat([]string{"Loomio", "Ouishare Fest"}, 100)
	a.Episode.People = []models.Person{{Name: "Bo Guest"}}
	got := Prompt(common(), a)
	if n := tokens(got); n > budget+10 || strings.Count(got, ",") < 50 {
		t.Errorf("%d tokens and %d commas: %q", n, strings.Count(got, ","), got)
	}
	if !strings.HasSuffix(got, ", Ouishare Fest, Loomio, Bo Guest.") {
		t.Errorf("what is important does not stand last: %q", got)
	}
	for range 5 {
		if again := Prompt(common(), a); again != got {
			t.Fatalf("not the same again: %q", again)
		}
	}
	if got := FromWords([]string{strings.Repeat("long ", 300), "Loomio"}); got != "Glossary: Loomio." {
		t.Errorf("a word that does not fit: %q", got)
	}
}

// TestTokensFromAbove compares the estimate with the fewest tokens that real vocabularies make of names.
func TestTokensFromAbove(t *testing.T) {
	for text, least := range map[string]int{
		"Enspiral": 3, "Microsolidarity": 4, "Richard D. Bartlett": 5, "Gröner": 3, "Каренина": 4, "北京": 2, "😀": 2,
	} {
		if n := tokens(text); n < least {
			t.Errorf("%q: %d, it has %d", text, n, least)
		}
	}
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("EARSHOT_FIXTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skip("no fixtures: set EARSHOT_FIXTURES to a folder with feeds")
	}
	return b
}

func realLexicon(t *testing.T) Lexicon {
	t.Helper()
	dir := os.Getenv("EARSHOT_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", "build", "models")
	}
	l, err := ReadLexicon(filepath.Join(dir, "ggml-base-q8_0.bin"))
	if err != nil {
		t.Skip("no weights: pull base-q8_0 to build/models")
	}
	return l
}

// TestRealFeed: the names that an owner of this archive would look for are in the prompts of the episodes that name them.
func TestRealFeed(t *testing.T) {
	const at = "https://example.org/feed.xml"
	listing, err := feed.Reader{}.Parse(models.Source{Location: at}, models.Page{URL: at, Body: fixture(t, "feeds/microsolidarity.xml")})
	if err != nil {
		t.Fatal(err)
	}
	l := realLexicon(t)
	if !l.ordinary("Managing") || !l.known("Richard") || l.ordinary("Richard") || l.known("Enspiral") {
		t.Error("the model's vocabulary was not understood")
	}
	prompts := map[string]string{}
	for _, e := range listing.Episodes {
		prompts[e.Title] = Prompt(l, About{Show: listing.Show, Episode: e})
		if !strings.HasSuffix(prompts[e.Title], "Microsolidarity.") || tokens(prompts[e.Title]) > budget+10 {
			t.Errorf("%s: %s", e.Title, prompts[e.Title])
		}
	}
	for title, names := range map[string][]string{
		"Kaicamp Debrief": {"Kaicamp", "Kai", "Silvia", "Brooke"},
		"Community & Uncertainty - repost from Reach Truth Podcast": {"Enspiral", "Tasshin Fogleman", "Richard Bartlett", "DAO"},
		"Intentional Society": {"Richard D. Bartlett", "James Baker"},
		"Joshua Vial & Richard D. Bartlett: the journey of a community founder": {"Joshua Vial", "Richard D. Bartlett", "Enspiral"},
		"Blivande - 1st team retreat - Oct 2021":                                {"Blivande", "Diana Monsberger"},
		"Discussion about Crews at Enspiral Summer Retreat 2019":                {"Enspiral"},
		"Markel Cormenzana and Richard D. Bartlett get to know each other":      {"Markel Cormenzana", "Richard D. Bartlett"},
	} {
		for _, n := range names {
			if !strings.Contains(prompts[title], n) {
				t.Errorf("%s: no %q in %q", title, n, prompts[title])
			}
		}
	}
	for _, p := range prompts {
		for _, w := range []string{"Managing", "Community,", ", Gathering,", "They're", "@", "http"} {
			if strings.Contains(p, w) {
				t.Errorf("%q is no name: %q", w, p)
			}
		}
	}
}

// model writes the head of a ggml file.
func model(tokens ...string) []byte {
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	put(int32(ggmlMagic))
	put([11]int32{})
	put([2]int32{2, 3}) // mels, bins
	put([6]float32{})
	put(int32(len(tokens)))
	for _, t := range tokens {
		put(int32(len(t)))
		b.WriteString(t)
	}
	return b.Bytes()
}

func TestReadTokens(t *testing.T) {
	whole := model(" the", "\xff", "")
	got, err := readTokens(bytes.NewReader(whole))
	if err != nil || !slices.Equal(got, []string{" the", "\xff", ""}) {
		t.Fatalf("%q, %v", got, err)
	}
	for n := range whole {
		if _, err := readTokens(bytes.NewReader(whole[:n])); err == nil {
			t.Fatalf("cut to %d bytes of %d, it is read", n, len(whole))
		}
	}
	if _, err := ReadLexicon(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("no file, and no error")
	}
}

func FuzzReadTokens(f *testing.F) {
	f.Add(model(" the", " of"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tokens, err := readTokens(bytes.NewReader(b))
		if err == nil && len(tokens) == 0 {
			t.Error("a vocabulary without tokens")
		}
	})
}

// FuzzPrompt feeds what a publisher may send: whatever it is, the prompt is text of one line within the budget.
func FuzzPrompt(f *testing.F) {
	f.Add("<p>with <b>Kai</b> of Enspiral", "Kaicamp", "Bo Guest")
	f.Add(strings.Repeat("Ab Cd ", 1000), "\xff\x00\u202e", "李明")
	f.Add("Ünïcödé D. D. D. of of de Əə’s", "ǅungla", "Ğ")
	f.Add(strings.Repeat("<div>", 5000)+"<script>", "D.", "É.")
	l := common()
	f.Fuzz(func(t *testing.T, text, title, person string) {
		got := Prompt(l, About{Episode: models.Episode{Notes: text, Title: title, People: []models.Person{{Name: person}}}})
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x00<>@") || tokens(got) > budget+10 {
			t.Errorf("%q", got)
		}
	})
}
