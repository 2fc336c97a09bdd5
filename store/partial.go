package store

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/earshot/earshot/models"
)

// syncEvery is how many bytes of a download are at most written again after a crash.
const syncEvery = 4 << 20

// Partial is an audio file that is being written, by one goroutine at a time. It is an [io.WriteCloser].
type Partial struct {
	m         *Media
	f         *os.File
	hint      string
	fleeting  bool // removed when closed
	sum       hash.Hash
	size      int64
	synced    int64       // bytes that a power failure leaves intact
	marks     []milestone // the one or two places where it can go back to, the older one first
	validator string
	over      bool
}

// milestone is a place in a download: so many bytes, and the state of their hash.
type milestone struct {
	size int64
	sum  []byte
}

// partialState is what is kept beside a partial download.
type partialState struct {
	Validator string `json:"validator"`
	Synced    int64  `json:"synced"`
}

func newPartial(m *Media, f *os.File, hint string) *Partial {
	return &Partial{m: m, f: f, hint: hint, sum: sha256.New()}
}

// restore takes up what an earlier run left: as much as was certainly on the disk.
func (p *Partial) restore() error {
	var was partialState
	b, err := os.ReadFile(p.statePath())
	if err == nil {
		err = json.Unmarshal(b, &was)
	}
	if err != nil || was.Synced < 0 {
		was = partialState{} // nothing is known of the bytes
	}
	info, err := p.f.Stat()
	if err != nil {
		return err
	}
	n := min(info.Size(), was.Synced)
	if err := p.f.Truncate(n); err != nil {
		return err
	}
	if _, err := io.Copy(p.sum, p.f); err != nil { // leaves the file's offset at its end
		return err
	}
	p.size, p.synced, p.validator = n, n, was.Validator
	return p.mark()
}

// mark notes that everything so far is there to stay.
func (p *Partial) mark() error {
	sum, err := p.sum.(encoding.BinaryMarshaler).MarshalBinary() //nolint:forcetypeassert // as crypto/sha256 says
	p.marks = append(p.marks[max(0, len(p.marks)-1):], milestone{p.size, sum})
	return err
}

// makeRoom goes back to an earlier place, so that a full disk has some space again: without any, the catalogue could not even
// write down that the job waits. What was there before this attempt stays.
func (p *Partial) makeRoom() error {
	if len(p.marks) == 0 {
		return nil
	}
	to := p.marks[0]
	if err := p.f.Truncate(to.size); err != nil {
		return err
	}
	if _, err := p.f.Seek(to.size, io.SeekStart); err != nil {
		return err
	}
	if err := p.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(to.sum); err != nil { //nolint:forcetypeassert // as above
		return err
	}
	p.size, p.synced, p.marks = to.size, to.size, p.marks[:1]
	return p.saveState()
}

// Size returns how many bytes there are.
func (p *Partial) Size() int64 { return p.size }

// File returns the file with the bytes so far, to be read by a child or by offset: its own offset belongs to Write.
func (p *Partial) File() *os.File { return p.f }

// Validator returns the validator given to [Partial.Reset]: the bytes may be continued only if the source still has the
// same (send it as If-Range). "" means unknown: start over.
func (p *Partial) Validator() string { return p.validator }

// Reset drops all bytes, and keeps the validator of those to come: a strong ETag or a Last-Modified date, "" when the
// source gives none.
func (p *Partial) Reset(validator string) error {
	if err := p.f.Truncate(0); err != nil {
		return p.wrap(err)
	}
	if _, err := p.f.Seek(0, io.SeekStart); err != nil {
		return p.wrap(err)
	}
	p.sum.Reset()
	p.size, p.synced, p.validator, p.marks = 0, 0, validator, nil
	return p.wrap(errors.Join(p.mark(), p.saveState()))
}

// Write appends to the file. A full disk is said so, and some of the last bytes are given up for it.
func (p *Partial) Write(b []byte) (int, error) {
	n, err := p.f.Write(b)
	p.sum.Write(b[:n])
	p.size += int64(n)
	if err == nil && !p.fleeting && p.size-p.synced >= syncEvery {
		err = p.sync()
	}
	if isFull(err) && !p.fleeting {
		err = errors.Join(err, p.makeRoom())
	}
	return n, p.wrap(err)
}

func (p *Partial) sync() error {
	if err := p.f.Sync(); err != nil {
		return err
	}
	p.synced = p.size
	return errors.Join(p.mark(), p.saveState())
}

func (p *Partial) saveState() error {
	if p.fleeting {
		return nil
	}
	b, err := json.Marshal(partialState{Validator: p.validator, Synced: p.synced})
	if err != nil {
		return err
	}
	beside := p.statePath() + "~"
	if err := os.WriteFile(beside, b, 0o600); err != nil {
		return err
	}
	return os.Rename(beside, p.statePath())
}

// Commit makes the bytes a stored file and returns its Key, SHA256 and Bytes. ext is the extension to name it with
// ("mp3", ".mp3" or ""). The partial file is gone then, also when the same bytes were stored before. An empty file is
// [models.ErrUnusable].
func (p *Partial) Commit(ctx context.Context, ext string) (models.Media, error) {
	if p.over {
		return models.Media{}, p.wrap(os.ErrClosed)
	}
	if p.size == 0 {
		return models.Media{}, p.wrap(fmt.Errorf("the file is empty: %w", models.ErrUnusable))
	}
	if err := p.f.Sync(); err != nil {
		return models.Media{}, p.wrap(err)
	}
	sum := hex.EncodeToString(p.sum.Sum(nil))
	key, err := p.m.place(ctx, p.f.Name(), sum, ext, p.size)
	if err != nil {
		return models.Media{}, p.wrap(err)
	}
	p.over = true
	if !p.fleeting {
		err = remove(p.statePath())
	}
	return models.Media{Key: key, SHA256: sum, Bytes: p.size}, p.wrap(errors.Join(err, p.f.Close()))
}

// Discard drops the file for good.
func (p *Partial) Discard() error {
	if p.over {
		return nil
	}
	p.over = true
	err := remove(p.f.Name())
	if !p.fleeting {
		err = errors.Join(err, remove(p.statePath()))
	}
	return p.wrap(errors.Join(err, p.f.Close()))
}

// Close closes the file. An episode's partial audio stays, to be resumed; after Commit or Discard it does nothing.
func (p *Partial) Close() error {
	if p.over {
		return nil
	}
	if p.fleeting {
		return p.Discard()
	}
	p.over = true
	return p.wrap(errors.Join(p.sync(), p.f.Close()))
}

func (p *Partial) statePath() string { return p.f.Name() + ".json" }

func (p *Partial) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("storing %s: %w", p.hint, explainDisk(p.m.dir, err))
}
