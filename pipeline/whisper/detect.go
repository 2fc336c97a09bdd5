//go:build !stub

package whisper

/*
#include <whisper.h>

// earshot_detect gives the probabilities of all languages. whisper.cpp's own detection encodes with the context size of the
// state's last whisper_full call (src/whisper.cpp, exp_n_audio_ctx): whatever came before would change its result. A call
// over a tenth of a second sets that size and computes the spectrogram of all samples, and ends before it encodes.
static int earshot_detect(struct whisper_context * ctx, struct whisper_state * state, const float * samples, int n,
		int audio_ctx, int threads, float * probs) {
	struct whisper_full_params p = whisper_full_default_params(WHISPER_SAMPLING_GREEDY);
	p.print_progress = false;
	p.greedy.best_of = 1;
	p.n_threads      = threads;
	p.no_context     = true;
	p.language       = "en";
	p.audio_ctx      = audio_ctx;
	p.duration_ms    = 100;
	const int err = whisper_full_with_state(ctx, state, p, samples, n);
	return err != 0 ? err : whisper_lang_auto_detect_with_state(ctx, state, 0, threads, probs);
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// detectedSamples is how much of a chunk its language is heard from. On recordings in eight languages the first five seconds,
// in a context that fits them, give the language that the whole chunk gives in the full context, at a ninth of the cost.
const detectedSamples = 5 * SampleRate

// languageProbabilities returns how probable each language is for samples, by whisper's number of the language. Only the
// samples count, not what the decoder did before.
func (d *decoder) languageProbabilities(samples []float32, threads int) ([]float32, error) {
	samples = atLeastShortest(samples[:min(len(samples), detectedSamples)])
	probs := make([]float32, int(C.whisper_lang_max_id())+1)
	code := C.earshot_detect(d.model.c(), d.state, (*C.float)(unsafe.SliceData(samples)), C.int(len(samples)),
		C.int(contextFor(len(samples), extraContext)), C.int(threads), (*C.float)(unsafe.SliceData(probs)))
	if code < 0 {
		return nil, fmt.Errorf("whisper.cpp could not detect the language (code %d)", int(code))
	}
	return probs, nil
}

// languageCode is the code of whisper's number of a language.
func languageCode(id int) string { return C.GoString(C.whisper_lang_str(C.int(id))) }

// translates tells whether the model was trained to translate: the turbo and distilled ones were not, and write down what
// is said in its own language (openai/whisper, README). They have few text layers for their size.
func (m *model) translates() bool {
	audio, text := int(C.whisper_model_n_audio_layer(m.c())), int(C.whisper_model_n_text_layer(m.c()))
	return m.multilingual() && 2*text >= audio
}
