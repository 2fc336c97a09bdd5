package correct

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// In another transcript of the same recording, words stand at nearly the same time, and most of the words around them are the same.
// So what an edit is about is looked for near its time by aligning the words around it, and those that it was made for, with what is
// said there: what lies between the neighbours is what the person heard, whatever it was heard as this time. Where the neighbours are
// not the same, nothing is changed.

const (
	nearby      = 10_000  // milliseconds around an edit in which its words are looked for
	elsewhere   = 300_000 // the same where the recording was replaced, and advertisements may have come or gone
	moved       = 2_000   // milliseconds by which words may begin or end elsewhere in another transcript
	grown       = 2       // words that were heard may be so many times as many, and grownBy more
	grownBy     = 3
	maxAligned  = 4_000_000 // pairs of words that are compared for one edit
	leastWords  = 2         // neighbours that must be the same on both sides together
	inRow       = 2         // where more is put in than there was: neighbours on each side that must be the same and stand together
	tellingFrom = 4         // letters of a word that tells where it is said
	similarFrom = 0.6       // share of letters that are the same in words that are nearly the same
)

// locate finds the words that an edit is about: the tokens [from, to); from is -1 where they are not found. exact says that they are
// the very words, where they were.
func (t *text) locate(e models.Edit, audio string) (from, to int, exact bool) {
	same := e.Audio == audio
	if same {
		// Another transcript may have the words at the very same time, and beside them what the person put there.
		if from, to, ok := t.exactly(e); ok && slices.Equal(keys(t.before(from, contextWords)), keys(e.Left)) && slices.Equal(keys(t.after(to, contextWords)), keys(e.Right)) {
			return from, to, true
		}
	}
	if a, ok := t.beside(e, same); ok {
		if from, to, ok := a.find(); ok {
			return from, to, false
		}
	}
	return -1, -1, false
}

// gone reports whether words that an edit takes out are not said in another transcript: their neighbours follow each other there. It is
// asked before they are looked for, because what is taken out is often what was written twice.
func (t *text) gone(e models.Edit, audio string) bool {
	a, ok := t.beside(e, e.Audio == audio)
	if !ok || len(a.left) == 0 || len(a.right) == 0 {
		return false
	}
	with, _ := a.align()
	a.middle = nil
	without, at := a.align()
	l := len(a.left)
	left, right := at[l-1], at[l]
	if without < with || left < 0 || right != left+1 || a.same(at, 0, len(at)) < leastWords {
		return false
	}
	around := t.tokens[a.lo+left].EndMS <= e.StartMS+moved && t.tokens[a.lo+right].StartMS >= e.EndMS-moved
	return a.nearlySame(at, l-1) && a.nearlySame(at, l) && (around || !a.timed)
}

// beside makes ready to look for an edit among the words near its time; false: there are too many of them, or none.
func (t *text) beside(e models.Edit, same bool) (*alignment, bool) {
	within := int64(nearby)
	if !same {
		within = elsewhere
	}
	lo, hi := t.at(e.StartMS-within), t.at(max(e.EndMS, e.StartMS)+within)
	a := &alignment{t: t, e: e, lo: lo, timed: same, left: keys(e.Left), middle: keys(e.Before), right: keys(e.Right)}
	if len(a.middle) == 0 || (len(a.left)+len(a.middle)+len(a.right))*(hi-lo) > maxAligned {
		return nil, false
	}
	for i := lo; i < hi; i++ {
		a.there = append(a.there, key(t.tokens[i].Text))
	}
	return a, true
}

// exactly finds the words of an edit where they were, as they were.
func (t *text) exactly(e models.Edit) (from, to int, ok bool) {
	from = t.at(e.StartMS)
	for ; from < len(t.tokens) && t.tokens[from].StartMS == e.StartMS; from++ {
		words := strings.Fields(e.Before)
		if e.Kind != models.EditText && len(words) > 1 {
			words = words[:1]
		}
		if to = from + len(words); len(words) == 0 || to > len(t.tokens) {
			continue
		}
		if slices.EqualFunc(t.tokens[from:to], words, func(k token, w string) bool { return k.Text == w }) {
			return from, to, true
		}
	}
	return -1, -1, false
}

// alignment compares an edit's words with those of a stretch of a text.
type alignment struct {
	t                   *text
	e                   models.Edit
	lo                  int  // number of the stretch's first token
	timed               bool // times are those of the same recording
	left, middle, right []string
	there               []string // keys of the stretch's tokens
}

// Steps of an alignment.
const (
	stepPair  = iota + 1 // a word of the edit stands at a token
	stepGone             // a word of the edit is nowhere
	stepExtra            // a token is no word of the edit
)

// Scores of a step.
const (
	scoreSame    = 3
	scoreSimilar = 1
	scoreOther   = -2
	scoreMiddle  = 0 // two words of what was heard in two ways
	scoreSkip    = -1
	scoreLate    = -1 // for each half second that a word of the middle is away from its time
	lateUnit     = 500
)

// find aligns, and returns the tokens that stand between the neighbours.
func (a *alignment) find() (from, to int, ok bool) {
	_, at := a.align()
	return a.between(at)
}

// align finds out where the words of the edit stand in the stretch: by word its token there, -1 for none. It returns how well they fit.
func (a *alignment) align() (best int, at []int) {
	want := slices.Concat(a.left, a.middle, a.right)
	n, m := len(want), len(a.there)
	score := make([][]int, n+1)
	step := make([][]byte, n+1)
	for i := range score {
		score[i], step[i] = make([]int, m+1), make([]byte, m+1)
		for j := range score[i] {
			if i == 0 { // what comes before the edit's words costs nothing
				continue
			}
			best, how := score[i-1][j]+scoreSkip, byte(stepGone)
			if j > 0 {
				if s := score[i-1][j-1] + a.pair(i-1, want[i-1], j-1); s > best {
					best, how = s, stepPair
				}
				if s := score[i][j-1] + scoreSkip; s > best {
					best, how = s, stepExtra
				}
			}
			score[i][j], step[i][j] = best, how
		}
	}
	end := 0
	for j := range score[n] {
		if score[n][j] > score[n][end] {
			end = j
		}
	}
	at = make([]int, n)
	for i, j := n, end; i > 0; {
		switch step[i][j] {
		case stepPair:
			at[i-1] = j - 1
			i, j = i-1, j-1
		case stepExtra:
			j--
		default:
			at[i-1] = -1
			i--
		}
	}
	return score[n][end], at
}

// pair is what it is worth that a word of the edit stands at a token.
func (a *alignment) pair(i int, word string, j int) int {
	s := scoreOther
	switch {
	case word == a.there[j]:
		s = scoreSame
	case similar(word, a.there[j]):
		s = scoreSimilar
	}
	k := i - len(a.left)
	if k < 0 || k >= len(a.middle) {
		return s
	}
	s = max(s, scoreMiddle)
	if a.timed {
		expected := a.e.StartMS + (a.e.EndMS-a.e.StartMS)*int64(k)/int64(len(a.middle))
		late := expected - a.t.tokens[a.lo+j].StartMS
		s += scoreLate * int(min(max(late, -late)/lateUnit, 20))
	}
	return s
}

// between returns the tokens between the neighbours, if enough is the same to be sure.
func (a *alignment) between(at []int) (from, to int, ok bool) {
	l, m := len(a.left), len(a.middle)
	from, to = -1, -1
	if l > 0 && at[l-1] >= 0 {
		from = at[l-1] + 1
	}
	if len(a.right) > 0 && at[l+m] >= 0 {
		to = at[l+m]
	}
	leftSame, rightSame := a.same(at, 0, l), a.same(at, l+m, len(at))
	leftSure, rightSure := from >= 0 && a.nearlySame(at, l-1), to >= 0 && a.nearlySame(at, l+m)
	// The recording may begin or end beside the edit.
	if l == 0 && a.lo == 0 {
		from, leftSure = 0, true
	}
	if len(a.right) == 0 && a.lo+len(a.there) == len(a.t.tokens) {
		to, rightSure = len(a.there), true
	}
	if len(keys(a.e.After)) > m { // what is put in may be elsewhere in the other transcript
		leftSure = leftSure && a.row(at, l-1, -1) >= min(inRow, l)
		rightSure = rightSure && a.row(at, l+m, 1) >= min(inRow, len(a.right))
	}
	if !leftSure || !rightSure || leftSame+rightSame < min(leastWords, l+len(a.right)) {
		if from, to, ok = a.itself(from, to, leftSame+rightSame); !ok {
			return -1, -1, false
		}
	}
	for from < to && a.there[from] == "" { // a dash by itself
		from++
	}
	if from >= to || to-from > grown*max(m, len(keys(a.e.After)))+grownBy {
		return -1, -1, false
	}
	from, to = from+a.lo, to+a.lo
	if a.e.Kind != models.EditText { // about the beginning of the first word
		to = from + 1
	}
	if now := a.t.span(from, to); a.timed && (away(now.StartMS, a.e.StartMS) || a.e.Kind == models.EditText && away(now.EndMS, a.e.EndMS)) {
		return -1, -1, false
	}
	return from, to, true
}

// itself takes the words of the edit where they stand as they were, or as they are to be, beside the one neighbour that is there.
func (a *alignment) itself(from, to, same int) (int, int, bool) {
	after := keys(a.e.After)
	// What is taken out was often written twice, and what is put in the other transcript may have beside the words.
	telling := slices.ContainsFunc(a.middle, func(w string) bool { return utf8.RuneCountInString(w) >= tellingFrom })
	if same < leastWords || a.e.TakesOut() || len(after) > len(a.middle) && (!telling || len(after) > len(a.middle)+grownBy) {
		return 0, 0, false
	}
	for _, words := range [][]string{a.middle, after} {
		n := len(words)
		if n == 0 {
			continue
		}
		if from >= 0 && from+n <= len(a.there) && slices.Equal(a.there[from:from+n], words) {
			return from, from + n, true
		}
		if to >= n && slices.Equal(a.there[to-n:to], words) {
			return to - n, to, true
		}
	}
	return 0, 0, false
}

// same counts the words of the edit from one up to another that stand there as they were.
func (a *alignment) same(at []int, from, to int) (n int) {
	for i := from; i < to; i++ {
		if at[i] >= 0 && a.word(i) == a.there[at[i]] {
			n++
		}
	}
	return n
}

// row counts the words from one on, to the left (-1) or to the right (1), that stand there as they were, one after the other.
func (a *alignment) row(at []int, i, by int) (n int) {
	for next := -1; i >= 0 && i < len(at) && at[i] >= 0 && (n == 0 || at[i] == next) && a.word(i) == a.there[at[i]]; i += by {
		n, next = n+1, at[i]+by
	}
	return n
}

func (a *alignment) nearlySame(at []int, i int) bool {
	return a.word(i) == a.there[at[i]] || similar(a.word(i), a.there[at[i]])
}

func (a *alignment) word(i int) string {
	l, m := len(a.left), len(a.middle)
	switch {
	case i < l:
		return a.left[i]
	case i < l+m:
		return a.middle[i-l]
	}
	return a.right[i-l-m]
}

func away(a, b int64) bool { return max(a-b, b-a) > moved }

// similar reports whether two words have most of their letters in common, in order.
func similar(a, b string) bool {
	longest := max(utf8.RuneCountInString(a), utf8.RuneCountInString(b))
	if longest < 4 || len(a) > 100 || len(b) > 100 {
		return false
	}
	return 1-float64(distance([]rune(a), []rune(b)))/float64(longest) >= similarFrom
}

// distance is how many letters have to be put in, taken out or changed.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range a {
		last := row[0]
		row[0] = i + 1
		for j, s := range b {
			cost := last
			if r != s {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
