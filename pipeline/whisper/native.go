//go:build !stub

package whisper

/*
#include <stdio.h>
#include <stdlib.h>
#include <whisper.h>

#ifdef EARSHOT_NATIVE
// The libraries' build, by build.sh. Go links again where what it compiled is another one, and does not look into libraries.
__attribute__((used)) static const unsigned int earshot_native = EARSHOT_NATIVE;
#endif

static void earshot_log(enum ggml_log_level level, const char * text, void * data) {
	(void) data;
	if (level == GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_ERROR) {
		fputs(text, stderr);
	}
}

static void earshot_quiet(void) { whisper_log_set(earshot_log, NULL); }

static struct whisper_context * earshot_load(const char * path, enum whisper_alignment_heads_preset heads) {
	struct whisper_context_params p = whisper_context_default_params();
	p.flash_attn           = false;
	p.dtw_token_timestamps = true;
	p.dtw_aheads_preset    = heads;
	p.dtw_n_top            = 2; // for the preset of the topmost layers
	return whisper_init_from_file_with_params_no_state(path, p);
}

static struct whisper_vad_context * earshot_vad_load(const char * path) {
	struct whisper_vad_context_params p = whisper_vad_default_context_params();
	p.n_threads = 1;
	p.use_gpu   = false; // its windows are too small to be worth the way to a device
	return whisper_vad_init_from_file_with_params(path, p);
}

static int earshot_decode(struct whisper_context * ctx, struct whisper_state * state, const struct whisper_full_params * params,
		int best_of, const float * samples, int n) {
	struct whisper_full_params p = *params;
	p.greedy.best_of = best_of;
	p.suppress_nst   = true;
	// Without time stamps among the tokens whisper hears better, see the package comment; alignment gives the times.
	p.no_timestamps  = true;
	// One window a call: what is left of a chunk is decoded when there is speech in it (decode.go). whisper.cpp's own second
	// windows take time where there is none, and alignment over a window of under 160 ms ends the process (whisper.cpp
	// 1.9.1, median_filter).
	p.single_segment = true;
	return whisper_full_with_state(ctx, state, p, samples, n);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	low "github.com/ggerganov/whisper.cpp/bindings/go"
)

// model is whisper's weights, shared by the decoders. It is the caller's to close, after them.
type model struct{ ctx *low.Context }

func (m *model) c() *C.struct_whisper_context {
	return (*C.struct_whisper_context)(unsafe.Pointer(m.ctx))
}

// loadModel loads weights for decoding with word times by alignment (DTW over the cross attention of the heads that follow
// the audio). Alignment needs the decoder without flash attention; the encoder has its own (native/whisper.cpp.patch), over a context
// that fits the chunk exactly.
func loadModel(path string) (*model, error) {
	C.earshot_quiet()
	h, err := readHeader(path)
	if err != nil {
		return nil, badRequestError{err}
	}
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	ctx := C.earshot_load(p, C.enum_whisper_alignment_heads_preset(h.alignmentHeads()))
	if ctx == nil {
		return nil, fmt.Errorf("%s is not a model that whisper.cpp can load: it is damaged, or memory is short", path)
	}
	return &model{(*low.Context)(unsafe.Pointer(ctx))}, nil
}

func (m *model) close() { m.ctx.Whisper_free() }

func (m *model) multilingual() bool { return m.ctx.Whisper_is_multilingual() != 0 }

// languageID returns whisper's number for a code such as "en", or false when it knows no such language.
func (m *model) languageID(code string) (int, bool) {
	id := m.ctx.Whisper_lang_id(code)
	return id, id >= 0
}

// decoder decodes one chunk at a time on one thread.
type decoder struct {
	model *model
	state *C.struct_whisper_state
}

func (m *model) newDecoder() (*decoder, error) {
	state := C.whisper_init_state(m.c())
	if state == nil {
		return nil, errors.New("there is not enough memory for a decoder: use fewer decoders or a smaller model")
	}
	return &decoder{m, state}, nil
}

// close may be called on a decoder that could not be made.
func (d *decoder) close() {
	if d != nil {
		C.whisper_free_state(d.state)
	}
}

// params are the settings of one attempt.
type params struct {
	languageID  int
	prompt      string
	beams       int // 1 is greedy
	temperature float32
}

// lowParams builds whisper's parameters. The binding copies the prompt to C memory and never frees it, so that a set of
// parameters is built once for each way of decoding, not for each chunk.
func (m *model) lowParams(p params) (low.Params, error) {
	strategy := low.SAMPLING_GREEDY
	if p.beams > 1 {
		strategy = low.SAMPLING_BEAM_SEARCH
	}
	lp := m.ctx.Whisper_full_default_params(strategy)
	lp.SetThreads(1)
	lp.SetNoContext(true)
	lp.SetPrintProgress(false)
	lp.SetPrintRealtime(false)
	lp.SetPrintTimestamps(false)
	lp.SetTemperature(p.temperature)
	lp.SetTemperatureFallback(0) // a second try is ours to decide, see check.go
	if p.beams > 1 {
		lp.SetBeamSize(p.beams)
	}
	if p.prompt != "" {
		lp.SetInitialPrompt(p.prompt)
	}
	return lp, lp.SetLanguage(p.languageID)
}

// decode runs one attempt over samples whose first one is at startMS of the recording. They must last at least
// shortestInput.
func (d *decoder) decode(lp *low.Params, audioContext, bestOf int, samples []float32, startMS int64) (decoded, error) {
	lp.SetAudioCtx(audioContext)
	code := C.earshot_decode(d.model.c(), d.state, (*C.struct_whisper_full_params)(unsafe.Pointer(lp)), C.int(bestOf),
		(*C.float)(unsafe.SliceData(samples)), C.int(len(samples)))
	if code != 0 {
		return decoded{}, fmt.Errorf("whisper.cpp could not decode a chunk of %d ms (code %d)", len(samples)/samplesMS, int(code))
	}
	var out decoded
	end := C.whisper_token_eot(d.model.c())
	before := int64(0) // where the token before ends
	for i := range C.whisper_full_n_segments_from_state(d.state) {
		for j := range C.whisper_full_n_tokens_from_state(d.state, i) {
			data := C.whisper_full_get_token_data_from_state(d.state, i, j)
			if data.id >= end {
				continue
			}
			until := max(int64(data.t_dtw)*10, before)
			out.tokens = append(out.tokens, token{
				text:        []byte(C.GoString(C.whisper_full_get_token_text_from_state(d.model.c(), d.state, i, j))),
				startMS:     startMS + before + alignmentLead,
				endMS:       startMS + until,
				probability: float32(data.p),
			})
			before = until
			out.logProbs += float64(data.plog)
		}
	}
	return out, nil
}

// alignmentLead is how many milliseconds before a word the decoder turns to it, measured over eight languages. whisper.cpp's
// time of a token (t_dtw) is where the decoder turns to the next one: a token begins where the one before has its time.
const alignmentLead = 70

// vad is the Silero voice activity detector. It remembers what it heard from call to call.
type vad struct{ ctx *C.struct_whisper_vad_context }

func loadVAD(path string) (*vad, error) {
	if err := checkVAD(path); err != nil {
		return nil, badRequestError{err}
	}
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	ctx := C.earshot_vad_load(p)
	if ctx == nil {
		return nil, fmt.Errorf("%s is not a voice activity detector that whisper.cpp can load", path)
	}
	C.whisper_vad_reset_state(ctx)
	return &vad{ctx}, nil
}

// checkVAD looks at a file's first bytes: whisper.cpp takes the numbers that follow on trust, and a wrong file would end
// the process.
func checkVAD(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("the voice activity detector cannot be read: %w", err)
	}
	defer f.Close()
	const head = "lmgg\x0a\x00\x00\x00silero-16k"
	got := make([]byte, len(head))
	if _, err := io.ReadFull(f, got); err != nil || string(got) != head {
		return fmt.Errorf("%s is not a voice activity detector for whisper.cpp", path)
	}
	return nil
}

func (v *vad) close() { C.whisper_vad_free(v.ctx) }

// probabilities appends the probability of speech in each frame of samples to dst; a last, short frame counts as one.
func (v *vad) probabilities(dst, samples []float32) ([]float32, error) {
	if !C.whisper_vad_detect_speech_no_reset(v.ctx, (*C.float)(unsafe.SliceData(samples)), C.int(len(samples))) {
		return dst, errors.New("the voice activity detector failed")
	}
	probs := (*float32)(unsafe.Pointer(C.whisper_vad_probs(v.ctx)))
	return append(dst, unsafe.Slice(probs, int(C.whisper_vad_n_probs(v.ctx)))...), nil
}
