package store

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/earshot/earshot/models"
)

// Bounds of what is read of a backup into memory.
const (
	maxBackupHead = 1 << 20
	maxManifest   = 1 << 30 // a million recordings are 200 MB
	maxZstdWindow = 128 << 20
)

var partForm = regexp.MustCompile(`^catalogue/[0-9]{5,9}\.jsonl$`)

// BackupFile is a backup that was found to be whole. Nothing of it is in memory.
type BackupFile struct {
	path     string
	head     backupHead
	settings []byte
}

// MadeAt is when it was written, Program the version of the program that did.
func (b *BackupFile) MadeAt() time.Time { return b.head.MadeAt }

// Program is the version of the program that wrote it.
func (b *BackupFile) Program() string { return b.head.Program }

// HasMedia reports whether the recordings are in it.
func (b *BackupFile) HasMedia() bool { return b.head.Media }

// Settings is the owner's settings file; nil: there was none.
func (b *BackupFile) Settings() []byte { return b.settings }

// OpenBackup reads a backup to its end, and compares every part with the manifest. A file that is no backup, that was cut
// off, or in which anything was changed, is [models.ErrInvalid] with the reason; one of a newer program is
// [models.ErrNewerData]. progress, which may be nil, is told how many of its bytes are read.
func OpenBackup(ctx context.Context, path string, progress func(what Progressing, done, total int64)) (*BackupFile, error) {
	b := &BackupFile{path: path}
	var seen []backupEntry
	var manifest *backupManifest
	err := b.each(ctx, ProgressChecking, progress, func(name string, size int64, r io.Reader) error {
		switch {
		case len(seen) == 0 && name != backupHeadTar:
			return models.Explain(models.ErrInvalid, "%s is no backup of Earshot", path)
		case manifest != nil:
			return models.Explain(models.ErrInvalid, "the backup %s goes on after its end: it was changed", path)
		case name == backupEnd:
			manifest = &backupManifest{}
			return readJSON(r, size, maxManifest, manifest)
		case name == backupHeadTar:
			text, err := b.readHead(r, size)
			seen = append(seen, entryOf(name, text))
			return err
		case name == backupConfig:
			text, err := readAll(r, size, maxBackupHead)
			b.settings = text
			seen = append(seen, entryOf(name, text))
			return err
		}
		h := sha256.New()
		n, err := io.Copy(h, r)
		seen = append(seen, backupEntry{name, n, hex.EncodeToString(h.Sum(nil))})
		return err
	})
	if err != nil {
		return nil, err
	}
	if manifest == nil {
		return nil, cutOff(path)
	}
	return b, b.compare(seen, manifest.Parts)
}

func entryOf(name string, text []byte) backupEntry {
	sum := sha256.Sum256(text)
	return backupEntry{name, int64(len(text)), hex.EncodeToString(sum[:])}
}

// readHead refuses what this program cannot understand.
func (b *BackupFile) readHead(r io.Reader, size int64) ([]byte, error) {
	text, err := readAll(r, size, maxBackupHead)
	if err == nil {
		err = json.Unmarshal(text, &b.head)
	}
	if err != nil || b.head.Format < 1 {
		return nil, models.Explain(models.ErrInvalid, "%s is no backup of Earshot", b.path)
	}
	if b.head.Format > backupFormat {
		return nil, fmt.Errorf("%s was written by Earshot %s: %w", b.path, b.head.Program, models.ErrNewerData)
	}
	return text, nil
}

func (b *BackupFile) compare(seen, want []backupEntry) error {
	for i, p := range seen {
		switch {
		case i >= len(want) || p.Name != want[i].Name:
			return models.Explain(models.ErrInvalid, "the backup %s has a part that it was not written with: %s", b.path, p.Name)
		case p != want[i]:
			return models.Explain(models.ErrInvalid, "the backup %s was changed or is damaged: %s has other bytes than it was written with", b.path, p.Name)
		}
	}
	if len(want) > len(seen) {
		return models.Explain(models.ErrInvalid, "the backup %s lacks %s", b.path, want[len(seen)].Name)
	}
	return nil
}

func cutOff(path string) error {
	return models.Explain(models.ErrInvalid, "the backup %s was cut off: its end is missing", path)
}

// each calls fn with every part in turn. Only names that a backup has are let through.
func (b *BackupFile) each(ctx context.Context, what Progressing, progress func(Progressing, int64, int64),
	fn func(name string, size int64, r io.Reader) error,
) error {
	f, err := os.Open(b.path)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return models.Explain(models.ErrInvalid, "%s is not a regular file", b.path)
	}
	in := &tellingReader{ctx: ctx, r: f, tell: func(n int64) {
		if progress != nil {
			progress(what, n, info.Size())
		}
	}}
	unpacked, done, err := unpack(in)
	if err != nil {
		return b.explain(ctx, err)
	}
	defer done()
	t := tar.NewReader(unpacked)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return b.explain(ctx, err)
		}
		if !isPart(h) {
			return models.Explain(models.ErrInvalid, "%s is no backup of Earshot: it has %q in it", b.path, shorten(h.Name))
		}
		if err := fn(h.Name, h.Size, t); err != nil {
			return b.explain(ctx, err)
		}
	}
}

// isPart reports whether a part is a file that a backup has.
func isPart(h *tar.Header) bool {
	if h.Typeflag != tar.TypeReg {
		return false
	}
	key, media := strings.CutPrefix(h.Name, backupMedia)
	return media && keyForm.MatchString(key) || partForm.MatchString(h.Name) ||
		h.Name == backupHeadTar || h.Name == backupConfig || h.Name == backupEnd
}

// shorten bounds a name from outside for a message.
func shorten(s string) string {
	const most = 100
	if len(s) > most {
		s = s[:most] + "…"
	}
	return clean(s)
}

// explain says what is wrong with a file that cannot be read as a backup.
func (b *BackupFile) explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return cutOff(b.path)
	case errors.Is(err, tar.ErrHeader), errors.Is(err, zstd.ErrMagicMismatch), errors.Is(err, gzip.ErrHeader):
		return models.Explain(models.ErrInvalid, "%s is no backup of Earshot, or is damaged", b.path)
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, zstd.ErrCRCMismatch):
		return models.Explain(models.ErrInvalid, "the backup %s is damaged", b.path)
	case errors.Is(err, models.ErrInvalid), errors.Is(err, models.ErrNewerData):
		return err
	}
	return fmt.Errorf("reading the backup %s: %w", b.path, err)
}

// unpack reads a file as it was before it was compressed, by its first bytes: names change.
func unpack(in io.Reader) (r io.Reader, done func(), err error) {
	buffered := bufio.NewReaderSize(in, 1<<20)
	head, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		return z, func() {}, err
	}
	return buffered, func() {}, nil
}

func readAll(r io.Reader, size, most int64) ([]byte, error) {
	if size > most {
		return nil, models.Explain(models.ErrInvalid, "the backup has a part of %d bytes, which is more than it may be", size)
	}
	text := make([]byte, size)
	_, err := io.ReadFull(r, text)
	return text, err
}

func readJSON(r io.Reader, size, most int64, into any) error {
	text, err := readAll(r, size, most)
	if err == nil && json.Unmarshal(text, into) != nil {
		err = models.Explain(models.ErrInvalid, "the backup has a manifest that cannot be read")
	}
	return err
}

// tellingReader ends with ctx, and tells how much was read.
type tellingReader struct {
	ctx  context.Context //nolint:containedctx // of the one reading
	r    io.Reader
	n    int64
	tell func(int64)
}

// Read reads on.
func (t *tellingReader) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.r.Read(p)
	t.n += int64(n)
	t.tell(t.n)
	return n, err
}
