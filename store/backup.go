package store

import (
	"archive/tar"
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
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/uptrace/bun"

	"github.com/earshot/earshot/models"
)

// A backup is a tar file, as it is or compressed, with, in this order:
//
//	earshot-backup.json     backupHead: what it is
//	catalogue/00001.jsonl   the catalogue as it was at one moment, see dump.go
//	earshot.toml            the owner's settings, where there are any
//	media/ab/abcd….mp3      the recordings, unless they are left out
//	manifest.json           every part before it, with length and SHA-256
//
// It can be written and read from beginning to end in bounded memory; one that was cut off has no manifest.
const (
	backupFormat  = 1 // 1: all of the above
	backupHeadTar = "earshot-backup.json"
	backupPart    = "catalogue/%05d.jsonl"
	backupConfig  = "earshot.toml"
	backupMedia   = "media/"
	backupEnd     = "manifest.json"
)

// unfinishedBackup begins the names of files that are not complete yet.
const unfinishedBackup = ".earshot-backup-"

// backupHead is the first part. Names of fields are for ever.
type backupHead struct {
	Format  int       `json:"format"`
	MadeAt  time.Time `json:"made_at"`
	Program string    `json:"program"` // version
	Tables  int64     `json:"tables"`  // version of the catalogue's tables
	Rows    int64     `json:"rows"`    // of the catalogue
	Media   bool      `json:"media"`   // the recordings are in it
	// MediaBytes is about how long they are together.
	MediaBytes int64 `json:"media_bytes"`
}

// backupManifest is the last part.
type backupManifest struct {
	Parts []backupEntry `json:"parts"`
}

type backupEntry struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// BackupOptions says what a backup holds.
type BackupOptions struct {
	Program  string // this program's version
	Settings []byte // the owner's settings file; nil: there is none
	NoMedia  bool   // leave out the recordings
	Replace  bool   // a file of that name may be there
	// Progress, which may be nil, is told how far the catalogue (in rows) and the recordings (in bytes) have come.
	Progress func(what Progressing, done, total int64)
}

// Progressing is what a backup, or restoring one, is busy with.
type Progressing string

// What a backup is busy with.
const (
	ProgressChecking  Progressing = "checking the backup" // bytes of the file
	ProgressCatalogue Progressing = "catalogue"           // rows
	ProgressMedia     Progressing = "recordings"          // bytes
)

// BackedUp tells what is in a backup.
type BackedUp struct {
	Recordings int
	Bytes      int64 // of the file
	// Unreadable names recordings that are missing or damaged, and therefore not in it.
	Unreadable []string
}

// Backup writes the archive into a file that appears when it is complete, and that only its owner may read: it holds the
// passwords of private feeds. The archive may be in use; the catalogue is as it was at one moment, and a transcript that is being
// made as far as it was then. The file is compressed when its name ends with .zst, .tzst, .gz or .tgz.
func (s *Store) Backup(ctx context.Context, file string, o BackupOptions) (done BackedUp, err error) {
	if o.Progress == nil {
		o.Progress = func(Progressing, int64, int64) {}
	}
	if _, err := os.Lstat(file); err == nil && !o.Replace {
		return done, models.Explain(models.ErrInvalid, "%s is there already: choose another name", file)
	}
	if err := sweepAbandoned(filepath.Dir(file), unfinishedBackup); err != nil { // of backups that were killed
		return done, fmt.Errorf("writing the backup: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), unfinishedBackup+"*") // its owner's alone
	if err != nil {
		return done, fmt.Errorf("writing the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing the backup %s: %w", file, explainDisk(file, err)), remove(f.Name()))
		}
	}()
	defer f.Close()
	if ok, err := tryLock(f); err != nil || !ok { // so that the next one does not take it for abandoned
		return done, errors.Join(errors.New("the new file cannot be locked"), err)
	}
	packed, err := packer(f, file)
	if err != nil {
		return done, err
	}
	b := &backup{s: s, o: o, tar: tar.NewWriter(packed), now: s.now().UTC().Truncate(time.Second)}
	if err := b.write(ctx); err != nil {
		return done, err
	}
	if err := errors.Join(b.tar.Close(), packed.Close()); err != nil {
		return done, err
	}
	if err := f.Sync(); err != nil {
		return done, err
	}
	if info, err := f.Stat(); err == nil {
		b.done.Bytes = info.Size()
	}
	return b.done, errors.Join(os.Rename(f.Name(), file), syncDir(filepath.Dir(file)))
}

// packer compresses what is written to a file, as its name asks.
func packer(f io.Writer, name string) (io.WriteCloser, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".zst", ".tzst":
		return zstd.NewWriter(f, zstd.WithEncoderConcurrency(1)) // other cores are for those who decode
	case ".gz", ".tgz":
		return gzip.NewWriter(f), nil
	}
	return plain{f}, nil
}

// plain is for a file that is not compressed. It closes nothing.
type plain struct{ io.Writer }

// Close does nothing.
func (plain) Close() error { return nil }

// backup is one that is being written.
type backup struct {
	s     *Store
	o     BackupOptions
	tar   *tar.Writer
	now   time.Time
	parts []backupEntry
	media []storedFile
	done  BackedUp
}

// storedFile is a recording of the catalogue.
type storedFile struct {
	Key   string `bun:"media_key"`
	Bytes int64  `bun:"media_bytes"`
}

func (b *backup) write(ctx context.Context) error {
	if err := b.s.read(ctx, "backing up the catalogue", b.catalogue); err != nil {
		return err
	}
	if b.o.Settings != nil {
		if err := b.add(ctx, backupConfig, b.o.Settings); err != nil {
			return err
		}
	}
	if !b.o.NoMedia {
		if err := b.recordings(ctx); err != nil {
			return err
		}
	}
	text, err := json.Marshal(backupManifest{b.parts})
	if err != nil {
		return err
	}
	return b.add(ctx, backupEnd, text)
}

// catalogue writes the head and the tables.
func (b *backup) catalogue(ctx context.Context, tx bun.Tx) error {
	if err := b.s.notNewer(ctx, tx); err != nil {
		return err
	}
	tables, err := b.s.e.tables(ctx, tx)
	if err != nil {
		return err
	}
	head := backupHead{Format: backupFormat, MadeAt: b.now, Program: b.o.Program, Tables: b.s.e.version, Media: !b.o.NoMedia}
	for _, table := range tables {
		n, err := tx.NewSelect().TableExpr(quoted(table)).Count(ctx)
		if err != nil {
			return err
		}
		head.Rows += n
	}
	if !b.o.NoMedia {
		err := tx.NewRaw("SELECT DISTINCT media_key, media_bytes FROM episodes WHERE media_key <> '' ORDER BY media_key").Scan(ctx, &b.media)
		if err != nil {
			return err
		}
		b.media = slices.CompactFunc(b.media, func(x, y storedFile) bool { return x.Key == y.Key })
	}
	for _, m := range b.media {
		head.MediaBytes += m.Bytes
	}
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	if err := b.add(ctx, backupHeadTar, text); err != nil {
		return err
	}
	n := 0
	return dump(ctx, tx, tables, func(part []byte) error {
		n++
		return b.add(ctx, fmt.Sprintf(backupPart, n), part)
	}, func(rows int64) { b.o.Progress(ProgressCatalogue, rows, head.Rows) })
}

func (b *backup) recordings(ctx context.Context) error {
	var done, total int64
	for _, m := range b.media {
		total += m.Bytes
	}
	for _, m := range b.media {
		report := func(n int64) { b.o.Progress(ProgressMedia, done+n, total) }
		why, err := b.recording(ctx, m, report)
		switch {
		case errors.Is(err, models.ErrNotFound):
			if err := b.missing(ctx, m.Key); err != nil {
				return err
			}
		case err != nil:
			return err
		case why != "":
			b.done.Unreadable = append(b.done.Unreadable, why)
		default:
			b.done.Recordings++
		}
		done += m.Bytes
	}
	return nil
}

// missing notes that a recording is not there, unless no episode has it any more: it was let go of since the catalogue was written.
func (b *backup) missing(ctx context.Context, key string) error {
	wanted, err := b.s.e.read.NewSelect().Model((*episodeRow)(nil)).Where("media_key = ?", key).Exists(ctx)
	if err != nil {
		return b.s.e.explain(err)
	}
	if wanted {
		b.done.Unreadable = append(b.done.Unreadable, key+" is missing")
	}
	return nil
}

// recording adds a recording, or says what is wrong with it; one that is not there is [models.ErrNotFound]. One whose bytes are not those that were stored is in the
// file, because that is known only at its end, and is left out when the backup is restored.
func (b *backup) recording(ctx context.Context, m storedFile, report func(int64)) (why string, err error) {
	r, err := b.s.media.Reader(ctx, m.Key)
	if err != nil {
		return "", err
	}
	defer r.Close() //nolint:errcheck // only read
	size, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return "", err
	}
	sum, err := b.stream(ctx, backupMedia+m.Key, size, r, report)
	if err == nil && sum != sumOf(m.Key) {
		why = m.Key + " is damaged"
	}
	return why, err
}

// sumOf is the SHA-256 that a key names.
func sumOf(key string) string { return strings.TrimSuffix(path.Base(key), path.Ext(key)) }

func (b *backup) add(ctx context.Context, name string, text []byte) error {
	_, err := b.stream(ctx, name, int64(len(text)), bytes.NewReader(text), func(int64) {})
	return err
}

// stream adds a part of so many bytes.
func (b *backup) stream(ctx context.Context, name string, size int64, r io.Reader, report func(int64)) (sum string, err error) {
	err = b.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: b.now, Format: tar.FormatPAX})
	if err != nil {
		return "", err
	}
	h := sha256.New()
	n, err := copyTelling(ctx, io.MultiWriter(b.tar, h), io.LimitReader(r, size), report)
	if err == nil && n != size {
		err = fmt.Errorf("%s has %d bytes of %d: %w", name, n, size, io.ErrUnexpectedEOF)
	}
	sum = hex.EncodeToString(h.Sum(nil))
	b.parts = append(b.parts, backupEntry{name, size, sum})
	return sum, err
}

// copyTelling copies until the end of r or of ctx, and tells how far it has come.
func copyTelling(ctx context.Context, w io.Writer, r io.Reader, report func(int64)) (int64, error) {
	buf := make([]byte, 1<<20)
	var done int64
	for {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		n, err := r.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return done, err
			}
			done += int64(n)
			report(done)
		}
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, err
		}
	}
}
