package source

import (
	"slices"
	"testing"
)

func TestNaturalOrder(t *testing.T) {
	want := []string{"1.mp3", "02.mp3", "2b.mp3", "10.mp3", "a/9.mp3", "a/10.mp3", "a b/1.mp3", "A1.mp3", "a2.mp3", "episode 9.mp3", "Episode 10.mp3", "99999999999999999999998", "99999999999999999999999"}
	slices.SortFunc(want, naturally) // must not panic, and must be an order
	for i, a := range want {
		for j, b := range want {
			if c := naturally(a, b); (c < 0) != (i < j) || (c == 0) != (i == j) {
				t.Errorf("naturally(%q, %q) = %d after sorting to %q", a, b, c, want)
			}
		}
	}
	if !slices.IsSortedFunc([]string{"ep 1", "ep 2", "ep 10", "ep 10 b", "ep 100"}, naturally) || naturally("x/2", "x y/1") >= 0 || naturally("ep 007", "ep 8") >= 0 {
		t.Error("numbers must count by their value")
	}
}

func TestWebAddress(t *testing.T) {
	for arg, want := range map[string]string{
		"https://a.b/c": "https://a.b/c", "HTTP://a.b": "HTTP://a.b", "feed:https://a.b/c": "https://a.b/c", "feed://a.b/c": "https://a.b/c", "podcast://a.b": "https://a.b",
		"a.b/c": "", "file:///x": "", "C:\\music": "", "ftp://a.b": "",
	} {
		got, ok := WebAddress(arg)
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("WebAddress(%q) = %q, want %q", arg, got, want)
		}
	}
	for arg, want := range map[string]bool{"example.org": false, "www.example.org": true, "example.org/feed": true, "talk.mp3": false, "notes.txt": false, "folder": false, "./a.b/c": false} {
		if got := looksLikeHost(arg); got != want {
			t.Errorf("looksLikeHost(%q) = %v", arg, got)
		}
	}
}

func FuzzNaturally(f *testing.F) {
	f.Add("a1", "A01")
	f.Add("x/2", "x y/1")
	f.Fuzz(func(t *testing.T, a, b string) {
		if naturally(a, b) != -naturally(b, a) || naturally(a, a) != 0 {
			t.Errorf("naturally(%q, %q) is no order", a, b)
		}
	})
}
