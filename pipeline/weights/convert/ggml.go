package convert

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/x448/float16"
)

// ggmlMagic opens every ggml file ("ggml" in little-endian order).
const ggmlMagic = 0x67676d6c

// The types of tensors that this package writes; [blockTypes] lists all that it reads.
const (
	ggmlF32 = 0
	ggmlF16 = 1
)

// tensor is one entry of the file to write.
type tensor struct {
	name string
	// shape is row-major, and may differ from the source's when it has as many elements.
	shape []int64
	f16   bool // else f32
	from  *array
}

// bytes is the size of the tensor's data in the file.
func (t tensor) bytes() int64 {
	n := int64(4)
	if t.f16 {
		n = 2
	}
	return n * t.from.elements()
}

// ggmlWriter writes fields of a ggml file and keeps the first error.
type ggmlWriter struct {
	w    *bufio.Writer
	err  error
	done func(bytes int64) // told about data written; never nil
}

func newGGMLWriter(w io.Writer, done func(int64)) *ggmlWriter {
	if done == nil {
		done = func(int64) {}
	}
	return &ggmlWriter{w: bufio.NewWriterSize(w, 1<<18), done: done}
}

func (g *ggmlWriter) bytes(p []byte) {
	if g.err == nil {
		_, g.err = g.w.Write(p)
	}
}

func (g *ggmlWriter) ints(values ...int64) {
	for _, v := range values {
		g.bytes(binary.LittleEndian.AppendUint32(nil, uint32(v)))
	}
}

func (g *ggmlWriter) floats(values []float32) {
	for _, v := range values {
		g.bytes(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
}

// tensors writes every tensor: rank, length of the name, type, dimensions from the last to the first, name, data.
func (g *ggmlWriter) tensors(ctx context.Context, list []tensor) error {
	for _, t := range list {
		kind := int64(ggmlF32)
		if t.f16 {
			kind = ggmlF16
		}
		g.ints(int64(len(t.shape)), int64(len(t.name)), kind)
		for _, dim := range slices.Backward(t.shape) {
			g.ints(dim)
		}
		g.bytes([]byte(t.name))
		if err := g.data(ctx, t); err != nil {
			return err
		}
	}
	return g.flush()
}

func (g *ggmlWriter) data(ctx context.Context, t tensor) error {
	var raw []byte
	return t.from.each(ctx, func(values []float32) error {
		raw = raw[:0]
		for _, v := range values {
			if !t.f16 {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
				continue
			}
			half := float16.Fromfloat32(v)
			if half.IsInf(0) {
				return invalid("tensor %q holds %g, which is too large for a 16-bit float", t.from.name, v)
			}
			raw = binary.LittleEndian.AppendUint16(raw, half.Bits())
		}
		g.bytes(raw)
		g.done(int64(len(raw)))
		return g.err
	})
}

func (g *ggmlWriter) flush() error {
	if g.err == nil {
		g.err = g.w.Flush()
	}
	if g.err != nil {
		return fmt.Errorf("writing the ggml file: %w", g.err)
	}
	return nil
}
