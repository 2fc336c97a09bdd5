package api

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

func TestWordsAreAligned(t *testing.T) {
	for _, c := range []struct{ left, right, common string }{
		{"", "", ""},
		{"a b c", "", ""},
		{"a b c", "a b c", "a b c"},
		{"we met in spiral last year", "we met Enspiral last year", "we met last year"},
		{"no no no yes no no", "no no yes no no no", "no no yes no no"},
		{"x a b c y", "p a b c q", "a b c"},
		{"the cat the dog the end", "the dog the cat the end", "the cat the end"},
		{"one two three", "three two one", "three"},
	} {
		left, right := strings.Fields(c.left), strings.Fields(c.right)
		got := commonWords(t, left, right)
		if want := strings.Fields(c.common); len(got) != len(want) {
			t.Errorf("%q and %q have %q in common, want as many as %q", c.left, c.right, got, c.common)
		}
	}
}

// commonWords returns what is aligned, which must be the same words in the order of both.
func commonWords(t *testing.T, left, right []string) (common []string) {
	t.Helper()
	i, j := 0, 0
	for _, a := range alignWords(left, right) {
		if a.left < i || a.right < j || a.length < 1 || !slices.Equal(left[a.left:a.left+a.length], right[a.right:a.right+a.length]) {
			t.Fatalf("%q and %q: %+v", left, right, a)
		}
		common = append(common, left[a.left:a.left+a.length]...)
		i, j = a.left+a.length, a.right+a.length
	}
	return common
}

// Whatever two texts say, what is aligned is right, and with few words as much as there can be.
func TestAnyTextsAreAligned(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func(n, words int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = string(rune('a' + random.IntN(words)))
		}
		return out
	}
	for range 500 {
		commonWords(t, text(random.IntN(40), 1+random.IntN(20)), text(random.IntN(40), 1+random.IntN(20)))
	}
	for range 200 { // where no word comes once, the way of fewest changes is found
		left, right := text(4+random.IntN(12), 2), text(4+random.IntN(12), 2)
		a := aligning{left: left, right: right}
		a.shortest(0, len(left), 0, len(right))
		got := 0
		for _, x := range a.out {
			got += x.length
		}
		if want := longestCommon(left, right); got != want {
			t.Errorf("%q and %q have %d words in common, found %d", left, right, want, got)
		}
	}
	// A long day of two words, where nothing fits: it ends.
	commonWords(t, text(100_000, 2), text(90_000, 2))
	commonWords(t, slices.Repeat([]string{"ja"}, 100_000), slices.Repeat([]string{"nein", "ja"}, 40_000))
}

// longestCommon is the length of the longest common subsequence, by the book.
func longestCommon(a, b []string) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

// Two transcripts stand side by side, row by row, and nothing of either is lost.
func TestTranscriptsAreComparedInRows(t *testing.T) {
	left, _ := speak("Ana: We met at in spiral last year. It was cold.\nBen: Very cold.")
	right, _ := speak("Ana: We met at Enspiral last year. It was cold.\nBen: Very, very cold indeed.")
	c := newComparison(models.Transcript{Segments: left}, models.Transcript{Segments: right})
	if len(c.Rows) != len(left) || c.Same != 10 || c.OnlyLeft != 2 || c.OnlyRight != 3 {
		t.Fatalf("%+v", c)
	}
	first := c.Rows[0]
	if len(first.Runs) != 3 || first.Runs[0].Left != "We met at" || first.Runs[1] != (ComparedRun{false, "in spiral", "Enspiral"}) || first.StartMS != 0 {
		t.Errorf("%+v", first)
	}
	for _, empty := range []Comparison{newComparison(models.Transcript{}, models.Transcript{Segments: right}), newComparison(models.Transcript{Segments: left}, models.Transcript{})} {
		if empty.Same != 0 || empty.OnlyLeft+empty.OnlyRight == 0 {
			t.Errorf("%+v", empty)
		}
	}
	var l, r []string
	for _, row := range c.Rows {
		for _, run := range row.Runs {
			l, r = append(l, strings.Fields(run.Left)...), append(r, strings.Fields(run.Right)...)
		}
	}
	if strings.Join(l, " ") != (models.Transcript{Segments: left}).Text() || strings.Join(r, " ") != (models.Transcript{Segments: right}).Text() {
		t.Errorf("%q, %q", l, r)
	}
}
