package search

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// packedBlock is the number of values that share a base and a width.
const packedBlock = 128

// packed is a read-only array of uint32, stored as blocks of 128 values: each value as the difference from the block's
// least value, in as many bits as most of the block need. The few that need more are patched: their upper bits are kept
// apart (PFOR; Zukowski et al., "Super-Scalar RAM-CPU Cache Compression", 2006).
//
//	u32 count | per block: u32 offset of its data, u8 width, u8 patches, u8 width of a patch | data | 8 bytes of padding
//	data of a block: uvarint base | values | u8 position of each patch, ascending | upper bits of each patch
type packed struct {
	n     int
	heads []byte
	data  []byte
}

const packedHead = 7

var errPacked = errors.New("a packed array is damaged")

func packArray(values []uint32) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(values)))
	heads := len(out)
	blocks := (len(values) + packedBlock - 1) / packedBlock
	out = append(out, make([]byte, blocks*packedHead)...)
	data := len(out)
	for b := range blocks {
		head := out[heads+b*packedHead:]
		binary.LittleEndian.PutUint32(head, uint32(len(out)-data))
		out = packBlock(out, head[4:packedHead], values[b*packedBlock:min(len(values), (b+1)*packedBlock)])
	}
	return append(out, make([]byte, 8)...)
}

// packBlock appends the data of a block and fills in the widths in its head.
func packBlock(out, head []byte, block []uint32) []byte {
	base := block[0]
	for _, v := range block {
		base = min(base, v)
	}
	var ofWidth [33]int // values by the bits that they need
	for _, v := range block {
		ofWidth[bits.Len32(v-base)]++
	}
	top := 32
	for top > 0 && ofWidth[top] == 0 {
		top--
	}
	// The width that takes the least in all. A patch costs its position and its upper bits.
	width, least, patches := top, len(block)*top, 0
	for w, wider := top-1, 0; w >= 0; w-- {
		wider += ofWidth[w+1]
		if cost := len(block)*w + wider*(8+top-w); cost < least {
			width, least, patches = w, cost, wider
		}
	}
	head[0], head[1], head[2] = byte(width), byte(patches), byte(top-width)
	out = binary.AppendUvarint(out, uint64(base))
	low := make([]uint32, len(block))
	var at []byte
	var high []uint32
	for i, v := range block {
		low[i] = (v - base) & (1<<width - 1)
		if h := (v - base) >> width; h > 0 {
			at, high = append(at, byte(i)), append(high, h)
		}
	}
	return appendBits(append(appendBits(out, low, width), at...), high, top-width)
}

// appendBits appends values of so many bits each, and fills the last byte up.
func appendBits(out []byte, values []uint32, width int) []byte {
	var acc uint64
	var have int
	for _, v := range values {
		acc |= uint64(v) << have
		for have += width; have >= 8; have -= 8 {
			out = append(out, byte(acc))
			acc >>= 8
		}
	}
	if have > 0 {
		out = append(out, byte(acc))
	}
	return out
}

// bitsAt returns value i of values of so many bits. 8 bytes must follow the values.
func bitsAt(b []byte, i, width int) uint32 {
	bit := i * width
	return uint32(binary.LittleEndian.Uint64(b[bit/8:]) >> (bit % 8) & (1<<width - 1))
}

func bytesFor(values, width int) int { return (values*width + 7) / 8 }

func readPacked(b []byte) (packed, error) {
	if len(b) < 12 {
		return packed{}, errPacked
	}
	p := packed{n: int(binary.LittleEndian.Uint32(b))}
	blocks := (p.n + packedBlock - 1) / packedBlock
	if blocks*packedHead > len(b)-12 {
		return packed{}, errPacked
	}
	p.heads, p.data = b[4:4+blocks*packedHead], b[4+blocks*packedHead:]
	for i := range blocks {
		head := p.heads[i*packedHead:]
		offset, n := int(binary.LittleEndian.Uint32(head)), min(packedBlock, p.n-i*packedBlock)
		width, patches, patchWidth := int(head[4]), int(head[5]), int(head[6])
		if width+patchWidth > 32 || patches > n || offset > len(p.data) {
			return packed{}, errPacked
		}
		_, base := binary.Uvarint(p.data[offset:])
		if base <= 0 || offset+base+bytesFor(n, width)+patches+bytesFor(patches, patchWidth)+8 > len(p.data) {
			return packed{}, errPacked
		}
	}
	return p, nil
}

// block is an opened block.
type block struct {
	base       uint32
	width      int
	values     []byte
	at         []byte // positions of patches
	patches    []byte
	patchWidth int
}

func (p *packed) block(i int) (b block) {
	p.open(i, &b)
	return b
}

func (p *packed) open(i int, b *block) {
	head := p.heads[i*packedHead:][:packedHead]
	data := p.data[binary.LittleEndian.Uint32(head):]
	if b.base, b.values = uint32(data[0]), data[1:]; b.base >= 1<<7 { // seldom
		base, n := binary.Uvarint(data)
		b.base, b.values = uint32(base), data[n:]
	}
	b.width, b.patchWidth, b.at, b.patches = int(head[4]), int(head[6]), nil, nil
	if patches := int(head[5]); patches > 0 {
		b.at = b.values[bytesFor(min(packedBlock, p.n-i*packedBlock), b.width):]
		b.at, b.patches = b.at[:patches], b.at[patches:]
	}
}

// value returns value i of the block.
func (b *block) value(i int) uint32 {
	v := bitsAt(b.values, i, b.width)
	if len(b.at) > 0 {
		if k := bytes.IndexByte(b.at, byte(i)); k >= 0 {
			v |= bitsAt(b.patches, k, b.patchWidth) << b.width
		}
	}
	return b.base + v
}

// at returns value i, which must be in [0, n).
func (p *packed) at(i int) uint32 {
	b := p.block(i / packedBlock)
	return b.value(i % packedBlock)
}

// slice appends the values [from, to) to dst; faster than at for many.
func (p *packed) slice(dst []uint32, from, to int) []uint32 {
	dst = slices.Grow(dst, max(0, to-from))
	for from < to {
		b := p.block(from / packedBlock)
		first, n := from%packedBlock, min(to-from, packedBlock-from%packedBlock)
		done := len(dst)
		dst = dst[:done+n]
		out, mask, bit := dst[done:], uint64(1)<<b.width-1, first*b.width
		for i := range out {
			out[i] = b.base + uint32(binary.LittleEndian.Uint64(b.values[bit>>3:])>>(bit&7)&mask)
			bit += b.width
		}
		for k, at := range b.at {
			if i := int(at) - first; i >= 0 && i < n {
				out[i] += bitsAt(b.patches, k, b.patchWidth) << b.width
			}
		}
		from += n
	}
	return dst
}

// cursor reads values of a packed array that are mostly near to each other.
type cursor struct {
	p *packed
	b block
	n int // number of the block after b; 0: none is open
}

// at returns value i, which must be in [0, n).
func (c *cursor) at(i int) uint32 {
	if n := i/packedBlock + 1; c.n != n {
		c.p.open(n-1, &c.b)
		c.n = n
	}
	return c.b.value(i % packedBlock)
}

// find calls f with every i in [from, to), ascending, for which value i is v. It is several times faster than slice.
func (p *packed) find(v uint32, from, to int, f func(i int)) {
	var b block
	for from < to {
		p.open(from/packedBlock, &b)
		first, n := from%packedBlock, min(to-from, packedBlock-from%packedBlock)
		if v >= b.base {
			b.find(v-b.base, first, first+n, func(i int) { f(from - first + i) })
		}
		from += n
	}
}

// find is [packed.find] within a block, for the difference from its base. It compares as many values at once as fit a word
// of the machine: a field of the word is zero where the value is the one looked for, and its top bit tells so (Lamport,
// "Multiple byte processing with full-word instructions", 1975).
func (b *block) find(v uint32, from, to int, f func(i int)) {
	if v>>b.width > 0 { // only a patch can be that great
		for _, at := range b.at {
			if i := int(at); i >= from && i < to && b.value(i)-b.base == v {
				f(i)
			}
		}
		return
	}
	patched := func(i int) bool { return bytes.IndexByte(b.at, byte(i)) >= 0 }
	if b.width == 0 { // all values are the base
		for i := from; i < to; i++ {
			if !patched(i) {
				f(i)
			}
		}
		return
	}
	fields, ones := fieldsOf(b.width)
	tops := ones << (b.width - 1)
	rests, wanted := tops-ones, ones*uint64(v)
	for i := from; i < to; i += fields {
		bit := i * b.width
		x := binary.LittleEndian.Uint64(b.values[bit>>3:])>>(bit&7) ^ wanted
		for zero := ^(x&rests + rests | x) & tops; zero != 0; zero &= zero - 1 {
			if at := i + bits.TrailingZeros64(zero)/b.width; at < to && !patched(at) {
				f(at)
			}
		}
	}
}

// fieldsOf returns how many values of a width can be read at once from any bit of a byte on, and a word in which the lowest
// bit of each is set.
func fieldsOf(width int) (fields int, ones uint64) {
	const whole = 64 - 7 // bits that are left of a word that begins within a byte
	fields = whole / width
	for i := range fields {
		ones |= 1 << (i * width)
	}
	return fields, ones
}
