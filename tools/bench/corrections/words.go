package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"unicode"

	"github.com/earshot/earshot/models"
)

// said is a line of a script: who, and what.
var said = regexp.MustCompile(`^\p{Lu}[\p{L} .'-]{0,40}: (.*)$`)

// readScript returns the words of a script, without its heading.
func readScript(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, body, ok := strings.Cut(string(b), "\n[") // the first time
	if !ok {
		return nil, fmt.Errorf("%s is no script: there is no time in it", path)
	}
	var words []string
	for line := range strings.Lines(body) {
		if m := said.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			for w := range strings.FieldsSeq(m[1]) {
				if plain(w) != "" { // not a dash
					words = append(words, w)
				}
			}
		}
	}
	return words, nil
}

// plain is a word as it is compared: its letters and digits.
func plain(word string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, word)
}

func plainAll(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = plain(w)
	}
	return out
}

func wordsOf(t models.Transcript) (words []models.Word) {
	for _, g := range t.Segments {
		words = append(words, g.Words...)
	}
	return words
}

func texts(words []models.Word) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.Text
	}
	return out
}

// errorsOf counts the words of a transcript that would have to be put in, taken out or changed.
func errorsOf(script []string, t models.Transcript) int {
	table := distances(plainAll(texts(wordsOf(t))), plainAll(script))
	last := table[len(table)-1]
	return int(last[len(last)-1])
}

// distances are those of all beginnings of a from all beginnings of b.
func distances(a, b []string) [][]int32 {
	d := make([][]int32, len(a)+1)
	for i := range d {
		d[i] = make([]int32, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0:
				d[i][j] = int32(j)
			case j == 0:
				d[i][j] = int32(i)
			default:
				other := d[i-1][j-1]
				if a[i-1] != b[j-1] {
					other++
				}
				d[i][j] = min(other, d[i-1][j]+1, d[i][j-1]+1)
			}
		}
	}
	return d
}

// stretch is a part of a transcript that differs from the script: the words [from, to) of one, and [scriptFrom, scriptTo) of the other.
type stretch struct{ from, to, scriptFrom, scriptTo int }

// differences aligns a transcript with the script.
func differences(heard, script []string) []stretch {
	d := distances(heard, script)
	var out []stretch // from the end
	i, j := len(heard), len(script)
	for i > 0 || j > 0 {
		end := stretch{to: i, scriptTo: j}
		for i > 0 || j > 0 {
			if i > 0 && j > 0 && heard[i-1] == script[j-1] && d[i][j] == d[i-1][j-1] {
				break
			}
			switch {
			case i > 0 && j > 0 && d[i][j] == d[i-1][j-1]+1:
				i, j = i-1, j-1
			case i > 0 && d[i][j] == d[i-1][j]+1:
				i--
			default:
				j--
			}
		}
		if end.from, end.scriptFrom = i, j; i < end.to || j < end.scriptTo {
			out = append(out, end)
		}
		for i > 0 && j > 0 && heard[i-1] == script[j-1] && d[i][j] == d[i-1][j-1] {
			i, j = i-1, j-1
		}
	}
	return out
}

// corrections are the changes that make a transcript what the script says. Words that were not heard at all are put in with the word
// before them, as people do.
func corrections(script []string, t models.Transcript) []models.Edit {
	words := wordsOf(t)
	var out []models.Edit
	for _, s := range differences(plainAll(texts(words)), plainAll(script)) {
		if s.from == s.to {
			if s.from == 0 {
				continue
			}
			s.from, s.scriptFrom = s.from-1, s.scriptFrom-1
		}
		if s.to-s.from > 60 || s.scriptTo-s.scriptFrom > 60 {
			continue // another recording than the script: nobody would type that
		}
		out = append(out, models.Edit{
			Kind: models.EditText, Span: models.Span{StartMS: words[s.from].StartMS, EndMS: max(words[s.to-1].EndMS, words[s.from].StartMS+1)},
			Before: strings.Join(texts(words[s.from:s.to]), " "), After: strings.Join(script[s.scriptFrom:s.scriptTo], " "),
		})
	}
	return out
}
