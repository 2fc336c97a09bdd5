package api

import (
	"slices"
	"strings"
	"unicode"
)

// How two texts are aligned: words that come once in both, in an order that both have, are fixed (Bram Cohen's patience diff), what
// is between them is looked at in the same way, and where nothing comes once, the shortest way of changes is looked for (Eugene
// Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica, 1986), up to a number of changes. So the time is that of
// the length of both, times small numbers, whatever they say.
const (
	mostAlignDepth   = 12  // stretches within stretches
	mostAlignChanges = 200 // words that differ where no word comes once: more differ altogether
)

// alignment is words in a row that both texts have.
type alignment struct{ left, right, length int }

// plainWords are words as they are compared: without capitals and punctuation, unless they are nothing else.
func plainWords(words []comparedWord) []string {
	out := make([]string, len(words))
	for i, w := range words {
		plain := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, w.Text)
		if out[i] = plain; plain == "" {
			out[i] = w.Text
		}
	}
	return out
}

// alignWords returns what two texts have in common, in order.
func alignWords(left, right []string) []alignment {
	a := aligning{left: left, right: right}
	a.between(0, len(left), 0, len(right), 0)
	return a.out
}

type aligning struct {
	left, right []string
	out         []alignment
}

func (a *aligning) add(i, j, n int) {
	if n == 0 {
		return
	}
	if k := len(a.out) - 1; k >= 0 && a.out[k].left+a.out[k].length == i && a.out[k].right+a.out[k].length == j {
		a.out[k].length += n
		return
	}
	a.out = append(a.out, alignment{i, j, n})
}

// between aligns the words from i to iEnd of the left with those from j to jEnd of the right.
func (a *aligning) between(i, iEnd, j, jEnd, depth int) {
	from := i
	for i < iEnd && j < jEnd && a.left[i] == a.right[j] {
		i, j = i+1, j+1
	}
	a.add(from, j-(i-from), i-from)
	tail := 0
	for i < iEnd-tail && j < jEnd-tail && a.left[iEnd-tail-1] == a.right[jEnd-tail-1] {
		tail++
	}
	iEnd, jEnd = iEnd-tail, jEnd-tail
	switch fixed := a.fixed(i, iEnd, j, jEnd); {
	case i == iEnd || j == jEnd:
	case len(fixed) == 0 || depth == mostAlignDepth:
		a.shortest(i, iEnd, j, jEnd)
	default:
		for _, f := range fixed {
			a.between(i, f.left, j, f.right, depth+1)
			a.add(f.left, f.right, 1)
			i, j = f.left+1, f.right+1
		}
		a.between(i, iEnd, j, jEnd, depth+1)
	}
	a.add(iEnd, jEnd, tail)
}

// fixed returns the longest row of words that come once on both sides and in the same order.
func (a *aligning) fixed(i, iEnd, j, jEnd int) []alignment {
	type places struct{ left, right, lefts, rights int }
	seen := make(map[string]places, iEnd-i)
	for k := i; k < iEnd; k++ {
		p := seen[a.left[k]]
		p.left, p.lefts = k, p.lefts+1
		seen[a.left[k]] = p
	}
	for k := j; k < jEnd; k++ {
		if p, ok := seen[a.right[k]]; ok {
			p.right, p.rights = k, p.rights+1
			seen[a.right[k]] = p
		}
	}
	var once []alignment // in the order of the left
	for k := i; k < iEnd; k++ {
		if p := seen[a.left[k]]; p.lefts == 1 && p.rights == 1 {
			once = append(once, alignment{p.left, p.right, 1})
		}
	}
	return rising(once)
}

// rising returns the longest row among words, in the order of the left, whose places on the right rise as well.
func rising(words []alignment) []alignment {
	var ends []int // of the best row of each length, its last word
	before := make([]int, len(words))
	for k, w := range words {
		n, _ := slices.BinarySearchFunc(ends, w.right, func(end, right int) int { return words[end].right - right })
		before[k] = -1
		if n > 0 {
			before[k] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, k)
		} else {
			ends[n] = k
		}
	}
	out := make([]alignment, len(ends))
	if len(ends) == 0 {
		return out
	}
	for k, n := ends[len(ends)-1], len(ends)-1; k >= 0; k, n = before[k], n-1 {
		out[n] = words[k]
	}
	return out
}

// shortest aligns by the smallest number of changes, if that is not more than mostAlignChanges.
func (a *aligning) shortest(i, iEnd, j, jEnd int) {
	n, m := iEnd-i, jEnd-j
	most := min(n+m, mostAlignChanges)
	reach := make([]int, 2*most+3) // by diagonal: how far to the left's end one gets
	var traces [][]int
	for d := range most + 1 {
		traces = append(traces, slices.Clone(reach))
		for k := -d; k <= d; k += 2 {
			x, _ := stepFrom(reach, most, d, k)
			for x < n && x-k < m && x-k >= 0 && a.left[i+x] == a.right[j+x-k] {
				x++
			}
			reach[most+1+k] = x
			if x >= n && x-k >= m {
				a.walk(traces, most, i, j, n, m)
				return
			}
		}
	}
}

// stepFrom is where the d-th change on a diagonal leads to: a word of the right is put in, or one of the left taken out.
func stepFrom(reach []int, most, d, k int) (x int, putIn bool) {
	if k == -d || k != d && reach[most+k] < reach[most+2+k] {
		return reach[most+2+k], true
	}
	return reach[most+k] + 1, false
}

// walk goes back over the changes that were found, and adds what is between them.
func (a *aligning) walk(traces [][]int, most, i, j, x, y int) {
	var found []alignment
	for d := len(traces) - 1; d >= 0; d-- {
		k := x - y
		start, putIn := stepFrom(traces[d], most, d, k)
		if x > start {
			found = append(found, alignment{i + start, j + start - k, x - start})
		}
		if putIn {
			x, y = start, start-k-1
		} else {
			x, y = start-1, start-k
		}
	}
	for _, f := range slices.Backward(found) {
		a.add(f.left, f.right, f.length)
	}
}
