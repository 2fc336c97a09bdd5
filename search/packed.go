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

func (p *packed) block(i int) block {
	head := p.heads[i*packedHead:]
	data := p.data[binary.LittleEndian.Uint32(head):]
	base, n := binary.Uvarint(data)
	b := block{base: uint32(base), width: int(head[4]), values: data[n:], patchWidth: int(head[6])}
	if patches := int(head[5]); patches > 0 {
		b.at = b.values[bytesFor(min(packedBlock, p.n-i*packedBlock), b.width):]
		b.at, b.patches = b.at[:patches], b.at[patches:]
	}
	return b
}

// at returns value i, which must be in [0, n).
func (p *packed) at(i int) uint32 {
	b := p.block(i / packedBlock)
	v := bitsAt(b.values, i%packedBlock, b.width)
	if k := bytes.IndexByte(b.at, byte(i%packedBlock)); k >= 0 {
		v |= bitsAt(b.patches, k, b.patchWidth) << b.width
	}
	return b.base + v
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
