package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// misheard is what a recogniser makes of names, and what must not be taken for them.
func misheard() []string {
	return strings.Split(strings.TrimSpace(`
Today we talk to n spiral about cooperatives.
And then in spiral people joined the network.
Inspirall is a collective in Wellington.
The Enspiral handbook, and Enspiral's money.
A spiral staircase in the house, and an inspirational speaker who inspired us to inspire people.
On sparrows and eagles, in spite of all, the hospital and the inspector.
Microsolidarity is about crews. Micro solidarity is about congregations. Micro-solidarity, my crew solidarity, microsolidarities.
Solidarity at a micro scale is a macro thing; the microscope, the minority.
We went to Kaicamp, to Kai camp, to Kycamp, to Chi camp and to the camp of a kayak.
Richard D. Bartlett spoke, Richard de Bartlet too, and Rich Bartlett. The partlet was brittle. Richard is richer.
We used Loomio, Lumio, Loomyo and loo mio; the loom, the lemon and the limo.
Hum is a band. Him, home, whom, ham and human. Humm.
Siobhan, Sioban and Siobhán. Soya beans are not shy.
Nguyen, Nguyan and Nuyen. Nine geese.
Kropotkin, Kropotkyn, Crow pot kin and crop rotation.
Graeber wrote about debt, Graber and Greyber as well; the grabber and the grape.
Dostoevsky, Dostoyevsky and Dostoevski.
McGill, Mac Gill and Mick Gill. A meagre make.
Holacracy, hole ocracy and holocracy. The aristocracy.
Elinor Ostrom, Eleanor Ostrom and Ellen or Ostrom. An ostrich.
Zürich, Zurich and Zurick. So rich.
We were joined by pre-inair and by Priyanaar; the prior near the pier, a premiere, a prairie.
Doomer Optimism, Duma Ropptimism and Doomer optimists. A tumour of optimism, the demeanour of an optician.
`), "\n")
}

func TestNamesAreFoundByTheirSound(t *testing.T) {
	x := indexOf(t, say("Names", misheard()...))
	for _, c := range []struct {
		query string
		want  []string // in spoken order
	}{
		{"sounds:enspiral", []string{"n spiral", "in spiral", "Inspirall", "Enspiral", "Enspiral's"}},
		{`sounds:"n spiral"`, []string{"n spiral", "in spiral", "Inspirall", "Enspiral", "Enspiral's"}},
		{`sounds:"in spiral"`, []string{"n spiral", "in spiral", "Inspirall", "Enspiral", "Enspiral's"}},
		{"sounds:Inspirall", []string{"n spiral", "in spiral", "Inspirall", "Enspiral", "Enspiral's"}},
		{"sounds:microsolidarity", []string{"Microsolidarity", "Micro solidarity", "Micro-solidarity", "microsolidarities"}},
		{`sounds:"micro solidarity"`, []string{"Microsolidarity", "Micro solidarity", "Micro-solidarity", "microsolidarities"}},
		{"sounds:kaicamp", []string{"Kaicamp", "Kai camp", "Kycamp"}},
		{`sounds:"richard d bartlett"`, []string{"Richard D Bartlett"}},
		{"sounds:bartlett", []string{"Bartlett", "Bartlet", "Bartlett", "partlet"}},
		{"sounds:loomio", []string{"Loomio", "Lumio", "Loomyo", "loo mio"}},
		{"sounds:hum", []string{"Hum", "Humm"}},
		{`sounds:"priya nair"`, []string{"pre-inair", "Priyanaar"}},
		{`sounds:"doomer optimism"`, []string{"Doomer Optimism", "Duma Ropptimism"}},
		{"sounds:siobhan", []string{"Siobhan", "Sioban", "Siobhán"}},
		{"sounds:nguyen", []string{"Nguyen", "Nguyan", "Nuyen"}},
		{"sounds:kropotkin", []string{"Kropotkin", "Kropotkyn"}},
		{"sounds:graeber", []string{"Graeber", "Graber", "Greyber", "grabber"}},
		{"sounds:dostoyevsky", []string{"Dostoevsky", "Dostoyevsky", "Dostoevski"}},
		{"sounds:mcgill", []string{"McGill", "Mac Gill", "Mick Gill"}},
		{"sounds:holacracy", []string{"Holacracy", "hole ocracy", "holocracy"}},
		{`sounds:"elinor ostrom"`, []string{"Elinor Ostrom", "Eleanor Ostrom"}},
		{"sounds:zürich", []string{"Zürich", "Zurich", "Zurick", "So rich"}},
	} {
		if got := saidAt(t, x, c.query); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.query, got, c.want)
		}
	}
}

func TestWordsThatNoEpisodeHasTogetherAreLeftOut(t *testing.T) {
	x := indexOf(t,
		say("One", "Anna: The tool library lends ladders.", "Ben: Somebody founded it."),
		say("Two", "Anna: The budget of a library."),
		say("Three", "Ben: Who knows about ladders, and why?"),
	)
	for _, c := range []struct {
		text, understood string
		episodes         int
	}{
		{"who founded the tool library", "founded the tool library", 1},
		{"why ladders founded", "why ladders", 1}, // as many words as "ladders founded", and the first ones
		{"library -tool zzyzx", "library -tool", 1},
		{"library year:1999 who", "library (year:1999) who", 0}, // a filter is never left out
		{"founded speaker:anna tool", "(speaker:anna) tool", 1},
		{`"tool library" "budget of a"`, `"tool library"`, 1},
		{"(budget OR zzyzx) ladders", "budget OR zzyzx", 1},
		{"zzyzx qqqq", "zzyzx qqqq", 0},
	} {
		r := find(t, x, c.text)
		if r.Total != c.episodes || r.Approximate != (c.episodes > 0) || x.an.parse(c.understood).String() != r.Understood {
			t.Errorf("%s: understood %s (approximate %v), %d episodes; want %s, %d", c.text, r.Understood, r.Approximate, r.Total, c.understood, c.episodes)
		}
		strict, err := x.Search(t.Context(), models.Query{Text: c.text, Strict: true})
		if err != nil || strict.Total != 0 {
			t.Errorf("%s, strictly: %+v, %v", c.text, strict, err)
		}
	}
}

func TestWhatNobodySaysIsLookedForByItsSound(t *testing.T) {
	x := indexOf(t,
		say("One", "Today we talk to n spiral about money.", "Micro solidarity is about crews."),
		say("Two", "The Inspirall handbook is about microsolidarity and the budgets of a collective."),
		say("Three", "A spiral staircase, and an inspirational speaker who talks about money."),
	)
	for _, c := range []struct {
		text, understood string
		episodes         int
		said             []string
	}{
		{"enspiral", "sounds:enspiral", 2, []string{"n spiral", "Inspirall"}},
		{"enspiral handbook", "sounds:enspiral handbook", 1, []string{"Inspirall"}},
		{"enspiral money -handbook", "sounds:enspiral money -handbook", 1, []string{"n spiral"}},
		{"in spiral", `(sounds:in spiral) OR sounds:"in spiral"`, 2, []string{"n spiral", "Inspirall"}},
		{"mikro solidarity", `(sounds:mikro solidarity) OR sounds:"mikro solidarity"`, 2, []string{"Micro solidarity", "microsolidarity"}},
		{`"enspiral handbook"`, `sounds:"enspiral handbook"`, 1, []string{"Inspirall handbook"}},
		{"mikrosolidarity (enspiral OR nothing)", "sounds:mikrosolidarity (sounds:enspiral OR sounds:nothing)", 2, []string{"n spiral", "Micro solidarity", "Inspirall", "microsolidarity"}},
		{"money handbook", "handbook", 1, nil}, // both are said
		{"exact:enspiral", "exact:enspiral", 0, nil},
		{"title:enspiral", "title:enspiral", 0, nil},
		{`"talk to enspiral now"`, `"talk to enspiral now"`, 0, nil},
		{"money -enspiral", "money -enspiral", 2, nil},
		{"qqqq wwww rrrr tttt zzzz pppp ssss dddd ffff", "qqqq wwww rrrr tttt zzzz pppp ssss dddd ffff", 0, nil},
		{"budgte~", "budgte~2", 1, []string{"budgets"}},
		{"spiral", "spiral", 2, nil},
	} {
		r := find(t, x, c.text)
		var said []string
		for _, h := range r.Hits {
			for _, m := range h.Moments {
				for _, as := range m.MatchedAs {
					said = append(said, as.Said)
				}
			}
		}
		slices.Sort(said)
		slices.Sort(c.said)
		approximate := c.understood != x.an.parse(c.text).String()
		if r.Understood != c.understood || r.Total != c.episodes || !slices.Equal(said, c.said) || r.Approximate != approximate {
			t.Errorf("%s: understood %s (approximate %v), %d episodes, matched as %q; want %s, %d, %q",
				c.text, r.Understood, r.Approximate, r.Total, said, c.understood, c.episodes, c.said)
		}
		if again := find(t, x, r.Understood); again.Total != r.Total || again.Approximate {
			t.Errorf("%s: %s finds %d episodes, not %d", c.text, r.Understood, again.Total, r.Total)
		}
		strict, err := x.Search(t.Context(), models.Query{Text: c.text, Strict: true})
		if err != nil || strict.Approximate || approximate && strict.Total != 0 {
			t.Errorf("%s, strictly: %+v, %v", c.text, strict, err)
		}
	}
}

func TestWordsAreKnownByTheirSoundAsSoonAsTheyAreIndexed(t *testing.T) {
	a := newArchive()
	a.put(say("One", "Nothing of the kind."))
	x := opened(t, t.TempDir(), a, Options{})
	if r := find(t, x, "sounds:enspiral"); r.Total != 0 {
		t.Fatalf("%+v", r)
	}
	for i, said := range []string{"Inspirall is a collective.", "We met in spiral, in a hurry.", "It is n spiral."} {
		a.put(say(said, said))
		if err := x.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if r := find(t, x, "sounds:enspiral"); r.Total != i+1 {
			t.Errorf("after %q: %d episodes", said, r.Total)
		}
	}
	a.remove(say("We met in spiral, in a hurry.").Episode.ID)
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if r := find(t, x, "sounds:enspiral"); r.Total != 2 {
		t.Errorf("after a removal: %d episodes", r.Total)
	}
}

// Names that must not be taken for each other, nor words for names.
func TestWordsThatSoundOtherwise(t *testing.T) {
	for name, others := range map[string]string{
		"enspiral":        "spiral inspire inspired inspirational inspector sparrows nostril conspiracy",
		"microsolidarity": "solidarity microphone macro minority",
		"kaicamp":         "camp campaign kayak",
		"bartlett":        "bottle bartender ballet richer",
		"loomio":          "loom lemon limo alum",
		"hum":             "him home ham human humid hump whom",
		"siobhan":         "sobbing sign seven",
		"nguyen":          "new when nine engine",
		"anna":            "annual any nana on",
		"nora":            "norma no near",
		"kropotkin":       "cryptic krypton",
		"zurich":          "zoo search",
	} {
		h := heardAs(name)
		for _, w := range strings.Fields(others) {
			if l := h.likeness(w); l > 0 {
				t.Errorf("%s is taken for %s (%.2f)", w, name, l)
			}
		}
	}
}

func FuzzSounds(f *testing.F) {
	for _, s := range []string{"enspiral", "xxx", "''", "'s", "wr", "aeiou", "mcgill", "ghgh", "schermerhorn", "zzzzzzzz", "iiiiij", "y"} {
		f.Add(s, "inspirall")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !latin(a) || !latin(b) || len(a) > maxFormRunes || len(b) > maxFormRunes {
			return
		}
		if a == b && bare(a) != "" && heardAs(a).likeness(a) != 1 && soundKeys(a) != nil {
			t.Errorf("%q does not sound like itself", a)
		}
		if l := heardAs(a).likeness(b); l < 0 || l > 1 {
			t.Errorf("%q is like %q by %v", a, b, l)
		}
		heardAs(a).pairLikeness(a, b)
		endsOpen(a)
	})
}

// A name that was run together with another beginning is known by how it ends.
func TestALongNameIsFoundByItsEnd(t *testing.T) {
	x, docs := indexOfTalks(t, "Walk|a friend told me about my consolidarity on a long walk by the sea", "Other|solidarity is what we spoke of")
	if got := titles(find(t, x, "Microsolidarity"), docs...); !slices.Equal(got, []string{"Walk"}) {
		t.Errorf("found %q", got)
	}
}
