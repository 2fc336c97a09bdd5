package store

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/earshot/earshot/models"
)

func TestWordsRoundTrip(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		words []models.Word
	}{
		"none":          {"", []models.Word{}},
		"plain":         {"Ask not what", []models.Word{{StartMS: 1000, EndMS: 1200, Text: "Ask", Probability: 1}, {StartMS: 1200, EndMS: 1300, Text: "not"}, {StartMS: 5000, EndMS: 5400, Text: "what"}}},
		"not in text":   {"A b", []models.Word{{StartMS: 1, EndMS: 2, Text: "zebra"}, {StartMS: 3, EndMS: 4, Text: "b"}}},
		"out of order":  {"one two", []models.Word{{StartMS: 10, EndMS: 20, Text: "two"}, {StartMS: 5, EndMS: 6, Text: "one"}}},
		"same again":    {"no no no", []models.Word{{Text: "no"}, {Text: "no"}, {Text: "no"}, {Text: "no"}}},
		"empty words":   {"x", []models.Word{{Text: ""}, {Text: "x"}, {Text: ""}}},
		"other scripts": {"東京 — ça", []models.Word{{Text: "東京"}, {Text: "—"}, {Text: "ça", EndMS: math.MaxInt32}}},
	} {
		got, err := decodeWords(1000, c.text, encodeWords(1000, c.text, c.words))
		if err != nil || !reflect.DeepEqual(got, c.words) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	odd := []models.Word{{Text: "a", Probability: float32(math.NaN())}, {Text: "b", Probability: -1}, {Text: "c", Probability: 7}, {Text: "d", Probability: 0.98431}}
	got, err := decodeWords(0, "", encodeWords(0, "", odd))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0, 0, 1, 0.98431} {
		if math.Abs(float64(got[i].Probability)-want) > 1e-5 {
			t.Errorf("probability %d: %v, want %v", i, got[i].Probability, want)
		}
	}
}

// TestWordsAreSmall keeps the promise of the package comment.
func TestWordsAreSmall(t *testing.T) {
	text := strings.TrimSpace(strings.Repeat("something ", 60))
	var words []models.Word
	for i := range 60 {
		words = append(words, models.Word{StartMS: int64(3_600_000 + 400*i), EndMS: int64(3_600_000 + 400*i + 380), Text: "something", Probability: 0.9})
	}
	if n := len(encodeWords(3_600_000, text, words)); n > 9*len(words) {
		t.Errorf("%d words take %d bytes", len(words), n)
	}
}

// FuzzWords feeds damaged bytes to the decoder; what it accepts must survive a round trip.
func FuzzWords(f *testing.F) {
	f.Add("Ask not what", encodeWords(0, "Ask not what", []models.Word{{StartMS: 10, EndMS: 20, Text: "Ask", Probability: 0.5}, {Text: "zebra"}}))
	f.Add("", []byte{})
	f.Add("x", []byte{1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1})
	f.Add("x", []byte{2, 0})
	f.Fuzz(func(t *testing.T, text string, b []byte) {
		words, err := decodeWords(0, text, b)
		if err != nil {
			return
		}
		again := encodeWords(0, text, words)
		back, err := decodeWords(0, text, again)
		if err != nil || !reflect.DeepEqual(back, words) {
			t.Fatalf("%+v became %+v, %v", words, back, err)
		}
		if !bytes.Equal(again, encodeWords(0, text, back)) {
			t.Fatal("the form is not stable")
		}
	})
}
