package search

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
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
		shared := sharedBytes([]byte(s), []byte(previous))
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

// cutString reads how many bytes a string shares with the one before it, the bytes that it has of its own, and what follows.
// What is damaged ends early.
func cutString(data []byte) (shared int, own, rest []byte) {
	if len(data) == 0 {
		return 0, nil, nil
	}
	shared, length := int(data[0]>>4), int(data[0]&15)
	from := 1
	if data[0] == longString {
		a, n := binary.Uvarint(data[1:])
		b, m := binary.Uvarint(data[1+max(0, n):])
		shared, length, from = int(min(a, math.MaxInt32)), int(min(b, uint64(len(data)))), 1+max(0, n)+max(0, m)
	}
	length = min(length, len(data)-from)
	return shared, data[from : from+length], data[from+length:]
}

// nextString reads a string into the buffer that holds the one before, and returns what follows it.
func nextString(data, buffer []byte) (s, rest []byte) {
	shared, own, rest := cutString(data)
	return append(buffer[:min(shared, len(buffer))], own...), rest
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
	i, s, data := l.seek(key, make([]byte, 0, 64))
	for i < l.n && f(i, s) {
		if i++; i%stringBlock == 0 && i < l.n {
			s, data = s[:0], l.block(i/stringBlock)
		}
		s, data = nextString(data, s)
	}
}

// seek finds the first string that is not less than key, reads it into a buffer, and returns what follows it.
func (l *stringList) seek(key, buffer []byte) (i int, s, rest []byte) {
	// It is in the block before the first block that begins with such a string, or begins that.
	low, high := 0, len(l.offsets)/4
	for low < high {
		if middle := (low + high) / 2; bytes.Compare(firstString(l.block(middle), buffer), key) < 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	// Strings are compared without being put together: one that shares more with the string before than that one shares with
	// the key is less than the key as well.
	var data []byte
	common := 0 // bytes that the string before shares with the key
	for i = max(0, low-1) * stringBlock; i < l.n; i++ {
		if i%stringBlock == 0 {
			data, common = l.block(i/stringBlock), 0
		}
		shared, own, after := cutString(data)
		if data = after; shared > common {
			continue
		}
		same := sharedBytes(own, key[shared:])
		if common = shared + same; common == len(key) || same < len(own) && own[same] > key[common] {
			return i, append(append(buffer[:0], key[:shared]...), own...), data
		}
	}
	return i, nil, nil
}

func sharedBytes(a, b []byte) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
