package vocabulary

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// plainText reduces HTML to its text of at most most bytes; what begins a new line there begins one here.
func plainText(s string, most int) string {
	if len(s) > 8*most { // markup of a page that is not notes
		s = s[:8*most]
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(strings.ToValidUTF8(s, " ")))
	z.SetMaxBuf(1 << 20)
	hidden := false
	for b.Len() < most {
		switch z.Next() {
		case html.ErrorToken:
			return bounded(b.String(), most)
		case html.TextToken:
			if !hidden {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			tag, _ := z.TagName()
			switch string(tag) {
			case "script", "style", "template", "noscript":
				hidden = !hidden
			case "a", "b", "i", "em", "strong", "span", "u", "sup", "sub", "small", "font": // within a line
			default:
				b.WriteByte('\n')
			}
		case html.CommentToken, html.DoctypeToken:
		}
	}
	return bounded(b.String(), most)
}

func bounded(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, " ")
}

// word is a word of a sentence.
type word struct {
	text    string
	name    bool // written like a name
	initial bool // "D."
	joins   bool // may stand within a name: "de", "of"
	first   bool // of its sentence, or after a mark that makes the next word begin with a capital
	ends    bool // no name goes on after it
}

// sentences cuts text into sentences of words; a line ends a sentence.
func sentences(text string) [][]word {
	var out [][]word
	for line := range strings.Lines(text) {
		var s []word
		first := true
		for _, raw := range strings.Fields(line) {
			w, ends := newWord(raw)
			w.first = first
			if w.text == "" { // a bullet, a dash, an address: the next word begins something
				if len(s) > 0 {
					s[len(s)-1].ends = true
				}
			} else {
				if opens(raw) && len(s) > 0 {
					s[len(s)-1].ends = true
				}
				s = append(s, w)
			}
			first = w.text == "" || ends
			if ends {
				out, s = append(out, s), nil
			}
		}
		out = append(out, s)
	}
	return out
}

// joining are the small words within names.
const joining = " de da do dos das del della di du van von der den ten ter la le el al bin ibn y of "

// newWord reads one word with its punctuation; ends says that the sentence ends with it. What cannot be said in a
// transcript (an address, a handle, a number) has no text.
func newWord(raw string) (w word, ends bool) {
	if strings.ContainsAny(raw, "@#/\\_<>=&|") || len(raw) > 4*40 {
		return word{ends: true}, false
	}
	core := strings.TrimFunc(raw, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	after := raw[strings.Index(raw, core)+len(core):]
	core = strings.ReplaceAll(core, "’", "'")
	core = strings.TrimSuffix(strings.TrimSuffix(core, "'s"), "'S")
	n := utf8.RuneCountInString(core)
	switch {
	case core == "":
		return word{ends: true}, strings.ContainsAny(raw, ".!?…:")
	case n == 1 && strings.HasPrefix(after, ".") && capitalInitial(core):
		return word{text: core, initial: true, ends: len(after) > 1}, false
	case strings.Contains(core, "."): // a host name, a version
		return word{ends: true}, strings.ContainsAny(after, ".!?…")
	}
	w = word{text: core, name: capital(core) && n <= 40 && !contracted(core), joins: strings.Contains(joining, " "+core+" "), ends: after != ""}
	return w, strings.ContainsAny(after, ".!?…:") && !title(core)
}

// contracted reports whether a word is short for two: "They're" is no name, "O'Neill" is one.
func contracted(w string) bool {
	_, after, ok := strings.Cut(w, "'")
	return ok && utf8.RuneCountInString(after) <= 2
}

func capitalInitial(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// title reports whether a full stop after the word belongs to it.
func title(w string) bool { return strings.Contains(" Dr Mr Mrs Ms Prof St Jr Sr ", " "+w+" ") }

// opens reports whether punctuation before a word separates it from the one before.
func opens(raw string) bool {
	r, _ := utf8.DecodeRuneInString(raw)
	return !unicode.IsLetter(r) && !unicode.IsDigit(r)
}
