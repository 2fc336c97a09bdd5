package models

import (
	"cmp"
	"maps"
	"slices"
)

// Report tells how a transcript was made and how good it may be. Stored as JSON: names of fields are for ever. The model,
// the vocabulary and the length of the audio are the [Transcript]'s own.
type Report struct {
	Engine       string `json:"engine,omitempty"`       // for example "whisper.cpp 1.9.1"
	Device       string `json:"device,omitempty"`       // what computed, for example "CPU (OpenBLAS)"
	Quantization string `json:"quantization,omitempty"` // of the weights, for example "q8_0" or "f16"
	Decoders     int    `json:"decoders,omitempty"`     // chunks decoded at a time
	Threads      int    `json:"threads,omitempty"`      // of each decoder
	Parameters   string `json:"parameters,omitempty"`   // of decoding, readable: beams, temperatures, length of chunks
	TookMS       int64  `json:"took_ms"`                // wall time of decoding, over all attempts
	DecodedMS    int64  `json:"decoded_ms"`             // length of the audio that this time was spent on
	SpeechMS     int64  `json:"speech_ms"`              // of it, what the voice activity detector took for speech
	Chunks       int    `json:"chunks"`                 // stretches of speech that were decoded
	Retried      int    `json:"retried"`                // of them, decoded more than once because the first result looked bad
	// Doubtful lists the chunks whose result looked bad to the end, in order of time.
	Doubtful []DoubtfulChunk `json:"doubtful,omitempty"`
	// Languages is how many ms of speech were decoded in each language, by ISO 639-1 code.
	Languages map[string]int64 `json:"languages,omitempty"`
}

// DoubtfulChunk is a stretch of a recording whose text looks bad, and why.
type DoubtfulChunk struct {
	StartMS int64    `json:"start_ms"`
	EndMS   int64    `json:"end_ms"`
	Reasons []string `json:"reasons"` // short and readable, for example "repeats itself"
}

// Add returns the report with what a later attempt at the same transcript reports.
func (r Report) Add(later Report) Report {
	r.Engine = cmp.Or(later.Engine, r.Engine)
	r.Device = cmp.Or(later.Device, r.Device)
	r.Quantization = cmp.Or(later.Quantization, r.Quantization)
	r.Decoders = cmp.Or(later.Decoders, r.Decoders)
	r.Threads = cmp.Or(later.Threads, r.Threads)
	r.Parameters = cmp.Or(later.Parameters, r.Parameters)
	r.TookMS += later.TookMS
	r.DecodedMS += later.DecodedMS
	r.SpeechMS += later.SpeechMS
	r.Chunks += later.Chunks
	r.Retried += later.Retried
	r.Doubtful = slices.Concat(r.Doubtful, later.Doubtful) // a new list: the old one may be shared
	languages := maps.Clone(r.Languages)
	for code, ms := range later.Languages {
		if languages == nil {
			languages = map[string]int64{}
		}
		languages[code] += ms
	}
	r.Languages = languages
	return r
}

// Speed is how many times faster than real time the audio was decoded; 0 when nothing was.
func (r Report) Speed() float64 {
	if r.TookMS <= 0 {
		return 0
	}
	return float64(r.DecodedMS) / float64(r.TookMS)
}
