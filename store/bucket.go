package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/s3blob" // opens addresses that begin with s3://
	"gocloud.dev/gcerrors"

	"github.com/earshot/earshot/models"
)

// DefaultCacheBytes is how much of a bucket's audio a machine keeps beside it, if nothing else is asked for.
const DefaultCacheBytes = 10 << 30

// bucket keeps complete audio files in an object store: S3, or what speaks its language. Objects have the keys of [Media],
// and appear whole or not at all. Decoders need files that they can seek in, so that this machine keeps copies of the
// objects it has used last.
type bucket struct {
	name  string // for messages, without secrets
	b     *blob.Bucket
	cache string // folder of the copies
	most  int64  // bytes of copies
}

// openBucket opens the bucket at an address like s3://name?endpoint=https://host&region=eu-1. Who may use it is said in the
// ways of AWS: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the machine's role.
func openBucket(ctx context.Context, address, cache string, most int64) (*bucket, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return nil, models.Explain(models.ErrInvalid, "the address of the media must be like s3://bucket?endpoint=https://host&region=region, "+
			"with the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return nil, err
	}
	b, err := blob.OpenBucket(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("the bucket %s cannot be opened, check its address: %w", u.Host, err)
	}
	return &bucket{name: "the bucket " + u.Host, b: b, cache: cache, most: cmp.Or(most, DefaultCacheBytes)}, nil
}

// explain says in a sentence what is wrong with the bucket and what to do.
func (b *bucket) explain(key string, err error) error {
	switch gcerrors.Code(err) {
	case gcerrors.OK:
		return nil
	case gcerrors.NotFound:
		return fmt.Errorf("the audio file %s is missing in %s: %w", key, b.name, models.ErrNotFound)
	case gcerrors.PermissionDenied:
		return fmt.Errorf("%s does not let this program in, check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", b.name, err)
	}
	return fmt.Errorf("%s: %w", b.name, err)
}

// put stores the file at path, whose bytes hash to sum, and keeps it as a copy. It returns the key under which the bytes
// are found: the one that they were first stored with.
func (b *bucket) put(ctx context.Context, path, sum, ext string, size int64) (string, error) {
	key := sum[:2] + "/" + sum + ext
	stored := b.b.List(&blob.ListOptions{Prefix: sum[:2] + "/" + sum})
	for {
		o, err := stored.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", b.explain(key, err)
		}
		if o.Size == size && keyForm.MatchString(o.Key) {
			return o.Key, b.keep(path, o.Key)
		}
	}
	if err := b.upload(ctx, path, key, size); err != nil {
		return "", b.explain(key, err)
	}
	return key, b.keep(path, key)
}

func (b *bucket) upload(ctx context.Context, path, key string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(ctx) // an upload that is cancelled leaves nothing
	defer cancel()
	w, err := b.b.NewWriter(ctx, key, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return err
	}
	n, err := io.Copy(w, f)
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes of %d were read: %w", n, size, io.ErrUnexpectedEOF)
	}
	if err != nil {
		cancel()
	}
	return errors.Join(err, w.Close())
}

func (b *bucket) copyPath(key string) string { return filepath.Join(b.cache, filepath.FromSlash(key)) }

// keep makes the complete file at path the copy of an object.
func (b *bucket) keep(path, key string) error {
	to := b.copyPath(key)
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	if err := os.Rename(path, to); err != nil {
		return err
	}
	return b.evict(key)
}

// remove deletes an object and its copy here; one that is not there is no error.
func (b *bucket) remove(ctx context.Context, key string) error {
	if err := b.b.Delete(ctx, key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return b.explain(key, err)
	}
	return remove(b.copyPath(key))
}

// evict removes the copies that were used longest ago, until the others have room. Whoever has one open keeps it.
func (b *bucket) evict(except string) error {
	type used struct {
		path string
		size int64
		at   time.Time
	}
	var copies []used
	var sum int64
	err := filepath.WalkDir(b.cache, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process has removed it
		}
		if err != nil {
			return err
		}
		sum += info.Size()
		if path != b.copyPath(except) {
			copies = append(copies, used{path, info.Size(), info.ModTime()})
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	slices.SortFunc(copies, func(x, y used) int { return x.at.Compare(y.at) })
	for _, c := range copies {
		if sum <= b.most {
			return nil
		}
		if err := remove(c.path); err != nil {
			return err
		}
		sum -= c.size
	}
	return nil
}

// open returns a copy of an object, which is fetched where there is none.
func (b *bucket) open(ctx context.Context, key, tmp string) (*os.File, error) {
	path := b.copyPath(key)
	f, err := os.Open(path)
	if err == nil {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // it is used: that it be evicted later is only better
		return f, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := b.fetch(ctx, key, tmp); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// fetch makes the copy of an object: written beside, checked by its hash, renamed.
func (b *bucket) fetch(ctx context.Context, key, tmp string) (err error) {
	r, err := b.b.NewReader(ctx, key, nil)
	if err != nil {
		return b.explain(key, err)
	}
	defer r.Close() //nolint:errcheck // only read
	f, err := os.CreateTemp(tmp, "new-*")
	if err != nil {
		return explainDisk(tmp, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(f.Name()))
		}
	}()
	defer f.Close()
	if ok, err := tryLock(f); err != nil || !ok {
		return errors.Join(errors.New("the copy cannot be locked"), err)
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, sum), r); err != nil {
		return b.explain(key, explainDisk(tmp, err))
	}
	if err := f.Sync(); err != nil {
		return explainDisk(tmp, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.HasPrefix(filepath.Base(key), got) {
		return fmt.Errorf("%s has other bytes under %s than were stored there (their SHA-256 is %s)", b.name, key, got)
	}
	return b.keep(f.Name(), key)
}

// reader reads an object, or parts of it, without a copy.
func (b *bucket) reader(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	a, err := b.b.Attributes(ctx, key)
	if err != nil {
		return nil, b.explain(key, err)
	}
	return &objectReader{ctx: ctx, b: b, key: key, size: a.Size}, nil
}

// objectReader asks for an object from where it is read next, each time that this is not where it has come to.
type objectReader struct {
	ctx  context.Context //nolint:containedctx // of the one request that reads
	b    *bucket
	key  string
	size int64
	at   int64
	body *blob.Reader // at at; nil: not asked for
}

// Read reads from where Seek has pointed to.
func (o *objectReader) Read(p []byte) (int, error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if o.body == nil {
		r, err := o.b.b.NewRangeReader(o.ctx, o.key, o.at, -1, nil)
		if err != nil {
			return 0, o.b.explain(o.key, err)
		}
		o.body = r
	}
	n, err := o.body.Read(p)
	o.at += int64(n)
	return n, err
}

// Seek moves to an offset; only reading there asks the bucket.
func (o *objectReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("seeking to %d: %w", offset, os.ErrInvalid)
	}
	if offset != o.at {
		if err := o.Close(); err != nil {
			return 0, err
		}
		o.at = offset
	}
	return offset, nil
}

// Close ends what is being read.
func (o *objectReader) Close() error {
	if o.body == nil {
		return nil
	}
	r := o.body
	o.body = nil
	return r.Close()
}
