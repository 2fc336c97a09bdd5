package convert

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/x448/float16"
)

// dtype is how a number is stored in a source file.
type dtype uint8

const (
	dtypeF32 dtype = iota
	dtypeF16
	dtypeBF16
	dtypeI8
	dtypeI16
	dtypeI32
)

// size is the number of bytes of one value.
func (d dtype) size() int64 {
	switch d {
	case dtypeI8:
		return 1
	case dtypeF16, dtypeBF16, dtypeI16:
		return 2
	default:
		return 4
	}
}

// chunkValues is how many values are held in memory at a time.
const chunkValues = 1 << 15

// array is a tensor inside a file: where its bytes are, not the bytes. Row-major, little endian.
type array struct {
	name  string
	shape []int64
	dtype dtype
	r     io.ReaderAt
	off   int64 // of the first value
	// scale dequantises: a value is its integer divided by the scale of its row (CTranslate2's convention). Nil when the
	// array is not quantised.
	scale *array
}

// elements is the number of values. Readers have checked that it does not overflow.
func (a *array) elements() int64 {
	n := int64(1)
	for _, d := range a.shape {
		n *= d
	}
	return n
}

// rows returns the part of a with indices from to to (exclusive) of its first dimension.
func (a *array) rows(from, to int64) *array {
	rowSize := a.elements() / a.shape[0]
	part := *a
	part.shape = append([]int64{to - from}, a.shape[1:]...)
	part.off = a.off + from*rowSize*a.dtype.size()
	if a.scale != nil && a.scale.elements() > 1 {
		part.scale = a.scale.rows(from, to)
	}
	return &part
}

// each calls fn with the values in order, a bounded number at a time; the slice is reused. A value that is not a finite
// number is an error: it means that the file is damaged.
func (a *array) each(ctx context.Context, fn func([]float32) error) error {
	total := a.elements()
	scales, err := a.rowScales(ctx)
	if err != nil {
		return err
	}
	values := make([]float32, min(total, chunkValues))
	raw := make([]byte, int64(len(values))*a.dtype.size())
	for done := int64(0); done < total; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(total-done, int64(len(values)))
		if err := readFull(a.r, raw[:n*a.dtype.size()], a.off+done*a.dtype.size()); err != nil {
			return fmt.Errorf("reading tensor %q: %w", a.name, err)
		}
		a.decode(values[:n], raw)
		if scales != nil {
			dequantise(values[:n], scales, done, total/int64(len(scales)))
		}
		for i, v := range values[:n] {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return invalid("tensor %q is damaged: value %d is not a number", a.name, done+int64(i))
			}
		}
		if err := fn(values[:n]); err != nil {
			return err
		}
		done += n
	}
	return nil
}

func (a *array) decode(values []float32, raw []byte) {
	le := binary.LittleEndian
	switch a.dtype {
	case dtypeF32:
		for i := range values {
			values[i] = math.Float32frombits(le.Uint32(raw[4*i:]))
		}
	case dtypeF16:
		for i := range values {
			values[i] = float16.Frombits(le.Uint16(raw[2*i:])).Float32()
		}
	case dtypeBF16:
		for i := range values {
			values[i] = math.Float32frombits(uint32(le.Uint16(raw[2*i:])) << 16)
		}
	case dtypeI8:
		for i := range values {
			values[i] = float32(int8(raw[i]))
		}
	case dtypeI16:
		for i := range values {
			values[i] = float32(int16(le.Uint16(raw[2*i:])))
		}
	case dtypeI32:
		for i := range values {
			values[i] = float32(int32(le.Uint32(raw[4*i:])))
		}
	}
}

// rowScales reads the scale of every row, nil when the array is not quantised. It is bounded: one value a row.
func (a *array) rowScales(ctx context.Context) ([]float32, error) {
	if a.scale == nil {
		return nil, nil
	}
	scales := make([]float32, 0, a.scale.elements())
	err := a.scale.each(ctx, func(v []float32) error {
		scales = append(scales, v...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, s := range scales {
		if s == 0 {
			return nil, invalid("tensor %q is damaged: a scale is zero", a.scale.name)
		}
	}
	return scales, nil
}

// dequantise divides values, the first of which has index first within the array, by the scale of their row.
func dequantise(values, scales []float32, first, rowSize int64) {
	for i := range values {
		values[i] /= scales[(first+int64(i))/rowSize]
	}
}

// readFull reads exactly len(p) bytes at off; a file that ends early is named as such.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil || err == io.EOF:
		return invalid("the file is cut off: %d bytes expected at offset %d, only %d there", len(p), off, n)
	default:
		return err
	}
}
