package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/earshot/earshot/models"
)

// Stored words: a byte with the version of the form, then for each word
//
//	varint  start, in ms from the end of the word before it (the first: from the start of the segment)
//	varint  end, in ms from its start
//	uint16  probability, little endian, in 65535ths
//	uvarint where its text is: 0, the text follows; n, it begins n-1 bytes after the end of the last text found in the
//	        segment's text
//	uvarint length of its text in bytes
//	        the text, where it follows
//
// Nearly always a word's text is a part of its segment's text, so that it costs two bytes.
const wordsVersion = 1

var errWords = errors.New("stored words are damaged")

// encodeWords packs the words of a segment that begins at startMS and whose text is text.
func encodeWords(startMS int64, text string, words []models.Word) []byte {
	if len(words) == 0 {
		return []byte{}
	}
	b := make([]byte, 1, 1+8*len(words))
	b[0] = wordsVersion
	last, at := startMS, 0
	for _, w := range words {
		b = binary.AppendVarint(b, w.StartMS-last)
		b = binary.AppendVarint(b, w.EndMS-w.StartMS)
		b = binary.LittleEndian.AppendUint16(b, packProbability(w.Probability))
		if gap := strings.Index(text[at:], w.Text); gap >= 0 {
			b = binary.AppendUvarint(b, uint64(gap)+1)
			b = binary.AppendUvarint(b, uint64(len(w.Text)))
			at += gap + len(w.Text)
		} else {
			b = binary.AppendUvarint(b, 0)
			b = binary.AppendUvarint(b, uint64(len(w.Text)))
			b = append(b, w.Text...)
		}
		last = w.EndMS
	}
	return b
}

// decodeWords unpacks what encodeWords packed.
func decodeWords(startMS int64, text string, b []byte) ([]models.Word, error) {
	if len(b) == 0 {
		return []models.Word{}, nil
	}
	if b[0] != wordsVersion {
		return nil, fmt.Errorf("%w: unknown form %d", errWords, b[0])
	}
	r := reader{b: b[1:]}
	words := make([]models.Word, 0, len(b)/7)
	last, at := startMS, 0
	for len(r.b) > 0 {
		var w models.Word
		w.StartMS = last + r.varint()
		w.EndMS = w.StartMS + r.varint()
		w.Probability = float32(r.uint16()) / math.MaxUint16
		gap, n := r.uvarint(), r.uvarint()
		switch {
		case r.bad:
		case gap == 0:
			w.Text = string(r.take(n))
		case gap-1 > uint64(len(text)-at) || n > uint64(len(text)-at)-(gap-1):
			r.bad = true
		default:
			from := at + int(gap-1)
			at = from + int(n)
			w.Text = text[from:at]
		}
		if r.bad {
			return nil, errWords
		}
		last = w.EndMS
		words = append(words, w)
	}
	return words, nil
}

func packProbability(p float32) uint16 {
	if !(p > 0) { // NaN too
		return 0
	}
	return uint16(math.Round(float64(min(p, 1)) * math.MaxUint16))
}

// reader takes numbers and texts off b; bad is set once b ends too early.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	r.skip(n)
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.skip(n)
	return v
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) skip(n int) {
	if n <= 0 || r.bad {
		r.bad, r.b = true, nil
		return
	}
	r.b = r.b[n:]
}

func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}
