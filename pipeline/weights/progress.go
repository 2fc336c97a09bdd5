package weights

import (
	"context"
	"crypto/sha1" //nolint:gosec // the checksum that whisper.cpp lists; SHA-256 is compared too
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// Stage is what [Store.Pull] is doing.
type Stage string

// The stages, in the order in which they may occur.
const (
	Waiting     Stage = "waiting for another process"
	Downloading Stage = "downloading"
	Mirroring   Stage = "mirror download"
	Converting  Stage = "converting"
	Quantizing  Stage = "quantizing"
	Verifying   Stage = "verifying"
)

// Progress is how far a stage has come.
type Progress struct {
	Stage Stage
	Done  int64 // bytes
	Total int64 // bytes; 0 when unknown
	// Note is something to tell once ("the official site cannot be reached …: trying the mirror"); "" for plain progress.
	Note string
}

// counter reports progress as bytes pass through it, and ends with its context.
type counter struct {
	ctx    context.Context //nolint:containedctx // lives for one copy
	stage  Stage
	done   int64
	total  int64
	report func(Progress)
}

// Write counts p; it is used beside the real writer.
func (c *counter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	c.done += int64(len(p))
	c.report(Progress{Stage: c.stage, Done: c.done, Total: c.total})
	return len(p), nil
}

type sums struct{ sha1, sha256 string }

// checksums reads r to its end.
func checksums(ctx context.Context, r io.Reader, size int64, report func(Progress)) (sums, error) {
	s1, s256 := sha1.New(), sha256.New() //nolint:gosec // see the import
	w := io.MultiWriter(s1, s256, &counter{ctx: ctx, stage: Verifying, total: size, report: report})
	if _, err := io.CopyBuffer(w, r, make([]byte, 1<<20)); err != nil {
		return sums{}, err
	}
	return sums{sha1: hex.EncodeToString(s1.Sum(nil)), sha256: hex.EncodeToString(s256.Sum(nil))}, nil
}
