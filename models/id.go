package models

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// ShowID identifies a show; it has the form that [NewID] gives.
type ShowID string

// EpisodeID identifies an episode; it has the form that [NewID] gives.
type EpisodeID string

// idLength is the number of characters of an identifier: 16 characters of base32 are 80 bits, so that a collision among
// ten million episodes has a probability under 10⁻¹⁰.
const idLength = 16

// idAlphabet is Crockford's, without letters that look like digits.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID returns the stable identifier of the thing described by parts: 16 characters of 0-9 and a-z (Crockford's
// alphabet). The same parts always give the same identifier; their boundaries count.
func NewID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))[:idLength]
}

// ValidID reports whether s has the form of an identifier that [NewID] gives. Identifiers from outside are checked with
// it before they are used in a path or a query.
func ValidID(s string) bool {
	if len(s) != idLength {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune(idAlphabet, r)
	}) < 0
}
