// Package password turns the passwords of users into hashes that can be kept, and compares them.
//
// Method and parameters: Argon2id, the second recommended option of RFC 9106, section 4 (3 passes over 64 MiB, 4 lanes, a salt of
// 128 bits, a hash of 256), in the PHC string format (https://github.com/P-H-C/phc-string-format). Each takes 64 MiB and a good
// part of a second of one core, so that only few run at a time, and few wait: a flood of logins costs those who log in time, and
// the machine nothing more.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

const (
	passes  = 3
	memory  = 64 << 10 // KiB
	lanes   = 4
	saltLen = 16 // bytes
	hashLen = 32

	atOnce = 2
	queued = 32
)

// ErrBusy says that too many passwords are being looked at.
var ErrBusy = errors.New("too many people are logging in at once: try again in a few seconds")

// Hasher makes and compares hashes, few at a time. One serves a whole program.
type Hasher struct {
	turns   chan struct{}
	waiting atomic.Int64
	nobody  string // what is compared where there is no user: it takes as long
}

// New returns a Hasher.
func New() *Hasher {
	h := &Hasher{turns: make(chan struct{}, atOnce)}
	h.nobody = encode(make([]byte, saltLen), make([]byte, hashLen))
	return h
}

// Hash returns what to keep of a password. It is [ErrBusy], or ctx's error, where it cannot have its turn.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, saltLen)
	_, _ = rand.Read(salt) // never fails
	return encode(salt, argon2.IDKey([]byte(password), salt, passes, memory, lanes, hashLen)), nil
}

// Compare reports whether a password is the one of which hash was kept, and whether it should be hashed anew, because that was
// done more cheaply than is done now. For "", nobody's hash, it takes as long and is never right.
func (h *Hasher) Compare(ctx context.Context, password, hash string) (right, renew bool, err error) {
	somebody := hash != ""
	if !somebody {
		hash = h.nobody
	}
	k, err := parse(hash)
	if err != nil {
		return false, false, err
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	got := argon2.IDKey([]byte(password), k.salt, k.passes, k.memory, k.lanes, uint32(len(k.hash)))
	right = subtle.ConstantTimeCompare(got, k.hash) == 1 && somebody
	return right, right && (k.passes < passes || k.memory < memory || len(k.hash) < hashLen || len(k.salt) < saltLen), nil
}

// turn waits until this one is among the few that run.
func (h *Hasher) turn(ctx context.Context) (done func(), err error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if h.waiting.Add(1) > queued+atOnce {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns; h.waiting.Add(-1) }, nil
	case <-ctx.Done():
		h.waiting.Add(-1)
		return nil, ctx.Err()
	}
}

// kept is what a hash says of itself.
type kept struct {
	passes, memory uint32
	lanes          uint8
	salt, hash     []byte
}

func encode(salt, hash []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes, b64.EncodeToString(salt), b64.EncodeToString(hash))
}

// parse reads a hash. One that would take more than an archive's owner could have meant is refused.
func parse(text string) (k kept, err error) {
	bad := errors.New("the stored hash of a password cannot be read: set the password anew")
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return k, bad
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &k.memory, &k.passes, &k.lanes); err != nil || n != 3 {
		return k, bad
	}
	b64 := base64.RawStdEncoding.Strict()
	var errSalt, errHash error
	k.salt, errSalt = b64.DecodeString(parts[4])
	k.hash, errHash = b64.DecodeString(parts[5])
	if errSalt != nil || errHash != nil || k.passes == 0 || k.passes > 20 || k.memory < 8 || k.memory > 1<<20 || k.lanes == 0 ||
		len(k.salt) < 8 || len(k.salt) > 64 || len(k.hash) < 16 || len(k.hash) > 64 {
		return k, bad
	}
	return k, nil
}
