package search

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sort"
)

// stringBlock is how many strings follow each other of which all but the first are stored without what they share with
// the one before: few, since each is read up to the one that is wanted.
const stringBlock = 8

// stringList is a read-only list of strings, best sorted.
//
//	u32 count | u32 offset of each block within data | data
//	a string: u8 bytes shared with the string before << 4 | bytes that follow, then these; 255, then both as uvarints,
//	where one is more than 14
type stringList struct {
	n       int
	offsets []byte
	data    []byte
}

const longString = 255

var errStrings = errors.New("a list of strings is damaged")

func packStrings(list []string) []byte {
	blocks := (len(list) + stringBlock - 1) / stringBlock
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(list)))
	out = append(out, make([]byte, 4*blocks)...)
	data := len(out)
	previous := ""
	for i, s := range list {
		if i%stringBlock == 0 {
			binary.LittleEndian.PutUint32(out[4+4*(i/stringBlock):], uint32(len(out)-data))
			previous = ""
		}
		shared := 0
		for shared < min(len(s), len(previous)) && s[shared] == previous[shared] {
			shared++
		}
		if rest := len(s) - shared; shared < 15 && rest < 15 {
			out = append(out, byte(shared<<4|rest))
		} else {
			out = binary.AppendUvarint(append(out, longString), uint64(shared))
			out = binary.AppendUvarint(out, uint64(rest))
		}
		out = append(out, s[shared:]...)
		previous = s
	}
	return out
}

func readStrings(b []byte) (stringList, error) {
	if len(b) < 4 {
		return stringList{}, errStrings
	}
	l := stringList{n: int(binary.LittleEndian.Uint32(b))}
	blocks := (l.n + stringBlock - 1) / stringBlock
	if len(b)-4 < 4*blocks {
		return stringList{}, errStrings
	}
	l.offsets, l.data = b[4:4+4*blocks], b[4+4*blocks:]
	for i := range blocks {
		if int(binary.LittleEndian.Uint32(l.offsets[4*i:])) > len(l.data) {
			return stringList{}, errStrings
		}
	}
	return l, nil
}

// next reads a string into the buffer that holds the one before, and returns what follows it. What is damaged ends early.
func nextString(data, buffer []byte) (s, rest []byte) {
	if len(data) == 0 {
		return buffer[:0], nil
	}
	shared, length := int(data[0]>>4), int(data[0]&15)
	from := 1
	if data[0] == longString {
		a, n := binary.Uvarint(data[1:])
		b, m := binary.Uvarint(data[1+max(0, n):])
		shared, length, from = int(min(a, uint64(len(buffer)))), int(min(b, uint64(len(data)))), 1+max(0, n)+max(0, m)
	}
	shared, length = min(shared, len(buffer)), min(length, len(data)-from)
	return append(buffer[:shared], data[from:from+length]...), data[from+length:]
}

// firstString returns the first string of a block, which shares nothing with another one: in place where it is short, as
// nearly always, else in the buffer.
func firstString(block, buffer []byte) []byte {
	if len(block) > 0 && block[0] < 15 && int(block[0]) < len(block) {
		return block[1 : 1+block[0]]
	}
	s, _ := nextString(block, buffer[:0])
	return s
}

func (l *stringList) block(i int) []byte { return l.data[binary.LittleEndian.Uint32(l.offsets[4*i:]):] }

// at reads string i, which must be in [0, n), into a buffer.
func (l *stringList) at(i int, buffer []byte) []byte {
	data := l.block(i / stringBlock)
	buffer = buffer[:0]
	for range i%stringBlock + 1 {
		buffer, data = nextString(data, buffer)
	}
	return buffer
}

// from calls f with the strings that are not less than key, in order, until it returns false. The list must be sorted; f
// must not keep the string.
func (l *stringList) from(key []byte, f func(i int, s []byte) bool) {
	buffer := make([]byte, 0, 64)
	blocks := len(l.offsets) / 4
	// The first such string is in the block before the first block that begins with one, or begins that.
	b := sort.Search(blocks, func(b int) bool {
		return bytes.Compare(firstString(l.block(b), buffer), key) >= 0
	})
	for i := max(0, b-1) * stringBlock; i < l.n; {
		data := l.block(i / stringBlock)
		buffer = buffer[:0]
		for end := min(l.n, i+stringBlock); i < end; i++ {
			buffer, data = nextString(data, buffer)
			if bytes.Compare(buffer, key) >= 0 && !f(i, buffer) {
				return
			}
		}
	}
}
