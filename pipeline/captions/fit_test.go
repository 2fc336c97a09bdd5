package captions_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/captions"
)

// speech makes n words of talk from a vocabulary, one every 400 ms with a pause of a second after each ten.
func speech(seed uint64, n int) []models.Word {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]models.Word, n)
	at := int64(0)
	for i := range out {
		out[i] = models.Word{StartMS: at, EndMS: at + 350, Text: fmt.Sprintf("w%d", r.IntN(300)), Probability: 1}
		at += 400
		if i%10 == 9 {
			out[i].Text += "."
			at += 1000
		}
	}
	return out
}

// moved returns words with other times.
func moved(words []models.Word, by int64) []models.Word {
	out := slices.Clone(words)
	for i := range out {
		out[i].StartMS += by
		out[i].EndMS += by
	}
	return out
}

// misheard replaces one word in five.
func misheard(words []models.Word) []models.Word {
	out := slices.Clone(words)
	for i := range out {
		if i%5 == 3 {
			out[i].Text = "hm"
		}
	}
	return out
}

func asSegments(words []models.Word) []models.Segment {
	var out []models.Segment
	for w := range slices.Chunk(words, 20) {
		out = append(out, models.Segment{StartMS: w[0].StartMS, EndMS: w[len(w)-1].EndMS, Text: models.JoinWords(w, " "), Words: slices.Clone(w)})
	}
	return out
}

func wordsOf(segments []models.Segment) (out []models.Word) {
	for _, s := range segments {
		out = append(out, s.Words...)
	}
	return out
}

// passages returns some words of every hundred.
func passages(words []models.Word) (out [][]models.Word) {
	for w := range slices.Chunk(words, 100) {
		out = append(out, w[40:70])
	}
	return out
}

func TestFit(t *testing.T) {
	said := speech(1, 1000)
	advert := speech(2, 100)
	// In the audio an advertisement of 50 s comes after word 500, and all is 7 s later.
	inserted := append(moved(said[:500], 7000), append(moved(advert, said[500].StartMS+7000), moved(said[500:], 57_000)...)...)
	for _, c := range []struct {
		name   string
		audio  []models.Word
		shifts []models.Shift
		cuts   int
	}{
		{"it fits", said, nil, 0},
		{"an offset", moved(said, 7000), []models.Shift{{FromMS: 0, ByMS: 7000}}, 0},
		{"an advertisement in the middle", inserted, []models.Shift{{FromMS: 0, ByMS: 7000}, {FromMS: said[500].StartMS, ByMS: 57_000}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := captions.Fit(asSegments(said), models.TimingCues, passages(misheard(c.audio)))
			if err != nil {
				t.Fatal(err)
			}
			// A cut is found only as well as the pauses between the passages tell: it is one of those near it.
			if len(f.Shifts) == 2 {
				if d := f.Shifts[1].FromMS - c.shifts[1].FromMS; max(d, -d) > 60_000 {
					t.Errorf("the cut is %d ms off", d)
				}
				f.Shifts[1].FromMS = c.shifts[1].FromMS
			}
			if d := cmp.Diff(c.shifts, f.Shifts); d != "" {
				t.Error(d)
			}
			if len(f.Cuts) != c.cuts || f.Heard < 0.5 {
				t.Errorf("cuts %v, heard %.2f", f.Cuts, f.Heard)
			}
			for i, w := range wordsOf(f.Segments) {
				want := said[i].StartMS
				switch {
				case c.shifts != nil && i < 400:
					want += 7000
				case len(c.shifts) == 1:
					want += 7000
				case len(c.shifts) == 2 && i >= 600:
					want += 57_000
				case len(c.shifts) == 2:
					continue
				}
				if w.StartMS != want || w.Text != said[i].Text {
					t.Fatalf("word %d is %+v, want it at %d", i, w, want)
				}
			}
		})
	}
	// An advertisement that the audio lacks has no time of its own, and all that follows is right.
	removed := append(slices.Clone(said[:450]), moved(said[550:], said[450].StartMS-said[550].StartMS)...)
	f, err := captions.Fit(asSegments(said), models.TimingCues, passages(removed))
	if err != nil {
		t.Fatal(err)
	}
	got := wordsOf(f.Segments)
	if got[900].StartMS != removed[800].StartMS || got[100].StartMS != said[100].StartMS {
		t.Errorf("words at %d and %d, want %d and %d", got[100].StartMS, got[900].StartMS, said[100].StartMS, removed[800].StartMS)
	}
	if !slices.IsSortedFunc(got, func(a, b models.Word) int { return int(a.StartMS - b.StartMS) }) {
		t.Error("words are out of order")
	}
}

func TestFitRefuses(t *testing.T) {
	said := speech(1, 1000)
	for name, c := range map[string]struct {
		heard [][]models.Word
		want  string
	}{
		"another recording": {passages(speech(5, 1000)), "of 10 passages that were listened to it has 0"},
		"silence":           {nil, "too little"},
		"a few words":       {[][]models.Word{said[:4]}, "too little"},
	} {
		_, err := captions.Fit(asSegments(said), models.TimingCues, c.heard)
		if !errors.Is(err, models.ErrUnusable) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := captions.FitWhole(asSegments(said), speech(5, 1000)); !errors.Is(err, models.ErrUnusable) {
		t.Errorf("the whole of another recording: %v", err)
	}
}

// A text without times gets those of the words that were heard, and misheard ones theirs; an advertisement that only the audio
// has leaves a hole.
func TestFitWhole(t *testing.T) {
	said := speech(1, 600)
	audio := misheard(slices.Concat(moved(said[:300], 0), moved(speech(2, 100), said[300].StartMS), moved(said[300:], 50_000)))
	plain := slices.Clone(said)
	for i := range plain {
		plain[i].StartMS, plain[i].EndMS = 0, 0
	}
	f, err := captions.FitWhole(asSegments(plain), audio)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, w := range wordsOf(f.Segments) {
		want := said[i].StartMS
		if i >= 300 {
			want += 50_000
		}
		if w.StartMS == want {
			right++
		} else if d := w.StartMS - want; max(d, -d) > 3000 {
			t.Errorf("word %d is %d ms off", i, d)
		}
	}
	if right < 540 || f.Timing != models.TimingHeard {
		t.Errorf("%d of 600 words have their times, timing %s", right, f.Timing)
	}
}

func TestSpread(t *testing.T) {
	p, err := captions.Parse([]byte("One two.\n\nThree four.\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	got := lines(captions.Parsed{Segments: captions.Spread(p.Segments, 21_000)})
	if d := cmp.Diff([]string{"0-9000 One two.", "9000-21000 Three four."}, got); d != "" {
		t.Error(d)
	}
}
