package convert

import (
	"io"
	"math"
)

// Description is what a ggml file says of itself.
type Description struct {
	VAD          bool
	Multilingual bool  // false for English and for VAD models
	Vocabulary   int64 // tokens of the model; 0 for a VAD model
	Layers       int64 // of the decoder; 0 for a VAD model
	Tensors      int
	Bytes        int64
	// Values is the number of values by type of tensor: "f32", "f16", "q8_0", …
	Values map[string]int64
}

// blockType is a type of tensor: blocks of so many values in so many bytes (ggml.h, ggml_type; ggml-common.h, block_*).
type blockType struct {
	name          string
	values, bytes int64
}

func blockTypes() map[uint32]blockType {
	return map[uint32]blockType{
		ggmlF32: {"f32", 1, 4}, ggmlF16: {"f16", 1, 2},
		2: {"q4_0", 32, 18}, 3: {"q4_1", 32, 20}, 6: {"q5_0", 32, 22}, 7: {"q5_1", 32, 24}, 8: {"q8_0", 32, 34},
		10: {"q2_k", 256, 84}, 11: {"q3_k", 256, 110}, 12: {"q4_k", 256, 144}, 13: {"q5_k", 256, 176}, 14: {"q6_k", 256, 210},
	}
}

// Bounds on ggml files; the largest Whisper model has 1,259 tensors.
const (
	maxTensors    = 1 << 14
	maxTensorName = 256
)

// Check reads the structure of a ggml file of size bytes from its first byte to its last, without the tensors' values, and
// describes it. A file that whisper.cpp would misread (another format, cut off, longer than its tensors) gives an error
// wrapping models.ErrInvalid. It is fast: a few hundred reads.
func Check(r io.ReaderAt, size int64) (Description, error) {
	c := &cursor{r: r, size: size}
	d := Description{Bytes: size, Values: make(map[string]int64)}
	if magic := c.u32(); c.err == nil && magic != ggmlMagic {
		return d, invalid("not a ggml model file (it begins with %#x)", magic)
	}
	// A Whisper model goes on with the size of its vocabulary, a VAD model with the length of its type's name.
	if first := int64(c.u32()); first == int64(len(sileroType)) {
		d.VAD = true
		checkSileroHeader(c)
	} else {
		d.checkWhisperHeader(c, first)
	}
	types := blockTypes()
	for c.err == nil && c.off < size {
		d.checkTensor(c, types)
	}
	if c.err == nil && d.Tensors < len(sileroTensors()) {
		c.fail("the file has only %d tensors", d.Tensors)
	}
	return d, c.err
}

func checkSileroHeader(c *cursor) {
	if kind := string(c.take(len(sileroType))); c.err == nil && kind != sileroType {
		c.fail("a VAD model of unknown type %q", kind)
	}
	c.skip(5 * 4) // version, window, context
	if layers := c.u32(); c.err == nil && int(layers) != len(sileroLayers()) {
		c.fail("a VAD model of %d layers", layers)
	}
	c.skip(int64(len(sileroLayers()))*3*4 + 4*4)
}

func (d *Description) checkWhisperHeader(c *cursor, vocabulary int64) {
	var p [10]int64 // audio context, state, heads, layers; text context, state, heads, layers; mels, type
	for i := range p {
		p[i] = int64(int32(c.u32()))
	}
	d.Vocabulary, d.Layers, d.Multilingual = vocabulary, p[7], vocabulary >= 51865
	if c.err == nil && (vocabulary < 51864 || vocabulary > 51866 || p[0] != audioContext || p[4] != textContext ||
		p[1] < headSize || p[1] > maxState || p[3] < 1 || p[3] > maxLayers || p[7] < 1 || p[7] > maxLayers) {
		c.fail("not a Whisper model (sizes %d, %v)", vocabulary, p)
	}
	rows, bins := int64(c.u32()), int64(c.u32())
	if c.err == nil && (rows != p[8] || bins != fftBins || rows != 80 && rows != 128) {
		c.fail("the mel filters are %d × %d", rows, bins)
		return
	}
	c.skip(4 * rows * bins)
	tokens := c.u32()
	if c.err == nil && int64(tokens) > vocabulary {
		c.fail("the vocabulary claims %d tokens", tokens)
	}
	for i := uint32(0); i < tokens && c.err == nil; i++ {
		n := c.u32()
		if n > maxToken {
			c.fail("token %d claims %d bytes", i, n)
		}
		c.skip(int64(n))
	}
}

func (d *Description) checkTensor(c *cursor, types map[uint32]blockType) {
	rank, nameLen, kind := c.u32(), c.u32(), c.u32()
	t, known := types[kind]
	d.Tensors++
	if c.err == nil && (rank > maxRank || nameLen > maxTensorName || !known || d.Tensors > maxTensors) {
		c.fail("the file is damaged at byte %d: no tensor begins there", c.off-12)
	}
	if c.err != nil {
		return
	}
	n := int64(1)
	for range rank {
		dim := int64(int32(c.u32()))
		if dim <= 0 || n > math.MaxInt64/256/dim {
			c.fail("the file is damaged at byte %d: a dimension of %d", c.off-4, dim)
			return
		}
		n *= dim
	}
	name := string(c.take(int(nameLen)))
	if n%t.values != 0 {
		c.fail("tensor %q is damaged: %d values of type %s", name, n, t.name)
		return
	}
	c.skip(n / t.values * t.bytes)
	d.Values[t.name] += n
}
