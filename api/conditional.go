package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// maxKept bounds what is held back of an answer until its ETag is known, in bytes. Longer answers go out as they come, without one.
const maxKept = 8 << 20

// conditional gives every JSON answer to GET an ETag (RFC 9110, 8.8.3) where the operation gave none, and answers 304 to those who
// have the same already. The tag is weak: the answer may be compressed on its way.
func conditional(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		k := &keptWriter{ResponseWriter: w}
		next.ServeHTTP(k, r)
		if !k.keeping {
			return
		}
		sum := sha256.Sum256(k.body.Bytes())
		w.Header().Set("ETag", `W/"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
		if w.Header().Get("Cache-Control") == "no-store" {
			w.Header().Set("Cache-Control", "private, no-cache")
		}
		r = r.Clone(r.Context())
		r.Header.Del("Range") // a part of JSON is of no use
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(k.body.Bytes()))
	})
}

// keptWriter holds back the body of an answer that can have an ETag, and lets any other pass.
type keptWriter struct {
	http.ResponseWriter
	begun, keeping bool
	body           bytes.Buffer
}

// WriteHeader decides whether the body is kept.
func (k *keptWriter) WriteHeader(status int) {
	if status < http.StatusOK { // more headers follow
		k.ResponseWriter.WriteHeader(status)
		return
	}
	if k.begun {
		return
	}
	k.begun = true
	h := k.Header()
	k.keeping = status == http.StatusOK && strings.HasPrefix(h.Get("Content-Type"), "application/json") && h.Get("ETag") == ""
	if !k.keeping {
		k.ResponseWriter.WriteHeader(status)
	}
}

// Write keeps or sends a piece.
func (k *keptWriter) Write(p []byte) (int, error) {
	if !k.begun {
		k.WriteHeader(http.StatusOK)
	}
	if k.keeping && k.body.Len()+len(p) > maxKept {
		k.keeping = false
		k.ResponseWriter.WriteHeader(http.StatusOK)
		if _, err := k.ResponseWriter.Write(k.body.Bytes()); err != nil {
			return 0, err
		}
		k.body = bytes.Buffer{}
	}
	if k.keeping {
		return k.body.Write(p)
	}
	return k.ResponseWriter.Write(p)
}

// Unwrap lets a [http.ResponseController] reach the connection.
func (k *keptWriter) Unwrap() http.ResponseWriter { return k.ResponseWriter }
