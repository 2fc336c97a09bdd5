package whisper

import (
	"errors"
	"fmt"
	"strings"

	"github.com/earshot/earshot/models"
)

// languages are the codes of whisper's languages in the order of its tokens (openai/whisper, tokenizer.py).
const languages = " en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml " +
	"cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz " +
	"fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue "

// KnowsLanguage reports whether code is one of whisper's languages, or says how to find it: "auto" or "mixed".
func KnowsLanguage(code string) bool {
	return code == models.LanguageAuto || code == models.LanguageMixed || isLanguage(code)
}

func isLanguage(code string) bool {
	return code != "" && !strings.Contains(code, " ") && strings.Contains(languages, " "+code+" ")
}

func unknownLanguage(code string) error {
	return fmt.Errorf("whisper knows no language %q: use a code such as en, fr or de, or auto, or mixed", code)
}

const (
	mostVotes   = 3                // chunks that the main language is heard from
	longestVote = 600 * SampleRate // audio after the first of them that is waited for the others
	surely      = 0.5              // probability from which on a chunk of a mixed recording is taken for its own language
)

// tongues chooses the languages of one recording. The choice depends on the samples alone: not on the number of decoders,
// nor on how often the recording was begun.
type tongues struct {
	main  string // "" until it is known
	mixed bool   // every chunk has a say in its own language
	votes int
	sums  []float32 // of the probabilities of each language, over the chunks that have voted
}

// newTongues refuses what the model cannot do.
func newTongues(req Request, multilingual, translates bool) (tongues, error) {
	const choose = `choose one without ".en" in its name`
	t := tongues{mixed: req.Language == models.LanguageMixed, main: req.MainLanguage}
	switch {
	case req.Task != "" && req.Task != models.TaskTranscribe && req.Task != models.TaskTranslate:
		return t, fmt.Errorf("there is no task %q", req.Task)
	case !multilingual && req.Task == models.TaskTranslate:
		return t, errors.New("this model knows English only and cannot translate: " + choose)
	case req.Task == models.TaskTranslate && !translates:
		return t, errors.New("this model has not learnt to translate: choose base, small, medium or large, not a turbo or distilled one")
	case !multilingual && t.mixed:
		return t, errors.New("this model knows English only, not several languages: " + choose)
	case !multilingual && req.Language != models.LanguageAuto && req.Language != "en":
		return t, fmt.Errorf("this model knows English only, not %q: %s", req.Language, choose)
	case !KnowsLanguage(req.Language):
		return t, unknownLanguage(req.Language)
	case !multilingual:
		t.main = "en"
	case isLanguage(req.Language):
		t.main = req.Language
	case t.main != "" && !isLanguage(t.main):
		return t, unknownLanguage(t.main)
	}
	return t, nil
}

func (t *tongues) known() bool { return t.main != "" }

// vote adds one chunk's probabilities.
func (t *tongues) vote(probs []float32) {
	if t.sums == nil {
		t.sums = make([]float32, len(probs))
	}
	for i, p := range probs {
		t.sums[i] += p
	}
	t.votes++
}

// choose ends the vote. code names whisper's numbers.
func (t *tongues) choose(code func(int) string) { t.main = code(likeliest(t.sums)) }

// of is the language of a chunk of a mixed recording: its own where that is clear, else the main one.
func (t *tongues) of(probs []float32, code func(int) string) string {
	if i := likeliest(probs); probs[i] >= surely {
		return code(i)
	}
	return t.main
}

func likeliest(probs []float32) int {
	best := 0
	for i, p := range probs {
		if p > probs[best] {
			best = i
		}
	}
	return best
}
