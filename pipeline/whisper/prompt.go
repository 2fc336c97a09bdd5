package whisper

import (
	"strings"
	"unicode/utf8"
)

const (
	promptBytes = 32 << 10 // of a prompt's end that can matter: no token is longer than 128 bytes, and 223 are used
	pieceBytes  = 200      // of a word that are tokenised at a time: whisper.cpp's time for it grows with the cube
)

// fitPrompt cuts a prompt to its last words that have at most budget tokens. Whisper itself keeps the last tokens, which
// may begin inside a word, and takes very long over a long prompt. Words are separated by one space and begin with one, as
// in openai/whisper (decoding.py, _get_initial_tokens): a word without it is another token.
func fitPrompt(prompt string, budget int, count func(string) int) string {
	words := strings.Fields(promptEnd(prompt))
	from := len(words)
	for n := 0; from > 0; from-- {
		word := 0
		for piece := range pieces(" " + words[from-1]) {
			word += count(piece)
		}
		if n += word; n > budget {
			break
		}
	}
	if from == len(words) {
		return ""
	}
	return " " + strings.Join(words[from:], " ")
}

// promptEnd is the end of a prompt that is looked at, as valid UTF-8.
func promptEnd(prompt string) string {
	prompt = strings.ToValidUTF8(strings.ReplaceAll(prompt, "\x00", " "), "")
	if len(prompt) <= promptBytes {
		return prompt
	}
	at := len(prompt) - promptBytes
	for !utf8.RuneStart(prompt[at]) {
		at++
	}
	return prompt[at:]
}

// pieces yields a word in parts of at most pieceBytes.
func pieces(word string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for len(word) > pieceBytes {
			at := pieceBytes
			for !utf8.RuneStart(word[at]) {
				at--
			}
			if !yield(word[:at]) {
				return
			}
			word = word[at:]
		}
		yield(word)
	}
}
