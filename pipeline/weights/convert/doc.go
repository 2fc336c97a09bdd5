// Package convert turns Whisper and Silero VAD weights, as published for other programs, into the ggml files that
// whisper.cpp loads, and checks ggml files.
//
// Sources: a CTranslate2 model.bin with a tokenizer.json ([Whisper]), the same model as Hugging Face safetensors
// ([WhisperHF]), and Silero's TorchScript archive ([Silero]). The layouts written are those of whisper.cpp's own scripts,
// models/convert-pt-to-ggml.py, convert-h5-to-ggml.py and convert-silero-vad-to-ggml.py. A Silero file comes out as the
// official one, byte for byte; a Whisper file has the official one's size, header, filters and vocabulary, and its tensors
// in the order of the architecture (the order in OpenAI's checkpoints is not known here, and whisper.cpp does not mind).
//
// Everything read is untrusted: each length is checked against the size of the file before it is used, nothing is
// allocated by what a file merely claims, and tensors are streamed, so that memory stays at a few megabytes for models of
// any size. Errors about content wrap [models.ErrInvalid].
package convert

import (
	"fmt"

	"github.com/earshot/earshot/models"
)

// invalid returns an error about what a file holds.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", models.ErrInvalid, fmt.Sprintf(format, args...))
}
