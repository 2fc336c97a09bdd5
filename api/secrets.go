package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// tokenPrefix begins every token, so that people and programs that look for leaked secrets recognise one.
const tokenPrefix = "earshot_"

// NewToken returns the secret of a new token and what is kept of it. 256 random bits cannot be guessed: a fast hash is enough.
func NewToken() (secret, hash string) {
	secret = tokenPrefix + newSecret()
	return secret, hashOf(secret)
}

// NewAccountID returns an identifier for a session or a token, which tells nothing of its secret. It is an argument of commands, and
// begins with a letter or a digit.
func NewAccountID() string { return rand.Text()[:16] }

func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashOf is what is kept, and looked for, of a secret.
func hashOf(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

// cookieName is the name of the cookie of a session. Behind https it has the prefix with which browsers take it from this host
// alone, and never without https.
const cookieName = "earshot"

func cookieOf(secure bool) string {
	if secure {
		return "__Host-" + cookieName
	}
	return cookieName
}
