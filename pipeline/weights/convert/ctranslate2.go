package convert

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strings"
)

// Bounds on a CTranslate2 file. The largest Whisper model has about 1,000 variables.
const (
	ct2Version      = 6
	ct2MaxVariables = 1 << 14
	ct2MaxName      = 1 << 10
	maxRank         = 4
)

// ct2File is the index of a CTranslate2 model.bin: its variables by name, their data left in the file.
//
// Layout (version 6, little endian): u32 version; specification name; u32 revision; u32 number of variables; each a name,
// u8 rank, u32 dimensions, u8 type, u32 bytes, data; u32 number of aliases, each of two names (alias, variable). A name is
// u16 length and that many bytes, the last of them zero.
// Source: ctranslate2/specs/model_spec.py, Model.serialize.
type ct2File struct {
	variables map[string]*array
}

// openCT2 reads the index of a model.bin of size bytes.
func openCT2(r io.ReaderAt, size int64) (*ct2File, error) {
	c := &cursor{r: r, size: size}
	version := c.u32()
	if c.err == nil && version != ct2Version {
		return nil, invalid("not a CTranslate2 model of version %d (found %d)", ct2Version, version)
	}
	spec := c.name()
	c.u32() // revision of the specification; the variables themselves are checked
	if c.err == nil && spec != "WhisperSpec" {
		return nil, invalid("a CTranslate2 model of kind %q, not a Whisper model", spec)
	}
	n := c.u32()
	if c.err == nil && n > ct2MaxVariables {
		return nil, invalid("the model claims %d variables", n)
	}
	f := &ct2File{variables: make(map[string]*array)}
	for i := uint32(0); i < n && c.err == nil; i++ {
		f.add(c)
	}
	f.addAliases(c)
	if c.err == nil && c.off != size {
		return nil, invalid("%d bytes follow the end of the model", size-c.off)
	}
	if c.err != nil {
		return nil, c.err
	}
	return f, f.linkScales()
}

func (f *ct2File) add(c *cursor) {
	a := &array{name: c.name(), r: c.r}
	rank := c.u8()
	if rank > maxRank {
		c.fail("variable %q claims %d dimensions", a.name, rank)
	}
	for i := uint8(0); i < rank && c.err == nil; i++ {
		a.shape = append(a.shape, int64(c.u32()))
	}
	kind := c.u8()
	bytesHeld := int64(c.u32())
	types := [...]dtype{dtypeF32, dtypeI8, dtypeI16, dtypeI32, dtypeF16, dtypeBF16}
	if int(kind) >= len(types) {
		c.fail("variable %q has unknown type %d", a.name, kind)
		return
	}
	a.dtype, a.off = types[kind], c.off
	want, ok := byteSize(a.shape, a.dtype)
	if !ok || want != bytesHeld {
		c.fail("variable %q of shape %v cannot have %d bytes", a.name, a.shape, bytesHeld)
		return
	}
	c.skip(bytesHeld)
	if _, twice := f.variables[a.name]; twice {
		c.fail("variable %q is there twice", a.name)
	}
	f.variables[a.name] = a
}

func (f *ct2File) addAliases(c *cursor) {
	n := c.u32()
	if c.err == nil && n > ct2MaxVariables {
		c.fail("the model claims %d aliases", n)
	}
	for i := uint32(0); i < n && c.err == nil; i++ {
		alias, name := c.name(), c.name()
		if c.err != nil {
			return
		}
		target, ok := f.variables[name]
		if !ok {
			c.fail("alias %q of an unknown variable %q", alias, name)
			return
		}
		f.variables[alias] = target
	}
}

// linkScales gives each int8 or int16 weight the variable that holds its scales: one a row, or a single one.
func (f *ct2File) linkScales() error {
	for _, a := range f.variables { // an alias names the same array
		if a.dtype != dtypeI8 && a.dtype != dtypeI16 || !strings.HasSuffix(a.name, "/weight") {
			continue
		}
		scale, ok := f.variables[a.name+"_scale"]
		if !ok {
			return invalid("weight %q is quantised but has no scale", a.name)
		}
		if n := scale.elements(); len(a.shape) == 0 || n != 1 && n != a.shape[0] || scale.dtype != dtypeF32 {
			return invalid("the scale of weight %q has shape %v", a.name, scale.shape)
		}
		if len(scale.shape) == 0 {
			scale.shape = []int64{1}
		}
		a.scale = scale
	}
	return nil
}

// byteSize is the size of an array of that shape, false when a dimension is zero or negative or the size overflows.
func byteSize(shape []int64, d dtype) (int64, bool) {
	n := d.size()
	for _, dim := range shape {
		if dim <= 0 || n > math.MaxInt64/dim {
			return 0, false
		}
		n *= dim
	}
	return n, true
}

// cursor reads fields one after the other and keeps the first error. It buffers, so that small fields do not cost a read
// each.
type cursor struct {
	r         io.ReaderAt
	size, off int64
	buf       [4096]byte
	bufOff    int64
	bufLen    int
	err       error
}

func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = invalid(format, args...)
	}
}

// take returns the next n bytes, n at most the size of the buffer; valid until the next call.
func (c *cursor) take(n int) []byte {
	if c.err != nil {
		return make([]byte, n)
	}
	if c.off+int64(n) > c.size {
		c.fail("the file is cut off at byte %d", c.size)
		return make([]byte, n)
	}
	if c.off < c.bufOff || c.off+int64(n) > c.bufOff+int64(c.bufLen) {
		c.bufOff, c.bufLen = c.off, int(min(int64(len(c.buf)), c.size-c.off))
		if err := readFull(c.r, c.buf[:c.bufLen], c.off); err != nil {
			c.err, c.bufLen = err, 0
			return make([]byte, n)
		}
	}
	start := c.off - c.bufOff
	c.off += int64(n)
	return c.buf[start : start+int64(n)]
}

func (c *cursor) u8() uint8   { return c.take(1)[0] }
func (c *cursor) u16() uint16 { return binary.LittleEndian.Uint16(c.take(2)) }
func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }

// name reads a CTranslate2 string: u16 length, bytes, of which the last is zero.
func (c *cursor) name() string {
	n := c.u16()
	if n == 0 || n > ct2MaxName {
		c.fail("a name of %d bytes at byte %d", n, c.off)
		return ""
	}
	b := c.take(int(n))
	if c.err == nil && bytes.IndexByte(b, 0) != int(n)-1 {
		c.fail("a name that is not closed at byte %d", c.off)
	}
	return string(b[:n-1])
}

func (c *cursor) skip(n int64) {
	if c.err == nil && n > c.size-c.off {
		c.fail("the file is cut off at byte %d: %d more are missing", c.size, n-(c.size-c.off))
		return
	}
	c.off += n
}
