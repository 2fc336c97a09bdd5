package search

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
)

// told is what people said about names.
type told struct {
	version int64
	rules   []models.Rule
	names   []models.Name
}

func (k *told) NamesRevision(context.Context) (int64, error) { return k.version, nil }
func (k *told) Rules(context.Context) ([]models.Rule, error) { return k.rules, nil }
func (k *told) Names(context.Context) ([]models.Name, error) { return k.names, nil }
func (k *told) say(f func())                                 { f(); k.version++ }

// asMatched returns what a query matched that is not what was typed, in the order of the answer.
func asMatched(r models.Results) (out []string) {
	for _, h := range r.Hits {
		for _, m := range h.Moments {
			for _, as := range m.MatchedAs {
				out = append(out, as.Typed+" as "+as.Said)
			}
		}
	}
	return out
}

func TestOtherSpellingsOfANameAreFound(t *testing.T) {
	a, k := newArchive(), &told{}
	one := say("One", "We met Rich Bartlett at the camp.", "Richard Bartlett spoke, and Rich Bartlett too.")
	two := say("Two", "Richard D. Bartlett and the budget.")
	three := say("Three", "Only Bartlett here, and a Richard there, who is rich.")
	for _, d := range []models.Document{one, two, three} {
		a.put(d)
	}
	k.say(func() {
		k.names = []models.Name{
			{Text: "Richard D. Bartlett", Aliases: []string{"Rich Bartlett", "Richard Bartlett"}},
			{Text: "Budget", Aliases: []string{"Camp"}, Ignored: true},
		}
	})
	x := opened(t, t.TempDir(), a, Options{Known: k})
	for _, c := range []struct {
		text   string
		titles []string
		as     []string
	}{
		{`"Rich Bartlett"`, []string{"One", "Two"}, []string{"rich bartlett as Richard Bartlett", "rich bartlett as Richard D Bartlett"}},
		{`"richard d bartlett"`, []string{"One", "Two"}, []string{"richard d bartlett as Rich Bartlett", "richard d bartlett as Richard Bartlett", "richard d bartlett as Rich Bartlett"}},
		{"rich bartlett budget", []string{"Two"}, []string{"rich bartlett as Richard D Bartlett"}},
		{"budget", []string{"Two"}, nil},
		{`exact:"rich bartlett"`, []string{"One"}, nil},
		{`-"rich bartlett" bartlett`, []string{"Three", "Two"}, nil},
	} {
		r := find(t, x, c.text)
		got := titles(r, one, two, three)
		slices.Sort(got)
		slices.Sort(c.titles)
		as := asMatched(r)
		slices.Sort(as)
		slices.Sort(c.as)
		if !slices.Equal(got, c.titles) || !slices.Equal(as, c.as) || r.Approximate || r.Understood != x.an.parse(c.text).String() {
			t.Errorf("%s: %q, matched %q; want %q, %q (%+v)", c.text, got, as, c.titles, c.as, r)
		}
		strict, err := x.Search(t.Context(), models.Query{Text: c.text, Strict: true})
		if err != nil || len(asMatched(strict)) > 0 || len(strict.Also) > 0 {
			t.Errorf("%s, strictly: %+v, %v", c.text, strict, err)
		}
	}
	if r := find(t, x, `"rich bartlett"`); !cmp.Equal(r.Also, []models.AlsoFound{{Typed: "rich bartlett", As: []string{"richard d bartlett", "richard bartlett"}}}) {
		t.Errorf("what is told of it: %+v", r.Also)
	}
}

// A rule is known to searches before the index has followed what it changes, and no longer than that: what was left out stays left out.
func TestARuleIsFoundAtOnce(t *testing.T) {
	a, k := newArchive(), &told{}
	here := say("Here", "And then in spiral people joined.", "The budget of Enspiral.")
	there := say("There", "It goes up in spiral lines.")
	there.Show.ID = models.ShowID(models.NewID("show", "other"))
	a.put(here)
	a.put(there)
	x := opened(t, t.TempDir(), a, Options{Known: k})
	state := x.State()
	k.say(func() {
		k.rules = []models.Rule{{ID: 1, Right: "Enspiral", Wrong: []string{"in spiral"}, ShowID: here.Show.ID}}
	})
	fixed := say("Here", "And then Enspiral people joined.", "The budget of Enspiral.")
	a.put(fixed) // what the store does with the rule
	if err := x.Relearn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x.State() == state {
		t.Error("what was answered before counts still")
	}
	r := find(t, x, "enspiral -lines")
	if got := asMatched(r); r.Total != 1 || !slices.Equal(got, []string{"enspiral as in spiral"}) || r.Hits[0].Total != 2 {
		t.Errorf("before the index has followed: %+v", r)
	}
	if r := find(t, x, `"in spiral"`); r.Total != 2 || len(asMatched(r)) != 0 {
		t.Errorf("what was heard: %+v", r)
	}
	if err := x.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	r, err := x.Search(t.Context(), models.Query{Text: "enspiral -lines", Moments: 10})
	if err != nil || r.Total != 1 || r.Hits[0].Total != 2 || len(asMatched(r)) != 0 {
		t.Errorf("after it has followed: %+v, %v", r, err)
	}
	k.say(func() { k.rules[0].UndoneAt = time.Now() })
	if err := x.Relearn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := find(t, x, "enspiral lines"); r.Total != 0 && !r.Approximate {
		t.Errorf("undone: %+v", r)
	}
}

func TestAKnownNameIsFoundAsItWasHeard(t *testing.T) {
	a, k := newArchive(), &told{}
	a.put(say("Exact", "Today we talk to Enspiral about cooperatives, and Enspiral it is.", "So rich are they at Enspiral in Zurich."))
	a.put(say("Notes", "Then the Inspirall people joined, and n spiral too."))
	a.put(say("Stairs", "A spiral staircase in the house, and an inspirational speaker.", "The camp and so rich a meal."))
	for range 30 {
		a.put(say("Camp "+time.Now().String(), "We camp here, we camp there, so rich a camp is rich.", "The campaign and an inspector."))
	}
	x := opened(t, t.TempDir(), a, Options{Known: k})
	r := find(t, x, "enspiral")
	got := asMatched(r)
	slices.Sort(got)
	if r.Total != 2 || r.Alike != 1 || r.Approximate || !slices.Equal(got, []string{"enspiral as Inspirall", "enspiral as n spiral"}) {
		t.Errorf("%d episodes, %d alike, %q", r.Total, r.Alike, got)
	}
	if len(r.Hits) == 2 && r.Hits[1].Moments[0].MatchedAs == nil {
		t.Error("what only sounds like it comes first")
	}
	if len(r.Also) != 1 || !r.Also[0].Sounds {
		t.Errorf("nothing tells of it: %+v", r.Also)
	}
	for _, text := range []string{"spiral", "camp", "zurich", "staircase", "exact:enspiral", `"talk to enspiral"`} {
		if r := find(t, x, text); len(asMatched(r)) > 0 {
			t.Errorf("%s: %q", text, asMatched(r))
		}
	}
	strict, err := x.Search(t.Context(), models.Query{Text: "enspiral", Strict: true})
	if err != nil || strict.Total != 1 || strict.Alike != 0 {
		t.Errorf("strictly: %+v, %v", strict, err)
	}
	k.say(func() { k.names = []models.Name{{Text: "Enspiral", Ignored: true}} })
	if err := x.Relearn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := find(t, x, "enspiral"); r.Alike != 0 {
		t.Errorf("somebody says that it is no name: %+v", r)
	}
}

func TestWhereAPhraseIsSaid(t *testing.T) {
	a := newArchive()
	one := say("One", "In Spiral, and in-spiral's people; in spirals.", "Then in spiral.")
	two := say("Two", "Notes only.")
	two.Episode.Notes = "in spiral"
	other := say("Three", "An inspiral thing in spiral.")
	other.Show.ID = models.ShowID(models.NewID("show", "other"))
	for _, d := range []models.Document{one, two, other} {
		a.put(d)
	}
	x := opened(t, t.TempDir(), a, Options{})
	said, err := x.Saying(t.Context(), models.Saying{Phrases: []string{"in spiral", "nobody says this", "*"}})
	if err != nil {
		t.Fatal(err)
	}
	if said.Applied != a.newest() || said.Places() != 4 || len(said.Episodes) != 2 || said.Phrases[0].Places != 4 || said.Phrases[1].Episodes != 0 || said.Phrases[2].Places != 0 {
		t.Errorf("%+v", said)
	}
	for _, q := range []models.Saying{
		{Phrases: []string{"in spiral"}, ShowID: one.Show.ID},
		{Phrases: []string{"in spiral"}, Hidden: []models.ShowID{other.Show.ID}},
	} {
		if said, err := x.Saying(t.Context(), q); err != nil || !slices.Equal(said.IDs(), []models.EpisodeID{one.Episode.ID}) || said.Places() != 3 {
			t.Errorf("%+v: %+v, %v", q, said, err)
		}
	}
	within, err := x.Saying(t.Context(), models.Saying{Phrases: []string{"spiral"}, WithinWords: true})
	if err != nil || within.Places() != 6 {
		t.Errorf("within words: %+v, %v", within, err)
	}
}

func TestNamesOfTheArchive(t *testing.T) {
	a := newArchive()
	a.put(say("One", "Anna: We met Enspiral and Richard Bartlett, and Enspiral again."))
	a.put(say("Two", "Ben: Then Enspiral came, with Inspirall money and n spiral people."))
	secret := say("Three", "Zoe: About Enspiral and Loomio.")
	secret.Show.ID = models.ShowID(models.NewID("show", "secret"))
	a.put(secret)
	x := opened(t, t.TempDir(), a, Options{})
	names, err := x.Names(t.Context(), secret.Show.ID)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]models.FoundName{}
	for _, n := range names {
		at[n.Text] = n
	}
	if at["Enspiral"].Episodes != 2 || at["Richard Bartlett"].Episodes != 1 || !at["Anna"].Speaker || at["Enspiral"].Speaker || at["Loomio"].Episodes != 0 || at["Zoe"].Episodes != 0 {
		t.Errorf("%+v", names)
	}
	if names[0].Text != "Enspiral" {
		t.Errorf("the most frequent name is not the first: %+v", names)
	}
	heard, err := x.Misheard(t.Context(), "Enspiral")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, h := range heard {
		said = append(said, h.Said)
		if h.Places != 1 || len(h.First) != 1 || h.First[0].Moment.EndMS <= h.First[0].Moment.StartMS {
			t.Errorf("%+v", h)
		}
	}
	slices.Sort(said)
	if !slices.Equal(said, []string{"Inspirall", "n spiral"}) {
		t.Errorf("misheard as %q", said)
	}
}

// What somebody changes by hand is searchable at once, though following rests from much that it followed.
func TestChangesByHandDoNotWait(t *testing.T) {
	a := generated(60, 5)
	var hand atomic.Int64
	x := opened(t, t.TempDir(), newArchive(), Options{})
	x.src, x.o.Interval = a, 20*time.Millisecond
	looked := make(chan struct{}, 100)
	x.o.ByHand = func(context.Context) (int64, error) {
		select {
		case looked <- struct{}{}:
		default:
		}
		return hand.Load(), nil
	}
	tick := make(chan time.Time)
	rested := make(chan bool)
	go func() { rested <- x.rest(t.Context(), tick, time.Hour) }()
	tick <- time.Now()
	<-looked
	select {
	case <-rested:
		t.Fatal("it does not rest")
	default:
	}
	hand.Store(a.newest())
	tick <- time.Now()
	if !<-rested {
		t.Error("it has ended")
	}
}
