//go:build !stub

package whisper

/*
#include <stdlib.h>
#include <whisper.h>
*/
import "C"

import (
	"unsafe"

	low "github.com/ggerganov/whisper.cpp/bindings/go"
)

// promptBudget is how many tokens of a prompt whisper uses (src/whisper.cpp, max_prompt_ctx, less the token before it).
func (m *model) promptBudget() int { return int(C.whisper_n_text_ctx(m.c()))/2 - 1 }

// tokens is how many tokens a text of at most pieceBytes has.
func (m *model) tokens(text string) int {
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	var room [pieceBytes + 1]C.whisper_token // a token has a byte at least
	return int(C.whisper_tokenize(m.c(), c, &room[0], C.int(len(room))))
}

// freePrompt frees the copy of the prompt that the binding has made, and never frees.
func freePrompt(lp *low.Params) {
	p := (*C.struct_whisper_full_params)(unsafe.Pointer(lp))
	C.free(unsafe.Pointer(p.initial_prompt))
	p.initial_prompt = nil
}
