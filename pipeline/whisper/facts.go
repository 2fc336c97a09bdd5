//go:build !stub

package whisper

/*
#include <ggml-backend.h>
#include <whisper.h>
*/
import "C"

import (
	"fmt"
	"strings"

	"github.com/earshot/earshot/models"
)

// facts is what a report says of the decoders themselves.
func facts(h header, decoders, threads int) models.Report {
	return models.Report{
		Engine:       "whisper.cpp " + C.GoString(C.whisper_version()),
		Device:       device(),
		Quantization: h.quantization(),
		Decoders:     decoders,
		Threads:      threads,
		Parameters:   parameters(),
	}
}

// device names what computes: the first graphics device, which whisper.cpp takes when there is one (src/whisper.cpp,
// whisper_backend_init), or the processor with the libraries that help it.
func device() string {
	var helpers []string
	for i := range C.ggml_backend_dev_count() {
		dev := C.ggml_backend_dev_get(i)
		name, description := C.GoString(C.ggml_backend_dev_name(dev)), C.GoString(C.ggml_backend_dev_description(dev))
		switch C.ggml_backend_dev_type(dev) {
		case C.GGML_BACKEND_DEVICE_TYPE_GPU, C.GGML_BACKEND_DEVICE_TYPE_IGPU:
			return name + ": " + description
		case C.GGML_BACKEND_DEVICE_TYPE_ACCEL:
			helpers = append(helpers, description)
		}
	}
	if len(helpers) == 0 {
		return "CPU"
	}
	return "CPU (" + strings.Join(helpers, ", ") + ")"
}

// parameters puts the settings that shape a transcript into words.
func parameters() string {
	return fmt.Sprintf("chunks up to %d s; greedy, then 4 beams, then sampling at 0.4", longestChunk/SampleRate)
}

// quantization names how a model's numbers are stored (ggml.h, enum ggml_ftype; thousands hold a version).
func (h header) quantization() string {
	names := map[int32]string{
		0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 7: "q8_0", 8: "q5_0", 9: "q5_1", 10: "q2_k", 11: "q3_k", 12: "q4_k", 13: "q5_k", 14: "q6_k", 24: "bf16",
	}
	const versions = 1000 // GGML_QNT_VERSION_FACTOR
	if name, ok := names[h.FileType%versions]; ok {
		return name
	}
	return fmt.Sprintf("type %d", h.FileType%versions)
}
