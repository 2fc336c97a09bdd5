package vocabulary

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Lexicon knows which words are in ordinary use: those that are a single token of a decoder's vocabulary. The zero value
// knows none.
type Lexicon struct{ tokens map[string]struct{} }

// NewLexicon returns the lexicon of a vocabulary. Tokens that begin a word begin with a space.
func NewLexicon(tokens []string) Lexicon {
	l := Lexicon{make(map[string]struct{}, len(tokens))}
	for _, t := range tokens {
		l.tokens[t] = struct{}{}
	}
	return l
}

// ReadLexicon reads the vocabulary of a whisper model in a ggml file.
func ReadLexicon(path string) (Lexicon, error) {
	f, err := os.Open(path) //nolint:gosec // the owner's model
	if err != nil {
		return Lexicon{}, fmt.Errorf("reading the model's vocabulary: %w", err)
	}
	defer f.Close()
	tokens, err := readTokens(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return Lexicon{}, fmt.Errorf("reading the vocabulary of %s: %w", path, err)
	}
	return NewLexicon(tokens), nil
}

const (
	ggmlMagic = 0x67676d6c
	// What follows are bounds for files that are damaged; whisper's own numbers are far below.
	mostMelValues  = 1 << 18
	mostTokens     = 1 << 17
	mostTokenBytes = 1 << 10
)

var errNotGGML = errors.New("this is not a model for whisper.cpp, or it is damaged")

// readTokens reads the head of a ggml file: the magic number, eleven hyperparameters, the mel filters, and the tokens
// (whisper.cpp, models/convert-pt-to-ggml.py).
func readTokens(r io.Reader) ([]string, error) {
	var head struct {
		Magic int32
		_     [11]int32
		Mels  int32
		Bins  int32
	}
	if err := binary.Read(r, binary.LittleEndian, &head); err != nil || head.Magic != ggmlMagic {
		return nil, errNotGGML
	}
	values := int64(head.Mels) * int64(head.Bins)
	if head.Mels <= 0 || head.Bins <= 0 || values > mostMelValues {
		return nil, errNotGGML
	}
	if _, err := io.CopyN(io.Discard, r, 4*values); err != nil {
		return nil, errNotGGML
	}
	var n int32
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil || n <= 0 || n > mostTokens {
		return nil, errNotGGML
	}
	var tokens []string // grows as they come: n is not to be trusted
	buf := make([]byte, mostTokenBytes)
	for range n {
		if _, err := io.ReadFull(r, buf[:4]); err != nil {
			return nil, errNotGGML
		}
		length := binary.LittleEndian.Uint32(buf)
		if length > mostTokenBytes {
			return nil, errNotGGML
		}
		if _, err := io.ReadFull(r, buf[:length]); err != nil {
			return nil, errNotGGML
		}
		tokens = append(tokens, string(buf[:length]))
	}
	return tokens, nil
}

// ordinary reports whether a word is in ordinary use, written with a small letter.
func (l Lexicon) ordinary(word string) bool {
	_, ok := l.tokens[" "+strings.ToLower(word)]
	return ok
}

// known reports whether a word is in use as it is written: for a capitalised one, a common name.
func (l Lexicon) known(word string) bool {
	_, ok := l.tokens[" "+word]
	return ok
}
