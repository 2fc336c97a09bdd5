//go:build !stub

package whisper

// #include <whisper.h>
import "C"

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// header is the beginning of a ggml model file (whisper.cpp, models/convert-pt-to-ggml.py).
type header struct {
	Magic, Vocabulary, AudioContext, AudioState, AudioHeads, AudioLayers, TextContext, TextState, TextHeads, TextLayers, Mels, FileType int32
}

const (
	ggmlMagic         = 0x67676d6c
	englishVocabulary = 51864
)

// readHeader reads and checks it: whisper.cpp takes the numbers on trust, and wrong ones would end the process.
func readHeader(path string) (header, error) {
	var h header
	f, err := os.Open(path)
	if err != nil {
		return h, fmt.Errorf("the model cannot be read: %w", err)
	}
	defer f.Close()
	if err := binary.Read(io.LimitReader(f, 64), binary.LittleEndian, &h); err != nil || h.Magic != ggmlMagic {
		return h, fmt.Errorf("%s is not a model for whisper.cpp, or it is damaged: earshot models verify tells more", path)
	}
	plausible := func(n, most int32) bool { return n > 0 && n <= most }
	if !plausible(h.Vocabulary, 1<<17) || h.AudioContext != 1500 || !plausible(h.AudioState, 1<<13) || !plausible(h.AudioLayers, 64) ||
		!plausible(h.TextContext, 1<<12) || !plausible(h.TextState, 1<<13) || !plausible(h.TextLayers, 64) || !plausible(h.Mels, 256) {
		return h, fmt.Errorf("%s is damaged: pull it again with earshot models pull", path)
	}
	return h, nil
}

// alignmentHeads is whisper.cpp's name for the attention heads of this model that follow the audio (openai/whisper,
// __init__.py, _ALIGNMENT_HEADS). For models that are not OpenAI's own, the topmost layers are taken.
func (h header) alignmentHeads() int {
	english := h.Vocabulary <= englishVocabulary
	pick := func(en, multilingual int) int {
		if english {
			return en
		}
		return multilingual
	}
	switch {
	case h.AudioLayers == 4 && h.TextLayers == 4:
		return pick(C.WHISPER_AHEADS_TINY_EN, C.WHISPER_AHEADS_TINY)
	case h.AudioLayers == 6 && h.TextLayers == 6:
		return pick(C.WHISPER_AHEADS_BASE_EN, C.WHISPER_AHEADS_BASE)
	case h.AudioLayers == 12 && h.TextLayers == 12:
		return pick(C.WHISPER_AHEADS_SMALL_EN, C.WHISPER_AHEADS_SMALL)
	case h.AudioLayers == 24 && h.TextLayers == 24:
		return pick(C.WHISPER_AHEADS_MEDIUM_EN, C.WHISPER_AHEADS_MEDIUM)
	case h.AudioLayers == 32 && h.TextLayers == 32 && h.Mels == 128:
		return C.WHISPER_AHEADS_LARGE_V3
	case h.AudioLayers == 32 && h.TextLayers == 32:
		return C.WHISPER_AHEADS_LARGE_V2 // v1 has the same shape and nearly the same heads
	case h.AudioLayers == 32 && h.TextLayers == 4 && h.Mels == 128:
		return C.WHISPER_AHEADS_LARGE_V3_TURBO
	}
	return C.WHISPER_AHEADS_N_TOP_MOST
}
