package convert

import (
	"encoding/json"
	"fmt"
	"io"
)

// maxTokenizer bounds a tokenizer.json; Whisper's have 4 MB.
const maxTokenizer = 32 << 20

// maxToken is the longest token in bytes that whisper.cpp's tools can hold.
const maxToken = 128

// vocabularySize is the number of text tokens of every Whisper model: 50,257 in multilingual ones without, and in English
// ones with <|endoftext|>. Special tokens after them are known by their number, not stored.
const vocabularySize = 50257

// readVocabulary returns the text tokens of a Hugging Face tokenizer.json (byte-level BPE), by number.
func readVocabulary(r io.Reader) ([][]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxTokenizer+1))
	if err != nil {
		return nil, fmt.Errorf("reading the tokenizer: %w", err)
	}
	if len(data) > maxTokenizer {
		return nil, invalid("the tokenizer has more than %d bytes", maxTokenizer)
	}
	var file struct {
		Added []struct {
			ID      int    `json:"id"`
			Content string `json:"content"`
		} `json:"added_tokens"`
		Model struct {
			Vocab map[string]int `json:"vocab"`
		} `json:"model"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, invalid("the tokenizer cannot be read: %v", err)
	}
	tokens := make([][]byte, vocabularySize)
	toByte := bytesOfRunes()
	for text, id := range file.Model.Vocab {
		if id < 0 || id >= vocabularySize {
			continue
		}
		token, err := decodeToken(text, toByte)
		if err != nil {
			return nil, err
		}
		if tokens[id] != nil {
			return nil, invalid("the tokenizer has two tokens of number %d", id)
		}
		tokens[id] = token
	}
	for _, special := range file.Added { // <|endoftext|> of English models, 50256, may be listed here only
		if special.ID >= 0 && special.ID < vocabularySize && tokens[special.ID] == nil && len(special.Content) <= maxToken {
			tokens[special.ID] = []byte(special.Content)
		}
	}
	for id, token := range tokens {
		if token == nil {
			return nil, invalid("the tokenizer lacks token %d", id)
		}
	}
	return tokens, nil
}

func decodeToken(text string, toByte map[rune]byte) ([]byte, error) {
	token := make([]byte, 0, len(text))
	for _, r := range text {
		b, ok := toByte[r]
		if !ok {
			return nil, invalid("the tokenizer is not byte-level: token %.40q", text)
		}
		token = append(token, b)
	}
	if len(token) > maxToken {
		return nil, invalid("the tokenizer has a token of %d bytes", len(token))
	}
	return token, nil
}

// bytesOfRunes is the inverse of GPT-2's bytes_to_unicode: bytes that print stand for themselves, the others for the
// characters from U+0100 on, in order.
func bytesOfRunes() map[rune]byte {
	toByte := make(map[rune]byte, 256)
	next := rune(256)
	for b := range 256 {
		if b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE {
			toByte[rune(b)] = byte(b)
			continue
		}
		toByte[next] = byte(b)
		next++
	}
	return toByte
}
