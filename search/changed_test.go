package search

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

// copied returns a document whose transcript can be changed without changing that of another one.
func copied(d models.Document) models.Document {
	d.Transcript.Segments = slices.Clone(d.Transcript.Segments)
	for i := range d.Transcript.Segments {
		d.Transcript.Segments[i].Words = slices.Clone(d.Transcript.Segments[i].Words)
	}
	return d
}

// TestOnlyWhatChangedIsWritten: somebody who corrects a word of a long episode does not wait for all of it to be indexed.
func TestOnlyWhatChangedIsWritten(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(6, 6))
	d, _ := longEpisode(r, madeUpWords(r, 500), 1, 9000)
	x := indexOf(t, d)
	middle := len(d.Transcript.Segments) / 2
	for name, tc := range map[string]struct {
		change    func(d *models.Document)
		most      int // documents
		untouched bool
	}{
		"nothing":            {func(*models.Document) {}, 1, true},
		"the title":          {func(d *models.Document) { d.Episode.Title = "Another title" }, 1, true},
		"when a word begins": {func(d *models.Document) { d.Transcript.Segments[middle].Words[2].StartMS++ }, 1, true},
		"a word":             {func(d *models.Document) { d.Transcript.Segments[middle].Words[2].Text = "elsewhere" }, 3, false},
		"a word less": {func(d *models.Document) {
			s := &d.Transcript.Segments[middle]
			s.Words = slices.Delete(s.Words, 2, 3)
		}, 3, false},
		"who speaks": {func(d *models.Document) { d.Transcript.Segments[middle].Speaker = "Carla" }, 4, false},
		"more at the end": {func(d *models.Document) {
			last := d.Transcript.Segments[len(d.Transcript.Segments)-1]
			d.Transcript.Segments = append(d.Transcript.Segments, models.Segment{StartMS: last.EndMS, EndMS: last.EndMS + 5000, Text: "and that was all of it"})
		}, 3, false},
	} {
		other := copied(d)
		tc.change(&other)
		there, err := x.current.storedOf(t.Context(), d.Episode.ID)
		if err != nil {
			t.Fatal(err)
		}
		b, err := newBuilder(x.an).build(other, 2, there.sums)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.docs) > tc.most || (len(b.docs) == 1) != tc.untouched || len(b.kept) < len(there.sums)-tc.most {
			t.Errorf("%s: %d documents are written, %d of %d passages kept", name, len(b.docs), len(b.kept), len(there.sums))
		}
	}
	other := copied(d)
	other.Transcript.Language = "de"
	there, err := x.current.storedOf(t.Context(), d.Episode.ID)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := newBuilder(x.an).build(other, 2, there.sums); err != nil || len(b.kept) > 0 {
		t.Errorf("in another language %d passages are kept, %v", len(b.kept), err)
	}
}

// TestManySmallChanges: after any number of corrections the index is what it would be if it were built at once.
func TestManySmallChanges(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(8, 8))
	a := newArchive()
	vocabulary := madeUpWords(r, 300)
	for i := range 6 {
		d, _ := longEpisode(r, vocabulary, i, 1500)
		a.put(d)
	}
	x := opened(t, t.TempDir(), a, Options{})
	word := func() string { return vocabulary[r.IntN(len(vocabulary))] }
	for round := range 40 {
		docs := a.all()
		d := copied(docs[r.IntN(len(docs))])
		n := r.IntN(len(d.Transcript.Segments))
		s := &d.Transcript.Segments[n]
		switch r.IntN(6) {
		case 0, 1:
			s.Words[r.IntN(len(s.Words))].Text = word()
		case 2:
			s.Speaker = []string{"Anna", "Ben", "Carla", ""}[r.IntN(4)]
		case 3:
			d.Transcript.Segments = slices.Delete(d.Transcript.Segments, n, n+1)
		case 4:
			d.Episode.Title = "About " + word()
		case 5:
			s.Words = slices.Insert(s.Words, 1, models.Word{StartMS: s.Words[0].EndMS, EndMS: s.Words[0].EndMS, Text: word()})
		}
		a.put(d)
		if err := x.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if round%8 < 7 {
			continue
		}
		sound(t, x)
		anew := opened(t, t.TempDir(), a, Options{})
		for range 20 {
			q := models.Query{Text: word() + " OR speaker:" + []string{"anna", "ben", "carla"}[r.IntN(3)], Facets: true, Limit: 100, Moments: 1000}
			for _, hidden := range [][]models.ShowID{nil, {docs[0].Show.ID}} {
				q.Hidden = hidden
				got, err := x.Search(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				want, err := anew.Search(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("round %d, %s: the index differs from one built at once:\n%+v\n%+v", round, q.Text, got, want)
				}
			}
		}
	}
}

func TestNamesThatAreOnlyWritten(t *testing.T) {
	t.Parallel()
	d := say("Talking with Nati Lombardo about the Hum", "so we met at the in spiral gathering and talked about patterns and camp")
	d.Show.Title = "The Enspiral Archive"
	d.Episode.Notes = `<p>Welcome, friends. Today Nati talks about Loomio and about how <b>Microsolidarity</b>
began.</p><p>Find it at https://Loomio.example or write to Us@example.org</p>`
	d.Episode.Chapters = []models.Chapter{{Title: "Patterns"}, {Title: "Kaicamp 2023"}, {Title: "Meeting Friends At The Gathering"}}
	other := say("Second", strings.Repeat("patterns and more of the gathering ", 8))
	x := indexOf(t, d, other)
	found, err := x.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range found {
		names = append(names, n.Text)
	}
	for _, want := range []string{"Nati", "Nati Lombardo", "Lombardo", "Loomio", "Microsolidarity", "Hum", "Enspiral Archive", "Kaicamp"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among the names: %q", want, names)
		}
	}
	for _, word := range []string{"Today", "Find", "Gathering", "At", "began"} {
		if slices.Contains(names, word) {
			t.Errorf("%s is among the names: %q", word, names)
		}
	}
	if done, err := x.Complete(t.Context(), models.Query{Text: "loom"}); err != nil || len(done) > 0 {
		t.Errorf("what nobody says completes a query: %+v, %v", done, err)
	}
}
