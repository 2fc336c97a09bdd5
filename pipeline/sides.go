package pipeline

import (
	"strings"

	"github.com/earshot/earshot/models"
	"github.com/earshot/earshot/pipeline/audio"
)

// A change of speakers must be heard: words' starts are off by some 70 ms, so that the edges of a word may be another's. In
// ms by which the new side must be heard more than the old one.
const (
	changeMS      = 120 // in the middle of a sentence
	changePauseMS = 30  // after the end of one, or a pause
	pauseMS       = 300
	// clearPercent is how much of a turn must be heard on its side alone for its speaker to have a name.
	clearPercent = 10
	// wordMS is what is listened to of a word: its end is where the next one begins, which may be after words that nobody
	// understood.
	wordMS = 400
)

// The names of the speakers of a recording that has one a side.
const (
	speakerLeft  = "Left"
	speakerRight = "Right"
)

// sides tells speakers apart by the side of a stereo recording on which they are heard.
type sides struct{ audio.Sides }

// Who gives each word the side that it is heard on. It takes the most likely sequence (Viterbi's algorithm): a word that is
// heard on both sides, or hardly, goes with those around it. Nobody is named where a whole turn is like that, as in a jingle.
func (s sides) Who(words []models.Word) []string {
	const left, right = 0, 1
	var score [2]int64
	heard := make([]int64, len(words)) // on the left more than on the right, in ms
	from := make([][2]int, len(words)) // the side of the word before, for each side of a word
	for i, w := range words {
		heard[i] = s.Left(w.StartMS, wordEnd(w))
		change := int64(changeMS)
		if i == 0 {
			change = 0
		} else if before := words[i-1]; w.StartMS-before.EndMS >= pauseMS || endsSentence(before.Text) {
			change = changePauseMS
		}
		next := score
		from[i] = [2]int{left, right}
		for side := range next {
			if other := 1 - side; score[other]-change > score[side] {
				next[side], from[i][side] = score[other]-change, other
			}
		}
		score = [2]int64{next[left] + heard[i], next[right] - heard[i]}
	}
	side := left
	if score[right] > score[left] {
		side = right
	}
	names := make([]string, len(words))
	last := len(words) // end of the turn
	var alone, whole int64
	for i := len(words) - 1; i >= 0; i-- {
		alone, whole = alone+heard[i], whole+wordEnd(words[i])-words[i].StartMS
		before := from[i][side]
		if before != side || i == 0 {
			if max(alone, -alone)*100 > whole*clearPercent {
				for k := i; k < last; k++ {
					names[k] = [2]string{speakerLeft, speakerRight}[side]
				}
			}
			last, alone, whole = i, 0, 0
		}
		side = before
	}
	return names
}

// wordEnd is where listening to a word ends.
func wordEnd(w models.Word) int64 { return min(w.EndMS, w.StartMS+wordMS) }

func endsSentence(word string) bool {
	return strings.ContainsAny(word, ".?!。？！")
}
