package captions

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/earshot/earshot/models"
)

// How words of a transcript are found in what was heard.
const (
	gram        = 3  // so many equal words in a row, that come once in the transcript, are an anchor
	neighbours  = 20 // words within which another anchor must confirm it
	slack       = 8  // words that may be missing on one side between two anchors
	passageLen  = 30 // words in the passages that the hearing of a whole recording is cut into
	fewestHeard = 8  // words of a passage that says something
	// A passage is in the transcript when a third of its words are found: of a recording that is hard to hear, a decoder gets two
	// words of three right, which leaves 30 % of its triples. Of another text in the same language, under 5 % are found.
	passageShare = 0.3
	// Advertisements that only one of the two has may take up to half of what was heard.
	fewestPassages = 0.5
)

// How times move, in ms.
const (
	exactMS = 300  // a difference this small is not worth a change
	stepMS  = 1500 // a difference between two passages that is larger is a cut, a smaller one drift
)

// Fitted is a transcript whose times fit the audio.
type Fitted struct {
	Segments []models.Segment
	Timing   models.Timing
	Shifts   []models.Shift // none where the times fitted as they were, or where each word has its own now
	Heard    float64        // share of heard words that were found
	// Cuts are the stretches of the audio, in ms, within each of which there is a cut at a place that was not heard.
	Cuts [][2]int64
}

// Fit moves the times of a transcript with times to those of the audio. heard are passages of words as they were heard, in
// order of time. A step between the shifts of two passages is put into the longest pause between them. The error is
// [models.ErrUnusable] and says why the transcript cannot be the audio's.
func Fit(segments []models.Segment, timing models.Timing, heard [][]models.Word) (Fitted, error) {
	t := flatten(segments)
	found := t.find(heard)
	f := Fitted{Timing: timing, Heard: found.share()}
	if err := found.check(); err != nil {
		return f, err
	}
	knots := found.knots(t, heard)
	f.Shifts, f.Cuts = t.move(knots)
	f.Segments = t.segments(segments)
	return f, nil
}

// FitWhole gives a transcript, with times or without, the times at which its words were heard in the whole recording. Words
// that were not understood share the time between those that were.
func FitWhole(segments []models.Segment, heard []models.Word) (Fitted, error) {
	t := flatten(segments)
	var passages [][]models.Word
	for p := range slices.Chunk(heard, passageLen) {
		passages = append(passages, p)
	}
	found := t.find(passages)
	f := Fitted{Timing: models.TimingHeard, Heard: found.share()}
	if err := found.check(); err != nil {
		return f, err
	}
	t.take(found.pairs, heard)
	f.Segments = t.segments(segments)
	return f, nil
}

// text is the words of a transcript one after the other.
type text struct {
	words []models.Word
	plain []string // what is compared of each, "" for one without letters
}

func flatten(segments []models.Segment) *text {
	t := &text{}
	for _, s := range segments {
		for _, w := range s.Words {
			t.words = append(t.words, w)
			t.plain = append(t.plain, plain(w.Text))
		}
	}
	return t
}

// plain is what is compared of a word: its letters and digits in lower case.
func plain(word string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) {
			return unicode.ToLower(r)
		}
		return -1
	}, word)
}

// pair says that word i of the transcript is word j of all that was heard.
type pair struct{ i, j int }

// finding is which words of a transcript were heard.
type finding struct {
	pairs    []pair // in order of both
	passages []int  // how many words each passage has, as far as they can be compared
	matched  []int  // and how many of them were found
}

// find looks for what was heard.
func (t *text) find(heard [][]models.Word) finding {
	f := finding{passages: make([]int, len(heard)), matched: make([]int, len(heard))}
	once := t.grams()
	var anchors []pair
	passage := []int{} // of each heard word
	j := 0
	for p, words := range heard {
		said, at := []string{}, []int{}
		for _, w := range words {
			if s := plain(w.Text); s != "" {
				said, at = append(said, s), append(at, j)
			}
			passage = append(passage, p)
			j++
		}
		f.passages[p] = len(said)
		for k := 0; k+gram <= len(said); k++ {
			if i, ok := once[strings.Join(said[k:k+gram], " ")]; ok && i >= 0 {
				anchors = append(anchors, pair{i, at[k]})
			}
		}
	}
	flat := slices.Concat(heard...)
	f.pairs = t.extend(confirmed(rising(anchors)), flat)
	for _, x := range f.pairs {
		f.matched[passage[x.j]]++
	}
	return f
}

// grams returns where each run of words begins that comes once; -1 for one that comes more often.
func (t *text) grams() map[string]int {
	var said []string
	var at []int
	for i, s := range t.plain {
		if s != "" {
			said, at = append(said, s), append(at, i)
		}
	}
	once := make(map[string]int, len(said))
	for k := 0; k+gram <= len(said); k++ {
		g := strings.Join(said[k:k+gram], " ")
		if _, again := once[g]; again {
			once[g] = -1
		} else {
			once[g] = at[k]
		}
	}
	return once
}

// rising returns the longest part of pairs, which are in order of j, whose i rise too (patience sorting).
func rising(pairs []pair) []pair {
	var piles []int // the pair on top of each
	before := make([]int, len(pairs))
	for k, x := range pairs {
		p := sort.Search(len(piles), func(p int) bool { return pairs[piles[p]].i >= x.i })
		before[k] = -1
		if p > 0 {
			before[k] = piles[p-1]
		}
		if p == len(piles) {
			piles = append(piles, k)
		} else {
			piles[p] = k
		}
	}
	out := make([]pair, len(piles))
	if len(piles) == 0 {
		return out
	}
	for k, n := piles[len(piles)-1], len(piles)-1; k >= 0; k, n = before[k], n-1 {
		out[n] = pairs[k]
	}
	return out
}

// confirmed leaves out anchors that stand alone: three words come together by chance now and then.
func confirmed(anchors []pair) []pair {
	near := func(a, b pair) bool {
		di, dj := b.i-a.i, b.j-a.j
		return di <= neighbours && dj <= neighbours && max(di-dj, dj-di) <= slack
	}
	var out []pair
	for k, a := range anchors {
		if k > 0 && near(anchors[k-1], a) || k+1 < len(anchors) && near(a, anchors[k+1]) {
			out = append(out, a)
		}
	}
	return out
}

// extend makes pairs of words of anchors, and of the words between two of them where both sides have as many: what was misheard
// was said at that time all the same.
func (t *text) extend(anchors []pair, heard []models.Word) []pair {
	var out []pair
	add := func(i, j int) {
		if n := len(out); n == 0 || i > out[n-1].i && j > out[n-1].j {
			out = append(out, pair{i, j})
		}
	}
	for k, a := range anchors {
		i, j := a.i, a.j
		for n := 0; n < gram && i < len(t.plain) && j < len(heard); {
			switch {
			case t.plain[i] == "":
				i++
			case plain(heard[j].Text) == "":
				j++
			default:
				add(i, j)
				i, j, n = i+1, j+1, n+1
			}
		}
		if k+1 < len(anchors) {
			if next := anchors[k+1]; next.i-i == next.j-j && next.i-i <= neighbours {
				for ; i < next.i; i, j = i+1, j+1 {
					add(i, j)
				}
			}
		}
	}
	return out
}

func (f finding) share() float64 {
	found, all := 0, 0
	for p, n := range f.passages {
		found, all = found+min(f.matched[p], n), all+n
	}
	return float64(found) / float64(max(all, 1))
}

// check says why what was heard is not the transcript.
func (f finding) check() error {
	in, all := 0, 0
	for p, n := range f.passages {
		if n < fewestHeard {
			continue
		}
		all++
		if float64(f.matched[p]) >= passageShare*float64(n) {
			in++
		}
	}
	switch {
	case all == 0:
		return models.Explain(models.ErrUnusable, "too little can be understood in the audio to check it")
	case float64(in) < fewestPassages*float64(all):
		return models.Explain(models.ErrUnusable, "it is not what is said in the audio: of %d passages that were listened to it has %d", all, in)
	}
	return nil
}

// knot is a stretch of the transcript whose times are off by the same.
type knot struct {
	first, last int   // words of the transcript
	byMS        int64 // what is added to their times
	from, to    int64 // where it was heard, ms
}

// knots returns one for each passage that was found: the shift is the median of its words'.
func (f finding) knots(t *text, heard [][]models.Word) []knot {
	flat := slices.Concat(heard...)
	var out []knot
	end := 0
	for p := range heard {
		begin := end
		end += len(heard[p])
		var by []int64
		k := knot{first: -1}
		for _, x := range f.pairs {
			if x.j < begin || x.j >= end {
				continue
			}
			if k.first < 0 {
				k.first, k.from = x.i, flat[x.j].StartMS
			}
			k.last, k.to = x.i, flat[x.j].EndMS
			by = append(by, flat[x.j].StartMS-t.words[x.i].StartMS)
		}
		if f.passages[p] < fewestHeard || float64(len(by)) < passageShare*float64(f.passages[p]) {
			continue
		}
		slices.Sort(by)
		k.byMS = by[len(by)/2]
		out = append(out, k)
	}
	return out
}

// move shifts the words as the knots say, and returns the shifts and where cuts are.
func (t *text) move(knots []knot) (shifts []models.Shift, cuts [][2]int64) {
	by := make([]int64, len(t.words))
	shift := func(i int, ms int64) {
		if len(shifts) == 0 || max(ms-shifts[len(shifts)-1].ByMS, shifts[len(shifts)-1].ByMS-ms) > exactMS {
			shifts = append(shifts, models.Shift{FromMS: t.words[i].StartMS, ByMS: ms})
		}
	}
	at := 0
	for n, k := range knots {
		shift(at, k.byMS)
		end := len(t.words)
		if n+1 < len(knots) {
			next := knots[n+1]
			if d := next.byMS - k.byMS; max(d, -d) > stepMS {
				end = t.longestPause(k.last, next.first)
				cuts = append(cuts, [2]int64{k.to, next.from})
			} else {
				end = next.first
			}
		}
		for ; at < end; at++ {
			by[at] = k.byMS
		}
	}
	if len(shifts) == 1 && max(shifts[0].ByMS, -shifts[0].ByMS) <= exactMS {
		return nil, cuts // as it was
	}
	for i := range t.words {
		t.words[i].StartMS += by[i]
		t.words[i].EndMS += by[i]
	}
	t.straighten()
	return shifts, cuts
}

// longestPause returns the word after the longest pause between two words.
func (t *text) longestPause(from, to int) int {
	best, longest := to, int64(-1)
	for i := from + 1; i <= to; i++ {
		if pause := t.words[i].StartMS - t.words[i-1].EndMS; pause > longest {
			best, longest = i, pause
		}
	}
	return best
}

// straighten makes words follow each other again: those of a stretch that the audio lacks end where the next one begins.
func (t *text) straighten() {
	limit := int64(latestMS)
	for i := len(t.words) - 1; i >= 0; i-- {
		w := &t.words[i]
		w.StartMS = max(min(w.StartMS, limit), 0)
		w.EndMS = max(min(w.EndMS, limit), w.StartMS)
		limit = w.StartMS
	}
}

// take gives words the times at which they were heard.
func (t *text) take(pairs []pair, heard []models.Word) {
	weight := func(from, to int) (sum int64) {
		for _, w := range t.words[from:to] {
			sum += int64(utf8.RuneCountInString(w.Text)) + 1
		}
		return sum
	}
	// fill spreads words that were not found over a time.
	fill := func(from, to int, start, end int64) {
		sum, done := weight(from, to), int64(0)
		for i := from; i < to; i++ {
			t.words[i].StartMS = start + (end-start)*done/sum
			done += int64(utf8.RuneCountInString(t.words[i].Text)) + 1
			t.words[i].EndMS = start + (end-start)*done/sum
		}
	}
	at, end := 0, int64(0)
	for _, x := range pairs {
		h := heard[x.j]
		start := max(h.StartMS, end)
		if n := x.i - at; n > 0 {
			length := weight(at, x.i) * slowMSPerChar
			if at == 0 {
				fill(0, x.i, max(0, start-length), start)
			} else {
				fill(at, x.i, end, min(start, end+length))
			}
		}
		t.words[x.i].StartMS, t.words[x.i].EndMS = start, max(h.EndMS, start)
		at, end = x.i+1, max(h.EndMS, start)
	}
	fill(at, len(t.words), end, end+weight(at, len(t.words))*msPerChar)
	t.straighten()
}

// segments puts the words back into segments like those that they were taken from.
func (t *text) segments(like []models.Segment) []models.Segment {
	out := make([]models.Segment, len(like))
	at := 0
	for i, s := range like {
		n := len(s.Words)
		s.Words = t.words[at : at+n : at+n]
		at += n
		if n > 0 {
			s.StartMS, s.EndMS = s.Words[0].StartMS, s.Words[n-1].EndMS
		}
		out[i] = s
	}
	return out
}

// Spread places words without times over a recording of durationMS by the number of their characters, as if all was spoken
// evenly: a guess that helps to find the place.
func Spread(segments []models.Segment, durationMS int64) []models.Segment {
	t := flatten(segments)
	var sum, done int64
	for _, w := range t.words {
		sum += int64(utf8.RuneCountInString(w.Text)) + 1
	}
	for i := range t.words {
		w := &t.words[i]
		w.StartMS = durationMS * done / sum
		done += int64(utf8.RuneCountInString(w.Text)) + 1
		w.EndMS = durationMS * done / sum
	}
	return t.segments(segments)
}
