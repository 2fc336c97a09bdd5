package convert

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// Input is a model's files as published.
type Input struct {
	Model     io.ReaderAt // model.bin of CTranslate2, or model.safetensors
	Size      int64       // of Model, bytes
	Tokenizer io.Reader   // tokenizer.json; not needed for a VAD model
	// Progress is told how much has been written and how much there is to write, in bytes. May be nil.
	Progress func(done, total int64)
}

// Whisper writes the ggml file (f16) of a Whisper model in CTranslate2's format to w. A source that is damaged or not such
// a model gives an error wrapping models.ErrInvalid; what was written until then is to be thrown away.
func Whisper(ctx context.Context, w io.Writer, in Input) error {
	f, err := openCT2(in.Model, in.Size)
	if err != nil {
		return err
	}
	return writeWhisper(ctx, w, in, f.whisper)
}

// WhisperHF is [Whisper] for a model published as Hugging Face safetensors (one file).
func WhisperHF(ctx context.Context, w io.Writer, in Input) error {
	f, err := openSafetensors(in.Model, in.Size)
	if err != nil {
		return err
	}
	return writeWhisper(ctx, w, in, f.whisper)
}

// finder returns the source of a tensor by its name in OpenAI's (and ggml's) terms, nil when there is none.
type finder func(name string) *array

// hparams are the sizes of a Whisper model.
type hparams struct {
	vocab, audioCtx, state, audioLayers, textCtx, textLayers, mels int64
}

// What whisper.cpp and the published models agree on; anything else is not a Whisper model.
const (
	audioContext = 1500
	textContext  = 448
	headSize     = 64
	maxState     = 4096
	maxLayers    = 64
)

func readHParams(find finder) (hparams, error) {
	shape := func(name string, rank int) []int64 {
		if a := find(name); a != nil && len(a.shape) == rank {
			return a.shape
		}
		return make([]int64, rank)
	}
	embedding := shape("decoder.token_embedding.weight", 2)
	h := hparams{
		vocab: embedding[0], state: embedding[1],
		audioCtx: shape("encoder.positional_embedding", 2)[0],
		textCtx:  shape("decoder.positional_embedding", 2)[0],
		mels:     shape("encoder.conv1.weight", 3)[1],
	}
	layers := func(part string) (n int64) {
		for n < maxLayers && find(fmt.Sprintf("%s.blocks.%d.mlp.0.weight", part, n)) != nil {
			n++
		}
		return n
	}
	h.audioLayers, h.textLayers = layers("encoder"), layers("decoder")
	switch {
	case h.vocab < 51864 || h.vocab > 51866:
		return h, invalid("not a Whisper model: %d tokens", h.vocab)
	case h.state < headSize || h.state > maxState || h.state%headSize != 0:
		return h, invalid("not a Whisper model: states of %d values", h.state)
	case h.audioCtx != audioContext || h.textCtx != textContext:
		return h, invalid("not a Whisper model: contexts of %d and %d", h.audioCtx, h.textCtx)
	case h.mels != 80 && h.mels != 128:
		return h, invalid("not a Whisper model: %d mel bands", h.mels)
	case h.audioLayers == 0 || h.textLayers == 0:
		return h, invalid("not a Whisper model: %d and %d layers", h.audioLayers, h.textLayers)
	}
	return h, nil
}

func writeWhisper(ctx context.Context, w io.Writer, in Input, find finder) error {
	h, err := readHParams(find)
	if err != nil {
		return err
	}
	vocabulary, err := readVocabulary(in.Tokenizer)
	if err != nil {
		return err
	}
	list, err := resolve(whisperTensors(h), find)
	if err != nil {
		return err
	}
	g := newGGMLWriter(w, in.progress(list))
	heads := h.state / headSize
	g.ints(ggmlMagic, h.vocab, h.audioCtx, h.state, heads, h.audioLayers, h.textCtx, h.state, heads, h.textLayers, h.mels, ggmlF16)
	g.ints(h.mels, fftBins)
	g.floats(melFilters(int(h.mels)))
	g.ints(int64(len(vocabulary)))
	for _, token := range vocabulary {
		g.ints(int64(len(token)))
		g.bytes(token)
	}
	return g.tensors(ctx, list)
}

// progress adds up what the writer reports.
func (in Input) progress(list []tensor) func(int64) {
	if in.Progress == nil {
		return nil
	}
	var done, total int64
	for _, t := range list {
		total += t.bytes()
	}
	return func(n int64) {
		done += n
		in.Progress(done, total)
	}
}

// resolve finds the source of each tensor and checks its shape.
func resolve(list []tensor, find finder) ([]tensor, error) {
	for i, t := range list {
		a := find(t.name)
		if a == nil {
			return nil, invalid("the model lacks tensor %q", t.name)
		}
		if !slices.Equal(squeeze(a.shape), squeeze(t.shape)) {
			return nil, invalid("tensor %q has shape %v instead of %v", a.name, a.shape, t.shape)
		}
		list[i].from = a
	}
	return list, nil
}

// squeeze drops dimensions of 1.
func squeeze(shape []int64) []int64 {
	return slices.DeleteFunc(slices.Clone(shape), func(d int64) bool { return d == 1 })
}

// whisperTensors lists what a Whisper model consists of, in the order of the architecture. Tensors of one dimension,
// the biases of the convolutions (written with two) and the positional embeddings are f32, all others f16.
func whisperTensors(h hparams) []tensor {
	var l tensorList
	l.f32("encoder.positional_embedding", h.audioCtx, h.state)
	l.f16("encoder.conv1.weight", h.state, h.mels, 3)
	l.f32("encoder.conv1.bias", h.state, 1)
	l.f16("encoder.conv2.weight", h.state, h.state, 3)
	l.f32("encoder.conv2.bias", h.state, 1)
	for i := range h.audioLayers {
		l.block(fmt.Sprintf("encoder.blocks.%d.", i), h.state, false)
	}
	l.norm("encoder.ln_post", h.state)
	l.f32("decoder.positional_embedding", h.textCtx, h.state)
	l.f16("decoder.token_embedding.weight", h.vocab, h.state)
	for i := range h.textLayers {
		l.block(fmt.Sprintf("decoder.blocks.%d.", i), h.state, true)
	}
	l.norm("decoder.ln", h.state)
	return l
}

type tensorList []tensor

func (l *tensorList) f16(name string, shape ...int64) {
	*l = append(*l, tensor{name: name, shape: shape, f16: true})
}

func (l *tensorList) f32(name string, shape ...int64) {
	*l = append(*l, tensor{name: name, shape: shape})
}

func (l *tensorList) linear(name string, out, in int64, bias bool) {
	l.f16(name+".weight", out, in)
	if bias {
		l.f32(name+".bias", out)
	}
}

func (l *tensorList) norm(name string, n int64) {
	l.f32(name+".weight", n)
	l.f32(name+".bias", n)
}

func (l *tensorList) attention(name string, n int64) {
	l.linear(name+".query", n, n, true)
	l.linear(name+".key", n, n, false)
	l.linear(name+".value", n, n, true)
	l.linear(name+".out", n, n, true)
	l.norm(name+"_ln", n)
}

func (l *tensorList) block(prefix string, n int64, cross bool) {
	l.attention(prefix+"attn", n)
	if cross {
		l.attention(prefix+"cross_attn", n)
	}
	l.linear(prefix+"mlp.0", 4*n, n, true)
	l.linear(prefix+"mlp.2", n, 4*n, true)
	l.norm(prefix+"mlp_ln", n)
}
