package password

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
)

func TestPasswords(t *testing.T) {
	h, ctx := New(), t.Context()
	hash, err := h.Hash(ctx, "correct horse battery")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Fatal(hash, err)
	}
	again, err := h.Hash(ctx, "correct horse battery")
	if err != nil || again == hash {
		t.Fatal("two hashes of a password are the same: there is no salt", err)
	}
	weak := strings.Join([]string{
		"", "argon2id", "v=19", "m=1024,t=1,p=1", base64.RawStdEncoding.EncodeToString([]byte("0123456789abcdef")),
		base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte("correct horse battery"), []byte("0123456789abcdef"), 1, 1024, 1, 32)),
	}, "$")
	for _, c := range []struct {
		name, password, hash string
		right, renew         bool
	}{
		{"the right one", "correct horse battery", hash, true, false},
		{"a wrong one", "correct horse batterx", hash, false, false},
		{"none", "", hash, false, false},
		{"nobody's", "", "", false, false},
		{"of older parameters", "correct horse battery", weak, true, true},
		{"a wrong one of older parameters", "correct", weak, false, false},
	} {
		if right, renew, err := h.Compare(ctx, c.password, c.hash); err != nil || right != c.right || renew != c.renew {
			t.Errorf("%s: %v %v %v", c.name, right, renew, err)
		}
	}
	for _, bad := range []string{"x", "$argon2i$" + hash[10:], strings.Replace(hash, "m=65536", "m=4294967295", 1), strings.Replace(hash, "t=3", "t=0", 1), hash[:60], hash + "!"} {
		if right, _, err := h.Compare(ctx, "correct horse battery", bad); err == nil || right {
			t.Errorf("%q was compared", bad)
		}
	}
}

// Few passwords are looked at together, few wait, and those who leave make room.
func TestAFloodIsTurnedAway(t *testing.T) {
	h := New()
	for range atOnce {
		done, err := h.turn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer done()
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	for range queued {
		go func() { _, err := h.turn(ctx); left <- err }()
	}
	for h.waiting.Load() < queued+atOnce { // until all of them wait
		select {
		case err := <-left:
			t.Fatal(err)
		default:
		}
	}
	if _, err := h.Hash(t.Context(), "one more"); !errors.Is(err, ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	leave()
	for range queued {
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("one that left: %v", err)
		}
	}
	if n := h.waiting.Load(); n != atOnce {
		t.Errorf("%d are still counted", n)
	}
}
