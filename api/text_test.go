package api

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlainText(t *testing.T) {
	for _, c := range []struct{ published, want string }{
		{"", ""},
		{"Just text, 3 < 4 & 5 > 2.", "Just text, 3 < 4 & 5 > 2."},
		{"<p>One.</p><p>Two<br>lines &amp; more.</p>", "One.\n\nTwo\nlines & more."},
		{"<ul><li>a</li><li>b</li></ul>", "• a\n• b"},
		{"<script>alert(1)</script>ok<style>p{}</style>", "ok"},
		{"<script>alert(1)", ""},
		{"a<iframe srcdoc='<b>x</b>'>inside</iframe>b", "ab"},
		{"&lt;script&gt;stays text&lt;/script&gt;", "<script>stays text</script>"},
		{"  many \n\n\n\n lines\t\tand   spaces ", "many\n\nlines and spaces"},
		{"<p>open <b>never closed", "open never closed"},
		{"bad \xff utf8", "bad \uFFFD utf8"},
		{"<!-- hidden -->seen<!DOCTYPE html>", "seen"},
	} {
		if got := plainText(c.published); got != c.want {
			t.Errorf("%q: got %q, want %q", c.published, got, c.want)
		}
	}
	if got := plainText(strings.Repeat("é<p>", maxText)); len(got) > maxText+len("…") {
		t.Errorf("%d bytes", len(got))
	}
}

func FuzzPlainText(f *testing.F) {
	for _, s := range []string{"<p>a", "<script><!--<script>", "&#x202e;&amp;", "<li><li>", "\x00<b", "<![CDATA[x]]>", "<title></title>x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := plainText(s)
		if !utf8.ValidString(got) || len(got) > maxText+len("…") || got != strings.TrimSpace(got) || strings.Contains(got, "\n\n\n") {
			t.Errorf("%q became %q", s, got)
		}
	})
}
