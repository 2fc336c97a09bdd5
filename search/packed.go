package search

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// packedBlock is the number of values that share a base and a width.
const packedBlock = 128

// packed is a read-only array of uint32, stored as blocks of 128 values: each value as the difference from the block's
// least value, in as many bits as the block's greatest difference needs.
//
//	u32 count | per block: u32 base, u32 offset of its data, u8 width in bits | data | 8 bytes of padding
type packed struct {
	n     int
	heads []byte
	data  []byte
}

const packedHead = 9

var errPacked = errors.New("a packed array is damaged")

func packArray(values []uint32) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(values)))
	heads := len(out)
	blocks := (len(values) + packedBlock - 1) / packedBlock
	out = append(out, make([]byte, blocks*packedHead)...)
	data := len(out)
	for b := range blocks {
		block := values[b*packedBlock : min(len(values), (b+1)*packedBlock)]
		base, top := block[0], block[0]
		for _, v := range block {
			base, top = min(base, v), max(top, v)
		}
		width := bits.Len32(top - base)
		head := out[heads+b*packedHead:]
		binary.LittleEndian.PutUint32(head, base)
		binary.LittleEndian.PutUint32(head[4:], uint32(len(out)-data))
		head[8] = byte(width)
		var acc uint64
		var have int
		for _, v := range block {
			acc |= uint64(v-base) << have
			for have += width; have >= 8; have -= 8 {
				out = append(out, byte(acc))
				acc >>= 8
			}
		}
		if have > 0 {
			out = append(out, byte(acc))
		}
	}
	return append(out, make([]byte, 8)...)
}

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
		offset, width := int(binary.LittleEndian.Uint32(p.heads[i*packedHead+4:])), int(p.heads[i*packedHead+8])
		last := min(packedBlock, p.n-i*packedBlock) - 1
		if width > 32 || offset+last*width/8+8 > len(p.data) {
			return packed{}, errPacked
		}
	}
	return p, nil
}

// at returns value i, which must be in [0, n).
func (p *packed) at(i int) uint32 {
	head := p.heads[i/packedBlock*packedHead:]
	base, offset, width := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:]), uint(head[8])
	bit := uint(i%packedBlock) * width
	v := binary.LittleEndian.Uint64(p.data[uint(offset)+bit/8:]) >> (bit % 8)
	return base + uint32(v&(1<<width-1))
}

// slice appends the values [from, to) to dst; faster than at for many.
func (p *packed) slice(dst []uint32, from, to int) []uint32 {
	for i := from; i < to; {
		head := p.heads[i/packedBlock*packedHead:]
		base, width := binary.LittleEndian.Uint32(head), uint(head[8])
		data, mask := p.data[binary.LittleEndian.Uint32(head[4:]):], uint64(1)<<width-1
		end := min(to, (i/packedBlock+1)*packedBlock)
		for bit := uint(i%packedBlock) * width; i < end; i++ {
			dst = append(dst, base+uint32(binary.LittleEndian.Uint64(data[bit/8:])>>(bit%8)&mask))
			bit += width
		}
	}
	return dst
}
